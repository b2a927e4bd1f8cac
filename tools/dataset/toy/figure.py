# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Drawing of one person: limbs, torso and head in painter's order, and what hides what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Layer, scale_colour
from .head import draw_head, draw_long_hair
from .outfit import Outfit
from .skeleton import SIDES, Skeleton

# segment: (landmark it starts at, landmark it ends at, start radius, end radius); in body heights
_SEGMENTS: dict[str, tuple[str, str, float, float]] = {
    'upper_arm': ('shoulder', 'elbow', 0.041, 0.033),
    'forearm': ('elbow', 'wrist', 0.032, 0.024),
    'hand': ('wrist', 'hand', 0.031, 0.024),
    'thigh': ('hip', 'knee', 0.058, 0.044),
    'shin': ('knee', 'ankle', 0.042, 0.028),
    'foot': ('ankle', 'toe', 0.031, 0.022),
}
# Nearer to the viewer by this much, in body heights, than the mean of the end points: sleeves lie
# on the shirt, the shirt's hem lies on the trousers, a hand lies on the cuff.
_DEPTH_BIAS = {'upper_arm': 0.02, 'forearm': 0.025, 'hand': 0.026, 'thigh': -0.015, 'foot': 0.01}
# joint: (segment that it belongs to, radius of its pad in body heights)
_PADS = {'elbow': ('forearm', 0.038), 'knee': ('shin', 0.047)}

PARTS: tuple[str, ...] = (
    'torso',
    'neck',
    'head',
    'hair',
    *(f'{side}_{segment}' for side in SIDES for segment in _SEGMENTS),
)
PART_NUMBER: dict[str, int] = {name: number for number, name in enumerate(PARTS, start=1)}
FACE_LANDMARKS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')

# A shoulder or hip counts as behind the torso once the body has turned this far into profile.
_PROFILE = 0.8
# A point of the face this far behind the head's middle (in radii) cannot be guessed any more.
_FACE_UNKNOWN = -0.45


@dataclass(frozen=True)
class Figure:
    """A drawn person.

    Attributes:
        skeleton: The posed body in image coordinates.
        layer: Its picture; ``layer.parts`` holds values of ``PART_NUMBER``.
    """

    skeleton: Skeleton
    layer: Layer


@dataclass(frozen=True)
class _Brush:
    depth: float
    draw: Callable[[], None]


def draw_figure(skeleton: Skeleton, outfit: Outfit, image_size: tuple[int, int]) -> Figure:
    """Draws a person, far parts first.

    Args:
        skeleton: The posed body in image coordinates.
        outfit: Colours and cuts.
        image_size: (width, height) in pixels; nothing is drawn outside.

    Returns:
        The figure with its picture.
    """
    x_min, y_min, x_max, y_max = skeleton.extent()
    margin = 0.16 * skeleton.scale
    canvas = Canvas((x_min - margin, y_min - margin, x_max + margin, y_max + margin), image_size)
    brushes = _trunk_brushes(canvas, skeleton, outfit)
    for side in SIDES:
        brushes += [_limb_brush(canvas, skeleton, outfit, side, name) for name in _SEGMENTS]
        brushes += [_pad_brush(canvas, skeleton, outfit, side, joint) for joint in _PADS]
    for brush in sorted(brushes, key=lambda brush: brush.depth):
        brush.draw()
    return Figure(skeleton, canvas.to_layer())


def self_visibility(figure: Figure, landmark: str) -> int:
    """Says whether a landmark inside the image is hidden by the person's own body.

    Args:
        figure: The drawn person.
        landmark: Name of a COCO keypoint, ``top_head`` or ``neck``.

    Returns:
        2 if it can be seen, 1 if the body covers it, 0 if nobody could tell where it is (the far
        side of the face, which COCO's annotators leave out).
    """
    skeleton = figure.skeleton
    point = skeleton.points[landmark]
    if landmark in FACE_LANDMARKS:
        radius = skeleton.body.head_radius * skeleton.scale
        depth = (point[2] - skeleton.points['head'][2]) / radius
        if depth < -0.1:
            return 0 if depth < _FACE_UNKNOWN else 1
    side, _, joint = landmark.partition('_')
    if joint in ('shoulder', 'hip'):
        across = point - skeleton.points['right_' + joint if side == 'left' else 'left_' + joint]
        if across[2] < -_PROFILE * np.linalg.norm(across):
            return 1
    part = _part_at(figure.layer, point)
    return 2 if part == 0 or PARTS[part - 1] in _owners(landmark) else 1


def _part_at(layer: Layer, point: np.ndarray) -> int:
    x, y = round(point[0]) - layer.x, round(point[1]) - layer.y
    height, width = layer.parts.shape
    return int(layer.parts[y, x]) if 0 <= x < width and 0 <= y < height else 0


def _owners(landmark: str) -> set[str]:
    """The parts whose surface shows a landmark."""
    if landmark in FACE_LANDMARKS or landmark == 'top_head':
        return {'head', 'hair'}
    if landmark == 'neck':
        return {'neck', 'torso', 'hair'}
    side, _, joint = landmark.partition('_')
    segments = {f'{side}_{name}' for name, ends in _SEGMENTS.items() if joint in ends[:2]}
    return segments | {'torso'} if joint in ('shoulder', 'hip') else segments


def _limb_brush(
    canvas: Canvas, skeleton: Skeleton, outfit: Outfit, side: str, segment: str
) -> _Brush:
    start_name, end_name, *radii = _SEGMENTS[segment]
    ends = np.array([skeleton.points[f'{side}_{name}'] for name in (start_name, end_name)])
    widths = np.array(radii) * skeleton.body.girth * skeleton.scale
    part = PART_NUMBER[f'{side}_{segment}']

    def draw() -> None:
        canvas.rounded(ends, widths, outfit.limb_colour(segment), part)

    bias = _DEPTH_BIAS.get(segment, 0.0) * skeleton.scale
    return _Brush(float(ends[:, 2].mean() + bias), draw)


def _pad_brush(canvas: Canvas, skeleton: Skeleton, outfit: Outfit, side: str, joint: str) -> _Brush:
    segment, width = _PADS[joint]
    centre = skeleton.points[f'{side}_{joint}']
    radius = width * skeleton.body.girth * skeleton.scale
    part = PART_NUMBER[f'{side}_{segment}']
    # The pad lies on both segments that meet at the joint.
    depth = float(centre[2]) + 1.5 * radius
    return _Brush(depth, lambda: canvas.rounded([centre], [radius], outfit.pads[joint], part))


def _trunk_brushes(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> list[_Brush]:
    points, scale = skeleton.points, skeleton.scale
    neck_width = 0.036 * skeleton.body.girth * scale

    def draw_neck() -> None:
        ends = [points['neck'], points['head']]
        canvas.rounded(ends, [1.15 * neck_width, neck_width], outfit.skin, PART_NUMBER['neck'])

    head_depth, neck_depth = points['head'][2], points['neck'][2]
    torso_depth = (neck_depth + points['pelvis'][2]) / 2
    brushes = [
        _Brush(torso_depth, lambda: _draw_torso(canvas, skeleton, outfit)),
        _Brush(min(torso_depth, (neck_depth + head_depth) / 2) - 0.01 * scale, draw_neck),
        _Brush(
            head_depth + 0.03 * scale,
            lambda: draw_head(canvas, skeleton, outfit, PART_NUMBER['head']),
        ),
    ]
    if outfit.long_hair:
        backwards = -skeleton.head_axes[2, 2] * skeleton.body.head_radius * scale
        depth = head_depth + 0.03 * scale + (backwards if backwards > 0 else -0.2 * scale)
        hair = PART_NUMBER['hair']
        brushes.append(_Brush(depth, lambda: draw_long_hair(canvas, skeleton, outfit, hair)))
    return brushes


def _draw_torso(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> None:
    points, part = skeleton.points, PART_NUMBER['torso']
    girth = skeleton.body.girth * skeleton.scale
    pelvis = np.array([points['left_hip'], points['right_hip']])
    canvas.rounded(pelvis, [0.056 * girth] * 2, outfit.trousers, part)
    shoulders = [0.9 * points[f'{side}_shoulder'] + 0.1 * points['neck'] for side in SIDES]
    waist = 0.88 * pelvis + 0.12 * points['neck']
    centres = np.array([*shoulders, points['chest'], *waist])
    radii = np.array([0.038, 0.038, 0.07, 0.052, 0.052]) * girth
    canvas.rounded(centres, radii, outfit.shirt, part)
    _draw_stripes(canvas, skeleton, outfit)
    if skeleton.torso_axes[2, 2] > 0.1:
        _draw_shirt_front(canvas, skeleton, outfit)


def _draw_stripes(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> None:
    points, width = skeleton.points, 0.016 * skeleton.scale
    for share in np.linspace(0.2, 0.8, outfit.shirt_stripes):
        ends = [
            share * points[f'{side}_shoulder'] + (1 - share) * points[f'{side}_hip']
            for side in SIDES
        ]
        colour = scale_colour(outfit.shirt, 0.72)
        canvas.line(np.array(ends), width, colour, PART_NUMBER['torso'])


def _draw_shirt_front(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> None:
    """Collar and button line, which the back of the shirt has not."""
    left, up, forward = skeleton.torso_axes.T * skeleton.scale
    part, neck = PART_NUMBER['torso'], skeleton.points['neck'] + 0.045 * forward
    collar = np.array([neck + 0.04 * left, neck - 0.04 * left, neck - 0.065 * up])
    canvas.polygon(collar, outfit.skin, part)
    buttons = np.array([neck - 0.06 * up, neck - 0.26 * up])
    canvas.line(buttons, 0.02 * skeleton.scale, scale_colour(outfit.shirt, 0.4), part)
