"""Where a job's text comes from: the bytes of a file or of standard input become a source.

Knows UTF-8, and how a file that cannot be read is told; knows nothing of what the text means.
"""

from __future__ import annotations

import os

from factc.diagnostic import CompileError, Diagnostic, of_system
from factc.files import TooLarge, read_given, read_regular
from factc.source import Source, Span
from factc.syntax import JOB_NAMES

STDIN = "<stdin>"
MAX_BYTES = 256 * 1024 * 1024
NEIGHBOURS = 10_000  # files of a folder that are looked at


def read_source(path: str) -> Source:
    """The text of a file that a person names, also a pipe, or of standard input for `-`. Raises CompileError."""
    name = STDIN if path == "-" else path
    try:
        data = read_given(0 if path == "-" else path, MAX_BYTES)
    except TooLarge:
        raise _too_large(name, MAX_BYTES, "no job is that long") from None
    except (OSError, ValueError) as problem:
        raise _unreadable(path, name, problem) from None
    return source_of(name, data)


def read_used(path: str, most: int) -> Source:
    """The text of a file that a job names: a regular one of at most so many bytes. Raises CompileError."""
    try:
        data = read_regular(path, most)
    except TooLarge:
        raise _too_large(path, most, "that is more than a job may use") from None
    except (OSError, ValueError) as problem:
        raise _unreadable(path, path, problem, only_jobs=True) from None
    return source_of(path, data)


def source_of(name: str, data: bytes) -> Source:
    """The text of these bytes. Raises CompileError."""
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        raise _not_utf8(name, data, problem.start) from None
    source = Source(name, text)
    if not source.text or source.text.isspace():
        hint = 'a job begins with a line such as: job "nightly"'
        raise CompileError([Diagnostic("E003", "the file is empty", Span(source, 0, 0), hint=hint)])
    return source


def _too_large(name: str, most: int, why: str) -> CompileError:
    size = f"{most // 2**20} MB" if most >= 2**20 else f"{max(most, 0):,} bytes"
    words = f"the file has more than {size}: {why}"
    return CompileError([Diagnostic("E004", words, Span(Source(name, ""), 0, 0))])


def _unreadable(path: str, name: str, problem: OSError | ValueError, *, only_jobs: bool = False) -> CompileError:
    meant = _neighbour(path, only_jobs) if isinstance(problem, FileNotFoundError) else None
    hint = f"did you mean {meant}?" if meant else ""
    if isinstance(problem, IsADirectoryError):
        hint = "name a job file in it"
    return CompileError([Diagnostic("E001", f"{name} cannot be read: {of_system(problem)}", hint=hint)])


def _neighbour(path: str, only_jobs: bool) -> str | None:
    """A file beside the missing one that was probably meant; `only_jobs`: one that is called like a job."""
    from factc.spelling import nearest

    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as entries:
            some = [entry for entry, _ in zip(entries, range(NEIGHBOURS), strict=False)]
    except (OSError, ValueError):
        return None
    names = sorted(e.name for e in some if e.is_file() and (not only_jobs or e.name.endswith(JOB_NAMES)))
    meant = nearest(name, names)
    return os.path.join(folder, meant) if meant else None


def _not_utf8(name: str, data: bytes, at: int) -> CompileError:
    source = Source(name, data.decode("utf-8", "replace"))
    start = len(data[:at].decode().removeprefix("\ufeff"))
    words = f"the file is not UTF-8: byte 0x{data[at]:02x} at offset {at}"
    return CompileError([Diagnostic("E002", words, Span(source, start, start + 1), hint="save it as UTF-8")])
