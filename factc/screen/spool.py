"""Bytes that wait, in order: in memory, and past a megabyte in a nameless file.

Knows files; knows no task, screen or reader.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = 1_048_576  # bytes that wait in memory; more lie in a file
AT_ONCE = 65_536  # bytes of one read or write of it


class Spool:
    """Bytes in order: the front in memory, behind it a nameless file, behind that what went into no file."""

    __slots__ = ("size", "_front", "_file", "_start", "_end", "_rest")

    def __init__(self) -> None:
        self.size = 0
        self._front = bytearray()
        self._file: int | None = None
        self._start = self._end = 0  # what of the file is still to come
        self._rest = bytearray()

    def add(self, data: bytes) -> None:
        all_in_front = self.size == len(self._front)
        self.size += len(data)
        if all_in_front and self.size <= MEMORY:
            self._front += data
            return
        if not self._rest:
            data = data[self._filed(data) :]
        self._rest += data

    def first(self, most: int) -> bytes:
        if not self._front:
            self._fetch()
        with memoryview(self._front) as front:
            return bytes(front[:most])

    def drop(self, count: int) -> None:
        """The first bytes have gone."""
        del self._front[:count]
        self.size -= count
        if not self.size:
            self._close()

    def parts(self) -> Iterator[bytes]:
        """All of it, piece by piece; nothing is left."""
        while self.size:
            part = self.first(AT_ONCE)
            self.drop(len(part))
            yield part

    def clear(self) -> None:
        self._close()
        self._front.clear()
        self._rest.clear()
        self.size = 0

    def _filed(self, data: bytes) -> int:
        """How many bytes went into the file: all, or less if the disk is full or no file can be made."""
        done = 0
        try:
            if self._file is None:
                from tempfile import mkstemp

                self._file, path = mkstemp(prefix="factc-")
                os.unlink(path)
            while done < len(data):
                done += os.pwrite(self._file, data[done : done + AT_ONCE], self._end + done)
        except OSError:
            pass
        self._end += done
        return done

    def _fetch(self) -> None:
        """Something to the front, where nothing is left."""
        if self._file is not None and self._start < self._end:
            self._front += os.pread(self._file, min(AT_ONCE, self._end - self._start), self._start)
            self._start += len(self._front)
        else:
            self._close()
            self._front, self._rest = self._rest, self._front

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file, self._start, self._end = None, 0, 0
