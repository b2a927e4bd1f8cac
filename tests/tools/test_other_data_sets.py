# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The commands of docs/papers.md, for test-dev, CrowdPose and MMPose's own configs, work."""

import json
import re
import shlex
import shutil

import make_toy_coco
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, METRICS

from conftest import CONFIGS, ROOT, build_model, call_tool
from sdpose.engine.config_file import load_config, replace_data_root

pytestmark = pytest.mark.slow


def save_random_weights(config, path, **neck):
    cfg = load_config(str(config))
    cfg.merge_from_dict({f'model.neck.{name}': value for name, value in neck.items()})
    init_default_scope('mmpose')
    torch.save(dict(state_dict=build_model(cfg).state_dict()), path)
    return path


def documented_command(text, *words):
    """The one command in docs/papers.md that has all the words, split as a shell does."""
    blocks = re.findall(r'```bash\n(.*?)```', text, re.S)
    (block,) = [block for block in blocks if all(word in block for word in words)]
    return shlex.split(block.replace('\\\n', ' '))[1:]


def test_test_dev_writes_the_submission(toy_coco, tmp_path):
    data_root = tmp_path / 'coco'
    shutil.copytree(toy_coco, data_root)
    (data_root / 'val2017').rename(data_root / 'test2017')
    content = json.loads((data_root / 'annotations/person_keypoints_val2017.json').read_text())
    boxes = [
        dict(image_id=a['image_id'], category_id=1, bbox=a['bbox'], score=0.9)
        for a in content['annotations']
    ]
    images = dict(images=content['images'], categories=[dict(id=1, name='person')])
    (data_root / 'annotations/image_info_test-dev2017.json').write_text(json.dumps(images))
    detections = 'COCO_test-dev2017_detections_AP_H_609_person.json'
    (data_root / 'person_detection_results').mkdir(exist_ok=True)
    (data_root / 'person_detection_results' / detections).write_text(json.dumps(boxes))

    (config,) = CONFIGS.rglob('td-hm_sdpose-t_*coco-*.py')
    checkpoint = save_random_weights(config, tmp_path / 'random.pth')
    text = (ROOT / 'docs/papers.md').read_text()
    tool, _, _, *options = documented_command(text, 'format_only')
    options = [option.replace('data/coco/', f'{data_root}/') for option in options]
    prefix = tmp_path / 'submission'
    options = [re.sub(r'(outfile_prefix=).*', rf'\g<1>{prefix}', option) for option in options]
    command = (tool, config, checkpoint, '--data-root', data_root, '--work-dir', tmp_path / 'run')
    result = call_tool(*command, *options)
    assert result.returncode == 0, result.stderr
    submission = json.loads((tmp_path / 'submission.keypoints.json').read_text())
    assert {entry['image_id'] for entry in submission} == {
        image['id'] for image in images['images']
    }
    assert all(len(entry['keypoints']) == 51 for entry in submission)


def test_crowdpose_is_tested_with_its_detections(toy_crowdpose, tmp_path):
    (config,) = CONFIGS.rglob('td-hm_sdpose-s-v1_*crowdpose-*.py')
    checkpoint = save_random_weights(config, tmp_path / 'random.pth', depth=1)
    out = tmp_path / 'metrics.json'
    command = ('tools/test.py', config, checkpoint, '--data-root', toy_crowdpose, '--out', out)
    shallow = ('--cfg-options', 'model.neck.depth=1', 'test_dataloader.num_workers=0',
               'test_dataloader.persistent_workers=False')  # fmt: skip
    result = call_tool(*command, '--work-dir', tmp_path / 'run', *shallow)
    assert result.returncode == 0, result.stderr
    names = {name.split('/')[1] for name in json.loads(out.read_text())}
    assert {'AP', 'AP(E)', 'AP(M)', 'AP(H)'} <= names


def test_crowdpose_ap_falls_with_crowding(tmp_path):
    """Predictions get worse with the crowd index, and so do AP easy, medium and hard."""
    options = ('--style=crowdpose', '--images=1', '--val-images=20', '--workers=1')
    make_toy_coco.main([str(tmp_path), *options])
    cfg = Config.fromfile(CONFIGS / '_base_/datasets/crowdpose_256x192.py')
    replace_data_root(cfg, str(tmp_path))
    dataset = DATASETS.build(dict(cfg.test_dataloader.dataset, bbox_file=None, pipeline=[]))
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = dataset.metainfo
    rng = np.random.default_rng(0)
    for person in dataset:
        noise = rng.normal(0, 8 * person['crowd_index'], person['keypoints'].shape)
        scores = np.ones(person['keypoints'].shape[:2])
        found = dict(keypoints=person['keypoints'] + noise, keypoint_scores=scores)
        metric.process([], [dict(person, gt_instances={}, pred_instances=found)])
    ap = metric.evaluate(len(dataset))
    easy, medium, hard = (ap[f'crowdpose/AP({crowding})'] for crowding in 'EMH')
    assert easy > 0.95
    assert 0.2 < hard < medium - 0.1 < easy - 0.2


def test_mmposes_own_configs_run_through_our_tools(toy_coco, tmp_path):
    text = (ROOT / 'docs/papers.md').read_text()
    tool, config, weights = documented_command(text, 'download.openmmlab.com')
    assert weights.startswith('https://')
    checkpoint = save_random_weights(config, tmp_path / 'random.pth')
    out = tmp_path / 'metrics.json'
    command = (tool, config, checkpoint, '--data-root', toy_coco, '--out', out)
    no_boxes = ('--cfg-options', 'test_dataloader.dataset.bbox_file=None')
    result = call_tool(*command, '--work-dir', tmp_path / 'run', *no_boxes)
    assert result.returncode == 0, result.stderr
    assert 'coco/AP' in json.loads(out.read_text())
