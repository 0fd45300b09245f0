"""What a verb makes, written where it was asked for: standard output, or a file, whole or not at all.

Knows files; knows nothing of what it writes.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

from factc.diagnostic import RequestError
from factc.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO


def write_out(text: str) -> None:
    """Text on standard output, as UTF-8 whatever the locale."""
    write_bytes(text.encode("utf-8", "backslashreplace"))


def write_bytes(*parts: bytes) -> None:
    """Bytes on standard output, one part after the other."""
    sys.stdout.flush()
    try:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as problem:
        silence()
        raise RequestError(f"standard output cannot be written: {problem.strerror}") from None


def tell(text: str) -> None:
    """A line about what has been done; who has stopped reading does not stop the doing."""
    try:
        write_out(visible(text) + "\n")
    except BrokenPipeError:
        silence()


def silence() -> None:
    """Nobody takes standard output: what Python still holds of it, and writes at its end, goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def write_file(path: str, *parts: bytes) -> None:
    """A file of these parts, whole or not at all. Raises RequestError (see `Target`)."""
    try:
        Target(path).write(parts)
    except OSError as problem:
        raise RequestError(f"{visible(path)} cannot be written: {problem.strerror}") from None


class Target:
    """Where a file is to be written. found: what lies there now, behind links; None for nothing.

    A regular file keeps its mode, owner, group and links: it is replaced by a twin that was written beside it, or,
    where no twin can be like it, rewritten in place. A pipe or a device is written to. Raises OSError, also for a
    folder.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self.found: os.stat_result | None = None
        with suppress(FileNotFoundError):
            self.found = os.stat(path)
        if self.found and stat.S_ISDIR(self.found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")

    def write(self, parts: Sequence[bytes]) -> None:
        if self.found and not stat.S_ISREG(self.found.st_mode):
            with open(self.path, "wb") as file:
                file.writelines(parts)
        elif not (self._may_have_a_twin() and self._replace(parts)):
            self._rewrite(b"".join(parts))

    def _may_have_a_twin(self) -> bool:
        """Whether one of the same owner and mode is the same to all others: it has no other name, and no more to it."""
        if self.found is None or not hasattr(os, "listxattr"):
            return self.found is None or self.found.st_nlink == 1
        try:
            more = set(os.listxattr(self.path)) - {"security.selinux"}  # which the system gives to each
        except OSError:
            more = set()
        return self.found.st_nlink == 1 and not more

    def _replace(self, parts: Sequence[bytes]) -> bool:
        """By a twin; False if that cannot be made or cannot take the place, and there is a file to be rewritten."""
        beside = os.path.join(os.path.dirname(self.path), f".factc.{os.getpid()}.tmp")
        flags, mode = (
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW,
            0o600 if self.found else 0o666,
        )
        try:
            descriptor = os.open(beside, flags, mode)
        except OSError:
            if self.found is None:
                raise
            return False
        try:
            with open(descriptor, "wb") as file:
                if not self._give(descriptor):
                    return False
                file.writelines(parts)
                file.flush()
                if self.found:
                    os.fchmod(descriptor, stat.S_IMODE(self.found.st_mode))
                os.fsync(descriptor)
            return self._moved(beside)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(beside)

    def _give(self, descriptor: int) -> bool:
        """To the owner and the group of what is replaced; whether that is so."""
        twin = os.fstat(descriptor)
        owner = (self.found or twin).st_uid, (self.found or twin).st_gid
        if (twin.st_uid, twin.st_gid) != owner:
            try:
                os.fchown(descriptor, *owner)
            except OSError:
                return False
        return True

    def _moved(self, beside: str) -> bool:
        try:
            os.replace(beside, self.path)
        except OSError as problem:
            if self.found and problem.errno == errno.EBUSY:  # something is mounted there
                return False
            raise
        return True

    def _rewrite(self, data: bytes) -> None:
        """In place; if that fails on the way, what stood there is put back."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        with open(descriptor, "r+b", buffering=0) as file:
            before = file.read()
            try:
                _put(file, data)
            except BaseException:
                _put(file, before)
                raise


def _put(file: FileIO, data: bytes) -> None:
    """All that a file holds; what is more than before is added first, for that is what a disk may have no room for."""
    size = file.seek(0, os.SEEK_END)
    for start, end in ((size, len(data)), (0, min(size, len(data)))):
        file.seek(start)
        view = memoryview(data)[start:end]
        while view:
            view = view[file.write(view) :]
    file.truncate(len(data))
    os.fsync(file.fileno())
