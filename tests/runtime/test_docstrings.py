# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the docstrings show works as they show it."""

import doctest
import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from peaked_model import save_peaked_checkpoint, save_peaked_onnx

from conftest import TOY_CONFIG
from sdpose.apis import PoseInferencer
from sdpose.runtime.drawing import draw_poses
from sdpose.runtime.onnx_model import OnnxPoseModel
from sdpose.runtime.pose_model import PoseModel


@pytest.fixture(scope='module')
def folder(tmp_path_factory, toy_coco):
    folder = tmp_path_factory.mktemp('examples')
    save_peaked_checkpoint(folder / 'epoch_300.pth')
    save_peaked_onnx(folder / 'model.onnx')
    picture = next((toy_coco / 'val2017').iterdir())
    (folder / 'street.jpg').write_bytes(picture.read_bytes())
    return folder


@pytest.mark.parametrize(
    'documented', [PoseInferencer, OnnxPoseModel, PoseModel.stream, draw_poses]
)
def test_examples(documented, folder, monkeypatch):
    monkeypatch.chdir(folder)
    image = np.zeros((300, 200, 3), np.uint8)
    names = dict(
        CONFIG=TOY_CONFIG,
        PoseInferencer=PoseInferencer,
        OnnxPoseModel=OnnxPoseModel,
        Path=Path,
        draw_poses=draw_poses,
        model=OnnxPoseModel(Path('model.onnx')),
        image=image,
        frames=[image] * 2,
        video=[image] * 2,
    )
    examples = doctest.DocTestParser().get_examples(documented.__doc__)
    assert examples
    for example in examples:
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(example.source, str(documented), 'single'), names)
        if example.want:
            assert out.getvalue() == example.want
    # what else they made is what they say
    if documented is draw_poses:
        assert (names['drawn'] != image).any()
    else:
        assert names['poses'].keypoints.shape == (1, 17, 2)
