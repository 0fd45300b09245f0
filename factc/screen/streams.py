"""Standard output and standard error as a run writes to them, and the live block below what is written.

Knows the two descriptors and what is shown; knows no task, and not how bytes get through (`outlet` does).
"""

from __future__ import annotations

import os
import stat

from factc.screen.nonblocking_writer import Outlet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.loop import Loop, Timer
    from factc.screen.live import Block

OUT = 1
ERR = 2

FULL = 262_144  # bytes that wait before task output is held back
ABOVE = 65_536  # bytes that go above the block at the most before it is drawn again


class Streams:
    """Writes to two descriptors. `show` puts a block below, where standard error is a terminal.

    What is written while a block stands ends with a line feed. Between `attach` and `close` no write blocks:
    what does not go at once waits for the loop. `on_full` is told when too much waits and when that is over.
    """

    def __init__(self, out: int, err: int) -> None:
        self._descriptors = {OUT: out, ERR: err}
        first = Outlet(out, self._changed)
        self._outlets = {OUT: first, ERR: first if _same(out, err) else Outlet(err, self._changed)}
        self._block: Block | None = None
        self._above = bytearray()  # what goes above the block at the end of this turn of the loop
        self._turn: Timer | None = None
        self._loop: Loop | None = None
        self.full = False
        self.on_full: Callable[[bool], None] = _nobody

    def is_terminal(self, stream: int) -> bool:
        return _is_terminal(self._descriptors[stream])

    def is_pipe(self, stream: int) -> bool:
        try:
            return stat.S_ISFIFO(os.fstat(self._descriptors[stream]).st_mode)
        except OSError:
            return False

    # ---- writing

    def write(self, stream: int, text: str) -> None:
        """Text on one of the streams, above the block if that stream shows it."""
        self.write_bytes(stream, text.encode("utf-8", "backslashreplace"))

    def write_bytes(self, stream: int, data: bytes) -> None:
        """Bytes on one of the streams. What goes above a block is one write with it, so that nothing flickers.

        What one turn of the loop has for there is one write too: the block is drawn once for all of it.
        """
        outlet = self._outlets[stream]
        if not self._block or outlet is not self._outlets[ERR]:
            outlet.write(data)
            return
        self._above += data
        if self._loop is None or len(self._above) > ABOVE:
            self._end_turn()
        elif self._turn is None:
            self._turn = self._loop.later(0, self._end_turn)

    def show(self, block: Block | None) -> None:
        """From now on this block stands below; None takes it away."""
        if self._block:
            self._outlets[ERR].write(self._block.hidden() + self._taken())
        self._block = block
        self.redraw()

    def redraw(self) -> None:
        """The block once more, with what has changed in it; not while others wait, for pictures must not queue up."""
        if self._block and not self._outlets[ERR].waiting.size:
            self._end_turn()

    def _end_turn(self) -> None:
        """What has come for above the block, and the block."""
        if self._block:
            self._outlets[ERR].write(self._block.hidden() + self._taken() + self._block.drawn())

    def _taken(self) -> bytes:
        if self._turn:
            self._turn.cancel()
            self._turn = None
        above = bytes(self._above)
        self._above.clear()
        return above

    # ---- waiting

    @property
    def pending(self) -> int:
        """Bytes that wait for their readers."""
        return len(self._above) + sum(outlet.waiting.size for outlet in set(self._outlets.values()))

    def attach(self, loop: Loop) -> None:
        """From now on no write blocks."""
        self._loop = loop
        for outlet in set(self._outlets.values()):
            outlet.attach(loop)

    def flush(self) -> None:
        """Blocks until nothing waits."""
        if self._above:
            self._end_turn()
        for outlet in self._outlets.values():
            outlet.flush()

    def close(self) -> None:
        """Leaves the loop: from now on writes block again. A stream on which bytes still wait is given up."""
        if self._above:
            self._end_turn()
        self._loop = None
        for outlet in self._outlets.values():
            outlet.close()

    def _changed(self) -> None:
        pending = self.pending
        full = pending >= FULL // 4 if self.full else pending > FULL
        if full != self.full:
            self.full = full
            self.on_full(full)


def _nobody(full: bool) -> None:
    """Nobody has asked to be told."""


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _same(out: int, err: int) -> bool:
    """Whether two descriptors lead to one terminal, pipe or socket: one queue keeps the lines of both in order."""
    try:
        first, second = os.fstat(out), os.fstat(err)
        if os.isatty(out) and os.isatty(err):
            return first.st_rdev == second.st_rdev
    except OSError:
        return False
    queues = stat.S_ISFIFO(first.st_mode) or stat.S_ISSOCK(first.st_mode)
    return queues and os.path.samestat(first, second)
