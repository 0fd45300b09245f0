"""A thread beside a run that brings its record to the disk; where none can be started, the run does it in between.

Knows threads; knows no file.
"""

from __future__ import annotations

import signal
import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ALONE = "no thread can be started: the run stops for a moment whenever its record is brought to the disk"


class Beside:
    """Does what it is given, one after the other.

    alone: why it is done at once, by whoever gives it; empty as long as there is a thread, and none is wanted yet.
    """

    def __init__(self) -> None:
        self.alone = ""
        self._given: deque[Callable[[], None] | None] = deque()
        self._bell = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def do(self, what: Callable[[], None]) -> None:
        if self._thread is None and not self._start():
            what()
            return
        self._given.append(what)
        self._bell.release()

    def close(self) -> None:
        """Waits until all is done."""
        if self._thread is not None:
            self._given.append(None)
            self._bell.release()
            self._thread.join()
            self._thread = None

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="record", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):  # the user, the container or the memory has room for no more
            self.alone = ALONE
            return False
        self._thread, self.alone = thread, ""
        return True

    def _run(self) -> None:
        # The end of a child would wake this thread too, which would only take the interpreter from the job's.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        while True:
            self._bell.acquire()
            what = self._given.popleft()
            if what is None:
                return
            what()
