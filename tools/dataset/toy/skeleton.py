# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A 3-D skeleton by forward kinematics, and its orthographic view.

The body frame has x to the person's own left, y up and z forward; lengths are fractions of the
body height. The camera frame has x right, y down and z towards the viewer, in pixels. A person
who faces the camera therefore has the left shoulder at the larger image x.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.spatial.transform import Rotation

from .pose import ArmAngles, LegAngles, Pose

SIDES: dict[str, int] = {'left': 1, 'right': -1}
DOWN = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True)
class Body:
    """Lengths of the body parts in body heights, and the girth that scales their widths."""

    head_radius: float = 0.074
    neck: float = 0.045
    torso: float = 0.29
    shoulder_half_width: float = 0.112
    hip_half_width: float = 0.062
    upper_arm: float = 0.165
    forearm: float = 0.145
    hand: float = 0.045
    thigh: float = 0.235
    shin: float = 0.235
    foot: float = 0.095
    girth: float = 1.0


@dataclass(frozen=True)
class View:
    """Where the camera stands: angles in degrees, ``scale`` in pixels per body height.

    At yaw 0 the person faces the camera, at 90 the image's right-hand side, at 180 away.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0

    def matrix(self) -> np.ndarray:
        """Returns the (3, 3) map from the body frame to the camera frame."""
        rotation = Rotation.from_euler('ZXY', (self.roll, self.pitch, self.yaw), degrees=True)
        return self.scale * np.diag([1.0, -1.0, 1.0]) @ rotation.as_matrix()


@dataclass(frozen=True)
class Skeleton:
    """A posed body in the camera frame.

    Attributes:
        points: Landmark name to (x, y, z) in pixels, z towards the viewer.
        head_axes: (3, 3) unit columns: the head's left, up and forward.
        torso_axes: (3, 3) unit columns: the torso's left, up and forward.
        body: The proportions it was made from.
        scale: Pixels per body height.
    """

    points: dict[str, np.ndarray]
    head_axes: np.ndarray
    torso_axes: np.ndarray
    body: Body
    scale: float

    def moved(self, dx: float, dy: float) -> Skeleton:
        """Returns the skeleton shifted in the image by (dx, dy) pixels."""
        shift = np.array([dx, dy, 0.0])
        points = {name: point + shift for name, point in self.points.items()}
        return Skeleton(points, self.head_axes, self.torso_axes, self.body, self.scale)

    def extent(self) -> tuple[float, float, float, float]:
        """Returns the landmarks' (x_min, y_min, x_max, y_max) in pixels."""
        xy = np.array(list(self.points.values()))[:, :2]
        return (*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist())


def sample_body(rng: np.random.Generator) -> Body:
    """Draws a body whose proportions differ by a few per cent from the average adult's."""
    average = Body()
    values = {
        f.name: getattr(average, f.name) * float(rng.uniform(0.93, 1.07)) for f in fields(Body)
    }
    # A somewhat large head keeps the face readable in a 128x96 crop.
    values['head_radius'] *= float(rng.uniform(1.0, 1.25))
    values['girth'] = float(rng.uniform(1.0, 1.35))
    return Body(**values)


def sample_view(rng: np.random.Generator, scale: float) -> View:
    """Draws a view: mostly front and three-quarter, sometimes back or profile."""
    facing = rng.choice(['front', 'three_quarter', 'profile', 'back'], p=[0.55, 0.2, 0.05, 0.2])
    centre, spread = {
        'front': (0, 14),
        'three_quarter': (42, 12),
        'profile': (88, 10),
        'back': (180, 22),
    }[str(facing)]
    yaw = float(rng.choice([-1, 1]) * rng.normal(centre, spread))
    return View(yaw, float(rng.uniform(-6, 18)), float(rng.normal(0, 3)), scale)


def build_skeleton(pose: Pose, body: Body, view: View) -> Skeleton:
    """Poses a body and looks at it.

    Args:
        pose: Joint angles.
        body: Proportions.
        view: Camera; the pelvis projects to the image origin.

    Returns:
        The skeleton in the camera frame.
    """
    trunk = pose.trunk
    torso = Rotation.from_euler(
        'YXZ', (trunk.spine_twist, trunk.spine_flexion, trunk.spine_lateral), degrees=True
    )
    head = torso * Rotation.from_euler(
        'YXZ', (trunk.neck_turn, trunk.neck_flexion, trunk.neck_lateral), degrees=True
    )
    points = {'pelvis': np.zeros(3)}
    points |= _torso_points(body, torso)
    points |= _head_points(body, head, points['neck'])
    for side in SIDES:
        points |= _arm_points(body, torso, side, getattr(pose, f'{side}_arm'), points)
        points |= _leg_points(body, side, getattr(pose, f'{side}_leg'))
    camera = view.matrix()
    unit = camera / view.scale
    return Skeleton(
        {name: camera @ point for name, point in points.items()},
        unit @ head.as_matrix(),
        unit @ torso.as_matrix(),
        body,
        view.scale,
    )


def _torso_points(body: Body, torso: Rotation) -> dict[str, np.ndarray]:
    local = {'neck': (0.0, body.torso + 0.015, 0.0), 'chest': (0.0, 0.72 * body.torso, 0.012)}
    for side, sign in SIDES.items():
        local[f'{side}_shoulder'] = (sign * body.shoulder_half_width, body.torso, 0.0)
    return {name: torso.apply(point) for name, point in local.items()}


def _head_points(body: Body, head: Rotation, neck: np.ndarray) -> dict[str, np.ndarray]:
    radius = body.head_radius
    centre = neck + head.apply((0.0, body.neck + 0.85 * radius, 0.15 * radius))
    local = {
        'head': (0.0, 0.0, 0.0),
        'top_head': (0.0, 1.1, 0.0),
        'nose': (0.0, -0.1, 1.08),
        'mouth': (0.0, -0.5, 0.84),
    }
    for side, sign in SIDES.items():
        local[f'{side}_eye'] = (sign * 0.4, 0.15, 0.9)
        local[f'{side}_ear'] = (sign * 1.0, 0.0, 0.0)
    return {name: centre + radius * head.apply(point) for name, point in local.items()}


def _arm_points(
    body: Body, torso: Rotation, side: str, arm: ArmAngles, points: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    upper = torso * _ball_joint(
        side, arm.shoulder_abduction, arm.shoulder_flexion, arm.shoulder_rotation
    )
    fore = upper * Rotation.from_euler('X', -arm.elbow_flexion, degrees=True)
    elbow = points[f'{side}_shoulder'] + body.upper_arm * upper.apply(DOWN)
    wrist = elbow + body.forearm * fore.apply(DOWN)
    hand = wrist + body.hand * fore.apply(DOWN)
    return {f'{side}_elbow': elbow, f'{side}_wrist': wrist, f'{side}_hand': hand}


def _leg_points(body: Body, side: str, leg: LegAngles) -> dict[str, np.ndarray]:
    thigh = _ball_joint(side, leg.hip_abduction, leg.hip_flexion, leg.hip_rotation)
    shin = thigh * Rotation.from_euler('X', leg.knee_flexion, degrees=True)
    hip = np.array([SIDES[side] * body.hip_half_width, 0.0, 0.0])
    knee = hip + body.thigh * thigh.apply(DOWN)
    ankle = knee + body.shin * shin.apply(DOWN)
    toe = ankle + body.foot * shin.apply((0.0, -0.32, 0.95))
    return {
        f'{side}_hip': hip,
        f'{side}_knee': knee,
        f'{side}_ankle': ankle,
        f'{side}_toe': toe,
    }


def _ball_joint(side: str, abduction: float, flexion: float, rotation: float) -> Rotation:
    """A shoulder or hip: positive angles lead outwards, forwards and (rotation) inwards."""
    sign = SIDES[side]
    return Rotation.from_euler('ZXY', (sign * abduction, -flexion, -sign * rotation), degrees=True)
