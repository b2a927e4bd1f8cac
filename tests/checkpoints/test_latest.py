# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest

from sdpose.checkpoints.latest import find_latest_checkpoint


@pytest.fixture
def work_dir(tmp_path):
    for name in ('epoch_9.pth', 'epoch_10.pth', 'best_coco_AP_epoch_30.pth', '.epoch_11.partial'):
        (tmp_path / name).touch()
    return tmp_path


def test_no_run_no_checkpoint(tmp_path):
    assert find_latest_checkpoint(tmp_path / 'new') is None


def test_pointer_counts(work_dir):
    (work_dir / 'last_checkpoint').write_text('elsewhere/epoch_9.pth\n')  # the run was moved
    assert find_latest_checkpoint(work_dir) == work_dir / 'epoch_9.pth'


@pytest.mark.parametrize('pointer', ['', 'epoch_11.pth'])
def test_highest_epoch_counts_where_the_pointer_is_broken(work_dir, pointer):
    (work_dir / 'last_checkpoint').write_text(pointer)
    assert find_latest_checkpoint(work_dir) == work_dir / 'epoch_10.pth'


def test_iterations_count_where_there_are_no_epochs(tmp_path):
    for name in ('iter_900.pth', 'iter_1000.pth'):
        (tmp_path / name).touch()
    assert find_latest_checkpoint(tmp_path) == tmp_path / 'iter_1000.pth'
