# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import pytest
from compare_metrics import read_metrics, table

from conftest import assert_one_sentence, run_tool
from sdpose import InputError


def test_shared_metrics_stand_side_by_side(tmp_path):
    (tmp_path / 'a.json').write_text(json.dumps({'coco/AP': 0.5, 'coco/AR': 0.6}))
    (tmp_path / 'b.json').write_text(json.dumps({'coco/AP': 0.25}))
    runs = [read_metrics(f'run {name}={tmp_path / name}.json') for name in 'ab']
    assert table(runs).splitlines() == [
        '| run | coco/AP |',
        '| --- | --- |',
        '| run a | 0.500 |',
        '| run b | 0.250 |',
    ]


def test_bad_input(tmp_path):
    (tmp_path / 'list.json').write_text('[]')
    with pytest.raises(InputError, match='is not NAME=FILE'):
        read_metrics('a.json')
    with pytest.raises(InputError, match='holds no metrics'):
        read_metrics(f'a={tmp_path}/list.json')
    with pytest.raises(InputError, match='no metric in common'):
        table([('a', dict(x=1.0)), ('b', dict(y=1.0))])
    result = run_tool('tools/compare_metrics.py', 'a=nowhere.json')
    assert_one_sentence(result, 'no file nowhere.json')
