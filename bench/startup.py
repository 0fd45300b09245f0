"""What starting costs: beside a Python that does nothing, and of a job as written beside the same one compiled."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from bench.goals import FORMS, PASS, VERBS, row
from bench.measure import Candidate, environment, take_turns
from bench.rows import Matrix, Section
from bench.where import compiled, factc


def startup(folder: Path, most: int) -> list[Section]:
    """Two sections. most: at most so many runs of each."""
    return [_commands(folder, most), _forms(folder, most)]


def _commands(folder: Path, most: int) -> Section:
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
    }
    base = Candidate("python -c pass", [sys.executable, "-c", "pass"], folder)
    candidates = [Candidate(what, [*factc(), *words], folder) for what, words in commands.items()]
    take_turns([base, *candidates], runs)
    rows = [row("`python -c pass`", 1000 * base.median, "ms")]
    rows += [row(one.title, one.ratio(base), PASS, one.spread(base)) for one in candidates]
    how = f"Whole processes beside the same Python with nothing to do. Medians of {runs} runs in turn."
    return Section("Starting", how, rows)


HELLO = """job hello

alpha:
    echo "alpha says hello"

beta:
    echo "beta says hello"

omega: alpha beta
    echo "omega is last"
"""


def _forms(folder: Path, most: int) -> Section:
    """The same job compiled, as JSON and as text."""
    (folder / "hello.fact").write_text(HELLO)
    files = {
        "compiled": compiled(folder, "hello.fact", "hello.factotum"),
        "JSON": "hello.factfile",
        "text": "hello.fact",
    }
    command = [*factc(), "compile", "hello.fact", "--format", "factfile", "-o", files["JSON"]]
    subprocess.run(command, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
    runs = min(41, most)
    bare = Candidate("python -c pass", [sys.executable, "-c", "pass"], folder)
    candidates = {
        (verb, form): Candidate(f"{verb} {file}", [*factc(), verb, file], folder)
        for verb in VERBS
        for form, file in files.items()
    }
    take_turns([bare, *candidates.values()], runs)
    rows = []
    for verb in VERBS:
        for form in FORMS:
            ratios = candidates[verb, form].processor_ratios(candidates[verb, "compiled"])
            rows.append(row(f"{verb}, {form}", statistics.median(ratios), spread=(min(ratios), max(ratios))))
    lines = [["`python -c pass`", *["1.0"] * len(files)]]
    for verb in VERBS:
        found = [statistics.median(candidates[verb, form].processor_ratios(bare)) for form in files]
        lines.append([verb, *(f"{ratio:.1f}" for ratio in found)])
    how = (
        "A job of three tasks in each of its forms: processor time of whole processes, and of what they start, "
        f"beside that of the same verb with the compiled plan. Medians of {runs} runs in turn."
    )
    title = "Processor time, times that of `python -c pass`"
    return Section("Starting a job as it is written", how, rows, [Matrix(title, ["", *files], lines)])
