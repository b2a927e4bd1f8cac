# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What all hostile cases start from, made once: data, pictures, weights, a run, predictions."""

import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import torch
from make_toy_coco import main as make_toy_coco
from peaked_model import save_peaked_checkpoint, save_peaked_onnx
from safetensors.torch import save_file

from conftest import TOY_CONFIG, call_tool

VAL = 'data/annotations/person_keypoints_val2017.json'
TRAIN = 'data/annotations/person_keypoints_train2017.json'
SETTINGS = """
_base_ = {base!r}
data_root = 'data/'
work_dir = 'run'
train_cfg = dict(max_epochs=1, val_interval=1)
train_dataloader = dict(batch_size=8, dataset=dict(data_root='data/'))
val_dataloader = dict(dataset=dict(data_root='data/'))
test_dataloader = val_dataloader
"""


def make_material(folder: Path) -> None:
    """Fill a folder: ``config.py toy.pth model.onnx data/ pictures/ ...``."""
    folder.mkdir(parents=True)
    os.chdir(folder)
    make_toy_coco(['data', '--images=4', '--val-images=4', '--workers=1'])
    Path('config.py').write_text(SETTINGS.format(base=str(TOY_CONFIG)))
    save_peaked_checkpoint(Path('toy.pth'))
    save_file(torch.load('toy.pth', weights_only=True)['state_dict'], 'toy.safetensors')
    _write_zip_bomb(Path('bomb.pth'))
    save_peaked_onnx(Path('model.onnx'))
    _fit_truth_to_model()
    pictures = Path('pictures')
    pictures.mkdir()
    for path in sorted(Path('data/val2017').iterdir())[:3]:
        shutil.copy(path, pictures)
    _write_video(Path('video.avi'), sorted(Path('data/val2017').iterdir()))
    _write_detections(Path('detections.json'))
    written = '--cfg-options', 'test_evaluator.outfile_prefix=made'
    test = call_tool('tools/test.py', 'config.py', 'toy.pth', '--work-dir=tested', *written)
    assert test.returncode == 0, test.stderr
    Path('made.keypoints.json').rename('predictions.json')
    shutil.rmtree('tested')
    train = call_tool('tools/train.py', 'config.py', '--work-dir', 'made', '--no-validate')
    assert train.returncode == 0, train.stderr
    Path('made/epoch_1.pth').rename('resume.pth')
    for log in Path('made').glob('*/vis_data'):
        log.rename('log')
    shutil.rmtree('made')


def _fit_truth_to_model() -> None:
    """Let the ground truth be what the model finds and some noise, so that AP says something."""
    found = call_tool('tools/test.py', 'config.py', 'toy.pth', '--dump=a.pkl', '--work-dir=made')
    assert found.returncode == 0, found.stderr
    samples = pickle.loads(Path('a.pkl').read_bytes())
    poses = {s['id']: np.asarray(s['pred_instances']['keypoints'])[0] for s in samples}
    truth = json.loads(Path(VAL).read_text())
    draw = np.random.default_rng(0)
    for number, person in enumerate(truth['annotations']):
        person.pop('segmentation')
        if person['id'] in poses:
            spread = 0.02 * (1 + number % 4) * np.sqrt(person['area'])
            places = poses[person['id']] + draw.normal(0, spread, (17, 2))
            triples = np.c_[places, np.full(17, 2)]
            person.update(keypoints=triples.round(2).ravel().tolist(), num_keypoints=17)
    Path(VAL).write_text(json.dumps(truth))
    train = json.loads(Path(TRAIN).read_text())
    for person in train['annotations']:
        person.pop('segmentation')
    Path(TRAIN).write_text(json.dumps(train))
    Path('a.pkl').unlink()
    shutil.rmtree('made')


def _write_zip_bomb(path: Path) -> None:
    """The checkpoint with 600 MB of zeros, compressed, in the place of a weight."""
    with (
        zipfile.ZipFile('toy.pth') as good,
        zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
    ):
        for name in good.namelist():
            bomb.writestr(name, bytes(6 * 10**8) if name.endswith('data/0') else good.read(name))


def _write_video(path: Path, pictures: list[Path]) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5, (240, 320))
    for picture in pictures * 2:
        writer.write(cv2.resize(cv2.imread(str(picture)), (240, 320)))
    writer.release()


def _write_detections(path: Path) -> None:
    """The boxes of the ground truth, as a detector writes them."""
    persons = json.loads(Path(VAL).read_text())['annotations']
    keys = ('image_id', 'category_id', 'bbox')
    found = [{key: person[key] for key in keys} for person in persons if not person['iscrowd']]
    path.write_text(json.dumps([dict(of, score=0.9 - n / 20) for n, of in enumerate(found)]))
