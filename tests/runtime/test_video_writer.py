# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import signal
import subprocess
import sys
from contextlib import closing

import cv2
import numpy as np
import pytest
from full_disk import full_disk

from conftest import ROOT
from sdpose.errors import InputError
from sdpose.runtime.video_writer import VideoFileWriter


def read(path):
    capture = cv2.VideoCapture(str(path))
    images = []
    while True:
        found, image = capture.read()
        if not found:
            return images, capture.get(cv2.CAP_PROP_FPS)
        images.append(image)


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv', '.avi'])
def test_round_trip(suffix, tmp_path):
    path = tmp_path / 'new' / f'clip{suffix}'
    with closing(VideoFileWriter(path, fps=12.5)) as writer:
        for number in range(7):
            writer.write(np.full((48, 64, 3), 30 * number, np.uint8))
    images, fps = read(path)
    assert fps == 12.5
    assert [image.shape for image in images] == [(48, 64, 3)] * 7
    assert np.allclose([image.mean() for image in images], 30 * np.arange(7), atol=4)


def test_no_pixel_of_odd_frames_is_lost(tmp_path):
    frame = np.zeros((47, 63, 3), np.uint8)
    frame[:, -9:] = 255
    with closing(VideoFileWriter(tmp_path / 'odd.avi', fps=10)) as writer:
        writer.write(frame)
    ((image,), _) = read(tmp_path / 'odd.avi')
    assert image.shape == (48, 64, 3)
    assert np.abs(image[:47, :63].astype(int) - frame).mean() < 3
    assert image[:, 63].mean() > 250


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match=r'videos are written as \.mp4, \.mkv, \.avi'):
        VideoFileWriter(tmp_path / 'a.webm', 25)
    with closing(VideoFileWriter(tmp_path / 'a.avi', 25)) as writer:
        writer.write(np.zeros((32, 32, 3), np.uint8))
        with pytest.raises(InputError, match='change their size'):
            writer.write(np.zeros((34, 32, 3), np.uint8))
    (tmp_path / 'folder.mp4').mkdir()
    with (
        pytest.raises(InputError, match='cannot be written'),
        closing(VideoFileWriter(tmp_path / 'folder.mp4', 25)) as writer,
    ):
        writer.write(np.zeros((32, 32, 3), np.uint8))


KILLED = """
import os, sys, numpy as np
from pathlib import Path
from sdpose.runtime.video_writer import VideoFileWriter
writer = VideoFileWriter(Path(sys.argv[1]), 25)
for _ in range(200):  # FFmpeg writes once 256 kB have come together
    writer.write(np.random.randint(0, 255, (96, 128, 3), np.uint8))
os.kill(os.getpid(), 9)
"""


def test_mkv_can_be_played_after_kill(tmp_path):
    path = tmp_path / 'killed.mkv'
    result = subprocess.run([sys.executable, '-c', KILLED, str(path)], cwd=ROOT, check=False)
    assert result.returncode == -signal.SIGKILL
    assert len(read(path)[0]) > 100


@pytest.mark.parametrize('suffix', ['.mp4', '.mkv', '.avi'])
def test_full_disk_is_told_at_the_end_at_least(suffix, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (100, 96, 128, 3), dtype=np.uint8)
    writer = VideoFileWriter(tmp_path / f'a{suffix}', 25)
    with full_disk(100_000):
        for frame in noise:
            writer.write(frame)
        with pytest.raises(InputError, match=r'is not whole: .* 100 frames .* Is the disk full'):
            writer.close()


def test_name_that_is_not_utf8_is_told(tmp_path):
    with pytest.raises(InputError, match='names are UTF-8'):
        VideoFileWriter(tmp_path / '\udcff.mp4', 25)
