"""The last characters of an output that may be of any length.

Knows bytes and how to decode them; keeps a bounded part of them in memory.
"""

from __future__ import annotations


class Tail:
    """Keeps enough bytes for the last `limit` characters of what was added."""

    __slots__ = ("_limit", "_chunks", "_size", "_any")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0
        self._any = False

    def add(self, data: bytes) -> None:
        self._any = True
        self._chunks.append(data)
        self._size += len(data)
        if self._size > 8 * self._limit + 65_536:  # a character has at most four bytes
            self._shorten()

    def text(self) -> str | None:
        """The last characters, without the final line end; None if nothing was written.

        Bytes that are no UTF-8 are replaced.
        """
        if not self._any:
            return None
        data = b"".join(self._chunks)
        text = data[_start(data) :].decode("utf-8", "replace").rstrip("\r\n")
        return text[-self._limit :] if self._limit else ""

    def _shorten(self) -> None:
        kept = b"".join(self._chunks)[-(4 * self._limit + 4) :]
        self._chunks, self._size = [kept], len(kept)


def _start(data: bytes) -> int:
    """Where the first whole character begins."""
    for at in range(min(3, len(data))):
        if data[at] & 0xC0 != 0x80:
            return at
    return 0
