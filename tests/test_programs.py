# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The programs beside the tests that measure, and are too slow or too demanding for a test."""

import os

import pytest

from conftest import assert_one_sentence, call_tool

HOSTS, LOAD = 'tests/two_hosts.py', 'tests/runtime/load.py'


@pytest.mark.parametrize('program', [HOSTS, LOAD])
def test_help_has_an_example(program):
    result = call_tool(program, '--help')
    assert result.returncode == 0
    assert f'examples:\n  python {program}' in result.stdout


def test_hosts_need_root(monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    assert_one_sentence(call_tool(HOSTS), 'Network namespaces need root')


def test_hosts_need_ip(monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    monkeypatch.setenv('PATH', '')
    assert_one_sentence(call_tool(HOSTS), 'and the program ip (package iproute2)')


def test_load_tells_that_inference_failed(tmp_path):
    result = call_tool(LOAD, tmp_path / 'gone.onnx', 'persons', 3)
    assert_one_sentence(result, 'Inference on 3 persons ended with 1.')
