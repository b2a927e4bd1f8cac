# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Joint angles of human poses: how people stand, walk, sit, reach and bend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True)
class ArmAngles:
    """Angles of one arm in degrees; all zero is an arm that hangs straight down."""

    shoulder_flexion: float
    shoulder_abduction: float
    shoulder_rotation: float
    elbow_flexion: float


@dataclass(frozen=True)
class LegAngles:
    """Angles of one leg in degrees; all zero is a straight leg below the hip."""

    hip_flexion: float
    hip_abduction: float
    hip_rotation: float
    knee_flexion: float


@dataclass(frozen=True)
class TrunkAngles:
    """Angles of spine and neck in degrees; positive bends forward or turns to the own left."""

    spine_flexion: float
    spine_lateral: float
    spine_twist: float
    neck_flexion: float
    neck_lateral: float
    neck_turn: float

    def mirrored(self) -> TrunkAngles:
        """Returns the trunk as seen in a mirror."""
        return TrunkAngles(
            self.spine_flexion,
            -self.spine_lateral,
            -self.spine_twist,
            self.neck_flexion,
            -self.neck_lateral,
            -self.neck_turn,
        )


@dataclass(frozen=True)
class Pose:
    """The joint angles of a whole body."""

    trunk: TrunkAngles
    left_arm: ArmAngles
    right_arm: ArmAngles
    left_leg: LegAngles
    right_leg: LegAngles

    def mirrored(self) -> Pose:
        """Returns the same activity with left and right exchanged."""
        return Pose(
            self.trunk.mirrored(), self.right_arm, self.left_arm, self.right_leg, self.left_leg
        )


LIMITS: dict[str, Range] = {
    'shoulder_flexion': (-50, 175),
    'shoulder_abduction': (-25, 175),
    'shoulder_rotation': (-70, 90),
    'elbow_flexion': (0, 145),
    'hip_flexion': (-30, 120),
    'hip_abduction': (-15, 45),
    'hip_rotation': (-40, 30),
    'knee_flexion': (0, 140),
    'spine_flexion': (-15, 95),
    'spine_lateral': (-25, 25),
    'spine_twist': (-35, 35),
    'neck_flexion': (-50, 45),
    'neck_lateral': (-25, 25),
    'neck_turn': (-70, 70),
}

# Columns: shoulder flexion, abduction, (inward) rotation; elbow flexion.
ARM_STYLES: dict[str, tuple[Range, Range, Range, Range]] = {
    'hanging': ((-18, 22), (4, 20), (0, 30), (0, 35)),
    'akimbo': ((-30, -5), (35, 55), (60, 90), (80, 110)),
    'raised': ((0, 25), (125, 172), (-20, 30), (0, 60)),
    'sideways': ((0, 25), (65, 105), (-30, 40), (0, 70)),
    'waving': ((0, 30), (60, 100), (-70, -40), (60, 120)),
    'reaching': ((55, 105), (-10, 30), (0, 40), (0, 50)),
    'holding': ((15, 50), (0, 18), (5, 45), (75, 125)),
}

# Columns: hip flexion, abduction, (inward) rotation; knee flexion.
LEG_STYLES: dict[str, tuple[Range, Range, Range, Range]] = {
    'straight': ((-6, 10), (1, 9), (-20, 0), (0, 10)),
    'wide': ((-5, 12), (12, 28), (-25, -5), (0, 18)),
    'sitting': ((75, 100), (2, 20), (-20, 10), (65, 105)),
    'squatting': ((75, 115), (8, 30), (-20, 0), (95, 138)),
    'lifted': ((35, 100), (0, 25), (-20, 5), (15, 110)),
    'trailing': ((-28, -5), (0, 10), (-15, 0), (15, 65)),
}

# Columns: spine flexion, lateral, twist; neck flexion, lateral, turn.
TRUNK_STYLES: dict[str, tuple[Range, Range, Range, Range, Range, Range]] = {
    'upright': ((-6, 12), (-8, 8), (-15, 15), (-10, 20), (-10, 10), (-40, 40)),
    'leaning': ((10, 30), (-10, 10), (-20, 20), (-25, 5), (-8, 8), (-25, 25)),
    'bending': ((45, 90), (-12, 12), (-20, 20), (-45, 10), (-10, 10), (-25, 25)),
    'side_bend': ((0, 15), (10, 25), (-15, 15), (-5, 15), (0, 20), (-25, 25)),
}


@dataclass(frozen=True)
class Activity:
    """An everyday activity as a choice of styles for trunk, legs and arms.

    ``gait`` is the range of the stride amplitude in degrees; where it is given, legs and arms
    swing in opposite phase in place of taking a style.
    """

    weight: float
    trunk: str
    lead_leg: str = 'straight'
    other_leg: str = 'straight'
    arms: tuple[str, ...] = ('hanging',)
    gait: Range | None = None


ACTIVITIES: dict[str, Activity] = {
    'standing': Activity(
        0.32, 'upright', arms=('hanging', 'hanging', 'akimbo', 'holding', 'reaching')
    ),
    'walking': Activity(0.24, 'upright', gait=(18, 35)),
    'running': Activity(0.1, 'leaning', gait=(38, 62)),
    'sitting': Activity(
        0.08, 'upright', 'sitting', 'sitting', arms=('holding', 'hanging', 'reaching')
    ),
    'cheering': Activity(
        0.14, 'upright', 'wide', 'wide', arms=('raised', 'raised', 'sideways', 'waving')
    ),
    'bending': Activity(0.03, 'bending', 'wide', 'straight', arms=('reaching', 'hanging')),
    'stretching': Activity(0.05, 'side_bend', 'wide', 'wide', arms=('raised', 'akimbo')),
    'squatting': Activity(0.02, 'leaning', 'squatting', 'squatting', arms=('holding', 'reaching')),
    'kicking': Activity(
        0.04, 'upright', 'lifted', 'trailing', arms=('sideways', 'hanging', 'holding')
    ),
}


def sample_pose(rng: np.random.Generator, activity: str | None = None) -> Pose:
    """Draws a pose within human joint limits.

    Args:
        rng: Source of randomness.
        activity: A key of ``ACTIVITIES``; drawn by weight when not given.

    Returns:
        The joint angles. Half of the poses lead with the left side of the body.
    """
    if activity is None:
        weights = np.array([a.weight for a in ACTIVITIES.values()])
        activity = str(rng.choice(list(ACTIVITIES), p=weights / weights.sum()))
    chosen = ACTIVITIES[activity]
    trunk = TrunkAngles(*_uniform(rng, TRUNK_STYLES[chosen.trunk]))
    if chosen.gait is not None:
        pose = _stride(rng, trunk, chosen.gait)
    else:
        pose = Pose(
            trunk,
            _arm(rng, chosen.arms),
            _arm(rng, chosen.arms),
            LegAngles(*_uniform(rng, LEG_STYLES[chosen.lead_leg])),
            LegAngles(*_uniform(rng, LEG_STYLES[chosen.other_leg])),
        )
    pose = _within_limits(pose)
    return pose.mirrored() if rng.random() < 0.5 else pose


def _uniform(rng: np.random.Generator, ranges: tuple[Range, ...]) -> list[float]:
    return [float(rng.uniform(low, high)) for low, high in ranges]


def _arm(rng: np.random.Generator, styles: tuple[str, ...]) -> ArmAngles:
    return ArmAngles(*_uniform(rng, ARM_STYLES[str(rng.choice(styles))]))


def _stride(rng: np.random.Generator, trunk: TrunkAngles, amplitudes: Range) -> Pose:
    """One moment of a walk or run: each arm swings against the leg on its side."""
    amplitude = float(rng.uniform(*amplitudes))
    phase = float(rng.uniform(0, 2 * np.pi))
    # The elbow bends more the faster one goes: a stroll's arms hang, a runner's are square.
    elbow = float(np.interp(amplitude, (18, 62), (10, 100)))
    arms, legs = [], []
    for side_phase in (phase, phase + np.pi):  # left, right
        swing = amplitude * np.sin(side_phase)
        lifted = max(0.0, float(np.cos(side_phase)))  # the knee folds while the leg swings forward
        knee = 6 + amplitude * (1.5 * lifted + 0.3) + rng.uniform(0, 10)
        arms.append(
            ArmAngles(
                shoulder_flexion=float(-0.8 * swing + rng.normal(0, 6)),
                shoulder_abduction=float(rng.uniform(3, 16)),
                shoulder_rotation=float(rng.uniform(5, 40)),
                elbow_flexion=elbow + float(rng.uniform(-10, 20)),
            )
        )
        legs.append(
            LegAngles(
                hip_flexion=float(swing + 0.15 * amplitude),
                hip_abduction=float(rng.uniform(0, 6)),
                hip_rotation=float(rng.uniform(-12, 4)),
                knee_flexion=float(knee),
            )
        )
    return Pose(trunk, arms[0], arms[1], legs[0], legs[1])


def _within_limits(pose: Pose) -> Pose:
    def clipped(angles):
        values: Mapping[str, float] = {
            f.name: float(np.clip(getattr(angles, f.name), *LIMITS[f.name])) for f in fields(angles)
        }
        return type(angles)(**values)

    return Pose(**{f.name: clipped(getattr(pose, f.name)) for f in fields(pose)})
