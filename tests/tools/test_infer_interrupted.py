# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What a run leaves behind when it is interrupted or killed."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import pytest
from peaked_model import save_peaked_weights

from conftest import ROOT, TOY_CONFIG


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    return save_peaked_weights(tmp_path_factory.mktemp('weights'))


@pytest.fixture(scope='module')
def many(toy_coco, tmp_path_factory):
    """A folder of more pictures than anybody waits for."""
    folder = tmp_path_factory.mktemp('many')
    picture = next((toy_coco / 'val2017').iterdir())
    for number in range(3000):
        (folder / f'{number:04d}.jpg').symlink_to(picture)
    return folder


def read(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ('command', 'signum'),
    [
        (('tools/infer.py', TOY_CONFIG, 'toy.pth'), signal.SIGINT),
        (('-m', 'sdpose.runtime', 'model.onnx', '--threads=1'), signal.SIGTERM),
        (('tools/infer_onnx.py', 'model.onnx', '--threads=1'), signal.SIGKILL),
    ],
    ids=lambda value: getattr(value, 'name', None),
)
def test_interrupted_run_keeps_what_was_written(command, signum, many, weights, tmp_path):
    out = tmp_path / 'out'
    # where these tests run in the background, Ctrl-C is ignored here and in what is started
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    files = [weights.with_name(w) if w in ('toy.pth', 'model.onnx') else w for w in command]
    process = subprocess.Popen(
        [sys.executable, *files, many, '--whole-image', '--out-dir', out, '--batch-size', '1'],
        cwd=ROOT, env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    predictions = out / 'predictions.json'
    deadline = time.monotonic() + 120
    while not (predictions.exists() and len(predictions.read_bytes()) > 3000):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signum)
    _, told = process.communicate(timeout=60)
    if signum == signal.SIGKILL:
        assert process.returncode == -signum
    else:
        assert process.returncode == 130
        assert 'what was written so far is kept' in told
        assert 'Traceback' not in told
    ids = [person['image_id'] for person in read(predictions)]
    assert 3 <= len(ids) < 3000
    assert ids == list(range(1, len(ids) + 1))
    assert len(read(out / 'images.json')) - len(ids) in (0, 1)
    for image in read(out / 'images.json'):
        assert cv2.imread(str(out / 'pictures' / image['file_name'])) is not None
