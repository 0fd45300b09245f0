"""How what factc takes grows with large inputs: processor time and memory at n and at 4n, of many kinds.

From each figure that of the same kind with one of everything is taken away: starting is not what grows.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

from bench.goals import row
from bench.inputs import INPUTS, Input
from bench.measure import environment
from bench.render import number
from bench.rows import Matrix, Section
from bench.where import factc

TIMES = 4  # the larger input beside the smaller one
LEAST = 0.02  # seconds: less than that is not told from nothing
LEAST_MEMORY = 8.0  # MB: of what starting took and gave back, the first few are used again, and do not show
LIMIT = 120  # seconds of processor time, after which a run is given up
LIMIT_MEMORY = 4 << 30


class Wrong(Exception):
    """A command that was measured ended otherwise than its input should make it end."""


class Growth:
    """Of one input: seconds and MB at n and at 4n, less those of the smallest."""

    def __init__(self, one: Input, runs: list[list[tuple[float, float]]]) -> None:
        """`runs`: of each size, the figures of each run."""
        self.name = one.name
        # The least: what else the machine does adds to processor time and takes nothing from it.
        least, *figures = [[min(column) for column in zip(*some, strict=True)] for some in runs]
        self.seconds: list[float] = [max(0.0, seconds - least[0]) for seconds, _ in figures]
        self.memory: list[float] = [max(0.0, memory - least[1]) for _, memory in figures]

    @property
    def in_time(self) -> float:
        return self.seconds[1] / max(self.seconds[0], LEAST)

    @property
    def in_memory(self) -> float:
        return self.memory[1] / max(self.memory[0], LEAST_MEMORY)


def growth(folder: Path, most: int) -> list[Section]:
    """One section. most: at most so many runs of each."""
    found = [measured(one, folder, min(5, most)) for one in INPUTS]
    lines = [
        [one.name, *(f"{number(s)} s" for s in one.seconds), f"{one.in_time:.1f}", *(f"{m:.0f} MB" for m in one.memory), f"{one.in_memory:.1f}"]  # noqa: E501
        for one in found
    ]  # fmt: skip
    rows = [
        row("growth of processor time, the worst kind", max(one.in_time for one in found)),
        row("growth of memory, the worst kind", max(one.in_memory for one in found)),
    ]
    how = (
        f"Processor time (of all processes) and the most memory of one, at n and at {TIMES}n, less those of the same "
        f"kind at n = 1; the least of {min(5, most)} runs. n differs by kind, so that there is something to measure. "
        "What costs n log n grows some five times. Less than 20 ms and 8 MB count as that much."
    )
    head = ["", "n", f"{TIMES}n", "factor", "n", f"{TIMES}n", "factor"]
    return [Section("Growth", how, rows, [Matrix("Kinds of input", head, lines)])]


def measured(one: Input, folder: Path, runs: int) -> Growth:
    """Measures one kind at its sizes in turn. Raises Wrong."""
    sizes = (1, one.size, TIMES * one.size)
    found: list[list[tuple[float, float]]] = [[] for _ in sizes]
    for _ in range(runs):
        for at, size in enumerate(sizes):
            found[at].append(_weighed(one, folder, size))
    return Growth(one, found)


def _weighed(one: Input, folder: Path, size: int) -> tuple[float, float]:
    """Seconds of processor time and MB of one run in a fresh folder."""
    place = folder / "input"
    rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in one.files(size).items():
        (place / name).write_text(content)
    if one.before:
        subprocess.run([*factc(), *one.before], cwd=place, env=environment(), stdin=subprocess.DEVNULL, capture_output=True)  # noqa: E501  # fmt: skip
    with open(place / "said", "wb") as said:
        process = subprocess.Popen(
            [*factc(), *one.words], cwd=place, env=environment(), preexec_fn=_bounded,
            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != one.code and size > 1:
        end = (place / "said").read_text(errors="replace")[-400:]
        raise Wrong(f"{one.name}, {size:,}: exit code {process.returncode} in place of {one.code}\n{end}")
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return used.ru_utime + used.ru_stime, used.ru_maxrss / unit


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_MEMORY, LIMIT_MEMORY))
