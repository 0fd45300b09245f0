"""The doorstep: the bytes of a file or of standard input become a source.

Knows files and UTF-8; knows nothing of what the text means.
"""

from __future__ import annotations

import os

from factc.diagnostic import CompileError, Diagnostic
from factc.source import Source, Span

STDIN = "<stdin>"
MAX_BYTES = 256 * 1024 * 1024


def read_source(path: str) -> Source:
    """The text of a file, or of standard input for `-`. Raises CompileError."""
    name = STDIN if path == "-" else path
    data = _read(path, name)
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        raise _not_utf8(name, data, problem.start) from None
    source = Source(name, text)
    if not source.text or source.text.isspace():
        hint = 'a job begins with a line such as: job "nightly"'
        raise CompileError([Diagnostic("E003", "the file is empty", Span(source, 0, 0), hint=hint)])
    return source


def _read(path: str, name: str) -> bytes:
    try:
        with open(0, "rb", closefd=False) if path == "-" else open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        raise _unreadable(path, name, problem) from None
    if len(data) > MAX_BYTES:
        source = Source(name, "")
        words = f"the file has more than {MAX_BYTES // 2**20} MB: no job is that long"
        raise CompileError([Diagnostic("E004", words, Span(source, 0, 0))])
    return data


def _unreadable(path: str, name: str, problem: OSError | ValueError) -> CompileError:
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    meant = _neighbour(path) if isinstance(problem, FileNotFoundError) else None
    hint = f"did you mean {meant}?" if meant else ""
    if isinstance(problem, IsADirectoryError):
        hint = "name a job file in it"
    return CompileError([Diagnostic("E001", f"{name} cannot be read: {why}", hint=hint)])


def _neighbour(path: str) -> str | None:
    """A file beside the missing one that was probably meant."""
    from factc.diagnostic import nearest

    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(entry.name for entry in entries if entry.is_file())[:10_000]
    except OSError:
        return None
    meant = nearest(name, names)
    return os.path.join(folder, meant) if meant else None


def _not_utf8(name: str, data: bytes, at: int) -> CompileError:
    source = Source(name, data.decode("utf-8", "replace"))
    start = len(data[:at].decode().removeprefix("\ufeff"))
    words = f"the file is not UTF-8: byte 0x{data[at]:02x} at offset {at}"
    return CompileError([Diagnostic("E002", words, Span(source, start, start + 1), hint="save it as UTF-8")])
