# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest

from sdpose import InputError
from sdpose.apis import ImagePoses, PersonBoxes
from sdpose.apis.frames import Frame, open_frames
from sdpose.apis.pose_files import PoseFiles
from sdpose.visualization import VideoFileWriter

META = dict(skeleton_links=[(0, 1)])
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
    return tmp_path / 'in'


def test_everything_is_there_after_each_image(pictures, tmp_path):
    out = tmp_path / 'new' / 'out'
    files = PoseFiles(out, open_frames(str(pictures)), META)
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


def test_without_pictures(pictures, tmp_path):
    with PoseFiles(tmp_path / 'out', open_frames(str(pictures)), META, draw=False) as files:
        files.add(1, Frame(IMAGE, 'a.png', 0), poses(1))
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert names == {'predictions.json', 'images.json'}


def test_inputs_are_never_replaced(pictures, tmp_path):
    pictures.rename(tmp_path / 'pictures')
    frames = open_frames(str(tmp_path / 'pictures'))
    with pytest.raises(InputError, match='would replace the input'):
        PoseFiles(tmp_path, frames, META)
    clip = tmp_path / 'clip.mp4'
    with VideoFileWriter(clip, 25) as video:
        video.write(IMAGE)
    with pytest.raises(InputError, match='would replace the input'):
        PoseFiles(tmp_path, open_frames(str(clip)), META)
    assert not (tmp_path / 'predictions.json').exists()
    PoseFiles(tmp_path, open_frames(str(clip)), META, video_format='avi').close()


def test_folder_that_cannot_be_made(pictures, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='Nothing can be written'):
        PoseFiles(tmp_path / 'file', open_frames(str(pictures)), META)
