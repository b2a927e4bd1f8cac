# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from sdpose.classification import TimmTransform, repeated_augmentation_sampler
from sdpose.errors import InputError

NEEDS_TIMM = 'timm or torchvision is not installed: pip install --no-deps -r requirements/deit.txt'


@pytest.fixture
def timm():
    return pytest.importorskip('timm', reason=NEEDS_TIMM, exc_type=ImportError)


def transform(path, **options):
    return TimmTransform(**options)(dict(img_path=str(path), gt_label=3))


def test_evaluation_normalises_rgb(timm, tmp_path):
    path = tmp_path / 'a.png'
    Image.new('RGBA', (40, 30), (255, 0, 51, 10)).save(path)
    packed = transform(path, input_size=24, interpolation='bicubic', crop_pct=0.875)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = torch.tensor((np.array([1, 0, 0.2]) - mean) / std, dtype=torch.float32)
    torch.testing.assert_close(packed['inputs'], expected[:, None, None].expand(3, 24, 24))
    assert packed['data_samples'].gt_label.tolist() == [3]
    assert packed['data_samples'].img_path == str(path)


def test_training_augments_as_the_seed_says(timm, tmp_path):
    path = tmp_path / 'a.jpg'
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    recipe = dict(
        input_size=32, is_training=True, auto_augment='rand-m9-mstd0.5-inc1', re_prob=0.25
    )

    def augment(seed):
        import random

        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        return transform(path, **recipe)['inputs']

    assert augment(0).shape == (3, 32, 32)
    assert torch.equal(augment(0), augment(0))
    assert not torch.equal(augment(0), augment(1))


def test_broken_image_is_named(timm, tmp_path):
    path = tmp_path / 'a.jpg'
    path.write_bytes(b'no picture')
    with pytest.raises(InputError, match=r'The image .*a\.jpg is missing or broken'):
        transform(path, input_size=32)


def test_repeated_augmentation(timm):
    order = list(repeated_augmentation_sampler(list(range(9)), num_repeats=3, seed=1))
    assert len(order) == 9
    assert len(set(order)) == 3
    assert order[:3] == [order[0]] * 3


def test_missing_timm_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm.data', None)
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(InputError, match='pip install --no-deps timm'):
        TimmTransform(input_size=32)
