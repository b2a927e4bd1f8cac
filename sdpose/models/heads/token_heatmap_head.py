# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The heatmap head of TokenPose and SDPose."""

from collections.abc import Sequence

import torch
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.tokens import Tokens, keypoint_tokens_of

DEFAULT_LOSS = dict(type='KeypointMSELoss', use_target_weight=True)


@MODELS.register_module()
class TokenHeatmapHead(HeatmapHead):
    """An MLP that turns each keypoint token into its heatmap (TokenPose section 3.3).

    Prediction, flip test and decoding are those of MMPose's heatmap head. The loss is summed over
    all cycles (SDPose equation 3), and ``token_loss`` lets each cycle teach the one before it.

    Args:
        in_channels: Width D of a token.
        out_channels: Number K of keypoints.
        decoder: Codec; its ``heatmap_size`` (W, H) is the size of the heatmaps.
        loss: Loss between predicted and target heatmaps.
        supervised_cycles: ``all``, or only the ``last`` one, as in the ablations of SDPose's tables
            5 and 6.
        token_loss: :class:`TokenDistillationLoss` between neighbouring cycles, or ``None``.
        init_cfg: MMEngine's initialization config; linear layers truncated normal 0.02 by default.
    """

    @checked
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        decoder: dict,
        loss: dict = DEFAULT_LOSS,
        supervised_cycles: str = 'all',
        token_loss: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            deconv_out_channels=None,
            final_layer=None,
            loss=loss,
            decoder=decoder,
            init_cfg=init_cfg or dict(type='TruncNormal', layer='Linear', std=0.02),
        )
        self.supervised_cycles = supervised_cycles
        self.token_loss = MODELS.build(token_loss) if token_loss else None
        width, height = self.decoder.heatmap_size
        self.mlp = _heatmap_mlp(in_channels, height * width)

    def forward(self, feats: Sequence[Tokens]) -> Tensor:
        """Compute the heatmaps of the last cycle that ran.

        Args:
            feats: Tokens of each cycle; keypoint tokens are (B, K, D).

        Returns:
            Heatmaps, (B, K, H, W), float32.

        Raises:
            InputError: There are no tokens, or of another number or width than the head was built
                for.
        """
        return self._heatmaps(feats[-1:])

    def loss(
        self, feats: Sequence[Tokens], batch_data_samples: list[PoseDataSample], train_cfg: dict
    ) -> dict[str, Tensor]:
        """Compute the losses of all cycles.

        Args:
            feats: Tokens of each cycle.
            batch_data_samples: B samples with target heatmaps and keypoint weights.
            train_cfg: ``compute_acc=False`` leaves ``acc_pose`` out.

        Returns:
            ``loss_kpt``, summed over the supervised cycles; with a token loss ``loss_kpt_token``
            and ``loss_vis_token``; and ``acc_pose``, the share of keypoints that the first cycle,
            the one that inference runs, puts within 5 % of the heatmap's size.

        Raises:
            InputError: As for :meth:`forward`; or the targets are no heatmaps, or of another size.
        """
        if not all('gt_fields' in sample for sample in batch_data_samples):
            raise InputError(
                'The head draws heatmaps, but the samples have none as targets: give '
                "train_dataloader's pipeline a GenerateTarget whose encoder is the codec of "
                'head.decoder (or of head.auxiliary_head.decoder).'
            )
        target = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        weight = torch.cat([s.gt_instance_labels.keypoint_weights for s in batch_data_samples])
        heatmaps = self._heatmaps(feats).chunk(len(feats))  # N x (B, K, H, W)
        if heatmaps[0].shape != target.shape:
            ours, theirs = ('x'.join(map(str, each.shape[1:])) for each in (heatmaps[0], target))
            raise InputError(
                f'The head draws heatmaps of {ours} (K x h x w), but its targets are {theirs}. '
                "Give head.decoder and the encoder of train_dataloader's GenerateTarget the same "
                'codec.'
            )
        supervised = heatmaps[-1:] if self.supervised_cycles == 'last' else heatmaps
        cycle_losses = [self.loss_module(of_cycle, target, weight) for of_cycle in supervised]
        losses = dict(loss_kpt=torch.stack(cycle_losses).sum())
        if self.token_loss is not None:
            losses.update(self.token_loss.between_cycles(feats))
        if train_cfg.get('compute_acc', True):
            _, accuracy, _ = pose_pck_accuracy(
                to_numpy(heatmaps[0]), to_numpy(target), mask=to_numpy(weight) > 0
            )
            losses['acc_pose'] = torch.tensor(float(accuracy), device=target.device)
        return losses

    def _heatmaps(self, cycles: Sequence[Tokens]) -> Tensor:
        """(N * B, K, H, W) of N cycles; float32, as decoding and losses need it under autocast."""
        keypoint_tokens = keypoint_tokens_of(cycles, self.out_channels, self.in_channels)
        width, height = self.decoder.heatmap_size
        return self.mlp(keypoint_tokens).float().unflatten(-1, (height, width))


def _heatmap_mlp(dim: int, num_pixels: int) -> nn.Sequential:
    """TokenPose's MLP head: narrow tokens pass a hidden layer of 1/8 of the heatmap's pixels."""
    if dim > num_pixels // 16:
        return nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, num_pixels))
    hidden = num_pixels // 8
    return nn.Sequential(
        nn.LayerNorm(dim),
        nn.Linear(dim, hidden),
        nn.LayerNorm(hidden),
        nn.Linear(hidden, num_pixels),
    )
