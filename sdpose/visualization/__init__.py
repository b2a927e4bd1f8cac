# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Pictures and videos of poses that show how sure the model is, which MMPose's do not."""

from sdpose.visualization.draw_poses import draw_poses
from sdpose.visualization.video_writer import VideoFileWriter

__all__ = ['VideoFileWriter', 'draw_poses']
