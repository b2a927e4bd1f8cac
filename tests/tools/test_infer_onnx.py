# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The exported model finds the keypoints that MMPose finds, without MMPose."""

import json
import os
import subprocess
import sys

import cv2
import infer_onnx
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.apis import inference_topdown
from peaked_model import save_peaked_checkpoint
from pycocotools.coco import COCO

from conftest import ROOT, TOY_CONFIG
from onnx_runtime.errors import InputError
from sdpose.apis.trained_model import load_trained_model
from sdpose.cli import replace_data_root
from sdpose.export.exporter import export

BOXES = [[30.0, 40.0, 70.5, 160.0], [100.0, 20.0, 150.0, 90.0]]
# Runs the tool as __main__ and then looks at what it imported.
AS_A_PROGRAM = """
import runpy, sys
sys.argv = ['infer_onnx.py', *sys.argv[1:]]
sys.path.insert(0, 'tools')
runpy.run_path('tools/infer_onnx.py', run_name='__main__')
heavy = {'mmpose', 'torch', 'mmengine', 'mmcv', 'sdpose', 'scipy'} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return save_peaked_checkpoint(tmp_path_factory.mktemp('weights') / 'toy.pth')


@pytest.fixture(scope='module')
def models(checkpoint, toy_coco):
    """The folder of heatmap.onnx and decoded.onnx."""
    cfg = Config.fromfile(TOY_CONFIG)
    replace_data_root(cfg, str(toy_coco))
    for name, decode in (('heatmap', False), ('decoded', True)):
        exported = export(cfg, str(checkpoint), decode)
        (checkpoint.parent / f'{name}.onnx').write_bytes(exported.graph)
        (checkpoint.parent / f'{name}.json').write_text(json.dumps(exported.card))
    return checkpoint.parent


@pytest.fixture
def infer(monkeypatch, tmp_path):
    def run(*arguments):
        words = ['infer_onnx.py', *arguments, '--out-dir', tmp_path / 'out']
        monkeypatch.setattr(sys, 'argv', list(map(str, words)))
        infer_onnx.main()
        return json.loads((tmp_path / 'out/predictions.json').read_text())

    return run


def mmpose_keypoints(checkpoint, image, boxes):
    """(N, K, 3) by MMPose without flip test."""
    cfg = Config.fromfile(TOY_CONFIG)
    cfg.model.test_cfg.flip_test = False
    model = load_trained_model(cfg, str(checkpoint))
    samples = inference_topdown(model, str(image), boxes, bbox_format='xywh')
    found = [sample.pred_instances for sample in samples]
    return np.array([np.c_[p.keypoints[0], p.keypoint_scores[0]] for p in found])


@pytest.mark.parametrize('name', ['heatmap', 'decoded'])
@pytest.mark.parametrize('boxes', [None, BOXES])
def test_keypoints_are_those_of_mmpose(name, boxes, models, checkpoint, toy_coco, infer, tmp_path):
    image = sorted((toy_coco / 'val2017').iterdir())[0]
    words = (
        ['--bboxes', *(','.join(map(str, box)) for box in boxes)] if boxes else ['--whole-image']
    )
    results = infer(models / f'{name}.onnx', image, *words, '--batch-size', 1)
    expected = mmpose_keypoints(checkpoint, image, boxes)
    found = np.array([result['keypoints'] for result in results]).reshape(-1, 17, 3)
    assert found.shape == expected.shape
    assert np.linalg.norm(found[..., :2] - expected[..., :2], axis=-1).max() < 0.01
    np.testing.assert_allclose(found[..., 2], expected[..., 2], atol=1e-4)
    height, width = cv2.imread(str(image)).shape[:2]
    assert [r['bbox'] for r in results] == (boxes or [[0, 0, width, height]])
    assert results[0]['score'] == pytest.approx(expected[0, :, 2].mean(), abs=1e-4)
    drawn = cv2.imread(str(tmp_path / 'out' / f'{image.stem}.jpg'))
    assert drawn.shape == (height, width, 3)


def test_program_without_mmpose_and_torch(models, toy_coco, tmp_path):
    truth = toy_coco / 'annotations/person_keypoints_val2017.json'
    images = sorted((toy_coco / 'val2017').iterdir())
    result = subprocess.run(
        [
            *(sys.executable, '-c', AS_A_PROGRAM, models / 'heatmap.onnx', *images),
            *('--bbox-file', truth, '--threads', '1', '--out-dir', tmp_path),
        ],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != 'PYTHONSTARTUP'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    annotated = COCO(truth)
    results = annotated.loadRes(str(tmp_path / 'predictions.json'))
    persons = [a for a in annotated.anns.values() if not a['iscrowd']]
    assert len(results.anns) == len(persons)
    assert f'{len(persons)} persons in {len(images)} images' in result.stdout
    assert {path.stem for path in tmp_path.glob('*.jpg')} == {path.stem for path in images}


def test_broken_image_loses_nothing(models, toy_coco, infer, tmp_path):
    good = sorted((toy_coco / 'val2017').iterdir())[0]
    (tmp_path / 'broken.jpg').write_bytes(b'no picture')
    with pytest.raises(InputError, match=r'broken.jpg is missing or broken'):
        infer(models / 'heatmap.onnx', good, tmp_path / 'broken.jpg', '--whole-image')
    assert len(json.loads((tmp_path / 'out/predictions.json').read_text())) == 1


def test_wrong_options(models, toy_coco, infer):
    model = models / 'heatmap.onnx'
    first, second = sorted((toy_coco / 'val2017').iterdir())[:2]
    with pytest.raises(InputError, match='2 images are given'):
        infer(model, first, second, '--bboxes', '1,2,3,4')
    with pytest.raises(InputError, match='Two images are called'):
        infer(model, first, first, '--whole-image')
    with pytest.raises(InputError, match='must not be negative'):
        infer(model, first, '--whole-image', '--threads=-1')
    with pytest.raises(InputError, match=r'The image nowhere.jpg is missing'):
        infer(model, 'nowhere.jpg', '--whole-image')
    with pytest.raises(InputError, match=r'There is no model nowhere.onnx'):
        infer('nowhere.onnx', first, '--whole-image')


def test_models_that_cannot_run(models, toy_coco, infer, tmp_path):
    image = sorted((toy_coco / 'val2017').iterdir())[0]
    model, card = tmp_path / 'model.onnx', tmp_path / 'model.json'
    model.write_bytes(b'no model')
    with pytest.raises(InputError, match=r'has no model.json beside it'):
        infer(model, image, '--whole-image')
    text = (models / 'heatmap.json').read_text()
    card.write_text(text)
    with pytest.raises(InputError, match='is not a model that onnxruntime reads'):
        infer(model, image, '--whole-image')
    for change, message in (
        (dict(use_udp=True), 'crops by UDP'),
        (dict(codec=dict(type='UDPHeatmap')), 'only MSRAHeatmap is known'),
    ):
        card.write_text(json.dumps({**json.loads(text), **change}))
        with pytest.raises(InputError, match=message):
            infer(model, image, '--whole-image')
    card.write_text('{}')
    with pytest.raises(InputError, match='does not describe a model'):
        infer(model, image, '--whole-image')


def test_errors_are_one_line():
    result = subprocess.run(
        [sys.executable, 'tools/infer_onnx.py', 'model.onnx', 'nowhere.jpg', '--whole-image'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == 'Error: The image nowhere.jpg is missing or broken.\n'
