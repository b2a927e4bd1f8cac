# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Compare the distributions of two checkpoints' parameters, layer by layer."""

import argparse
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from sdpose.checkpoints.fit import refuse_published
from sdpose.checkpoints.safe_loading import get_state_dict, load_checkpoint_file
from sdpose.cli import make_parser, run_tool
from sdpose.errors import InputError
from sdpose.visualization.figures import check_figure_path, save_figure

LAYER = re.compile(r'neck\.layers\.(\d+)\.')
COLORS = ('tab:blue', 'tab:orange')
NUM_BINS = 80

EXAMPLES = """\
  # SDPose, figure 2
  python tools/visualize/parameters.py tokenpose.pth sdpose.pth parameters.png
  python tools/visualize/parameters.py tokenpose.pth sdpose.pth parameters.pdf \\
      --names baseline self-distilled --near-zero 0.005"""


@dataclass(frozen=True)
class Summary:
    """The distribution of some parameters.

    Attributes:
        count: How many.
        variance: Mean squared distance from their mean.
        near_zero: Share, 0..1, whose absolute value is below the threshold.
    """

    count: int
    variance: float
    near_zero: float


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        "Compare the distributions of two checkpoints' parameters, layer by layer. "
        "A layer's parameters are the weights of its linear maps, without norms and biases.",
        EXAMPLES,
    )
    parser.add_argument('checkpoints', type=Path, nargs=2, metavar='CHECKPOINT', help='two of them')
    parser.add_argument('out', type=Path, help='figure to write (.png, .pdf, .jpg)')
    parser.add_argument('--names', nargs=2, help="what to call them (default: their files' names)")
    parser.add_argument(
        '--near-zero',
        type=float,
        default=1e-2,
        metavar='W',
        help='a parameter w is near zero if |w| < W (default: 0.01)',
    )
    return parser.parse_args(arguments)


def read_layers(path: Path) -> dict[str, np.ndarray]:
    """Read the weights of the linear maps in each transformer layer of a checkpoint.

    Args:
        path: Checkpoint.

    Returns:
        ``neck.layers.N`` -> all weights of the layer, (n,), float64; in the order of N.

    Raises:
        InputError: The file is missing, broken, or has no such layers.
    """
    state_dict = get_state_dict(load_checkpoint_file(path), str(path))
    refuse_published(state_dict, str(path))
    layers = defaultdict(list)
    for name, value in state_dict.items():
        match = LAYER.match(name)
        if match and isinstance(value, torch.Tensor) and value.ndim >= 2:
            layers[int(match[1])].append(value.double().numpy().ravel())
    if not layers:
        raise InputError(f'{path} has no transformer layers (neck.layers.N.*) to compare.')
    return {f'neck.layers.{number}': np.concatenate(layers[number]) for number in sorted(layers)}


def check_same_layers(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    """Check that two checkpoints can be compared layer by layer.

    Raises:
        InputError: They have other layers, or layers of other sizes.
    """
    if list(first) != list(second):
        raise InputError(
            f'The checkpoints differ in their layers: {len(first)} up to {list(first)[-1]}, and '
            f'{len(second)} up to {list(second)[-1]}.'
        )
    for name, weights in first.items():
        if len(weights) != len(second[name]):
            raise InputError(
                f'The checkpoints differ in the size of {name}: {len(weights):,} and '
                f'{len(second[name]):,} weights.'
            )


def summarise(weights: np.ndarray, near_zero: float, layer: str) -> Summary:
    """Summarise the weights of one layer, (n,).

    Raises:
        InputError: Some are not numbers.
    """
    if not np.isfinite(weights).all():
        raise InputError(f'Weights of {layer} are not numbers: a training diverged.')
    return Summary(len(weights), float(weights.var()), float((np.abs(weights) < near_zero).mean()))


def markdown_table(layers: Sequence[dict[str, Summary]], names: Sequence[str], near: float) -> str:
    """Write the summaries of both checkpoints as a table."""
    head = ['layer', 'weights']
    head += [f'{name} variance' for name in names]
    head += [f'{name} \\|w\\| < {near:g}' for name in names]
    lines = [head, ['---'] * len(head)]
    for layer in layers[0]:
        both = [of[layer] for of in layers]
        lines.append(
            [layer, f'{both[0].count:,}']
            + [f'{summary.variance:.3e}' for summary in both]
            + [f'{summary.near_zero:.1%}' for summary in both]
        )
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def draw(
    weights: Sequence[dict[str, np.ndarray]],
    summaries: Sequence[dict[str, Summary]],
    names: Sequence[str],
    near_zero: float,
) -> Figure:
    """Draw the distributions of both checkpoints, one panel a layer.

    Args:
        weights: Of each checkpoint: layer -> (n,).
        summaries: Of each checkpoint, for the legends.
        names: Of the checkpoints.
        near_zero: Threshold, drawn as a grey band.
    """
    layers = list(weights[0])
    columns = min(4, len(layers))
    rows = -(-len(layers) // columns)
    figure = Figure(figsize=(max(5, 3.4 * columns), 2.8 * rows), layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for axis in axes.flat[len(layers) :]:
        axis.axis('off')
    # a few far weights would leave the others no room
    reach = max(np.quantile(np.abs(of), 0.999) for each in weights for of in each.values())
    bins = np.linspace(-reach, reach, NUM_BINS + 1)
    width = bins[1] - bins[0]
    for axis, layer in zip(axes.flat, layers, strict=False):
        axis.axvspan(-near_zero, near_zero, color='0.9', linewidth=0)
        for each, summary, name, color in zip(weights, summaries, names, COLORS, strict=True):
            counts, _ = np.histogram(each[layer], bins)
            density = counts / (len(each[layer]) * width)
            found = summary[layer]
            label = f'{name}\nvar {found.variance:.2e}, near 0: {found.near_zero:.1%}'
            axis.stairs(density, bins, fill=True, color=color, alpha=0.25)
            axis.stairs(density, bins, color=color, label=label)
        axis.set_title(layer, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.locator_params(axis='x', nbins=5)
        axis.set_ylim(0, axis.get_ylim()[1] * 1.45)  # room for the legend
        axis.legend(fontsize=7, loc='upper center', frameon=False)
    figure.supxlabel(f'weight; grey: |w| < {near_zero:g}', fontsize=9)
    figure.supylabel('density', fontsize=9)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, draw and save."""
    args = parse_args(arguments)
    check_figure_path(args.out)
    if not args.near_zero > 0:
        raise InputError(f'--near-zero {args.near_zero:g}: the threshold must be positive.')
    weights = [read_layers(path) for path in args.checkpoints]
    check_same_layers(*weights)
    summaries = [
        {layer: summarise(of_layer, args.near_zero, layer) for layer, of_layer in each.items()}
        for each in weights
    ]
    names = args.names or distinct_names(args.checkpoints)
    save_figure(draw(weights, summaries, names, args.near_zero), args.out)
    print(markdown_table(summaries, names, args.near_zero))
    print(f'\nWrote {args.out}.')


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Names of files; with their folders where the files' names are the same."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    return [f'{path.resolve().parent.name}/{path.stem}' for path in paths]


if __name__ == '__main__':
    run_tool(main)
