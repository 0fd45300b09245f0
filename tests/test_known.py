"""What earlier runs tell of how long tasks take: which runs are asked, what counts, and that nothing stands in the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factc.events import Fact, TaskCarried, TaskEnded, TaskSkipped, TaskStarted
from factc.events.state import FAILED, NO_OP, SUCCEEDED
from factc.record.durations import HEAD, known_seconds
from factc.record.history import every, refuse
from factc.record.journal import RunHeader, fact_line, header_line
from factc.record.statedir import StateDir
from tests.conftest import Ran
from tests.draws import draws

Factc = Callable[..., Ran]

JOB = """\
job measured

short:
    :

[noop 3]
early:
    exit 3

slow: short
    sleep 0.15

bad: short
    sleep 0.1; test -e mended

last: bad
    :
"""


def known(folder: Path, job: str, *names: str) -> dict[str, float] | None:
    seconds = known_seconds(StateDir(str(folder)), job, names)
    return None if seconds is None else dict(zip(names, seconds, strict=True))


def record(
    folder: Path, second: int, job: str, tasks: Mapping[str, float | None], *, digits: str = "0" * 8, at: float = 0.0,
    carried: Mapping[str, float] | None = None, **header: object,
) -> Path:  # fmt: skip
    """A recorded run: each task with the seconds after which it succeeded, or None for one that was skipped."""
    names = [*tasks, *(carried or {})]
    values = {"run": digits * 8, "reference": "0" * 64, "version": "0", "tags": {}, "factfile": "", **header}
    facts: list[Fact] = [TaskCarried(1.0, names.index(n), 0, 0.5, s) for n, s in (carried or {}).items()]
    for i, seconds in enumerate(tasks.values()):
        facts.append(TaskSkipped(2.0, i, "no") if seconds is None else TaskStarted(1.0, i, 1))
        if seconds is not None:
            facts.append(TaskEnded(2.0, i, SUCCEEDED, 0, seconds, None, "out, put"))
    directory = folder / "runs" / f"20260131T02{second // 60:02}{second % 60:02}Z-{digits}"
    directory.mkdir(parents=True)
    lines = [fact_line(number, fact) for number, fact in enumerate(facts, 1)]
    begun = RunHeader(job=job, at=at or 1.8e9 + second, names=names, **values)
    (directory / "events.ndjson").write_bytes(header_line(begun) + b"".join(lines))
    return directory / "events.ndjson"


def test_the_median_of_what_succeeded_in_the_last_five_runs(tmp_path: Path, factc: Factc) -> None:
    (tmp_path / "job.fact").write_text(JOB)
    for _ in range(6):
        assert factc("run", "job.fact", "--output", "quiet").code == 2
    runs = list(every(StateDir(str(tmp_path / ".factc")), refuse))
    names = runs[0].header.names
    taken: dict[str, list[float]] = {name: [] for name in names}
    for run in runs[:5]:
        for name, task in zip(names, run.state.tasks, strict=True):
            if task.state in (SUCCEEDED, NO_OP):
                assert task.duration is not None
                taken[name].append(task.duration)
    medians = {name: median(durations) for name, durations in taken.items() if durations}
    assert set(medians) == {"short", "early", "slow"} and medians["slow"] >= 0.15
    others = dict.fromkeys(("bad", "last", "new"), median(medians.values()))
    assert known(tmp_path / ".factc", "measured", *names, "new") == medians | others


def test_what_was_carried_over_counts_once(tmp_path: Path, factc: Factc) -> None:
    (tmp_path / "job.fact").write_text(JOB.replace("exit 3", "exit 0"))
    for _ in range(2):
        factc("run", "job.fact", "--output", "quiet")
    (tmp_path / "mended").touch()
    assert factc("resume", "last").code == 0
    resumed, *others = every(StateDir(str(tmp_path / ".factc")), refuse)
    slow = resumed.header.names.index("slow")
    taken = [run.state.tasks[slow].duration for run in others]
    assert resumed.state.tasks[slow].duration in taken
    assert known(tmp_path / ".factc", "measured", "slow") == {"slow": median(filter(None, taken))}
    for run in others:
        (tmp_path / run.directory / "events.ndjson").unlink()
    assert known(tmp_path / ".factc", "measured", "slow") == {"slow": resumed.state.tasks[slow].duration}


def test_only_runs_of_that_job_and_only_the_newest(tmp_path: Path) -> None:
    for second in range(10):
        record(tmp_path, second, "mine", {"a": float(second), "b": 1.0})
        record(tmp_path, second, "other", {"a": 1000.0, "b": 1000.0}, digits="1" * 8)
    assert known(tmp_path, "mine", "a", "b", "new") == {"a": 7.0, "b": 1.0, "new": 4.0}
    assert known(tmp_path, "third", "a", "b") is None
    assert known(tmp_path, "mine", "elsewhere") is None
    assert known(tmp_path / "none", "mine", "a") is None


def test_the_run_that_asks_tells_nothing(tmp_path: Path) -> None:
    record(tmp_path, 1, "mine", {"a": 1.0}, digits="1" * 8)
    record(tmp_path, 2, "mine", {"a": 9.0}, digits="2" * 8)
    assert known_seconds(StateDir(str(tmp_path)), "mine", ["a"], but="2" * 64) == [1.0]
    assert known_seconds(StateDir(str(tmp_path)), "mine", ["a"], but="3" * 64) == [5.0]


def test_runs_of_one_second_are_told_apart_by_their_journals(tmp_path: Path) -> None:
    for number in range(10):
        digits = f"{(number * 7) % 10}" * 8
        record(tmp_path, 0, "mine", {"a": float(number)}, digits=digits, at=1.8e9 + number / 10)
    assert known(tmp_path, "mine", "a") == {"a": 7.0}


def test_runs_that_did_not_get_far_push_out_none_that_did(tmp_path: Path) -> None:
    for second in range(6):
        record(tmp_path, second, "mine", {"a": 1.0, "b": 5.0, "c": 9.0})
    for second in range(6, 12):
        record(tmp_path, second, "mine", {"a": 2.0, "b": None, "c": None})
    for second in range(12, 16):
        record(tmp_path, second, "mine", {"a": None, "b": None, "c": None})
    assert known(tmp_path, "mine", "a", "b", "c") == {"a": 2.0, "b": 5.0, "c": 9.0}


def test_failures_and_attempts_before_the_last_tell_nothing(tmp_path: Path, factc: Factc) -> None:
    (tmp_path / "job.fact").write_text(
        "job again\n\n[retry 1 every 0s]\na:\n    test -e tried || { touch tried; sleep 0.3; exit 1; }\n\n"
        "b:\n    sleep 0.3; exit 1\n"
    )
    factc("run", "job.fact", "--output", "quiet")
    seconds = known(tmp_path / ".factc", "again", "a", "b")
    assert seconds is not None and seconds["a"] == seconds["b"] < 0.3


@pytest.mark.parametrize("job", ['"quoted", "job":"mine"', "näme 🦊", "back\\slash", "x" * 400])
def test_a_job_is_found_whatever_it_is_called(tmp_path: Path, job: str) -> None:
    record(tmp_path, 0, job, {'a, "task":1': 2.0}, arguments=[',"job":"mine","at":1,'], factfile="x" * 3 * HEAD)
    assert known(tmp_path, job, 'a, "task":1') == {'a, "task":1': 2.0}
    assert known(tmp_path, "mine", 'a, "task":1') is None


def test_what_a_task_writes_is_not_taken_for_a_fact(tmp_path: Path, factc: Factc) -> None:
    line = fact_line(9, TaskEnded(2.0, 0, SUCCEEDED, 0, 77.0)).decode()
    (tmp_path / "false").write_text(f"\n{line}\n{json.dumps(line)}\n")
    (tmp_path / "job.fact").write_text("job liar\n\na:\n    cat false; cat false >&2\n")
    assert factc("run", "job.fact", "--output", "quiet").code == 0
    seconds = known(tmp_path / ".factc", "liar", "a")
    assert seconds is not None and seconds["a"] < 60


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    record(tmp_path, 0, "mine", {"a": 3.0})
    good = record(tmp_path, 1, "mine", {"a": 4.0}).read_bytes()
    torn = record(tmp_path, 2, "mine", {"a": 100.0})
    torn.write_bytes(good[: good.index(b"TaskEnded")])
    folders = tmp_path / "runs"
    for number, name in enumerate(("empty", "folder", "link", "nothing"), 3):
        directory = folders / f"20260131T02000{number}Z-{name}"
        directory.mkdir()
        journal = directory / "events.ndjson"
        if name == "empty":
            journal.touch()
        elif name == "folder":
            journal.mkdir()
        elif name == "link":
            journal.symlink_to(torn)
    (folders / "20260131T020009Z-file").write_text("no directory")
    assert known(tmp_path, "mine", "a") == {"a": 3.5}


def test_a_run_that_failed_counts_as_far_as_it_got(tmp_path: Path) -> None:
    path = record(tmp_path, 0, "mine", {"a": 3.0, "b": None})
    with path.open("ab") as file:
        file.write(fact_line(9, TaskEnded(9.0, 1, FAILED, 1, 50.0)))
    assert known(tmp_path, "mine", "a", "b") == {"a": 3.0, "b": 3.0}


@given(st.data())
@settings(max_examples=draws(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_in_a_journal_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("state")
    path = record(folder, 0, "mine", {"a": 3.0, "b": 4.0, "c": 1e-05}, carried={"d": 2.0})
    record(folder, 1, "mine", {"a": 5.0})
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    noise = data.draw(
        st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b"[", b"9" * 5000, b"-1", b"e999", b"null"])
    )
    path.write_bytes(whole[:at] + noise + whole[at + data.draw(st.integers(0, len(whole))) :])
    seconds = known(folder, "mine", "a", "b", "c", "d")
    assert seconds is not None and all(isinstance(one, float) for one in seconds.values())


LONGEST_LAST = """\
job order

a:
    sleep 0.02

b:
    sleep 0.02

c:
    sleep 0.02

long:
    sleep 0.3

chain:
    sleep 0.1

chained: chain
    :
"""


def starts(folder: Path) -> list[str]:
    """The tasks of the newest run in the order in which they started."""
    newest = next(every(StateDir(str(folder / ".factc")), refuse))
    facts = [fact for step in newest.journal.steps for fact in step if isinstance(fact, TaskStarted)]
    return [newest.header.names[fact.task] for fact in facts]


@pytest.mark.parametrize(("slots", "first"), [(1, ["long"]), (2, ["long", "chain"]), (6, ["chain", "a"])])
def test_the_second_run_starts_what_takes_the_longest(
    tmp_path: Path, factc: Factc, slots: int, first: list[str]
) -> None:
    (tmp_path / "job.fact").write_text(LONGEST_LAST)
    plan = factc("plan", "job.fact").out
    dry = factc("run", "job.fact", "--dry-run").out
    assert factc("run", "job.fact", "-j", str(slots), "--output", "quiet").code == 0
    assert starts(tmp_path)[0] == "chain"
    assert factc("run", "job.fact", "-j", str(slots), "--output", "quiet").code == 0
    assert starts(tmp_path)[: len(first)] == first
    assert factc("plan", "job.fact").out == plan
    assert factc("run", "job.fact", "--dry-run").out == dry
