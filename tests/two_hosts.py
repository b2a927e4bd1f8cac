# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train on two "hosts", cut the link between them, and resume. Needs root, for network namespaces.

The hosts are network namespaces, 10.77.0.1 and 10.77.0.2, which are gone when it ends.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser, run_command

os.environ['OMP_NUM_THREADS'] = '1'
ROOT = Path(__file__).parents[1]
CONFIG = next(ROOT.glob('configs/sdpose/td-hm_sdpose-toy_*.py'))
HOSTS = ('sdpose-a', 'sdpose-b')
TIMEOUT = 20  # seconds, of the processes


def ip(*words: str) -> None:
    subprocess.run(['ip', *words], check=True)


@contextmanager
def hosts() -> Iterator[None]:
    """Two network namespaces with a cable between them."""
    try:
        for name in HOSTS:
            ip('netns', 'add', name)
        ip(*f'link add cable netns {HOSTS[0]} type veth peer cable netns {HOSTS[1]}'.split())
        for number, name in enumerate(HOSTS, start=1):
            ip('-n', name, 'addr', 'add', f'10.77.0.{number}/24', 'dev', 'cable')
            ip('-n', name, 'link', 'set', 'cable', 'up')
            ip('-n', name, 'link', 'set', 'lo', 'up')
        yield
    finally:
        for name in HOSTS:
            subprocess.run(['ip', 'netns', 'del', name], check=False)


def train(work_dir: Path, data: Path, epochs: int) -> list[subprocess.Popen]:
    """Start a training on both hosts."""
    started = []
    for rank, name in enumerate(HOSTS):
        words = ['ip', 'netns', 'exec', name, 'bash', 'tools/dist_train.sh', CONFIG, '1']
        words += ['--work-dir', work_dir, '--data-root', data, '--resume', '--cfg-options']
        words += [f'train_cfg.max_epochs={epochs}', f'env_cfg.dist_cfg.timeout={TIMEOUT}']
        words += ['train_dataloader.num_workers=1', 'model.neck.depth=1']
        environ = dict(NNODES='2', NODE_RANK=str(rank), MASTER_ADDR='10.77.0.1')
        environ |= dict(GLOO_SOCKET_IFNAME='cable', PYTHON=sys.executable, **os.environ)
        with (work_dir.parent / f'{name}.txt').open('w') as log:
            started.append(subprocess.Popen(words, cwd=ROOT, env=environ, stdout=log, stderr=log))
    return started


def output(work_dir: Path) -> list[str]:
    return [(work_dir.parent / f'{name}.txt').read_text() for name in HOSTS]


def main(arguments: Arguments = None) -> None:
    make_parser(__doc__, '  python tests/two_hosts.py').parse_args(arguments)
    if os.geteuid() != 0 or not shutil.which('ip'):
        raise InputError('Network namespaces need root and the program ip (package iproute2).')
    with tempfile.TemporaryDirectory() as folder, hosts():
        data, work_dir = Path(folder) / 'data', Path(folder) / 'run'
        words = (sys.executable, 'tools/dataset/make_toy_coco.py', data, '--images=12')
        subprocess.run([*words, '--val-images=6'], cwd=ROOT, check=True, capture_output=True)
        started = train(work_dir, data, epochs=1000)
        while not list(work_dir.glob('epoch_2.pth')):
            assert all(process.poll() is None for process in started), output(work_dir)
            time.sleep(0.1)
        begin = time.monotonic()
        ip('-n', HOSTS[1], 'link', 'set', 'cable', 'down')
        for name, process in zip(HOSTS, started, strict=True):
            status = process.wait(300)
            seconds = time.monotonic() - begin
            print(f'{name} ended with status {status}, {seconds:.0f} s after the cut')
        for name, text in zip(HOSTS, output(work_dir), strict=True):
            errors = re.findall('Error: .*', text)
            print(f'{name}: {text.count("Traceback")} traces; {errors}')
        ip('-n', HOSTS[1], 'link', 'set', 'cable', 'up')
        epochs = 1 + max(int(p.stem.split('_')[1]) for p in work_dir.glob('epoch_*.pth'))
        statuses = [process.wait() for process in train(work_dir, data, epochs)]
        resumed = re.findall('resumed epoch: .*', output(work_dir)[0])
        print(f'Resumed: {resumed}, statuses {statuses}, {(work_dir / f"epoch_{epochs}.pth").name}')


if __name__ == '__main__':
    sys.exit(run_command(main))
