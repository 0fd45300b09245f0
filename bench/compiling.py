"""What compiling costs, and how that grows with the number of tasks."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import jobs
from bench.goals import PASS, row
from bench.measure import Candidate, Weight, take_turns
from bench.render import number
from bench.rows import Matrix, Row, Section
from bench.where import factc

COUNTS = (1_000, 10_000, 100_000)
FORMS = {"JSON": jobs.write_json, "text": jobs.write_text, "text with long recipes": jobs.write_long}


def compiling(folder: Path, most: int) -> list[Section]:
    """One section. most: at most so many runs of each."""
    runs = min(5, most)
    base = Candidate("python -c pass", [sys.executable, "-c", "pass"], folder)
    candidates: dict[tuple[str, int], Candidate] = {}
    for at, (form, write) in enumerate(FORMS.items()):
        for count in COUNTS if form != "text with long recipes" else COUNTS[:2]:
            write(folder / f"{at}-{count}", count)
            words = [*factc(), "compile", f"{at}-{count}", "-o", f"{at}-{count}.plan"]
            candidates[form, count] = Candidate(form, words, folder)
    take_turns([base, *candidates.values()], runs, warm=False)
    rows: list[Row] = []
    for form in ("JSON", "text"):
        ten, hundred = candidates[form, 10_000], candidates[form, 100_000]
        rows.append(row(f"{form}, 10,000 tasks", ten.median, spread=(min(ten.seconds), max(ten.seconds))))
        rows.append(row(f"{form}, 10,000 tasks, as a ratio", ten.ratio(base), PASS))
        what = f"{form}, 100,000 tasks beside 10,000"
        rows.append(row(what, hundred.ratio(ten), spread=hundred.spread(ten)))
        for count in COUNTS:
            weight = Weight(candidates[form, count].command, folder)
            rows.append(row(f"memory, {form}, {count:,} tasks", weight.memory))
    lines = []
    for form in FORMS:
        times = [candidates[form, count].median if (form, count) in candidates else None for count in COUNTS]
        lines.append([form, *["–" if seconds is None else f"{number(seconds)} s" for seconds in times]])
    how = (
        "From a file to a plan in a file, as a whole process. JSON: two dependencies, exit codes and four words a "
        "task; text: the like with a description and two lines of recipe; long recipes: up to ten dependencies, ten "
        f"lines, attributes of all kinds. Medians of {runs} runs in turn; memory from one run more, with a goal of "
        "60 MB and 6 kB a task."
    )
    heads = ["", *[f"{count:,} tasks" for count in COUNTS]]
    return [Section("Compiling", how, rows, [Matrix("Seconds", heads, lines)])]
