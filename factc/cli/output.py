"""What a verb makes, written where it was asked for: standard output, or a file, whole or not at all.

Knows files; knows nothing of what it writes.
"""

from __future__ import annotations

import os
import sys

from factc.diagnostic import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


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
        write_out(text)
    except BrokenPipeError:
        silence()


def silence() -> None:
    """Nobody takes standard output: what Python still holds of it, and writes at its end, goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def write_file(path: str, *parts: bytes) -> None:
    """A file of these parts, whole or not at all: written beside its place first, then moved there.

    A pipe or device is written to directly. Raises RequestError.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.writelines(parts)
            return
        _replace(os.path.realpath(path), parts)
    except OSError as problem:
        raise RequestError(f"{path} cannot be written: {problem.strerror}") from None


def _replace(path: str, parts: Sequence[bytes]) -> None:
    beside = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _mode(path))
    try:
        with open(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _mode(path: str) -> int:
    """An existing file keeps its mode; a new one gets what the umask leaves."""
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        return 0o666
