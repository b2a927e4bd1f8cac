# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import torch

from conftest import GOLDEN, assert_one_sentence, build_model, load_config, run_tool
from data.golden.weights import published_state_dict
from sdpose.checkpoints.safe_loading import load_checkpoint_file


def test_published_file_becomes_ours(tmp_path):
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    source, target = tmp_path / 'published.pth', tmp_path / 'new' / 'ours.pth'
    torch.save(dict(meta=dict(epoch=300), state_dict=published), source)
    result = run_tool('tools/convert_checkpoint.py', source, target)
    assert result.returncode == 0, result.stderr
    assert f'Recognised SDPose or PPT: {len(published)} tensors renamed.' in result.stdout
    state_dict = load_checkpoint_file(target)['state_dict']
    build_model(load_config('sdpose-t')).load_state_dict(state_dict)
    name = 'keypoint_head.tokenpose.transformer_layer1.layers.5.0.fn.fn.to_qkv.weight'
    assert torch.equal(state_dict['neck.layers.5.attention.qkv.weight'], published[name])


def test_other_files_are_refused(tmp_path):
    source, target = tmp_path / 'other.pth', tmp_path / 'ours.pth'
    torch.save(dict(state_dict={'fc.weight': torch.zeros(1)}), source)
    result = run_tool('tools/convert_checkpoint.py', source, target)
    assert_one_sentence(result, 'no published checkpoint', 'fc.weight')
    assert not target.exists()
