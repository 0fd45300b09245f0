"""factc is killed at any moment: nothing that was finished is lost, and nothing finished runs again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import environment

JOBS = 4
COMMAND = [sys.executable, "-m", "factc"]


class Kill:
    """One random job of 60 tasks, killed at a random moment and resumed. What each task does it says in a file of its own."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.choose = random.Random(seed)
        self.folder = folder
        (folder / "w").mkdir(parents=True)
        rules = []
        for i in range(60):
            needs = self.choose.sample(range(i), min(i, self.choose.choice((0, 1, 1, 2))))
            nap = self.choose.choice((0, 0.005, 0.01, 0.03))
            rules.append(
                f"t{i}:{''.join(f' t{d}' for d in needs)}\n"
                f"    echo start >> w/t{i}\n    sleep {nap}\n    echo said by t{i}\n    echo end >> w/t{i}\n"
            )
        (folder / "job.fact").write_text("job killed\n\n" + "\n".join(rules))

    def factc(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *words], cwd=self.folder, env=environment(), capture_output=True, text=True)

    def kill(self, after: float) -> bool:
        """Starts the job and kills factc after so many seconds; whether it was in the middle of the run."""
        process = subprocess.Popen([*COMMAND, "run", "job.fact", "-j", str(JOBS)], cwd=self.folder, env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(after)
        os.kill(process.pid, signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        return killed and any(b"\n" in path.read_bytes() for path in self.folder.glob(".factc/runs/*/events.ndjson"))

    def witness(self) -> dict[str, list[str]]:
        return {path.name: path.read_text().split() for path in (self.folder / "w").iterdir()}

    def transitions(self, run: str) -> list[tuple[str, str]]:
        told = [json.loads(line)["data"] for line in self.factc("events", run).stdout.splitlines()]
        return [(t["taskName"], t["currentState"]) for data in told for t in data.get("taskTransitions", [])]

    def check(self) -> int:
        """Resumes the dead run and holds all accounts against each other; how many tasks ran twice to their end."""
        died = json.loads(self.factc("runs", "--format", "json").stdout)
        if died["outcome"] != "died":
            return 0  # it had just finished
        before = self.transitions("last")
        ended = {name for name, state in before if state == "SUCCEEDED"}
        then = self.witness()
        planned = set(
            re.findall(r"^# (t\d+) · ", self.factc("plan", "job.fact", "--resume", "last").stdout, re.MULTILINE)
        )
        resumed = self.factc("resume", "-j", str(JOBS))
        assert resumed.returncode == 0, resumed.stderr
        after = self.transitions("last")
        succeeded = Counter(name for name, state in before + after if state == "SUCCEEDED")
        assert succeeded == {f"t{i}": 1 for i in range(60)}
        assert {name for name, state in after if state == "RUNNING"} == planned
        now = self.witness()
        assert all(now[name] == then[name] for name in ended), "a finished task ran again"
        again = [name for name in planned if "end" in then.get(name, [])]
        assert len(again) <= JOBS
        return len(again)


def kills(count: int, folder: Path, seed: int) -> Counter[int]:
    found: Counter[int] = Counter()
    choose = random.Random(seed)
    for number in range(10 * count):
        one = Kill(seed + number, folder / str(number))
        if one.kill(choose.uniform(0.1, 0.8)):
            found[one.check()] += 1
        if sum(found.values()) == count:
            return found
    raise AssertionError("the runs were over before they could be killed")


def test_killed_and_resumed(tmp_path: Path) -> None:
    kills(3, tmp_path, random.randrange(1 << 30))


@pytest.mark.large
def test_two_hundred_kills(tmp_path: Path) -> None:
    print("kills by tasks that ran twice to their end:", dict(kills(200, tmp_path, 1)))
