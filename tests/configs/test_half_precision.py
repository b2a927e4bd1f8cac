# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Every config trains a step in float16, as on V100s, which have no bfloat16.

Autocast on the CPU stands in for them. The head's pixels, the softmax, means of tokens and the
teacher must not overflow. Gradients may, until the scaler has found its scale, in a few steps.
"""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.config import Config
from test_all_configs import make_batch, use_data_roots
from torch.overrides import TorchFunctionMode

from conftest import CONFIG_FILES, CONFIGS, build_model
from sdpose.engine.config_file import merge_options

HALVINGS = 12  # of torch's first scale, 2**16, until a step is taken: RLE takes most of them
TRAINED = [path for path in CONFIG_FILES if '-student_' not in path.name]


class SumsInSinglePrecision(TorchFunctionMode):
    """Products of float16 numbers, summed in float32, as GPUs do it; processors take minutes."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func not in (F.conv2d, F.linear) or not torch.is_autocast_enabled('cpu'):
            return func(*args, **(kwargs or {}))
        rounded = [each.half().float() if torch.is_tensor(each) else each for each in args]
        with torch.autocast('cpu', enabled=False):
            return func(*rounded, **(kwargs or {})).half()


def losses_of(model, batch):
    losses = model(**batch, mode='loss')
    return {name: loss for name, loss in losses.items() if 'loss' in name}


@pytest.mark.slow
@pytest.mark.parametrize('path', TRAINED, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_step_in_float16(path, data_roots):
    cfg = merge_options(Config.fromfile(path), {})
    use_data_roots(cfg, data_roots)
    model = build_model(cfg)
    model.init_weights()
    batch = model.data_preprocessor(make_batch(cfg.train_dataloader, size=1), training=True)
    model.train()
    with torch.no_grad():
        expected = losses_of(model, batch)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler('cpu')
    for _ in range(HALVINGS + 1):
        with torch.autocast('cpu', torch.float16), SumsInSinglePrecision():
            losses = losses_of(model, batch)
        for name, loss in losses.items():
            assert loss.dtype == torch.float32
            torch.testing.assert_close(loss.detach(), expected[name], rtol=0.1, atol=1e-6)
        optimizer.zero_grad()
        scale = scaler.get_scale()
        scaler.scale(sum(losses.values())).backward()
        scaler.step(optimizer)
        scaler.update()
        if scaler.get_scale() == scale:
            break
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
