# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest

from sdpose.errors import InputError
from sdpose.figures.metainfo import check_keypoint_names, read_metainfo


def content(*names, **changes):
    """Of a file of metainfo."""
    info = dict(
        dataset_name='own',
        keypoint_info={i: dict(name=name) for i, name in enumerate(names)},
        skeleton_info={},
        joint_weights=[1.0] * len(names),
        sigmas=[0.05] * len(names),
    )
    return f'dataset_info = {info | changes!r}'


@pytest.mark.parametrize('name', ['coco', 'MpiiDataset', 'own.py'])
def test_names_and_files(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'own.py').write_text(content('左手'), encoding='utf-8')
    expected = {'coco': (17, 'nose'), 'MpiiDataset': (16, 'right_ankle'), 'own.py': (1, '左手')}
    info = read_metainfo(name)
    assert (info['num_keypoints'], info['keypoint_id2name'][0]) == expected[name]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a = 1', 'its dataset_info has no dataset_name, keypoint_info, skeleton_info'),
        ('dataset_info = 3', 'has no dataset_name'),
        ('dataset_info = (', 'cannot be read: SyntaxError'),
        (content('a', 'b', sigmas=[0.05]), 'must have 2 sigmas above 0'),
        (content('a', 'b', sigmas=[0.05, 0]), 'must have 2 sigmas above 0'),
        (content('a', 'a'), 'gives two keypoints the same name'),
        (content('a', skeleton_info={0: dict(link=('a', 'z'))}), "cannot be read .* no 'z'"),
        (content(keypoint_info={1: dict(name='a')}), 'must number its keypoints from 0'),
        (content(keypoint_info=[1]), 'cannot be read as metainfo'),
    ],
)
def test_broken_files(tmp_path, text, message):
    (tmp_path / 'own.py').write_text(text)
    with pytest.raises(InputError, match=rf'own\.py.*{message}'):
        read_metainfo(str(tmp_path / 'own.py'))


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('MpiDataset', 'Did you mean MpiiDataset'),
        ('CombinedDataset', 'is no class of data sets with keypoints'),
        ('', "--metainfo '' is no class"),
        ('gone/own.py', 'There is no file of metainfo gone/own.py'),
    ],
)
def test_wrong_names(name, message):
    with pytest.raises(InputError, match=message):
        read_metainfo(name)


def test_keypoints_of_the_annotations():
    def check(names):
        check_keypoint_names('a.json', [dict(keypoints=names), {}], read_metainfo('crowdpose'))

    check(['left_shoulder', 'RightShoulder', 'lElbow', 'elbow', 5, *[''] * 7, 'head'])
    check(7)
    with pytest.raises(InputError, match='its keypoint 1 is left_shoulder, but that of'):
        check(['left_shoulder', 'left_shoulder'])
