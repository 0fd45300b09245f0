"""One thread that waits for everything: descriptors, timers, signals and words from other threads.

Knows no task and no engine. All callbacks run in the thread that calls `wait`, one after the other.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import deque
from contextlib import suppress
from heapq import heappop, heappush

from factc import forks, instant
from factc.caller import check_caller
from factc.diagnostic import RequestError
from factc.poller import READ, WRITE, poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LONGEST = 3600.0  # seconds of one wait: epoll takes no more than some weeks
TURN = 0.05  # seconds between two looks at what the system refuses to wait for
REFUSED = (errno.ENOMEM, errno.ENOSPC)


class Timer:
    """Something to be done at a time (monotonic seconds); `cancel` forgets it."""

    __slots__ = ("due", "callback")

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def __lt__(self, other: Timer) -> bool:
        return self.due < other.due


class Loop:
    """A loop round one poller. Use it as a context manager: leaving restores the signal handlers, and what was blocked.

    now:  tells seconds on a clock that never goes back. wall: tells seconds since the epoch,
    as an `Instant` that knows both.
    Raises RequestError but in the main thread, the only one in which Python delivers signals, and where no descriptors
    are left.
    """

    def __init__(self) -> None:
        check_caller()
        self.now: Callable[[], float] = time.monotonic
        self.wall: Callable[[], float] = instant.now
        self._callbacks: dict[int, Callable[[int], None]] = {}
        self._removed: set[int] = set()  # since the last wait
        self._unwatched: set[int] = set()  # the system refuses to wait for these: they are looked at in turns
        self._timers: list[Timer] = []
        self._called: deque[Callable[[], None]] = deque()
        self._on_signal: dict[int, Callable[[int], None]] = {}
        self._before: dict[int, object] = {}
        try:
            self._wakeup, self._wake = os.pipe()
        except OSError as problem:
            raise RequestError(f"a run cannot begin: {problem.strerror}", "`ulimit -n` shows the limit") from None
        self._poller = poller()
        self._watch(self._wakeup, READ)
        os.set_blocking(self._wakeup, False)
        os.set_blocking(self._wake, False)
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._old_wakeup = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        forks.undone(self._wake, self._restore)  # or the signals of a copy would come here

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        self._poller.close()
        os.close(self._wakeup)
        wake, self._wake = self._wake, -1
        forks.close(wake)

    def _restore(self) -> None:
        """Signals go where they went before."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._old_wakeup)

    def add(self, descriptor: int, callback: Callable[[int], None]) -> None:
        """Calls back, with the descriptor, whenever it can be read; perhaps also when it cannot."""
        self._watch(descriptor, READ)
        self._callbacks[descriptor] = callback

    def add_writer(self, descriptor: int, callback: Callable[[int], None]) -> None:
        """Calls back, with the descriptor, whenever it can be written; one that is read cannot be written too.

        Raises PermissionError where the system has no waiting for it: epoll refuses regular files.
        """
        self._watch(descriptor, WRITE)
        self._callbacks[descriptor] = callback

    def _watch(self, descriptor: int, what: int) -> None:
        try:
            self._poller.register(descriptor, what)
        except OSError as problem:  # a user may wait for so many with epoll, and each takes memory
            if problem.errno not in REFUSED:
                raise
            self._unwatched.add(descriptor)

    def remove(self, descriptor: int) -> None:
        """Forgets a descriptor that was added for either."""
        if descriptor in self._unwatched:
            self._unwatched.remove(descriptor)
        else:
            self._poller.unregister(descriptor)
        del self._callbacks[descriptor]
        self._removed.add(descriptor)

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Calls back once, after that many seconds."""
        timer = Timer(self.now() + seconds, callback)
        heappush(self._timers, timer)
        return timer

    def on_signal(self, number: int, callback: Callable[[int], None]) -> None:
        """Calls back when a signal came, also where it was blocked. One that was ignored at the start stays ignored."""
        if number != signal.SIGCHLD and signal.getsignal(number) == signal.SIG_IGN:
            return
        self._on_signal[number] = callback
        before = signal.signal(number, _noted)
        self._before.setdefault(number, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))

    def call(self, callback: Callable[[], None]) -> None:
        """From any thread: calls back soon, in the thread of the loop."""
        self._called.append(callback)
        self.wake()

    def wake(self) -> None:
        """From any thread: ends the `wait` that is going on, or the next one."""
        with suppress(OSError):  # full: it wakes up anyway; closed: the run is over
            os.write(self._wake, b"\0")

    def wait(self, timeout: float | None = None) -> None:
        """Waits until something happens (at most `timeout` seconds) and calls back for all of it."""
        if self._timers:
            due = max(0.0, self._timers[0].due - self.now())
            timeout = due if timeout is None else min(due, timeout)
        timeout = LONGEST if timeout is None else min(timeout, LONGEST)
        self._look(min(timeout, TURN) if self._unwatched else timeout)
        now = self.now()
        if not self._timers or self._timers[0].due > now:
            return
        self._look(0)  # what has happened comes before what is late: we, or the machine, may have been asleep
        while self._timers and self._timers[0].due <= now:
            callback = heappop(self._timers).callback
            if callback:
                callback()

    def _look(self, timeout: float) -> None:
        """Calls back for what happens within so many seconds; the next look may see a signal of the last moment."""
        self._removed.clear()
        woken = False
        ready = self._poller.poll(timeout)
        ready += [(descriptor, 0) for descriptor in self._unwatched]
        for descriptor, _ in ready:
            if descriptor == self._wakeup:
                woken = True
            elif descriptor not in self._removed:  # by an earlier callback, which may have added its number anew
                self._callbacks[descriptor](descriptor)
        if woken:  # last of all: what a process wrote came before its end
            self._woken()
        while self._called:
            self._called.popleft()()

    def _woken(self) -> None:
        try:
            numbers = os.read(self._wakeup, 4096)
        except BlockingIOError:
            return
        for number in sorted(set(numbers), key=lambda number: number != signal.SIGCHLD):  # an end before a stop
            if callback := self._on_signal.get(number):
                for _ in range(1 if number == signal.SIGCHLD else numbers.count(number)):
                    callback(number)


def _noted(number: int, frame: FrameType | None) -> None:
    """The signal's number has gone to the wakeup descriptor; nothing more is to be done here."""
