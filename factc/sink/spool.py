"""Output held back until its task has ended: in memory, and past a megabyte in a nameless file.

Knows bytes; knows no task and no screen.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 1_000_000  # bytes in memory


class Spool:
    """`add` keeps bytes, `parts` gives them back."""

    def __init__(self) -> None:
        self._memory: list[bytes] = []
        self._size = 0
        self._file: int | None = None

    def add(self, data: bytes) -> None:
        self._memory.append(data)
        self._size += len(data)
        if self._size > MOST:
            self._spill()

    def parts(self) -> Iterator[bytes]:
        """All of it, in order; only once."""
        if self._file is not None:
            os.lseek(self._file, 0, os.SEEK_SET)
            while data := os.read(self._file, MOST):
                yield data
            os.close(self._file)
        yield from self._memory

    def _spill(self) -> None:
        if self._file is None:
            from tempfile import mkstemp

            self._file, path = mkstemp(prefix="factc-")
            os.unlink(path)
        for data in self._memory:
            while data:
                data = data[os.write(self._file, data) :]
        self._memory, self._size = [], 0
