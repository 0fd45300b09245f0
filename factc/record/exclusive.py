"""The lock of a job that is to run once at a time: who holds it is written in its file.

Knows files and locks; knows no plan. The lock is the kernel's (flock): free at once when its holder is gone.
"""

from __future__ import annotations

import errno
import json
import os
import time
from contextlib import suppress

from factc.diagnostic import RunsAlready, of_system
from factc.digest import sha256_hex
from factc.durations import written
from factc.escape import visible
from factc.record.journal_file import Locked, lock, unlock
from factc.record.writer import refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.record.statedir import StateDir


PAUSE = 0.2  # seconds between two looks at a lock that another run holds


class Exclusive:
    """Holds the lock of a key until it is closed. `locked` is False where the system has no locks. at: since when.

    wait: seconds in which another run may still let go of it; waiting: is told, once, of whom. Raises RunsAlready if it
    does not, RequestError if the lock's file cannot be made.
    """

    def __init__(
        self,
        state_dir: StateDir,
        key: str,
        *,
        run: str,
        host: str,
        clock: Callable[[], float],
        wait: float = 0.0,
        waiting: Callable[[str], None] = lambda words: None,
    ) -> None:
        name = sha256_hex([key.encode("utf-8", "surrogateescape")])[:32]
        try:
            with state_dir.made() as place, place.has("locks") as folder:
                self._descriptor = folder.open(name, os.O_RDWR | os.O_CREAT)
            self._check(name)
        except OSError as problem:
            raise refused(state_dir.path, of_system(problem)) from None
        try:
            self.locked = self._lock(wait, waiting)
        except Locked:
            words = self._held()
            os.close(self._descriptor)
            hint = "wait for it (--wait 10m), or name what makes this one another job: --exclusive=KEY"
            raise RunsAlready(words, hint) from None
        self.at = clock()
        holder = json.dumps({"run": run, "host": host, "pid": os.getpid(), "at": self.at}).encode()
        with suppress(OSError):  # a full disk: the lock holds all the same, only nobody can say whose it is
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, holder, 0)

    def close(self) -> None:
        unlock(self._descriptor)

    def _lock(self, wait: float, waiting: Callable[[str], None]) -> bool:
        until = time.monotonic() + wait
        said = False
        while True:
            try:
                return lock(self._descriptor)
            except Locked:
                if (left := until - time.monotonic()) <= 0:
                    raise
                if not said:
                    said = True
                    waiting(f"{self._held()}: waiting up to {written(wait)} for it to end")
                time.sleep(min(left, PAUSE))

    def _held(self) -> str:
        """That another run holds the lock, and which, if that has said so by now."""
        try:
            who = json.loads(os.pread(self._descriptor, 4096, 0))
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(who["at"]))
            words = visible(f": run {who['run'][:8]}, pid {who['pid']} on {who['host']}, since {since}")
        except (ValueError, LookupError, TypeError, OverflowError, OSError, RecursionError):
            words = ""
        return f"this job runs already{words}"

    def _check(self, name: str) -> None:
        """It is written to: another name of it may stand anywhere. Raises OSError."""
        if os.fstat(self._descriptor).st_nlink > 1:
            os.close(self._descriptor)
            raise OSError(errno.EMLINK, f"the lock {name} has more than one name (hard links)")
