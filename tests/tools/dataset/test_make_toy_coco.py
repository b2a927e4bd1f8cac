# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The toy data set: its labels, files and command line."""

import json
import subprocess
import sys
from pathlib import Path

import make_toy_coco
import numpy as np
import pytest
from pycocotools import mask as mask_utils

from conftest import ROOT
from sdpose.runtime.command import run_command
from toy.coco_format import annotate, crowd_index
from toy.scene import Scene, compose_scene
from toy.style import STYLES

FILES = {
    name: [*style.annotation_files.values(), *filter(None, [style.detection_file])]
    for name, style in STYLES.items()
}


def run(*arguments) -> int:
    arguments = map(str, ('--workers', 1, *arguments))
    return run_command(make_toy_coco.main, list(arguments))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


@pytest.fixture(scope='module')
def toy(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp('toy')
    for style in STYLES:
        assert run(root / style, '--style', style, '--images', 30, '--val-images', 25) == 0
    return {style: root / style for style in STYLES}


def document(toy, style, split='val') -> dict:
    return json.loads((toy[style] / STYLES[style].annotation_files[split]).read_text())


def test_crowd_index_counts_other_persons_joints_in_the_box():
    keypoints = np.zeros((2, 4, 3))
    keypoints[0] = [(1, 1, 2), (2, 2, 1), (3, 3, 2), (9, 9, 2)]
    keypoints[1] = [(3, 3, 2), (8, 8, 2), (0, 0, 0), (0, 0, 0)]
    boxes = np.array([[0, 0, 4, 4], [2, 2, 8, 8]])
    # Person 0: one of the other's joints inside, four own; person 1: three inside, two own.
    assert crowd_index(keypoints, boxes) == pytest.approx((1 / 4 + 3 / 2) / 2)
    assert crowd_index(keypoints * [1, 1, 0], boxes) == 0
    assert crowd_index(np.repeat(keypoints, 3, axis=0), np.repeat(boxes, 3, axis=0)) == 1
    assert crowd_index(keypoints[:0], boxes[:0]) == 0


@pytest.mark.parametrize('corner', [False, True])
def test_mask_of_a_crowd_is_read_by_pycocotools(corner):
    mask = np.random.default_rng(0).random((7, 5)) < 0.5
    mask[0, 0] = corner
    scene = Scene(np.zeros((7, 5, 3), np.uint8), [], mask)
    _, (crowd,) = annotate(scene, 1, '1.jpg', STYLES['coco'])
    decoded = mask_utils.decode(mask_utils.frPyObjects(crowd['segmentation'], *mask.shape))
    np.testing.assert_array_equal(decoded.astype(bool), mask)


@pytest.mark.parametrize('style', STYLES)
def test_annotations_agree_with_the_scene(style):
    for seed in range(8):
        scene = compose_scene(np.random.default_rng(seed), STYLES[style])
        _, annotations = annotate(scene, 7, '7.jpg', STYLES[style])
        assert len(annotations) >= len(scene.persons)
        for person, entry in zip(scene.persons, annotations, strict=False):
            rows, columns = np.nonzero(person.mask)
            x, y, width, height = entry['bbox']
            assert (x, y) == (columns.min(), rows.min())
            assert (x + width - 1, y + height - 1) == (columns.max(), rows.max())
            assert entry['area'] == person.mask.sum()
            keypoints = np.array(entry['keypoints']).reshape(-1, 3)
            counted = keypoints[:, 2] >= STYLES[style].counted_visibility
            assert entry['num_keypoints'] == counted.sum()
            for kx, ky, visibility in keypoints:
                if visibility == 2:
                    assert person.mask[round(ky), round(kx)]
                if visibility == 0:
                    assert (kx, ky) == (0, 0)


def test_coco_style_leaves_small_persons_and_crowds_without_keypoints(toy):
    annotations = [
        entry for split in ('train', 'val') for entry in document(toy, 'coco', split)['annotations']
    ]
    small = [a for a in annotations if a['area'] < 32**2 and not a['iscrowd']]
    crowds = [a for a in annotations if a['iscrowd']]
    assert small and crowds
    for entry in small + crowds:
        assert entry['num_keypoints'] == 0 and not any(entry['keypoints'])
    assert all(isinstance(a['segmentation']['counts'], list) for a in crowds)
    assert all(len(p) >= 6 for a in small for p in a['segmentation'])


@pytest.mark.parametrize('style', ['coco', 'crowdpose'])
@pytest.mark.parametrize('detections', [False, True])
def test_mmpose_reads_it(toy, style, detections):
    from mmpose.datasets import CocoDataset, CrowdPoseDataset

    known, out = STYLES[style], toy[style]
    dataset = {'coco': CocoDataset, 'crowdpose': CrowdPoseDataset}[style](
        ann_file=known.annotation_files['val'],
        bbox_file=str(out / known.detection_file) if detections else None,
        data_root=str(out),
        data_prefix={'img': known.image_dirs['val'] + '/'},
        test_mode=True,
    )
    names = [dataset.metainfo['keypoint_id2name'][i] for i in range(len(known.keypoints))]
    assert names == document(toy, style)['categories'][0]['keypoints']
    expected = json.loads((out / known.detection_file).read_text())
    if not detections:
        expected = [a for a in document(toy, style)['annotations'] if a['num_keypoints']]
    assert len(dataset) == len(expected) > 25
    sample = dataset.get_data_info(0)
    assert Path(sample['img_path']).is_file()
    assert sample['keypoints'].shape == (1, len(known.keypoints), 2)
    assert detections or ('crowd_index' in sample) == (style == 'crowdpose')


@pytest.mark.parametrize('style', STYLES)
def test_ground_truth_evaluates_to_one(toy, style):
    from sdpose.annotations.coco_evaluation import COCO, COCOeval

    iou_type = 'keypoints_crowd' if style == 'crowdpose' else 'keypoints'
    truth = COCO(str(toy[style] / STYLES[style].annotation_files['val']))
    found = [
        {key: entry[key] for key in ('image_id', 'category_id', 'keypoints')} | {'score': 1.0}
        for entry in truth.dataset['annotations']
        if entry['num_keypoints']
    ]
    sigmas = np.full(len(STYLES[style].keypoints), 0.07)
    evaluation = COCOeval(
        truth, truth.loadRes(found), iou_type, sigmas, use_area=style != 'crowdpose'
    )
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    # AP and AR in all ranges: medium and large for COCO; easy, medium and hard for CrowdPose.
    np.testing.assert_allclose(evaluation.stats, 1.0)


def test_hands_and_feet_are_labelled_where_they_end(toy):
    """Each hand is near its wrist and each toe near its ankle, and most can be seen."""
    (category,) = document(toy, 'hands-and-feet')['categories']
    ends = {f'{side}_{end}' for side in ('left', 'right') for end in ('hand', 'toe')}
    links = np.array(category['skeleton'][-4:]) - 1
    assert {category['keypoints'][end] for _, end in links} == ends
    persons = [a for a in document(toy, 'hands-and-feet')['annotations'] if a['num_keypoints']]
    keypoints = np.array([a['keypoints'] for a in persons], float).reshape(len(persons), 21, 3)
    heights = np.array([a['bbox'][3] for a in persons])
    for one, two in links:
        labelled = (keypoints[:, [one, two], 2] > 0).all(axis=1)
        lengths = np.linalg.norm(np.subtract(*keypoints[:, [one, two], :2].swapaxes(0, 1)), axis=1)
        assert 0 < np.median((lengths / heights)[labelled]) < 0.15
        assert (keypoints[:, two, 2] == 2).mean() > 0.5


def test_detections_are_near_the_truth(toy):
    found = json.loads((toy['coco'] / STYLES['coco'].detection_file).read_text())
    persons = [a for a in document(toy, 'coco')['annotations'] if not a['iscrowd']]
    matched = 0
    for person in persons:
        boxes = [d['bbox'] for d in found if d['image_id'] == person['image_id']]
        overlaps = mask_utils.iou(np.array(boxes), np.array([person['bbox']], float), [0])
        matched += overlaps.max() > 0.6
    assert 0.85 * len(persons) < matched
    assert all(0 < d['score'] < 1 and min(d['bbox'][2:]) > 0 for d in found)
    assert len(found) > matched  # some are false alarms


def test_command_draws_the_same_images_with_any_workers_and_number_and_without_torch(tmp_path, toy):
    command = [sys.executable, '-X', 'importtime', ROOT / 'tools/dataset/make_toy_coco.py']
    options = '--images', '30', '--val-images', '25', '--workers', '2'
    two = subprocess.run(
        [*command, tmp_path / 'two', *options], capture_output=True, text=True, check=True
    )
    assert 'Wrote 30 training and 25 validation images' in two.stdout
    assert 'cv2' in two.stderr and 'torch' not in two.stderr and 'mmengine' not in two.stderr
    assert contents(tmp_path / 'two') == contents(toy['coco'])
    assert run(tmp_path / 'few', '--images', 2, '--val-images', 1) == 0
    images = {name: data for name, data in contents(tmp_path / 'few').items() if '.jpg' in name}
    assert len(images) == 3
    assert images.items() <= contents(toy['coco']).items()


def test_splits_and_seeds_differ(tmp_path, toy):
    images = [data for name, data in contents(toy['coco']).items() if name.endswith('.jpg')]
    assert len(set(images)) == len(images) == 55
    ids = [{i['id'] for i in document(toy, 'coco', s)['images']} for s in ('train', 'val')]
    assert not ids[0] & ids[1]
    assert run(tmp_path, '--images', 1, '--val-images', 1, '--seed', 1) == 0
    assert not set(contents(tmp_path).values()) & set(images)


def test_complete_set_is_kept_and_other_options_are_refused(tmp_path, capsys):
    args = (tmp_path, '--images', 2, '--val-images', 1)
    assert run(*args) == 0
    before = contents(tmp_path)
    assert run(*args) == 0
    assert 'already' in capsys.readouterr().out
    assert run(*args, '--seed', 5) == 1
    assert 'seed 0' in (message := capsys.readouterr().err) and '--overwrite' in message
    assert contents(tmp_path) == before
    assert run(*args, '--style', 'crowdpose', '--overwrite') == 0
    assert not (tmp_path / 'train2017').exists()
    assert (tmp_path / FILES['crowdpose'][0]).is_file()


def test_foreign_files_are_never_touched(tmp_path, capsys):
    (tmp_path / 'train2017').mkdir()
    (tmp_path / 'train2017' / 'mine.jpg').write_text('precious')
    for extra in ((), ('--overwrite',)):
        assert run(tmp_path, '--images', 1, *extra) == 1
        assert 'did not make' in capsys.readouterr().err
    assert contents(tmp_path) == {'train2017/mine.jpg': b'precious'}


def test_interrupted_run_is_no_data_set_and_is_made_again(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    args = (tmp_path, '--images', 2, '--val-images', 1)
    with monkeypatch.context() as patch:
        patch.setattr('toy.writer.simulate_detections', stop)
        assert run(*args) == 130
    assert not any((tmp_path / name).exists() for name in FILES['coco'])
    assert run(*args) == 0
    assert all((tmp_path / name).is_file() for name in FILES['coco'])


@pytest.mark.parametrize(
    ('option', 'value'),
    [
        ('--images', 0),
        ('--images', 10**9),
        ('--val-images', -1),
        ('--seed', -1),
        ('--seed', 10**30),
        ('--workers', 0),
        ('--workers', 10**6),
    ],
)
def test_numbers_out_of_range_give_one_sentence(tmp_path, capsys, option, value):
    assert run(tmp_path / 'out', option, value) == 1
    message = capsys.readouterr().err
    assert message.startswith(f'Error: {option} must be from ') and message.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_unusable_folder_gives_one_sentence(tmp_path, capsys):
    (tmp_path / 'file').touch()
    for out in (tmp_path / 'file', tmp_path / 'file' / 'below'):
        assert run(out, '--images', 1) == 1
        message = capsys.readouterr().err
        assert message.startswith(f'Error: {tmp_path}/file') and message.count('\n') == 1
