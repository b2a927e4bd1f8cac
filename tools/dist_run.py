# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Start a tool in several processes, as dist_train.sh and dist_test.sh do: torchrun's launcher.

What goes wrong is one line, of the process where it went wrong first, instead of a page.
"""

import logging
import os
import signal
import sys
from pathlib import Path

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.run import get_args_parser, run

from sdpose.runtime.command import INTERRUPTED
from sdpose.runtime.processes import LOST


def main(words: list[str]) -> int:
    """Start ``PROCESSES TOOL [its arguments]`` and wait for the end."""
    environ = os.environ
    nodes, node = environ.get('NNODES', '1'), environ.get('NODE_RANK', '0')
    port = environ.get('PORT', '29500')
    largest = int(nodes) - 1 if nodes.isdecimal() else 0
    for name, text, low, high in (
        ('GPUS', words[0], 1, 1024),
        ('NNODES', nodes, 1, 65536),
        ('NODE_RANK', node, 0, largest),
        ('PORT', port, 1, 65535),
    ):
        if not text.isdecimal() or not low <= int(text[:9]) <= high:
            sys.stderr.write(f'Error: {name}={text} is no number from {low} to {high}.\n')
            return 2
    args = get_args_parser().parse_args(
        [
            f'--nnodes={nodes}',
            f'--node_rank={node}',
            f'--master_addr={environ.get("MASTER_ADDR", "127.0.0.1")}',
            f'--master_port={port}',
            f'--nproc_per_node={words[0]}',
            str(Path(__file__).with_name(words[1])),
            *words[2:],
            '--launcher=pytorch',
        ]
    )
    if int(words[0]) > 1:
        environ.setdefault('OMP_NUM_THREADS', '1')  # as torch does, with a page of warning
    args.shutdown_timeout = 10  # seconds until what does not end is killed
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup
        args.signals_to_handle = 'SIGTERM,SIGINT,SIGQUIT'
    logging.getLogger('torch.distributed.elastic').setLevel(logging.CRITICAL)
    try:
        run(args)
    except ChildFailedError as error:
        rank, failure = min(error.failures.items(), key=_when)
        sys.stderr.write(f'{explain(rank, failure)}\n')
        return failure.exitcode if failure.exitcode > 0 else 1
    except (SignalException, KeyboardInterrupt):
        sys.stderr.write('\nInterrupted; what was written so far is kept.\n')
        return INTERRUPTED
    except Exception as error:  # torch's errors of meeting others have no common base
        first_line = str(error).strip().partition('\n')[0]
        sys.stderr.write(f'Error: the processes cannot be started: {first_line}\n')
        return 1
    return 0


def _when(failed: tuple[int, ProcessFailure]) -> tuple[bool, int]:
    """What came first: a cause, and only then that others miss this process."""
    text = str(failed[1].message)
    return LOST in text and 'Timed out' not in text, failed[1].timestamp


def explain(rank: int, failure: ProcessFailure) -> str:
    """One line about the process that failed first."""
    if Path(failure.error_file).is_file():
        return failure.error_file_data['message']['message']
    if failure.exitcode < 0:
        return (
            f'Error: the process of rank {rank} was killed ({failure.signal_name()}). '
            'If nobody did, it had too little memory: give fewer workers or a smaller batch.'
        )
    return f'Error: the process of rank {rank} ended with status {failure.exitcode}, see above.'


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
