"""The machine's clock is set while a run goes on: what things took is told by another clock, everywhere."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import datetime
from pathlib import Path

import pytest

from factc import instant
from factc.cli import main
from factc.events import AttemptEnded, RunCreated, RunStarted, TaskEnded, TaskStarted
from factc.events.state import RunState
from factc.record.journal import fact_line
from factc.record.reading import Journal
from factc.report.time_spent import Courses
from tests.receiver import Receiver

JOB = "job j\n\na:\n    echo a; sleep 0.05; touch stepped\n\nb: a\n    exit 3\n"


@pytest.mark.parametrize("by", [-3600.0, 3600.0])
def test_a_clock_that_is_set_changes_no_duration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], by: float
) -> None:
    monkeypatch.chdir(tmp_path)

    def now() -> float:
        wall = time.time() + (by if os.path.exists("stepped") else 0.0)
        return instant.instant(wall, round(time.monotonic(), 6))

    monkeypatch.setattr(instant, "now", now)
    Path("job.fact").write_text(JOB)
    began = time.monotonic()
    with Receiver() as receiver:
        main(["run", "job.fact", "--webhook", receiver.url, "--stats"])
        bodies = [request.data for request in receiver.requests]
    took = time.monotonic() - began
    screen = capfd.readouterr().err

    # The screen, and its figures.
    shown = re.search(r"failed after ([\d.]+)(ms|s)\b", screen)
    assert shown, screen
    seconds = float(shown[1]) / (1000 if shown[2] == "ms" else 1)
    assert 0.05 <= seconds <= took, screen
    # The events.
    ran = [float(one["runDuration"].strip("PTS")) for one in bodies]  # an hour would have an H
    assert ran == sorted(ran) and 0.05 <= ran[-1] <= took, ran
    # The record: the same events, told again; how long it took; where its time went.
    assert main(["events", "last"]) == 0
    again = [json.loads(line)["data"]["runDuration"] for line in capfd.readouterr().out.splitlines()]
    assert again == [one["runDuration"] for one in bodies]
    assert main(["show", "last", "--format", "json", "--stats"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert 0.05 <= told["duration"] <= took, told
    assert 0.05 <= told["stats"]["seconds"] <= took, told["stats"]
    # Wall time still says when.
    started = datetime.fromisoformat(told["states"][1]["started"])
    assert abs(started.timestamp() - time.time() - by) < 60, told["states"]


def test_both_clocks_go_through_the_journal() -> None:
    at = instant.instant(1700000000.25, 12.5)
    for fact in (RunCreated(at), TaskStarted(at, 0), TaskEnded(at, 0, "FAILED", 3, 0.5), RunStarted(1700000000.25)):
        assert (b'"up":12.5' in fact_line(1, fact)) == isinstance(fact.at, instant.Instant)
        journal = Journal()
        header = b'{"journal":1,"run":"0123456789","reference":"r","job":"j","at":1.0,"tags":{},"names":["a"]}\n'
        journal.feed(header + fact_line(1, fact))
        assert not journal.damage and journal.steps == [(fact,)]
        assert instant.even(journal.steps[0][0].at) == instant.even(fact.at)


@pytest.mark.parametrize("up", ['"x"', "true", "[]", "1e99", "{}"])
def test_a_journal_with_another_clock_is_damaged(up: str) -> None:
    journal = Journal()
    header = b'{"journal":1,"run":"0123456789","reference":"r","job":"j","at":1.0,"tags":{},"names":["a"]}\n'
    journal.feed(header + b'{"n":1,"fact":"RunStarted","at":2.0,"up":%s}\n' % up.encode())
    assert journal.damage == 2


@pytest.mark.parametrize("known", [True, False])
def test_where_time_went(known: bool) -> None:
    """Facts of older records have wall time alone."""

    def at(up: float, wall: float) -> float:
        return instant.instant(wall, up) if known else up

    steps = [
        RunStarted(at(1, 5000)), TaskStarted(at(2, 5001), 0),
        AttemptEnded(at(4, 1003), 0, 1, 2.0, "r", (1003 if known else 4) + 3.0), TaskStarted(at(7, 1006), 0, 2),
        TaskEnded(at(8, 1007), 0, "SUCCEEDED", 0, 1.0),
    ]  # fmt: skip
    courses, state = Courses(1), RunState(1)
    for fact in steps:
        courses.step((fact,))
        state.apply(fact)
    assert (courses.began, courses.now) == (1, 8)
    assert courses.tasks[0].attempts == [(2, 4, 7), (7, 8, None)]
