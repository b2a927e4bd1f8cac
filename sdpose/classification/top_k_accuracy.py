# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Accuracy of image classification."""

from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError


@METRICS.register_module()
class TopKAccuracy(BaseMetric):
    """Share of images, in per cent, whose true class is among the k most probable ones.

    Args:
        topk: The values of k; ``(1, 5)`` gives ``accuracy/top1`` and ``accuracy/top5``.
        collect_device: ``cpu`` or ``gpu``, where the processes of a run exchange results.
        prefix: Stands before the names, ``accuracy`` by default.

    Raises:
        InputError: A k is below 1, or, once the data set is known, not below its classes.
    """

    default_prefix = 'accuracy'

    @checked
    def __init__(
        self, topk: Sequence[int] = (1, 5), collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device, prefix)
        if not topk:
            raise InputError(f'TopKAccuracy: topk={tuple(topk)} must hold numbers from 1 on.')
        self.topk = tuple(topk)

    @property
    def dataset_meta(self) -> dict | None:
        """Meta information of the data set; MMEngine sets it when the evaluation is built."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        classes = meta.get('classes', ())
        if classes and max(self.topk) >= len(classes):
            raise InputError(
                f'Top-{max(self.topk)} accuracy of {len(classes)} classes is always 100 %. '
                'Set topk of TopKAccuracy to smaller numbers.'
            )
        self._dataset_meta = meta

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Note the rank of the true class of each image.

        Args:
            data_batch: Not used.
            data_samples: Predicted samples with ``pred_scores``, (num_classes,), and
                ``gt_label``, (1,).

        Raises:
            InputError: A label is not one of the classes that the model tells apart.
        """
        for sample in data_samples:
            scores, label = sample['pred_scores'], int(sample['gt_label'])
            if label >= len(scores):
                raise InputError(
                    f'The data set has a label {label}, but the model predicts {len(scores)} '
                    'classes (model.num_classes).'
                )
            # An equal score counts as better, so that a model without an opinion gains nothing.
            # NaN compares false with everything: only a finite score can be right.
            better = int((scores >= scores[label]).sum()) - 1
            self.results.append(better if torch.isfinite(scores[label]) else len(scores))

    def compute_metrics(self, results: list[int]) -> dict[str, float]:
        """Compute the accuracies.

        Args:
            results: For each image, the number of classes that are as probable as the true one.

        Returns:
            ``top<k>`` for each k, in per cent.
        """
        return {
            f'top{k}': 100 * sum(better < k for better in results) / len(results) for k in self.topk
        }
