# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from conftest import GOLDEN
from sdpose.errors import InputError
from sdpose.models import SimulatedHeatmapLoss
from sdpose.models.losses.simulated_heatmap_loss import simulate_heatmaps


@pytest.fixture
def golden():
    return {key: torch.as_tensor(value) for key, value in np.load(GOLDEN / 'losses.npz').items()}


def test_simulated_heatmaps_equal_the_published(golden):
    simulated = simulate_heatmaps(golden['pred'], golden['sigma'], (64, 48))
    torch.testing.assert_close(simulated[:, :, ::4, ::4], golden['simulated_heatmap'])


def test_value_and_gradients_equal_the_published(golden):
    coordinate, sigma = golden['pred'].requires_grad_(), golden['sigma'].requires_grad_()
    weight = golden['target_weight'][..., 0]
    loss = SimulatedHeatmapLoss()(coordinate, sigma, golden['teacher_heatmap'], weight)
    loss.backward()
    assert loss.item() == pytest.approx(golden['loss_sim'].item(), rel=1e-6)
    torch.testing.assert_close(coordinate.grad, golden['grad_pred'], rtol=1e-4, atol=1e-8)
    torch.testing.assert_close(sigma.grad, golden['grad_sigma'], rtol=1e-4, atol=1e-8)


def test_gaussian_is_1_at_its_centre_and_falls_by_its_sigmas():
    coordinate, sigma = torch.tensor([[[0.5, 0.25]]]), torch.tensor([[[2.0, 4.0]]])
    (heatmap,) = simulate_heatmaps(coordinate, sigma, (16, 8))[0]
    assert heatmap[4, 4] == 1  # row 0.25 * 16, column 0.5 * 8
    assert heatmap[4, 6].item() == pytest.approx(np.exp(-0.5))
    assert heatmap[8, 4].item() == pytest.approx(np.exp(-0.5))


def test_keypoints_beyond_3_sigma_do_not_count():
    sigma, teacher = torch.ones(1, 1, 2), torch.ones(1, 1, 10, 10)
    weight = torch.ones(1, 1)

    def loss(x):
        return SimulatedHeatmapLoss()(torch.tensor([[[x, 0.5]]]), sigma, teacher, weight).item()

    assert loss(1.29) > 0.5  # 3 sigma are 0.3 of the map's width
    assert loss(1.31) == 0
    assert loss(-0.29) > 0.5
    assert loss(-0.31) == 0


def test_gradients_stay_numbers_where_a_sigma_vanishes():
    coordinate = torch.full((1, 1, 2), 0.5, requires_grad=True)
    sigma = torch.full((1, 1, 2), 1e-20, requires_grad=True)
    loss = SimulatedHeatmapLoss()(coordinate, sigma, torch.rand(1, 1, 8, 6), torch.ones(1, 1))
    loss.backward()
    assert coordinate.grad.isfinite().all()
    assert sigma.grad.isfinite().all()


def test_unlabelled_keypoints_do_not_count_and_the_weight_scales():
    coordinate, sigma = torch.rand(2, 3, 2), torch.ones(2, 3, 2)
    teacher = torch.rand(2, 3, 8, 6)
    none = SimulatedHeatmapLoss()(coordinate, sigma, teacher, torch.zeros(2, 3))
    assert none == 0
    once, twice = (
        SimulatedHeatmapLoss(weight)(coordinate, sigma, teacher, torch.ones(2, 3))
        for weight in (1, 2)
    )
    assert twice.item() == pytest.approx(2 * once.item())


def test_one_graph_without_breaks(golden):
    loss = torch.compile(SimulatedHeatmapLoss(), fullgraph=True, backend='eager')
    weight = golden['target_weight'][..., 0]
    value = loss(golden['pred'], golden['sigma'], golden['teacher_heatmap'], weight)
    assert value.item() == pytest.approx(golden['loss_sim'].item(), rel=1e-6)


def test_teacher_of_other_keypoints():
    arguments = torch.rand(2, 17, 2), torch.ones(2, 17, 2), torch.rand(2, 14, 8, 6)
    with pytest.raises(InputError, match=r'predicts 17 keypoints, but its teacher .* of 14'):
        SimulatedHeatmapLoss()(*arguments, torch.ones(2, 17))


@pytest.mark.parametrize('weight', [-1, float('nan'), float('inf'), None, '1', True])
def test_weights_that_are_none(weight):
    with pytest.raises(InputError, match='SimulatedHeatmapLoss: loss_weight='):
        SimulatedHeatmapLoss(weight)
