# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""``python -m sdpose.runtime`` where nothing but numpy, OpenCV and onnxruntime is installed.

What it does is tested in test_infer.py and tests/runtime.
"""

import subprocess
import sys

import pytest
from peaked_model import save_peaked_onnx
from pycocotools.coco import COCO

from conftest import ROOT, assert_one_sentence, call_tool
from sdpose.runtime.__main__ import main

# Runs the command as if PyTorch and all around it were missing.
PROGRAM = """
import runpy, sys
missing = ('torch', 'mmengine', 'mmcv', 'mmpose', 'scipy', 'timm', 'onnx', 'matplotlib', 'rich')
sys.modules.update(dict.fromkeys(missing))
runpy.run_module('sdpose.runtime', run_name='__main__', alter_sys=True)
"""


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return save_peaked_onnx(tmp_path_factory.mktemp('models') / 'model.onnx')


def test_program_without_mmpose_and_torch(model, toy_coco, tmp_path):
    truth = toy_coco / 'annotations/person_keypoints_val2017.json'
    images = sorted((toy_coco / 'val2017').iterdir())
    words = (model, *images, '--bbox-file', truth, '--threads', 1, '--out-dir', tmp_path)
    result = subprocess.run(
        [sys.executable, '-c', PROGRAM, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    annotated = COCO(truth)
    results = annotated.loadRes(str(tmp_path / 'predictions.json'))
    annotations = annotated.anns.values()
    persons = [a for a in annotations if not a['iscrowd'] and a['num_keypoints']]
    assert len(results.anns) == len(persons)
    assert f'Wrote {len(persons)} poses in {len(images)} images' in result.stdout
    assert 'ms a person' in result.stdout
    drawn = (tmp_path / 'pictures').iterdir()
    assert {path.name for path in drawn} == {path.name for path in images}


def test_wrong_models_and_options(model, toy_coco, tmp_path):
    words = (toy_coco / 'val2017', '--whole-image', '--out-dir', tmp_path / 'out')
    for command, message in (
        (('nowhere.onnx', *words), 'There is no model nowhere.onnx'),
        ((model, *words, '--threads=-1'), '-1 threads'),
        ((model, *words, '--threads=100000'), '100000 threads: on this machine it must be'),
        ((model, *words, '--threads=many'), None),
        ((model.with_suffix('.json'), *words), 'is not a model that onnxruntime reads'),
    ):
        result = call_tool(main, *command)
        if message:
            assert_one_sentence(result, message)
        else:
            assert result.returncode == 2
    assert not (tmp_path / 'out').exists()
