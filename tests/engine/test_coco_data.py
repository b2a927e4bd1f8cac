# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import pytest
from mmengine.config import Config

from conftest import CONFIGS
from sdpose.engine.coco_data import replace_test_data
from sdpose.engine.data_checks import check_data
from sdpose.errors import InputError

CROWDPOSE = next(CONFIGS.rglob('td-hm_sdpose-s-v1_*crowdpose*.py'))


def write(path, crowding=(), **person):
    images = [dict(id=1, **dict.fromkeys(crowding, 0.5))]
    path.write_text(json.dumps(dict(images=images, annotations=[person])))
    return path


@pytest.mark.parametrize(
    ('person', 'has_area'),
    [(dict(area=5), True), (dict(area=0, num_keypoints=0), True), (dict(area=0), False),
     ({}, False), (dict(area='5'), False), (dict(area=float('nan')), False)],
)  # fmt: skip
def test_evaluation_is_as_the_data_allow(tmp_path, person, has_area):
    path = write(tmp_path / 'a.json', **person)
    cfg = Config.fromfile(CROWDPOSE)
    replace_test_data(cfg, path, Path('pictures'))
    dataset = cfg.test_dataloader.dataset
    assert (dataset.data_root, dataset.ann_file, dataset.bbox_file) == ('', str(path), None)
    assert dataset.data_prefix == dict(img='pictures')
    assert cfg.test_evaluator.ann_file == str(path)
    assert cfg.test_evaluator.use_area is has_area
    assert cfg.test_evaluator.iou_type == 'keypoints'
    cfg = Config.fromfile(CROWDPOSE)
    replace_test_data(cfg, write(path, crowding=['crowdIndex'], **person), Path('pictures'))
    assert cfg.test_evaluator.iou_type == 'keypoints_crowd'


def test_a_folder_that_is_missing_is_no_public_data_set(tmp_path):
    cfg = Config.fromfile(CROWDPOSE)
    replace_test_data(cfg, write(tmp_path / 'a.json'), Path('gone'))
    with pytest.raises(
        InputError, match=r'^There is no image folder gone\. Give its right path\.$'
    ):
        check_data(cfg, ['test'])


@pytest.mark.parametrize(
    ('dataset', 'what'),
    [(dict(type='CombinedDataset', datasets=[]), 'CombinedDataset'), (None, 'none'),
     (dict(type='MpiiDataset'), 'MpiiDataset'), (dict(), 'none')],
)  # fmt: skip
def test_other_data_sets_are_refused(dataset, what):
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    with pytest.raises(InputError, match=f'^--data replaces one data set .* is {what}'):
        replace_test_data(cfg, Path('a.json'), Path('pictures'))
