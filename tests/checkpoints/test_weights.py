# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch

from sdpose.checkpoints.weights import FLOATS, check_weights
from sdpose.errors import InputError

NAN, INFINITY = float('nan'), float('inf')


@pytest.mark.parametrize('dtype', FLOATS)
@pytest.mark.parametrize(
    ('value', 'word'), [(NAN, 'NaN'), (INFINITY, 'infinity'), (-INFINITY, 'inf')]
)
def test_one_number_that_is_not_finite(dtype, value, word):
    weights = dict(good=torch.zeros(3, dtype=dtype), bad=torch.zeros(2, 500, dtype=dtype).T)
    check_weights(weights, weights, 'a.pth')
    weights['bad'][321, 1] = value
    with pytest.raises(
        InputError, match=rf'a\.pth: the weight bad is not finite \({word}.*Take an earlier'
    ):
        check_weights(weights, weights, 'a.pth')


def test_moving_averages_and_the_optimizer_as_well():
    bad = torch.tensor([1, NAN])
    for part, content in {
        'ema_state_dict': dict(weight=bad),
        'optimizer': dict(state={0: dict(exp_avg=bad)}),
        "optimizer'": dict(one=dict(state={0: dict(exp_avg=bad)})),
    }.items():
        with pytest.raises(InputError, match=f'its {part[:9]}.* is not finite'):
            check_weights({}, {part.strip("'"): content}, 'a.pth')
    check_weights({}, dict(message_hub=bad, meta=dict(loss=bad)), 'a.pth')


def test_nesting_without_end_is_looked_at_once():
    nested = {}
    for _ in range(60):
        nested = dict(a=nested, b=nested)
    nested['self'] = nested
    check_weights({}, dict(optimizer=nested), 'a.pth')


@pytest.mark.parametrize('dtype', [torch.complex64, torch.float8_e4m3fn])
def test_other_numbers(dtype):
    with pytest.raises(InputError, match=rf'the weight tokens has numbers of type {dtype}'):
        check_weights(dict(tokens=torch.ones(1, dtype=dtype)), {}, 'a.pth')


def test_integers():
    check_weights(dict(num_batches_tracked=torch.tensor(1), empty=torch.empty(0)), {}, 'a.pth')
    for name in ('a.weight', 'a.bias'):
        with pytest.raises(InputError, match=rf'the weight {name} has numbers of type torch.int64'):
            check_weights({name: torch.tensor(1)}, {}, 'a.pth')
