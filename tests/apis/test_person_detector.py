# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""With a stand-in for mmdet, which has no wheels for current torch; where it is, for real."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config

from sdpose.apis.person_detector import PersonDetector
from sdpose.errors import InputError
from sdpose.runtime.frames import Frame

FRAME = Frame(np.zeros((100, 200, 3), np.uint8), 'a.jpg', 0)


@pytest.fixture
def detector(tmp_path, monkeypatch):
    """A detector of two overlapping persons, a third with a low score, and a dog."""
    found = SimpleNamespace(
        bboxes=torch.tensor(
            [[52.0, 20, 92, 80], [50, 20, 90, 80], [0, 0, 10, 10], [100, 10, 150, 90]]
        ),
        scores=torch.tensor([0.8, 0.9, 0.2, 0.95]),
        labels=torch.tensor([0, 0, 0, 16]),
    )
    calls = SimpleNamespace(built=None, images=[])

    def init_detector(config, checkpoint, device):
        calls.built = (checkpoint, device)
        return SimpleNamespace(cfg=config)

    def inference_detector(model, image):
        calls.images.append(image)
        calls.pipeline = [step['type'] for step in model.cfg.test_dataloader.dataset.pipeline]
        return SimpleNamespace(pred_instances=found)

    modules = {name: ModuleType(name) for name in ('mmdet', 'mmdet.apis', 'mmdet.datasets')}
    modules['mmdet.apis'].init_detector = init_detector
    modules['mmdet.apis'].inference_detector = inference_detector
    modules['mmdet.datasets'].transforms = SimpleNamespace(Resize=None)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    config = tmp_path / 'detector.py'
    Config(
        dict(
            test_dataloader=dict(
                dataset=dict(pipeline=[dict(type='Resize'), dict(type='LoadImageFromFile')])
            )
        )
    ).dump(config)
    return str(config), calls


def test_best_persons_above_the_threshold(detector):
    config, calls = detector
    persons, complaints = PersonDetector(config, 'd.pth', 'cpu')(FRAME)
    assert complaints == []
    assert persons.boxes.tolist() == [[50, 20, 40, 60]]
    assert np.allclose(persons.scores, [0.9])
    assert calls.built == ('d.pth', 'cpu')
    assert calls.images == [FRAME.image]
    assert calls.pipeline == ['mmdet.Resize', 'LoadImageFromFile']


def test_thresholds_and_label(detector):
    config, _ = detector
    both, _ = PersonDetector(config, 'd.pth', 'cpu', nms_threshold=0.95)(FRAME)
    assert np.allclose(both.scores, [0.9, 0.8])
    weak, _ = PersonDetector(config, 'd.pth', 'cpu', score_threshold=0.1)(FRAME)
    assert np.allclose(weak.scores, [0.9, 0.2])
    dog, _ = PersonDetector(config, 'd.pth', 'cpu', person_label=16)(FRAME)
    assert dog.boxes.tolist() == [[100, 10, 50, 80]]
    nobody, _ = PersonDetector(config, 'd.pth', 'cpu', score_threshold=1)(FRAME)
    assert nobody.boxes.shape == (0, 4)


@pytest.mark.skipif(importlib.util.find_spec('mmdet') is not None, reason='mmdet is installed')
def test_missing_mmdet_is_told():
    with pytest.raises(InputError, match=r'needs mmdet and the full mmcv.*--whole-image') as error:
        PersonDetector('a.py', 'b.pth', 'cpu')
    assert '\n' not in str(error.value)


@pytest.mark.slow
@pytest.mark.skipif(
    None in map(importlib.util.find_spec, ('mmdet', 'mmcv._ext')),
    reason='mmdet or a full mmcv is not installed: see docs/installation.md',
)
def test_rtmdet_for_real(tmp_path):
    import mmdet
    from mmdet.apis import inference_detector, init_detector

    config = Path(mmdet.__file__).parent / '.mim/configs/rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
    torch.manual_seed(0)
    checkpoint = tmp_path / 'rtmdet.pth'
    weights = init_detector(str(config), device='cpu').state_dict()
    for name, bias in weights.items():
        if 'rtm_cls' in name and name.endswith('bias'):
            bias[0] += 1  # random weights see persons
    torch.save(
        dict(state_dict=weights, meta=dict(dataset_meta=dict(classes=('person',)))), checkpoint
    )
    detector = PersonDetector(str(config), str(checkpoint), 'cpu', score_threshold=0)
    picture = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)
    persons, complaints = detector(Frame(picture, 'a.jpg', 0))
    assert complaints == []
    raw = inference_detector(detector.model, picture).pred_instances
    assert len(persons.boxes) > 0
    assert persons.scores[0] == raw.scores[raw.labels == 0].max()
    corners = persons.boxes[:, :2] + persons.boxes[:, 2:]
    assert (persons.boxes[:, :2] >= 0).all()
    assert (corners <= [200.5, 120.5]).all()
    assert ((persons.scores > 0) & (persons.scores < 1)).all()


def test_missing_config(detector):
    with pytest.raises(InputError, match=r'There is no config nowhere\.py'):
        PersonDetector('nowhere.py', 'b.pth', 'cpu')
