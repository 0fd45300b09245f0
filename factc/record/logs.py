"""The logs of a run: a file for each stream of each attempt, made at its first byte, whole.

Knows files and how many may be open; knows no journal. Where descriptors run out, logs are closed and opened again.
"""

from __future__ import annotations

import errno
import os

from factc.record.statedir import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from factc.record.statedir import Folder

SLUG = 40  # characters of a task's name in the name of its log
_SUFFIX = {1: "out", 2: "err"}
_AGAIN = os.O_WRONLY | os.O_APPEND


class Logs:
    """The folder with the logs of a run's tasks, whose names are given in plan order; closed with them.

    broken: something could not be written.
    """

    def __init__(self, folder: Folder, names: Sequence[str]) -> None:
        self.broken = False
        self._folder = folder
        self._names = names
        self._attempts: dict[int, int] = {}  # of those that run
        self._open: dict[tuple[int, int], int] = {}
        self._made: set[tuple[int, int]] = set()  # of the attempts that run now
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)  # a place for one log when all others are taken

    def path(self, task: int, stream: int, attempt: int = 1) -> str:
        return self._folder.of(self._name(task, stream, attempt))

    def begin(self, task: int, attempt: int) -> None:
        if attempt > 1:
            self._attempts[task] = attempt

    def write(self, task: int, stream: int, data: bytes) -> None:
        """Appends to a log. Raises OSError."""
        key = (task, stream)
        descriptor = self._open.get(key)
        if descriptor is None:
            name = self._name(task, stream, self._attempts.get(task, 1))
            descriptor = self._open[key] = self._opened(name, again=key in self._made)
            self._made.add(key)
        write_all(descriptor, data)

    def keep(self, task: int, data: bytes) -> str:
        """A file for a task to read, and its path from the root on. Raises OSError; then there is none."""
        name = f"{_stem(self._names[task], task)}.failed"
        descriptor = self._opened(name, again=False)
        try:
            write_all(descriptor, data)
        except OSError:
            self._folder.unlink(name)
            raise
        finally:
            os.close(descriptor)
        return os.path.abspath(self._folder.of(name))

    def end(self, task: int) -> None:
        """An attempt has ended."""
        self._attempts.pop(task, None)
        for stream in _SUFFIX if self._made else ():
            self._made.discard((task, stream))
            descriptor = self._open.pop((task, stream), None)
            if descriptor is not None:
                os.close(descriptor)

    def close(self) -> None:
        self._close_all()
        self._folder.close()
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1

    def _name(self, task: int, stream: int, attempt: int) -> str:
        return log_name(self._names[task], task, stream, attempt)

    def _opened(self, name: str, *, again: bool) -> int:
        try:
            return self._folder.open(name, _AGAIN) if again else self._folder.new(name)
        except OSError as problem:
            if problem.errno not in (errno.EMFILE, errno.ENFILE):
                raise
        if not self._open and self._spare >= 0:
            os.close(self._spare)
            self._spare = -1
        self._close_all()
        return self._folder.open(name, _AGAIN) if again else self._folder.new(name)

    def _close_all(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


def log_name(name: str, task: int, stream: int, attempt: int = 1) -> str:
    """`0003-load.out`, from the second attempt on `0003-load.2.out`; never a path."""
    again = f".{attempt}" if attempt > 1 else ""
    return f"{_stem(name, task)}{again}.{_SUFFIX[stream]}"


def _stem(name: str, task: int) -> str:
    return f"{task + 1:04d}-{slug(name)}"


def slug(name: str) -> str:
    """A task's name as part of a file's name: ASCII letters, digits, `_`, `-` and dots that lead nowhere."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name[: 4 * SLUG])
    return "-".join(part for part in kept.split("-") if part)[:SLUG] or "task"
