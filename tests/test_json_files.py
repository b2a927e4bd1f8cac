# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import pytest

from sdpose import InputError
from sdpose.json_files import JsonListFile, read_json


def test_list_is_whole_after_every_write(tmp_path):
    path = tmp_path / 'new' / 'list.json'
    entries = []
    with JsonListFile(path) as file:
        assert json.loads(path.read_text()) == []
        for added in ([{'a': 1}], [], [2, 'three'], [[4.5, None]]):
            file.extend(added)
            entries += added
            assert json.loads(path.read_text()) == entries
    assert path.read_text().count('\n') == 2 + len(entries)  # one a line
    assert [p.name for p in path.parent.iterdir()] == ['list.json']


class Disk:
    """A file that counts what is written, and may be full."""

    def __init__(self, file, room=None):
        self.file = file
        self.room = room
        self.written = []

    def write(self, data):
        self.written.append(len(data))
        return self.file.write(data[: self.room])

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_writes_do_not_grow_with_the_list(tmp_path):
    with JsonListFile(tmp_path / 'list.json') as file:
        file._file = disk = Disk(file._file)
        for _ in range(100):
            file.extend([1000])
    assert set(disk.written[1:]) == {len(b',\n1000\n]\n')}


def test_full_disk_leaves_the_list_as_it_was(tmp_path):
    path = tmp_path / 'list.json'
    with JsonListFile(path) as file:
        file.extend([1])
        file._file = Disk(file._file, room=5)
        with pytest.raises(OSError, match='the disk is full'):
            file.extend(['something longer'])
        assert json.loads(path.read_text()) == [1]


def test_what_json_cannot_hold_is_not_written(tmp_path):
    path = tmp_path / 'list.json'
    with JsonListFile(path) as file:
        with pytest.raises(ValueError, match='not JSON compliant'):
            file.extend([float('nan')])
        assert json.loads(path.read_text()) == []


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(InputError, match='There is no file'):
        read_json(tmp_path / 'no.json')
    (tmp_path / 'broken.json').write_bytes(b'\xff{')
    with pytest.raises(InputError, match=r'broken\.json is not JSON'):
        read_json(tmp_path / 'broken.json')
