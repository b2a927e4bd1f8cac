# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
import sys

import cv2
import export_onnx
import numpy as np
import onnx
import pytest
import torch
from peaked_model import save_peaked_checkpoint

from conftest import TOY_CONFIG, assert_one_sentence, run_tool
from sdpose.errors import InputError
from sdpose.export import exporter

NO_DATA = ('--cfg-options', 'val_dataloader.dataset.data_root=nowhere/')


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return save_peaked_checkpoint(tmp_path_factory.mktemp('weights') / 'toy.pth')


@pytest.fixture
def export(monkeypatch, checkpoint):
    """Run the tool in this process, as it takes seconds to start."""

    def run(*arguments, config=TOY_CONFIG, weights=checkpoint):
        words = ['export_onnx.py', config, weights, *arguments]
        monkeypatch.setattr(sys, 'argv', list(map(str, words)))
        return export_onnx.main()

    return run


def test_tool_writes_model_and_description(checkpoint, toy_coco, tmp_path):
    out = tmp_path / 'new' / 'model.onnx'
    result = run_tool(
        'tools/export_onnx.py', TOY_CONFIG, checkpoint, out, '--data-root', toy_coco, '--decode'
    )
    assert result.returncode == 0, result.stderr
    assert 'Warning' not in result.stderr
    assert 'random inputs (4): scores differ by at most' in result.stdout
    assert 'crops of the validation set' in result.stdout
    assert f'Wrote {out} (' in result.stdout
    card = json.loads(out.with_suffix('.json').read_text())
    assert (card['output_kind'], card['precision']) == ('decoded', 'fp32')
    outputs = onnx.load(out).graph.output
    assert [output.name for output in outputs] == card['output_names'] == ['keypoints', 'scores']


def test_one_cycle_is_exported_whatever_the_config_says(export, tmp_path):
    graphs = []
    for cycles in (1, 2):
        out = tmp_path / f'{cycles}.onnx'
        export(out, *NO_DATA, f'model.neck.test_cycles={cycles}')
        graphs.append(out.read_bytes())
    assert graphs[0] == graphs[1]


def test_without_data_it_says_that_only_random_inputs_were_used(export, tmp_path, capsys):
    export(tmp_path / 'model.onnx', *NO_DATA)
    text = capsys.readouterr().out
    assert 'Only random inputs were compared, no real crops: There is no data folder' in text


def test_int8_from_a_folder_of_pictures(export, tmp_path, capsys):
    images = tmp_path / 'images'
    images.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (128, 96, 3), dtype=np.uint8)
    cv2.imwrite(str(images / 'one.png'), noise)
    export(tmp_path / 'model.onnx', '--int8', '--calibration-images', images, *NO_DATA)
    text = capsys.readouterr().out
    assert 'int8 model compared with PyTorch in fp32' in text
    assert f'crops of {images} (1): heatmaps differ' in text
    assert json.loads((tmp_path / 'model.json').read_text())['precision'] == 'int8'


def test_int8_without_pictures_says_how_to_give_some(export, tmp_path):
    with pytest.raises(InputError, match=r'--int8 is calibrated.*--calibration-images FOLDER'):
        export(tmp_path / 'model.onnx', '--int8', *NO_DATA)


def test_a_wrong_graph_is_not_written(export, tmp_path, monkeypatch):
    def of_other_weights(model):
        changed = {name: 1.01 * value for name, value in model.state_dict().items()}
        original = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(changed)
        graph = correct(model)
        model.load_state_dict(original)
        return graph

    correct = exporter.to_onnx
    monkeypatch.setattr(exporter, 'to_onnx', of_other_weights)
    with pytest.raises(InputError, match=r'differs from PyTorch by .*was not written'):
        export(tmp_path / 'model.onnx', *NO_DATA)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['model.pt'], 'must end with .onnx'),
        (['model.onnx', '--calibration-images', '.'], 'is for --int8'),
        (['model.onnx', '--int8', '--calibration-number', '0'], 'at least one crop'),
        (['model.onnx', '--cfg-options', 'model.nekc.dim=3'], 'Did you mean neck'),
    ],
)
def test_wrong_options(export, arguments, message):
    with pytest.raises(InputError, match=message):
        export(*arguments)


def test_an_unwritable_target_is_told_before_the_work(export, tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'folder.onnx').mkdir()
    with pytest.raises(InputError, match='cannot be written: '):
        export(tmp_path / 'file' / 'model.onnx', weights='nowhere.pth')
    with pytest.raises(InputError, match='is a folder'):
        export(tmp_path / 'folder.onnx', weights='nowhere.pth')


def test_wrong_files(export, tmp_path):
    with pytest.raises(InputError, match='There is no config'):
        export('model.onnx', config='nowhere.py')
    with pytest.raises(InputError, match='There is no checkpoint'):
        export('model.onnx', weights='nowhere.pth')
    torch.save(dict(state_dict={'fc.weight': torch.zeros(1)}), tmp_path / 'other.pth')
    with pytest.raises(InputError, match='belongs to another model'):
        export('model.onnx', weights=tmp_path / 'other.pth')


def test_errors_are_one_sentence():
    result = run_tool('tools/export_onnx.py', TOY_CONFIG, 'nowhere.pth', 'model.onnx')
    assert_one_sentence(result, 'There is no checkpoint nowhere.pth')
