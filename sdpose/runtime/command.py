# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What all commands share: help with examples, and errors that read well."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence

from sdpose.errors import InputError, reason
from sdpose.runtime.interruption import interruptible
from sdpose.runtime.progress import printable

Arguments = Sequence[str] | None  # of a command line; None is that of the process
INTERRUPTED = 130


def make_parser(description: str, examples: str) -> argparse.ArgumentParser:
    """Build a parser whose help ends with examples.

    Args:
        description: What the command does, one sentence.
        examples: Commands that a reader can copy.
    """
    return argparse.ArgumentParser(
        description=description,
        epilog=f'examples:\n{examples}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def parse_args_with_boxes(
    parser: argparse.ArgumentParser, arguments: Arguments = None
) -> argparse.Namespace:
    """Read a command line where a box may begin with a minus: ``--bboxes -5,10,100,200``."""
    words = sys.argv[1:] if arguments is None else arguments
    return parser.parse_args(
        [f' {word}' if re.match(r'-[\d.]+,', word) else word for word in words]
    )


def run_command(
    main: Callable[[Arguments], int | None],
    arguments: Arguments = None,
    report: Callable[[str], object] = lambda line: sys.stderr.write(f'{line}\n'),
) -> int:
    """Run a command; what goes wrong is one line.

    ``SDPOSE_TRACEBACK=1`` shows the stack trace as well.

    Args:
        main: The command; returns its exit status, or ``None`` for 0.
        arguments: Of its command line.
        report: Takes the line; by default it goes to the error stream.

    Returns:
        The exit status: 1 after an error, 130 after Ctrl-C or a signal.
    """
    with interruptible() as interruption:
        try:
            return main(arguments) or 0
        except SystemExit:
            raise
        except BaseException as error:
            interruption.is_told = True
            if interruption or isinstance(error, KeyboardInterrupt):
                report('\nInterrupted; what was written so far is kept.')
                return INTERRUPTED
            if os.environ.get('SDPOSE_TRACEBACK') == '1':
                raise
            report(f'Error: {_explained(error)}')
            return 1


def _explained(error: BaseException) -> str:
    if isinstance(error, InputError):
        return printable(error)
    if isinstance(error, OSError):
        why = reason(error)
        return f'{printable(error.filename)}: {why}.' if error.filename else why
    if isinstance(error, MemoryError):
        return 'there is too little memory for this.'
    first_line = str(error).strip().partition('\n')[0]
    return (
        f'unexpected {type(error).__name__}: {first_line}. '
        'This may be a bug; SDPOSE_TRACEBACK=1 shows the stack trace.'
    )
