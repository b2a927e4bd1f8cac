# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The toy figures: skeletons, poses, symmetric dress, and what hides what."""

import numpy as np
import pytest

from toy.canvas import blend
from toy.figure import draw_figure, self_visibility
from toy.outfit import sample_outfit
from toy.pose import Bend, Limb, Pose, sample_pose
from toy.scene import observe
from toy.skeleton import Body, View, build_skeleton, sample_body, sample_view

SIZE = (160, 220)
UPRIGHT, ARM, LEG = Bend(0, 0, 0), Limb(0, 10, 0, 0), Limb(0, 5, 0, 0)
REST = Pose(UPRIGHT, UPRIGHT, ARM, ARM, LEG, LEG)


def standing(yaw: float):
    skeleton = build_skeleton(REST, Body(), View(yaw=yaw, scale=180))
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


def test_poses_keep_the_limits_of_joints_and_the_lengths_of_limbs():
    rng = np.random.default_rng(0)
    for _ in range(200):
        pose, body = sample_pose(rng), sample_body(rng)
        for arm, leg in ((pose.left_arm, pose.left_leg), (pose.right_arm, pose.right_leg)):
            assert -50 <= arm.flexion <= 175 and 0 <= arm.bend <= 145
            assert -30 <= leg.flexion <= 120 and 0 <= leg.bend <= 140
        points = build_skeleton(pose, body, sample_view(rng, 100)).points
        for side in ('left', 'right'):
            forearm = points[f'{side}_wrist'] - points[f'{side}_elbow']
            thigh = points[f'{side}_knee'] - points[f'{side}_hip']
            assert np.linalg.norm(forearm) == pytest.approx(100 * body.forearm)
            assert np.linalg.norm(thigh) == pytest.approx(100 * body.thigh)


def test_mirrored_pose_is_the_mirror_image():
    pose = sample_pose(np.random.default_rng(3))
    points, mirrored = (build_skeleton(p, Body(), View()).points for p in (pose, pose.mirrored()))
    for name, other in (('left_wrist', 'right_wrist'), ('left_toe', 'right_toe'), ('nose', 'nose')):
        np.testing.assert_allclose(mirrored[name], points[other] * (-1, 1, 1), atol=1e-9)
    assert pose.mirrored() != pose == pose.mirrored().mirrored()


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
    ('yaw', 'expected'),
    [
        (0, dict(nose=2, left_ear=2)),
        (180, dict(nose=0, left_eye=0, left_shoulder=2, top_head=2)),
        (90, dict(right_shoulder=2, left_shoulder=1, left_hip=1, left_ear=0, right_ear=2)),
        (-90, dict(right_shoulder=1)),
    ],
)
def test_body_hides_its_own_far_side(yaw, expected):
    figure = draw_figure(standing(yaw), sample_outfit(np.random.default_rng(0)), SIZE)
    assert {landmark: self_visibility(figure, landmark) for landmark in expected} == expected


def test_covered_joints_are_not_visible_and_joints_outside_have_no_place():
    skeleton = standing(0)
    figure = draw_figure(skeleton, sample_outfit(np.random.default_rng(0)), SIZE)
    owner = np.ones(SIZE[::-1], int)
    waist = int(skeleton.points['left_hip'][1]) - 10
    owner[waist:] = -1
    landmarks = ('nose', 'left_shoulder', 'right_shoulder', 'left_knee', 'right_ankle')
    seen = observe(figure, owner, 1, landmarks).keypoints
    assert seen[:, 2].tolist() == [2, 2, 2, 1, 1]
    cut = observe(figure, owner[:waist], 1, landmarks).keypoints
    assert cut[3].tolist() == [0, 0, 0]
    assert cut[0, :2] == pytest.approx(skeleton.points['nose'][:2])
