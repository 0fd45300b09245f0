"""The file of a journal: lines appended one write each, kept on the disk, under a lock while somebody writes.

Knows files and locks; knows no line's meaning. A run holds the lock on its journal as long as it lives; who adds to it
afterwards holds one on its directory. A last line that was torn off (a crash, a full disk) is cut by the next one who
writes, and overlooked by readers.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from binascii import crc32
from collections import deque
from contextlib import suppress

from factc import forks
from factc.diagnostic import of_system
from factc.record import JOURNAL
from factc.record.ballast import FULL, Ballast
from factc.record.statedir import read_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.record.beside import Beside
    from factc.record.statedir import Folder

_FLAGS = os.O_RDWR | os.O_APPEND
CHANGED = "somebody else has written to it"
PATIENCE = 0.3  # seconds: somebody who only looks whether a run is alive holds its lock for a moment


class Locked(Exception):
    """Somebody else has this lock."""


class Alive(Locked):
    """The run of this journal goes on."""


class JournalFile:
    """A journal that is written. `failed` is called with words when it cannot be; what could not be written is
    tried again with every later line. Lines may come from any thread. A new one keeps some room on the disk, so that a
    disk that fills up does not take the end of the run's account.

    broken: something could not be written when it should have been. locked: False where the system has no locks.
    """

    def __init__(self, folder: Folder, *, new: bool = False) -> None:
        """Makes a new one, as its run; or opens that of a run that is over, to add to it.

        Raises OSError; Alive if the run goes on, Locked if somebody else is about to add to it.
        """
        self.path = folder.of(JOURNAL)
        self.broken = False
        self.failed: Callable[[str], None] = lambda words: None
        self._pending: deque[bytes] = deque()
        self._guard = threading.Lock()  # of what is written
        self._disk = threading.Lock()  # of what is brought to the disk
        self._dirty = False
        self._syncing = False
        self._size = 0  # bytes that have to be there,
        self._sum = 0  # their checksum, unless there were some before
        self._ballast: Ballast | None = None
        self._place = -1  # its directory: who adds to a journal after its run locks that
        self.locked = False
        self._descriptor = folder.open(JOURNAL, _FLAGS | (os.O_CREAT | os.O_EXCL if new else 0))
        try:
            if new:
                with suppress(Locked):  # somebody looks at it already: it is nobody else's for all that
                    self.locked = lock(self._descriptor)
                self._ballast = Ballast(folder)
            else:
                self._take_over(folder)
                self._size = os.fstat(self._descriptor).st_size
        except BaseException:
            self._let_go()
            raise

    def write(self, line: bytes) -> bool:
        """Appends a line; whether it and all before it are written."""
        with self._guard:
            self._pending.append(line)
            self._dirty = True
            return self._descriptor >= 0 and self._flush()

    def look(self) -> None:
        """Reads what was written once more, and compares."""
        with self._guard:
            if self._descriptor >= 0:
                self._look()
                if not self.broken and self._read_sum() != self._sum:
                    self._fail(CHANGED)

    def sync_soon(self, beside: Beside) -> None:
        """Brings what was written to the disk, beside what goes on; looks whether the file is as it was written."""
        with self._guard:
            if self._descriptor < 0:
                return
            self._look()
            if self._pending:
                self._flush()
            if not self._dirty or self._syncing:
                return
            self._dirty, self._syncing = False, True
        beside.do(self._sync_beside)

    def sync(self) -> bool:
        """Brings what was written to the disk, now; whether that worked. False once the journal is closed."""
        with self._disk:
            if self._descriptor < 0:
                return False
            self._dirty = False
            try:
                _sync(self._descriptor)
            except OSError as problem:
                if problem.errno != errno.EINVAL:  # a file system that has nothing to bring anywhere
                    self._fail(of_system(problem))
                    return False
        return True

    def close(self) -> None:
        """Lets go of it, and of the lock; waits for a sync that is under way."""
        if self._descriptor < 0:
            return
        with self._guard:
            self._look()
            self._flush()
        self.sync()
        with self._guard, self._disk:
            self._let_go()
            if self._ballast:
                self._ballast.drop()

    def read(self) -> bytes:
        """All of it."""
        return read_whole(self._descriptor)

    def _flush(self) -> bool:
        """Writes what waits: one write a line. A line that does not fit whole is taken back."""
        while self._pending:
            line = self._pending[0]
            try:
                written = os.write(self._descriptor, line)
                if written < len(line):
                    os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as problem:
                if problem.errno in FULL and self._ballast and self._ballast.drop():
                    self._fail(of_system(problem))
                    continue  # with the room that was kept for this
                self._fail(of_system(problem))
                return False
            self._pending.popleft()
            self._size += written
            self._sum = crc32(line, self._sum)
        return True

    def _sync_beside(self) -> None:
        try:
            self.sync()
        finally:
            self._syncing = False

    def _look(self) -> None:
        """Whoever rotates logs, or opens the file in an editor, may have cut it or written to it."""
        if self.broken:
            return
        found = os.fstat(self._descriptor)
        if found.st_nlink == 0:
            self._fail("it was deleted")
        elif found.st_size < self._size:
            self._fail(f"somebody cut it, {self._size - found.st_size} bytes of what stood there are gone")
        elif found.st_size > self._size:
            self._fail(CHANGED)

    def _read_sum(self) -> int:
        at = found = 0
        while data := os.pread(self._descriptor, 1 << 20, at):
            at += len(data)
            found = crc32(data, found)
        return found

    def _fail(self, words: str) -> None:
        if not self.broken:
            self.broken = True
            self.failed(f"the journal {self.path} cannot be written: {words}")

    def _take_over(self, folder: Folder) -> None:
        if is_locked(folder):
            raise Alive
        self._place = folder.again()
        self.locked = lock(self._place)
        if os.fstat(self._descriptor).st_nlink == 0:  # who removes a run has held that lock
            raise FileNotFoundError(errno.ENOENT, "it was removed meanwhile")
        self._cut()

    def _let_go(self) -> None:
        for descriptor in (self._descriptor, self._place):
            if descriptor >= 0:
                unlock(descriptor)
        self._descriptor = self._place = -1

    def _cut(self) -> None:
        data = self.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(self._descriptor, whole)


def lock(descriptor: int) -> bool:
    """Takes the lock of an open file; False where there are no locks. Raises Locked if somebody else has it.

    To be given back with `unlock`; copies of this process do not keep it.
    """
    import fcntl

    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            forks.held(descriptor)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                raise Locked from None
            time.sleep(0.01)
        except OSError:
            return False


def unlock(descriptor: int) -> None:
    """Gives the lock of an open file back and closes it. A copy of this process may have it open all the same."""
    import fcntl

    with suppress(OSError):  # there are no locks
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    forks.close(descriptor)


def is_locked(folder: Folder) -> bool | None:
    """Whether somebody writes a run's journal now; None where that cannot be known. Raises OSError."""
    import fcntl

    descriptor = folder.open(JOURNAL)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        with suppress(OSError):
            unlock(descriptor)
    return False


def _sync(descriptor: int) -> None:
    """Brings what was written to a file to the disk. Raises OSError."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
        return
    import fcntl

    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync leaves it in the drive's own memory
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)
