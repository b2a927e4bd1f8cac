# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What all commands share: help with examples, and errors that read well."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence

from sdpose.errors import InputError, reason

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


def run_command(main: Callable[[Arguments], int | None], arguments: Arguments = None) -> int:
    """Run a command; print what the user can mend as one line.

    ``SDPOSE_TRACEBACK=1`` shows the stack trace of such errors as well.

    Args:
        main: The command; returns its exit status, or ``None`` for 0.
        arguments: Of its command line.

    Returns:
        The exit status: 1 for wrong input, 130 after Ctrl-C.
    """
    try:
        return main(arguments) or 0
    except KeyboardInterrupt:
        sys.stderr.write('\nInterrupted; what was written so far is kept.\n')
        return INTERRUPTED
    except (InputError, OSError) as error:
        if os.environ.get('SDPOSE_TRACEBACK') == '1':
            raise
        message = str(error)
        if isinstance(error, OSError):
            message = f'{error.filename}: {reason(error)}.' if error.filename else reason(error)
        sys.stderr.write(f'Error: {message}\n')
        return 1
