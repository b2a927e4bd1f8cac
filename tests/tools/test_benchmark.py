# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import pytest
import torch
from speed import limits, onnx_runtime, timing, training
from speed.limits import Product, product_rate, products_of
from speed.plot import draw_rows
from speed.report import Row, beside_baseline
from speed.rows import Work
from speed.subject import Subject
from speed.timing import Timing, time_in_turns

from conftest import TOY_CONFIG, assert_one_sentence, call_tool

PLAIN_TOY = Path(__file__).parents[1] / 'plain/plain_sdpose-toy.py'


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for module in (timing, training):
        monkeypatch.setattr(module, 'SECONDS', 0.03)
    monkeypatch.setattr(limits, 'SECONDS', 0.001)
    monkeypatch.setattr(limits, 'COPIED_BYTES', 2**20)
    monkeypatch.setattr(onnx_runtime, 'WARM_UP', 1)
    monkeypatch.setattr(onnx_runtime, 'RUNS', 3)
    monkeypatch.setattr(onnx_runtime, 'TURNS', 3)


def benchmark(*words):
    return call_tool('tools/benchmark.py', *words)


@pytest.mark.slow
def test_every_kind_of_row(toy_coco, tmp_path):
    out = tmp_path / 'rows.json'
    options = ['--baseline', PLAIN_TOY, '--amp', '--onnx', '--data-root', toy_coco, '--json', out]
    options += ['--plot', tmp_path / 'rows.png']
    result = benchmark(TOY_CONFIG, '--batch-sizes', 2, *options)
    assert result.returncode == 0, result.stderr
    head, _, *lines = result.stdout.split('\n\n')[0].splitlines()
    assert {len(line) for line in (head, *lines)} == {len(head)}
    found = json.loads(out.read_text())
    assert found['machine']['threads'] == torch.get_num_threads()
    assert found['machine']['copied_bytes_per_second'] > 0
    rows = found['rows']
    assert len(lines) == len(rows)
    inference = ['network', 'predict', 'predict, flip test']
    steps = [f'train: {part}' for part in ('data', 'forward', 'backward', 'optimizer', 'step')]
    onnx = ['ONNX Runtime, 1 thread', 'ONNX Runtime, 2 threads']
    assert sorted({row['run'] for row in rows}) == sorted([*inference, *steps, *onnx])
    assert {row['model'] for row in rows if row['run'] == 'predict'} == {
        'plain_sdpose-toy (float32)',
        f'{TOY_CONFIG.stem} (bfloat16)',
    }
    for row in rows:
        assert 0 < row['timing']['lower'] <= row['timing']['median'] <= row['timing']['upper']
        assert row['batch_size'] == (1 if row['run'] in onnx else 2)
        is_counted = row['run'] not in ('train: data', 'train: optimizer')
        assert (row['share'] is not None) == is_counted
        assert not is_counted or row['share'] > 0
        assert row['times_baseline'] > 0
        has_peak = row['run'] in ('predict, flip test', 'train: step')
        assert (row['peak_bytes'] is not None) == has_peak
        assert not has_peak or row['peak_bytes'] > 1e6
    assert (tmp_path / 'rows.png').read_bytes().startswith(b'\x89PNG')


def test_work_is_counted_of_what_runs():
    ours, plain = (
        Work(Subject(str(path), 'cpu', prepared=False), (128, 96))
        for path in (TOY_CONFIG, PLAIN_TOY)
    )
    prepared = Work(Subject(str(TOY_CONFIG), 'cpu'), (128, 96))
    tokens, dim, layers = 17 + 64, 128, 2
    layer = tokens * dim * (3 * dim + dim + 2 * 3 * dim) + 2 * tokens**2 * dim
    head = 17 * (dim * 32 * 24)
    assert plain.multiply_adds - ours.multiply_adds == layers * layer + head  # the second cycle
    assert prepared.multiply_adds < ours.multiply_adds  # no visual tokens in the last layer


def test_layers_amount_to_products():
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2, padding=1),
        torch.nn.Conv2d(8, 8, 3, padding=1, groups=8),
        torch.nn.Flatten(2),
        torch.nn.Linear(24, 5),
    )
    found = products_of(lambda: model(torch.zeros(1, 3, 8, 12)))
    assert found == {Product(24, 27, 8): 1, Product(8, 24, 5): 1}
    assert product_rate(found, 2, 'cpu', torch.float32, 1) > 0


def test_all_take_turns_after_a_first_run():
    calls = []
    runs = {name: lambda name=name: calls.append(name) for name in 'ab'}
    timings = time_in_turns(runs, lambda: calls.append('-'))
    assert calls[:2] == ['a', 'b']
    turns = ''.join(calls[2:]).split('-')
    assert [set(turn) for turn in turns] == [{'a'}, {'b'}] * timing.TURNS + [set()]
    assert all(each.first > 0 for each in timings.values())


def test_plot_has_a_line_a_model():
    rows = [
        Row(model, run, size, Timing(0, size / 100, 1, 1), peak_bytes=int(5e6 * size))
        for model in 'ab'
        for run in ('predict', 'predict, flip test', 'train: step')
        for size in (1, 8)
    ]
    time, training_time, memory, _ = draw_rows(rows).axes
    assert (time.get_title(), training_time.get_title()) == ('predict, flip test', 'train: step')
    assert [line.get_xydata().tolist() for line in time.lines] == [[[1, 10], [8, 10]]] * 2
    assert [line.get_xydata().tolist() for line in memory.lines] == [[[1, 5], [8, 40]]] * 2


def test_share_and_times():
    def row(model, seconds):
        return Row(model, 'predict', 8, Timing(0, seconds, 1, 1), multiply_adds=3e9, limit=10e9)

    plain, ours, other = beside_baseline(
        [row('plain', 1.2), row('ours', 0.4), Row('ours', 'x', 1, Timing(0, 1, 1, 1))], 'plain'
    )
    assert (plain.times_baseline, other.times_baseline) == (1, None)
    assert ours.times_baseline == pytest.approx(3)
    assert ours.share == pytest.approx(0.75)
    assert ours.cells()[2:] == ['8', '400.0', '0.0 - 1000.0', '20.0', '3.00', '75%', '', '3.00']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['configs/none.py'], 'There is no config configs/none.py'),
        (['mmpose::none.py'], 'mmpose::none.py cannot be read'),
        ([next((TOY_CONFIG.parents[1] / 'deit').glob('*toy*.py'))], 'it is no pose model'),
        ([TOY_CONFIG, '--batch-sizes', '0'], '--batch-sizes 0: at least one image must go in'),
        ([TOY_CONFIG, '--device', 'xyz'], 'no device xyz here'),
        ([TOY_CONFIG, '--data-root', 'nowhere'], 'nowhere'),
        ([TOY_CONFIG, '--plot', 'rows.xyz'], 'rows.xyz must end in'),
        ([TOY_CONFIG, '--json', '/proc/rows.json'], '/proc/rows.json: it cannot be written'),
    ],
)
def test_bad_input(options, message):
    assert_one_sentence(benchmark(*options), message)


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_no_gpu():
    assert_one_sentence(benchmark(TOY_CONFIG, '--device', 'cuda'), 'no device cuda here')


def test_a_package_that_a_comparator_needs_is_named():
    config = 'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-small-simple_8xb64-210e_'
    result = benchmark(f'{config}coco-256x192.py')
    assert_one_sentence(result, 'cannot be built: mmpretrain.VisionTransformer is not in')
