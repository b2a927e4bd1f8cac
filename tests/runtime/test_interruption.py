# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
import signal
import threading
import time

import pytest

from sdpose.errors import InputError
from sdpose.runtime.command import run_command
from sdpose.runtime.interruption import interruptible


@pytest.fixture(autouse=True)
def _handlers():
    """As at the start of a command; in the background Ctrl-C is ignored, under nohup SIGHUP."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def wait():
    time.sleep(5)
    raise AssertionError('the signal did not come')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_command_alike(number, capsys):
    def main(arguments):
        os.kill(os.getpid(), number)
        wait()

    assert run_command(main) == 130
    assert capsys.readouterr().err == '\nInterrupted; what was written so far is kept.\n'
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_an_interruption_breaks_is_no_error_of_its_own(capsys):
    def main(arguments):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            wait()
        finally:
            raise RuntimeError('half a file')

    assert run_command(main) == 130
    assert 'half a file' not in capsys.readouterr().err


def test_interruption_that_a_destructor_swallows_comes_again(capsys):
    class Resource:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            wait()

    def main(arguments):
        Resource()
        wait()

    assert run_command(main) == 130
    assert capsys.readouterr().err == '\nInterrupted; what was written so far is kept.\n'


def test_signal_does_not_cut_off_the_sentence_about_an_error():
    told = []

    def main(arguments):
        raise InputError('the other process is gone')

    def report(line):
        os.kill(os.getpid(), signal.SIGTERM)  # of the launcher, which ends all when one is gone
        time.sleep(0.1)
        told.append(line)

    assert run_command(main, report=report) == 1
    assert told == ['Error: the other process is gone']


def test_signals_from_terminal_and_launcher_are_one():
    with interruptible() as interruption:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
        assert interruption


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    try:
        with interruptible() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.05)
        assert not interruption
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_run_commands_without_signals():
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(run_command(lambda arguments: 3)))
    thread.start()
    thread.join()
    assert statuses == [3]
