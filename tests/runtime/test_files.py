# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import errno
import os
from pathlib import Path

import pytest
from full_disk import full_disk

from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file, check_is_utf8, check_writable, write_whole


def test_files_are_made_and_replaced(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'a.bin'
    write_whole(path, b'first')
    write_whole(path, b'second')
    assert path.read_bytes() == b'second'
    assert list(path.parent.iterdir()) == [path]


def test_failing_write_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / 'a.bin'
    path.write_bytes(b'old')
    with full_disk(5), pytest.raises(OSError, match='File too large') as caught:
        write_whole(path, b'something longer')
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


def test_error_without_a_number_has_a_reason_as_well(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError('the disk went away')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match='the disk went away') as caught:
        write_whole(tmp_path / 'a.bin', b'data')
    assert caught.value.strerror == 'it cannot be written (the disk went away)'
    assert caught.value.filename == str(tmp_path / 'a.bin')
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').touch()
    for path in (tmp_path / 'folder', tmp_path / 'file' / 'a.bin'):
        for write in (check_writable, lambda path: write_whole(path, b'data')):
            with pytest.raises(
                OSError, match=r'cannot be written \(.*(folder|directory)'
            ) as caught:
                write(path)
            assert caught.value.filename == str(path)
    assert {path.name for path in tmp_path.iterdir()} == {'folder', 'file'}
    assert list((tmp_path / 'folder').iterdir()) == []


def test_what_would_be_read_for_ever_is_refused(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'link').symlink_to('nowhere')
    for name, problem in {
        'pipe': 'is a pipe or a device, not a checkpoint',
        '/dev/zero': 'is a pipe or a device',
        '.': 'is a folder, not a checkpoint',
        'link': 'is a link to nowhere, which is not there',
        'missing': 'There is no checkpoint .*missing',
        'a' * 300: 'cannot be looked at: File name too long',
    }.items():
        with pytest.raises(InputError, match=problem):
            check_is_file(tmp_path / name, 'checkpoint')
    check_is_file(Path(__file__), 'checkpoint')


@pytest.mark.parametrize('name', ['a' * 251 + '.jpg', 'ä' * 127, 'a\n\udcff.json'])
def test_names_as_long_as_the_file_system_allows(name, tmp_path):
    write_whole(tmp_path / name, b'data')
    assert (tmp_path / name).read_bytes() == b'data'


def test_names_that_are_not_utf8_are_told(tmp_path):
    check_is_utf8(tmp_path / 'ä.mp4')
    with pytest.raises(InputError, match='only where their names are UTF-8: rename it'):
        check_is_utf8(tmp_path / '\udcff.mp4')
