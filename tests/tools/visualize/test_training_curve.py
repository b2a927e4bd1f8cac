# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import pytest
from visualize.training_curve import draw, read_records, series

from conftest import assert_one_sentence, run_tool

RECORDS = [
    [
        dict(loss=2.0, loss_kpt=1.5, loss_kpt_token=0.5, step=10),
        dict(loss=1.0, loss_kpt=0.75, loss_kpt_token=0.25, step=20),
        {'coco/AP': 0.25, 'coco/AR': 0.5, 'step': 1},
    ],
    [dict(loss=0.5, loss_kpt=0.25, loss_kpt_token=0.25, step=20)],  # resumed: step 20 again
]


@pytest.fixture
def work_dir(tmp_path):
    for index, records in enumerate(RECORDS):
        folder = tmp_path / f'20260101_00000{index}' / 'vis_data'
        folder.mkdir(parents=True)
        text = '\n'.join(json.dumps(record) for record in records)
        (folder / 'scalars.json').write_text(text)
    return tmp_path


def test_resumed_run_replaces_what_it_repeats(work_dir):
    steps, values = series(read_records(work_dir), 'loss')
    assert steps.tolist() == [10, 20]
    assert values.tolist() == [2.0, 0.5]


def test_losses_and_ap_are_drawn(work_dir):
    losses, ap = draw(read_records(work_dir), 'a run').axes
    drawn = {line.get_label(): line.get_ydata().tolist() for line in losses.lines}
    assert drawn == {'loss': [2.0, 0.5], 'loss_kpt': [1.5, 0.25], 'loss_kpt_token': [0.5, 0.25]}
    assert {line.get_label() for line in ap.lines} == {'coco/AP', 'coco/AR'}


def test_command(work_dir):
    result = run_tool('tools/visualize/training_curve.py', work_dir)
    assert result.returncode == 0, result.stderr
    assert cv2.imread(str(work_dir / 'training_curve.png')).std() > 0


def test_folder_without_a_run(tmp_path):
    result = run_tool('tools/visualize/training_curve.py', tmp_path)
    assert_one_sentence(result, 'no training log')
