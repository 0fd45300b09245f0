"""`factc` as a process of its own, without the start of a Python: a server has imported it all and forks for each call.

What is about the start itself (imports, the entry point, what Python reads from its variables) starts a Python.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import re
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tests.jobs import factfile, task

OF_A_PROCESS = ("PYTHON", "LC_", "LANG")  # variables that Python reads when it starts
_SIZE = struct.Struct("=i")
_ASKING = threading.Lock()
_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD)  # where they are ignored
_SIMPLE = re.compile(r"factc(?: +(?:[\w./=,:@%+-]|'[^'\\]*'|\"[^\"$`\\]*\")+)+\s*")
_UNUSED = ("factc.__main__", "factc.highlight", "factc.lsp")
_JOBS = {"job.fact": "job a\n\nfirst:\n    true\n", "job.factfile": factfile(task("first"))}


class Process(subprocess.Popen[bytes]):
    """`factc WORDS` as subprocess would start it. Its parent is the server, which tells how it ended."""

    def __init__(self, words: Sequence[str], *, start_new_session: bool = False, **more: Any) -> None:
        self._session = start_new_session
        self._told = -1
        super().__init__([sys.executable, "-m", "factc", *words], **more)

    def _execute_child(self, args: Sequence[str], *more: Any) -> None:
        cwd, env, streams = more[4], more[5], more[9:15]
        ignored = [number for number in _INHERITED if signal.getsignal(number) == signal.SIG_IGN]
        os.umask(mask := os.umask(0))
        request = [list(args[3:]), os.fspath(cwd or os.getcwd()), dict(env), self._session, ignored, mask]
        self._told, status = os.pipe()
        try:
            theirs = [number if number >= 0 else own for own, number in enumerate((streams[0], streams[3], streams[5]))]
            self.pid = _ask(request, [*theirs, status], self._told)
        finally:
            os.close(status)
        self._child_created = True
        self._close_pipe_fds(*streams)

    def _internal_poll(self, _deadstate: object = None, **_: Any) -> int | None:
        return self.returncode if self.returncode is not None or not _readable(self._told, 0) else self._ended()

    def _wait(self, timeout: float | None) -> int:
        if self.returncode is None and not _readable(self._told, timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._ended() if self.returncode is None else self.returncode

    def _ended(self) -> int:
        self.returncode = _number(self._told)
        os.close(self._told)
        return self.returncode


def run(
    words: Sequence[str], data: bytes, cwd: Path, env: dict[str, str], timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Runs `factc WORDS` with these bytes as standard input; its exit code and what it wrote."""
    pipe = subprocess.PIPE
    with Process(words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=env) as process:
        try:
            out, err = process.communicate(data, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def words_of(line: str) -> list[str] | None:
    """The words behind `factc` of a line for a shell that is nothing but that; None where it is more than that."""
    return shlex.split(line)[1:] if _SIMPLE.fullmatch(line) else None


def can(env: dict[str, str]) -> bool:
    """Whether these variables mean the same to a copy of a process that was started without them."""
    return not any(name.startswith(OF_A_PROCESS) for name in env)


def _readable(number: int, timeout: float | None) -> bool:
    return bool(select.select([number], [], [], timeout)[0])


def _number(told: int) -> int:
    data = os.read(told, _SIZE.size)
    assert data, "the server that forks has died"
    return int(_SIZE.unpack(data)[0])


def _ask(request: object, files: Sequence[int], told: int) -> int:
    """The number of the process that the server has made."""
    data = json.dumps(request).encode()
    with _ASKING:
        server = _server()
        socket.send_fds(server, [_SIZE.pack(len(data))], files)
        server.sendall(data)
    return _number(told)


@cache
def _server() -> socket.socket:
    """It ends with its last client."""
    from tests.conftest import ROOT, environment

    ours, theirs = socket.socketpair()
    number = str(theirs.fileno())
    command = [sys.executable, "-m", "tests.forked", number]
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, cwd=ROOT, pass_fds=[theirs.fileno()], env=environment()
    )
    theirs.close()

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


# ---- the server


class _Server:
    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._waiting: dict[int, int] = {}  # by process, where its end is told
        signal.signal(signal.SIGCHLD, self._reap)

    def serve(self) -> list[str]:
        """Returns in each process that it makes, with the words of the command."""
        while True:
            head, files, _, _ = socket.recv_fds(self._client, _SIZE.size, 4)
            if not head:  # nobody will ask any more
                self._client.close()
                raise SystemExit
            size, data = _SIZE.unpack(head)[0], b""
            while len(data) < size:  # the end of a child may break it off
                data += self._client.recv(size - len(data))
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            pid = os.fork()
            if not pid:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, ())
                return self._become(json.loads(data), files)
            self._waiting[pid] = files.pop()
            os.write(self._waiting[pid], _SIZE.pack(pid))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            for number in files:
                os.close(number)

    def _reap(self, *_: object) -> None:
        while self._waiting:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:  # this interrupted another call of itself, which has just taken the last one
                break
            if not pid:
                break
            told = self._waiting.pop(pid)
            with suppress(BrokenPipeError):  # nobody waits for it
                os.write(told, _SIZE.pack(os.waitstatus_to_exitcode(status)))
            os.close(told)

    def _become(self, request: Sequence[Any], files: list[int]) -> list[str]:
        words, folder, variables, session, ignored, mask = request
        for own, number in enumerate(files[:3]):
            os.dup2(number, own)
        for number in (*files, *self._waiting.values()):
            os.close(number)
        self._client.close()
        if session:
            os.setsid()
        for signal_number in ignored:
            signal.signal(signal_number, signal.SIG_IGN)
        os.umask(mask)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        time.tzset()
        sys.path[0] = os.getcwd()
        sys.stdin, sys.stdout, sys.stderr = (_stream(own, getattr(sys, name)) for own, name in enumerate(_NAMES))
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        return list(words)


_NAMES = ("stdin", "stdout", "stderr")


def _stream(number: int, like: io.TextIOWrapper) -> io.TextIOWrapper:
    """A standard stream as Python opens it."""
    raw = open(number, "wb" if number else "rb", -1, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(raw, like.encoding, like.errors, line_buffering=number == 2 or os.isatty(number))


def _import_all() -> None:
    import factc

    for module in pkgutil.walk_packages(factc.__path__, "factc."):
        if not module.name.startswith(_UNUSED):
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as folder:  # the grammar and the schema are read once
        for name, text in _JOBS.items():
            Path(folder, name).write_text(text)
            factc.compile(os.path.join(folder, name))


def _main() -> None:
    _import_all()
    import factc.__main__ as program

    gc.collect()
    gc.freeze()
    words = _Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    sys.argv[:] = [str(program.__file__), *words]
    code = program.main()
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # to take all modules apart would cost more than the run


if __name__ == "__main__":
    _main()
