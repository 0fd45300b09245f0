"""The lines of a journal: what is written comes back, and what is no line is said so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from factc.diagnostic import RequestError
from factc.events import (
    AttemptEnded,
    Fact,
    RunCreated,
    RunFinished,
    RunStarted,
    RunStopped,
    TaskCarried,
    TaskEnded,
    TaskSkipped,
    TaskStarted,
)
from factc.events.state import SUCCEEDED
from factc.record.journal import (
    RunHeader,
    Seal,
    ack_line,
    fact_line,
    header_line,
    passed_line,
    seal_line,
    stopped_line,
)
from factc.record.reading import Journal

HEADER = header_line(
    RunHeader(run="0123abcd", reference="x", job="j", at=1.0, version="1", names=[f"t{i}" for i in range(10)], tags={})
)

times = some.floats(0, 1e10, allow_nan=False)
tasks = some.integers(0, 9)
texts = some.text(some.characters(exclude_categories=[]), max_size=30)
codes = some.none() | some.integers(-(2**31), 2**31)

facts: some.SearchStrategy[Fact] = some.one_of(
    some.builds(RunCreated, times),
    some.builds(RunStarted, times),
    some.builds(TaskCarried, times, tasks, codes, some.none() | times, some.none() | times),
    some.builds(TaskStarted, times, tasks, some.integers(1, 9)),
    some.builds(
        TaskEnded, times, tasks, some.sampled_from(["SUCCEEDED", "FAILED"]), codes, some.none() | times,
        some.none() | texts, some.none() | texts, some.none() | texts, some.none() | times, some.none() | times,
    ),
    some.builds(
        AttemptEnded, times, tasks, codes, some.none() | times, some.none() | texts, times, some.none() | texts,
        some.none() | texts, some.none() | times, some.none() | times,
    ),
    some.builds(TaskSkipped, times, tasks, texts),
    some.builds(RunStopped, times, texts, some.none() | some.sampled_from([2, 3, 143])),
)  # fmt: skip


job_facts = (RunCreated, RunStarted, RunFinished)
alone = some.lists(facts, min_size=1, max_size=1)
together = some.lists(facts.filter(lambda fact: not isinstance(fact, job_facts)), min_size=1, max_size=4)


@given(some.lists(alone | together, max_size=6), some.booleans(), some.integers(1, 40))
def test_steps_come_back_however_the_file_is_read(steps: list[list[Fact]], finished: bool, piece: int) -> None:
    steps = [*steps, [RunFinished(1.0, SUCCEEDED)]] if finished else steps
    lines, number = [], 0
    for step in steps:
        for at, fact in enumerate(step):
            number += 1
            lines.append(fact_line(number, fact, more=at < len(step) - 1))
            assert lines[-1].endswith(b"\n") and b"\n" not in lines[-1][:-1]
    journal = Journal()
    journal.feed(HEADER)
    for at in range(0, len(lines), piece):
        journal.feed(b"".join(lines[at : at + piece]))
    assert journal.steps == [tuple(step) for step in steps]
    assert journal.last == [sum(map(len, steps[: i + 1])) for i in range(len(steps))]
    assert bool(journal.finished) == finished


def test_what_older_versions_wrote_after_the_last_word_changes_nothing() -> None:
    journal = Journal()
    facts = [RunCreated(0.0), RunFinished(1.0, SUCCEEDED), RunStopped(2.0, "the run timed out after 2s")]
    journal.feed(HEADER + b"".join(fact_line(number, fact) for number, fact in enumerate(facts, 1)) + ack_line(1, 1))
    assert journal.finished == facts[1] and journal.steps == [(facts[0],), (facts[1],)] and journal.last == [1, 2]
    assert journal.outbox(1).acknowledged == {1}


def test_a_step_that_was_cut_short_counts_once_nothing_more_can_come() -> None:
    journal = Journal()
    journal.feed(HEADER + fact_line(1, TaskStarted(1.0, 0), more=True))
    assert journal.steps == []
    journal.end()
    assert journal.steps == [(TaskStarted(1.0, 0),)]


def test_the_header_comes_back_without_what_is_empty() -> None:
    header = RunHeader(
        run="0123abcd", reference="x", job="j\n", at=1.5, names=["a"], tags={}, endpoints=[{"url": "u", "sha256": "s"}]
    )
    line = header_line(header)
    assert "order" not in json.loads(line) and "secrets" not in json.loads(line)
    journal = Journal()
    journal.feed(line)
    assert journal.header is not None
    for name in RunHeader.__slots__:
        assert getattr(journal.header, name, None) == getattr(header, name), name


def test_what_became_of_events() -> None:
    journal = Journal()
    journal.feed(HEADER.replace(b'"tags"', b'"endpoints":[{"url":"a","sha256":"b"},{"url":"c","sha256":"d"}],"tags"'))
    journal.feed(
        seal_line(1, Seal(1, "a", 2)) + seal_line(1, Seal(2, "b", 5)) + seal_line(1, Seal(2, "c", 5, "output"))
    )
    journal.feed(ack_line(1, 1) + passed_line(1, 2, "no") + stopped_line(2, "gone", gone=True))
    first, second = journal.outbox(1), journal.outbox(2)
    assert (first.seals[2].id, first.seals[2].without, first.acknowledged, first.passed) == (
        "c",
        "output",
        {1},
        {2: "no"},
    )
    assert first.settled(1) and first.settled(2) and (second.stopped, second.gone) == ("gone", True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no json\n", "line 1 is no line of a journal"),
        (fact_line(1, RunCreated(1.0)), "line 1 is no line"),
        (b'{"journal":1}\n', "line 1 is no line"),
        (b'{"journal":true}\n', "line 1 is no line"),
        (b'{"journal":2,"version":"9.9\\u001b"}\n', "was written by a newer factc (9.9\\x1b)"),
        (b"[1]\n", "line 1 is no line"),
        (b"[" * 100_000 + b"\n", "line 1 is no line"),
        (HEADER.replace(b'"0123abcd"', b'"; rm -r x"'), "line 1 is no line"),
        (HEADER.replace(b'"tags":{}', b'"tags":{"a":1}'), "line 1 is no line"),
        (HEADER.replace(b'"at":1.0', b'"at":NaN'), "line 1 is no line"),
    ],
)
def test_what_is_no_journal(data: bytes, said: str) -> None:
    with pytest.raises(RequestError) as problem:
        Journal("it").feed(data)
    assert said in problem.value.message


@pytest.mark.parametrize(
    "line",
    [
        b"no json\n",
        b"\n",
        b'{"n":2,"fact":"RunStarted","at":1.0},{"n":3,"fact":"RunStarted","at":1.0}\n',
        b'{"n":2,"fact":"Nonsense"}\n',
        b'{"n":2,"fact":["RunStarted"],"at":1.0}\n',
        b'{"n":2.0,"fact":"RunStarted","at":1.0}\n',
        fact_line(3, RunStarted(1.0)),
        fact_line(2, TaskStarted(1.0, 10)),
        fact_line(2, TaskStarted(1.0, True)),
        fact_line(2, TaskStarted(1.0, 0, 0)),
        fact_line(2, RunStarted(1e300)),
        fact_line(2, TaskEnded(1.0, 0, "\x1b[1m", 0, 1.0)),
        fact_line(2, TaskEnded(1.0, 0, "WAITING", 0, 1.0)),
        fact_line(2, TaskStarted(1.0, 0), more=True) + fact_line(3, RunFinished(1.0, SUCCEEDED)),
        seal_line(1, Seal(1, "a\r\nb", 1)),
        seal_line(2, Seal(1, "a", 1)),
        ack_line(1, -1),
        HEADER,
    ],
)
def test_what_is_before_a_damaged_line_counts_and_what_was_delivered_after_it(line: bytes) -> None:
    whole = HEADER + fact_line(1, RunCreated(1.0))
    journal = Journal()
    journal.feed(whole + line + fact_line(3, RunFinished(2.0, SUCCEEDED)) + ack_line(1, 7))
    assert journal.damage == 2 + line.count(b"\n") and journal.steps == [(RunCreated(1.0),)] and journal.lost
    assert journal.outbox(1).acknowledged == {7}
