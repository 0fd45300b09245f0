"""A verb that only reads and writes, run inside the tests' own process: the same bytes, without the start of a Python."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from factc.cli import main

# These start no job and have no loop. Each is also called as a program somewhere in the tests.
VERBS = {"validate", "compile", "plan", "list", "dot", "fmt", "runs", "show", "events", "prune"}
OF_A_PROCESS = ("PYTHON", "LC_", "LANG")  # variables that Python reads when it starts


def can(args: Sequence[str], env: dict[str, str]) -> bool:
    """Whether the command does the same in this process."""
    return bool(args) and args[0] in VERBS and not any(name.startswith(OF_A_PROCESS) for name in env)


def run(args: Sequence[str], data: bytes, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Runs `factc ARGS` with these bytes as standard input; its exit code and what it wrote."""
    with _files(data) as (out, err), _place(cwd, env):
        try:
            code = main(list(args))
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        return subprocess.CompletedProcess(list(args), code, _read(out), _read(err))


@contextmanager
def _files(data: bytes) -> Iterator[tuple[int, int]]:
    """Files in the place of the standard streams, by descriptor and for Python."""
    kept = [os.dup(number) for number in (0, 1, 2)]
    python = sys.stdin, sys.stdout, sys.stderr
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(data)
        given.seek(0)
        for number, file in enumerate((given, out, err)):
            os.dup2(file.fileno(), number)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout, sys.stderr = _writer(1, "surrogateescape"), _writer(2, "backslashreplace")
        try:
            yield out.fileno(), err.fileno()
        finally:
            sys.stdin.close()
            sys.stdin, sys.stdout, sys.stderr = python
            for number, descriptor in enumerate(kept):
                os.dup2(descriptor, number)
                os.close(descriptor)


def _writer(number: int, errors: str) -> io.TextIOWrapper:
    return open(number, "w", encoding="utf-8", errors=errors, closefd=False)


@contextmanager
def _place(cwd: Path, env: dict[str, str]) -> Iterator[None]:
    before, variables = os.getcwd(), dict(os.environ)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(variables)


def _read(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
