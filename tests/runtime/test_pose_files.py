# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from contextlib import closing

import cv2
import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.runtime.frames import Frame, ImageFiles, open_frames
from sdpose.runtime.image_poses import ImagePoses
from sdpose.runtime.person_boxes import PersonBoxes
from sdpose.runtime.pose_files import PoseFiles
from sdpose.runtime.video_writer import VideoFileWriter

SKELETON = [(0, 1)]
IMAGE = np.full((40, 60, 3), 128, np.uint8)


def poses(persons):
    keypoints = np.full((persons, 2, 2), 10, np.float32)
    return ImagePoses(
        keypoints, np.ones((persons, 2), np.float32), PersonBoxes.of([[0, 0, 9, 9]] * persons)
    )


def content(folder, name):
    return json.loads((folder / f'{name}.json').read_text())


@pytest.fixture
def pictures(tmp_path):
    for name in ('in/a.png', 'in/b.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), IMAGE)
    return open_frames([str(tmp_path / 'in')])


@pytest.fixture
def clip(tmp_path):
    with closing(VideoFileWriter(tmp_path / 'clip.mp4', 25)) as video:
        video.write(IMAGE)
    return open_frames([str(tmp_path / 'clip.mp4')])


def test_everything_is_there_after_each_image(pictures, tmp_path):
    out = tmp_path / 'new' / 'out'
    files = PoseFiles(out, pictures, SKELETON)
    assert content(out, 'predictions') == content(out, 'images') == []
    files.add(7, Frame(IMAGE, 'a.png', 0), poses(2))
    assert [person['image_id'] for person in content(out, 'predictions')] == [7, 7]
    files.add('nine', Frame(IMAGE, 'sub/b.jpg', 1), poses(0))
    assert len(content(out, 'predictions')) == 2
    assert content(out, 'images') == [
        dict(id=7, file_name='a.png', width=60, height=40),
        dict(id='nine', file_name='sub/b.jpg', width=60, height=40),
    ]
    assert (files.num_images, files.num_persons) == (2, 2)
    drawn = cv2.imread(str(out / 'pictures/a.png'))
    assert drawn.shape == IMAGE.shape
    assert drawn[10, 10].argmax() == 2  # a sure keypoint is red
    assert (cv2.imread(str(out / 'pictures/sub/b.jpg')) == 128).all()
    files.close()


def test_frames_of_a_video_become_a_video(clip, tmp_path):
    out = tmp_path / 'out'
    with closing(PoseFiles(out, clip, SKELETON, video_format='avi')) as files:
        for number in range(3):
            files.add(number + 1, Frame(IMAGE, 'clip.mp4', number), poses(1))
    drawn = list(open_frames([str(out / 'clip.avi')]))
    assert [frame.image.shape for frame in drawn] == [IMAGE.shape] * 3
    assert drawn[0].image[10, 10].argmax() == 2
    records = content(out, 'images')
    assert records[2] == dict(id=3, file_name='clip.mp4', width=60, height=40, frame=2)
    assert {path.name for path in out.iterdir()} == {'predictions.json', 'images.json', 'clip.avi'}


def test_without_drawings(pictures, clip, tmp_path):
    for number, source in enumerate((pictures, clip)):
        out = tmp_path / f'out{number}'
        with closing(PoseFiles(out, source, SKELETON, draw=False)) as files:
            files.add(1, Frame(IMAGE, 'a.png', 0), poses(1))
        assert {path.name for path in out.iterdir()} == {'predictions.json', 'images.json'}


@pytest.mark.parametrize(
    ('name', 'drawn_name'),
    [
        ('below/a.JPG', 'below/a.JPG'),
        ('a.ppm', 'a.ppm'),
        # OpenCV cannot write these, or only without colours
        ('a.jfif', 'a.jfif.png'),
        ('below/a.pgm', 'below/a.pgm.png'),
        ('a.pbm', 'a.pbm.png'),
        ('a.jp2', 'a.jp2.png'),
        ('a.xyz', 'a.xyz.png'),
        ('a', 'a.png'),
    ],
)
def test_drawn_pictures_have_the_names_of_the_images(name, drawn_name, tmp_path):
    with closing(PoseFiles(tmp_path, ImageFiles(tmp_path, [name]), SKELETON)) as files:
        files.add(1, Frame(IMAGE, name, 0), poses(1))
    folder = tmp_path / 'pictures'
    names = [path.relative_to(folder) for path in folder.rglob('*') if path.is_file()]
    assert list(map(str, names)) == [drawn_name]
    assert cv2.imread(str(folder / drawn_name))[10, 10].argmax() == 2


def test_picture_that_is_too_wide_for_its_format_is_drawn_as_png(tmp_path):
    wide = np.zeros((1, 20000, 3), np.uint8)
    with closing(PoseFiles(tmp_path, ImageFiles(tmp_path, ['a.webp']), SKELETON)) as files:
        files.add(1, Frame(wide, 'a.webp', 0), poses(0))
    assert cv2.imread(str(tmp_path / 'pictures/a.webp.png')).shape == wide.shape


def test_pictures_are_never_replaced(pictures, tmp_path):
    (tmp_path / 'in').rename(tmp_path / 'pictures')
    frames = open_frames([str(tmp_path / 'pictures')])
    with pytest.raises(InputError, match=r'would replace the input .*a\.png: give another --out'):
        PoseFiles(tmp_path, frames, SKELETON)
    one = ImageFiles(tmp_path / 'pictures', ['b.jpg'])
    (tmp_path / 'pictures/b.jpg').rename(tmp_path / 'pictures/b.jpg.png')
    (tmp_path / 'pictures/b.jpg').symlink_to('b.jpg.png')  # drawn under either name
    with pytest.raises(InputError, match='would replace the input'):
        PoseFiles(tmp_path, one, SKELETON)
    assert not (tmp_path / 'predictions.json').exists()
    PoseFiles(tmp_path, frames, SKELETON, draw=False).close()


def test_video_is_never_replaced(clip, tmp_path):
    with pytest.raises(InputError, match=r'would replace the input .*clip\.mp4'):
        PoseFiles(tmp_path, clip, SKELETON)
    assert not (tmp_path / 'predictions.json').exists()
    PoseFiles(tmp_path, clip, SKELETON, video_format='avi').close()
    PoseFiles(tmp_path, clip, SKELETON, draw=False).close()


@pytest.mark.parametrize('name', ['predictions', 'images'])
def test_other_files_that_are_read_are_never_replaced(name, pictures, tmp_path):
    other = tmp_path / f'{name}.json'
    PoseFiles(tmp_path / 'out', pictures, SKELETON, others=[other, 'nowhere.json']).close()
    other.write_text('kept')
    with pytest.raises(InputError, match=rf'would replace the input .*{name}\.json'):
        PoseFiles(tmp_path, pictures, SKELETON, others=[other])
    assert other.read_text() == 'kept'


def test_folder_that_cannot_be_made(pictures, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='cannot be written') as caught:
        PoseFiles(tmp_path / 'file', pictures, SKELETON)
    assert caught.value.filename == str(tmp_path / 'file/predictions.json')
