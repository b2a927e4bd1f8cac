import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

import sdpose.plugin  # noqa: F401
from sdpose.annotations.keypoint_names import left_right_pairs, same_keypoints


@pytest.mark.parametrize(
    ('left', 'right'),
    [
        ('left_wrist', 'right_wrist'),
        ('wrist_l', 'wrist_r'),
        ('L_Wrist', 'R_Wrist'),
        ('LWrist', 'RWrist'),
        ('lWrist', 'rWrist'),
        ('LeftWrist', 'RightWrist'),
        ('Left Wrist', 'Right Wrist'),
        ('LEFT_WRIST', 'RIGHT_WRIST'),
        ('leftwrist', 'rightwrist'),
        ('wrist.left.2', 'wrist.right.2'),
    ],
)
def test_pairs_are_found_by_name(left, right):
    assert left_right_pairs(['nose', right, left]) == [(2, 1)]


@pytest.mark.parametrize('names', [[], ['nose'], ['left_eye'], ['lip', 'rip'], ['left', 'light']])
def test_others_are_none(names):
    assert left_right_pairs(names) == []


@pytest.mark.parametrize('name', ['CocoDataset', 'CrowdPoseDataset', 'CocoWholeBodyDataset'])
def test_pairs_are_mmposes(name):
    info = parse_pose_metainfo(DATASETS.get(name).METAINFO)
    names = [info['keypoint_id2name'][index] for index in range(info['num_keypoints'])]
    expected = {
        tuple(sorted(pair)) for pair in enumerate(info['flip_indices']) if pair[0] != pair[1]
    }
    found = {tuple(sorted(pair)) for pair in left_right_pairs(names)}
    assert found <= expected
    if name != 'CocoWholeBodyDataset':  # half of a face's points are numbers
        assert found == expected


@pytest.mark.parametrize(
    ('names', 'others', 'expected'),
    [
        (['left_wrist', 'neck'], ['nose', 'WristL', 'lWrist2'], [1, None]),
        (['LEFT_EAR', 'R.Ear', 'rear'], ['rightear', 'left ear'], [1, 0, None]),
        (
            ['top_head', 'thumb2', '\u00c4rmel'],
            ['thumb1', 'thumb2', '\u00e4rmel', 'head_top'],
            [3, 1, 2],
        ),
        (['l_eye', 'left_eye'], ['left_eye', 'right_eye'], [None, 0]),
        (['l_eye', 'left_eye'], ['left_eye', 'l_eye'], [1, 0]),
        (['', '-'], ['-'], [None, 0]),
        ([], ['nose'], []),
        (['nose'], [], [None]),
    ],
)
def test_the_same_keypoint_is_found_under_another_spelling(names, others, expected):
    assert same_keypoints(names, others) == expected
