"""What webhooks cost a run: its own time, the delay of its exit, and how much is sent.

Knows the `factc` command and the receiver of the tests; a run's own end is read from its journal.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench import jobs
from bench.goals import row
from bench.measure import environment
from bench.rows import Row, Section
from bench.where import compiled, factc
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


def delivery(folder: Path, most: int) -> list[Section]:
    """The makespan beside a receiver in trouble, and what many tasks send to a slow one. most: runs of each at most."""
    sleepy = "job sleepy\n\n" + "\n".join(f"t{i}:\n    sleep 0.1; echo said by {i}\n" for i in range(100))
    runs = min(11, most)
    troubled = Beside(folder, sleepy, moods, runs, 4)
    trouble = Section(
        "A receiver in trouble",
        "100 tasks of 0.1 s that write a line, -j 4; of the posts 30 % get a 503, 10 % no answer, 10 % a torn "
        "connection. "
        f"Medians of {runs} runs with and without a webhook, in turn.",
        [row("makespan with a webhook", troubled.ratio, "× that without"), row("exit delayed by", troubled.delay, "s")],
    )
    rows: list[Row] = []
    for count, at_most in ((1_000, 7), (10_000, 1)):
        jobs.write_empty(folder / "empty.fact", count)
        slowed = Beside(folder, (folder / "empty.fact").read_text(), slow, min(at_most, most), 2)
        rows += [
            row(f"{count:,} tasks, makespan with a webhook", slowed.ratio, "× that without"),
            row(f"{count:,} tasks, exit delayed by", slowed.delay, "s"),
            row(f"{count:,} tasks, posts at most", slowed.posts),
            row(f"{count:,} tasks, sent at most", slowed.megabytes, "MB"),
        ]
    how = "Tasks that do nothing, -j 2, and a receiver that needs 20 ms a post; 10,000 tasks are run a single time."
    return [trouble, Section("A slow receiver", how, rows)]


class Beside:
    """A job without a webhook and with one, so many runs in turn; the first of several does not count."""

    def __init__(self, folder: Path, job: str, script: Callable[[int], Reply], runs: int, at_once: int) -> None:
        (folder / "job.fact").write_text(job)
        command = [*factc(), "run", compiled(folder, "job.fact"), "-j", str(at_once), "--output", "quiet"]
        plain, hooked, posts, megabytes = [], [], [], []
        for number in range(runs + (runs > 1)):
            without = Run(command, folder)
            with Receiver(script) as receiver:
                beside = Run([*command, "--webhook", receiver.url, "--webhook-drain", "120"], folder)
            if number or runs == 1:
                plain.append(without)
                hooked.append(beside)
                posts.append(len(receiver.requests))
                megabytes.append(sum(len(request.body) for request in receiver.requests) / 1e6)
        self.ratio = statistics.median(h.makespan / p.makespan for p, h in zip(plain, hooked, strict=True))
        self.delay = statistics.median(run.exit for run in hooked) - statistics.median(run.exit for run in plain)
        self.posts = max(posts)
        self.megabytes = max(megabytes)
