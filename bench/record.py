"""What the record of a run costs: its journal's share of the time, its bytes, and folding it again."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from bench import jobs
from bench.measure import Candidate, environment, table, take_turns

# Runs a plan in this process and tells how long the run took and how much of that the journal did.
SHARE = """
import json, sys, time
from factc.cli import main
from factc.record.journalfile import JournalFile
from factc.record import writer

spent = 0.0

def timed(function):
    def wrapper(*args, **more):
        global spent
        began = time.perf_counter()
        try:
            return function(*args, **more)
        finally:
            spent += time.perf_counter() - began
    return wrapper

writer.fact_line = timed(writer.fact_line)
JournalFile.write = timed(JournalFile.write)
JournalFile.sync_soon = timed(JournalFile.sync_soon)
JournalFile.close = timed(JournalFile.close)
began = time.perf_counter()
main(sys.argv[1:])
print(json.dumps([spent, time.perf_counter() - began]))
"""

FOLD = """
import json, sys, time
from factc.record import history
began = time.perf_counter()
run = history.find(sys.argv[1], "last")
print(json.dumps([time.perf_counter() - began, run.size, len(run.header.factfile), len(run.header.names)]))
"""


def record(folder: Path, factc: list[str]) -> None:
    """Prints what was measured."""
    for count in (1_000, 10_000):
        jobs.write_empty(folder / f"{count}.fact", count)
        Candidate("compile", [*factc, "compile", f"{count}.fact", "-o", f"{count}.factotum"], folder).run()
    run = [*factc, "run", "1000.factotum", "-j", "2", "--output", "quiet"]
    candidates = [
        Candidate("factc run --no-record", [*run, "--no-record"], folder),
        Candidate("factc run", run, folder),
    ]
    take_turns(candidates, 15)
    print(table("The record of 1,000 tasks that do nothing (medians of 15 runs)", candidates, {}))
    shares = [_json(SHARE, "run", "1000.factotum", "-j", "2", "--output", "quiet", folder=folder) for _ in range(7)]
    share = statistics.median(spent / whole for spent, whole in shares)
    print(f"  the journal's own share of such a run: {share:.1%} (goal: under 3 %)")
    large = [*factc, "run", "10000.factotum", "-j", "2", "--output", "quiet", "--state-dir", "s"]
    Candidate("run", large, folder).run()
    folds = [_json(FOLD, "s", folder=folder) for _ in range(7)]
    _, size, factfile, tasks = folds[0]
    print(f"  bytes of journal a task, without the Factfile: {(size - factfile) / tasks:.0f} (goal: at most 600)")
    print(f"  reading and folding 10,000 tasks: {statistics.median(f[0] for f in folds):.2f} s (goal: under 0.3)\n")


def _json(code: str, *words: str, folder: Path) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, env=environment(), check=True,
                          capture_output=True, text=True)  # fmt: skip
    value: list[float] = json.loads(done.stdout.splitlines()[-1])
    return value
