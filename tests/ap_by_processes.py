# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Test with 1 to 4 processes on data of several lengths: all must measure the same.

python tests/ap_by_processes.py --lengths 1 2 3 5 7 11
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ['OMP_NUM_THREADS'] = '1'
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests'), str(ROOT / 'tools/dataset')]

import torch  # noqa: E402
from forked import be_tool, fork_ranks, wait  # noqa: E402
from make_toy_coco import main as make_toy_coco  # noqa: E402
from peaked_model import save_peaked_weights  # noqa: E402

from conftest import TOY_CONFIG  # noqa: E402

# The AP of weights that learned nothing is 0; the error in pixels depends on every person
CONFIG = """
_base_ = '{base}'
test_dataloader = dict(num_workers=0, persistent_workers=False, batch_size=2)
test_evaluator = [dict(type='CocoMetric'), dict(type='EPE'), dict(type='PCKAccuracy', thr=0.5)]
"""


def main() -> int:
    """Measure all and print them."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--lengths', type=int, nargs='+', default=[1, 2, 3, 5, 7, 11])
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wait(fork_ranks(1, lambda: prepare(folder)))
        for length in args.lengths:
            measured = [measure(folder, length, processes) for processes in (1, 2, 3, 4)]
            assert all(each == measured[0] for each in measured), measured
            print(f'{length} persons: {measured[0]} by 1, 2, 3 and 4 processes')
    return 0


def prepare(folder: Path) -> None:
    """Make data, weights and config."""
    make_toy_coco([str(folder / 'data'), '--images=1', '--val-images=8', '--workers=1'])
    with contextlib.redirect_stdout(io.StringIO()):
        save_peaked_weights(folder)
    (folder / 'config.py').write_text(CONFIG.format(base=TOY_CONFIG))
    os._exit(0)


def measure(folder: Path, length: int, processes: int) -> dict[str, float]:
    """What some processes measure on the first persons."""
    out = folder / f'{length} {processes}.json'
    words = [folder / 'config.py', folder / 'toy.pth', '--data-root', folder / 'data', '--out', out]
    words += ['--work-dir', folder / out.stem, '--cfg-options']
    words += [f'test_dataloader.dataset.indices={length}']
    texts = [str(word) for word in words]
    work_dir = folder / out.stem
    ranks = fork_ranks(processes, lambda: be_tool('tools/test.py', texts, processes, work_dir))
    assert not any(wait(ranks)), (work_dir / 'console.txt').read_text()
    return json.loads(out.read_text())


if __name__ == '__main__':
    sys.exit(main())
