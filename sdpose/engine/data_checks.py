# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Look at the data that a config names before anything is built, to say clearly what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from sdpose.annotations.data_set import check_data_set
from sdpose.annotations.keypoint_names import names_of
from sdpose.annotations.mpii_file import check_mpii
from sdpose.annotations.use import Use
from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file

# Start of an annotation file's name -> what make_toy_coco.py calls that style
TOY_STYLES = {'person_keypoints_': 'coco', 'mmpose_crowdpose_': 'crowdpose'}


def check_data(cfg: Config, phases: Iterable[str]) -> list[str]:
    """Check the data sets of some phases of a run.

    A class of data sets may bring its own check, a static method
    ``check_config(dataset, model)`` on two configs. Of others the files must be there, and those
    that read COCO's format are checked entry by entry, with the pictures.

    Args:
        cfg: The run's config.
        phases: Of ``train``, ``val``, ``test``.

    Returns:
        For the log: how many persons of a file are not used, and why.

    Raises:
        InputError: A folder or file is missing, an entry of a file is wrong, or persons have
            another number of keypoints than the head; or what the data set's own check says.
    """
    model = cfg.get('model')
    head = model.get('head') if isinstance(model, dict) else None
    count = head.get('num_joints', head.get('out_channels')) if isinstance(head, dict) else None
    notes = []
    for phase in phases:
        loader = cfg.get(f'{phase}_dataloader')
        outermost = loader.get('dataset') if isinstance(loader, dict) else None
        if isinstance(outermost, dict) and not outermost.get('pipeline', 'one of its own'):
            raise InputError(f'{phase}_dataloader.dataset.pipeline is empty: it loads no picture.')
        datasets = list(_datasets(loader))
        evaluators = nodes(cfg.get(f'{phase}_evaluator'))
        metrics = [node for node in evaluators if class_name(node).endswith('CocoMetric')]
        for dataset in datasets:
            own_check = _own_check(dataset)
            if own_check is not None:
                own_check(dataset, model or {})
            else:
                # which metric is whose of several data sets is not known here
                notes += _check_dataset(dataset, count, metrics if len(datasets) == 1 else [])
    return list(dict.fromkeys(notes))  # phases may share their data


def nodes(node: Any) -> Iterator[dict]:
    """Every dict in a config, the outer ones first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from nodes(child)


def class_name(node: dict) -> str:
    """Of what is built from a dict, without the scope that may stand before it."""
    name = node.get('type', '')
    return str(getattr(name, '__name__', name)).rpartition('.')[2]


def _datasets(node: Any) -> Iterator[dict]:
    """Every data set that can be checked, also inside wrappers such as CombinedDataset."""
    for found in nodes(node):
        if (found.get('ann_file') and found.get('type')) or _own_check(found) is not None:
            yield found


def _class_of(dataset: dict) -> Any:
    name = dataset.get('type')
    return DATASETS.get(name) if isinstance(name, str) else name


def _own_check(dataset: dict) -> Callable[[dict, dict], None] | None:
    """The ``check_config`` of a data set's class, if it has one."""
    return getattr(_class_of(dataset), 'check_config', None)


def reads_coco(dataset: dict) -> bool:
    """Whether annotations are read as MMPose's base class does, which many replace."""
    reader, base = _class_of(dataset), BaseCocoStyleDataset
    return all(
        getattr(reader, name, None) is getattr(base, name)
        for name in ('_load_annotations', 'parse_data_info')
    )


def _how_to_get(dataset: dict) -> str:
    """How to come by a data set that is not there, as the end of a message."""
    root, name = dataset.get('data_root'), Path(str(dataset.get('ann_file'))).name
    if not root:  # as of test.py --data
        return 'Give its right path.'
    style = next((style for start, style in TOY_STYLES.items() if name.startswith(start)), None)
    make = f'python tools/dataset/make_toy_coco.py data/toy_{style} --style {style}'
    return (
        f'docs/data-sets.md says which files {class_name(dataset)} needs, and where to get them. '
        f'Link your copy (ln -s /path/to/it {str(root).rstrip("/")}), or give another folder with '
        '--data-root (the second of several data sets with --cfg-options)'
        + (f', such as a toy set: {make}' if style else '.')
    )


def _check_dataset(dataset: dict, num_keypoints: int | None, metrics: list[dict]) -> list[str]:
    root, how_to_get = _path(dataset, 'data_root') or Path(), _how_to_get(dataset)
    if not root.is_dir():
        raise InputError(f'There is no data folder {root}. {how_to_get}')
    prefix = dataset.get('data_prefix')
    images = root / ((_path(prefix, 'img') if isinstance(prefix, dict) else None) or '')
    annotations, boxes = root / (_path(dataset, 'ann_file') or ''), _path(dataset, 'bbox_file')
    if not annotations.exists():
        raise InputError(f'There is no annotation file {annotations}. {how_to_get}')
    check_is_file(annotations, 'file of annotations')
    if not images.is_dir():
        raise InputError(f'There is no image folder {images}. {how_to_get}')
    if boxes and not boxes.exists():
        raise InputError(
            f'There is no file of person boxes {boxes}. docs/data-sets.md says where it is from; '
            'or test with ground-truth boxes: --cfg-options '
            'val_dataloader.dataset.bbox_file=None test_dataloader.dataset.bbox_file=None'
        )
    if class_name(dataset) == 'MpiiDataset':
        check_mpii(annotations, images, _path(dataset, 'headbox_file'))
    if not reads_coco(dataset):
        return []
    steps = {class_name(step) for step in nodes(dataset.get('pipeline'))}
    is_converted = 'KeypointConverter' in steps or any('gt_converter' in m for m in metrics)
    metainfo = {} if is_converted else _metainfo(dataset, num_keypoints)
    evaluating = [metric for metric in metrics if not metric.get('format_only')]
    use = Use(
        num_keypoints=metainfo.get('num_keypoints'),
        hint=' (is the config the right one for this data set?)',
        names=tuple(names_of(metainfo) or ()),
        pairs=frozenset(enumerate(metainfo.get('flip_indices', ()))),
        labelled=not metrics or bool(evaluating),
        evaluated=bool(evaluating),
        area=any(metric.get('use_area', True) for metric in evaluating),
        crowding=any(metric.get('iou_type') == 'keypoints_crowd' for metric in evaluating),
        detections=bool(boxes),
    )
    truths = {path for metric in evaluating if (path := _path(metric, 'ann_file'))}
    others = {truth for truth in truths if truth.resolve() != annotations.resolve()}
    note = check_data_set(annotations, images, use, boxes, others)
    return [note] if note and dataset.get('data_mode') != 'bottomup' else []


def _metainfo(dataset: dict, num_keypoints: int | None) -> dict[str, Any]:
    """What MMPose will know of a data set's keypoints: as many as the head predicts."""
    reader = _class_of(dataset)
    try:
        metainfo = reader._load_metainfo(dataset.get('metainfo'))
        found = metainfo['num_keypoints']
    except Exception as error:  # a file of metainfo is Python: anything can be wrong with it
        why = f'{type(error).__name__}: {error}'.partition('\n')[0].rstrip('.')
        raise InputError(f"The data set's metainfo cannot be read: {why}.") from error
    if num_keypoints not in (None, found):
        raise InputError(
            f'{"The metainfo" if dataset.get("metainfo") else reader.__name__} describes {found} '
            f'keypoints, not {num_keypoints} as the head gives: set num_keypoints of the neck and '
            f"the head's number to {found}; or, if {num_keypoints} are annotated, name them in the "
            "data set's metainfo=dict(from_file=...), which tools/dataset/new_dataset.py writes "
            "(CrowdPose has its own: type='CrowdPoseDataset')."
        )
    return metainfo


def _path(node: dict, key: str) -> Path | None:
    value = node.get(key)
    if value is not None and not isinstance(value, (str, Path)):
        raise InputError(f"The config's {key} {value!r} is not a path.")
    return Path(value) if value else None
