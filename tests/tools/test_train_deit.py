# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train, test and fail with an image classifier as a user does, through the command line."""

import json

import pytest

from conftest import CONFIGS, assert_one_sentence, call_tool

(TOY_CONFIG,) = CONFIGS.glob('deit/cls_sdpose-deit-toy_*.py')
(DEIT_CONFIG,) = CONFIGS.glob('deit/cls_sdpose-deit-tiny_*.py')


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    pytest.importorskip(
        'timm',
        reason='timm is not installed: pip install --no-deps -r requirements/deit.txt',
        exc_type=ImportError,
    )
    folder = tmp_path_factory.mktemp('data') / 'shapes'
    options = ('--images', 16, '--val-images', 4)
    result = call_tool('tools/dataset/make_toy_shapes.py', folder, *options)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.slow
def test_train_test_and_hand_over_to_timm(shapes, tmp_path):
    import timm

    from sdpose.checkpoints.safe_loading import load_checkpoint_file

    common = ('--data-root', shapes, '--work-dir', tmp_path)
    options = ('train_cfg.max_epochs=2', 'train_cfg.val_interval=1')
    result = call_tool('tools/train.py', TOY_CONFIG, *common, '--cfg-options', *options)
    assert result.returncode == 0, result.stderr
    (scalars,) = tmp_path.glob('*/vis_data/scalars.json')
    logged = [json.loads(line) for line in scalars.read_text().splitlines()]
    validated = [record for record in logged if 'accuracy/top1' in record]
    assert len(validated) == 2
    assert list(tmp_path.glob('best_accuracy_top1_epoch_*.pth'))

    checkpoint, out = tmp_path / 'epoch_2.pth', tmp_path / 'accuracy.json'
    dump = ('--dump', tmp_path / 'predictions.pkl')
    result = call_tool('tools/test.py', TOY_CONFIG, checkpoint, *common, '--out', out, *dump)
    assert result.returncode == 0, result.stderr
    metrics = json.loads(out.read_text())
    assert metrics == {name: validated[-1][name] for name in ('accuracy/top1', 'accuracy/top2')}
    assert 0 <= metrics['accuracy/top1'] <= metrics['accuracy/top2'] <= 100

    tiny = dict(img_size=32, patch_size=4, embed_dim=32, depth=2, num_heads=2, num_classes=4)
    model = timm.create_model('deit_tiny_patch16_224', **tiny)
    model.load_state_dict(load_checkpoint_file(checkpoint)['state_dict'], strict=True)


@pytest.mark.slow
def test_wrong_input_is_one_sentence(shapes, tmp_path):
    def train(config, data_root, *options):
        common = ('--work-dir', tmp_path, '--data-root', data_root)
        return call_tool('tools/train.py', config, *common, *options)

    assert_one_sentence(train(DEIT_CONFIG, 'nowhere'), 'nowhere/train', 'make_toy_shapes.py')
    assert_one_sentence(train(DEIT_CONFIG, shapes), '4 class folders', '1000')
    (shapes / 'train/circle/broken.png').write_bytes(b'not a picture')
    try:
        assert_one_sentence(
            train(TOY_CONFIG, shapes, '--cfg-options', 'train_cfg.max_epochs=1'),
            'circle/broken.png',
            'missing or broken',
        )
    finally:
        (shapes / 'train/circle/broken.png').unlink()
