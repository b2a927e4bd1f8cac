# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import math
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.config import Config

from conftest import CONFIGS, TOY_CONFIG, build_model
from sdpose.errors import InputError
from sdpose.figures.attention_weights import attention_of_cycles, attention_weights, recorded_tokens
from sdpose.models.layers import Attention, EncoderLayer, embed_patches

NUM_KEYPOINTS = 17


def make_model(test_cycles=2, **neck):
    config = Config.fromfile(TOY_CONFIG)
    config.model.neck.update(test_cycles=test_cycles, **neck)
    return build_model(config).eval()


@pytest.fixture(scope='module')
def inputs():
    return torch.randn(1, 3, 128, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope='module')
def model():
    return make_model()


def test_weights_are_the_softmax_of_scaled_products():
    attention = Attention(12, num_heads=3)
    tokens = torch.randn(1, 5, 12, generator=torch.Generator().manual_seed(0))
    weights = attention_weights(attention, tokens).numpy()
    assert weights.shape == (1, 3, 5, 5)

    # by numpy, one head and one pair of tokens after another
    matrix = attention.qkv.weight.detach().numpy().astype(float)  # (3 * D, D)
    query, key = (tokens[0].numpy() @ matrix[i * 12 : (i + 1) * 12].T for i in (0, 1))
    for head in range(3):
        part = slice(4 * head, 4 * head + 4)
        for i in range(5):
            scores = [math.exp(query[i, part] @ key[j, part] / math.sqrt(4)) for j in range(5)]
            expected = np.array(scores) / sum(scores)
            np.testing.assert_allclose(weights[0, head, i], expected, atol=1e-6)


def test_weights_give_the_output_of_the_fast_attention():
    attention = Attention(16, num_heads=4)
    tokens = torch.randn(2, 7, 16, generator=torch.Generator().manual_seed(1))
    _, _, value = attention.project(tokens)
    mixed = attention_weights(attention, tokens) @ value
    by_hand = attention.out(mixed.transpose(1, 2).flatten(2))
    torch.testing.assert_close(by_hand, attention(tokens))


def test_all_layers_of_all_cycles(model, inputs):
    cycles = attention_of_cycles(model, inputs)
    assert [len(layers) for layers in cycles] == [2, 2]
    for layer in (layer for layers in cycles for layer in layers):
        assert layer.weights.shape == (4, NUM_KEYPOINTS + 64, NUM_KEYPOINTS + 64)
        assert (layer.weights.sum(-1) - 1).abs().max() < 1e-5
        assert layer.visual.tolist() == list(range(64))


def test_each_layer_gets_the_tokens_that_the_one_before_gave(model, inputs):
    neck = model.neck
    with torch.no_grad():
        feature_map = model.backbone(inputs)[-1]
        visual = embed_patches(feature_map, neck.patch_size, neck.patch_embedding)
        tokens = torch.cat([neck.keypoint_tokens, visual], dim=1) + neck.positions
        for cycle in attention_of_cycles(model, inputs):
            for index, (layer, found) in enumerate(zip(neck.layers, cycle, strict=True)):
                tokens = tokens + neck.positions if index else tokens
                expected = attention_weights(layer.attention, layer.attention_norm(tokens))[0]
                torch.testing.assert_close(found.weights, expected)
                tokens = layer(tokens)


def test_the_model_is_left_as_it_was(model, inputs):
    def outputs():
        with torch.no_grad():
            return [*model.extract_feat(inputs), (model(inputs, None, mode='tensor'),)]

    before = outputs()
    attention_of_cycles(model, inputs)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    after = outputs()
    assert all(
        torch.equal(a, b)
        for first, second in zip(before, after, strict=True)
        for a, b in zip(first, second, strict=True)
    )
    with recorded_tokens([layer.attention for layer in model.neck.layers]) as recorded:
        during = outputs()
    assert len(recorded) == 2 * 2 * 2  # runs, cycles, layers
    assert torch.equal(before[-1][0], during[-1][0])


def test_hooks_are_removed_when_the_model_fails(model):
    with pytest.raises(InputError, match='neck was built for'):
        attention_of_cycles(model, torch.zeros(1, 3, 64, 64))
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_dropped_tokens_are_tracked_by_their_positions(inputs):
    model = make_model(depth=3, pruning=dict(keep_ratio=0.5, layers=[0, 1]))
    positions = []
    run = EncoderLayer.forward_and_prune

    def spy(*args):
        tokens, kept_positions = run(*args)
        positions.append(kept_positions[0, NUM_KEYPOINTS:])
        return tokens, kept_positions

    with mock.patch.object(EncoderLayer, 'forward_and_prune', spy):
        cycles = attention_of_cycles(model, inputs)
    of_patches = model.neck.positions[0, NUM_KEYPOINTS:]  # each patch has another one
    after_first, after_second = (
        [(of_patches == row).all(-1).nonzero().item() for row in rows] for rows in positions
    )
    assert (len(after_first), len(after_second)) == (32, 16)
    found = [[layer.visual.tolist() for layer in cycle] for cycle in cycles]
    assert found == [[list(range(64)), after_first, after_second], [after_second] * 3]
    for layer in (layer for cycle in cycles for layer in cycle):
        assert layer.weights.shape[-1] == NUM_KEYPOINTS + len(layer.visual)
        assert (layer.weights.sum(-1) - 1).abs().max() < 1e-5


def test_a_model_without_a_transformer(inputs):
    (path,) = CONFIGS.rglob('td-reg_deeppose-r50-baseline_*.py')
    model = build_model(Config.fromfile(path)).eval()
    with pytest.raises(InputError, match='Only models with a MultiCycledTransformer'):
        attention_of_cycles(model, inputs)
