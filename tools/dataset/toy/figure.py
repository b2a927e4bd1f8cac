# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Drawing of one person: limbs, torso and head in painter's order, and what hides what."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .canvas import Canvas, Layer, scale_colour
from .head import draw_head, draw_long_hair
from .outfit import Outfit
from .skeleton import SIDES, Skeleton

# segment: (landmark it starts at, landmark it ends at, start radius, end radius, depth bias); in
# body heights. The segment is nearer to the viewer by the bias than the mean of its ends: sleeves
# lie on the shirt, the shirt's hem lies on the trousers, a hand lies on the cuff.
_SEGMENTS: dict[str, tuple[str, str, float, float, float]] = {
    'upper_arm': ('shoulder', 'elbow', 0.041, 0.033, 0.02),
    'forearm': ('elbow', 'wrist', 0.032, 0.024, 0.025),
    'hand': ('wrist', 'hand', 0.031, 0.024, 0.026),
    'thigh': ('hip', 'knee', 0.058, 0.044, -0.015),
    'shin': ('knee', 'ankle', 0.042, 0.028, 0.0),
    'foot': ('ankle', 'toe', 0.031, 0.022, 0.01),
}
# joint: (segment that it belongs to, radius of its pad in body heights)
_PADS = {'elbow': ('forearm', 0.038), 'knee': ('shin', 0.047)}

PARTS: tuple[str, ...] = (
    'torso',
    'neck',
    'head',
    'hair',
    *(f'{side}_{segment}' for side in SIDES for segment in _SEGMENTS),
)
PART_NUMBER = {name: number for number, name in enumerate(PARTS, start=1)}
FACE_LANDMARKS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')

# A shoulder or hip counts as behind the torso once the body has turned this far into profile.
_PROFILE = 0.8
# A point of the face this far behind the head's middle (in radii) cannot be guessed any more.
_FACE_UNKNOWN = -0.45

Brush = tuple[float, Callable[[], None]]  # depth, larger is nearer, and what to draw there


@dataclass(frozen=True)
class Figure:
    """A drawn person.

    Attributes:
        skeleton: The posed body in image coordinates.
        layer: Its picture; ``layer.parts`` holds values of ``PART_NUMBER``.
    """

    skeleton: Skeleton
    layer: Layer


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
        brushes += _limb_brushes(canvas, skeleton, outfit, side)
    for _, draw in sorted(brushes, key=lambda brush: brush[0]):
        draw()
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
    points, layer = figure.skeleton.points, figure.layer
    point = points[landmark]
    if landmark in FACE_LANDMARKS:
        depth = (point[2] - points['head'][2]) / figure.skeleton.head_radius
        if depth < -0.1:
            return 0 if depth < _FACE_UNKNOWN else 1
    side, _, joint = landmark.partition('_')
    if joint in ('shoulder', 'hip'):
        across = point - points['right_' + joint if side == 'left' else 'left_' + joint]
        if across[2] < -_PROFILE * np.linalg.norm(across):
            return 1
    part = layer.parts[round(point[1]) - layer.y, round(point[0]) - layer.x]
    return 2 if part == 0 or PARTS[part - 1] in _owners(landmark) else 1


def _owners(landmark: str) -> set[str]:
    """The parts whose surface shows a landmark."""
    if landmark in FACE_LANDMARKS or landmark == 'top_head':
        return {'head', 'hair'}
    if landmark == 'neck':
        return {'neck', 'torso', 'hair'}
    side, _, joint = landmark.partition('_')
    segments = {f'{side}_{name}' for name, ends in _SEGMENTS.items() if joint in ends[:2]}
    return segments | {'torso'} if joint in ('shoulder', 'hip') else segments


def _limb_brushes(canvas: Canvas, skeleton: Skeleton, outfit: Outfit, side: str) -> list[Brush]:
    """Arm and leg of one side, and the pads on their joints."""
    points, scale = skeleton.points, skeleton.scale
    brushes: list[Brush] = []
    for segment, (start, end, *radii, bias) in _SEGMENTS.items():
        ends = np.array([points[f'{side}_{start}'], points[f'{side}_{end}']])
        shape = ends, np.array(radii) * skeleton.girth
        colour, part = outfit.limb_colour(segment), PART_NUMBER[f'{side}_{segment}']
        depth = ends[:, 2].mean() + bias * scale
        brushes.append((depth, partial(canvas.rounded, *shape, colour, part)))
    for joint, (segment, width) in _PADS.items():
        centre, radius = points[f'{side}_{joint}'], width * skeleton.girth
        colour, part = outfit.pads[joint], PART_NUMBER[f'{side}_{segment}']
        # The pad lies on both segments that meet at the joint.
        depth = centre[2] + 1.5 * radius
        brushes.append((depth, partial(canvas.rounded, [centre], [radius], colour, part)))
    return brushes


def _trunk_brushes(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> list[Brush]:
    points, scale = skeleton.points, skeleton.scale
    head, neck, what = points['head'], points['neck'], (canvas, skeleton, outfit)
    width = 0.036 * skeleton.girth
    neck_shape = [neck, head], [1.15 * width, width]
    torso_depth = (neck[2] + points['pelvis'][2]) / 2
    neck_depth = min(torso_depth, (neck[2] + head[2]) / 2) - 0.01 * scale
    head_depth = head[2] + 0.03 * scale
    brushes: list[Brush] = [
        (torso_depth, partial(_draw_torso, *what)),
        (neck_depth, partial(canvas.rounded, *neck_shape, outfit.skin, PART_NUMBER['neck'])),
        (head_depth, partial(draw_head, *what, PART_NUMBER['head'])),
    ]
    if outfit.long_hair:
        backwards = -skeleton.head_axes[2, 2] * skeleton.head_radius
        depth = head_depth + (backwards if backwards > 0 else -0.2 * scale)
        brushes.append((depth, partial(draw_long_hair, *what, PART_NUMBER['hair'])))
    return brushes


def _draw_torso(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> None:
    points, girth, part = skeleton.points, skeleton.girth, PART_NUMBER['torso']
    hips = np.array([points['left_hip'], points['right_hip']])
    canvas.rounded(hips, [0.056 * girth] * 2, outfit.trousers, part)
    shoulders = np.array([points['left_shoulder'], points['right_shoulder']])
    top, waist = 0.9 * shoulders + 0.1 * points['neck'], 0.88 * hips + 0.12 * points['neck']
    centres = [*top, points['chest'], *waist]
    radii = np.array([0.038, 0.038, 0.07, 0.052, 0.052]) * girth
    canvas.rounded(centres, radii, outfit.shirt, part)
    for share in np.linspace(0.2, 0.8, outfit.shirt_stripes):
        stripe = share * shoulders + (1 - share) * hips
        canvas.line(stripe, 0.016 * skeleton.scale, scale_colour(outfit.shirt, 0.72), part)
    if skeleton.torso_axes[2, 2] > 0.1:
        _draw_shirt_front(canvas, skeleton, outfit)


def _draw_shirt_front(canvas: Canvas, skeleton: Skeleton, outfit: Outfit) -> None:
    """Collar and button line, which the back of the shirt has not."""
    left, up, forward = skeleton.torso_axes.T * skeleton.scale
    part, neck = PART_NUMBER['torso'], skeleton.points['neck'] + 0.045 * forward
    collar = np.array([neck + 0.04 * left, neck - 0.04 * left, neck - 0.065 * up])
    canvas.polygon(collar, outfit.skin, part)
    buttons = [neck - 0.06 * up, neck - 0.26 * up]
    canvas.line(buttons, 0.02 * skeleton.scale, scale_colour(outfit.shirt, 0.4), part)
