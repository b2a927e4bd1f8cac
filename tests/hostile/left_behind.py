# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What a run leaves behind: results, half files, changed inputs, processes."""

import contextlib
import json
import os
import re
import signal
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hostile.case import Ending

EMPTY_MARKERS = {'.lock', '.sdpose_toy_unfinished'}  # what they say is that they are there
MARKER = 'was_run'  # the file that hostile code makes


def look_around(end: Ending, folder: Path, before: dict[str, tuple]) -> None:
    """Note in the ending what was run, changed, or left unfinished, and the results."""
    after = state_of(folder)
    for path, state in before.items():
        if after.get(path) != state and not path.startswith(f'{folder}/run/'):
            end.left.append(f'changed {os.path.relpath(path, folder)}')
    if end.status != -signal.SIGKILL:
        new = [Path(path) for path in set(after) - set(before)]
        end.left += [f'half {p.relative_to(folder)}' for p in new if p.is_file() and _is_half(p)]
    end.left += [f'HOSTILE CODE RAN: {path}' for path in folder.rglob(MARKER)]
    with contextlib.suppress(OSError, ValueError):
        written = len(json.loads((folder / 'out/images.json').read_text()))
        end.pictures = (written, len(list((folder / 'pictures').iterdir())))
    with contextlib.suppress(OSError, ValueError):
        end.results = _results_in(folder)


def state_of(folder: Path) -> dict[str, tuple]:
    """Path -> size, time and file of everything below a folder, and of what links lead to."""
    found = {}
    for root, _, names in os.walk(folder):
        for path in (os.path.join(root, name) for name in names):  # noqa: PTH118
            stat = os.stat(path) if os.path.exists(path) else os.lstat(path)  # noqa: PTH110, PTH116
            found[path] = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return found


def processes_of(session: int) -> dict[int, str]:
    """Pid -> command of the processes of a session that are no zombies."""
    found = {}
    for path in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            match = re.match(r'(\d+) \((.*)\) ([^Z]) \d+ \d+ (\d+)', path.read_text())
            if match and int(match[4]) == session:
                found[int(match[1])] = f'{match[1]} {match[2]}'
    return found


def _is_half(path: Path) -> bool:
    """Whether a file was left unfinished; logs grow line by line."""
    if path.suffix == '.log' or path.parent.name == 'vis_data' or path.name in EMPTY_MARKERS:
        return False
    if path.suffix == '.partial' or path.stat().st_size == 0:
        return True
    try:
        if path.suffix == '.json':
            json.loads(path.read_text())
        elif path.suffix == '.pth':
            with zipfile.ZipFile(path) as file:
                return file.testzip() is not None
        elif path.suffix in ('.png', '.jpg'):
            return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), 1) is None
    except (ValueError, OSError, zipfile.BadZipFile):
        return True
    return False


def _results_in(folder: Path) -> list[float] | None:
    """AP, keypoints and losses that a command wrote."""
    found: list[float] = []
    for path in [*folder.glob('ap.json'), *folder.glob('out/predictions.json')]:
        found += _numbers(json.loads(path.read_text()))
    for path in sorted(folder.glob('run/*/vis_data/scalars.json')):
        for record in map(json.loads, path.read_text().splitlines()):
            found += [v for k, v in sorted(record.items()) if k.startswith(('loss', 'coco/'))]
    return found or None


def _numbers(node: Any) -> list[float]:
    if isinstance(node, dict | list):
        children = node.values() if isinstance(node, dict) else node
        return [value for child in children for value in _numbers(child)]
    return [float(node)] if isinstance(node, int | float) else []
