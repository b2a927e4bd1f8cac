# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import torch

from sdpose.models.layers import EncoderLayer, keep_tokens, most_attended


def test_the_most_attended_visual_tokens_are_chosen():
    # One head, D = 2; two keypoint tokens look for the direction of x. Its own tokens attract
    # most of all, but only visual tokens (the last four) are ranked.
    query = torch.zeros(1, 1, 6, 2)
    query[0, 0, :2, 0] = 10
    key = torch.zeros(1, 1, 6, 2)
    key[0, 0, :, 0] = torch.tensor([9.0, 9.0, 0.1, 0.4, 0.2, 0.3])
    assert most_attended(query, key, num_keypoints=2, num_kept=3).tolist() == [[0, 1, 3, 5, 4]]


def test_attention_is_averaged_over_heads_and_summed_over_keypoints():
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(2, 3, 7, 4, generator=generator) for _ in range(2))
    weights = ((query @ key.transpose(-1, -2)) / 2).softmax(-1)  # scale 4 ** -0.5
    received = weights[:, :, :2].mean(1).sum(1)[:, 2:]
    expected = received.argsort(descending=True)[:, :3] + 2
    torch.testing.assert_close(most_attended(query, key, 2, 3)[:, 2:], expected)


def test_tokens_are_gathered_for_each_sample():
    tokens = torch.arange(8.0).view(2, 4, 1)
    kept = torch.tensor([[0, 3], [2, 1]])
    assert keep_tokens(tokens, kept).flatten(1).tolist() == [[0, 3], [6, 5]]
    assert keep_tokens(tokens[:1], kept).flatten(1).tolist() == [[0, 3], [2, 1]]


def test_dropping_happens_between_attention_and_mlp():
    torch.manual_seed(0)
    layer = EncoderLayer(8, num_heads=2, mlp_ratio=2)
    tokens, positions = torch.randn(2, 6, 8), torch.randn(1, 6, 8)
    query, key, _ = layer.attention.project(layer.attention_norm(tokens))
    kept = most_attended(query, key, 2, 3)
    pruned, kept_positions = layer.forward_and_prune(tokens, positions, 2, 3)
    torch.testing.assert_close(pruned, keep_tokens(layer(tokens), kept))
    torch.testing.assert_close(kept_positions, keep_tokens(positions, kept))
