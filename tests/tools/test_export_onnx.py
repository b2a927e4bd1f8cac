# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
import sys

import onnx
import pytest
import torch
from peaked_model import save_peaked_checkpoint

from conftest import TOY_CONFIG, assert_one_sentence, call_tool, run_tool
from sdpose.export import exporter

NO_DATA = ('--cfg-options', 'val_dataloader.dataset.data_root=nowhere/')


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return save_peaked_checkpoint(tmp_path_factory.mktemp('weights') / 'toy.pth')


@pytest.fixture(scope='module')
def export(checkpoint):
    def run(*words, config=TOY_CONFIG, weights=checkpoint):
        return call_tool('tools/export_onnx.py', config, weights, *words)

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
    assert {path.name for path in out.parent.iterdir()} == {'model.onnx', 'model.json'}


def test_one_cycle_is_exported_whatever_the_config_says_and_missing_data_is_told(export, tmp_path):
    graphs = []
    for cycles in (1, 2):
        out = tmp_path / f'{cycles}.onnx'
        result = export(out, *NO_DATA, f'model.neck.test_cycles={cycles}')
        text = 'Only random inputs were compared, no real crops: There is no data folder'
        assert text in result.stdout, result.stderr
        graphs.append(out.read_bytes())
    assert graphs[0] == graphs[1]


def test_int8_needs_no_pictures(export, tmp_path):
    result = export(tmp_path / 'model.onnx', '--int8', *NO_DATA)
    assert 'int8 model compared with PyTorch in fp32' in result.stdout, result.stderr
    assert json.loads((tmp_path / 'model.json').read_text())['precision'] == 'int8'


def test_for_rtmlib(export, tmp_path):
    """What rtmlib makes of it is tested in tests/export; of the toy model it has other crops."""
    words = (tmp_path / 'model.onnx', '--for', 'rtmlib')
    assert_one_sentence(export(*words), 'rtmlib enlarges boxes by 1.25', 'enlarged by 1.1')
    padding = 'test_dataloader.dataset.pipeline.1.padding=1.25'
    result = export(*words, *NO_DATA, padding)
    assert 'random inputs (4): scores differ by at most' in result.stdout, result.stderr
    card = json.loads((tmp_path / 'model.json').read_text())
    assert (card['output_kind'], card['box_padding']) == ('rtmlib', 1.25)
    outputs = onnx.load(tmp_path / 'model.onnx').graph.output
    assert [output.name for output in outputs] == card['output_names'] == ['simcc_x', 'simcc_y']
    assert export(*words, '--decode').returncode == 2
    int8 = export(tmp_path / 'int8.onnx', *words[1:], '--int8', *NO_DATA, padding)
    assert int8.returncode == 0, int8.stderr


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
    result = export(tmp_path / 'model.onnx', *NO_DATA)
    assert_one_sentence(result, 'differs from PyTorch by ', 'was not written')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('name', ['onnx', 'onnxruntime'])
def test_missing_package_is_one_sentence(name, export, tmp_path, monkeypatch):
    for module in [module for module in sys.modules if module.startswith('sdpose.export.')]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    result = export(tmp_path / 'model.onnx')
    assert_one_sentence(result, f'needs {name}, which is not installed: pip install onnx')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['model.pt'], 'must end with .onnx'),
        (['model.onnx', '--cfg-options', 'model.nekc.dim=3'], 'Did you mean neck'),
    ],
)
def test_wrong_options(words, message, export):
    assert_one_sentence(export(*words), message)


def test_the_card_replaces_no_config(export, tmp_path):
    (tmp_path / 'model.json').write_text(before := json.dumps(dict(model=5)))
    result = export(tmp_path / 'model.onnx', config=tmp_path / 'model.json')
    assert_one_sentence(result, 'or its card (.json) would replace', 'model.json')
    assert (tmp_path / 'model.json').read_text() == before


def test_an_unwritable_target_is_told_before_the_work(export, tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'folder.onnx').mkdir()
    result = export(tmp_path / 'file' / 'model.onnx', weights='nowhere.pth')
    assert_one_sentence(result, 'model.onnx: it cannot be written')
    result = export(tmp_path / 'folder.onnx', weights='nowhere.pth')
    assert_one_sentence(result, 'is a folder')


def test_wrong_files(export, tmp_path):
    out = tmp_path / 'model.onnx'
    assert_one_sentence(export(out, config='nowhere.py'), 'There is no config nowhere.py')
    assert_one_sentence(export(out, weights='nowhere.pth'), 'There is no checkpoint nowhere.pth')
    torch.save(dict(state_dict={'fc.weight': torch.zeros(1)}), tmp_path / 'other.pth')
    assert_one_sentence(export(out, weights=tmp_path / 'other.pth'), 'belongs to another model')
    assert not out.exists()
