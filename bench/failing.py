"""What failures cost: a run in which every task fails beside one in which all succeed, and looking back at such runs.

Knows factc's verbs; whole processes are timed, the account at the end included.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

from bench.goals import row
from bench.measure import Candidate, Weight, take_turns
from bench.rows import Matrix, Section
from bench.where import compiled, factc

MANY = 20_000
QUIET = ["-j", "2", "--output", "quiet"]
# Takes for success the exit code of a run that fails, and of `resume` where nothing is left to go on with.
FAILS = [
    sys.executable,
    "-I",
    "-S",
    "-c",
    "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]) not in (0, 2, 5))",
]

# How the tasks of a job end: the text of each, by its number.
KINDS: dict[str, Callable[[int], str]] = {
    "all succeed": lambda i: f"t{i}:\n    :\n",
    "all fail": lambda i: f"t{i}:\n    exit 1\n",
    "all skipped": lambda i: f"t{i}: first\n    :\n" if i else "first:\n    exit 1\n",
    "all retried": lambda i: f"[retry 1 every 0s]\nt{i}:\n    exit $((2 - FACTC_ATTEMPT))\n",
}
VERBS = {
    "show": ["show", "last"],
    "show --stats": ["show", "last", "--stats"],
    "runs": ["runs"],
    "resume --dry-run": ["resume", "--dry-run"],
}


def failing(folder: Path, most: int) -> list[Section]:
    """20,000 tasks that fail beside 20,000 that succeed. most: at most so many runs of each."""
    runs = min(3, most)
    good, bad = (_run(folder / kind.replace(" ", "-"), kind, MANY) for kind in ("all succeed", "all fail"))
    take_turns([good, bad], runs, warm=False)
    rows = [row(f"{MANY:,} tasks that fail, beside as many that succeed", bad.ratio(good), spread=bad.spread(good))]
    how = (
        f"Tasks that do nothing and wait for nothing, -j 2, compiled before; {runs} runs in turn. Below: seconds of "
        f"processor time, and how many times as much for {MANY:,} tasks as for 1,000, where 20 would be their number."
    )
    return [Section("Failures", how, rows, [_matrix(folder)])]


def _run(folder: Path, kind: str, count: int) -> Candidate:
    folder.mkdir(parents=True)
    (folder / "job.fact").write_text("job failing\n\n" + "\n".join(KINDS[kind](i) for i in range(count)))
    compiled(folder, "job.fact")
    words = [*FAILS, *factc(), "run", "job.factotum", *QUIET]
    return Candidate(kind, words, folder, before=lambda: rmtree(folder / ".factc", True))


def _matrix(folder: Path) -> Matrix:
    lines = []
    for kind in KINDS:
        small, large = (_seconds(folder / f"{kind}-{count}".replace(" ", "-"), kind, count) for count in (1_000, MANY))
        lines.append([kind, *(f"{b:.2f} s, {b / a:.0f} ×" for a, b in zip(small, large, strict=True))])
    return Matrix(f"{MANY:,} tasks", ["", "run", *VERBS], lines)


def _seconds(folder: Path, kind: str, count: int) -> list[float]:
    """Of a run, and of each verb after it."""
    command = _run(folder, kind, count).command
    weights = [Weight(command, folder), *(Weight([*FAILS, *factc(), *words], folder) for words in VERBS.values())]
    return [weight.processor for weight in weights]
