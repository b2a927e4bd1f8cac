# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A 3-D skeleton by forward kinematics, and its orthographic view.

The body frame has x to the person's own left, y up and z forward; lengths are fractions of the
body height. The camera frame has x right, y down and z towards the viewer, in pixels. A person
who faces the camera therefore has the left shoulder at the larger image x.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from .pose import Bend, Limb, Pose

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
        head_radius: In pixels.
        girth: What scales the widths of the body parts; pixels per body height.
        scale: Pixels per body height.
    """

    points: dict[str, np.ndarray]
    head_axes: np.ndarray
    torso_axes: np.ndarray
    head_radius: float
    girth: float
    scale: float

    def moved(self, dx: float, dy: float) -> 'Skeleton':
        """Returns the skeleton shifted in the image by (dx, dy) pixels."""
        shift = np.array([dx, dy, 0.0])
        return replace(self, points={name: at + shift for name, at in self.points.items()})

    def extent(self) -> tuple[float, float, float, float]:
        """Returns the landmarks' (x_min, y_min, x_max, y_max) in pixels."""
        xy = np.array(list(self.points.values()))[:, :2]
        return (*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist())


def sample_body(rng: np.random.Generator) -> Body:
    """Draws a body whose proportions differ by a few per cent from the average adult's."""
    values = {name: length * rng.uniform(0.93, 1.07) for name, length in asdict(Body()).items()}
    # A somewhat large head keeps the face readable in a 128x96 crop.
    values['head_radius'] *= rng.uniform(1.0, 1.25)
    values['girth'] = rng.uniform(1.0, 1.35)
    return Body(**values)


def sample_view(rng: np.random.Generator, scale: float) -> View:
    """Draws a view: mostly front and three-quarter, sometimes back or profile."""
    facings = {'front': (0, 14), 'three_quarter': (42, 12), 'profile': (88, 10), 'back': (180, 22)}
    centre, spread = facings[rng.choice(list(facings), p=[0.55, 0.2, 0.05, 0.2])]
    yaw = float(rng.choice([-1, 1]) * rng.normal(centre, spread))
    return View(yaw, rng.uniform(-6, 18), rng.normal(0, 3), scale)


def build_skeleton(pose: Pose, body: Body, view: View) -> Skeleton:
    """Poses a body and looks at it; the pelvis projects to the image origin."""
    torso = _trunk_joint(pose.spine)
    head = torso * _trunk_joint(pose.neck)
    points = {'pelvis': np.zeros(3)} | _torso_points(body, torso)
    points |= _head_points(body, head, points['neck'])
    for side in SIDES:
        arm = _arm_points(body, torso, side, getattr(pose, f'{side}_arm'), points)
        leg = _leg_points(body, side, getattr(pose, f'{side}_leg'))
        points |= {f'{side}_{joint}': point for joint, point in (arm | leg).items()}
    camera = view.matrix()
    unit = camera / view.scale
    return Skeleton(
        {name: camera @ point for name, point in points.items()},
        unit @ head.as_matrix(),
        unit @ torso.as_matrix(),
        body.head_radius * view.scale,
        body.girth * view.scale,
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
    body: Body, torso: Rotation, side: str, arm: Limb, points: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    upper = torso * _ball_joint(side, arm)
    fore = upper * Rotation.from_euler('X', -arm.bend, degrees=True)
    elbow = points[f'{side}_shoulder'] + body.upper_arm * upper.apply(DOWN)
    wrist = elbow + body.forearm * fore.apply(DOWN)
    return {'elbow': elbow, 'wrist': wrist, 'hand': wrist + body.hand * fore.apply(DOWN)}


def _leg_points(body: Body, side: str, leg: Limb) -> dict[str, np.ndarray]:
    thigh = _ball_joint(side, leg)
    shin = thigh * Rotation.from_euler('X', leg.bend, degrees=True)
    hip = np.array([SIDES[side] * body.hip_half_width, 0.0, 0.0])
    knee = hip + body.thigh * thigh.apply(DOWN)
    ankle = knee + body.shin * shin.apply(DOWN)
    toe = ankle + body.foot * shin.apply((0.0, -0.32, 0.95))
    return {'hip': hip, 'knee': knee, 'ankle': ankle, 'toe': toe}


def _trunk_joint(bend: Bend) -> Rotation:
    return Rotation.from_euler('YXZ', (bend.turn, bend.flexion, bend.lateral), degrees=True)


def _ball_joint(side: str, limb: Limb) -> Rotation:
    """A shoulder or hip."""
    sign = SIDES[side]
    angles = (sign * limb.abduction, -limb.flexion, -sign * limb.rotation)
    return Rotation.from_euler('ZXY', angles, degrees=True)
