"""Times commands as whole processes, taking turns, and shows their medians and ratios.

Knows neither factc nor what it is compared with.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


class Candidate:
    """A command that is measured: its title, its words, where it runs."""

    def __init__(self, title: str, command: Sequence[str], folder: Path) -> None:
        self.title = title
        self.command = list(command)
        self.folder = folder
        self.seconds: list[float] = []

    def run(self) -> float:
        """One run, in seconds of wall time. Raises CalledProcessError if it fails."""
        start = time.perf_counter()
        subprocess.run(self.command, cwd=self.folder, env=environment(), check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        return time.perf_counter() - start

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def environment() -> dict[str, str]:
    """The environment without what changes how Python starts or where factc writes."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("FACTC", "PYTHON"))}


def take_turns(candidates: Sequence[Candidate], runs: int) -> None:
    """Measures all of them `runs` times in turn, after one run each that does not count."""
    for number in range(runs + 1):
        for candidate in candidates:
            seconds = candidate.run()
            if number:
                candidate.seconds.append(seconds)


def table(title: str, candidates: Sequence[Candidate], goals: dict[str, float]) -> str:
    """Medians, and ratios to the first candidate beside the goal where there is one."""
    first = candidates[0].median
    lines = [title]
    for candidate in candidates:
        goal = f"  (goal: at most {goals[candidate.title]:g})" if candidate.title in goals else ""
        ratio = f"{candidate.median / first:6.2f} x{goal}"
        lines.append(f"  {candidate.title:44} {candidate.median * 1000:9.1f} ms {ratio}")
    return "\n".join(lines) + "\n"


def peak_memory(command: Sequence[str], folder: Path) -> float:
    """The largest memory, in MB, that a command or anything it started had."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        ["python3", "-c", code, *command], cwd=folder, env=environment(), check=True, capture_output=True, text=True
    )
    unit = 1024 * 1024 if os.uname().sysname == "Darwin" else 1024
    return int(done.stdout) / unit


def limits() -> str:
    """A line on the machine."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    system = os.uname()
    return f"{system.sysname} {system.release}, {os.cpu_count()} cores, {descriptors} descriptors"
