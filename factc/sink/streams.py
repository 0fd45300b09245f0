"""Standard output and standard error as a run writes to them, and the live block below what is written.

Knows descriptors and terminals; knows no task. A stream whose reader has gone falls silent; nothing raises.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.sink.live import Block

OUT = 1
ERR = 2


class Streams:
    """Writes to two descriptors. `show` puts a block below, where standard error is a terminal.

    What is written while a block stands ends with a line feed.
    """

    def __init__(self, out: int, err: int) -> None:
        self._descriptors = {OUT: out, ERR: err}
        self._silent: set[int] = set()
        self._shares = {ERR} | ({OUT} if _same_terminal(out, err) else set())
        self._block: Block | None = None

    def is_terminal(self, stream: int) -> bool:
        try:
            return os.isatty(self._descriptors[stream])
        except OSError:
            return False

    def write(self, stream: int, text: str) -> None:
        """Text on one of the streams, above the block if that stream shows it."""
        self.write_bytes(stream, text.encode("utf-8", "backslashreplace"))

    def write_bytes(self, stream: int, data: bytes) -> None:
        """Bytes on one of the streams. What goes above a block is one write with it, so that nothing flickers."""
        if self._block and stream in self._shares:
            self._send(ERR, self._block.hidden() + data + self._block.drawn())
        else:
            self._send(stream, data)

    def show(self, block: Block | None) -> None:
        """From now on this block stands below; None takes it away."""
        if self._block:
            self._send(ERR, self._block.hidden())
        self._block = block
        if block:
            self._send(ERR, block.drawn())

    def redraw(self) -> None:
        """The block once more, with what has changed in it."""
        if self._block:
            self._send(ERR, self._block.hidden() + self._block.drawn())

    def _send(self, stream: int, data: bytes) -> None:
        if stream in self._silent:
            return
        try:
            while data:
                data = data[self._wait_and_write(self._descriptors[stream], data) :]
        except OSError:  # the reader has gone, or the terminal: the run goes on without
            self._silent.add(stream)

    def _wait_and_write(self, descriptor: int, data: bytes) -> int:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:  # somebody made it non-blocking: wait for room
            from select import select

            select([], [descriptor], [], 1.0)
            return 0


def _same_terminal(out: int, err: int) -> bool:
    try:
        first, second = os.fstat(out), os.fstat(err)
        return os.isatty(out) and os.isatty(err) and first.st_rdev == second.st_rdev
    except OSError:
        return False
