# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import errno
import json
import os
import re
from contextlib import closing
from pathlib import Path

import pytest
from full_disk import full_disk

from sdpose.errors import InputError
from sdpose.runtime.json_files import JsonListFile, read_json


def test_list_is_whole_after_every_write(tmp_path):
    path = tmp_path / 'new' / 'list.json'
    entries = []
    with closing(JsonListFile(path)) as file:
        assert json.loads(path.read_text()) == []
        for added in ([{'a': 1}], [], [2, 'three'], [[4.5, None]]):
            file.extend(added)
            entries += added
            assert json.loads(path.read_text()) == entries
    assert path.read_text().count('\n') == 2 + len(entries)  # one a line
    assert list(path.parent.iterdir()) == [path]


def test_old_list_is_replaced(tmp_path):
    path = tmp_path / 'list.json'
    path.write_text('[1, 2, 3]')
    with closing(JsonListFile(path)) as file:
        assert json.loads(path.read_text()) == []
        file.extend([4])
    assert json.loads(path.read_text()) == [4]


def written_bytes():
    """What this process has written so far."""
    return int(re.search(r'wchar: (\d+)', Path('/proc/self/io').read_text())[1])


@pytest.mark.skipif(not Path('/proc/self/io').exists(), reason='Linux counts what is written')
def test_writes_do_not_grow_with_the_list(tmp_path):
    with closing(JsonListFile(tmp_path / 'list.json')) as file:
        file.extend([1000])
        before = written_bytes()
        for _ in range(100):
            file.extend([1000])
        assert written_bytes() - before == 100 * len(b',\n1000\n]\n')


@pytest.mark.parametrize('room', [0, 5])
def test_full_disk_leaves_the_list_as_it_was(room, tmp_path):
    path = tmp_path / 'list.json'
    with closing(JsonListFile(path)) as file:
        file.extend([1])
        with full_disk(path.stat().st_size + room), pytest.raises(OSError) as caught:
            file.extend(['something longer'])
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
        assert json.loads(path.read_text()) == [1]
        file.extend([2])  # somebody has made room
        assert json.loads(path.read_text()) == [1, 2]


def test_what_json_cannot_hold_is_not_written(tmp_path):
    path = tmp_path / 'list.json'
    with closing(JsonListFile(path)) as file:
        with pytest.raises(ValueError, match='not JSON compliant'):
            file.extend([float('nan')])
        assert json.loads(path.read_text()) == []


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(InputError, match='There is no file'):
        read_json(tmp_path / 'no.json')
    for content, message in (
        (b'\xff{', 'is not JSON: .* invalid start byte'),
        (b'{"a": ', 'is not JSON: Expecting value'),
        (b'[' * 100_000, 'too deeply nested'),
        (b'[' * 100_000 + b']' * 100_000, 'too deeply nested'),
        (b'[1' + b'0' * 5000 + b']', r'value has 5001 digits\.$'),
        ('[1]'.encode('utf-16'), 'is written in UTF-16, or is no text'),
        ('[1]'.encode('utf-16-be'), 'is written in UTF-16-BE, or is no text'),
        (bytes(100), 'is written in UTF-32-BE, or is no text'),
        (b'', 'is not JSON: Expecting value'),
    ):
        (tmp_path / 'broken.json').write_bytes(content)
        with pytest.raises(InputError, match=rf'broken\.json {message}|json .*{message}'):
            read_json(tmp_path / 'broken.json')


def test_byte_order_mark_and_numbers_that_json_does_not_know(tmp_path):
    (tmp_path / 'a.json').write_bytes(b'\xef\xbb\xbf[1e999, 1' + b'0' * 400 + b']')
    assert read_json(tmp_path / 'a.json') == [float('inf'), 10**400]


def test_what_is_no_file_or_too_large(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for path, message in (
        (tmp_path, 'is a folder, not a file'),
        (tmp_path / 'pipe', 'is a pipe or a device'),
        ('/proc/self/mem', 'cannot be read: Input/output error'),
    ):
        with pytest.raises(InputError, match=message):
            read_json(path)
    (tmp_path / 'large.json').touch()
    os.truncate(tmp_path / 'large.json', 1 << 40)  # takes no room
    with pytest.raises(InputError, match='has more than 1 GB'):
        read_json(tmp_path / 'large.json')
