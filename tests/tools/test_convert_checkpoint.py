# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
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
    (path,) = (
        CONFIGS.rglob(f'td-hm_{config}_*coco-[0-9]*.py') if isinstance(config, str) else [config]
    )
    return call_tool('tools/convert_checkpoint.py', source, tmp_path / 'ours.pth', '--config', path)


def test_config_is_verified_before_anything_is_written(tmp_path):
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    name = 'keypoint_head.tokenpose.pos_embedding'
    published[name] = sine_positions_2d(16, 16, 192)
    result = convert(tmp_path, published, 'sdpose-t')
    assert result.returncode == 0, result.stderr
    assert 'Loads strictly into the model of' in result.stdout
    assert f'Dropped (computed anew, or read by nothing): {name}' in result.stdout
    assert 'Positions are those of the neck: 16x16 patches' in result.stdout
    assert '8 heads of the config: as in the neck' in result.stdout
    keypoints = load_checkpoint_file(tmp_path / 'ours.pth')['meta']['dataset_meta']
    assert keypoints['keypoint_id2name'][16] == 'right_ankle'
    (tmp_path / 'ours.pth').unlink()

    result = convert(tmp_path, published, 'sdpose-s-v1')
    assert_one_sentence(result, 'belongs to another model', 'neck.layers.6')
    assert not (tmp_path / 'ours.pth').exists()


WIDE = sine_positions_2d(32, 8, 192)


@pytest.mark.parametrize(
    ('positions', 'theirs'),
    [
        (torch.randn(1, 256, 192), 'learned positions'),
        (torch.zeros(1, 273, 192), 'learned positions'),
        (torch.zeros(1), 'learned positions'),
        (
            sine_positions_2d(16, 16, 192),
            '16x16.',
        ),
        (sine_positions_2d(8, 32, 192), '8x32.'),
        (sine_positions_2d(64, 48, 192), '64x48.'),
        (WIDE.roll(96, -1), '32x8 with the column half first, or 8x32 by columns.'),
        (
            WIDE.view(32, 8, 192).transpose(0, 1).reshape(1, 256, 192),
            '8x32 with the column half first, or 32x8 by columns.',
        ),
        (WIDE, None),
        (None, 'not in the file, so not compared'),
    ],
    ids=['random', 'of keypoints', '1d', '16x16', '8x32', '64x48', 'xy', 'columns', 'ours', 'none'],
)
def test_positions_are_compared(positions, theirs, tmp_path):
    (base,) = CONFIGS.rglob('td-hm_sdpose-t_*coco-*.py')
    config = tmp_path / 'config.py'  # the weights of patches of 4x3 fit those of 2x6 as well
    config.write_text(f"_base_ = '{base}'\nmodel = dict(neck=dict(patch_size=(2, 6)))\n")
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    if positions is not None:
        published['keypoint_head.tokenpose.pos_embedding'] = positions
    result = convert(tmp_path, published, config)
    if positions is WIDE or positions is None:
        assert result.returncode == 0, result.stderr
        assert (theirs or 'Positions are those of the neck: 32x8 patches (h x w)') in result.stdout
    else:
        assert_one_sentence(
            result, 'those of 32x8 patches (h x w), row by row', f'own are {theirs}'
        )
        assert not (tmp_path / 'ours.pth').exists()


def test_scale_of_own_repositories_is_told(tmp_path):
    published = published_state_dict(GOLDEN / 'repo_tokenpose_s_v1.json')
    torch.save(published, tmp_path / 'a.pth')
    command = ('tools/convert_checkpoint.py', tmp_path / 'a.pth', tmp_path / 'ours.pth')
    assert_one_sentence(call_tool(*command), 'number of heads', '--config')
    assert not (tmp_path / 'ours.pth').exists()
    result = convert(tmp_path, published, 'tokenpose-s-v1')
    assert 'by dim^-0.5 as published, with the 8 heads of the config: ' in result.stdout
    assert 'queries are multiplied by 0.3536' in result.stdout
    name = 'features.transformer.layers.0.0.fn.fn.to_qkv.weight'
    ours = load_checkpoint_file(tmp_path / 'ours.pth')['state_dict']
    weights = ours['neck.layers.0.attention.qkv.weight']
    torch.testing.assert_close(weights[:192], published[name][:192] * 8**-0.5)


def test_config_without_our_neck_is_refused(tmp_path):
    (config,) = CONFIGS.rglob('td-reg_deeppose-r50-baseline_*.py')
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    assert_one_sentence(convert(tmp_path, published, config), 'no MultiCycledTransformer')


def test_other_files_are_refused(tmp_path):
    source, target = tmp_path / 'other.pth', tmp_path / 'ours.pth'
    torch.save(dict(state_dict={'fc.weight': torch.zeros(1)}), source)
    result = call_tool('tools/convert_checkpoint.py', source, target)
    assert_one_sentence(result, 'no published checkpoint', 'fc.weight')
    assert not target.exists()
