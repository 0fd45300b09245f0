"""What running attempts write: read from their pipes as it comes, and read out when they have ended.

Knows pipes, not processes: whether an attempt may end is decided elsewhere.
"""

from __future__ import annotations

import os

from factc.engine import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.engine import Post
    from factc.engine.local.process import Process
    from factc.loop import Loop

READ_SIZE = 65_536
FULL = 64  # reads that empty any pipe: someone may go on writing into it


class Pipes:
    """The pipes of all attempts. `drained` hears of a process of which no pipe is left."""

    def __init__(self, post: Callable[[Post], None], loop: Loop, drained: Callable[[Process], None]) -> None:
        self._post = post
        self._loop = loop
        self._drained = drained
        self._owners: dict[int, Process] = {}
        self._left: dict[int, int] = {}  # what something left behind still holds → the attempt it was of
        self._held = False

    def watch(self, process: Process) -> None:
        """From now on reads what the process writes."""
        for descriptor in process.pipes:
            os.set_blocking(descriptor, False)  # a task can read from its own pipe: what was there may be gone
            self._owners[descriptor] = process
            if not self._held:
                self._loop.add(descriptor, self._come)

    def hold(self, on: bool) -> None:
        """Stops reading, or goes on; what was left behind goes on being thrown away."""
        if on == self._held:
            return
        self._held = on
        for descriptor in self._owners:
            if on:
                self._loop.remove(descriptor)
            else:
                self._loop.add(descriptor, self._come)

    def read_out(self, process: Process) -> None:
        """What the process left in its pipes, as far as it is there already."""
        for descriptor in list(process.pipes):
            for _ in range(FULL):
                data = _read(descriptor)
                if not data:
                    break
                self._post(Output(process.id, process.pipes[descriptor], data))
            if data == b"":
                self._close(descriptor)

    def leave(self, process: Process) -> None:
        """What comes after its end belongs to nobody; its pipes stay open so that nobody dies of it."""
        for descriptor in process.pipes:
            if not self._held:
                self._loop.remove(descriptor)
            del self._owners[descriptor]
            self._left[descriptor] = process.id
            self._loop.add(descriptor, self._discard)
        process.pipes = {}

    def held_open(self) -> set[int]:
        """The ended attempts of which something still holds a pipe."""
        for descriptor in list(self._left):
            self._discard(descriptor)
        return set(self._left.values())

    def close(self) -> None:
        for descriptor in list(self._owners):
            self._close(descriptor)
        for descriptor in self._left:
            self._loop.remove(descriptor)
            os.close(descriptor)
        self._left.clear()

    def _come(self, descriptor: int) -> None:
        process = self._owners[descriptor]
        data = _read(descriptor)
        if data:
            self._post(Output(process.id, process.pipes[descriptor], data))
        elif data is not None:
            self._close(descriptor)
            if not process.pipes:
                self._drained(process)

    def _close(self, descriptor: int) -> None:
        del self._owners.pop(descriptor).pipes[descriptor]
        if not self._held:
            self._loop.remove(descriptor)
        os.close(descriptor)

    def _discard(self, descriptor: int) -> None:
        for _ in range(FULL):
            data = _read(descriptor)
            if data is None:
                return
            if not data:
                del self._left[descriptor]
                self._loop.remove(descriptor)
                os.close(descriptor)
                return


def _read(descriptor: int) -> bytes | None:
    """What is there; None if nothing is, empty at the end."""
    try:
        return os.read(descriptor, READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:
        return b""
