"""Files read whole, up to a limit: those that a person names, and those that somebody else's text names.

What was read since a command began is remembered: nobody writes over his own source. Knows kinds of files; knows
nothing of what is in them.
"""

from __future__ import annotations

import errno
import os
import stat

NO_DIRECTORY = "the working directory has been deleted"

_sources: set[tuple[int, int]] = set()  # regular files that were read, by device and number


class TooLarge(Exception):
    """There is more in a file than was to be read."""


def forget_sources() -> None:
    """A command begins."""
    _sources.clear()


def is_source(found: os.stat_result) -> bool:
    """Whether this very file was read, whatever name it has now."""
    return (found.st_dev, found.st_ino) in _sources


def has_no_directory() -> bool:
    """Whether the working directory has been deleted."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    except OSError:  # it is there, but what lies above it cannot be read
        return False
    return False


def _remember(found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        _sources.add((found.st_dev, found.st_ino))


def read_given(path: str | int, most: int) -> bytes:
    """What a person names: also a pipe, `<(…)` or a terminal. Raises OSError, ValueError, TooLarge."""
    with open(path, "rb", closefd=isinstance(path, str)) as file:
        _remember(os.fstat(file.fileno()))
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge
    return data


def read_regular(path: str, most: int) -> bytes:
    """What a text names, which somebody else may have written: a regular file, without waiting for anything.

    Only as many bytes as it says that it has: what the system makes up while it is read (/proc) is empty. Raises
    OSError, also for all that is no regular file, ValueError for a NUL in the path, TooLarge.
    """
    _refuse(os.stat(path).st_mode)  # before it is opened, which for a device may do something
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        found = os.fstat(descriptor)
        _refuse(found.st_mode)
        _remember(found)
        if found.st_size > most:
            raise TooLarge
        parts, left = [], found.st_size
        while left > 0 and (data := os.read(descriptor, min(left, 1 << 20))):
            parts.append(data)
            left -= len(data)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _refuse(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file")
