# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from conftest import GOLDEN
from sdpose.errors import InputError
from sdpose.models import TokenDistillationLoss, Tokens


@pytest.fixture
def golden():
    return {key: torch.as_tensor(value) for key, value in np.load(GOLDEN / 'losses.npz').items()}


def test_value_and_gradients_equal_the_published(golden):
    student = golden['token_student'].requires_grad_()
    teacher = golden['token_teacher'].requires_grad_()
    none = torch.zeros(3, 1, 32)
    loss = TokenDistillationLoss(keypoint_weight=1, visual_weight=1)
    losses = loss(Tokens(student, none), Tokens(teacher, none))
    losses['loss_kpt_token'].backward()
    assert losses['loss_kpt_token'].item() == pytest.approx(golden['loss_token'].item(), rel=1e-6)
    torch.testing.assert_close(student.grad, golden['grad_student'])
    torch.testing.assert_close(teacher.grad, golden['grad_teacher'])
    assert losses['loss_vis_token'] == 0


def make_cycles(*values):
    return [
        Tokens(
            torch.full((2, 3, 4), float(value), requires_grad=True),
            torch.full((2, 5, 4), 10.0 * value, requires_grad=True),
        )
        for value in values
    ]


def test_neighbouring_cycles_are_compared_and_summed():
    loss = TokenDistillationLoss(keypoint_weight=0.5, visual_weight=0.1)
    losses = loss.between_cycles(make_cycles(0, 1, 3))
    assert losses['loss_kpt_token'].item() == pytest.approx(0.5 * (1 + 4))
    assert losses['loss_vis_token'].item() == pytest.approx(0.1 * (100 + 400))


@pytest.mark.parametrize('detach_teacher', [False, True])
def test_gradient_reaches_the_teacher_unless_detached(detach_teacher):
    cycles = make_cycles(0, 1)
    losses = TokenDistillationLoss(detach_teacher=detach_teacher).between_cycles(cycles)
    sum(losses.values()).backward()
    assert cycles[0].keypoint.grad.any()
    assert (cycles[1].keypoint.grad is None) == detach_teacher
    assert (cycles[1].visual.grad is None) == detach_teacher


def test_one_cycle_has_no_teacher():
    with pytest.raises(InputError, match='only one cycle ran'):
        TokenDistillationLoss().between_cycles(make_cycles(0))


def test_half_precision_tokens_do_not_overflow():
    tokens = [Tokens(*(t.detach().half() * 300 for t in cycle)) for cycle in make_cycles(0, 1)]
    losses = TokenDistillationLoss(1, 1).between_cycles(tokens)
    assert losses['loss_vis_token'].item() == pytest.approx(3000.0**2)
