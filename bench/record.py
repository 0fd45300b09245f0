"""What the record of a run costs: its journal's share of the time, its bytes, and folding it again."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

from bench import jobs
from bench.goals import row
from bench.measure import Candidate, environment, take_turns
from bench.rows import Section
from bench.where import compiled, factc

# Runs a plan in this process and tells how long the run took and how much of that the journal did.
SHARE = """
import json, sys, time
from factc.cli import main
from factc.record.journal_file import JournalFile
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


def record(folder: Path, most: int) -> list[Section]:
    """One section. most: at most so many runs of each."""
    for count in (1_000, 10_000):
        jobs.write_empty(folder / f"{count}.fact", count)
        compiled(folder, f"{count}.fact", f"{count}.factotum")
    words = ["run", "1000.factotum", "-j", "2", "--output", "quiet"]
    without = Candidate("without a record", [*factc(), *words, "--no-record"], folder)
    recorded = Candidate("with a record", [*factc(), *words], folder, before=lambda: rmtree(folder / ".factc", True))
    runs, times = min(15, most), min(7, most)
    take_turns([without, recorded], runs)
    shares = [_json(SHARE, *words, folder=folder) for _ in range(times)]
    large = [*factc(), "run", "10000.factotum", "-j", "2", "--output", "quiet", "--state-dir", "s"]
    Candidate("run", large, folder).run()
    folds = [_json(FOLD, "s", folder=folder) for _ in range(times)]
    _, size, factfile, tasks = folds[0]
    rows = [
        row("with a record", recorded.ratio(without), "× without", recorded.spread(without)),
        row("the journal's own share of a run", 100 * statistics.median(spent / whole for spent, whole in shares)),
        row("journal, without the Factfile", (size - factfile) / tasks),
        row("reading 10,000 tasks back", statistics.median(fold[0] for fold in folds)),
    ]
    how = (
        f"1,000 tasks that do nothing, -j 2: medians of {runs} runs in turn; the share is timed in the process itself, "
        f"{times} times. Bytes and reading back are those of a run of 10,000 tasks."
    )
    return [Section("The record", how, rows)]


def _json(code: str, *words: str, folder: Path) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, env=environment(), check=True,
                          capture_output=True, text=True)  # fmt: skip
    value: list[float] = json.loads(done.stdout.splitlines()[-1])
    return value
