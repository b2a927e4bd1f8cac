# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Render the papers' tables into README, docs/papers.md, the configs' READMEs and metafiles."""

import os
import sys

from papers.pages import rendered_pages

from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser, run_command
from sdpose.runtime.files import write_whole

EXAMPLES = """\
  python tools/render_papers.py            # after a change of docs/papers/*.csv or of configs
  python tools/render_papers.py --check    # as `make lint` does"""


def main(arguments: Arguments = None) -> None:
    """Render, or check.

    Raises:
        InputError: With ``--check``, a page is out of date.
    """
    parser = make_parser(__doc__ or '', EXAMPLES)
    parser.add_argument('--check', action='store_true', help='only say what is out of date')
    args = parser.parse_args(arguments)
    pages = rendered_pages()
    stale = [path for path in pages if path.read_text(encoding='utf-8') != pages[path]]
    names = ', '.join(os.path.relpath(path) for path in stale)
    if args.check and stale:
        raise InputError(f'{names} out of date: run python tools/render_papers.py.')
    for path in stale:
        write_whole(path, pages[path].encode())
    print(f'Rendered {names}.' if stale else f'{len(pages)} pages are up to date.')


if __name__ == '__main__':
    sys.exit(run_command(main))
