# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from sdpose.annotations.category import Skeleton
from sdpose.annotations.keypoint_names import names_of
from sdpose.engine.metainfo import DEFAULT_SIGMA, known_joints, make_metainfo, read_metainfo
from sdpose.errors import InputError


@pytest.mark.parametrize('name', ['CocoDataset', 'CrowdPoseDataset'])
def test_it_is_mmposes_for_mmposes_keypoints(name):
    expected = parse_pose_metainfo(DATASETS.get(name).METAINFO)
    names = tuple(names_of(expected))
    known = known_joints(names)
    skeleton = Skeleton(names, tuple(map(tuple, expected['skeleton_links'])))
    found = parse_pose_metainfo(make_metainfo('x', skeleton, [known[n][0] for n in names]))
    for key in ('flip_indices', 'upper_body_ids', 'lower_body_ids', 'skeleton_links', 'sigmas'):
        np.testing.assert_array_equal(found[key], expected[key])
    if name == 'CocoDataset':
        colours = (each['keypoint_colors'][5:] for each in (found, expected))  # no face
        np.testing.assert_array_equal(*colours)
        assert pytest.approx(np.mean(found['sigmas']), abs=5e-4) == DEFAULT_SIGMA


def test_other_spellings_and_unknown_joints():
    known = known_joints(['LeftWrist', 'toe_r', 'neck', 'right_big_toe'])
    assert known == {
        'LeftWrist': (0.062, 'upper'),
        'neck': (0.079, 'upper'),
        'right_big_toe': (0.092, 'lower'),
    }


def test_no_pairs_and_no_links():
    found = parse_pose_metainfo(make_metainfo('x', Skeleton(('tail',), ()), [0.1]))
    assert (found['flip_indices'], found['num_skeleton_links']) == ([0], 0)


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
