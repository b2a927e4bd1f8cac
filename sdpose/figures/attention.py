# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What keypoint tokens attend to: SDPose figures 4 and 5, DistilPose figure 3(b)."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from sdpose.apis import PoseInferencer
from sdpose.errors import InputError
from sdpose.figures.attention_weights import LayerAttention, attention_of_cycles
from sdpose.figures.canvas import make_panels, show_over, show_picture
from sdpose.figures.person_crop import PersonCrop, find_keypoints

LAYERS_PER_LINE = 6
DROPPED = '#3d4654'

Layers = dict[int, list[LayerAttention]]  # number of a layer -> its attention in each cycle


def draw_attention(
    inferencer: PoseInferencer,
    crop: PersonCrop,
    between: str = 'image',
    names: Sequence[str] | None = None,
    layers: Sequence[int] | None = None,
    head: int | None = None,
) -> Figure:
    """Draw the attention of keypoint tokens of one person.

    Args:
        inferencer: With the model.
        crop: The person.
        between: ``image``: from each keypoint to the patches; ``keypoints``: among keypoints.
        names: Of keypoints; by default the first one, or all of them among keypoints.
        layers: Their numbers; by default all.
        head: One head, or ``None`` for the mean.

    Raises:
        InputError: The model has no transformer, no such keypoint, layer or head.
    """
    known = inferencer.keypoint_names
    keypoints = find_keypoints(names or (known[:1] if between == 'image' else known), known)
    chosen = choose_layers(attention_of_cycles(inferencer.model, crop.inputs), layers)
    if between == 'keypoints':
        return _draw_matrices(chosen, keypoints, head)
    return _draw_maps(crop, chosen, keypoints, inferencer.model.neck.grid, head)


def choose_layers(cycles: list[list[LayerAttention]], layers: Sequence[int] | None) -> Layers:
    """Return the asked-for layers.

    Raises:
        InputError: One does not exist.
    """
    depth = len(cycles[0])
    for layer in layers or ():
        if not 0 <= layer < depth:
            raise InputError(f'--layers {layer}: the layers are 0 to {depth - 1}.')
    chosen = range(depth) if layers is None else layers
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


def _draw_maps(
    crop: PersonCrop,
    layers: Layers,
    keypoints: dict[str, int],
    grid: tuple[int, int],
    head: int | None,
) -> Figure:
    """Maps: layers from left to right, the last cycle on top, one block a keypoint."""
    num_cycles, block, columns = _layout(layers)
    rows = block * len(keypoints)
    height, width = crop.picture.shape[:2]
    panel = 1.6 if columns > 3 else 2.1
    size = (panel * (1 + columns), (panel * height / width + 0.25) * rows + 0.6)
    figure, axes = make_panels(rows, 1 + columns, size)
    for first, (name, keypoint) in zip(range(0, rows, block), keypoints.items(), strict=True):
        for axis in axes[first : first + block : num_cycles, 0]:
            show_picture(axis, crop.picture)
            x, y = crop.keypoints[keypoint]
            axis.plot(x, y, 'o', color='white', markersize=6, markeredgecolor='black')
            axis.set_title(f'{name} (predicted)', fontsize=7)
        for axis, label, attention in _panels(axes[first : first + block, 1:], layers):
            field = attention_map(attention, keypoint, grid, head)
            dropped = np.isnan(field)
            image = show_over(axis, crop.picture, field, np.nanmax(field), tiles=True)
            dark = np.ma.masked_where(~dropped, dropped)
            axis.imshow(dark, cmap=ListedColormap([DROPPED]), extent=image.get_extent())
            axis.set_title(f'{label}\nmax {np.nanmax(field):.3f}', fontsize=7)
    pruned = any(len(of.visual) < grid[0] * grid[1] for cycles in layers.values() for of in cycles)
    _set_title(figure, head, '\ndark: dropped visual tokens' if pruned else '')
    return figure


def _draw_matrices(layers: Layers, keypoints: dict[str, int], head: int | None) -> Figure:
    """Matrices of keypoints: layers from left to right, the last cycle on top."""
    num_cycles, rows, columns = _layout(layers)
    panel = max(1.5, 0.16 * len(keypoints))
    figure, axes = make_panels(rows, columns, (panel * columns + 1, panel * rows + 1.4))
    chosen = list(keypoints.values())
    for axis, label, attention in _panels(axes, layers):
        matrix = weights_of(attention, head)[np.ix_(chosen, chosen)]
        axis.imshow(matrix, cmap='viridis', vmin=0)
        axis.set_title(f'{label}\nmax {matrix.max():.3f}', fontsize=7)
        axis.axis('on')
        axis.set(xticks=[], yticks=[])
        axis.tick_params(length=0)
    ticks, names = range(len(chosen)), list(keypoints)
    for axis in axes[:, 0]:  # the names stand on the left of each row, and below each line
        axis.set_yticks(ticks, names, fontsize=6)
    for axis in axes[num_cycles - 1 :: num_cycles].flat:
        axis.set_xticks(ticks, names, rotation=90, fontsize=6)
    figure.supylabel('a token that attends ...', fontsize=8)
    figure.supxlabel('... to another token', fontsize=8)
    _set_title(figure, head)
    return figure


def _layout(layers: Layers) -> tuple[int, int, int]:
    """Number of cycles, and rows and columns of panels; long models take several lines."""
    num_cycles = len(next(iter(layers.values())))
    num_lines = -(-len(layers) // LAYERS_PER_LINE)
    return num_cycles, num_lines * num_cycles, min(len(layers), LAYERS_PER_LINE)


def _panels(axes: np.ndarray, layers: Layers) -> Iterator[tuple[Axes, str, LayerAttention]]:
    """The place, the name and the attention of each layer in each cycle."""
    for position, (layer, cycles) in enumerate(layers.items()):
        line, column = divmod(position, LAYERS_PER_LINE)
        for cycle, attention in enumerate(cycles):
            row = (line + 1) * len(cycles) - 1 - cycle
            label = f'layer {layer}' + (f', cycle {cycle + 1}' if len(cycles) > 1 else '')
            yield axes[row, column], label, attention


def _set_title(figure: Figure, head: int | None, more: str = '') -> None:
    heads = 'mean of all heads' if head is None else f'head {head}'
    title = f'Attention, {heads}\ncolours from 0 to the maximum above each picture{more}'
    figure.suptitle(title, fontsize=8)
