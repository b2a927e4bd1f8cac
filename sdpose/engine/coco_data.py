# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Test a config on any file of annotations in COCO's format."""

from pathlib import Path

from mmengine.config import Config

from sdpose.annotations.annotation_file import coco_lists, has_areas
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.use import Use
from sdpose.engine.data_checks import class_name, nodes, reads_coco
from sdpose.errors import InputError


def replace_test_data(cfg: Config, annotations: Path, images: Path) -> None:
    """Replace the data of a test by annotated persons, in their annotated boxes.

    Args:
        cfg: Changed in place: its data set, and what its ``CocoMetric`` compares with.
        annotations: File in COCO's format.
        images: Folder of its images.

    Raises:
        InputError: The config tests on something else, or the file cannot be read.
    """
    loader = cfg.get('test_dataloader')
    dataset = loader.get('dataset') if isinstance(loader, dict) else None
    dataset = dataset if isinstance(dataset, dict) else {}
    kind = class_name(dataset)
    if not kind or not reads_coco(dataset):
        raise InputError(
            '--data replaces one data set in the format of COCO, but the test_dataloader.dataset '
            f'of the config is {kind or "none"}.'
        )
    content = read_coco_json(annotations, 'file of annotations')
    lists = coco_lists(annotations, content, Use(labelled=False))
    has_crowding = all(isinstance(each, dict) and 'crowdIndex' in each for each in lists['images'])
    dataset.update(
        data_root='', ann_file=str(annotations), data_prefix=dict(img=str(images)), bbox_file=None
    )
    for metric in nodes(cfg.get('test_evaluator')):
        if class_name(metric).endswith('CocoMetric'):
            metric.update(ann_file=str(annotations), use_area=has_areas(lists['annotations']))
            if not has_crowding:
                metric.update(iou_type='keypoints')
