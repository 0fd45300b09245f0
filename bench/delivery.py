"""What webhooks cost a run: its own time, the delay of its exit, and how much is sent.

Knows the `factc` command and the receiver of the tests; a run's own end is read from its journal.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import jobs
from bench.measure import environment
from tests.receiver import Drop, Receiver, Reply, Reset


class Run:
    """One run and what it took, in seconds: `makespan` from its first fact to its last, `exit` from there on."""

    def __init__(self, command: list[str], folder: Path) -> None:
        shutil.rmtree(folder / ".factc", ignore_errors=True)
        subprocess.run(command, cwd=folder, env=environment(), check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        over = time.time()
        (path,) = folder.glob(".factc/runs/*/events.ndjson")
        facts = [line for line in map(json.loads, path.read_text().splitlines()) if "n" in line]
        self.makespan = facts[-1]["at"] - facts[0]["at"]
        self.exit = over - facts[-1]["at"]


def moods(number: int) -> Reply:
    """A receiver in trouble: 30 % 503, answers that are lost, connections that are torn down."""
    mood = random.random()
    if mood < 0.3:
        return Reply(503)
    return Drop(processed=True) if mood < 0.4 else Reset() if mood < 0.5 else Reply(delay=0.02)


def slow(number: int) -> Reply:
    return Reply(delay=0.02)


def delivery(folder: Path, factc: list[str]) -> None:
    """Prints the makespan beside a receiver in trouble, and what many tasks send to a slow one."""
    sleepy = [f"t{i}:\n    sleep 0.1; echo said by {i}\n" for i in range(100)]
    _compare(
        folder,
        factc,
        "100 tasks of 0.1 s, -j 4, a receiver in trouble",
        "job sleepy\n\n" + "\n".join(sleepy),
        moods,
        11,
        "4",
    )
    for count, goal, runs in ((1_000, "at most 60 posts, 25 MB, 0.5 s", 7), (10_000, "at most 150 MB", 1)):
        path = folder / "empty.fact"
        jobs.write_empty(path, count)
        title = f"{count:,} tasks that do nothing, -j 2, a receiver that needs 20 ms ({goal})"
        _compare(folder, factc, title, path.read_text(), slow, runs, "2")


def _compare(folder: Path, factc: list[str], title: str, job: str, script: object, runs: int, at_once: str) -> None:
    (folder / "job.fact").write_text(job)
    subprocess.run([*factc, "compile", "job.fact", "-o", "job.plan"], cwd=folder, env=environment(), check=True)
    command = [*factc, "run", "job.plan", "-j", at_once, "--output", "quiet"]
    plain, hooked, posts, megabytes = [], [], [], []
    for number in range(runs + (runs > 1)):  # the first round does not count
        without = Run(command, folder)
        with Receiver(script) as receiver:  # type: ignore[arg-type]
            beside = Run([*command, "--webhook", receiver.url, "--webhook-drain", "120"], folder)
        if number or runs == 1:
            plain.append(without)
            hooked.append(beside)
            posts.append(len(receiver.requests))
            megabytes.append(sum(len(request.body) for request in receiver.requests) / 1e6)
    spans = [statistics.median(run.makespan for run in which) for which in (plain, hooked)]
    delay = statistics.median(run.exit for run in hooked) - statistics.median(run.exit for run in plain)
    print(title, file=sys.stdout)
    print(f"  makespan {spans[0]:.3f} s without a webhook, {spans[1]:.3f} s with: {spans[1] / spans[0]:.3f} x")
    print(f"  exit delayed by {delay:.2f} s; at most {max(posts)} posts, {max(megabytes):.1f} MB\n", flush=True)
