# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Run tools as forks of one process that has imported everything, also in several ranks.

That process must not have trained anything: torch's threads do not survive a fork.
"""

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from conftest import load_main
from sdpose import cli


def fork_ranks(count: int, action: Callable[[], None]) -> list[int]:
    """Do something in a process for each rank, in sessions of their own; their pids."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(count):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            names = ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'LOCAL_WORLD_SIZE', 'MASTER_PORT')
            values = (rank, rank, count, count, port)
            os.environ.update({n: str(v) for n, v in zip(names, values, strict=True)})
            os.environ['MASTER_ADDR'] = '127.0.0.1'
            action()
        started.append(pid)
    return started


def be_tool(tool: str, words: Sequence[str], ranks: int, folder: Path) -> None:
    """Be a tool until the end; what it says is in ``console.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / 'console.txt', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    launcher = 'pytorch' if ranks > 1 else 'none'
    status = cli.run_tool(load_main(tool), [words[0], f'--launcher={launcher}', *words[1:]])
    sys.stdout.flush()
    os._exit(status)


def wait(started: list[int]) -> list[int]:
    """Wait for processes; the exit status of each."""
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in started]
