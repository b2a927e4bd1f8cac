# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What makes the models fast, and that it changes no number."""

from collections import Counter

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch.utils._python_dispatch import TorchDispatchMode

from conftest import build_model, load_config

FLIP_INDICES = [0, *(index + 1 - 2 * (index % 2 == 0) for index in range(1, 17))]


def make_batch():
    generator = torch.Generator().manual_seed(0)
    samples = [
        PoseDataSample(
            metainfo=dict(
                flip_indices=FLIP_INDICES,
                input_size=(96, 128),
                input_center=np.array([48.0, 64.0]),
                input_scale=np.array([96.0, 128.0]),
            ),
            gt_instances=InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)),
            gt_instance_labels=InstanceData(
                keypoint_labels=torch.rand(1, 17, 2, generator=generator),
                keypoint_weights=torch.ones(1, 17),
            ),
        )
        for _ in range(2)
    ]
    return torch.randn(2, 3, 128, 96, generator=generator), samples


@pytest.mark.parametrize('flip_test', [True, False])
@pytest.mark.parametrize('config', ['sdpose-toy', 'sdpose-reg-toy'])
def test_predictions_are_those_of_mmposes_estimator(config, flip_test):
    found = []
    for name in ('TokenPoseEstimator', 'TopdownPoseEstimator'):
        cfg = load_config(config)
        cfg.model.type, cfg.model.test_cfg.flip_test = name, flip_test
        with torch.no_grad():
            samples = build_model(cfg).eval().predict(*make_batch())
        found.append([sample.pred_instances for sample in samples])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=0.05)
        np.testing.assert_allclose(ours.keypoint_scores, theirs.keypoint_scores, atol=1e-5)


def calls_of(model, names, run):
    """How often parts of a model are called."""
    counts = Counter()
    for name in names:
        module = model.get_submodule(name)
        module.register_forward_hook(lambda *_, name=name: counts.update([name]))
    run()
    return dict(counts)


def test_a_flip_test_is_one_pass(monkeypatch):
    model = build_model(load_config('sdpose-toy')).eval()
    parts = ('backbone', 'neck', 'neck.layers.0', 'neck.layers.1', 'head.mlp')
    with torch.no_grad():
        counts = calls_of(model, parts, lambda: model.predict(*make_batch()))
    assert counts == dict.fromkeys(parts, 1)


# not SDPose-Reg: MMPose's RLELoss builds a distribution in each step, which looks at its numbers
@pytest.mark.parametrize(('config', 'cycles'), [('sdpose-toy', 2), ('distilpose-toy', 1)])
def test_a_step_calls_the_head_once_and_never_waits_for_the_device(config, cycles):
    model = build_model(load_config(config)).train()
    images, samples = make_batch()
    model(images, samples, mode='loss')  # loads the teacher

    def step():
        with NoHostSynchronisation():
            loss, _ = model.parse_losses(model(images, samples, mode='loss'))
            loss.backward()

    counts = calls_of(model, ('backbone', 'neck.layers.0', 'head.mlp'), step)
    assert counts == {'backbone': 1, 'neck.layers.0': cycles, 'head.mlp': 1}


class NoHostSynchronisation(TorchDispatchMode):
    """Refuse what reads a number from the device, or has a size that its numbers decide."""

    refused = ('_local_scalar_dense', 'nonzero', 'masked_select', '_unique2', 'is_nonzero')

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func.overloadpacket.__name__ not in self.refused, func
        return func(*args, **(kwargs or {}))


def test_what_waits_for_the_device_is_noticed():
    with NoHostSynchronisation(), pytest.raises(AssertionError, match='_local_scalar_dense'):
        torch.ones(1).item()
