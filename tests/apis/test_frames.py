# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from sdpose import InputError
from sdpose.apis.frames import Frame, Unreadable, open_frames, read_image
from sdpose.visualization import VideoFileWriter


def picture(path, level=100, size=(8, 12)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((*size, 3), level, np.uint8))
    return path


def summary(frames):
    return [
        (f.name, f.problem if isinstance(f, Unreadable) else int(f.image.mean())) for f in frames
    ]


def test_pictures_of_a_folder_in_order(tmp_path):
    for level, name in ((3, 'c.png'), (1, 'a.PNG'), (2, 'b.bmp'), (4, 'below/d.png')):
        picture(tmp_path / name, level)
    (tmp_path / 'notes.txt').write_text('no picture')
    frames = open_frames(str(tmp_path))
    assert len(frames) == 3
    assert summary(frames) == [('a.PNG', 1), ('b.bmp', 2), ('c.png', 3)]


def test_glob_and_single_file(tmp_path):
    for level, name in ((1, 'one/a.png'), (2, 'two/a.png'), (3, 'two/b.png')):
        picture(tmp_path / name, level)
    (tmp_path / 'two/a.json').touch()
    assert summary(open_frames(f'{tmp_path}/*/a.*')) == [('one/a.png', 1), ('two/a.png', 2)]
    assert summary(open_frames(f'{tmp_path}/t*/*')) == [('a.png', 2), ('b.png', 3)]
    assert len(open_frames(f'{tmp_path}/**/*.png')) == 3
    assert summary(open_frames(f'{tmp_path}/two/b.png')) == [('b.png', 3)]


def test_relative_glob(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / 'a.png', 1)
    picture(tmp_path / 'sub/a.png', 2)
    assert summary(open_frames('**/*.png')) == [('a.png', 1), ('sub/a.png', 2)]


def test_broken_pictures_are_told_and_the_others_keep_their_numbers(tmp_path):
    (tmp_path / 'a.jpg').touch()
    cut = picture(tmp_path / 'b.png', size=(200, 200))
    cut.write_bytes(cut.read_bytes()[:60])
    (tmp_path / 'c.jpg').write_text('no picture')
    picture(tmp_path / 'd.png', 4)
    frames = list(open_frames(str(tmp_path)))
    assert summary(frames) == [
        ('a.jpg', 'the file is empty'),
        ('b.png', 'the picture is broken'),
        ('c.jpg', 'the picture is broken'),
        ('d.png', 4),
    ]
    assert frames[3].number == 3


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
        ('nowhere/*.jpg', r'No picture fits nowhere/\*\.jpg'),
        ('{tmp}', 'has no pictures'),
        ('{tmp}/broken.mp4', 'cannot be opened: it is broken'),
        ('99', 'The camera 99 cannot be opened'),
    ],
)
def test_inputs_that_cannot_be_opened(source, message, tmp_path):
    (tmp_path / 'broken.mp4').write_bytes(b'no video')
    with pytest.raises(InputError, match=message):
        open_frames(source.format(tmp=tmp_path))


@pytest.fixture
def video(tmp_path):
    """Ten frames, each lighter than the one before it."""
    path = tmp_path / 'clip.avi'
    with VideoFileWriter(path, fps=12.5) as writer:
        for number in range(10):
            writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    return path


def test_frames_of_a_video(video):
    frames = open_frames(str(video))
    assert (frames.fps, len(frames), frames.name) == (12.5, 10, 'clip.avi')
    read = list(frames)
    assert all(isinstance(frame, Frame) for frame in read)
    assert [frame.number for frame in read] == list(range(10))
    levels = [frame.image.mean() for frame in read]
    assert np.allclose(levels, 20 * np.arange(10), atol=3)


def test_video_that_is_cut_off(video, monkeypatch):
    frames = open_frames(str(video))
    monkeypatch.setattr(frames, '_num_frames', 40)
    *read, last = frames
    assert len(read) == 10
    assert last == Unreadable('clip.avi', 'it ends after 10 of 40 frames')


def test_camera_is_read_until_it_ends(monkeypatch):
    class Camera:
        def __init__(self, number):
            self.images = [np.full((4, 4, 3), number, np.uint8)] * 3

        def isOpened(self):  # noqa: N802
            return True

        def get(self, _):
            return 0.0

        def read(self):
            return (True, self.images.pop()) if self.images else (False, None)

        def release(self):
            pass

    monkeypatch.setattr(cv2, 'VideoCapture', Camera)
    frames = open_frames('2')
    assert (frames.name, frames.fps, len(frames)) == ('webcam2', 25, 0)
    assert summary(frames) == [('webcam2', 2)] * 3
