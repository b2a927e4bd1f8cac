# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Things that are closed at the end of a ``with`` block."""

from abc import ABC, abstractmethod
from typing import TypeVar

Self = TypeVar('Self', bound='Closing')


class Closing(ABC):
    """Calls its ``close()`` at the end of a ``with`` block, also after an error."""

    @abstractmethod
    def close(self) -> None:
        """Finish; what was written is whole."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
