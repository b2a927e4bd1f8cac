# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import pytest

from sdpose.runtime import processes


def test_launcher_gets_the_first_sentence(tmp_path, monkeypatch):
    path = tmp_path / 'error.json'
    monkeypatch.setenv(processes.ERROR_FILE, str(path))
    processes.report_to_launcher('Error: the first')
    processes.report_to_launcher('Error: the second')
    assert json.loads(path.read_text())['message']['message'] == 'Error: the first'


def test_launcher_never_gets_half_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv(processes.ERROR_FILE, str(tmp_path / 'error.json'))

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr('os.fsync', killed)
    with pytest.raises(KeyboardInterrupt):
        processes.report_to_launcher('Error')
    assert list(tmp_path.iterdir()) == []
