# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What regression heads share: losses, flip test and decoding."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import InstanceData
from mmpose.models.heads.base_head import BaseHead
from mmpose.models.losses import RLELoss
from mmpose.models.utils.tta import flip_coordinates
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from sdpose.errors import InputError
from sdpose.models.pck import pck_accuracy
from sdpose.models.regression_output import RegressionOutput

NUM_CHANNELS = 5  # x, y, confidence, sigma_x, sigma_y
DEFAULT_LOSS = dict(type='SmoothL1Loss', use_target_weight=True)
DEFAULT_INIT_CFG = dict(type='TruncNormal', layer='Linear', std=0.02)


class KeypointRegressionHead(BaseHead):
    """Predict x, y, a confidence and a sigma for each keypoint (DistilPose section 3).

    Subclasses turn features into the five channels. One loss supervises the coordinates here; what
    a teacher teaches, :class:`DistilPose` adds.

    Args:
        num_joints: Number K of keypoints.
        decoder: Codec, :class:`RegressionWithConfidence`.
        loss: Loss of the coordinates: MMPose's ``RLELoss``, which reads the sigmas too, or one
            that takes (coordinates, labels, weights), such as ``SmoothL1Loss``.
        score: The score of a keypoint. ``confidence`` is what :class:`ConfidenceLoss` trains;
            ``sigma``, 1 - mean(sigmoid(raw sigma)), is RLE's; ``one`` is for a model that was
            trained with neither.
        init_cfg: MMEngine's initialization config; linear layers truncated normal 0.02 by default.

    Attributes:
        confidence_is_taught: Whether a :class:`ConfidenceLoss` trains the confidences;
            :class:`DistilPose` sets it.

    Raises:
        InputError: ``score`` is none of the three.
    """

    def __init__(
        self,
        num_joints: int,
        decoder: dict,
        loss: dict = DEFAULT_LOSS,
        score: str = 'confidence',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or DEFAULT_INIT_CFG)
        if score not in ('confidence', 'sigma', 'one'):
            raise InputError(f'head.score={score!r} is none of confidence, sigma, one.')
        self.num_joints = num_joints
        self.decoder = KEYPOINT_CODECS.build(decoder)
        self.loss_module = MODELS.build(loss)
        self.score = score
        self.confidence_is_taught = False

    @abstractmethod
    def outputs_of_cycles(self, feats: Sequence[Any]) -> tuple[RegressionOutput, ...]:
        """Predict from each cycle that ran; from the only map where there are no cycles."""

    def forward(self, feats: Sequence[Any]) -> RegressionOutput:
        """Predict from the last cycle that ran.

        Args:
            feats: What the neck gives.
        """
        return self.outputs_of_cycles(feats[-1:])[0]

    def keypoint_scores(self, output: RegressionOutput) -> Tensor:
        """Compute the score (B, K) of each keypoint, as ``score`` says."""
        if self.score == 'sigma':
            return 1 - output.raw_sigma.sigmoid().mean(-1)
        if self.score == 'one':
            return torch.ones_like(output.confidence[..., 0])
        return output.confidence[..., 0]

    def predict(
        self,
        feats: Sequence[Any],
        batch_data_samples: list[PoseDataSample],
        test_cfg: dict | None = None,
    ) -> list[InstanceData]:
        """Predict keypoints and scores, in pixels of the input.

        Args:
            feats: What the neck gives; with ``flip_test`` a list of two, the second one from the
                mirrored images.
            batch_data_samples: B samples; the first tells ``flip_indices`` and ``input_size``.
            test_cfg: ``flip_test``, and ``shift_coords`` (default ``True``): a mirrored pixel i
                is at w - 1 - i, not at w - i.

        Returns:
            For each sample its ``keypoints`` (1, K, 2) and ``keypoint_scores`` (1, K).
        """
        test_cfg = test_cfg or {}
        if not test_cfg.get('flip_test', False):
            return self.decode(self._scored_coordinates(self(feats))[:, None])
        original, mirrored = (self._scored_coordinates(self(each)) for each in feats)
        metainfo = batch_data_samples[0].metainfo
        unmirrored = flip_coordinates(
            mirrored,
            flip_indices=metainfo['flip_indices'],
            shift_coords=test_cfg.get('shift_coords', True),
            input_size=metainfo['input_size'],
        )  # left and right of coordinates and scores are swapped
        return self.decode(((original + unmirrored) / 2)[:, None])

    def loss(
        self,
        feats: Sequence[Any],
        batch_data_samples: list[PoseDataSample],
        train_cfg: dict | None = None,
    ) -> dict[str, Tensor]:
        """Compute the loss of the coordinates of all cycles.

        Args:
            feats: What the neck gives.
            batch_data_samples: B samples with keypoint labels and weights.
            train_cfg: Not used.

        Returns:
            ``loss_kpt``, summed over cycles; and ``acc_pose``, the share of keypoints that the
            first cycle, the one that inference runs, puts within 5 % of the input's size.

        Raises:
            InputError: Nothing trains what ``score`` reads.
        """
        return self.losses_of(self.outputs_of_cycles(feats), feats, batch_data_samples)

    def losses_of(
        self,
        outputs: Sequence[RegressionOutput],
        feats: Sequence[Any],
        batch_data_samples: list[PoseDataSample],
    ) -> dict[str, Tensor]:
        """Compute what :meth:`loss` returns, where predictions are at hand.

        Args:
            outputs: What :meth:`outputs_of_cycles` makes of ``feats``.
            feats: What the neck gives.
            batch_data_samples: B samples with keypoint labels and weights.
        """
        self.check_score_is_trained()
        labels = [sample.gt_instance_labels for sample in batch_data_samples]
        target = torch.cat([label.keypoint_labels for label in labels])  # (B, K, 2)
        weight = torch.cat([label.keypoint_weights for label in labels])  # (B, K)
        with torch.autocast(target.device.type, enabled=False):  # RLE's flow overflows in float16
            cycle_losses = [self._coordinate_loss(output, target, weight) for output in outputs]
        accuracy = pck_accuracy(outputs[0].coordinate, target, weight, (1, 1))
        return dict(loss_kpt=torch.stack(cycle_losses).sum(), acc_pose=accuracy)

    def check_score_is_trained(self) -> None:
        """Refuse to train a model whose scores would stay noise.

        Raises:
            InputError: ``score`` is the confidence, and no teacher trains it.
        """
        if self.score == 'confidence' and not self.confidence_is_taught:
            raise InputError(
                "head.score='confidence' needs the confidence_loss of a DistilPose, which trains "
                'the confidences: train the config that has a teacher. Without one set '
                "head.score='one', or 'sigma' with an RLELoss."
            )

    def _coordinate_loss(self, output: RegressionOutput, target: Tensor, weight: Tensor) -> Tensor:
        weight = weight[..., None]  # (B, K, 1)
        if isinstance(self.loss_module, RLELoss):
            return self.loss_module(output.coordinate, output.raw_sigma, target, weight)
        return self.loss_module(output.coordinate, target, weight)

    def _scored_coordinates(self, output: RegressionOutput) -> Tensor:
        """(B, K, 3): x, y and the score."""
        return torch.cat([output.coordinate, self.keypoint_scores(output)[..., None]], dim=-1)
