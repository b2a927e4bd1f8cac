# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch

from sdpose.classification import TopKAccuracy
from sdpose.errors import InputError


def sample(scores, label):
    return dict(pred_scores=torch.tensor(scores), gt_label=torch.tensor([label]))


def measure(samples, topk):
    metric = TopKAccuracy(topk)
    metric.process({}, samples[:1])
    metric.process({}, samples[1:])
    return metric.evaluate(len(samples))


def test_values():
    samples = [
        sample([0.1, 0.2, 0.3, 0.4], 3),  # the best
        sample([0.1, 0.2, 0.3, 0.4], 2),  # the second
        sample([0.1, 0.2, 0.3, 0.4], 0),  # the last
        sample([0.4, 0.3, 0.2, 0.1], 0),  # the best
    ]
    assert measure(samples, (1, 2, 3)) == {
        'accuracy/top1': 50.0,
        'accuracy/top2': 75.0,
        'accuracy/top3': 75.0,
    }


def test_no_opinion_is_no_hit():
    assert measure([sample([0.25] * 4, 0), sample([float('nan')] * 4, 0)], (1, 3)) == {
        'accuracy/top1': 0.0,
        'accuracy/top3': 0.0,
    }


def test_bad_settings_and_labels():
    for topk in ((0,), (), (1.5,), 5):
        with pytest.raises(InputError, match='TopKAccuracy: topk'):
            TopKAccuracy(topk)
    with pytest.raises(InputError, match='label 4, but the model predicts 4'):
        measure([sample([0.25] * 4, 4)], (1,))
    metric = TopKAccuracy((1, 4))
    metric.dataset_meta = dict(classes=tuple('abcde'))
    with pytest.raises(InputError, match='Top-4 accuracy of 4 classes is always 100 %'):
        metric.dataset_meta = dict(classes=tuple('abcd'))  # when the evaluation is built
