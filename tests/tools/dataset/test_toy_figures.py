# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The toy figures: skeletons, poses, symmetric dress, and what hides what."""

from dataclasses import astuple, fields

import numpy as np
import pytest

from toy.canvas import blend
from toy.figure import draw_figure, self_visibility
from toy.outfit import sample_outfit
from toy.pose import ACTIVITIES, LIMITS, ArmAngles, LegAngles, Pose, TrunkAngles, sample_pose
from toy.scene import observe
from toy.skeleton import Body, View, build_skeleton, sample_body, sample_view

SIZE = (160, 220)


def rest_pose() -> Pose:
    arm, leg = ArmAngles(0, 10, 0, 0), LegAngles(0, 5, 0, 0)
    return Pose(TrunkAngles(0, 0, 0, 0, 0, 0), arm, arm, leg, leg)


def standing(yaw: float, **body):
    skeleton = build_skeleton(rest_pose(), Body(**body), View(yaw=yaw, scale=180))
    x_min, y_min, x_max, y_max = skeleton.extent()
    return skeleton.moved(80 - (x_min + x_max) / 2, 110 - (y_min + y_max) / 2)


def test_person_facing_the_camera_has_the_left_side_at_larger_x():
    front, back, profile = (standing(yaw).points for yaw in (0, 180, 90))
    for joint in ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'):
        assert front[f'left_{joint}'][0] > front[f'right_{joint}'][0]
        assert back[f'left_{joint}'][0] < back[f'right_{joint}'][0]
        assert profile[f'left_{joint}'][2] < profile[f'right_{joint}'][2]  # farther away
    assert profile['nose'][0] > profile['head'][0]


def test_body_is_upright_and_of_human_proportions():
    points = standing(0).points
    rows = [points[name][1] for name in ('top_head', 'neck', 'left_hip', 'left_knee', 'left_ankle')]
    assert rows == sorted(rows)
    assert rows[-1] - rows[0] == pytest.approx(0.95 * 180, rel=0.05)


@pytest.mark.parametrize('activity', ACTIVITIES)
def test_poses_keep_limits_and_limb_lengths(activity):
    rng = np.random.default_rng(0)
    for _ in range(20):
        pose, body = sample_pose(rng, activity), sample_body(rng)
        for part in (getattr(pose, f.name) for f in fields(pose)):
            for angle in fields(part):
                low, high = LIMITS[angle.name]
                assert low <= getattr(part, angle.name) <= high
        points = build_skeleton(pose, body, sample_view(rng, 100)).points
        for side in ('left', 'right'):
            forearm = points[f'{side}_wrist'] - points[f'{side}_elbow']
            thigh = points[f'{side}_knee'] - points[f'{side}_hip']
            assert np.linalg.norm(forearm) == pytest.approx(100 * body.forearm)
            assert np.linalg.norm(thigh) == pytest.approx(100 * body.thigh)


def test_mirrored_pose_is_the_mirror_image():
    pose = sample_pose(np.random.default_rng(3), 'stretching')
    original, mirrored = (
        build_skeleton(p, Body(), View(scale=1)).points for p in (pose, pose.mirrored())
    )
    np.testing.assert_allclose(
        mirrored['left_wrist'], original['right_wrist'] * (-1, 1, 1), atol=1e-9
    )
    np.testing.assert_allclose(mirrored['nose'], original['nose'] * (-1, 1, 1), atol=1e-9)
    assert astuple(pose.mirrored().mirrored()) == astuple(pose)


@pytest.mark.parametrize('yaw', [0, 40, 90, 180])
def test_mirrored_picture_is_that_of_the_mirrored_pose(yaw):
    """Flip augmentation would otherwise teach a false left and right."""
    pose, outfit = sample_pose(np.random.default_rng(0)), sample_outfit(np.random.default_rng(1))

    def draw(pose, yaw):
        skeleton = build_skeleton(pose, Body(), View(yaw=yaw, scale=150)).moved(79.5, 110)
        image = np.zeros((220, 160, 3), np.uint8)
        blend(image, draw_figure(skeleton, outfit, SIZE).layer)
        return image.astype(float)

    original, mirrored = draw(pose, yaw), draw(pose.mirrored(), -yaw)[:, ::-1]
    assert original.any()
    assert np.abs(original - mirrored).mean() < 0.02 * original.mean()


@pytest.mark.parametrize(
    ('yaw', 'landmark', 'expected'),
    [
        (0, 'nose', 2),
        (0, 'left_ear', 2),
        (180, 'nose', 0),
        (180, 'left_eye', 0),
        (180, 'left_shoulder', 2),
        (180, 'top_head', 2),
        (90, 'right_shoulder', 2),
        (90, 'left_shoulder', 1),
        (90, 'left_hip', 1),
        (90, 'left_ear', 0),
        (90, 'right_ear', 2),
        (-90, 'right_shoulder', 1),
    ],
)
def test_body_hides_its_own_far_side(yaw, landmark, expected):
    figure = draw_figure(standing(yaw), sample_outfit(np.random.default_rng(0)), SIZE)
    assert self_visibility(figure, landmark) == expected


def test_covered_joints_are_not_visible_and_joints_outside_have_no_place():
    skeleton = standing(0)
    figure = draw_figure(skeleton, sample_outfit(np.random.default_rng(0)), SIZE)
    owner = np.ones(SIZE[::-1], int)
    waist = int(skeleton.points['left_hip'][1]) - 10
    owner[waist:] = -1
    seen = observe(figure, owner, 1).keypoints
    assert {seen[name][2] for name in ('left_shoulder', 'right_shoulder', 'nose')} == {2}
    assert {seen[name][2] for name in ('left_knee', 'right_knee', 'left_ankle')} == {1}
    cut = observe(figure, owner[:waist], 1).keypoints
    assert cut['left_knee'] == (0, 0, 0)
    assert cut['nose'][:2] == pytest.approx(tuple(skeleton.points['nose'][:2]))
