# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A Runner whose console shows progress, while its log file keeps everything."""

import logging
from typing import Any

from mmengine.logging import MMLogger
from mmengine.runner import Runner

MAX_LINES = 12
NOISE = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias')


class ConsoleRunner(Runner):
    """MMEngine's Runner, with page-long messages kept out of the console.

    The environment, the whole config and the order of hooks are in the log file of the run.
    """

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Build the logger, and filter what it writes to the console."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(is_for_console)
        return logger


def is_for_console(record: logging.LogRecord) -> bool:
    """Whether a message belongs on the console: warnings do, pages of information do not."""
    message = record.getMessage()
    if any(noise in message for noise in NOISE):
        return False
    return record.levelno > logging.INFO or message.count('\n') < MAX_LINES
