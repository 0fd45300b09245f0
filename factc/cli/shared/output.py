"""What a verb makes, written where it was asked for: standard output, or a file, whole or not at all.

Knows files, and which of them this command has read; knows nothing of what it writes.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.files import is_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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


def write_output(path: str, parts: Sequence[bytes], ours: Callable[[str], bool], *, overwrite: bool) -> bool:
    """What `-o` asks for, "-" for standard output, and whether that is not where it went. Raises RequestError.

    Never over a file that this command has read; over another one only if factc made it, if it is empty or the same
    anyway, or with `overwrite`. ours: tells from a file's beginning whether it is one of factc's of the same kind.
    """
    return write_outputs({path: parts}, ours, overwrite=overwrite)


def write_outputs(files: Mapping[str, Sequence[bytes]], ours: Callable[[str], bool], *, overwrite: bool) -> bool:
    """The same for several files: either each of them may be written, or none is."""
    if "-" in files:
        write_bytes(*files["-"])
        return False
    targets = [(_checked(path, parts, ours, overwrite), parts) for path, parts in files.items()]
    for target, parts in targets:
        try:
            target.write(parts)
        except OSError as problem:
            raise RequestError(f"{visible(target.given)} cannot be written: {problem.strerror}") from None
    return all(target.stream != 1 for target, _ in targets)


def is_place(path: str) -> bool:
    """Whether files can be written beside this one: it is no stream."""
    try:
        target = Target(path)
    except OSError:
        return True  # it is said when it is written
    return path != "-" and target.stream is None and (target.found is None or target.is_regular)


def _checked(path: str, parts: Sequence[bytes], ours: Callable[[str], bool], overwrite: bool) -> Target:
    """Where `-o` leads, if it may be written there. Raises RequestError."""
    try:
        target = Target(path)
        if target.is_regular:
            if target.found and is_source(target.found):
                words = f"{visible(path)} is what this was made from: it is not written over"
                raise RequestError(words, "choose another name behind -o")
            if not (overwrite or target.stream is not None or target.holds(parts) or ours(target.beginning())):
                raise RequestError(f"{visible(path)} exists already", "--overwrite replaces it")
        return target
    except OSError as problem:
        raise RequestError(f"{visible(path)} cannot be written: {problem.strerror}") from None


def write_file(path: str, *parts: bytes) -> None:
    """A file of these parts, whole or not at all, whatever it was. Raises RequestError (see `Target`)."""
    try:
        Target(path).write(parts)
    except OSError as problem:
        raise RequestError(f"{visible(path)} cannot be written: {problem.strerror}") from None


class Target:
    """Where a file is to be written. found: what lies there now, behind links; None for nothing. stream: the number
    of a descriptor of this program that is meant (`/dev/stdout`, `/dev/fd/3`), or None.

    A regular file keeps its mode, owner, group and links: it is replaced by a twin that was written beside it, or,
    where no twin can be like it, rewritten in place. A pipe, a device or an open descriptor is written to. Raises
    OSError, also for a folder.
    """

    def __init__(self, path: str) -> None:
        self.given = path  # what links of the system lead to has no other name
        self.path = os.path.realpath(path)
        self.found: os.stat_result | None = None
        with suppress(FileNotFoundError):
            self.found = os.stat(path)
        if self.found and stat.S_ISDIR(self.found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        self.stream = self._descriptor()

    @property
    def is_regular(self) -> bool:
        return self.found is not None and stat.S_ISREG(self.found.st_mode)

    def beginning(self) -> str:
        with open(self.path, "rb") as file:
            return file.read(4096).decode("utf-8", "replace")

    def holds(self, parts: Sequence[bytes]) -> bool:
        """Whether the file holds nothing, or just this."""
        size = self.found.st_size if self.found else 0
        if size != sum(map(len, parts)):
            return not size
        with open(self.path, "rb") as file:
            return all(file.read(len(part)) == part for part in parts)

    def _descriptor(self) -> int | None:
        """By its number, or because it is the same file: what else was written there must not be lost."""
        folder, _, number = self.given.rpartition("/")
        if folder in ("/dev/fd", "/proc/self/fd") and number.isascii() and number.isdigit():
            return int(number)
        return next((n for n in (1, 2) if self.found and os.path.samestat(self.found, os.fstat(n))), None)

    def write(self, parts: Sequence[bytes]) -> None:
        if self.stream == 1:
            write_bytes(*parts)
        elif self.stream is not None or (self.found and not self.is_regular):
            with open(self.given if self.stream is None else os.dup(self.stream), "wb") as file:
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
        beside = os.path.join(os.path.dirname(self.path), f".factc.{os.urandom(8).hex()}.tmp")
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
