# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the benchmark measures of some models: inference, training, ONNX Runtime."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from papers.measure import multiply_adds

from sdpose.models.inference import prepare_for_inference
from speed.limits import Product, product_rate, products_of
from speed.memory import peak_bytes
from speed.onnx_runtime import session_of, time_sessions
from speed.report import Row
from speed.subject import Inference, Subject
from speed.timing import time_in_turns
from speed.training import Training, time_steps_in_turns

Done = Callable[[], None]
ONNX_THREADS = (1, 2)
RUNS = {'network': None, 'predict': False, 'predict, flip test': True}  # run -> flip test


@dataclass(frozen=True)
class Work:
    """A subject, and what one image takes.

    Attributes:
        subject: The model.
        input_size: Height and width of a crop in pixels.
    """

    subject: Subject
    input_size: tuple[int, int]

    @cached_property
    def _counted(self) -> tuple[float, Counter[Product]]:
        with torch.device('meta'), torch.no_grad():
            model = self.subject.build().eval()
            if self.subject.prepared:
                prepare_for_inference(model)
            image = torch.zeros(1, 3, *self.input_size)
            products = products_of(lambda: model(image, None, mode='tensor'))
            by_operator = multiply_adds(lambda: model(image, None, mode='tensor'))
        return sum(by_operator.values()), products

    @property
    def multiply_adds(self) -> float:
        """Of one image, once through the network."""
        return self._counted[0]

    def limit(self, images: int, threads: int | None = None) -> float:
        """Multiply-adds a second of the network's matrix products alone."""
        device, dtype = self.subject.device, self.subject.dtype
        return product_rate(
            self._counted[1], images, device, dtype, threads or torch.get_num_threads()
        )


def inference_rows(
    subjects: Sequence[Subject], batch_sizes: Sequence[int], done: Done
) -> list[Row]:
    """Time the network alone, and predictions with and without flip test."""
    rows = []
    built = {subject: Inference(subject) for subject in subjects}
    work = {subject: Work(subject, each.input_size) for subject, each in built.items()}
    for batch_size in batch_sizes:
        peaks = {}
        for subject in subjects:
            peaks[subject] = peak_bytes(subject, batch_size, None)
            done()
        for run, flip_test in RUNS.items():
            runs: dict[Subject, Callable[[], Any]] = {
                subject: each.network(batch_size)
                if flip_test is None
                else each.predict(batch_size, flip_test)
                for subject, each in built.items()
            }
            images = batch_size * (2 if flip_test else 1)
            for subject, timing in time_in_turns(runs, done).items():
                row = Row(
                    subject.name,
                    run,
                    batch_size,
                    timing,
                    images * work[subject].multiply_adds,
                    work[subject].limit(images),
                    peaks[subject] if flip_test else None,
                )
                rows.append(row)
    return rows


def training_rows(
    subjects: Sequence[Subject], batch_sizes: Sequence[int], data_root: str, done: Done
) -> list[Row]:
    """Time training steps, and what they are made of."""
    rows = []
    for batch_size in batch_sizes:
        peaks = []
        for subject in subjects:
            peaks.append(peak_bytes(subject, batch_size, data_root))
            done()
        trainings = [Training(subject, batch_size, data_root) for subject in subjects]
        timings = time_steps_in_turns(trainings, done)
        for subject, training, peak, parts in zip(subjects, trainings, peaks, timings, strict=True):
            limit = Work(subject, training.input_size).limit(batch_size)
            for part, timing in parts.items():
                row = Row(
                    subject.name,
                    f'train: {part}',
                    batch_size,
                    timing,
                    training.multiply_adds.get(part),
                    limit,
                    peak if part == 'step' else None,
                )
                rows.append(row)
    return rows


def onnx_rows(subjects: Sequence[Subject], done: Done) -> list[Row]:
    """Time exported graphs at batch 1."""
    rows = []
    built = [Inference(Subject(each.config, 'cpu', prepared=False)) for each in subjects]
    # the export prepares the models
    work = [Work(Subject(each.subject.config, 'cpu'), each.input_size) for each in built]
    for threads in ONNX_THREADS:
        run = f'ONNX Runtime, {threads} thread{"s" * (threads > 1)}'
        timings = time_sessions([session_of(each, threads) for each in built], done)
        for inference, one, timing in zip(built, work, timings, strict=True):
            limit = one.limit(1, threads)
            rows.append(Row(inference.subject.name, run, 1, timing, one.multiply_adds, limit))
    return rows
