# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The published design of SDPose, written plainly: the baseline of time, and of results.

Attention is two einsums around a softmax, all cycles run at test time though the first alone is
used, the head is called once a cycle, and the flip test is a second pass, which is MMPose's own
``TopdownPoseEstimator``. Weights have the names of our modules, so that they load into both.
``tests/plain/*.py`` are its configs; ``PYTHONPATH=tests`` lets a tool read them.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import InstanceData
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads import HeatmapHead
from mmpose.models.utils.tta import flip_coordinates
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from sdpose.models.heads import TokenHeatmapHead, TokenRegressionHead
from sdpose.models.layers import Attention
from sdpose.models.necks import MultiCycledTransformer
from sdpose.models.regression_output import RegressionOutput
from sdpose.models.tokens import Tokens

STOCK = dict(
    LoadImageOnce='LoadImage',
    QuickRandomFlip='RandomFlip',
    QuickRandomBBoxTransform='RandomBBoxTransform',
)


def stock_pipeline(pipeline: Sequence[dict], codec: dict | None = None) -> list[dict]:
    """MMPose's own steps in place of ours; with a heatmap codec, heatmaps as targets."""
    steps = [dict(step, type=STOCK.get(step['type'], step['type'])) for step in pipeline]
    for step in steps:
        step.pop('meta_keys', None)
        if codec and step['type'] == 'GenerateTarget':
            step['encoder'] = codec
    return steps


def attend(attention: Attention, tokens: Tensor) -> Tensor:
    """Multi-head self-attention: (B, N, D) -> (B, N, D)."""
    batch, length, dim = tokens.shape
    query, key, value = (
        each.reshape(batch, length, attention.num_heads, -1).transpose(1, 2)
        for each in attention.qkv(tokens).chunk(3, dim=-1)
    )
    scores = torch.einsum('bhid,bhjd->bhij', query, key) * query.shape[-1] ** -0.5
    mixed = torch.einsum('bhij,bhjd->bhid', scores.softmax(dim=-1), value)
    return attention.out(mixed.transpose(1, 2).reshape(batch, length, dim))


@MODELS.register_module()
class PlainTransformer(MultiCycledTransformer):
    """The Multi-Cycled Transformer, which runs ``num_cycles`` in every mode."""

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tokens, ...]:
        """Feature map (B, C, H, W) -> the tokens of each cycle."""
        batch, channels, height, width = feats[-1].shape
        rows, columns = self.grid
        shape = (batch, channels, rows, height // rows, columns, width // columns)
        patches = feats[-1].reshape(shape).permute(0, 2, 4, 3, 5, 1)  # (B, rows, columns, h, w, C)
        patches = patches.reshape(batch, rows * columns, -1)
        visual = self.patch_embedding(patches)
        keypoint = self.keypoint_tokens.expand(batch, -1, -1)
        tokens = torch.cat([keypoint, visual], dim=1) + self.positions
        cycles = []
        for _ in range(self.num_cycles):
            for index, layer in enumerate(self.layers):
                tokens = tokens + self.positions if index > 0 else tokens
                tokens = tokens + attend(layer.attention, layer.attention_norm(tokens))
                tokens = tokens + layer.mlp(layer.mlp_norm(tokens))
            cycles.append(Tokens(tokens[:, : self.num_keypoints], tokens[:, self.num_keypoints :]))
        return tuple(cycles)


@MODELS.register_module()
class PlainHeatmapHead(TokenHeatmapHead):
    """The heatmap head: drawn for each cycle, returned for the first."""

    predict = HeatmapHead.predict

    def forward(self, feats: Sequence[Tokens]) -> Tensor:
        """Tokens of each cycle -> heatmaps (B, K, H, W)."""
        return self.heatmaps_of_cycles(feats)[0]

    def heatmaps_of_cycles(self, feats: Sequence[Tokens]) -> list[Tensor]:
        """The heatmaps of each cycle."""
        width, height = self.decoder.heatmap_size
        return [self.mlp(tokens.keypoint).unflatten(-1, (height, width)) for tokens in feats]

    def loss(
        self, feats: Sequence[Tokens], batch_data_samples: list[PoseDataSample], train_cfg: dict
    ) -> dict[str, Tensor]:
        """The losses of all cycles, and the accuracy of the first, on the CPU in each step."""
        target = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        weight = torch.cat([s.gt_instance_labels.keypoint_weights for s in batch_data_samples])
        heatmaps = self.heatmaps_of_cycles(feats)
        losses = dict(loss_kpt=sum(self.loss_module(each, target, weight) for each in heatmaps))
        losses.update(self.token_loss.between_cycles(feats))
        _, accuracy, _ = pose_pck_accuracy(
            to_numpy(heatmaps[0]), to_numpy(target), mask=to_numpy(weight) > 0
        )
        return losses | dict(acc_pose=torch.tensor(float(accuracy)))


@MODELS.register_module()
class PlainRegressionHead(TokenRegressionHead):
    """The regression head: read off for each cycle, returned for the first."""

    def forward(self, feats: Sequence[Tokens]) -> RegressionOutput:
        """Tokens of each cycle -> coordinates, confidences and sigmas."""
        return self.outputs_of_cycles(feats)[0]

    def predict(
        self, feats: Sequence[Any], batch_data_samples: list[PoseDataSample], test_cfg: dict
    ) -> list[InstanceData]:
        """Keypoints and scores; with ``flip_test`` of the mean with the mirrored images'."""
        scored = [
            torch.cat([output.coordinate, self.keypoint_scores(output)[..., None]], dim=-1)
            for output in map(self, feats if test_cfg['flip_test'] else [feats])
        ]
        if test_cfg['flip_test']:
            metainfo = batch_data_samples[0].metainfo
            indices, size = metainfo['flip_indices'], metainfo['input_size']
            scored[1] = flip_coordinates(scored[1], indices, shift_coords=True, input_size=size)
        return self.decode(torch.stack(scored).mean(0)[:, None])

    def outputs_of_cycles(self, feats: Sequence[Tokens]) -> tuple[RegressionOutput, ...]:
        """The outputs of each cycle."""
        return tuple(RegressionOutput.from_channels(self.mlp(each.keypoint)) for each in feats)
