# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What a hostile case is, and the judgement of how it ended."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BAD = ('trace', 'silent', 'hang', 'otherwise')
TRACE = re.compile(
    'Traceback|Logging error|Exception ignored|Fatal Python error|terminate called|'
    '^Error: unexpected ',  # a stack trace in other words: it does not say what is wrong
    re.MULTILINE,
)
COUNTED = re.compile(r'\b\d[\d,]* of \d.* not used.*')
SENTENCE = re.compile(r'^(?:Error: |\S.*: error: )(.*)', re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One attack.

    Attributes:
        door: Row of the table.
        name: Unique in its door.
        command: A command line; it runs in a folder of links to the material (material.py), so a
            case only replaces what it makes hostile.
        expect: Endings that are right, joined by ``|``: ``refused`` (exit status 1 or 2, one
            sentence), ``skipped`` (3, said, and the rest is done), ``told`` (3, said, and there is
            no rest), ``counted`` (0, and it says how many are not used), ``same`` (0, and the
            result is that of the clean run), ``every`` (0, and all pictures have a result),
            ``done`` (0), ``interrupted`` (130), ``killed``.
        change: Makes the folder hostile.
        says: One of these must stand in the sentence.
        disk: Options of a tmpfs that is mounted on ``disk/``, ``ro`` makes it read-only afterwards.
        kill: Signal, and when: seconds, or a glob of what must be there first.
        victim: ``tool``, ``group`` (as a terminal's Ctrl-C), or ``worker`` (one child of the tool).
        file_limit: No file can grow beyond so many bytes, as on a full disk.
        user: Its id; 0 may read everything.
        seconds: More is a hang.
        megabytes: More than the clean process has is a bomb that went off.
    """

    door: str
    name: str
    command: str
    expect: str = 'refused'
    change: Callable[[Path], Any] = field(default=lambda folder: None)
    says: tuple[str, ...] = ()
    disk: str = ''
    kill: tuple[int, float | str] | None = None
    victim: str = 'tool'
    file_limit: int = 0
    user: int = 0
    seconds: float = 30
    megabytes: float = 700


@dataclass
class Ending:
    """What became of a case; ``status`` is negative for a signal, ``None`` for a hang."""

    status: int | None = None
    out: str = ''
    err: str = ''
    seconds: float = 0
    megabytes: float = 0
    results: list[float] | None = None
    pictures: tuple[int, int] = (0, 0)  # with a result, and given
    left: list[str] = field(default_factory=list)  # processes, half files, changed inputs
    column: str = ''
    why: str = ''


def judge(case: Case, end: Ending, clean: Ending) -> None:
    """Set the column of the table and, where that is one of :data:`BAD`, why."""
    expected = set(case.expect.split('|'))
    kinds = _kinds(case, end, clean)
    end.column = next(iter(sorted(kinds & expected)), 'otherwise')
    sentences = SENTENCE.findall(end.err)
    trace = TRACE.search(end.err) or TRACE.search(end.out)
    if end.status is None:
        end.column, end.why = 'hang', f'did not end within {case.seconds:g} s'
    elif trace or (end.status < 0 and end.column != 'killed'):
        end.column, end.why = 'trace', f'status {end.status}'
    elif end.column == 'otherwise':
        end.column = 'silent' if end.status == 0 else 'otherwise'
        end.why = f'status {end.status} ({", ".join(sorted(kinds))}), not {case.expect}'
    elif end.column == 'refused' and (
        len(sentences) != 1 or len(sentences[0]) > 1200 + len(case.command)
    ):
        end.column, end.why = 'otherwise', f'{len(sentences)} sentences, or a page'
    elif end.column == 'refused' and case.says and not any(w in sentences[0] for w in case.says):
        end.column, end.why = 'otherwise', f'the sentence names none of {case.says}'
    elif end.left:
        end.column, end.why = 'otherwise', f'left behind or changed: {", ".join(end.left)}'
    if end.megabytes > case.megabytes and end.column not in BAD:
        end.column, end.why = 'otherwise', f'{end.megabytes:.0f} MB'


def _kinds(case: Case, end: Ending, clean: Ending) -> set[str]:
    """All the endings that this one is."""
    if end.status in (1, 2):
        return {'refused'}
    if end.status == 3:
        return {'skipped' if end.results else 'told'} if 'Skipped' in end.err else {'not told'}
    if end.status == 0:
        said = set(COUNTED.findall(end.out + end.err)) - set(COUNTED.findall(clean.out + clean.err))
        same = end.results is not None and _same(end.results, clean.results)
        given = end.pictures[1] and end.pictures[0] == end.pictures[1]
        found = dict(done=True, counted=said, same=same, every=given)
        return {kind for kind, is_so in found.items() if is_so}
    killed = case.kill and end.status == -case.kill[0]
    return {'interrupted' if end.status == 130 else 'killed' if killed else 'other status'}


def _same(values: list[float], clean: list[float] | None) -> bool:
    if clean is None or len(values) != len(clean):
        return False
    return bool(np.allclose(values, clean, rtol=1e-4, atol=1e-2))
