"""Measures start-up, compiling and running, and prints a table of ratios.

python -m bench [startup] [compile] [run] [delivery] [record]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from bench import jobs
from bench.delivery import delivery
from bench.measure import Candidate, limits, peak_memory, table, take_turns
from bench.record import record

HERE = Path(__file__).parent


def factc() -> list[str]:
    """The installed command beside this Python, or the checkout."""
    installed = Path(sys.executable).with_name("factc")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "factc"]


def startup(folder: Path) -> None:
    """What starting costs, as ratios to a Python that does nothing."""
    (folder / "job.fact").write_text("job one\n\nonly:\n    :\n")
    Candidate("compile", [*factc(), "compile", "job.fact", "-o", "job.factotum"], folder).run()
    candidates = [
        Candidate("python3 -c pass", [sys.executable, "-c", "pass"], folder),
        Candidate("factc --version", [*factc(), "--version"], folder),
        Candidate("factc --help", [*factc(), "--help"], folder),
        Candidate("factc run, one compiled task", [*factc(), "run", "job.factotum", "--output", "quiet"], folder),
        Candidate("completion of an option", [*factc(), "complete", "run", "--"], folder),
        Candidate("completion of a task's name", [*factc(), "complete", "run", "job.fact", "--start", ""], folder),
        Candidate("factc run, one task as text", [*factc(), "run", "job.fact", "--output", "quiet"], folder),
    ]
    take_turns(candidates, 21)
    goals = {"factc --version": 3.0, "factc --help": 3.0, "factc run, one compiled task": 4.0,
             "completion of an option": 3.0, "completion of a task's name": 10.0}  # fmt: skip
    print(table("Start-up (medians of 21 runs)", candidates, goals))


def compiling(folder: Path) -> None:
    """How compiling grows with the number of tasks."""
    for form, write in (("JSON", jobs.write_json), ("text", jobs.write_text)):
        candidates = []
        for count in (1_000, 10_000, 100_000):
            name = f"{form.lower()}-{count}"
            write(folder / name, count)
            candidates.append(Candidate(f"{count:,} tasks", [*factc(), "compile", name, "-o", f"{name}.plan"], folder))
        take_turns(candidates[:2], 5)
        take_turns(candidates[2:], 1)
        memory = ", ".join(f"{c.title}: {peak_memory(c.command, folder):.0f} MB" for c in candidates[1:])
        print(table(f"Compiling {form} (ratios to 1,000 tasks; memory at most: {memory})", candidates, {}))


def running(folder: Path) -> None:
    """1,000 tasks that do nothing, two at once, with full capture and logs, beside a bare loop and make."""
    jobs.write_empty(folder / "empty.fact", 1_000)
    Candidate("compile", [*factc(), "compile", "empty.fact", "-o", "empty.factotum"], folder).run()
    run = [*factc(), "run", "empty.factotum", "-j", "2", "--output", "quiet"]
    candidates = [
        Candidate("a bare Python loop", [sys.executable, str(HERE / "bare_loop.py"), "1000", "2"], folder),
        Candidate("factc run -j 2", run, folder),
    ]
    if shutil.which("make"):
        (folder / "Makefile").write_text(
            f"all: {' '.join(f't{i}' for i in range(1000))}\n.PHONY: all\n"
            + "".join(f"t{i}:\n\t@:;\n" for i in range(1000))
        )
        candidates.append(Candidate("make -j 2", ["make", "-s", "-j", "2"], folder))
    take_turns(candidates, 7)
    print(table("Running 1,000 tasks that do nothing (medians of 7 runs)", candidates, {}))


PARTS = {
    "startup": startup,
    "compile": compiling,
    "run": running,
    "delivery": lambda folder: delivery(folder, factc()),
    "record": lambda folder: record(folder, factc()),
}


def main(names: list[str]) -> None:
    print(f"Python {sys.version.split()[0]}, {limits()}\n")
    for name in names or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder))


main(sys.argv[1:])
