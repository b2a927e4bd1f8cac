# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw what keypoint tokens attend to, by layer and cycle."""

import argparse
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from sdpose.cli import make_parser, parse_args_with_boxes, run_tool
from sdpose.errors import InputError
from sdpose.visualization.attention_weights import (
    LayerAttention,
    attention_of_cycles,
    patch_grid,
)
from sdpose.visualization.figures import check_figure_path, save_figure, show_over, show_picture
from sdpose.visualization.person_crop import (
    PersonCrop,
    add_person_arguments,
    find_keypoints,
    load_person,
)

LAYERS_PER_LINE = 6
DROPPED = '#3d4654'

EXAMPLES = """\
  # SDPose, figure 4: from the nose's token to the image, the second cycle above the first
  python tools/visualize/attention.py CONFIG CHECKPOINT person.jpg nose.png --test-cycles 2
  python tools/visualize/attention.py CONFIG CHECKPOINT street.jpg wrists.pdf \\
      --bbox 20,30,100,240 --keypoint left_wrist right_wrist --layers 0 6 11

  # SDPose, figure 5; DistilPose, figure 3: between keypoint tokens
  python tools/visualize/attention.py CONFIG CHECKPOINT person.jpg keypoints.png \\
      --between keypoints --test-cycles 2"""


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Draw what keypoint tokens attend to, by layer and cycle.', EXAMPLES)
    add_person_arguments(parser)
    parser.add_argument(
        '--between',
        choices=('image', 'keypoints'),
        default='image',
        help='attention of each --keypoint to the image (default), or between the keypoints '
        '(all of them, unless --keypoint names some)',
    )
    parser.add_argument('--test-cycles', type=int, help="cycles, instead of the config's")
    parser.add_argument(
        '--layers', type=int, nargs='+', metavar='N', help='counted from 0 (default: all)'
    )
    parser.add_argument('--head', type=int, help='one head, from 0 (default: the mean of all)')
    return parse_args_with_boxes(parser, arguments)


def choose_layers(
    cycles: list[list[LayerAttention]], layers: Sequence[int] | None
) -> dict[int, list[LayerAttention]]:
    """Return the asked-for layers: number -> attention in each cycle.

    Raises:
        InputError: One does not exist.
    """
    depth = len(cycles[0])
    chosen = list(range(depth)) if layers is None else list(dict.fromkeys(layers))
    for layer in chosen:
        if not 0 <= layer < depth:
            raise InputError(f'--layers {layer}: the layers are 0 to {depth - 1}.')
    return {layer: [cycle[layer] for cycle in cycles] for layer in chosen}


def weights_of(attention: LayerAttention, head: int | None) -> np.ndarray:
    """(K + V, K + V): one head's weights, or the mean over heads.

    Raises:
        InputError: There is no such head.
    """
    heads = attention.weights.numpy()
    if head is None:
        return heads.mean(axis=0)
    if not 0 <= head < len(heads):
        raise InputError(f'--head {head}: the heads are 0 to {len(heads) - 1}.')
    return heads[head]


def attention_map(
    attention: LayerAttention, keypoint: int, grid: tuple[int, int], head: int | None = None
) -> np.ndarray:
    """Attention of a keypoint token to the patches.

    Args:
        attention: Of a layer.
        keypoint: Number of the keypoint.
        grid: Rows and columns of patches.
        head: One head, or ``None`` for the mean.

    Returns:
        (rows, columns); not a number where the visual token has been dropped.
    """
    weights = weights_of(attention, head)
    num_keypoints = len(weights) - len(attention.visual)
    patches = np.full(grid[0] * grid[1], np.nan)
    patches[attention.visual.numpy()] = weights[keypoint, num_keypoints:]
    return patches.reshape(grid)


def draw_image_attention(
    crop: PersonCrop,
    layers: dict[int, list[LayerAttention]],
    keypoints: dict[str, int],
    grid: tuple[int, int],
    head: int | None = None,
) -> Figure:
    """Draw maps: layers from left to right, the last cycle on top, one block a keypoint.

    Args:
        crop: The person.
        layers: Attention in each cycle, by number of the layer.
        keypoints: Name -> number.
        grid: Rows and columns of patches.
        head: One head, or ``None`` for the mean.
    """
    height, width = crop.picture.shape[:2]
    lines = _lines(layers)
    num_cycles = len(next(iter(layers.values())))
    columns, rows = 1 + len(lines[0]), len(keypoints) * len(lines) * num_cycles
    panel = 1.6 if columns > 4 else 2.1
    size = (panel * columns, (panel * height / width + 0.25) * rows + 0.6)
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis('off')
    row = 0
    for name, keypoint in keypoints.items():
        for line in lines:
            _show_person(axes[row, 0], crop, name, keypoint)
            for cycle in reversed(range(num_cycles)):
                for axis, layer in zip(axes[row, 1:], line, strict=False):
                    field = attention_map(layers[layer][cycle], keypoint, grid, head)
                    _show_map(axis, crop.picture, field)
                    axis.set_title(_label(layer, cycle, num_cycles, field), fontsize=7)
                row += 1
    pruned = any(len(of.visual) < grid[0] * grid[1] for cycles in layers.values() for of in cycles)
    figure.suptitle(_title(head, pruned), fontsize=8)
    return figure


def draw_keypoint_attention(
    layers: dict[int, list[LayerAttention]], keypoints: dict[str, int], head: int | None = None
) -> Figure:
    """Draw matrices: layers from left to right, the last cycle on top.

    Args:
        layers: Attention in each cycle, by number of the layer.
        keypoints: Name -> number, the rows and columns of a matrix.
        head: One head, or ``None`` for the mean.
    """
    lines = _lines(layers)
    num_cycles = len(next(iter(layers.values())))
    columns, rows = len(lines[0]), len(lines) * num_cycles
    panel = max(1.5, 0.16 * len(keypoints))
    figure = Figure(figsize=(panel * columns + 1, panel * rows + 1.4), layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis('off')
    chosen = list(keypoints.values())
    for first, line in zip(range(0, rows, num_cycles), lines, strict=True):
        for cycle in range(num_cycles):
            row = first + num_cycles - 1 - cycle
            for column, layer in enumerate(line):
                axis = axes[row, column]
                matrix = weights_of(layers[layer][cycle], head)[np.ix_(chosen, chosen)]
                axis.imshow(matrix, cmap='viridis', vmin=0)
                axis.axis('on')
                _name_ticks(axis, list(keypoints), column == 0, cycle == 0)
                axis.set_title(_label(layer, cycle, num_cycles, matrix), fontsize=7)
    figure.supylabel('a token that attends ...', fontsize=8)
    figure.supxlabel('... to another token', fontsize=8)
    figure.suptitle(_title(head, pruned=False), fontsize=8)
    return figure


def _lines(layers: dict[int, list[LayerAttention]]) -> list[list[int]]:
    numbers = list(layers)
    return [numbers[i : i + LAYERS_PER_LINE] for i in range(0, len(numbers), LAYERS_PER_LINE)]


def _show_person(axis: Axes, crop: PersonCrop, name: str, keypoint: int) -> None:
    show_picture(axis, crop.picture)
    axis.plot(*crop.keypoints[keypoint], 'o', color='white', markersize=6, markeredgecolor='black')
    axis.set_title(f'{name} (predicted)', fontsize=7)


def _show_map(axis: Axes, picture: np.ndarray, field: np.ndarray) -> None:
    show_over(axis, picture, field, np.nanmax(field), tiles=True)
    height, width = picture.shape[:2]
    axis.imshow(
        np.ma.masked_where(~np.isnan(field), np.ones_like(field)),
        cmap=ListedColormap([DROPPED]),
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
    )


def _name_ticks(axis: Axes, names: list[str], rows: bool, columns: bool) -> None:
    """Name all keypoints at the rows and columns, or leave them bare."""
    ticks = range(len(names))
    axis.set_xticks(ticks, names if columns else [''] * len(names), rotation=90, fontsize=6)
    axis.set_yticks(ticks, names if rows else [''] * len(names), fontsize=6)
    axis.tick_params(length=0)


def _label(layer: int, cycle: int, num_cycles: int, field: np.ndarray) -> str:
    where = f'layer {layer}' + (f', cycle {cycle + 1}' if num_cycles > 1 else '')
    return f'{where}\nmax {np.nanmax(field):.3f}'


def _title(of_heads: int | None, pruned: bool) -> str:
    heads = 'mean of all heads' if of_heads is None else f'head {of_heads}'
    dropped = '\ndark: dropped visual tokens' if pruned else ''
    return f'Attention, {heads}\ncolours from 0 to the maximum above each picture{dropped}'


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw and save."""
    args = parse_args(arguments)
    check_figure_path(args.out)
    inferencer, crop = load_person(args, args.test_cycles)
    names = list(inferencer.dataset_meta['keypoint_id2name'].values())
    default = names[:1] if args.between == 'image' else names
    chosen = args.keypoint or default
    keypoints = dict(zip(chosen, find_keypoints(chosen, names), strict=True))
    layers = choose_layers(attention_of_cycles(inferencer.model, crop.inputs), args.layers)
    if args.between == 'image':
        grid = patch_grid(inferencer.model.neck)
        figure = draw_image_attention(crop, layers, keypoints, grid, args.head)
    else:
        figure = draw_keypoint_attention(layers, keypoints, args.head)
    save_figure(figure, args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    run_tool(main)
