# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
from pathlib import Path

import pytest
import torch

from sdpose.checkpoints.latest import check_resumable, find_latest_checkpoint
from sdpose.errors import InputError

WHOLE = dict(
    state_dict=dict(weight=torch.ones(2)),
    meta=dict(epoch=1, iter=5),
    optimizer={},
    message_hub={},
)


def save(path, age=0):
    torch.save(WHOLE, path)
    os.utime(path, (1e9 - age, 1e9 - age))


@pytest.fixture
def work_dir(tmp_path):
    save(tmp_path / 'epoch_9.pth', age=60)
    for name in ('epoch_10.pth', 'best_coco_AP_epoch_30.pth', '.epoch_11.pth.5.partial'):
        save(tmp_path / name)
    return tmp_path


def test_checkpoints_of_the_current_folder_are_those_of_others(tmp_path, monkeypatch):
    save(tmp_path / 'epoch_3.pth')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'new').mkdir()
    assert find_latest_checkpoint(tmp_path / 'new') is None
    (tmp_path / 'new/last_checkpoint').write_text('epoch_3.pth')
    with pytest.raises(InputError, match='None of the 0 checkpoints'):
        find_latest_checkpoint(tmp_path / 'new')


def test_no_run_no_checkpoint(tmp_path):
    assert find_latest_checkpoint(tmp_path / 'new') is None


def test_pointer_counts(work_dir):
    (work_dir / 'last_checkpoint').write_text('elsewhere/epoch_9.pth\n')  # the run was moved
    assert find_latest_checkpoint(work_dir) == work_dir / 'epoch_9.pth'


@pytest.mark.parametrize('pointer', [b'', b'epoch_11.pth', b'best_coco_AP_epoch_30.pth', b'\xff\0'])
def test_highest_number_counts_where_the_pointer_is_broken(work_dir, pointer):
    (work_dir / 'last_checkpoint').write_bytes(pointer)
    assert find_latest_checkpoint(work_dir) == work_dir / 'epoch_10.pth'


def test_number_decides_where_a_copy_has_changed_the_times(tmp_path):
    for age, name in enumerate(('sd_900.pth', 'sd_1000.pth')):
        save(tmp_path / name, age)
    assert find_latest_checkpoint(tmp_path) == tmp_path / 'sd_1000.pth'


def test_checkpoints_may_be_in_another_folder(tmp_path, monkeypatch):
    elsewhere, work_dir = tmp_path / 'elsewhere', tmp_path / 'run'
    for folder in (elsewhere, work_dir):
        folder.mkdir()
    save(elsewhere / 'epoch_3.pth')
    (work_dir / 'last_checkpoint').write_text(str(elsewhere / 'epoch_3.pth'))
    assert find_latest_checkpoint(work_dir) == elsewhere / 'epoch_3.pth'
    monkeypatch.chdir(tmp_path)  # MMEngine writes the path as the config has it
    (work_dir / 'last_checkpoint').write_text('elsewhere/epoch_3.pth')
    assert find_latest_checkpoint(work_dir) == Path('elsewhere/epoch_3.pth')
    (elsewhere / 'epoch_3.pth').unlink()
    with pytest.raises(InputError, match='None of the 0 checkpoints'):
        find_latest_checkpoint(work_dir)


def damage(path):
    path.write_bytes(path.read_bytes()[:-100])


def test_damaged_checkpoint_gives_way_to_the_one_before(work_dir, capsys):
    (work_dir / 'last_checkpoint').write_text('epoch_10.pth')
    damage(work_dir / 'epoch_10.pth')
    assert find_latest_checkpoint(work_dir) == work_dir / 'epoch_9.pth'
    damage(work_dir / 'epoch_9.pth')
    with pytest.raises(InputError, match=r'None of the 2 checkpoints of .* can be resumed from'):
        find_latest_checkpoint(work_dir)


@pytest.mark.parametrize('changes', [dict(optimizer=None), dict(meta={}), dict(meta=dict(iter=1))])
def test_weights_only_cannot_be_resumed(changes):
    checkpoint = {key: value for key, value in {**WHOLE, **changes}.items() if value is not None}
    with pytest.raises(InputError, match=r'a\.pth has the weights .* load_from=a\.pth'):
        check_resumable(checkpoint, 'a.pth')
    check_resumable(WHOLE, 'a.pth')
