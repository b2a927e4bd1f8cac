# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np

from onnx_runtime.draw import draw_persons
from sdpose.visualization.draw_poses import draw_poses


def test_pictures_are_those_of_infer_without_the_legend():
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    keypoints = generator.uniform(-20, 330, (3, 4, 2)).astype(np.float32)
    keypoints[0, 0] = (1e12, -1e12)  # would overflow
    scores = generator.uniform(-0.2, 1.2, (3, 4)).astype(np.float32)
    skeleton = [(0, 1), (1, 2), (2, 3)]
    given = image.copy()
    drawn = draw_persons(image, keypoints, scores, skeleton, 0.3)
    expected = draw_poses(image, keypoints, scores, skeleton, 0.3, legend=False)
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(image, given)
    assert (drawn != image).any()
