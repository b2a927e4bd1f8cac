# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import struct
import zipfile

import pytest
import torch
from small_checkpoint import entries, pickled, saved, small_checkpoint, stored, with_pickle, zipped

from sdpose.checkpoints.torch_file import OtherFileError, read_torch_file

WEIGHTS = dict(weight=torch.arange(6.0).view(2, 3), steps=torch.tensor(3))
ZIP, LEGACY = saved(WEIGHTS), saved(WEIGHTS, _use_new_zipfile_serialization=False)


@pytest.fixture
def read(tmp_path):
    """Read bytes as a file."""

    def read_bytes(content, name='a.pth'):
        (tmp_path / name).write_bytes(content)
        return read_torch_file(tmp_path / name)

    return read_bytes


@pytest.mark.parametrize('options', [{}, dict(_use_new_zipfile_serialization=False)])
def test_both_formats_are_read_as_torch_reads_them(options, tmp_path):
    path = tmp_path / 'Gewichte von Jürgen.pth'
    torch.save(small_checkpoint(), path, **options)
    expected = torch.load(path, weights_only=False)['state_dict']
    found = read_torch_file(path)['state_dict']
    assert list(found) == list(expected)
    assert found._metadata == {'': dict(version=1)}
    for name, value in expected.items():
        assert torch.equal(found[name], value)
        assert (found[name].dtype, found[name].stride()) == (value.dtype, value.stride())
    assert found['weight'].data_ptr() == found['tied'].data_ptr()
    assert not found['bias']._is_view()


def test_tensors_of_a_gpu_come_on_the_cpu(read):
    for content in (entries(ZIP)['archive/data.pkl'], LEGACY):
        gpu = content.replace(b'X\x03\0\0\0cpu', b'X\x06\0\0\0cuda:0')
        assert gpu != content
        found = read(gpu if content is LEGACY else with_pickle(gpu, ZIP))
        assert found['weight'].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert found['steps'] == 3


def test_other_objects_are_whole(read):
    checkpoint = read(saved(small_checkpoint()))
    meta, hub = checkpoint['meta'], checkpoint['message_hub']
    assert meta['array'].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert meta['text'].tolist() == ['a', 'bc']
    assert meta['empty'].shape == (0,)
    names = ('scalar', 'raw', 'numbers', 'size', 'device', 'dtype', 'steps', 'complex')
    assert [meta[name] for name in names] == [
        *(2, b'\xff', {1, 2}, (2,), torch.device('cpu'), torch.float16, {1: 2}, 1j)
    ]
    assert hub['log_scalars']['loss'].mean() == 2
    assert hub['log_scalars']['loss'].statistics('max') == 3
    assert checkpoint['optimizer']['state'][0]['exp_avg'].tolist() == [1, 1]


def change_entry(content, old, new):
    """Replace bytes in the last one of their places."""
    before, _, after = content.rpartition(old)
    return before + new + after


def archive(**changes):
    """The zip of the weights, with other entries."""
    parts = entries(ZIP) | {f'archive/{name}': value for name, value in changes.items()}
    return zipped(*parts.items())


def declared_size(content, factor):
    """A zip whose first entry says that it is larger."""
    start = content.index(b'PK\x01\x02')
    sizes = struct.unpack_from('<2L', content, start + 20)
    larger = struct.pack('<2L', *(size * factor for size in sizes))
    return content[: start + 20] + larger + content[start + 28 :]


DAMAGED_ZIPS = {
    'compressed': (zipped(*entries(ZIP).items(), compression=zipfile.ZIP_DEFLATED), 'compressed'),
    'overlapping': (declared_size(ZIP, 100), 'its parts overlap'),
    'large directory': (
        archive()[:-10] + struct.pack('<L', 2**30) + archive()[-6:],
        'contents is too large',
    ),
    'big-endian': (archive(byteorder=b'big'), 'big-endian machine'),
    'longer tensor': (archive(**{'data/0': bytes(28)}), 'data/0 has 28 bytes instead of 24'),
    'shorter tensor': (archive(**{'data/0': bytes(20)}), 'data/0 has 20 bytes instead of 24'),
    'missing tensor': (with_pickle(pickled(a=stored(6, key='1'))), 'data/1 is missing'),
    'other directory': (change_entry(ZIP, b'archive/data/0', b'archive/data/2'), 'is missing'),
    'middle': (change_entry(ZIP, b'\x40', b'\x41'), 'CRC'),
}


@pytest.mark.parametrize(('content', 'problem'), DAMAGED_ZIPS.values(), ids=DAMAGED_ZIPS)
def test_damaged_zips(read, content, problem):
    with pytest.raises((ValueError, zipfile.BadZipFile), match=problem):
        read(content)


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_two_entries_of_a_name(read):
    with pytest.raises(ValueError, match='overlap'):
        read(zipped(*entries(ZIP).items(), ('archive/data.pkl', b'')))


NUMEL = (6).to_bytes(8, 'little')  # it stands before the bytes of the tensor
DAMAGED_LEGACY = {
    'size': (change_entry(LEGACY, NUMEL, bytes(8)), 'another size than declared'),
    'cut': (LEGACY[:-1], 'cut off'),
    'declared': (
        LEGACY.replace(b'cpuq\x06K\x06', b'cpuq\x06J' + b'\x7f' * 4),
        'more than it holds',
    ),
    'version': (LEGACY.replace(b'M\xe9\x03.', b'M\xea\x03.', 1), 'unknown version'),
    'big-endian': (LEGACY.replace(b'little_endianq\x02\x88', b'little_endianq\x02\x89'), 'endian'),
}


@pytest.mark.parametrize(('content', 'problem'), DAMAGED_LEGACY.values(), ids=DAMAGED_LEGACY)
def test_damaged_files_before_torch_1_6(read, content, problem):
    assert content != LEGACY
    with pytest.raises((ValueError, EOFError), match=problem):
        read(content)


@pytest.mark.parametrize(
    'content',
    [b'', b'hello', b'<!DOCTYPE html>', b'\x80\x04N.', b'\x1f\x8b' + ZIP, zipped(('a.npy', b'x'))],
    ids=['empty', 'text', 'page', 'pickle', 'gzip', 'zip'],
)
def test_other_files(read, content):
    with pytest.raises(OtherFileError):
        read(content)
