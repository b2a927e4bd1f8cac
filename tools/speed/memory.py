# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How much memory a model takes, in a process of its own."""

import multiprocessing
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from speed.subject import Inference, Subject
from speed.training import Training

PROCESS = Path('/proc/self')  # Linux alone has it


def peak_bytes(subject: Subject, batch_size: int, data_root: str | None) -> int | None:
    """Peak of memory while a model predicts with flip test, or trains, weights included.

    On a GPU it is the most that torch had allocated; on a CPU by how much the process grew while
    it built the model and ran it twice.

    Args:
        subject: The model.
        batch_size: Images at once.
        data_root: Of the training data; ``None`` to predict.

    Returns:
        ``None`` for a CPU where the system does not tell.
    """
    if torch.device(subject.device).type == 'cpu' and not PROCESS.exists():
        return None
    spawn = multiprocessing.get_context('spawn')  # a fork would begin with this process's memory
    with ProcessPoolExecutor(1, spawn) as pool:
        return pool.submit(_measure, subject, batch_size, data_root).result()


def _measure(subject: Subject, batch_size: int, data_root: str | None) -> int:
    is_gpu = torch.device(subject.device).type == 'cuda'
    before = 0
    if not is_gpu:
        (PROCESS / 'clear_refs').write_text('5')  # forget the peak of the imports
        before = _peak_of_process()
    run: Callable[[], Any]
    if data_root is None:
        run = Inference(subject).predict(batch_size, flip_test=True)
    else:
        run = Training(subject, batch_size, data_root).step
    run()
    run()
    return torch.cuda.max_memory_allocated() if is_gpu else _peak_of_process() - before


def _peak_of_process() -> int:
    (kilobytes,) = re.findall(r'VmHWM:\s+(\d+) kB', (PROCESS / 'status').read_text())
    return 1024 * int(kilobytes)
