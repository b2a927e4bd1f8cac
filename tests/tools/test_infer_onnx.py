# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The exported model finds the keypoints that MMPose finds, without MMPose."""

import json
import os
import signal
import subprocess
import sys

import cv2
import infer_onnx
import numpy as np
import onnx
import pytest
from mmengine.config import Config
from mmpose.apis import inference_topdown
from peaked_model import save_peaked_checkpoint
from pycocotools.coco import COCO

from conftest import ROOT, TOY_CONFIG
from onnx_runtime.images import find_images, read_image
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
        run.status = infer_onnx.main()
        return json.loads((tmp_path / 'out/predictions.json').read_text())

    return run


@pytest.fixture
def refused(monkeypatch, tmp_path, capsys):
    """Run the tool and return the one sentence it ends with."""

    def run(*arguments):
        words = ['infer_onnx.py', '--out-dir', tmp_path / 'out', *arguments]
        monkeypatch.setattr(sys, 'argv', list(map(str, words)))
        assert infer_onnx.main() == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith('Error: ')
        return line

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
    assert infer.status == 0
    assert found.shape == expected.shape
    assert np.linalg.norm(found[..., :2] - expected[..., :2], axis=-1).max() < 0.01
    np.testing.assert_allclose(found[..., 2], expected[..., 2], atol=1e-4)
    height, width = cv2.imread(str(image)).shape[:2]
    assert [r['bbox'] for r in results] == (boxes or [[0, 0, width, height]])
    assert results[0]['score'] == pytest.approx(expected[0, :, 2].mean(), abs=1e-4)
    drawn = cv2.imread(str(tmp_path / 'out/pictures' / image.name))
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
    annotations = annotated.anns.values()
    persons = [a for a in annotations if not a['iscrowd'] and a['num_keypoints']]
    assert len(results.anns) == len(persons)
    assert f'Wrote {len(persons)} poses in {len(images)} images' in result.stdout
    drawn = (tmp_path / 'pictures').iterdir()
    assert {path.name for path in drawn} == {path.name for path in images}


def test_what_is_broken_is_skipped_and_the_rest_done(models, toy_coco, infer, tmp_path, capsys):
    good = sorted((toy_coco / 'val2017').iterdir())[0]
    folder = tmp_path / 'images'
    folder.mkdir()
    for name in ('1.jpg', '2.jpg', 'unknown.jpg'):
        (folder / name).write_bytes(good.read_bytes())
    (folder / 'broken.jpg').write_bytes(b'no picture')
    boxes = [[10, 10, 50, 90], [10, 10, 0, 90], [1, 2]]
    entries = [dict(image_id=1, category_id=1, bbox=box, score=0.9) for box in boxes]
    (tmp_path / 'boxes.json').write_text(json.dumps(entries))
    results = infer(
        models / 'heatmap.onnx', folder, folder / '3.jpg', '--bbox-file', tmp_path / 'boxes.json'
    )
    assert infer.status == 3
    assert [result['image_id'] for result in results] == [1]
    assert capsys.readouterr().err.splitlines() == [
        'Skipped: 1.jpg: the box [1, 2] is not four numbers x,y,w,h.',
        'Skipped: 1.jpg: the box 10,10,0,90 (x,y,w,h) has no positive width and height.',
        'Skipped: 3.jpg: it cannot be read (No such file or directory).',
        'Skipped: broken.jpg: the picture is broken.',
        f'Skipped: unknown.jpg: {tmp_path}/boxes.json does not say where its persons are.',
        '5 things were skipped, see above.',
    ]


def test_the_same_boxes_in_every_image_with_ids_in_the_order_of_names(models, toy_coco, infer):
    results = infer(
        models / 'heatmap.onnx', toy_coco / 'val2017', '--bboxes', '-5,10,60,90', '--no-draw'
    )
    assert [result['image_id'] for result in results] == [1, 2, 3, 4]
    assert all(result['bbox'] == [-5, 10, 60, 90] for result in results)


def test_a_photo_is_not_replaced(models, toy_coco, refused, tmp_path):
    folder = tmp_path / 'pictures'
    folder.mkdir()
    photo = folder / 'person.jpg'
    photo.write_bytes(sorted((toy_coco / 'val2017').iterdir())[0].read_bytes())
    before = photo.read_bytes()
    line = refused(models / 'heatmap.onnx', photo, '--whole-image', '--out-dir', tmp_path)
    assert 'would replace the input' in line
    assert photo.read_bytes() == before


def test_interruption_keeps_what_was_done(models, toy_coco, infer, monkeypatch, capsys):
    def interrupted(path):
        if path != first.path:
            signal.raise_signal(signal.SIGTERM)
        return read_image(path)

    handlers = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    first = find_images([str(toy_coco / 'val2017')])[0]
    monkeypatch.setattr(infer_onnx, 'read_image', interrupted)
    try:
        results = infer(models / 'heatmap.onnx', toy_coco / 'val2017', '--whole-image')
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)
    assert (infer.status, len(results)) == (130, 1)
    assert 'Interrupted; what was written so far is kept.' in capsys.readouterr().err


def test_numbers_that_are_none_are_refused(models, toy_coco, refused, tmp_path):
    broken = onnx.load(models / 'heatmap.onnx')
    for weight in broken.graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT:
            values = np.full_like(onnx.numpy_helper.to_array(weight), np.nan)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(broken, tmp_path / 'model.onnx')
    (tmp_path / 'model.json').write_text((models / 'heatmap.json').read_text())
    line = refused(tmp_path / 'model.onnx', toy_coco / 'val2017', '--whole-image')
    assert 'predicts keypoints that are not numbers' in line


def test_wrong_options(models, toy_coco, refused, tmp_path):
    model, folder = models / 'heatmap.onnx', toy_coco / 'val2017'
    (tmp_path / 'file').touch()
    for words, message in (
        ((model, folder, '--whole-image', '--threads=-1'), 'must not be negative'),
        ((model, 'nowhere.jpg', '--whole-image'), 'There is no picture or folder nowhere.jpg'),
        (('nowhere.onnx', folder, '--whole-image'), 'There is no model nowhere.onnx'),
        ((model, folder, '--bboxes', '1,2,3'), 'is not four numbers'),
        ((model, folder, '--whole-image', '--image-names', 'a.json'), '--image-names says'),
        ((model, folder, '--whole-image', '--out-dir', tmp_path / 'file'), 'cannot be written'),
    ):
        assert message in refused(*words)


def test_models_that_cannot_run(models, toy_coco, refused, tmp_path):
    image = sorted((toy_coco / 'val2017').iterdir())[0]
    model, card = tmp_path / 'model.onnx', tmp_path / 'model.json'
    model.write_bytes(b'no model')
    assert 'has no model.json beside it' in refused(model, image, '--whole-image')
    text = (models / 'heatmap.json').read_text()
    card.write_text(text)
    assert 'is not a model that onnxruntime reads' in refused(model, image, '--whole-image')
    for change, message in (
        (dict(use_udp=True), 'crops by UDP'),
        (dict(codec=dict(type='UDPHeatmap')), 'only MSRAHeatmap is known'),
    ):
        card.write_text(json.dumps({**json.loads(text), **change}))
        assert message in refused(model, image, '--whole-image')
    model.write_bytes((models / 'heatmap.onnx').read_bytes())
    for change, message in (
        (dict(input_size=[64, 64]), 'cannot be run'),
        (dict(keypoint_names=['nose']), 'gives 17 keypoints, but its .json file names 1'),
    ):
        card.write_text(json.dumps({**json.loads(text), **change}))
        assert message in refused(model, image, '--whole-image')
    card.write_text('{}')
    assert 'does not describe a model' in refused(model, image, '--whole-image')
