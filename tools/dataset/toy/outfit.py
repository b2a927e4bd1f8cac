# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What a figure wears."""

import colorsys
from dataclasses import dataclass

import numpy as np

from .canvas import Colour, scale_colour

_SKIN_TONES: tuple[Colour, ...] = (
    (150, 185, 232),
    (120, 160, 215),
    (95, 135, 190),
    (70, 100, 150),
    (55, 75, 110),
)
# Kept apart from the skin tones, or the back of a head would look like a bald front.
_HAIR_TONES: tuple[Colour, ...] = (
    (25, 25, 28),
    (18, 32, 62),
    (28, 55, 175),
    (60, 195, 240),
    (175, 170, 165),
)
# Hue in turns of the colour circle, by the joint that the pad or glove covers.
_PAD_HUES = {'elbow': 0.14, 'wrist': 0.92, 'knee': 0.5}


@dataclass(frozen=True)
class Outfit:
    """Colours and cuts of one figure.

    Everybody wears the kit of a skater: elbow pads, knee pads and gloves, each of its own hue on
    all people, so that a small model can tell the joints apart after minutes of training. Left
    and right are dressed alike: as with real people they are told apart by front and back, or
    else a mirrored picture, as flip augmentation and flip test make them, would be a false one.
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    pads: dict[str, Colour]
    long_sleeves: bool
    long_trousers: bool
    long_hair: bool
    shirt_stripes: int

    def limb_colour(self, segment: str) -> Colour:
        """Returns the colour of a limb segment, cloth or skin by the cut of the outfit."""
        if segment == 'hand':
            return self.pads['wrist']
        if segment == 'foot':
            return self.shoes
        if segment == 'upper_arm' or (segment == 'forearm' and self.long_sleeves):
            # a shade of its own, or an arm before the chest could not be seen
            return scale_colour(self.shirt, 0.8)
        if segment == 'thigh' or (segment == 'shin' and self.long_trousers):
            return self.trousers
        return self.skin


def sample_outfit(rng: np.random.Generator) -> Outfit:
    """Draws an outfit of any hue: a bright shirt, darker trousers and light shoes."""
    return Outfit(
        skin=_near(rng, _SKIN_TONES),
        hair=_near(rng, _HAIR_TONES),
        shirt=sample_colour(rng, (0.4, 0.9), (0.6, 0.95)),
        trousers=sample_colour(rng, (0.1, 0.6), (0.25, 0.55)),
        shoes=sample_colour(rng, (0.0, 0.25), (0.8, 0.95)),
        pads={
            joint: sample_colour(rng, (0.75, 1.0), (0.75, 0.95), (hue - 0.03, hue + 0.03))
            for joint, hue in _PAD_HUES.items()
        },
        long_sleeves=bool(rng.random() < 0.5),
        long_trousers=bool(rng.random() < 0.65),
        long_hair=bool(rng.random() < 0.35),
        shirt_stripes=int(rng.choice([0, 0, 3, 5])),
    )


def sample_colour(
    rng: np.random.Generator,
    saturation: tuple[float, float],
    value: tuple[float, float],
    hue: tuple[float, float] = (0.0, 1.0),
) -> Colour:
    """Draws a colour; saturation, value and hue are ranges within 0..1."""
    red, green, blue = colorsys.hsv_to_rgb(
        rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value)
    )
    return 255 * blue, 255 * green, 255 * red


def _near(rng: np.random.Generator, tones: tuple[Colour, ...]) -> Colour:
    tone = tones[int(rng.integers(len(tones)))]
    return scale_colour(tone, rng.uniform(0.88, 1.1))
