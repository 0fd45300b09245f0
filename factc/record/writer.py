"""The record of a run: its directory, the plan as it was run, and the whole output of every attempt.

Knows files; knows no engine and no screen. Directories are 0700, files 0600, and no link is followed.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from factc.diagnostic import RequestError
from factc.events import TaskEnded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.events import Step
    from factc.plan import Plan

STATE_DIR = ".factc"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_SUFFIX = {1: "out", 2: "err"}
SLUG = 40  # characters of a task's name in the name of its log


class Record:
    """The directory of one run, `STATE_DIR/runs/<UTC time>-<run8>/`; a sink.

    `failed` is called once, with words for the screen, when something could not be written.
    """

    def __init__(self, state_dir: str, run_reference: str, at: float, plan: Plan) -> None:
        """Makes the directory. Raises RequestError where it cannot be made."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        self.directory = os.path.join(state_dir, "runs", f"{stamp}-{run_reference[:8]}")
        self.failed: Callable[[str], None] = lambda words: None
        self.broken = False
        self._plan = plan
        self._open: dict[tuple[int, int], int] = {}
        try:
            _make(state_dir)
            with suppress(FileExistsError):
                os.mkdir(os.path.join(state_dir, "runs"), 0o700)
            os.mkdir(self.directory, 0o700)
            os.mkdir(os.path.join(self.directory, "logs"), 0o700)
        except OSError as problem:
            hint = "choose another place with --state-dir DIR, or run without a record: --no-record"
            raise RequestError(f"the run cannot be recorded in {state_dir}: {problem.strerror}", hint) from None

    def log(self, task: int, stream: int) -> str:
        """The path of a log file; it is made at its first byte."""
        name = f"{task + 1:04d}-{slug(self._plan.tasks[task].name)}.{_SUFFIX[stream]}"
        return os.path.join(self.directory, "logs", name)

    def keep_plan(self, text: str) -> None:
        """Writes the plan that is run. Raises RequestError."""
        try:
            _write_new(os.path.join(self.directory, "plan.factotum"), text.encode())
        except OSError as problem:
            raise RequestError(f"the plan cannot be recorded: {problem.strerror}") from None

    def step(self, facts: Step) -> None:
        for fact in facts:
            if isinstance(fact, TaskEnded):
                for stream in _SUFFIX:
                    descriptor = self._open.pop((fact.task, stream), None)
                    if descriptor is not None:
                        os.close(descriptor)

    def output(self, task: int, stream: int, data: bytes) -> None:
        try:
            descriptor = self._open.get((task, stream))
            if descriptor is None:
                descriptor = self._open[task, stream] = os.open(self.log(task, stream), _NEW, 0o600)
            _write(descriptor, data)
        except OSError as problem:
            self._fail(task, stream, problem)

    def _fail(self, task: int, stream: int, problem: OSError) -> None:
        if not self.broken:
            self.broken = True
            words = f"the log {self.log(task, stream)} cannot be written: {problem.strerror}"
            self.failed(f"{words}; what runs goes on, nothing new starts")


def slug(name: str) -> str:
    """A task's name as part of a file's name: ASCII letters, digits, `_`, `-` and dots that lead nowhere."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name[: 4 * SLUG])
    return "-".join(part for part in kept.split("-") if part)[:SLUG] or "task"


def _make(state_dir: str) -> None:
    """The state directory; git is to ignore all of it."""
    if os.path.isdir(state_dir):
        return
    os.makedirs(state_dir, 0o700, exist_ok=True)
    with suppress(FileExistsError):  # another run was quicker
        _write_new(os.path.join(state_dir, ".gitignore"), b"*\n")


def _write_new(path: str, data: bytes) -> None:
    descriptor = os.open(path, _NEW, 0o600)
    try:
        _write(descriptor, data)
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    """All of it, or OSError: a short write is followed by the rest."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])
