# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Which picture has which id."""

from pathlib import Path, PurePosixPath
from typing import Any

# a path that is longer, or further down, is none; all its ends would fill the memory
LONGEST_NAME, DEEPEST = 4096, 32
LARGEST_ID = 2**64


class PictureIds:
    """The ids of pictures by their names, where a file says so; else the numbers in the names.

    Args:
        ids: File names -> ids, as a COCO file has them; may be empty.
    """

    def __init__(self, ids: dict[str, Any]) -> None:
        self._ids = ids
        # the id of every end of a path; None where it is that of several pictures
        self._of_tails: dict[str, Any] = {}
        for name, image_id in ids.items():
            for tail in _tails(name):
                same = self._of_tails.setdefault(tail, image_id) == image_id
                self._of_tails[tail] = image_id if same else None

    @property
    def names(self) -> list[str]:
        """The file names; empty where numbers in the names are the ids."""
        return list(self._ids)

    def of(self, name: str) -> Any:
        """Find the id of a picture.

        Args:
            name: Its path. It fits where it ends with a file name, or the other way round.

        Returns:
            The id, or ``None`` if it is not known.
        """
        if not self._ids:
            stem = PurePosixPath(name).stem
            return int(stem) if stem.isdecimal() else None
        found = self._of_tails.get(name)
        if found is not None:
            return found
        return next((self._ids[tail] for tail in _tails(name) if tail in self._ids), None)

    def names_in(self, folder: Path) -> list[str]:
        """Find all pictures in a folder.

        Args:
            folder: Where they are; file names, or the ends of them, are relative to it.

        Returns:
            Their names, with those that are not there, to be reported; empty if none is there.
        """
        found = [next((t for t in _tails(n) if _is_file(folder / t)), None) for n in self._ids]
        if not any(found):
            return []
        return [tail or _tails(name)[0] for tail, name in zip(found, self._ids, strict=True)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL in it
        return False


def _tails(name: str) -> list[str]:
    """``/a/../b/c.jpg`` -> ``a/b/c.jpg``, ``b/c.jpg``, ``c.jpg``: never a way out of a folder."""
    parts = [part for part in PurePosixPath(name).parts if part not in ('/', '//', '..')] or ['_']
    return ['/'.join(parts[start:]) for start in range(max(0, len(parts) - DEEPEST), len(parts))]


def id_key(image_id: Any) -> str | None:
    """The same for ``785``, ``785.0``, ``'785'`` and ``'000785'``, as programs write ids.

    ``None`` where it is no id.
    """
    if isinstance(image_id, str):
        return (image_id.lstrip('0') or '0') if image_id.isdecimal() else image_id
    if isinstance(image_id, bool) or not isinstance(image_id, int | float):
        return None
    return str(int(image_id)) if abs(image_id) < LARGEST_ID and image_id == int(image_id) else None
