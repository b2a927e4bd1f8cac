# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Heatmap-to-regression distillation."""

from collections.abc import Callable
from typing import Any

import torch
from mmpose.models.pose_estimators.base import BasePoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.heads.keypoint_regression_head import KeypointRegressionHead
from sdpose.models.pose_estimators.frozen_teacher import FrozenTeacher, TeacherOutput
from sdpose.models.pose_estimators.token_pose_estimator import TokenPoseEstimator
from sdpose.models.regression_output import RegressionOutput


@MODELS.register_module()
class DistilPose(TokenPoseEstimator):
    """A regression model that a frozen heatmap model teaches (DistilPose, CVPR 2023, figure 2).

    To its head's own loss it adds up to three of the teacher's; each can be left out. With the
    head's loss alone it is the paper's baseline. The teacher is loaded when training starts, with
    the initial weights: evaluation and deployment do not need it, and checkpoints hold the student
    alone.

    Args:
        backbone: Config of the student's backbone.
        head: Config of the student's head, a regression head.
        teacher: ``config`` and ``checkpoint`` of the teacher, a heatmap model of the same input
            size and normalization.
        token_loss: :class:`TokenDistillationLoss`; student and teacher have as many tokens of the
            same width.
        simulated_heatmap_loss: :class:`SimulatedHeatmapLoss`.
        confidence_loss: :class:`ConfidenceLoss`.
        allow_random_teacher: Go on with random weights where the teacher's checkpoint is missing.
        **kwargs: Those of :class:`TokenPoseEstimator`.

    Raises:
        InputError: The head is no regression head, or has confidences that nothing trains, or
            the student has several cycles.
    """

    _teacher: FrozenTeacher | None = None  # until it is asked for

    @checked
    def __init__(
        self,
        backbone: dict,
        head: dict,
        teacher: dict,
        token_loss: dict | None = None,
        simulated_heatmap_loss: dict | None = None,
        confidence_loss: dict | None = None,
        allow_random_teacher: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone=backbone, head=head, **kwargs)
        if not isinstance(self.head, KeypointRegressionHead):
            raise InputError(
                f'DistilPose teaches regression heads like TokenRegressionHead, not {head["type"]}.'
            )
        if confidence_loss:
            self.head.confidence_is_taught = True
        else:
            self.head.check_score_is_trained()
        num_cycles = getattr(getattr(self, 'neck', None), 'num_cycles', 1)
        if num_cycles > 1 or getattr(self.head, 'token_loss', None):
            raise InputError(
                'A teacher teaches a student of one cycle: set neck.num_cycles=1 and remove '
                'head.token_loss, or take TokenPoseEstimator, whose cycles teach each other.'
            )
        if unknown := set(teacher) - {'config', 'checkpoint'}:
            raise InputError(f'model.teacher has a config and a checkpoint, but no {min(unknown)}.')
        self._teacher_config = teacher
        self._allow_random_teacher = allow_random_teacher
        self.token_loss = _build(token_loss)
        self.simulated_heatmap_loss = _build(simulated_heatmap_loss)
        self.confidence_loss = _build(confidence_loss)

    @property
    def teacher(self) -> FrozenTeacher:
        """The teacher, loaded when it is first asked for.

        Raises:
            InputError: Its config or checkpoint is missing or wrong, or its input is another one
                than the student's.
        """
        if self._teacher is None:
            self._teacher = self._load_teacher()
        return self._teacher

    def init_weights(self) -> None:
        """Initialize the student, and load the teacher before anything slow begins."""
        super().init_weights()
        _ = self._uses_teacher and self.teacher

    def loss(self, inputs: Tensor, data_samples: list[PoseDataSample]) -> dict[str, Tensor]:
        """Compute the student's own loss and those of its teacher.

        Args:
            inputs: Normalized images, (B, 3, H, W).
            data_samples: B samples with keypoint labels and weights.

        Returns:
            What the head's loss returns; and, as configured, ``loss_kpt_token`` and
            ``loss_vis_token``, ``loss_heatmap``, ``loss_confidence``.
        """
        feats = self.extract_feat(inputs)
        outputs = self.head.outputs_of_cycles(feats)
        losses = self.head.losses_of(outputs, feats, data_samples)
        if self._uses_teacher:
            teacher = self.teacher(inputs)
            losses.update(self._teacher_losses(outputs[-1], feats, data_samples, teacher))
        return losses

    @property
    def _uses_teacher(self) -> bool:
        return any((self.token_loss, self.simulated_heatmap_loss, self.confidence_loss))

    def _teacher_losses(
        self,
        output: RegressionOutput,
        feats: Any,
        data_samples: list[PoseDataSample],
        teacher: TeacherOutput,
    ) -> dict[str, Tensor]:
        weight = torch.cat([s.gt_instance_labels.keypoint_weights for s in data_samples])  # (B, K)
        losses: dict[str, Tensor] = {}
        if self.token_loss:
            losses.update(self.token_loss(feats[-1], teacher.tokens))
        if self.simulated_heatmap_loss:
            losses['loss_heatmap'] = self.simulated_heatmap_loss(
                output.coordinate, output.sigma, teacher.heatmap, weight
            )
        if self.confidence_loss:
            losses['loss_confidence'] = self.confidence_loss(
                output.confidence, output.coordinate, teacher.heatmap, weight
            )
        return losses

    def _load_teacher(self) -> FrozenTeacher:
        teacher = FrozenTeacher.load(
            self._teacher_config['config'],
            self._teacher_config.get('checkpoint'),
            self._allow_random_teacher,
        )
        self._check_same_input(teacher)
        teacher.model.to(next(self.parameters()))  # its device and type
        return teacher

    def _check_same_input(self, teacher: FrozenTeacher) -> None:
        ours, theirs = tuple(self.head.decoder.input_size), teacher.input_size
        if ours != theirs:
            raise InputError(
                f'The student reads images of {ours} pixels (w, h), but its teacher {teacher.name} '
                f'of {theirs}. Give a teacher of the same input size.'
            )
        if _normalization(self) != _normalization(teacher.model):
            raise InputError(
                f'The student and its teacher {teacher.name} normalize images differently: mean, '
                'std and bgr_to_rgb of their data_preprocessor must be the same.'
            )

    def _apply(self, fn: Callable, *args: Any, **kwargs: Any) -> 'DistilPose':
        """Take the teacher along wherever ``to()``, ``cuda()`` and their like take the student."""
        super()._apply(fn, *args, **kwargs)
        if self._teacher is not None:
            self._teacher.model._apply(fn, *args, **kwargs)
        return self


def _normalization(model: BasePoseEstimator) -> tuple:
    """Mean, standard deviation and order of the channels."""
    preprocessor = model.data_preprocessor
    numbers = (getattr(preprocessor, name, None) for name in ('mean', 'std'))
    lists = (None if number is None else number.flatten().tolist() for number in numbers)
    return (*lists, getattr(preprocessor, '_channel_conversion', False))


def _build(loss: dict | None) -> Any:
    return MODELS.build(loss) if loss else None
