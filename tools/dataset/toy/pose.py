# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Joint angles of human poses: how people stand, walk, sit, reach and bend."""

from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True)
class Bend:
    """Angles of spine or neck in degrees; positive leads forward, sideways, to the own left."""

    flexion: float
    lateral: float
    turn: float

    def mirrored(self) -> 'Bend':
        """Returns the bend as seen in a mirror."""
        return Bend(self.flexion, -self.lateral, -self.turn)


@dataclass(frozen=True)
class Limb:
    """Angles of an arm or leg in degrees; all zero is one that hangs straight down.

    Attributes:
        flexion: Forwards, in the shoulder or hip.
        abduction: Outwards.
        rotation: Inwards, about the limb itself.
        bend: Of the elbow or knee.
    """

    flexion: float
    abduction: float
    rotation: float
    bend: float


@dataclass(frozen=True)
class Pose:
    """The joint angles of a whole body."""

    spine: Bend
    neck: Bend
    left_arm: Limb
    right_arm: Limb
    left_leg: Limb
    right_leg: Limb

    def mirrored(self) -> 'Pose':
        """Returns the same activity with left and right exchanged."""
        trunk = self.spine.mirrored(), self.neck.mirrored()
        return Pose(*trunk, self.right_arm, self.left_arm, self.right_leg, self.left_leg)


# Columns: as in Limb.
ARM_STYLES: dict[str, tuple[Range, ...]] = {
    'hanging': ((-18, 22), (4, 20), (0, 30), (0, 35)),
    'akimbo': ((-30, -5), (35, 55), (60, 90), (80, 110)),
    'raised': ((0, 25), (125, 172), (-20, 30), (0, 60)),
    'sideways': ((0, 25), (65, 105), (-30, 40), (0, 70)),
    'waving': ((0, 30), (60, 100), (-70, -40), (60, 120)),
    'reaching': ((55, 105), (-10, 30), (0, 40), (0, 50)),
    'holding': ((15, 50), (0, 18), (5, 45), (75, 125)),
}
LEG_STYLES: dict[str, tuple[Range, ...]] = {
    'straight': ((-6, 10), (1, 9), (-20, 0), (0, 10)),
    'wide': ((-5, 12), (12, 28), (-25, -5), (0, 18)),
    'sitting': ((75, 100), (2, 20), (-20, 10), (65, 105)),
    'squatting': ((75, 115), (8, 30), (-20, 0), (95, 138)),
    'lifted': ((35, 100), (0, 25), (-20, 5), (15, 110)),
    'trailing': ((-28, -5), (0, 10), (-15, 0), (15, 65)),
}
# Columns: as in Bend, of the spine and then of the neck.
TRUNK_STYLES: dict[str, tuple[Range, ...]] = {
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
    legs: tuple[str, str] = ('straight', 'straight')
    arms: tuple[str, ...] = ('hanging',)
    gait: Range | None = None


ACTIVITIES: dict[str, Activity] = {
    'standing': Activity(
        0.32, 'upright', arms=('hanging', 'hanging', 'akimbo', 'holding', 'reaching')
    ),
    'walking': Activity(0.24, 'upright', gait=(18, 35)),
    'running': Activity(0.1, 'leaning', gait=(38, 62)),
    'sitting': Activity(
        0.08, 'upright', ('sitting', 'sitting'), ('holding', 'hanging', 'reaching')
    ),
    'cheering': Activity(
        0.14, 'upright', ('wide', 'wide'), ('raised', 'raised', 'sideways', 'waving')
    ),
    'bending': Activity(0.03, 'bending', ('wide', 'straight'), ('reaching', 'hanging')),
    'stretching': Activity(0.05, 'side_bend', ('wide', 'wide'), ('raised', 'akimbo')),
    'squatting': Activity(0.02, 'leaning', ('squatting', 'squatting'), ('holding', 'reaching')),
    'kicking': Activity(
        0.04, 'upright', ('lifted', 'trailing'), ('sideways', 'hanging', 'holding')
    ),
}


def sample_pose(rng: np.random.Generator) -> Pose:
    """Draws a pose within human joint limits; half of them lead with the left side of the body."""
    weights = np.array([activity.weight for activity in ACTIVITIES.values()])
    chosen = ACTIVITIES[rng.choice(list(ACTIVITIES), p=weights / weights.sum())]
    trunk = _uniform(rng, TRUNK_STYLES[chosen.trunk])
    if chosen.gait is not None:
        limbs = _stride(rng, chosen.gait)
    else:
        limbs = [Limb(*_uniform(rng, ARM_STYLES[rng.choice(chosen.arms)])) for _ in range(2)]
        limbs += [Limb(*_uniform(rng, LEG_STYLES[style])) for style in chosen.legs]
    pose = Pose(Bend(*trunk[:3]), Bend(*trunk[3:]), *limbs)
    return pose.mirrored() if rng.random() < 0.5 else pose


def _uniform(rng: np.random.Generator, ranges: tuple[Range, ...]) -> list[float]:
    return [rng.uniform(low, high) for low, high in ranges]


def _stride(rng: np.random.Generator, amplitudes: Range) -> list[Limb]:
    """One moment of a walk or run: each arm swings against the leg on its side."""
    amplitude = rng.uniform(*amplitudes)
    phase = rng.uniform(0, 2 * np.pi)
    # The elbow bends more the faster one goes: a stroll's arms hang, a runner's are square.
    elbow = float(np.interp(amplitude, (18, 62), (10, 100)))
    arms, legs = [], []
    for side_phase in (phase, phase + np.pi):  # left, right
        swing = amplitude * float(np.sin(side_phase))
        lifted = max(0.0, float(np.cos(side_phase)))  # the knee folds while the leg swings forward
        knee = 6 + amplitude * (1.5 * lifted + 0.3) + rng.uniform(0, 10)
        arms.append(
            Limb(
                flexion=max(-50.0, -0.8 * swing + rng.normal(0, 6)),
                abduction=rng.uniform(3, 16),
                rotation=rng.uniform(5, 40),
                bend=elbow + rng.uniform(-10, 20),
            )
        )
        legs.append(
            Limb(
                flexion=max(-30.0, swing + 0.15 * amplitude),
                abduction=rng.uniform(0, 6),
                rotation=rng.uniform(-12, 4),
                bend=knee,
            )
        )
    return arms + legs
