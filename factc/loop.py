"""One thread that waits for everything: descriptors, timers, signals and words from other threads.

Knows no task and no engine. All callbacks run in the thread that calls `wait`, one after the other.
"""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE


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
    """A selector loop. Use it as a context manager: leaving restores the signal handlers.

    Must be used in the main thread, the only one in which Python delivers signals.
    """

    def __init__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a run needs the main thread: only there does Python deliver signals")
        self._selector = selectors.DefaultSelector()
        self._timers: list[Timer] = []
        self._called: deque[Callable[[], None]] = deque()
        self._on_signal: dict[int, Callable[[int], None]] = {}
        self._before: dict[int, object] = {}
        self._wakeup, self._wake = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(self._wake, False)
        self._old_wakeup = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self.add(self._wakeup, self._woken)

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._old_wakeup)
        self._selector.close()
        os.close(self._wakeup)
        wake, self._wake = self._wake, -1
        os.close(wake)

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def add(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Calls back whenever the descriptor can be read."""
        self._selector.register(descriptor, READ, callback)

    def remove(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def add_writer(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Calls back whenever the descriptor can be written; one that is read cannot be written too.

        Raises PermissionError where the system has no waiting for it: epoll refuses regular files.
        """
        self._selector.register(descriptor, WRITE, callback)

    def remove_writer(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Calls back once, after that many seconds."""
        timer = Timer(self.now() + seconds, callback)
        heappush(self._timers, timer)
        return timer

    def on_signal(self, number: int, callback: Callable[[int], None]) -> None:
        """Calls back when a signal came. One that was ignored when the program started stays ignored."""
        if number != signal.SIGCHLD and signal.getsignal(number) == signal.SIG_IGN:
            return
        self._on_signal[number] = callback
        before = signal.signal(number, _noted)
        self._before.setdefault(number, before)

    def call(self, callback: Callable[[], None]) -> None:
        """From any thread: calls back soon, in the thread of the loop."""
        self._called.append(callback)
        with suppress(OSError):  # full: it wakes up anyway; closed: the run is over
            os.write(self._wake, b"\0")

    def wait(self, timeout: float | None = None) -> None:
        """Waits until something happens (at most `timeout` seconds) and calls back for all of it."""
        if self._timers:
            due = max(0.0, self._timers[0].due - self.now())
            timeout = due if timeout is None else min(due, timeout)
        for key, _ in self._selector.select(timeout):
            # An earlier callback may have removed it, and even have added another of the same number.
            if self._selector.get_map().get(key.fd) is key:
                key.data()
        while self._called:
            self._called.popleft()()
        while self._timers and self._timers[0].due <= self.now():
            callback = heappop(self._timers).callback
            if callback:
                callback()

    def _woken(self) -> None:
        try:
            numbers = os.read(self._wakeup, 4096)
        except BlockingIOError:
            return
        for number in sorted(set(numbers)):
            times = 1 if number == signal.SIGCHLD else numbers.count(number)
            for _ in range(times if number in self._on_signal else 0):
                self._on_signal[number](number)


def _noted(number: int, frame: FrameType | None) -> None:
    """The signal's number has gone to the wakeup descriptor; nothing more is to be done here."""
