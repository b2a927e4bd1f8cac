# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMPose and MMEngine do wrong on newer numpy, torch and setuptools."""

import warnings
from typing import Any

import numpy as np

# Warnings that their code gives on newer stacks, and that its users cannot act on
NOISE = (
    'pkg_resources is deprecated',
    'Passing more than 2 positional arguments to np.maximum',
    r'`torch\.cuda\.amp\.',
    r'`torch\.jit\.(script|interface)` is deprecated',
    'The metainfo config file',  # MMPose names its own files where configs of ours would stand
    r'This process .* is multi-threaded, use of fork',  # data workers, as before Python 3.12
)


def silence_noise() -> None:
    """Leave out warnings that nobody who runs a config can act on."""
    for message in NOISE:
        warnings.filterwarnings('ignore', message=message)


def mend_visualizer() -> None:
    """Let MMPose draw keypoints with numpy 2.4, which makes no number of an array of one."""
    from mmpose.visualization.opencv_backend_visualizer import (  # noqa: PLC0415
        OpencvBackendVisualizer,
    )

    draw_circles = OpencvBackendVisualizer.draw_circles

    def draw_circles_of_one_radius(
        self: Any, center: Any, radius: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if self.backend == 'opencv':
            radius = np.asarray(radius).item()
        return draw_circles(self, center, radius, *args, **kwargs)

    OpencvBackendVisualizer.draw_circles = draw_circles_of_one_radius
