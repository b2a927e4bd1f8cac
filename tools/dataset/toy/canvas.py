# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Anti-aliased drawing of shaded shapes that also records which part owns each pixel."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike

Colour = tuple[float, float, float]  # blue, green, red in 0..255

SUPERSAMPLING = 2
_SHIFT = 4  # fractional bits of the polygon corners handed to OpenCV
_CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 20, endpoint=False)) for f in (np.cos, np.sin)], 1)
_LIGHT = np.array([0.0, -0.98])  # from above, in the image: a mirrored picture stays true
# (share of the radius, shift towards the light in radii, brightness): dark rim to highlight
_SHADES = ((1.0, 0.0, 0.7), (0.78, 0.14, 1.0), (0.38, 0.34, 1.16))


@dataclass(frozen=True)
class Layer:
    """A drawn thing that can be laid over an image.

    Attributes:
        x: Left column of the layer in the image.
        y: Top row of the layer in the image.
        colour: (h, w, 3) float32 in 0..255, multiplied by alpha already.
        alpha: (h, w) float32 coverage in 0..1.
        parts: (h, w) uint8 number of the front-most part, 0 where nothing was drawn.
    """

    x: int
    y: int
    colour: np.ndarray
    alpha: np.ndarray
    parts: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the image that the layer covers."""
        height, width = self.alpha.shape
        return slice(self.y, self.y + height), slice(self.x, self.x + width)


class Canvas:
    """A supersampled drawing area over a rectangle of the image."""

    def __init__(self, extent: tuple[float, ...], image_size: tuple[int, int]) -> None:
        """Makes an empty canvas.

        Args:
            extent: Wanted (x_min, y_min, x_max, y_max) in image pixels; clipped to the image.
            image_size: (width, height) of the image.
        """
        # At least one pixel, so that a thing outside the image needs no special case.
        start = np.clip(np.floor(extent[:2]).astype(int), 0, np.array(image_size) - 1)
        end = np.clip(np.ceil(extent[2:]).astype(int), start + 1, image_size)
        self.x, self.y = start.tolist()
        width, height = (end - start).tolist()
        shape = (height * SUPERSAMPLING, width * SUPERSAMPLING)
        self._colour = np.zeros((*shape, 3), np.uint8)
        self._parts = np.zeros(shape, np.uint8)

    def polygon(self, points: ArrayLike, colour: Colour, part: int) -> None:
        """Fills the convex hull of (N, 2) image points."""
        local = (np.asarray(points)[:, :2] - (self.x, self.y) + 0.5) * SUPERSAMPLING - 0.5
        hull = cv2.convexHull(np.round(local * (1 << _SHIFT)).astype(np.int32))
        rounded = [min(255, max(0, round(channel))) for channel in colour]
        cv2.fillConvexPoly(self._colour, hull, rounded, cv2.LINE_8, _SHIFT)
        cv2.fillConvexPoly(self._parts, hull, (part,), cv2.LINE_8, _SHIFT)

    def rounded(self, centres: ArrayLike, radii: ArrayLike, colour: Colour, part: int) -> None:
        """Fills the hull of N circles, shaded as if round.

        Two circles make a tapered capsule (a limb), one makes a ball.

        Args:
            centres: (N, 2+) image points; further columns are not used.
            radii: (N,) pixels.
            colour: Colour of the half-lit surface.
            part: Number recorded for the covered pixels, 1..255.
        """
        middles, lengths = np.asarray(centres)[:, None, :2], np.asarray(radii)[:, None, None]
        for share, shift, brightness in _SHADES:
            circles = middles + lengths * (share * _CIRCLE + shift * _LIGHT)
            self.polygon(circles.reshape(-1, 2), scale_colour(colour, brightness), part)

    def line(self, points: ArrayLike, width: float, colour: Colour, part: int) -> None:
        """Draws a flat line of the given width in pixels along (N, 2+) points."""
        for segment in pairwise(np.asarray(points)):
            ends = np.array(segment)[:, None, :2] + 0.5 * width * _CIRCLE
            self.polygon(ends.reshape(-1, 2), colour, part)

    def to_layer(self) -> Layer:
        """Returns the drawing at the image's resolution, with smooth edges."""
        height, width = (side // SUPERSAMPLING for side in self._parts.shape)
        colour = cv2.resize(self._colour, (width, height), interpolation=cv2.INTER_AREA)
        drawn = (self._parts > 0).astype(np.float32)
        alpha = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
        parts = self._parts[::SUPERSAMPLING, ::SUPERSAMPLING]
        return Layer(self.x, self.y, colour.astype(np.float32), alpha, parts)


def scale_colour(colour: Colour, factor: float) -> Colour:
    """Makes a colour darker (factor < 1) or brighter."""
    blue, green, red = (channel * factor for channel in colour)
    return blue, green, red


def blend(image: np.ndarray, layer: Layer) -> None:
    """Lays a layer over a (H, W, 3) uint8 image in place."""
    under = image[layer.window]
    mixed = layer.colour + under * (1 - layer.alpha[..., None])
    under[...] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
