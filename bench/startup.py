"""What starting costs, as ratios to a Python that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.goals import PASS, row
from bench.measure import Candidate, take_turns
from bench.rows import Section
from bench.where import compiled, factc


def startup(folder: Path, most: int) -> list[Section]:
    """One section. most: at most so many runs of each."""
    (folder / "job.fact").write_text("job one\n\nonly:\n    :\n")
    plan = compiled(folder, "job.fact")
    runs = min(21, most)
    commands = {
        "factc --version": ["--version"],
        "factc --help": ["--help"],
        "completion of a command": ["complete", "r"],
        "completion of an option": ["complete", "run", "--"],
        "completion of a task's name": ["complete", "run", "job.fact", "--start", ""],
        "factc run, one compiled task": ["run", plan, "--output", "quiet"],
        "factc run, one task as text": ["run", "job.fact", "--output", "quiet"],
    }
    base = Candidate("python -c pass", [sys.executable, "-c", "pass"], folder)
    candidates = [Candidate(what, [*factc(), *words], folder) for what, words in commands.items()]
    take_turns([base, *candidates], runs)
    rows = [row("`python -c pass`", 1000 * base.median, "ms")]
    rows += [row(one.title, one.ratio(base), PASS, one.spread(base)) for one in candidates]
    how = f"Whole processes beside the same Python with nothing to do. Medians of {runs} runs in turn."
    return [Section("Starting", how, rows)]
