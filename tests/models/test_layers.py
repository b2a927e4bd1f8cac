# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import math

import pytest
import torch

from sdpose.errors import InputError
from sdpose.models.layers import (
    Attention,
    EncoderLayer,
    embed_patches,
    sine_positions_2d,
)


@pytest.mark.parametrize(('scale_by', 'divisor'), [('head_dim', 4), ('dim', 8)])
def test_attention_is_softmax_of_scaled_products(scale_by, divisor):
    torch.manual_seed(0)
    attention = Attention(dim=8, num_heads=2, scale_by=scale_by)
    tokens = torch.randn(3, 5, 8)
    query, key, value = attention.qkv(tokens).chunk(3, dim=-1)
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        scores = query[..., head] @ key[..., head].transpose(1, 2) / math.sqrt(divisor)
        heads.append(scores.softmax(-1) @ value[..., head])
    expected = attention.out(torch.cat(heads, dim=-1))
    torch.testing.assert_close(attention(tokens), expected)


def test_attention_refuses_a_width_that_heads_do_not_divide():
    with pytest.raises(InputError, match='dim=10 is not a multiple of num_heads=4'):
        Attention(dim=10, num_heads=4)


def test_encoder_layer_adds_to_its_input():
    layer = EncoderLayer(dim=8, num_heads=2, mlp_ratio=3)
    for linear in (layer.attention.out, layer.mlp[-1]):
        torch.nn.init.zeros_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
    tokens = torch.randn(2, 4, 8)
    torch.testing.assert_close(layer(tokens), tokens)
    assert layer.mlp[0].out_features == 24


def test_patches_are_row_major_and_flattened_as_row_column_channel():
    # values = channel * 24 + y * 6 + x
    feature_map = torch.arange(2 * 4 * 6, dtype=torch.float32).view(1, 2, 4, 6)
    as_it_is = torch.nn.Linear(12, 12)
    torch.nn.init.eye_(as_it_is.weight), torch.nn.init.zeros_(as_it_is.bias)
    patches = embed_patches(feature_map, (2, 3), as_it_is)
    assert patches.shape == (1, 4, 12)
    first = [c * 24 + y * 6 + x for y in (0, 1) for x in (0, 1, 2) for c in (0, 1)]
    assert patches[0, 0].tolist() == first
    assert patches[0, 1].tolist() == [value + 3 for value in first]
    assert patches[0, 2].tolist() == [value + 12 for value in first]


def test_sine_positions_encode_row_then_column():
    positions = sine_positions_2d(height=4, width=2, dim=8).view(4, 2, 8)
    row, column = positions[0, 1, :4], positions[0, 1, 4:]
    quarter, whole = math.pi / 2, 2 * math.pi  # row 1 of 4, column 2 of 2
    torch.testing.assert_close(
        row,
        torch.tensor([1.0, 0.0, math.sin(quarter / 100), math.cos(quarter / 100)]),
        atol=1e-5,
        rtol=0,
    )
    torch.testing.assert_close(
        column,
        torch.tensor([0.0, 1.0, math.sin(whole / 100), math.cos(whole / 100)]),
        atol=1e-5,
        rtol=0,
    )


def test_sine_positions_refuse_an_odd_width():
    with pytest.raises(InputError, match='not a multiple of 4'):
        sine_positions_2d(4, 4, dim=6)
