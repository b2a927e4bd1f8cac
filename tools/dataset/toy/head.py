# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Drawing of the head: a ball of hair with a face on its front."""

import numpy as np

from .canvas import Canvas, scale_colour
from .outfit import Outfit
from .skeleton import SIDES, Skeleton

_FACE_HALF_ANGLE = np.deg2rad(72)
_FACE_TILT = np.deg2rad(-20)  # the face sits below the head's equator, the hairline above
_EYE_WHITE = (235.0, 235.0, 235.0)
_EYE_DARK = (30.0, 25.0, 25.0)
_LIPS = (60.0, 50.0, 150.0)


def draw_head(canvas: Canvas, skeleton: Skeleton, outfit: Outfit, part: int) -> None:
    """Draws hair, ears and, where they turn to the viewer, the parts of the face."""
    centre, radius = skeleton.points['head'], skeleton.head_radius
    _draw_ears(canvas, skeleton, outfit, part, behind_head=True)
    crown = centre + 0.12 * radius * skeleton.head_axes[:, 1]
    canvas.rounded([centre, crown], [radius, radius], outfit.hair, part)
    face = _visible_face(skeleton.head_axes)
    if len(face) >= 3:
        canvas.polygon(centre[:2] + radius * face, outfit.skin, part)
    _draw_ears(canvas, skeleton, outfit, part, behind_head=False)
    _draw_features(canvas, skeleton, outfit, part)


def draw_long_hair(canvas: Canvas, skeleton: Skeleton, outfit: Outfit, part: int) -> None:
    """Draws hair that falls from the back of the head to the shoulders."""
    radius = skeleton.head_radius
    back = skeleton.points['head'] - 0.35 * radius * skeleton.head_axes[:, 2]
    tip = back - 1.5 * radius * skeleton.head_axes[:, 1]
    canvas.rounded([back, tip], [radius, 0.8 * radius], outfit.hair, part)


def _visible_face(head_axes: np.ndarray) -> np.ndarray:
    """Points of a unit ball, (N, 2), whose hull is the face as far as it can be seen."""
    polar, turn = np.meshgrid(np.linspace(0, _FACE_HALF_ANGLE, 12), np.linspace(0, 2 * np.pi, 32))
    cap = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)])
    cos, sin = np.cos(_FACE_TILT), np.sin(_FACE_TILT)
    tilt = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    points = (head_axes @ tilt @ cap.reshape(3, -1)).T
    return points[points[:, 2] > 0, :2]


def _draw_ears(
    canvas: Canvas, skeleton: Skeleton, outfit: Outfit, part: int, behind_head: bool
) -> None:
    for side in SIDES:
        ear = skeleton.points[f'{side}_ear']
        if (ear[2] < skeleton.points['head'][2]) == behind_head:
            radius = 0.24 * skeleton.head_radius
            canvas.rounded([ear], [radius], scale_colour(outfit.skin, 0.9), part)


def _draw_features(canvas: Canvas, skeleton: Skeleton, outfit: Outfit, part: int) -> None:
    points, radius = skeleton.points, skeleton.head_radius
    depth, mouth, nose = points['head'][2], points['mouth'], points['nose']
    for side in SIDES:
        eye = points[f'{side}_eye']
        if eye[2] > depth:
            canvas.line([eye, eye], 0.36 * radius, _EYE_WHITE, part)
            canvas.line([eye, eye], 0.22 * radius, _EYE_DARK, part)
    if mouth[2] > depth:
        half = 0.25 * radius * skeleton.head_axes[:, 0]
        canvas.line([mouth - half, mouth + half], 0.14 * radius, _LIPS, part)
    if nose[2] > depth - 0.2 * radius:
        bridge = nose - 0.25 * radius * skeleton.head_axes[:, 2]
        canvas.line([nose, bridge], 0.26 * radius, scale_colour(outfit.skin, 0.8), part)
