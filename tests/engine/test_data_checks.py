# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import pytest
from mmengine.config import Config

from sdpose.engine.data_checks import check_annotation_file, check_data
from sdpose.errors import InputError


@pytest.fixture
def data_root(tmp_path):
    (tmp_path / 'images').mkdir()
    write(tmp_path / 'ann.json', num_keypoints=3)
    return tmp_path


def write(path, num_keypoints):
    names = [f'k{i}' for i in range(num_keypoints)]
    content = dict(
        categories=[dict(id=1, keypoints=names)],
        images=[dict(id=1)],
        annotations=[dict(id=1), dict(id=2, keypoints=[-1, 2.5, 0] * num_keypoints)],
    )
    path.write_text(json.dumps(content, indent=1))


def make_config(folder, **changes):
    dataset = dict(
        type='CocoDataset',
        data_root=str(folder),
        ann_file='ann.json',
        data_prefix=dict(img='images/'),
    )
    dataset.update(changes)
    return Config(
        dict(
            model=dict(head=dict(out_channels=3)),
            train_dataloader=dict(dataset=dict(type='Wrapper', datasets=[dataset])),
        )
    )


def test_good_data_passes(data_root):
    check_data(make_config(data_root), ['train', 'val'])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(data_root='nowhere'), r'no data folder nowhere.*ln -s.*make_toy_coco\.py'),
        (dict(ann_file='no.json'), r'no annotation file .*no\.json'),
        (dict(data_prefix=dict(img='no/')), r'no image folder .*no'),
        (dict(bbox_file='no_boxes.json'), r'no_boxes\.json.*bbox_file=None'),
    ],
)
def test_missing_parts(data_root, changes, message):
    with pytest.raises(InputError, match=message):
        check_data(make_config(data_root, **changes), ['train'])


def test_other_number_of_keypoints(data_root):
    write(data_root / 'ann.json', num_keypoints=14)
    with pytest.raises(InputError, match=r'has 14 keypoints a person.*predicts 3'):
        check_data(make_config(data_root), ['train'])


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'it is empty'),
        ('[1, 2]', 'not a whole JSON object'),
        ('{"images": [], "annotations": [{"id": 1', 'not a whole JSON object'),
        ('{"images": []}', 'has no "annotations"'),
        ('{"images": [], "annotations": [{"id": 1}]}', 'has no keypoints.*person_keypoints'),
    ],
)
def test_file_that_is_not_coco(tmp_path, content, message):
    path = tmp_path / 'ann.json'
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        check_annotation_file(path, 17)


def test_data_set_with_a_check_of_its_own(tmp_path):
    dataset = dict(type='ImageFolderDataset', data_root=str(tmp_path), split='train')
    wrapped = dict(type='Wrapper', dataset=dataset)
    cfg = Config(dict(model=dict(num_classes=2), train_dataloader=dict(dataset=wrapped)))
    with pytest.raises(InputError, match='no image folder'):
        check_data(cfg, ['train'])
    for name in ('a', 'b'):
        (tmp_path / 'train' / name).mkdir(parents=True)
    check_data(cfg, ['train'])
