# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The heatmap head of TokenPose and SDPose."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.gaussian_heatmaps import draw_heatmaps
from sdpose.models.pck import pck_accuracy, peaks
from sdpose.models.tokens import Tokens, keypoint_tokens_of

DEFAULT_LOSS = dict(type='KeypointMSELoss', use_target_weight=True)


@MODELS.register_module()
class TokenHeatmapHead(HeatmapHead):
    """An MLP that turns each keypoint token into its heatmap (TokenPose section 3.3).

    Prediction, flip test and decoding are those of MMPose's heatmap head. The loss is summed over
    all cycles (SDPose equation 3), and ``token_loss`` lets each cycle teach the one before it.
    Targets are coordinates (:class:`CoordinateTarget`), around which Gaussians are drawn here, or
    heatmaps.

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

    reads_keypoint_tokens_only = True

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

    def predict(
        self,
        feats: Sequence[Any],
        batch_data_samples: list[PoseDataSample],
        test_cfg: dict | None = None,
    ) -> Any:
        """Predict keypoints in pixels of the input.

        Args:
            feats: Tokens of each cycle; with ``flip_test`` a list of two, the second one from the
                mirrored images.
            batch_data_samples: B samples; the first tells ``flip_indices``.
            test_cfg: ``flip_test``, ``flip_mode``, ``shift_heatmap`` and ``output_heatmaps`` as in
                MMPose's ``HeatmapHead``.

        Returns:
            What MMPose's ``HeatmapHead.predict`` returns.
        """
        test_cfg = test_cfg or {}
        if not test_cfg.get('flip_test', False):
            return super().predict(feats, batch_data_samples, test_cfg)
        both = self._heatmaps([of_last_cycle for *_, of_last_cycle in feats])
        heatmaps, mirrored = both.chunk(2)
        unmirrored = flip_heatmaps(
            mirrored,
            flip_mode=test_cfg.get('flip_mode', 'heatmap'),
            flip_indices=batch_data_samples[0].metainfo['flip_indices'],
            shift_heatmap=test_cfg.get('shift_heatmap', False),
        )
        heatmaps = (heatmaps + unmirrored) * 0.5
        found = self.decode(heatmaps)
        if not test_cfg.get('output_heatmaps', False):
            return found
        return found, [PixelData(heatmaps=each) for each in heatmaps.detach()]

    def loss(
        self, feats: Sequence[Tokens], batch_data_samples: list[PoseDataSample], train_cfg: dict
    ) -> dict[str, Tensor]:
        """Compute the losses of all cycles.

        Args:
            feats: Tokens of each cycle.
            batch_data_samples: B samples with coordinates or heatmaps as targets, and keypoint
                weights.
            train_cfg: ``compute_acc=False`` leaves ``acc_pose`` out.

        Returns:
            ``loss_kpt``, summed over the supervised cycles; with a token loss ``loss_kpt_token``
            and ``loss_vis_token``; and ``acc_pose``, the share of keypoints that the first cycle,
            the one that inference runs, puts within 5 % of the heatmap's size.

        Raises:
            InputError: As for :meth:`forward`; or the targets are neither coordinates nor heatmaps
                of the head's size.
        """
        target, weight = self._targets(batch_data_samples)
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
            size = target.shape[2:]  # height, width: MMPose divides x by the height
            losses['acc_pose'] = pck_accuracy(peaks(heatmaps[0]), peaks(target), weight, size)
        return losses

    def _targets(self, batch_data_samples: list[PoseDataSample]) -> tuple[Tensor, Tensor]:
        """Target heatmaps (B, K, H, W) and weights (B, K)."""
        labels = [sample.gt_instance_labels for sample in batch_data_samples]
        weight = torch.cat([label.keypoint_weights for label in labels])
        if all('gt_fields' in sample for sample in batch_data_samples):
            return torch.stack([s.gt_fields.heatmaps for s in batch_data_samples]), weight
        codec = self.decoder
        for name, size in (('input_keypoints', codec.input_size), ('keypoint_labels', (1, 1))):
            if getattr(codec, 'unbiased', False) and all(name in label for label in labels):
                keypoints = torch.cat([label.get(name) for label in labels])  # (B, K, 2)
                return draw_heatmaps(keypoints, weight, size, codec.heatmap_size, codec.sigma)
        raise InputError(
            'The head draws heatmaps, but the samples have no targets that fit: give '
            "train_dataloader's pipeline a GenerateTarget whose encoder is the codec of "
            'head.decoder (or of head.auxiliary_head.decoder), or, if that is an unbiased '
            'MSRAHeatmap, a CoordinateTarget.'
        )

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
