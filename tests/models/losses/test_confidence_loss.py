# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from conftest import GOLDEN
from sdpose.errors import InputError
from sdpose.models import ConfidenceLoss
from sdpose.models.losses.confidence_loss import read_heatmaps


@pytest.fixture
def golden():
    return {key: torch.as_tensor(value) for key, value in np.load(GOLDEN / 'losses.npz').items()}


@pytest.mark.parametrize('compiled', [False, True])
def test_value_and_gradients_equal_the_published(golden, compiled):
    loss = ConfidenceLoss(loss_weight=1)
    if compiled:
        loss = torch.compile(loss, fullgraph=True, backend='eager')
    confidence, coordinate = golden['score'].requires_grad_(), golden['pred'].requires_grad_()
    weight = golden['target_weight'][..., 0]
    value = loss(confidence, coordinate, golden['teacher_heatmap'], weight)
    value.backward()
    assert value.item() == pytest.approx(golden['loss_score'].item(), rel=1e-6)
    torch.testing.assert_close(confidence.grad, golden['grad_score'])
    assert coordinate.grad is None


def test_heatmaps_are_read_at_pixel_centres():
    heatmap = torch.arange(12.0).view(1, 1, 3, 4).expand(1, 5, 3, 4)
    coordinate = torch.tensor([[[0, 0], [1, 1], [0.4, 0.5], [-0.01, 0.5], [0.5, 1.01]]])
    torch.testing.assert_close(
        read_heatmaps(heatmap, coordinate)[0], torch.tensor([0, 11, 5, 0, 0.0])
    )


def test_teacher_of_other_keypoints():
    with pytest.raises(InputError, match=r'predicts 17 keypoints, but its teacher .* of 14'):
        ConfidenceLoss()(
            torch.rand(2, 17, 1), torch.rand(2, 17, 2), torch.rand(2, 14, 8, 6), torch.ones(2, 17)
        )
