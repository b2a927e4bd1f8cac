# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Crops are those of MMPose's pipeline, to the last bit."""

import numpy as np
import pytest
from mmengine.dataset import Compose

from sdpose.runtime.crop import CropRegion

BOXES = [(10, 20, 30, 80), (10.3, 20.7, 91.2, 33.4), (-15, -4, 60, 60), (100, 70, 90, 90)]


@pytest.mark.parametrize('box', BOXES)
@pytest.mark.parametrize('padding', [1.0, 1.25])
def test_equals_mmpose(box, padding):
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    pipeline = Compose(
        [
            dict(type='mmpose.GetBBoxCenterScale', padding=padding),
            dict(type='mmpose.TopdownAffine', input_size=(96, 128)),
        ]
    )
    x, y, width, height = box
    corners = np.array([[x, y, x + width, y + height]], dtype=np.float32)
    expected = pipeline(dict(img=image, bbox=corners))
    region = CropRegion.around(box, padding, (96, 128))
    np.testing.assert_allclose(region.center, expected['input_center'], rtol=1e-6)
    np.testing.assert_allclose(region.size, expected['input_scale'], rtol=1e-6)
    np.testing.assert_array_equal(region.cut(image, (96, 128)), expected['img'])


def test_keypoints_go_back_into_the_image_and_into_the_crop():
    region = CropRegion.around((10, 20, 60, 80), 1.25, (96, 128))  # 75 x 100 around (40, 60)
    corners = np.array([[0, 0], [48, 64], [96, 128]])
    expected = [[2.5, 10], [40, 60], [77.5, 110]]
    np.testing.assert_allclose(region.to_image(corners, (96, 128)), expected)
    np.testing.assert_allclose(region.to_crop(np.array(expected), (96, 128)), corners)
