# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import save_checkpoint

from conftest import TOY_CONFIG, assert_one_sentence, call_tool
from sdpose.errors import InputError
from sdpose.models import StemNet
from sdpose.plugin import checkpoint_files
from sdpose.plugin.checkpoint_files import WholeFileBackend


def test_mmengine_saves_checkpoints_whole(tmp_path, monkeypatch):
    path = tmp_path / 'new' / 'a.pth'
    assert isinstance(get_file_backend(str(path)), WholeFileBackend)
    save_checkpoint(dict(value=torch.ones(1)), str(path))
    assert torch.load(path)['value'] == 1
    assert [file.name for file in path.parent.iterdir()] == ['a.pth']

    def fail(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match=r'No space left on device.*a\.pth'):
        save_checkpoint(dict(value=torch.zeros(1)), str(path))
    assert torch.load(path)['value'] == 1
    assert [file.name for file in path.parent.iterdir()] == ['a.pth']


def test_mmengine_reads_checkpoints_as_data(tmp_path):
    torch.save(dict(state_dict={}, surprise=os.system), tmp_path / 'a.pth')
    with pytest.raises(InputError, match='is refused'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
    with pytest.raises(InputError, match='copy the file to this machine'):
        CheckpointLoader.load_checkpoint('s3://bucket/a.pth')


def test_mmengine_writes_configs_whole(tmp_path, monkeypatch):
    path = tmp_path / 'config.py'
    Config(dict(a=1)).dump(path)
    assert Config.fromfile(path).a == 1
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: interrupt()))
    with pytest.raises(KeyboardInterrupt):
        Config(dict(a=2)).dump(path)
    assert path.read_text() == 'a = 1\n'


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(checkpoint_files, 'print_log', lambda line, _: lines.append(line))
    return lines


def pretrained(path, **options):
    return dict(type='Pretrained', checkpoint=str(path), **options)


@pytest.mark.parametrize('start', ['', 'module.'])
def test_backbone_takes_a_whole_file_and_says_so(start, tmp_path, said):
    theirs = StemNet()
    path = tmp_path / 'hrnet.pth'
    surplus = {'stage2.0.weight': torch.ones(3)}
    torch.save({f'{start}{k}': v for k, v in (theirs.state_dict() | surplus).items()}, path)
    ours = StemNet(init_cfg=pretrained(path))
    ours.init_weights()
    assert all(torch.equal(v, theirs.state_dict()[k]) for k, v in ours.state_dict().items())
    assert said == [f'StemNet: {path} gives 75 of 75 weights.']


def test_backbone_takes_what_fits_and_says_what_does_not(tmp_path, said):
    path = tmp_path / 'wide.pth'
    theirs = StemNet(num_blocks=2).state_dict()
    torch.save(theirs | {'conv1.weight': torch.zeros(64, 3, 7, 7)}, path)
    ours = StemNet(init_cfg=pretrained(path))
    ours.init_weights()
    assert torch.equal(ours.conv2.weight, theirs['conv2.weight'])
    (line,) = said
    assert 'gives 44 of 75 weights. These start anew: conv1.weight; layer1.2.conv1' in line


def test_part_of_a_whole_model_is_taken_by_its_prefix(tmp_path, said):
    theirs = StemNet().state_dict()
    path = tmp_path / 'whole.pth'
    whole = {f'backbone.{key}': value for key, value in theirs.items()}
    torch.save(dict(state_dict=whole | {'neck.keypoint_tokens': torch.ones(1)}), path)
    with pytest.raises(InputError, match=r'holds more than StemNet.*init_cfg\.prefix=backbone\.$'):
        StemNet(init_cfg=pretrained(path)).init_weights()
    for prefix in ('backbone', 'backbone.'):
        ours = StemNet(init_cfg=pretrained(path, prefix=prefix))
        ours.init_weights()
        assert torch.equal(ours.conv1.weight, theirs['conv1.weight'])
    with pytest.raises(InputError, match='not one weight'):
        StemNet(init_cfg=pretrained(path, prefix='head')).init_weights()
    assert len(said) == 2
    torch.save({f'module.{key}': value for key, value in whole.items()}, path)
    for prefix in ('backbone', 'module.backbone.'):  # as DataParallel writes it
        StemNet(init_cfg=pretrained(path, prefix=prefix)).init_weights()
    assert len(said) == 4


def test_a_file_that_fits_in_part_is_no_larger_model(tmp_path, said):
    theirs = {key: value for key, value in StemNet().state_dict().items() if key != 'conv1.weight'}
    torch.save(theirs, tmp_path / 'a.pth')
    StemNet(init_cfg=pretrained(tmp_path / 'a.pth')).init_weights()
    assert 'gives 74 of 75 weights. These start anew: conv1.weight.' in said[0]


@pytest.mark.parametrize(
    ('weights', 'words'),
    [
        ({'cls_token': torch.ones(1)}, ['than StemNet', 'vision transformer']),
        ({'other': torch.ones(1)}, ['than StemNet', 'not one weight', 'conv1.weight']),
        (StemNet().state_dict(), ['than StemNet', 'not one weight', 'with the same shape']),
    ],
)
def test_training_does_not_start_from_weights_that_do_not_fit(weights, words, toy_coco, tmp_path):
    torch.save(weights, tmp_path / 'a.pth')
    start = ('type=Pretrained', f'checkpoint={tmp_path}/a.pth')
    options = [f'model.backbone.init_cfg.{option}' for option in start]
    common = ('--work-dir', tmp_path / 'run', '--data-root', toy_coco)
    result = call_tool('tools/train.py', TOY_CONFIG, *common, '--cfg-options', *options)
    assert_one_sentence(result, 'a.pth', *words)


def interrupt():
    raise KeyboardInterrupt
