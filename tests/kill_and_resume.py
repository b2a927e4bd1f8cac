# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Kill trainings at random moments, resume them, and compare with unbroken ones, bit by bit.

Everything is imported once; a run is a fork, or two for two processes::

    python tests/kill_and_resume.py --kills 20
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path

os.environ['OMP_NUM_THREADS'] = '1'
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests'), str(ROOT / 'tools/dataset')]

import torch  # noqa: E402
from forked import be_tool, fork_ranks, wait  # noqa: E402
from make_toy_coco import main as make_toy_coco  # noqa: E402

from conftest import TOY_CONFIG, logged_records  # noqa: E402
from sdpose.checkpoints.safe_loading import load_checkpoint_file  # noqa: E402

EPOCHS = 4
SETTINGS = [(workers, processes) for processes in (1, 2) for workers in (0, 2)]
MOMENTS = ('at a random moment', 'while it saves', 'while it validates')
# An AP is 0 after so few steps; the error in pixels tells which checkpoint is the best
CONFIG = """
_base_ = '{base}'
model = dict(neck=dict(depth=1))
train_cfg = dict(max_epochs=4, val_interval=1)
train_dataloader = dict(batch_size=4)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(save_best='EPE', rule='less'))
val_evaluator = [dict(type='CocoMetric'), dict(type='EPE')]
"""
CLOCKS = ('time', 'memory', 'eta')  # what no two runs have in common
Process = int


def start(work_dir: Path, data: Path, workers: int, processes: int) -> list[Process]:
    """Start a training, or go on with it."""
    return fork_ranks(processes, lambda: train(work_dir, data, workers, processes))


def train(work_dir: Path, data: Path, workers: int, processes: int) -> None:
    """Be a training until the end."""
    config = data.with_name('config.py')
    config.write_text(CONFIG.format(base=TOY_CONFIG))
    words = [str(config), '--work-dir', str(work_dir), '--data-root', str(data), '--resume']
    words += ['--cfg-options', f'train_dataloader.num_workers={workers}']
    be_tool('tools/train.py', words, processes, work_dir)


def kill(started: list[Process], moment: Callable[[], bool]) -> str:
    """Kill all processes when the moment has come, or find that they have ended before."""
    while not moment():
        if any(os.waitid(os.P_PID, p, os.WEXITED | os.WNOHANG | os.WNOWAIT) for p in started):
            break
        time.sleep(0.001)
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    statuses = wait(started)
    gone_by = time.monotonic() + 3
    while orphans(started):
        assert time.monotonic() < gone_by, 'data workers outlive their parent'
        time.sleep(0.05)
    return 'killed' if -signal.SIGKILL in statuses else 'had ended'


def orphans(sessions: list[Process]) -> list[str]:
    """The processes that those of a training have left behind."""
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            state, *ids = path.read_text().rpartition(')')[2].split()
            found += [path.parent.name] if int(ids[2]) in sessions and state != 'Z' else []
    return found


def moments(chance: random.Random, name: str, work_dir: Path, seconds: float) -> Callable[[], bool]:
    """When to kill a run that takes some seconds."""
    begin, after, count = time.monotonic(), chance.uniform(0, seconds), chance.randint(1, EPOCHS)
    if name == MOMENTS[0]:
        return lambda: time.monotonic() - begin > after
    delay = chance.uniform(0, 0.02 if name == MOMENTS[1] else 0.15)
    pattern = '.*.partial' if name == MOMENTS[1] else 'last_checkpoint'
    seen: dict[tuple[str, int], float] = {}

    def has_come() -> bool:
        for path in work_dir.glob(pattern):
            with contextlib.suppress(OSError):
                seen.setdefault((path.name, path.stat().st_mtime_ns), time.monotonic())
        times = sorted(seen.values())
        return len(times) >= count and time.monotonic() - times[count - 1] > delay

    return has_come


def difference(node: object, other: object, path: str = '') -> str | None:
    """Where two checkpoints differ first."""
    if isinstance(node, dict) and isinstance(other, dict):
        if node.keys() != other.keys():
            return f'{path}: {set(node) ^ set(other)}'
        pairs = [(node[key], other[key], f'{path}.{key}') for key in node]
        pairs = [pair for pair in pairs if not pair[2].endswith(CLOCKS)]
        return next(filter(None, (difference(*pair) for pair in pairs)), None)
    if isinstance(node, (list, tuple)) and isinstance(other, (list, tuple)):
        pairs = [(*pair, f'{path}[{i}]') for i, pair in enumerate(zip_longest(node, other))]
        return next(filter(None, (difference(*pair) for pair in pairs)), None)
    if hasattr(node, '_log_history') and hasattr(other, '_log_history'):
        return difference(node._log_history.tolist(), other._log_history.tolist(), path)
    if isinstance(node, torch.Tensor) and isinstance(other, torch.Tensor):
        return None if torch.equal(node, other) else path
    return None if node == other or path.endswith('best_ckpt') else f'{path}: {node} and {other}'


def outcome(work_dir: Path) -> dict[str, object]:
    """What a run has come to: checkpoints, and what it logged."""
    last = load_checkpoint_file(work_dir / f'epoch_{EPOCHS}.pth')
    last['meta'] = {key: last['meta'][key] for key in ('epoch', 'iter', 'seed')}
    for name in ('cfg', 'last_ckpt', 'experiment_name', 'mmengine_version'):  # with git's hash
        last['message_hub']['runtime_info'].pop(name)
    (best,) = work_dir.glob('best_*.pth')
    records = [each for path in sorted(work_dir.glob('2*')) for each in logged(path)]
    by_step: dict[str, object] = {}
    for record in records:  # what was done again after a kill counts
        for name, value in record.items():
            by_step[f'{record["step"]} {"val" if "EPE" in record else "train"} {name}'] = value
    return dict(last=last, best=(best.name, load_checkpoint_file(best)['state_dict']), log=by_step)


def logged(run: Path) -> Iterator[dict]:
    """The records of one start."""
    with contextlib.suppress(ValueError):  # none, as after a kill at the start
        yield from logged_records(run.parent, run.name)


def main() -> int:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    chance, differing = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        data, unbroken, durations = Path(folder) / 'data', {}, {}
        pid = os.fork()
        if pid == 0:  # its processes are not those of the trainings
            make_toy_coco([str(data), '--images=12', '--val-images=6', '--workers=1'])
            os._exit(0)
        os.waitpid(pid, 0)
        for number in range(args.kills):
            workers, processes = setting = SETTINGS[number % len(SETTINGS)]
            name = f'{workers} workers, {processes} processes'
            if setting not in unbroken:
                work_dir, begin = Path(folder) / name, time.monotonic()
                assert not any(wait(start(work_dir, data, *setting))), tail(work_dir)
                durations[setting], unbroken[setting] = time.monotonic() - begin, outcome(work_dir)
                without_workers = unbroken[0, processes]
                found = difference(without_workers, unbroken[setting])
                assert not found, f'{workers} workers draw other numbers than 0: {found}'
            work_dir = Path(folder) / f'kill {number}'
            moment = MOMENTS[number % len(MOMENTS)]
            is_time = partial(moments, chance, moment, work_dir)
            how = kill(start(work_dir, data, *setting), is_time(durations[setting]))
            line = tail(work_dir)
            assert not any(wait(start(work_dir, data, *setting))), tail(work_dir)
            found = difference(unbroken[setting], outcome(work_dir)) or 'equal'
            differing += found != 'equal'
            print(f'{number + 1}. {name}, {how} {moment} after "{line[:70]}": {found}')
    print(f'{args.kills} kills, {differing} of the resumed trainings differ from the unbroken one.')
    return differing > 0


def tail(work_dir: Path) -> str:
    """The last line on the console of a run."""
    path = work_dir / 'console.txt'
    lines = path.read_text().split('\n') if path.exists() else []
    line = next((line.strip() for line in reversed(lines) if line.strip()), 'nothing')
    return line.rpartition(' - INFO - ')[2]


if __name__ == '__main__':
    sys.exit(main())
