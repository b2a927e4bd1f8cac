# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""AP of keypoints for any skeleton, for what MMPose asks of ``xtcocotools``.

That package has no wheels for current Pythons and numpy. Files are read by ``pycocotools``, and AP
and AR computed by ``faster-coco-eval``, whose numbers are the same; here stands only what pose
data sets have beyond COCO's.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faster_coco_eval
from faster_coco_eval.core.cocoeval import Params
from faster_coco_eval.core.faster_eval_api import COCOeval_faster
from pycocotools import coco

from sdpose.runtime.json_files import read_json

# Area of a person by that of its box, where there is none (CrowdPose, AI Challenger)
AREA_OF_BOX = 0.53
EASY, MEDIUM = 0.2, 0.8  # crowd indices below which pictures of CrowdPose are easy and medium
WHOLE_BODY = ('keypoints', 'foot_kpts', 'face_kpts', 'lefthand_kpts', 'righthand_kpts')


class COCO(coco.COCO):
    """A data set, whose annotations need not say that they are no crowds."""

    def createIndex(self) -> None:  # noqa: N802
        """Index what was loaded."""
        for annotation in self.dataset.get('annotations', ()):
            annotation.setdefault('iscrowd', 0)
        super().createIndex()

    def loadRes(self, resFile: Any) -> Any:  # noqa: N802, N803
        """Read predictions; there may be none at all."""
        content = read_json(Path(resFile)) if isinstance(resFile, str | Path) else resFile
        if len(content):
            return super().loadRes(content)
        found = COCO()
        found.dataset = dict(self.dataset, annotations=[])
        found.createIndex()
        return found


class KeypointParams(Params):
    """MMPose sets ``useSegm=None``, which would mean boxes."""

    useSegm = None  # noqa: N815


class COCOeval(COCOeval_faster):
    """AP and AR of keypoints.

    Args:
        cocoGt: Ground truth.
        cocoDt: Predictions, of ``cocoGt.loadRes``.
        iouType: ``keypoints``; ``keypoints_crowd`` for CrowdPose; or ``keypoints_`` and
            ``body``, ``foot``, ``face``, ``lefthand``, ``righthand`` or ``wholebody`` for
            COCO-WholeBody.
        sigmas: (K,), how far annotators differ, by keypoint.
        use_area: Whether OKS reads the area of the annotations, or 0.53 of their boxes'.
    """

    def __init__(
        self,
        cocoGt: Any,  # noqa: N803
        cocoDt: Any,  # noqa: N803
        iouType: str = 'keypoints',  # noqa: N803
        sigmas: Iterable[float] | None = None,
        use_area: bool = True,
    ) -> None:
        part = iouType.removeprefix('keypoints').strip('_')
        is_crowd = part == 'crowd'
        part = '' if part in ('crowd', 'body') else part
        names = WHOLE_BODY if part == 'wholebody' else (f'{part}_kpts',) if part else WHOLE_BODY[:1]
        truth = [_person(each, names, is_crowd, use_area) for each in cocoGt.dataset['annotations']]
        score = f'{part}_score' if part else 'score'
        found = [
            dict(each, keypoints=_joined(each, names), score=each.get(score, each['score']))
            for each in cocoDt.dataset['annotations']
        ]
        found = [each for each in found if any(v > 0 for v in each['keypoints'][2::3])]
        super().__init__(
            _numbered(cocoGt.dataset, truth),
            _numbered(cocoGt.dataset, found),
            'keypoints_crowd' if is_crowd else 'keypoints',
            print_function=print,
            kpt_oks_sigmas=None if sigmas is None else list(sigmas),
        )
        self.params.__class__ = KeypointParams

    def split(
        self, gt_file: Any, first: float = EASY, second: float = MEDIUM
    ) -> tuple[list[int], list[int], list[int]]:
        """Split the pictures into easy, medium and hard ones."""
        index = {image['id']: image['crowdIndex'] for image in self.cocoGt.dataset['images']}
        return (
            [image for image in index if index[image] < first],
            [image for image in index if first <= index[image] < second],
            [image for image in index if second <= index[image]],
        )


def area_of(person: dict, use_area: bool = True) -> float:
    """Return the area of a person, in square pixels, by which OKS scales its distances.

    Args:
        person: Annotation.
        use_area: Whether it is that of the annotation, if it has one, or else 0.53 of its box's.
    """
    if use_area and 'area' in person:
        return person['area']
    _, _, width, height = person['bbox']
    return AREA_OF_BOX * max(width * height, 0)


def _joined(person: dict, names: Iterable[str]) -> list[float]:
    return [value for name in names for value in person[name]]


def _person(person: dict, names: Iterable[str], is_crowd: bool, use_area: bool) -> dict:
    keypoints = _joined(person, names)
    labelled = sum(visible > 0 for visible in keypoints[2::3])
    return dict(
        person,
        keypoints=keypoints,
        # CrowdPose counts the visible ones only
        num_keypoints=person['num_keypoints'] if is_crowd else labelled,
        area=area_of(person, use_area),
    )


def _numbered(dataset: dict, annotations: list[dict]) -> Any:
    """A data set of annotations whose ids are 1 and more: 0 would stand for no match."""
    numbered = [dict(each, id=index + 1) for index, each in enumerate(annotations)]
    parts = {key: dataset.get(key, []) for key in ('images', 'categories')}
    return faster_coco_eval.COCO(dict(parts, annotations=numbered))
