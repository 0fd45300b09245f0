"""Where the time of a run goes: 1,000 tasks that do nothing, one after the other, under cProfile, by part of factc."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from bench.measure import environment
from bench.rows import Matrix, Section
from bench.where import compiled

COUNT = 1_000
PROFILE = """
import cProfile, json, pstats, sys
from factc.cli import main
profile = cProfile.Profile()
try:
    profile.runcall(main, sys.argv[1:])
except SystemExit:
    pass
stats = pstats.Stats(profile).stats
print(json.dumps([[file, name, own] for (file, _, name), (_, _, own, _, _) in stats.items()]))
"""
CALLS = {
    "posix_spawn": "starting the shells (until each has begun)",
    "poll": "waiting for them",
    "posix.write": "writing the journal",
}
PARTS = {
    "factc/engine/": "the engine: preparing starts, pipes, ends",
    "factc/loop.py": "the loop",
    "factc/runner/": "the runner: judging, choosing, attempts",
    "factc/scheduling/": "the runner: judging, choosing, attempts",
    "factc/session/": "the runner: judging, choosing, attempts",
    "factc/record/": "the record: lines of the journal",
    "factc/events/": "the state that the facts add up to",
    "factc/screen/": "the screen",
    "<frozen importlib": "loading factc",
}
OTHER = "everything else: other system calls, the plan, options"


def part(file: str, name: str) -> str:
    """The part of the work that a function belongs to."""
    if file == "~":
        return next((title for call, title in CALLS.items() if call in name), OTHER)
    return next((title for place, title in PARTS.items() if place in file), OTHER)


def shares(folder: Path, most: int) -> list[Section]:
    """One section. most: at most so many runs."""
    rules = [f"t{i}:{f' t{i - 1}' if i else ''}\n    : t{i}\n" for i in range(COUNT)]
    (folder / "job.fact").write_text("job chain\n\n" + "\n".join(rules))
    words = ["run", compiled(folder, "job.fact"), "-j", "2", "--output", "quiet"]
    runs = [_profiled(folder, words) for _ in range(min(5, most))]
    medians = {title: statistics.median(run.get(title, 0.0) for run in runs) for title in runs[0]}
    whole = sum(medians.values())
    lines = [
        [title, f"{seconds / whole:.1%}", f"{seconds / COUNT * 1e6:.0f} µs"]
        for title, seconds in sorted(medians.items(), key=lambda item: -item[1])
    ]
    how = (
        f"{COUNT:,} tasks that do nothing, one after the other, under cProfile; a function's own time counts for its "
        "part. Profiling makes Python's own share larger than it is, that of system calls smaller: it says where to "
        f"look, not how long it takes. Medians of {len(runs)} runs."
    )
    return [Section("Where the time goes", how, [], [Matrix("Own time", ["", "share", "a task"], lines)])]


def _profiled(folder: Path, words: list[str]) -> dict[str, float]:
    """Seconds by part."""
    done = subprocess.run([sys.executable, "-c", PROFILE, *words], cwd=folder, env=environment(), check=True,
                          capture_output=True, text=True)  # fmt: skip
    found: dict[str, float] = {}
    for file, function, seconds in json.loads(done.stdout.splitlines()[-1]):
        title = part(file, function)
        found[title] = found.get(title, 0.0) + seconds
    return found
