# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the machine can do: matrix products at a model's own shapes, and copies in memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.functional import conv2d, linear
from torch.overrides import TorchFunctionMode
from torch.utils.benchmark import Timer

from sdpose.models.packed_linear import pack_linear_layers

SECONDS = 0.05  # for which each product is timed
COPIED_BYTES = 2**28  # no cache holds as much


class Product(NamedTuple):
    """A matrix product: (rows, inner) times (inner, columns)."""

    rows: int
    inner: int
    columns: int

    @property
    def multiply_adds(self) -> int:
        """How many it takes."""
        return self.rows * self.inner * self.columns


def products_of(run: Callable[[], Any]) -> Counter[Product]:
    """Find the products that a model's layers are.

    A linear layer is one; a convolution without groups amounts to one, of its output's pixels.

    Args:
        run: Runs the model, which may be without numbers, on the device ``meta``.
    """
    found: Counter[Product] = Counter()
    with _Products(found):
        run()
    return found


class _Products(TorchFunctionMode):
    def __init__(self, found: Counter[Product]) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(
        self, func: Callable, types: Any, args: Sequence = (), kwargs: dict | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if func is linear or (func is conv2d and _groups(*args, **(kwargs or {})) == 1):
            columns, inner = args[1].flatten(1).shape
            self.found[Product(output.numel() // columns, inner, columns)] += 1
        return output


def _groups(*args: Any, groups: int = 1, **others: Any) -> int:
    return args[6] if len(args) > 6 else groups


def product_rate(
    products: Counter[Product], batch_size: int, device: str, dtype: torch.dtype, threads: int
) -> float:
    """Multiply-adds a second of some products, one after the other, nothing in between.

    Args:
        products: Of one image.
        batch_size: Images; each has its own rows.
        device: Where.
        dtype: Of the matrices.
        threads: Of the CPU.
    """
    batch = {
        each._replace(rows=each.rows * batch_size): number for each, number in products.items()
    }
    seconds = sum(
        number * _product_seconds(each, device, dtype, threads) for each, number in batch.items()
    )
    return sum(number * each.multiply_adds for each, number in batch.items()) / seconds


def copy_rate(device: str) -> float:
    """Bytes a second that are read and written while memory is copied."""
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8, device=device)
    seconds = _seconds('target.copy_(source)', source=source, target=torch.empty_like(source))
    return 2 * COPIED_BYTES / seconds


@cache
def _product_seconds(product: Product, device: str, dtype: torch.dtype, threads: int) -> float:
    rows, inner, columns = product
    values = torch.randn(rows, inner, device=device).to(dtype)
    layer = nn.Linear(inner, columns, bias=False, device=device, dtype=dtype)
    packed = deepcopy(layer)
    pack_linear_layers(packed)
    with torch.no_grad():
        return min(_seconds('run(a)', threads, run=run, a=values) for run in (layer, packed))


def _seconds(statement: str, threads: int | None = None, **values: Any) -> float:
    timer = Timer(statement, globals=values, num_threads=threads or torch.get_num_threads())
    return min(timer.blocked_autorange(min_run_time=SECONDS).times)  # a limit is the best one seen
