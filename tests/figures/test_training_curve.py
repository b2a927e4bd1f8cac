# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import io
import json
import os

import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.figures.training_curve import draw_training_curve, read_records, series

RECORDS = [
    [
        dict(loss=2.0, loss_kpt=1.5, loss_kpt_token=0.5, step=10),
        dict(loss=1.0, loss_kpt=0.75, loss_kpt_token=0.25, step=20),
        {'coco/AP': 0.25, 'coco/AP .5': 0.5, 'coco/AP (M)': 0.1, 'coco/AR': 0.5, 'step': 1},
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
    losses, ap = draw_training_curve(read_records(work_dir), 'a run').axes
    drawn = {line.get_label(): line.get_ydata().tolist() for line in losses.lines}
    assert drawn == {'loss': [2.0, 0.5], 'loss_kpt': [1.5, 0.25], 'loss_kpt_token': [0.5, 0.25]}
    assert {line.get_label() for line in ap.lines} == {'coco/AP', 'coco/AP .5', 'coco/AR'}


def test_the_sum_of_one_loss_is_left_out():
    (losses,) = draw_training_curve([dict(loss=2.0, loss_kpt=2.0, step=10)], 'a run').axes
    assert [line.get_label() for line in losses.lines] == ['loss_kpt']


def test_folder_without_a_run(tmp_path):
    with pytest.raises(InputError, match='no training log'):
        read_records(tmp_path)


def log_of(work_dir, *lines):
    (path,) = work_dir.glob('*1/vis_data/scalars.json')
    path.write_bytes(b'\n'.join(lines))
    return path


def test_last_line_of_a_killed_run_is_left_out(work_dir, capsys):
    path = log_of(work_dir, b'{"loss": 0.5, "step": 30}', b'{"loss": 0.')
    steps, _ = series(read_records(work_dir), 'loss')
    assert steps.tolist() == [10, 20, 30]
    assert capsys.readouterr().err == f'Skipped: {path}: line 2, the last, is cut off.\n'


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (b'{"loss": 0.', 'line 1 is not JSON'),
        (b'\xff\x00\x80', 'line 1 is not JSON'),
        (b'[' * 10**5, 'line 1 is not JSON'),
        (b'[1]', "line 1: {'step': None} is not a number"),
        (b'{"loss": 1.0}', "{'step': None}"),
        (b'{"loss": 1.0, "step": "10"}', "{'step': '10'}"),
        (b'{"loss": 1.0, "step": NaN}', "{'step': nan}"),
        (b'{"loss": "low", "step": 1}', "{'loss': 'low'} is not a number"),
        (b'{"loss": true, "step": 1}', "{'loss': True}"),
        (b'{"coco/AP": [1], "step": 1}', r"{'coco/AP': \[1\]}"),
        (b'{"loss": 1' + b'0' * 400 + b', "step": 1}', "{'loss': 10000"),
    ],
)
def test_broken_logs(line, message, work_dir):
    log_of(work_dir, line, b'{"loss": 0.5, "step": 30}')
    with pytest.raises(InputError, match=rf'scalars\.json: .*{message}'):
        read_records(work_dir)


def test_losses_that_are_not_finite_leave_gaps(work_dir):
    log_of(work_dir, b'{"loss": NaN, "step": 30}', b'{"loss": Infinity, "step": 40}')
    records = read_records(work_dir)
    assert np.isnan(series(records, 'loss')[1][2:]).all()
    draw_training_curve(records, 'a run').savefig(io.BytesIO())


def test_log_that_is_a_pipe(work_dir):
    path = log_of(work_dir)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match='is a pipe or a device, not a training log'):
        read_records(work_dir)
