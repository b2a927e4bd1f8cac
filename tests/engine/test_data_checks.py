# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
import os

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from conftest import change_json
from sdpose.annotations.category import Skeleton
from sdpose.engine.data_checks import check_data
from sdpose.engine.metainfo import make_metainfo
from sdpose.errors import InputError

NAMES = ('left_eye', 'right_eye', 'nose')
METAINFO = make_metainfo('three', Skeleton(NAMES, ()), [0.1] * 3)


@pytest.fixture
def data_root(tmp_path):
    (tmp_path / 'images').mkdir()
    for name in 'ab':
        cv2.imwrite(str(tmp_path / f'images/{name}.jpg'), np.full((60, 80, 3), 90, np.uint8))
    write(tmp_path / 'ann.json')
    return tmp_path


def write(path, count=3, **changes):
    """Two images, and a person in each of them."""
    person = dict(
        category_id=1,
        bbox=[10, 10, 30, 40],
        keypoints=[20, 20.5, 2] * count,
        num_keypoints=count,
        area=400,
        iscrowd=0,
    )
    content = dict(
        categories=[dict(id=1, name='person')],
        images=[
            dict(id=i, file_name=f'{name}.jpg', width=80, height=60) for i, name in enumerate('ab')
        ],
        annotations=[dict(person, id=9, image_id=0), dict(person, id=10, image_id=1, **changes)],
    )
    path.write_text(json.dumps(content))


def write_boxes(path, **changes):
    box = dict(image_id=0, category_id=1, bbox=[1, 2, 3, 4], score=1) | changes
    path.write_text(json.dumps([box]))
    return str(path)


def make_config(folder, evaluator=None, **changes):
    dataset = dict(
        type='CocoDataset',
        data_root=str(folder),
        ann_file='ann.json',
        data_prefix=dict(img='images/'),
        metainfo=METAINFO,
    )
    dataset.update(changes)
    loader = dict(dataset=dict(type='Wrapper', datasets=[dataset]))
    return Config(
        dict(
            model=dict(head=dict(out_channels=3)),
            train_dataloader=loader,
            val_dataloader=loader,
            val_evaluator=evaluator or dict(type='CocoMetric'),
        )
    )


def test_good_data_passes(data_root):
    assert check_data(make_config(data_root), ['train', 'val', 'test']) == []
    boxes = write_boxes(data_root / 'boxes.json')
    assert check_data(make_config(data_root, bbox_file=boxes), ['val']) == []


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(data_root='nowhere'), r'no data folder nowhere\..*ln -s'),
        (dict(ann_file='no.json'), r'no annotation file .*no\.json'),
        (dict(ann_file='images'), r'images is a folder, not a file of annotations'),
        (dict(ann_file='pipe'), r'pipe is a pipe or a device'),
        (dict(data_prefix=dict(img='no/')), r'no image folder .*no'),
        (dict(bbox_file='no_boxes.json'), r'no_boxes\.json.*bbox_file=None'),
        (dict(ann_file=5), "The config's ann_file 5 is not a path"),
        (dict(data_root=[1]), r"The config's data_root \[1\] is not a path"),
        (dict(data_prefix=dict(img=5)), "The config's img 5 is not a path"),
    ],
)
def test_wrong_parts(data_root, changes, message):
    os.mkfifo(data_root / 'pipe')
    with pytest.raises(InputError, match=message):
        check_data(make_config(data_root, **changes), ['train'])


@pytest.mark.parametrize(
    ('kind', 'ann_file', 'toy'),
    [
        ('CocoDataset', 'annotations/person_keypoints_train2017.json', 'coco'),
        ('CrowdPoseDataset', 'annotations/mmpose_crowdpose_test.json', 'crowdpose'),
        ('CrowdPoseDataset', 'annotations/train.json', None),  # LSPET
        ('MpiiDataset', 'annotations/mpii_train.json', None),
    ],
)
def test_what_to_do_without_the_data(tmp_path, kind, ann_file, toy):
    with pytest.raises(InputError, match=rf'docs/data-sets\.md .* {kind} .*--data-root') as error:
        check_data(make_config(tmp_path / 'none', type=kind, ann_file=ann_file), ['train'])
    found = str(error.value)
    assert f'ln -s /path/to/it {tmp_path}/none)' in found
    assert ('make_toy_coco.py' in found) == (toy is not None)
    assert toy is None or found.endswith(f'make_toy_coco.py data/toy_{toy} --style {toy}')


def test_other_number_of_keypoints(data_root):
    write(data_root / 'ann.json', count=14)
    message = r'annotation 0 \(id 9\): it has 14 keypoints, not 3 \(is the config the right one'
    with pytest.raises(InputError, match=message):
        check_data(make_config(data_root), ['train'])
    converter = [dict(type='LoadImage'), dict(type='mmpose.KeypointConverter')]
    assert check_data(make_config(data_root, pipeline=converter), ['train']) == []


def test_pictures_are_looked_at(data_root):
    cv2.imwrite(str(data_root / 'images/b.jpg'), np.full((80, 60, 3), 90, np.uint8))
    with pytest.raises(InputError, match=r'image with id 1: .*b\.jpg is 60x80 pixels, not 80x60'):
        check_data(make_config(data_root), ['train'])
    # a picture that is not used need not be there
    write(data_root / 'ann.json', keypoints=[0] * 9, num_keypoints=0)
    (data_root / 'images/b.jpg').unlink()
    (note,) = check_data(make_config(data_root), ['train', 'val'])
    assert note == (
        f'{data_root / "ann.json"}: 1 of 2 persons is not used: 1 without labelled keypoints.'
    )
    assert check_data(make_config(data_root, data_mode='bottomup'), ['train']) == []


def test_area_is_only_for_metrics_that_read_it(data_root):
    write(data_root / 'ann.json', area=0)
    assert check_data(make_config(data_root), ['train']) == []
    with pytest.raises(InputError, match='its area is 0'):
        check_data(make_config(data_root), ['val'])
    for metric in (
        dict(type='CocoMetric', use_area=False),
        dict(type='PCKAccuracy'),
        dict(type='CocoMetric', format_only=True),
    ):
        assert check_data(make_config(data_root, metric), ['val']) == []
    with pytest.raises(InputError, match=r'image 0 \(id 0\): it has no crowdIndex'):
        check_data(
            make_config(data_root, dict(type='CocoMetric', iou_type='keypoints_crowd')), ['val']
        )


def test_detected_boxes(data_root):
    for changes, message in (
        (dict(image_id='0'), r"boxes\.json: detection 0: its image_id '0' is not"),
        (dict(category_id=3), r'boxes\.json: none of its 1 detections can be used'),
    ):
        boxes = write_boxes(data_root / 'boxes.json', **changes)
        with pytest.raises(InputError, match=message):
            check_data(make_config(data_root, bbox_file=boxes), ['val'])


def test_images_alone_are_enough_to_write_results(data_root):
    change_json(data_root / 'ann.json', lambda content: content.pop('annotations'))
    boxes = write_boxes(data_root / 'boxes.json')
    write_only = dict(type='CocoMetric', format_only=True, outfile_prefix='a')
    assert check_data(make_config(data_root, write_only, bbox_file=boxes), ['val']) == []
    with pytest.raises(InputError, match='it has no "annotations"'):
        check_data(make_config(data_root, bbox_file=boxes), ['val'])


def test_the_evaluator_may_have_annotations_of_its_own(data_root):
    def check():
        return check_data(make_config(data_root, metric), ['val'])

    metric = dict(type='CocoMetric', ann_file=str(data_root / 'images/../ann.json'))
    assert check() == []
    metric['ann_file'] = str(data_root / 'truth.json')
    with pytest.raises(InputError, match=r'There is no file of annotations .*truth\.json'):
        check()
    write(data_root / 'truth.json')
    write(data_root / 'ann.json', area=0)
    assert check() == []
    write(data_root / 'truth.json', area=0)
    with pytest.raises(InputError, match=r'truth\.json: .* its area is 0'):
        check()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda content: [content[part].pop() for part in ('images', 'annotations')],
         r'ann\.json has image 1, b\.jpg, but .*truth\.json has not'),
        (lambda content: content['images'].append(dict(content['images'][0], id=7)),
         r'truth\.json has image 7, a\.jpg, but .*ann\.json has not'),
        (lambda content: content['images'][1].update(file_name='other.jpg'),
         r'ann\.json has image 1, b\.jpg, but .*truth\.json has not: .* the same images'),
    ],
)  # fmt: skip
def test_an_evaluators_file_that_was_forgotten(data_root, change, message):
    truth = data_root / 'truth.json'
    metric = dict(type='CocoMetric', ann_file=str(truth))
    write(truth)
    change_json(truth, lambda content: content['images'][1].update(file_name='x/b.jpg'))
    assert check_data(make_config(data_root, metric), ['val']) == []
    change_json(truth, change)
    with pytest.raises(InputError, match=message):
        check_data(make_config(data_root, metric), ['val'])


def test_metainfo_of_another_number(data_root):
    write(data_root / 'ann.json', count=14)
    cfg = make_config(data_root, metainfo=None)
    cfg.model.head.out_channels = 14
    message = r"CocoDataset describes 17 keypoints, not 14 as .*type='CrowdPoseDataset'"
    with pytest.raises(InputError, match=message):
        check_data(cfg, ['train'])
    cfg.train_dataloader.dataset.datasets[0].type = 'CrowdPoseDataset'
    assert check_data(cfg, ['train']) == []


@pytest.mark.parametrize('metainfo', [dict(from_file='gone.py'), dict(), 5, dict(sigmas=[1])])
def test_metainfo_that_cannot_be_read(data_root, metainfo):
    cfg = make_config(data_root, metainfo=metainfo)
    with pytest.raises(InputError, match="The data set's metainfo cannot be read: "):
        check_data(cfg, ['train'])


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['LeftEye', 'eye_r', 'Nose'], None),
        (['left_ear', 'right_ear', 'snout'], None),  # other words, nothing goes wrong
        (['a', 'b'], None),
        (5, None),
        (['nose', 'left_eye', 'right_eye'], 'its keypoint 0 is nose, .* left_eye, .*new_dataset'),
        (['tail', 'left_paw', 'right_paw'], 'its left_paw and right_paw are the right_eye and no'),
    ],
)
def test_keypoints_in_another_order(data_root, names, message):
    change_json(data_root / 'ann.json', lambda c: c['categories'][0].update(keypoints=names))
    if message is None:
        assert check_data(make_config(data_root), ['train']) == []
        return
    with pytest.raises(InputError, match=rf'ann\.json: category 0 \(id 1\): {message}'):
        check_data(make_config(data_root), ['train'])


def test_odd_settings_are_left_to_those_who_build_them(data_root):
    cfg = make_config(data_root, [None, 5], pipeline=None, data_prefix=dict())
    (data_root / 'a.jpg').symlink_to('images/a.jpg')
    (data_root / 'b.jpg').symlink_to('images/b.jpg')
    for cfg.model in (None, dict(head=None), 5):
        assert check_data(cfg, ['val']) == []
    cfg.train_dataloader = 'loader'
    assert check_data(cfg, ['train']) == []


def test_data_set_with_a_check_of_its_own(tmp_path):
    dataset = dict(type='ImageFolderDataset', data_root=str(tmp_path), split='train')
    wrapped = dict(type='Wrapper', dataset=dataset)
    cfg = Config(dict(model=dict(num_classes=2), train_dataloader=dict(dataset=wrapped)))
    with pytest.raises(InputError, match='no image folder'):
        check_data(cfg, ['train'])
    for name in ('a', 'b'):
        (tmp_path / 'train' / name).mkdir(parents=True)
    check_data(cfg, ['train'])
