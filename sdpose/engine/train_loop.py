# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train epoch by epoch, and go on in the middle of one."""

from itertools import islice
from typing import Any

from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

PLACE = 'batches_of_epoch'  # in the message hub, which checkpoints hold: done, all


class ResumableTrainLoop(EpochBasedTrainLoop):
    """MMEngine's loop, which begins the epoch anew where a checkpoint by iteration is resumed.

    With another number of batches, as of another batch size, the place in an epoch means nothing.
    """

    def run_epoch(self) -> None:
        """Iterate over what is left of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        hub, total = self.runner.message_hub, len(self.dataloader)
        done, total_before = hub.runtime_info.get(PLACE, (0, total))
        if done and total_before != total:
            self.runner.logger.warning(
                f'An epoch has {total} batches now and had {total_before} before: it begins anew.'
            )
            done = 0
        loader = _without_first_batches(self.dataloader, done) if done else self.dataloader
        for index, batch in enumerate(loader, start=done):
            hub.update_info(PLACE, (index + 1, total))
            self.run_iter(index, batch)
        hub.update_info(PLACE, (0, total))
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


def _without_first_batches(loader: DataLoader, count: int) -> DataLoader:
    batches: Any = loader.batch_sampler
    return DataLoader(
        loader.dataset,
        batch_sampler=list(islice(batches, count, None)),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=loader.worker_init_fn,
        timeout=loader.timeout,
        multiprocessing_context=loader.multiprocessing_context,
        prefetch_factor=loader.prefetch_factor,
    )
