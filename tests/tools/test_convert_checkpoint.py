# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import torch

from conftest import CONFIGS, GOLDEN, assert_one_sentence, build_model, call_tool, load_config
from data.golden.weights import published_state_dict
from sdpose.checkpoints.safe_loading import load_checkpoint_file
from sdpose.models.layers import sine_positions_2d


def test_published_file_becomes_ours(tmp_path):
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    source, target = tmp_path / 'published.pth', tmp_path / 'new' / 'ours.pth'
    torch.save(dict(meta=dict(epoch=300), state_dict=published), source)
    result = call_tool('tools/convert_checkpoint.py', source, target)
    assert result.returncode == 0, result.stderr
    assert f'Recognised SDPose or PPT: {len(published)} tensors renamed.' in result.stdout
    state_dict = load_checkpoint_file(target)['state_dict']
    build_model(load_config('sdpose-t')).load_state_dict(state_dict)
    name = 'keypoint_head.tokenpose.transformer_layer1.layers.5.0.fn.fn.to_qkv.weight'
    assert torch.equal(state_dict['neck.layers.5.attention.qkv.weight'], published[name])


def convert(tmp_path, published, config):
    source = tmp_path / 'published.pth'
    torch.save(dict(state_dict=published), source)
    (path,) = CONFIGS.rglob(f'td-hm_{config}_*coco-*.py')
    return call_tool('tools/convert_checkpoint.py', source, tmp_path / 'ours.pth', '--config', path)


def test_config_is_verified_before_anything_is_written(tmp_path):
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    name = 'keypoint_head.tokenpose.pos_embedding'
    published[name] = sine_positions_2d(16, 16, 192)
    result = convert(tmp_path, published, 'sdpose-t')
    assert result.returncode == 0, result.stderr
    assert 'Loads strictly into the model of' in result.stdout
    assert f'Dropped (computed anew, or read by nothing): {name}' in result.stdout
    (tmp_path / 'ours.pth').unlink()

    result = convert(tmp_path, published, 'sdpose-s-v1')
    assert_one_sentence(result, 'belongs to another model', 'neck.layers.6')
    published[name] = torch.randn(1, 256, 192)
    assert_one_sentence(convert(tmp_path, published, 'sdpose-t'), 'learned positions')
    assert not (tmp_path / 'ours.pth').exists()


def test_other_files_are_refused(tmp_path):
    source, target = tmp_path / 'other.pth', tmp_path / 'ours.pth'
    torch.save(dict(state_dict={'fc.weight': torch.zeros(1)}), source)
    result = call_tool('tools/convert_checkpoint.py', source, target)
    assert_one_sentence(result, 'no published checkpoint', 'fc.weight')
    assert not target.exists()
