# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The AP of the same heatmaps, decoded in another way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmpose.evaluation import CocoMetric
from mmpose.registry import KEYPOINT_CODECS, METRICS

from sdpose.errors import InputError


@METRICS.register_module()
class RedecodedCocoMetric(CocoMetric):
    """Beside a ``CocoMetric``, so that one test run reports two ways of decoding.

    It reads the heatmaps that ``model.test_cfg.output_heatmaps=True`` leaves beside the
    predictions: after the flip test, before decoding.

    Args:
        decoder: Codec that decodes them.
        **kwargs: Those of MMPose's ``CocoMetric``; ``prefix`` tells its metrics from the others.
    """

    def __init__(self, decoder: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decoder = KEYPOINT_CODECS.build(decoder)

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Decode the heatmaps of a batch, and collect its keypoints.

        Args:
            data_batch: Not used.
            data_samples: With ``pred_instances`` and, in ``pred_fields``, heatmaps (K, H, W).

        Raises:
            InputError: There are no heatmaps.
        """
        super().process(data_batch, [self._redecoded(sample) for sample in data_samples])

    def _redecoded(self, sample: dict) -> dict:
        if 'heatmaps' not in sample.get('pred_fields', {}):
            raise InputError(
                'RedecodedCocoMetric reads heatmaps, but the predictions have none: set '
                'model.test_cfg.output_heatmaps=True, for a model with a heatmap head.'
            )
        keypoints, scores = self.decoder.decode(sample['pred_fields']['heatmaps'].cpu().numpy())
        scale = np.asarray(sample['input_scale'])
        # in place, to the last digit as MMPose's TopdownPoseEstimator: to pixels of the image
        keypoints[:] = keypoints / sample['input_size'] * scale + sample['input_center'] - scale / 2
        found = dict(sample['pred_instances'], keypoints=keypoints, keypoint_scores=scores)
        return dict(sample, pred_instances=found)
