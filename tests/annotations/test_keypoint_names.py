import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

import sdpose.plugin  # noqa: F401
from sdpose.annotations.keypoint_names import left_right_pairs, same_or_around


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
        (['left_wrist', 'hip'], ['nose', 'WristL', 'lWrist2'], [[1], []]),
        (['LEFT_EAR', 'R.Ear', 'rear'], ['rightear', 'left ear'], [[1], [0], []]),
        (['head_top', 'thumb2', 'Ä'], ['thumb1', 'thumb2', 'ä', 'top_head'], [[3], [1], [2]]),
        (['l_eye', 'left_eye'], ['left_eye', 'right_eye'], [[], [0]]),
        (['l_eye', 'left_eye'], ['left_eye', 'l_eye'], [[1], [0]]),
        (['', '-'], ['-'], [[], [0]]),
        (['Neck'], ['r_shoulder', 'LShoulder'], [[1, 0]]),
        (['neck'], ['left_shoulder', 'nose'], [[]]),
        ([], ['nose'], []),
        (['nose'], [], [[]]),
    ],
)
def test_the_same_keypoint_is_found_under_another_spelling(names, others, expected):
    assert same_or_around(names, others) == expected
