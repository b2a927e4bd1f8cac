# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMPose knows of the keypoints of a data set: names, skeleton, sigmas of the OKS."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

import sdpose.plugin  # noqa: F401  lets MMPose import

# isort: split
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from sdpose.annotations.keypoint_names import plain_name
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError, blame_config
from sdpose.runtime.files import check_is_file

DATA_SETS = dict(coco='CocoDataset', crowdpose='CrowdPoseDataset')  # short names of the usual ones
PARTS = ('dataset_name', 'keypoint_info', 'skeleton_info', 'joint_weights', 'sigmas')


def read_metainfo(name: str) -> dict[str, Any]:
    """Find out about the keypoints of a data set.

    Args:
        name: One of ``DATA_SETS``, a registered class of data sets, or a file in the format of
            MMPose's metainfo: Python, which is executed, with ``dataset_info = dict(...)``.

    Returns:
        What ``parse_pose_metainfo`` of MMPose makes of it.

    Raises:
        InputError: There is no such class or file, or it has no whole description of keypoints.
    """
    if Path(name).suffix:
        check_is_file(Path(name), 'file of metainfo')
        return _parsed(f'{name}: its dataset_info', load_config(name).get('dataset_info'))
    classes = {key: getattr(kind, 'METAINFO', None) for key, kind in DATASETS.module_dict.items()}
    names = [*DATA_SETS, *(key for key, metainfo in classes.items() if metainfo)]
    if name not in names:
        near = ' or '.join(get_close_matches(name, names, n=3) or [*DATA_SETS, 'MpiiDataset'])
        raise InputError(
            f'--metainfo {name!r} is no class of data sets with keypoints, and no file (.py). '
            f'Did you mean {near}?'
        )
    return parse_pose_metainfo(classes[DATA_SETS.get(name, name)])


def _parsed(what: str, content: Any) -> dict[str, Any]:
    missing = [key for key in PARTS if not isinstance(content, dict) or key not in content]
    if missing:
        raise InputError(f'{what} has no {", ".join(missing)}, as metainfo of MMPose must.')
    with blame_config(what, 'be read as metainfo of MMPose'):
        info = parse_pose_metainfo(content)
    count, sigmas = info['num_keypoints'], info['sigmas']
    if set(info['keypoint_id2name']) != {*range(count)} or not count:
        raise InputError(f'{what} must number its keypoints from 0, each once.')
    if len(info['keypoint_name2id']) != count:
        raise InputError(f'{what} gives two keypoints the same name.')
    if sigmas.shape != (count,) or not (np.isfinite(sigmas) & (sigmas > 0)).all():
        raise InputError(f'{what} must have {count} sigmas above 0, one for each keypoint.')
    return info


def check_keypoint_names(path: Path, categories: Iterable[dict], metainfo: dict[str, Any]) -> None:
    """Check that annotations and metainfo mean the same keypoints, where both have names.

    Raises:
        InputError: One name is another; ways of writing it and words more or less do not count.
    """
    for category in categories:
        names = category.get('keypoints')
        for index, name in enumerate(names if isinstance(names, list) else ()):
            wanted = metainfo['keypoint_id2name'].get(index)
            if isinstance(name, str) and isinstance(wanted, str):
                found, other = plain_name(name), plain_name(wanted)
                if found not in other and other not in found:
                    raise InputError(
                        f'{path}: its keypoint {index} is {name}, but that of the metainfo is '
                        f'{wanted} (is --metainfo the right one?).'
                    )
