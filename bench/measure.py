"""Times commands as whole processes, taking turns.

Knows neither factc nor what it is compared with.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# Runs a command from a small process and tells its wall time in seconds and the most memory, in KB, that it or anything
# it started had: a child begins with the memory of the process that started it.
_WEIGH = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


class Candidate:
    """A command that is measured: its title, its words, where it runs.

    before: called before each run, outside of the time. limit: seconds after which it is stopped. optional: where it
    fails or takes too long, it drops out, and `words` says so; otherwise the error is raised.
    """

    def __init__(
        self,
        title: str,
        command: Sequence[str],
        folder: Path,
        *,
        before: Callable[[], None] | None = None,
        limit: float = 600.0,
        optional: bool = False,
    ) -> None:
        self.title = title
        self.command = list(command)
        self.folder = folder
        self.before = before
        self.limit = limit
        self.optional = optional
        self.words = ""
        self.seconds: list[float] = []
        self.processor: list[float] = []  # seconds of processor time, of all that it started, too
        self._processor = 0.0

    def run(self) -> float:
        """One run, in seconds of wall time. Raises CalledProcessError if it fails, TimeoutExpired at the limit."""
        if self.before:
            self.before()
        start = time.perf_counter()
        process = subprocess.Popen(
            self.command, cwd=self.folder, env=environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        timer = threading.Timer(self.limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        except KeyboardInterrupt:  # in a session of its own, it has not heard of that
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        self._processor = usage.ru_utime + usage.ru_stime
        if seconds > self.limit:
            raise subprocess.TimeoutExpired(self.command, self.limit)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, self.command)
        return seconds

    def turn(self, *, counts: bool) -> None:
        """One of the runs of `take_turns`."""
        if self.words:
            return
        try:
            seconds = self.run()
        except subprocess.TimeoutExpired:
            if not self.optional:
                raise
            self.words = f"over {self.limit:.0f} s"
        except subprocess.CalledProcessError as error:
            if not self.optional:
                raise
            self.words = f"fails ({error.returncode})"
        else:
            if counts:
                self.seconds.append(seconds)
                self.processor.append(self._processor)

    @property
    def median(self) -> float:
        """Seconds of wall time."""
        return statistics.median(self.seconds)

    def ratios(self, base: Candidate) -> list[float]:
        """Of wall times, each to the base's in the same round: what the machine does meanwhile falls on both."""
        return [mine / other for mine, other in zip(self.seconds, base.seconds, strict=True)]

    def ratio(self, base: Candidate) -> float:
        return statistics.median(self.ratios(base))

    def processor_ratios(self, base: Candidate) -> list[float]:
        """Of processor times, in the same way: what others do on a busy machine counts for less."""
        return [mine / other for mine, other in zip(self.processor, base.processor, strict=True)]

    def spread(self, base: Candidate) -> tuple[float, float]:
        return min(self.ratios(base)), max(self.ratios(base))


def environment() -> dict[str, str]:
    """The environment without what changes how Python starts or where factc writes."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("FACTC", "PYTHON"))}


def take_turns(candidates: Sequence[Candidate], runs: int, *, warm: bool = True) -> None:
    """Measures all of them `runs` times in turn, after one run each that does not count (not, where warm is False)."""
    for number in range(0 if warm else 1, runs + 1):
        for candidate in candidates:
            candidate.turn(counts=number > 0)


class Weight:
    """What one run of a command took: seconds of wall and of processor time, and MB of memory at most."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        done = subprocess.run([sys.executable, "-I", "-S", "-c", _WEIGH, *command], cwd=folder, env=environment(),
                              check=True, capture_output=True, text=True)  # fmt: skip
        self.seconds, self.processor, most = json.loads(done.stdout)
        self.memory = most / (1024 * 1024 if os.uname().sysname == "Darwin" else 1024)
