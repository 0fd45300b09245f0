"""The last characters of an output that may be of any length; no character and no sequence of a terminal is cut in two.

Of a line that was written over (a progress bar) there is only what was written last. Knows bytes and how to decode
them; keeps a bounded part of them in memory.
"""

from __future__ import annotations

from factc.controls import REACH, entire, settled, whole


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

    def text(self, *, so_far: bool = False) -> str | None:
        """The last characters, without the final line end; None if nothing was written.

        so_far: there will be more, so the beginning of a character does not count yet. Bytes that are no UTF-8 are
        replaced.
        """
        if not self._any:
            return None
        data = settled(b"".join(self._chunks))
        text = data[: whole(data) if so_far else None].decode("utf-8", "replace").rstrip("\r\n")
        if len(text) <= self._limit:
            return text
        data = text.encode()
        return data[entire(data, len(text[: len(text) - self._limit].encode())) :].decode("utf-8", "replace")

    def _shorten(self) -> None:
        data = settled(b"".join(self._chunks))
        data = data[entire(data, len(data) - 4 * self._limit - REACH) :]
        self._chunks, self._size = [data], len(data)
