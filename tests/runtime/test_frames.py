# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
import socket
import subprocess
import sys
import time
from contextlib import closing

import cv2
import numpy as np
import pytest

from conftest import ROOT
from sdpose.errors import InputError
from sdpose.runtime import frames as frames_module
from sdpose.runtime.frames import Frame, Unreadable, open_frames, read_image
from sdpose.runtime.video_writer import VideoFileWriter


def picture(path, level=100, size=(8, 12)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((*size, 3), level, np.uint8))
    return path


def summary(frames):
    return [
        (f.name, f.problem if isinstance(f, Unreadable) else int(f.image.mean())) for f in frames
    ]


def opened(*inputs):
    """What is seen of some inputs: names with the mean of the image or what is wrong."""
    return summary(open_frames([str(text) for text in inputs]))


def test_pictures_of_a_folder_in_order(tmp_path):
    for level, name in ((3, 'c.png'), (1, 'a.PNG'), (2, 'b.bmp'), (4, 'below/d.png')):
        picture(tmp_path / name, level)
    (tmp_path / 'notes.txt').write_text('no picture')
    (tmp_path / 'folder.png').mkdir()
    frames = open_frames([str(tmp_path)])
    assert len(frames) == 3
    assert summary(frames) == [('a.PNG', 1), ('b.bmp', 2), ('c.png', 3)]


@pytest.mark.parametrize('suffix', ['.pgm', '.pbm', '.ppm', '.jfif', '.jp2'])
def test_pictures_of_rare_formats(suffix, tmp_path):
    shape = (64, 96) if suffix in ('.pgm', '.pbm') else (64, 96, 3)
    _, data = cv2.imencode(suffix.replace('.jfif', '.jpg'), np.full(shape, 255, np.uint8))
    data.tofile(tmp_path / f'a{suffix}')
    assert opened(tmp_path) == [(f'a{suffix}', 255)]


def test_globs_and_single_files(tmp_path):
    for level, name in ((1, 'one/a.png'), (2, 'two/a.png'), (3, 'two/b.png')):
        picture(tmp_path / name, level)
    (tmp_path / 'two/a.json').touch()
    assert opened(f'{tmp_path}/*/a.*') == [('one/a.png', 1), ('two/a.png', 2)]
    assert opened(f'{tmp_path}/t*/*') == [('a.png', 2), ('b.png', 3)]
    assert len(open_frames([f'{tmp_path}/**/*.png'])) == 3
    assert opened(tmp_path / 'two/b.png') == [('b.png', 3)]


def test_relative_glob(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / 'a.png', 1)
    picture(tmp_path / 'sub/a.png', 2)
    assert opened('**/*.png') == [('a.png', 1), ('sub/a.png', 2)]


def test_several_inputs_are_read_once_each_in_the_order_of_their_names(tmp_path):
    for level, name in ((1, 'one/a.png'), (2, 'two/a.png'), (3, 'two/b.png')):
        picture(tmp_path / name, level)
    found = opened(tmp_path / 'two/b.png', tmp_path / 'one', f'{tmp_path}/*/b.png')
    assert found == [('one/a.png', 1), ('two/b.png', 3)]


def test_missing_pictures_are_told_unless_all_are(tmp_path):
    picture(tmp_path / 'b.png', 2)
    missing = 'it cannot be read (No such file or directory)'
    assert opened(tmp_path / 'b.png', tmp_path / 'a.png') == [('a.png', missing), ('b.png', 2)]
    with pytest.raises(InputError, match=r'no picture, folder or video .*a\.png'):
        opened(tmp_path / 'a.png', tmp_path / 'c.png')


def test_broken_pictures_are_told_and_the_others_keep_their_numbers(tmp_path):
    (tmp_path / 'a.jpg').touch()
    cut = picture(tmp_path / 'b.png', size=(200, 200))
    cut.write_bytes(cut.read_bytes()[:60])
    (tmp_path / 'c.jpg').write_text('no picture')
    picture(tmp_path / 'd.png', 4)
    frames = list(open_frames([str(tmp_path)]))
    assert summary(frames) == [
        ('a.jpg', 'the file is empty'),
        ('b.png', 'the picture is broken'),
        ('c.jpg', 'the picture is broken'),
        ('d.png', 4),
    ]
    assert frames[3].number == 3
    for name, problem in (('a.jpg', 'is empty'), ('c.jpg', 'is broken'), ('no.jpg', 'No such')):
        with pytest.raises(InputError, match=rf'{name}: .*{problem}'):
            read_image(tmp_path / name)


@pytest.mark.parametrize('name', ['a.gif', 'a.mp4'])
def test_videos_among_pictures_are_told(name, tmp_path):
    (tmp_path / name).touch()
    picture(tmp_path / 'b.png', 2)
    told = (name, 'it is a video, which has to be given by itself')
    assert opened(tmp_path) == opened(f'{tmp_path}/*') == [told, ('b.png', 2)]
    with pytest.raises(InputError, match=rf'{name} is a video or camera, .* by itself'):
        opened(tmp_path / name, tmp_path / 'b.png')
    (tmp_path / 'b.png').unlink()
    with pytest.raises(InputError, match='There is no picture in'):
        opened(tmp_path)


def test_grey_pictures_and_those_with_transparency_become_bgr(tmp_path):
    for name, shape in (('grey.png', (5, 6)), ('transparent.png', (5, 6, 4))):
        cv2.imwrite(str(tmp_path / name), np.full(shape, 9, np.uint8))
        image = read_image(tmp_path / name)
        assert image.shape == (5, 6, 3)
        assert image.dtype == np.uint8
        assert (image == 9).all()


@pytest.mark.parametrize(
    ('source', 'message'),
    [
        ('nowhere.jpg', r'There is no picture, folder or video nowhere\.jpg'),
        ('nowhere/*.jpg', r'There is no picture in nowhere/\*\.jpg'),
        ('{tmp}', r'There is no picture in .*below it give a glob: ".*/\*\*/\*\.jpg"'),
        ('{tmp}/broken.mp4', 'cannot be opened: it is broken'),
        ('99', 'The camera 99 cannot be opened'),
    ],
)
def test_inputs_that_cannot_be_opened(source, message, tmp_path):
    (tmp_path / 'broken.mp4').write_bytes(b'no video')
    with pytest.raises(InputError, match=message):
        opened(source.format(tmp=tmp_path))


def test_frames_of_a_video(tmp_path):
    with closing(VideoFileWriter(tmp_path / 'clip.avi', fps=12.5)) as writer:
        for number in range(10):  # each lighter than the one before it
            writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    frames = open_frames([str(tmp_path / 'clip.avi')])
    assert (frames.fps, len(frames), frames.name) == (12.5, 10, 'clip.avi')
    read = list(frames)
    assert all(isinstance(frame, Frame) for frame in read)
    assert [frame.number for frame in read] == list(range(10))
    levels = [frame.image.mean() for frame in read]
    assert np.allclose(levels, 20 * np.arange(10), atol=3)


def test_video_that_is_cut_off(tmp_path):
    path = tmp_path / 'cut.avi'
    noise = np.random.default_rng(0).integers(0, 255, (40, 96, 128, 3), dtype=np.uint8)
    with closing(VideoFileWriter(path, fps=25)) as writer:
        for frame in noise:
            writer.write(frame)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    *read, last = open_frames([str(path)])
    assert 10 < len(read) < 30
    assert last == Unreadable('cut.avi', f'it ends after {len(read)} of 40 frames')


class Camera:
    """A camera that takes three pictures, as light as its number."""

    def __init__(self, source):
        self.images = [np.full((4, 4, 3), source, np.uint8)] * 3

    def isOpened(self):  # noqa: N802
        return True

    def get(self, _):
        return 0.0

    def read(self):
        return (True, self.images.pop()) if self.images else (False, None)

    def release(self):
        pass


def test_camera_is_read_until_it_ends(monkeypatch):
    monkeypatch.setattr(cv2, 'VideoCapture', Camera)
    frames = open_frames(['2'])
    assert (frames.name, frames.fps, len(frames)) == ('webcam2', 25, 0)
    assert summary(frames) == [('webcam2', 2)] * 3


def test_file_whose_name_is_a_number_is_no_camera(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / 'a.png', 5).rename(tmp_path / '2')
    assert opened('2') == [('2', 5)]


def test_an_empty_name_is_not_the_current_folder():
    with pytest.raises(InputError, match='empty name'):
        open_frames([''])


@pytest.fixture
def no_pictures(tmp_path):
    """A folder of names that no picture is behind, and one picture."""
    os.mkfifo(tmp_path / 'pipe.jpg')
    os.mkfifo(tmp_path / 'pipe.mp4')
    (tmp_path / 'device.png').symlink_to('/dev/zero')
    (tmp_path / 'link.jpg').symlink_to('nowhere')
    (tmp_path / 'large.jpg').touch()
    os.truncate(tmp_path / 'large.jpg', 1 << 40)  # takes no room
    picture(tmp_path / 'wide.png', size=(1, 40_000))
    picture(tmp_path / 'z.png', 7)
    return tmp_path


def test_what_is_no_picture_is_told_and_never_read(no_pictures):
    told = [
        ('device.png', 'it is a folder, a pipe or a device'),
        ('large.jpg', 'the file has more than 1 GB'),
        ('link.jpg', 'it cannot be read (No such file or directory)'),
        ('pipe.jpg', 'it is a folder, a pipe or a device'),
        ('pipe.mp4', 'it is a video, which has to be given by itself'),
        ('wide.png', 'it has a side of more than 32766 pixels'),
        ('z.png', 7),
    ]
    assert opened(no_pictures) == opened(f'{no_pictures}/*') == told


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('pipe.jpg', 'is a pipe or a device, not a picture, folder or video'),
        ('pipe.mp4', 'is a pipe or a device, not a video'),
        ('device.png', 'is a pipe or a device, not a picture'),
        ('link.jpg', 'is a link to nowhere, which is not there'),
        ('/dev/zero', 'is a pipe or a device, not a picture'),
        ('9' * 20, 'There is no picture, folder or video'),
    ],
)
def test_what_is_no_picture_given_by_itself(name, message, no_pictures, monkeypatch):
    monkeypatch.chdir(no_pictures)
    with pytest.raises(InputError, match=f'{name} {message}|{message} {name}'):
        opened(name)


def test_names_of_any_bytes(tmp_path):
    for level, name in enumerate(('a\n.png', 'a\udcff.png')):
        picture(tmp_path / 'a.png', level).rename(tmp_path / name)
    assert opened(tmp_path) == [('a\n.png', 0), ('a\udcff.png', 1)]
    (tmp_path / 'a\udcff.mp4').touch()
    with pytest.raises(InputError, match='names are UTF-8'):  # OpenCV ends the program
        opened(tmp_path / 'a\udcff.mp4')


BOMB = """
import sys, cv2
from sdpose.runtime.frames import read_image
read_image(sys.argv[1])
"""


@pytest.mark.parametrize('first', ['sdpose.runtime', 'sdpose.apis'])
def test_small_file_of_a_huge_picture_is_not_decoded(first, tmp_path):
    cv2.imwrite(str(tmp_path / 'bomb.png'), np.zeros((17_000, 17_000), np.uint8))
    assert (tmp_path / 'bomb.png').stat().st_size < 1 << 20
    program = f'import {first}\n{BOMB}'
    result = subprocess.run(
        [sys.executable, '-c', program, str(tmp_path / 'bomb.png')],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stderr.splitlines()[-1].endswith(
        'InputError: ' + f'{tmp_path}/bomb.png: it has more pixels than OpenCV is allowed to read.'
    )


def test_stream_that_does_not_answer_is_waited_for_a_while(monkeypatch):
    monkeypatch.setattr(frames_module, 'PATIENCE', (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 300))
    with closing(socket.create_server(('127.0.0.1', 0))) as silent:
        begin = time.monotonic()
        with pytest.raises(InputError, match='cannot be opened'):
            opened(f'http://127.0.0.1:{silent.getsockname()[1]}/a.mp4')
        assert time.monotonic() - begin < 5
