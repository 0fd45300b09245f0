"""One descriptor that is written to without ever blocking: what does not go at once waits for its reader.

Knows terminals, pipes and files; knows no task. A slow reader holds up nothing but what waits for it; if it has gone,
the rest falls silent. Nothing raises.
"""

from __future__ import annotations

import os
import select
import stat
import time

from factc.screen.spool import Spool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.loop import Loop, Timer

AT_ONCE = 65_536  # bytes of one write, and of one turn of the loop
PAUSE = 0.05  # seconds before the next attempt where there was room and yet nothing went


class Outlet:
    """One descriptor, and the bytes that wait for it.

    O_NONBLOCK belongs to the open file, which other processes share, so it is never set on what was inherited.
    A terminal or pipe is opened once more; where that cannot be, poll tells whether PIPE_BUF bytes can be written.
    (On a terminal that cannot be opened again poll promises less: one that is stopped does not block, one that
    nobody reads may.)
    """

    __slots__ = (
        "waiting", "_changed", "_descriptor", "_target", "_most", "_poll", "_loop", "_watched", "_timer", "_silent",
    )  # fmt: skip

    def __init__(self, descriptor: int, changed: Callable[[], None]) -> None:
        self.waiting = Spool()
        self._changed = changed
        self._descriptor = descriptor
        self._target = descriptor  # what is written to: the descriptor, or one of our own
        self._most = AT_ONCE
        self._poll: select.poll | None = None  # asked before every write
        self._loop: Loop | None = None
        self._watched = False
        self._timer: Timer | None = None
        self._silent = False

    def attach(self, loop: Loop) -> None:
        try:
            mode = os.fstat(self._descriptor).st_mode
        except OSError:
            return
        if stat.S_ISREG(mode):  # never blocks for long, and epoll refuses it
            return
        self._loop = loop
        own = _opened_again(self._descriptor)
        if own is not None:
            self._target = own
            return
        self._poll = _poll(self._descriptor)
        self._most = select.PIPE_BUF

    def close(self) -> None:
        self._unwatch()
        if self._target != self._descriptor:
            os.close(self._target)
        self._target, self._most, self._poll, self._loop = self._descriptor, AT_ONCE, None, None
        if self.waiting.size:
            self._silent = True  # what came later would come out of order
            self.waiting.clear()
            self._changed()

    def write(self, data: bytes) -> None:
        if self._silent:
            return
        if not self.waiting.size:
            done = self._pass_on(data)
            if done == len(data):
                return
            data = data[done:]
        self.waiting.add(data)
        self._wait()

    def flush(self) -> None:
        poll = _poll(self._target) if self.waiting.size else None
        while poll and self.waiting.size:
            poll.poll()
            if not self._turn():
                time.sleep(PAUSE)

    def _pass_on(self, data: bytes) -> int:
        """Writes as much as goes at once and tells how much that was. A reader who has gone takes everything."""
        done = 0
        try:
            while done < len(data):
                if self._poll is not None and not self._poll.poll(0):
                    break
                part = data[done : done + self._most]
                taken = os.write(self._target, part)
                done += taken
                if taken < len(part):
                    break
        except BlockingIOError:
            pass
        except OSError:  # the reader has gone, or the terminal: the run goes on without
            self._silent = True
            return len(data)
        return done

    def _wait(self) -> None:
        """For room: in the loop, or here if there is none."""
        if not self._timer:
            self._watch()
        if self._loop is None:
            self.flush()
        else:
            self._changed()

    def _go_on(self, descriptor: int) -> None:
        """The loop says that there is room.

        On a terminal that can be too little: a line feed needs two places where a carriage return goes with it.
        Then the loop would say so again at once, and again.
        """
        if not self._turn() and self._loop is not None:
            self._unwatch()
            self._timer = self._loop.later(PAUSE, self._watch)

    def _turn(self) -> int:
        """Writes one turn's worth of what waits, so that the loop comes to its other work; tells how much went."""
        try:
            done = self._pass_on(self.waiting.first(AT_ONCE))
        except OSError:  # the file in which they wait cannot be read
            done, self._silent = 1, True
        if self._silent:
            self.waiting.clear()
        else:
            self.waiting.drop(done)
        if not self.waiting.size:
            self._unwatch()
        self._changed()
        return done

    def _watch(self) -> None:
        self._timer = None
        if self._watched or self._loop is None or not self.waiting.size:
            return
        try:
            self._loop.add_writer(self._target, self._go_on)
            self._watched = True
        except OSError:  # epoll refuses what never blocks for long
            self._loop = None

    def _unwatch(self) -> None:
        """Neither the loop nor the timer calls any more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._watched and self._loop is not None:
            self._loop.remove(self._target)
        self._watched = False


def _poll(descriptor: int) -> select.poll:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return poll


def _opened_again(descriptor: int) -> int | None:
    """The same terminal or pipe behind a descriptor of our own that does not block; None if that cannot be."""
    try:
        if not os.isatty(descriptor):
            pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
            return _opened(f"/proc/self/fd/{descriptor}", descriptor) if pipe else None  # on Linux only
    except OSError:
        return None
    try:
        own = _opened(os.ttyname(descriptor), descriptor)
    except OSError:  # it has no name here
        own = None
    return _opened_controlling(descriptor) if own is None else own


def _opened(path: str, same_as: int | None = None) -> int | None:
    """None too if the name leads elsewhere, as after a change of the root."""
    try:
        own = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # someone else's, its reader has gone, no descriptor is left
        return None
    if same_as is None or os.path.samestat(os.fstat(own), os.fstat(same_as)):
        return own
    os.close(own)
    return None


def _opened_controlling(descriptor: int) -> int | None:
    """By the name that everybody may open: after `su` the terminal's own name is still the other user's."""
    try:
        os.tcgetpgrp(descriptor)  # raises if it is not the controlling terminal
    except OSError:
        return None
    return _opened("/dev/tty")
