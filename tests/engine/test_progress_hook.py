# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import io
from types import SimpleNamespace

from sdpose.engine import ProgressHook


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_resumed_training_counts_what_is_left(monkeypatch):
    monkeypatch.setattr('sys.stderr', terminal := Terminal())
    hook, runner = ProgressHook(), SimpleNamespace(iter=6, max_iters=10)
    hook.before_train(runner)
    for runner.iter in range(6, 9):
        hook.after_train_iter(runner, 0)
    hook.after_train(runner)
    bars = terminal.getvalue().rstrip().split('\r')
    assert [bar.partition('] ')[2].strip() for bar in bars] == [
        '1/4 iterations, 0 s left',
        '2/4 iterations, 0 s left',
        '3/4 iterations, 0 s left',
    ]


def test_no_bar_in_a_file(capsys):
    hook, runner = ProgressHook(), SimpleNamespace(iter=0, max_iters=10)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    hook.after_train(runner)
    assert capsys.readouterr().err == ''
