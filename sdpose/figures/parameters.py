# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The distributions of two checkpoints' parameters, layer by layer: SDPose figure 2."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from sdpose.checkpoints.compatibility import refuse_published
from sdpose.checkpoints.safe_loading import get_state_dict, load_checkpoint_file
from sdpose.errors import InputError
from sdpose.figures.canvas import make_panels, markdown_table

LAYER = re.compile(r'neck\.layers\.\d+(?=\.)')
COLORS = ('tab:blue', 'tab:orange')
NUM_BINS = 80

Layers = dict[str, np.ndarray]  # ``neck.layers.N`` -> all weights of the layer, (n,)


def compare_parameters(
    paths: Sequence[Path], names: Sequence[str] | None = None, near_zero: float = 0.01
) -> tuple[Figure, str]:
    """Draw the distributions of two checkpoints' weights, one panel a layer.

    Args:
        paths: Two checkpoints with the same layers.
        names: What to call them; by default as their files.
        near_zero: A weight w is near zero if |w| is smaller; it is drawn as a grey band.

    Returns:
        The figure, and a table of variances and of the shares of weights near zero.

    Raises:
        InputError: A checkpoint cannot be read, they have other layers, or the threshold is not
            positive.
    """
    if not near_zero > 0:
        raise InputError(f'--near-zero {near_zero:g}: the threshold must be positive.')
    names = names or distinct_names(paths)
    both = [read_layers(path) for path in paths]
    sizes = [{layer: len(weights) for layer, weights in of.items()} for of in both]
    for layer in [*sizes[0], *sizes[1]]:
        first, second = (of.get(layer, 0) for of in sizes)
        if first != second:
            raise InputError(
                f'The checkpoints differ in the size of {layer}: {first:,} and {second:,} weights.'
            )
    return _draw(both, names, near_zero), _table(both, names, near_zero)


def read_layers(path: Path) -> Layers:
    """Read the weights of the linear maps in each transformer layer of a checkpoint.

    Args:
        path: Checkpoint.

    Returns:
        In the order of the layers, float64.

    Raises:
        InputError: The file is missing, broken, has no such layers, or weights that are no numbers.
    """
    state_dict = get_state_dict(load_checkpoint_file(path), str(path))
    refuse_published(state_dict, str(path))
    layers = defaultdict(list)
    for name, value in state_dict.items():
        match = LAYER.match(name)
        if match and isinstance(value, torch.Tensor) and value.ndim >= 2:
            layers[match[0]].append(value.double().numpy().ravel())
    if not layers:
        raise InputError(f'{path} has no transformer layers (neck.layers.N.*) to compare.')
    order = sorted(layers, key=lambda name: int(name.rpartition('.')[2]))
    return {name: np.concatenate(layers[name]) for name in order}


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Names of files; with their folders where the files' names are the same."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    return [f'{path.resolve().parent.name}/{path.stem}' for path in paths]


def _near_zero(weights: np.ndarray, threshold: float) -> str:
    return f'{(np.abs(weights) < threshold).mean():.1%}'


def _table(both: Sequence[Layers], names: Sequence[str], near_zero: float) -> str:
    head = ['layer', 'weights', *(f'{name} variance' for name in names)]
    rows = [head + [f'{name} \\|w\\| < {near_zero:g}' for name in names]]
    for layer, weights in both[0].items():
        cells = [layer, f'{len(weights):,}', *(f'{of[layer].var():.3e}' for of in both)]
        rows.append(cells + [_near_zero(of[layer], near_zero) for of in both])
    return markdown_table(rows)


def _draw(both: Sequence[Layers], names: Sequence[str], near_zero: float) -> Figure:
    columns = min(4, len(both[0]))
    rows = -(-len(both[0]) // columns)
    figure, axes = make_panels(rows, columns, (max(5, 3.4 * columns), 2.8 * rows))
    # a few far weights would leave the others no room
    reach = max(np.quantile(np.abs(weights), 0.999) for of in both for weights in of.values())
    bins = np.linspace(-reach, reach, NUM_BINS + 1)
    for axis, layer in zip(axes.flat, both[0], strict=False):
        axis.axis('on')
        axis.axvspan(-near_zero, near_zero, color='0.9', linewidth=0)
        for of, name, color in zip(both, names, COLORS, strict=True):
            weights = of[layer]
            density = np.histogram(weights, bins)[0] / (len(weights) * (bins[1] - bins[0]))
            near = _near_zero(weights, near_zero)
            label = f'{name}\nvar {weights.var():.2e}, near 0: {near}'
            axis.stairs(density, bins, fill=True, color=color, alpha=0.25)
            axis.stairs(density, bins, color=color, label=label)
        axis.set_title(layer, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.locator_params(axis='x', nbins=5)
        axis.set(xlim=(-reach, reach), ylim=(0, axis.get_ylim()[1] * 1.45))  # room for the legend
        axis.legend(fontsize=7, loc='upper center', frameon=False)
    figure.supxlabel(f'weight; grey: |w| < {near_zero:g}', fontsize=9)
    figure.supylabel('density', fontsize=9)
    return figure
