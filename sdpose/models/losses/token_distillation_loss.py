# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Distillation of tokens."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.tokens import Tokens


@MODELS.register_module()
class TokenDistillationLoss(nn.Module):
    """Mean squared error between a student's tokens and its teacher's.

    Args:
        keypoint_weight: Weight of the keypoint tokens' loss (alpha_1 of SDPose equation 4).
        visual_weight: Weight of the visual tokens' loss (alpha_2).
        detach_teacher: Whether to keep gradients out of the teacher. The published SDPose lets
            them into the later cycle too, which is the default.
    """

    @checked
    def __init__(
        self,
        keypoint_weight: float = 5e-6,
        visual_weight: float = 5e-6,
        detach_teacher: bool = False,
    ) -> None:
        super().__init__()
        self.keypoint_weight = keypoint_weight
        self.visual_weight = visual_weight
        self.detach_teacher = detach_teacher

    def forward(self, student: Tokens, teacher: Tokens | None) -> dict[str, Tensor]:
        """Compare the tokens of a student with its teacher's.

        Args:
            student: Keypoint tokens (B, K, D) and visual tokens (B, P, D).
            teacher: Tokens of the same shapes; ``None`` stands for a model that has none.

        Returns:
            ``loss_kpt_token`` and ``loss_vis_token``, scalars.

        Raises:
            InputError: The teacher has no tokens, or of another number or width.
        """
        teacher = _comparable(student, teacher)
        if self.detach_teacher:
            teacher = Tokens(*(tokens.detach() for tokens in teacher))
        # Mean squared errors are taken in float32: under autocast tokens may be half precision.
        keypoint_error, visual_error = (
            F.mse_loss(ours.float(), theirs.float())
            for ours, theirs in zip(student, teacher, strict=True)
        )
        return dict(
            loss_kpt_token=self.keypoint_weight * keypoint_error,
            loss_vis_token=self.visual_weight * visual_error,
        )

    def between_cycles(self, cycles: Sequence[Tokens]) -> dict[str, Tensor]:
        """Let each cycle but the first teach the one before it (SDPose equations 1 and 2).

        Args:
            cycles: Tokens of two or more cycles, first cycle first.

        Returns:
            ``loss_kpt_token`` and ``loss_vis_token``, each summed over neighbouring cycles.

        Raises:
            InputError: There is one cycle only.
        """
        if len(cycles) < 2:
            raise InputError(
                'head.token_loss lets each cycle teach the one before it, but only one cycle '
                'ran. Set neck.num_cycles to 2 or more, or remove head.token_loss.'
            )
        pairs = [self(*pair) for pair in pairwise(cycles)]
        return {name: torch.stack([pair[name] for pair in pairs]).sum() for name in pairs[0]}


def _comparable(student: Tokens, teacher: Tokens | None) -> Tokens:
    if not isinstance(student, Tokens) or teacher is None:
        raise InputError('token_loss compares tokens, but the student or its teacher has none.')
    for kind, ours, theirs in zip(Tokens._fields, student, teacher, strict=True):
        if ours.shape != theirs.shape:
            raise InputError(
                f'token_loss needs tokens of the same number and width, but the student has '
                f'{ours.shape[1]} {kind} tokens of width {ours.shape[2]}, its teacher '
                f'{theirs.shape[1]} of {theirs.shape[2]}. Give another teacher, or no token_loss.'
            )
    return teacher
