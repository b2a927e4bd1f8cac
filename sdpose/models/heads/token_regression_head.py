# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The regression head of DistilPose and SDPose-Reg (TokenReg)."""

from collections.abc import Sequence
from typing import Any

from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.heads.keypoint_regression_head import NUM_CHANNELS, KeypointRegressionHead
from sdpose.models.regression_output import RegressionOutput
from sdpose.models.tokens import Tokens, keypoint_tokens_of


@MODELS.register_module()
class TokenRegressionHead(KeypointRegressionHead):
    """One linear layer that reads a keypoint's location off its token (DistilPose section 3).

    The loss is summed over all cycles, and ``token_loss`` lets each cycle teach the one before it
    (SDPose-Reg). ``auxiliary_head`` draws heatmaps of the same tokens while training: the
    heatmap-auxiliary training that DistilPose compares with.

    Args:
        in_channels: Width D of a token.
        num_joints: Number K of keypoints.
        token_loss: :class:`TokenDistillationLoss` between neighbouring cycles, or ``None``.
        auxiliary_head: :class:`TokenHeatmapHead`, which needs target heatmaps beside the
            coordinates; or ``None``. Predictions do not use it.
        **kwargs: Those of :class:`KeypointRegressionHead`.

    Raises:
        InputError: The auxiliary head has a token loss of its own.
    """

    reads_keypoint_tokens_only = True

    @checked
    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        token_loss: dict | None = None,
        auxiliary_head: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_joints, **kwargs)
        self.in_channels = in_channels
        self.token_loss = MODELS.build(token_loss) if token_loss else None
        if auxiliary_head and auxiliary_head.get('token_loss'):
            raise InputError(
                'head.auxiliary_head adds the loss of its heatmaps alone: set head.token_loss, and '
                'remove head.auxiliary_head.token_loss.'
            )
        self.auxiliary_head = MODELS.build(auxiliary_head) if auxiliary_head else None
        self.mlp = nn.Sequential(nn.LayerNorm(in_channels), nn.Linear(in_channels, NUM_CHANNELS))

    def outputs_of_cycles(self, feats: Sequence[Tokens]) -> tuple[RegressionOutput, ...]:
        """Predict from each cycle's keypoint tokens, with the same weights.

        Args:
            feats: Tokens of N cycles; keypoint tokens are (B, K, D).

        Raises:
            InputError: There are no tokens, or of another number or width than the head was built
                for.
        """
        keypoint_tokens = keypoint_tokens_of(feats, self.num_joints, self.in_channels)
        channels = self.mlp(keypoint_tokens).chunk(len(feats))  # N x (B, K, 5)
        return tuple(RegressionOutput.from_channels(of_cycle) for of_cycle in channels)

    def losses_of(
        self,
        outputs: Sequence[RegressionOutput],
        feats: Sequence[Tokens],
        batch_data_samples: list[PoseDataSample],
    ) -> dict[str, Tensor]:
        """Compute the losses of all cycles.

        Returns:
            Those of :class:`KeypointRegressionHead`; with a token loss also ``loss_kpt_token``
            and ``loss_vis_token``, with an auxiliary head ``loss_heatmap``.
        """
        losses = super().losses_of(outputs, feats, batch_data_samples)
        if self.token_loss is not None:
            losses.update(self.token_loss.between_cycles(feats))
        if self.auxiliary_head is not None:
            of_heatmaps = self.auxiliary_head.loss(
                feats, batch_data_samples, dict(compute_acc=False)
            )
            losses['loss_heatmap'] = of_heatmaps['loss_kpt']
        return losses
