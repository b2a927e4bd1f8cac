# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMPose knows of keypoints, its metainfo: read, or made for keypoints of one's own."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from sdpose.annotations.category import Skeleton
from sdpose.annotations.keypoint_names import names_of, same_keypoints
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError, blame_config
from sdpose.runtime.files import check_is_file

DATA_SETS = dict(coco='CocoDataset', crowdpose='CrowdPoseDataset')  # short names of the usual ones
PARTS = ('dataset_name', 'keypoint_info', 'skeleton_info', 'joint_weights', 'sigmas')
# The first that has a joint is asked
KNOWN = ('CocoDataset', 'CrowdPoseDataset', 'CocoWholeBodyDataset')
DEFAULT_SIGMA = 0.067  # the mean of COCO's
LEFT, RIGHT, MIDDLE = [0, 255, 0], [255, 128, 0], [51, 153, 255]  # RGB, as MMPose draws persons


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


def known_joints(names: Sequence[str]) -> dict[str, tuple[float, str]]:
    """Look up joints by name in MMPose's COCO, CrowdPose and COCO-WholeBody.

    Returns:
        Those that are known: sigma, and ``upper``, ``lower`` or no half of the body.
    """
    known: dict[str, tuple[float, str]] = {}
    for info in (parse_pose_metainfo(DATASETS.get(data_set).METAINFO) for data_set in KNOWN):
        halves = {number: h for h in ('upper', 'lower') for number in info[f'{h}_body_ids']}
        for name, place in zip(names, same_keypoints(names, names_of(info) or ()), strict=True):
            if place is not None:
                sigma = round(float(info['sigmas'][place]), 6)
                known.setdefault(name, (sigma, halves.get(place, '')))
    return known


def make_metainfo(name: str, skeleton: Skeleton, sigmas: Sequence[float]) -> dict[str, Any]:
    """Describe a data set as MMPose's files of metainfo do.

    Args:
        name: Of the data set.
        skeleton: Of K keypoints. Those of a name known to MMPose have its half of the body, which
            augmentation with half a body asks for.
        sigmas: (K,), how far annotators differ, as a part of the root of a person's area.
    """
    names, known = skeleton.names, known_joints(skeleton.names)
    colours, swaps = [MIDDLE] * len(names), [''] * len(names)
    for left, right in skeleton.pairs():
        colours[left], colours[right] = LEFT, RIGHT
        swaps[left], swaps[right] = names[right], names[left]
    keypoints = [
        dict(name=name, id=number, color=colours[number], type=known.get(name, (0, ''))[1],
             swap=swaps[number])
        for number, name in enumerate(names)
    ]  # fmt: skip
    links = [
        dict(link=(names[one], names[two]), id=number,
             color=colours[one] if colours[one] == colours[two] else MIDDLE)
        for number, (one, two) in enumerate(skeleton.links)
    ]  # fmt: skip
    return dict(
        dataset_name=name,
        paper_info={},
        keypoint_info=dict(enumerate(keypoints)),
        skeleton_info=dict(enumerate(links)),
        joint_weights=[1.0] * len(names),
        sigmas=list(sigmas),
    )
