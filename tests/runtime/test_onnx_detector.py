# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Boxes from ONNX files, of detectors that see colours."""

import importlib.util
import json
import sys

import cv2
import numpy as np
import onnx
import pytest
from colour_detector import HEIGHT, WIDTH, SeesColours, picture, save_onnx
from peaked_model import save_peaked_onnx, save_peaked_weights
from torch import nn

from conftest import TOY_CONFIG, assert_one_sentence, call_tool
from sdpose.errors import InputError
from sdpose.runtime.__main__ import main as runtime
from sdpose.runtime.frames import Frame
from sdpose.runtime.onnx_detector import OnnxPersonDetector

needs_rtmlib = pytest.mark.skipif(
    importlib.util.find_spec('rtmlib') is None, reason='rtmlib is not installed'
)


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('detectors')
    return dict(
        yolox=save_onnx(folder / 'yolox.onnx', SeesColours(180.0, False), ['dets', 'labels']),
        raw=save_onnx(folder / 'yolox_raw.onnx', SeesColours(180.0, True), ['output']),
        rtmdet=save_onnx(folder / 'rtmdet.onnx', SeesColours(1.2, False), ['dets', 'labels']),
    )


def detect(file, image, **options):
    persons, complaints = OnnxPersonDetector(file, **options)(Frame(image, 'a.jpg', 0))
    assert complaints == []
    return persons


@needs_rtmlib
@pytest.mark.parametrize('kind', ['yolox', 'raw', 'rtmdet'])
@pytest.mark.parametrize('factor', [1, 4])
@pytest.mark.parametrize(
    ('height', 'width'), [(160, 128), (80, 128), (160, 64), (120, 128)], ids=str
)
def test_boxes_are_in_pixels_of_the_picture(kind, factor, height, width, files):
    boxes = dict(blue=(10, 20, 15, 40), green=(35, 8, 20, 60), red=(4, 64, 8, 8))
    boxes = {color: [factor * side for side in box] for color, box in boxes.items()}
    image = picture(factor * height, factor * width, **boxes)
    persons = detect(files[kind], image)
    # the smaller picture loses part of a pixel at each side of a box
    np.testing.assert_allclose(persons.boxes, [boxes['green'], boxes['blue']], atol=factor)
    np.testing.assert_allclose(persons.scores, [0.9, 0.8], atol=1e-5)


@needs_rtmlib
@pytest.mark.parametrize('kind', ['yolox', 'raw', 'rtmdet'])
def test_nobody_and_threshold(kind, files):
    nobody = detect(files[kind], picture(300, 200, red=(50, 60, 70, 80)), score_threshold=0.0)
    assert nobody.boxes.shape == (0, 4)
    assert nobody.scores.shape == (0,)
    both = picture(300, 200, blue=(10, 20, 80, 90), green=(100, 120, 80, 90))
    assert len(detect(files[kind], both, score_threshold=0.5).boxes) == 2
    assert len(detect(files[kind], both, score_threshold=0.85).boxes) == 1
    assert len(detect(files[kind], both, score_threshold=1.0).boxes) == 0


@needs_rtmlib
def test_without_labels_all_are_persons(files, tmp_path):
    graph = onnx.load(files['yolox'])
    del graph.graph.output[1]
    onnx.save(graph, tmp_path / 'persons.onnx')
    boxes = dict(blue=(10, 20, 15, 40), red=(4, 64, 8, 8))
    persons = detect(tmp_path / 'persons.onnx', picture(HEIGHT, WIDTH, **boxes))
    assert persons.boxes.tolist() == [[4, 64, 8, 8], [10, 20, 15, 40]]


@needs_rtmlib
def test_a_picture_like_a_thread_is_told(files):
    persons, complaints = OnnxPersonDetector(files['yolox'])(
        Frame(np.zeros((1, 3000, 3), np.uint8), 'a.jpg', 0)
    )
    assert len(persons.boxes) == 0
    assert complaints == ['the picture is too narrow for the detector']


@needs_rtmlib
@pytest.mark.parametrize('kind', ['yolox', 'rtmdet'])
def test_poses_are_those_of_the_boxes(kind, files, tmp_path):
    """Both commands; nobody is in the second picture."""
    weights = save_peaked_weights(tmp_path)
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    both = picture(300, 200, blue=(10, 20, 80, 90), green=(100, 120, 80, 90))
    cv2.imwrite(str(pictures / '1.png'), both)
    cv2.imwrite(str(pictures / '2.png'), picture(200, 300))
    commands = {
        'onnx': (runtime, weights.with_name('model.onnx')),
        'torch': ('tools/infer.py', TOY_CONFIG, weights, '--device', 'cpu'),
    }
    for name, (main, *words) in commands.items():
        found = infer(main, *words, pictures, '--det-onnx', files[kind], out=tmp_path / name)
        assert [person['image_id'] for person in found] == [1, 1]
        np.testing.assert_allclose(found[0]['bbox'], [100, 120, 80, 90], atol=2)
        boxes = [','.join(map(str, person['bbox'])) for person in found]
        again = infer(
            main, *words, pictures / '1.png', '--bboxes', *boxes, out=tmp_path / f'{name}_again'
        )
        for person, same, score in zip(found, again, (0.9, 0.8), strict=True):
            np.testing.assert_allclose(person['keypoints'], same['keypoints'], atol=0.01)
            assert person['score'] == pytest.approx(score * same['score'], abs=1e-4)


def infer(main, *words, out):
    result = call_tool(main, *words, '--out-dir', out, '--no-draw')
    assert result.returncode == 0, result.stderr
    assert 'backend' not in result.stdout  # of rtmlib
    return json.loads((out / 'predictions.json').read_text())


@needs_rtmlib
def test_files_that_are_no_detector(files, tmp_path):
    (tmp_path / 'broken.onnx').write_bytes(files['yolox'].read_bytes()[:500])
    (tmp_path / 'text.onnx').write_text('no model')
    save_peaked_onnx(tmp_path / 'pose.onnx')
    other = save_onnx(tmp_path / 'other.onnx', nn.Flatten(), ['dets'])
    wrong_size = save_onnx(tmp_path / 'raw.onnx', nn.Flatten(2), ['output'])
    graph = onnx.load(files['yolox'])
    for side in graph.graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_param = 'any'  # then the picture has 640x640, which this graph does not take
    onnx.save(graph, tmp_path / 'any_size.onnx')
    node = onnx.helper.make_node('Identity', ['x'], ['y'])
    value = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 5]) for name in 'xy'
    ]
    graph = onnx.helper.make_graph([node], 'g', value[:1], value[1:])
    opset = [onnx.helper.make_opsetid('', 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save(model, tmp_path / 'flat.onnx')
    for path, message in (
        (tmp_path / 'broken.onnx', 'is not a model that onnxruntime reads'),
        (tmp_path / 'text.onnx', 'is not a model that onnxruntime reads'),
        (tmp_path / 'pose.onnx', r'no person detector that rtmlib reads: its outputs \[\(1, 17,'),
        (other, r'its outputs \[\(1, 61440\)\] are not those of a YOLOX or RTMDet'),
        (wrong_size, r'its outputs \[\(1, 3, 20480\)\]'),
        (tmp_path / 'any_size.onnx', r'any_size\.onnx cannot be run: '),
        (tmp_path / 'flat.onnx', r'its inputs \[\[1, 5\]\]'),
    ):
        with pytest.raises(InputError, match=message) as error:
            OnnxPersonDetector(path)
        assert '\n' not in str(error.value)


@pytest.mark.parametrize('name', ['rtmlib', 'onnxruntime'])
def test_a_missing_package_is_told(name, files, toy_coco, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    words = ('m.onnx', toy_coco / 'val2017', '--det-onnx', files['yolox'], '--out-dir', tmp_path)
    message = f'--det-onnx needs {name}, which is missing: pip install onnxruntime && pip install '
    assert_one_sentence(call_tool(runtime, *words), message + '--no-deps rtmlib tqdm')
    assert not list(tmp_path.iterdir())


def test_wrong_command_lines(toy_coco):
    pictures = toy_coco / 'val2017'
    result = call_tool(runtime, 'm.onnx', pictures, '--det-onnx', 'nowhere.onnx')
    assert_one_sentence(result, 'There is no detector nowhere.onnx.')
    result = call_tool(runtime, 'm.onnx', pictures, '--det-onnx', '')
    assert_one_sentence(result, '. is a folder, not a detector.')
    for main, *words in ((runtime, 'm.onnx'), ('tools/infer.py', 'c.py', 'c.pth')):
        result = call_tool(main, *words, pictures, '--det-onnx', 'd.onnx', '--whole-image')
        assert result.returncode == 2
        assert 'not allowed with argument' in result.stderr
