"""factc is killed at any moment: nothing that was finished is lost, and nothing finished runs again."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Ran, environment
from tests.forked import Process, run
from tests.receiver import Receiver

JOBS = 4


class Kill:
    """One random job of 60 tasks, killed at a random moment and resumed. What each task does it says in a file of its own.

    Some are tried again, some need a pool, one runs in any case; a receiver is told of all.
    """

    def __init__(self, seed: int, folder: Path, receiver: Receiver) -> None:
        self.choose = random.Random(seed)
        self.folder = folder
        self.receiver = receiver
        (folder / "w").mkdir(parents=True)
        (folder / "held").mkdir()
        rules = []
        for i in range(60):
            needs = self.choose.sample(range(i), min(i, self.choose.choice((0, 1, 1, 2))))
            nap = self.choose.choice((0, 0.005, 0.01, 0.03))
            hold = leave = tries = ""
            marks = []
            if self.choose.random() < 0.3:
                marks.append("pool db")
                hold, leave = "    mkdir held/$FACTC_SLOT\n", "    rmdir held/$FACTC_SLOT\n"
            if self.choose.random() < 0.3:
                marks.append("retry 2 every 0s")
                tries = f"    [ $FACTC_ATTEMPT -gt {self.choose.choice((1, 2))} ]\n"
            above = f"[{', '.join(marks)}]\n" if marks else ""
            rules.append(
                f"{above}t{i}:{''.join(f' t{d}' for d in needs)}\n    echo start >> w/t{i}\n{tries}{hold}"
                f"    sleep {nap}\n    echo said by t{i}\n{leave}    echo end >> w/t{i}\n"
            )
        rules.append("[finally]\nt60:\n    echo start >> w/t60\n    echo end >> w/t60\n")
        (folder / "job.fact").write_text("job killed\n\npool db = 2\n\n" + "\n".join(rules))

    def factc(self, *words: str) -> Ran:
        return Ran(run(words, b"", self.folder, environment()))

    def kill(self, after: float) -> bool:
        """Starts the job and kills factc so many seconds after it has begun; whether it was in the middle of the run."""
        words = ["run", "job.fact", "-j", str(JOBS), "--webhook", self.receiver.url]
        process = Process(
            words, cwd=self.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not self._has_begun():
            time.sleep(0.002)
        time.sleep(after)
        process.kill()
        killed = process.wait() == -signal.SIGKILL
        return killed and self._has_begun()

    def _has_begun(self) -> bool:
        return any(b"\n" in path.read_bytes() for path in self.folder.glob(".factc/runs/*/events.ndjson"))

    def witness(self) -> dict[str, list[str]]:
        return {path.name: path.read_text().split() for path in (self.folder / "w").iterdir()}

    def transitions(self, run: str) -> list[tuple[str, str]]:
        told = [json.loads(line)["data"] for line in self.factc("events", run).out.splitlines()]
        return [(t["taskName"], t["currentState"]) for data in told for t in data.get("taskTransitions", [])]

    def check(self) -> int:
        """Resumes the dead run and holds all accounts against each other; how many tasks ran twice to their end."""
        died = json.loads(self.factc("runs", "--format", "json").out)
        if died["outcome"] != "died":
            return 0  # it had just finished
        before = self.transitions("last")
        ended = {name for name, state in before if state == "SUCCEEDED"}
        then = self.witness()
        planned = set(re.findall(r"^# (t\d+) · ", self.factc("plan", "job.fact", "--resume", "last").out, re.MULTILINE))
        for held in (self.folder / "held").iterdir():
            held.rmdir()  # a task that was killed holds nothing any more
        resumed = self.factc("resume", "-j", str(JOBS))
        assert resumed.code == 0, resumed.err
        assert list((self.folder / "held").iterdir()) == [], "a slot of the pool was given twice"
        after = self.transitions("last")
        succeeded = Counter(name for name, state in before + after if state == "SUCCEEDED")
        assert succeeded == {f"t{i}": 1 for i in range(61)}
        assert {name for name, state in after if state == "RUNNING"} == planned
        now = self.witness()
        assert all(now[name] == then[name] for name in ended), "a finished task ran again"
        again = [name for name in planned if "end" in then.get(name, [])]
        assert len(again) <= JOBS
        self.check_delivered(died["run"])
        return len(again)

    def check_delivered(self, *runs: str) -> None:
        """Both runs' events have come, each byte for byte, once what the dead one owes is delivered."""
        assert self.factc("deliver", "--all").code == 0
        come: dict[str, list[bytes]] = {}
        for request in {request.id: request for request in self.receiver.accepted}.values():
            come.setdefault(request.data["runReference"], []).append(request.body)
        listed = [json.loads(line)["run"] for line in self.factc("runs", "--format", "json").out.splitlines()]
        assert set(runs) < set(listed) and len(listed) == 2
        for one in listed:
            assert [body.decode() for body in come[one]] == self.factc("events", one).out.splitlines()


def kills(count: int, folder: Path, seed: int) -> Counter[int]:
    found: Counter[int] = Counter()
    choose = random.Random(seed)
    for number in range(10 * count):
        with Receiver() as receiver:
            one = Kill(seed + number, folder / str(number), receiver)
            if one.kill(choose.uniform(0, 1.0)):
                found[one.check()] += 1
        if sum(found.values()) == count:
            return found
    raise AssertionError("the runs were over before they could be killed")


def test_killed_and_resumed(tmp_path: Path) -> None:
    kills(2, tmp_path, random.randrange(1 << 30))


@pytest.mark.large
def test_a_hundred_kills(tmp_path: Path) -> None:
    print("kills by tasks that ran twice to their end:", dict(kills(100, tmp_path, 1)))
