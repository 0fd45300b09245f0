"""Journals that somebody has changed: every verb tells what is whole, in words, and no order reaches a terminal."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from factc.api import compile
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
from factc.record.durations import known_seconds
from factc.record.journal import RunHeader, Seal, ack_line, fact_line, header_line, passed_line, seal_line
from factc.record.statedir import StateDir
from factc.shell_completion import runs
from factc.syntax.planfile.writer import plan_text
from factc.urls import recorded
from tests.inside import Inside

JOB = """\
job demo

pool db = 1

good:
    echo fine

[retry 2, pool db]
bad: good
    exit 4

[noop 3]
early:
    exit 3

last: bad early
    echo last

[finally]
end: last
    :
"""
NAMES = ["good", "bad", "early", "last", "end"]
STEPS: list[tuple[Fact, ...]] = [
    (RunCreated(1e9), TaskCarried(1e9, 0, 0, 9e8, 1.5)),
    (RunStarted(1e9 + 1),),
    (TaskStarted(1e9 + 1, 1), TaskStarted(1e9 + 1, 2)),
    (AttemptEnded(1e9 + 2, 1, 4, 1.0, "exit code 4", 1e9 + 3, "out", "err\x1b[31m", 0.1, 0.2),),
    (TaskEnded(1e9 + 2, 2, "SUCCEEDED_NO_OP", 3, 1.0, None, None, None, 0.1, 0.1),),
    (TaskStarted(1e9 + 3, 1, 2),),
    (TaskEnded(1e9 + 4, 1, "FAILED", 4, 1.0, "exit code 4"), TaskSkipped(1e9 + 4, 3, "the task 'bad' failed")),
    (RunStopped(1e9 + 4, "the run was stopped by SIGTERM", 143),),
    (TaskStarted(1e9 + 4, 4),),
    (TaskEnded(1e9 + 5, 4, "SUCCEEDED", 0, 0.5, None, "x", None, 0.1, 0.1),),
    (RunFinished(1e9 + 5, "FAILED"),),
]
URL = "http://127.0.0.1:9/hook"  # nobody is there
FOLDER = f"20010909T014640Z-{'ab' * 4}"

HOSTILE: list[Any] = [
    None, True, -1, 0, 1, 10**30, 1e308, float("nan"), float("-inf"), "", "\x1b]0;x\x07\x1b[2J", "\x9b31m", "\u202egnp",
    "; touch x #", "../../../etc/passwd", "a\r\nb", "\ud800", "x" * 5000, [], {}, [[]], {"url": 1}, ["\x1b[1m"],
    {"a": {"b": []}}, "ab" * 32, "FAILED", "RUNNING", "TaskEnded", 2, 3, 1e9,
]  # fmt: skip
VERBS = [
    ("runs",), ("runs", "--format", "json"), ("show", "last"), ("show", "last", "--format", "json"),
    ("show", "last", "--stats"), ("show", "last", "--stats", "--format", "json"), ("show", FOLDER, "bad"),
    ("show", "last", "bad", "--attempt", "1"), ("events", "last"), ("events", "abab", "--endpoint", "2"),
    ("resume", "last", "--dry-run"), ("plan", "job.fact", "--resume", "last-failed"),
    ("deliver", "abab", "--patience", "0"), ("deliver", "--all", "--patience", "0"), ("prune", "--keep", "0", "--dry-run"),
    ("prune", "--keep", "0"), ("runs", "--failed", "--job", "demo"),
]  # fmt: skip


def whole(endpoints: int = 2) -> list[bytes]:
    header = RunHeader(
        run="ab" * 32, reference="cd" * 32, job="demo", at=1e9, version="0.1.0", host="h", pid=7, directory="",
        arguments=["run", "job.fact"], again=" -j 2", plan="ef" * 32, names=NAMES, order=[2, 0, 1, 3, 4],
        tags={"who": "me"}, factfile="{}", endpoints=[recorded(URL)] * endpoints, continues="12" * 32, jobs=2,
        pools={"db": 2}, start="good", to=None, secrets=[], headers=[],
    )  # fmt: skip
    lines, number = [header_line(header)], 0
    for step in STEPS:
        for at, fact in enumerate(step):
            number += 1
            lines.append(fact_line(number, fact, more=at < len(step) - 1))
    if endpoints:
        lines[5:5] = [seal_line(1, Seal(1, "msg_1", 2)), ack_line(1, 1), seal_line(2, Seal(1, "msg_2", 2))]
        lines += [seal_line(1, Seal(2, "msg_3", 3)), passed_line(1, 2, "it answered 400")]
    return lines


# ---- what is done to a journal


def types(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Other values, other keys, deeper or not."""
    at = chance.randrange(len(lines))
    value = json.loads(lines[at])
    place, key = value, chance.choice(list(value))
    while isinstance(place[key], (list, dict)) and place[key] and chance.random() < 0.7:
        place = place[key]
        key = chance.choice(list(place)) if isinstance(place, dict) else chance.randrange(len(place))
    if isinstance(place, dict) and chance.random() < 0.2:
        place[chance.choice(HOSTILE[8:13])] = place.pop(key)
    else:
        place[key] = chance.choice(HOSTILE)
    lines[at] = json.dumps(value).encode() + b"\n"
    return lines


def bits(lines: list[bytes], chance: random.Random) -> list[bytes]:
    data = bytearray(b"".join(lines))
    for _ in range(chance.choice((1, 1, 2, 30))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return [bytes(data)]


def order(lines: list[bytes], chance: random.Random) -> list[bytes]:
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    how = chance.randrange(4)
    if how == 0:
        lines[at], lines[to] = lines[to], lines[at]
    elif how == 1:
        del lines[at]
    elif how == 2:
        lines.insert(to, lines[at])
    else:  # in another order, and numbered anew: each line is right by itself
        facts = [json.loads(line) for line in lines if b'"n":' in line[:6]]
        chance.shuffle(facts)
        lines = [lines[0], *(json.dumps({**fact, "n": n}).encode() + b"\n" for n, fact in enumerate(facts, 1))]
    return lines


def truncation(lines: list[bytes], chance: random.Random) -> list[bytes]:
    data = b"".join(lines)
    at = chance.randrange(len(data))
    end = chance.choice((b"", bytes(4096), b"\n", data[chance.randrange(len(data)) :], b"\x1b[2J\n"))
    return [data[:at] + end]


def nesting(lines: list[bytes], chance: random.Random) -> list[bytes]:
    at = chance.randrange(len(lines))
    key = chance.choice(list(json.loads(lines[at])))
    opening, closing = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    depth = chance.choice((10, 2_000, 100_000))
    deep = opening * depth + b"1" + (closing * depth if chance.random() < 0.8 else b"")
    lines[at] = re.sub(
        rb'("%b":)(?:"[^"]*"|[^,}\[{]+|\[\]|\{\})' % key.encode(), lambda m: m[1] + deep, lines[at], count=1
    )
    return lines


KINDS = [types, types, bits, order, truncation, nesting]

# ---- what is looked at


class Place:
    """A state directory with one whole run in it, and another whose journal is changed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inside = Inside(folder, monkeypatch)
        (folder / "job.fact").write_text(JOB)
        self._text = plan_text(compile(folder / "job.fact"))
        self._home = folder / ".factc"
        self._sound = b"".join(whole(0)).replace(b"ab" * 32, b"99" * 32)
        monkeypatch.setattr("factc.session.continuation.PATIENCE", 0.0)
        monkeypatch.setattr("factc.engine.local.marks.marked", lambda *_: [])
        monkeypatch.setattr("factc.webhooks.redelivery.TRY", 0.01)

    def write(self, data: bytes) -> None:
        for name, journal in ((FOLDER, data), (f"20010909T014639Z-{'99' * 4}", self._sound)):
            run = self._home / "runs" / name
            (run / "logs").mkdir(parents=True, exist_ok=True)
            (run / "events.ndjson").write_bytes(journal)
            (run / "plan.factotum").write_text(self._text)
            (run / "logs/0002-bad.out").write_bytes(b"said \x1b[31mred\x1b[2J\n")

    def look(self, words: tuple[str, ...], data: bytes) -> None:
        """Raises AssertionError for a traceback, or for an order to the terminal."""
        self.write(data)
        code = self.inside.call(*words)
        said = self.inside.out + self.inside.err
        assert code in (0, 1, 3, 5, 6), (words, code, said, data)
        orders = re.sub(r"\x1b\[[0-9;]*m", "", said) if words[:1] == ("show",) and "bad" in words else said
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", orders), (words, said, data)
        if words[0] == "runs":
            assert "99999999" in said, (words, said)

    def glance(self) -> None:
        home = StateDir(str(self._home))
        known_seconds(home, "demo", NAMES)
        runs.every(home.path)
        runs.plan(home.path, "last")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def tried(place: Place, seeds: range, verbs: Callable[[random.Random], list[tuple[str, ...]]]) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        lines = whole(chance.choice((0, 2)))
        if chance.random() < 0.3:
            lines = lines[: chance.randrange(1, len(lines))]
        for _ in range(chance.choice((1, 1, 1, 2))):
            with suppress(
                ValueError, RecursionError, AttributeError, IndexError
            ):  # it has been changed too much for more
                lines = KINDS[seed % len(KINDS)](lines, chance)
        data = b"".join(lines)
        for words in verbs(chance):
            try:
                place.look(words, data)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {words}: {error!r}: {data[:3000]!r}") from error
        place.glance()


def test_a_whole_journal_is_no_trouble(place: Place) -> None:
    for words in VERBS:
        place.look(words, b"".join(whole()))
        assert "damage" not in place.inside.err and "Traceback" not in place.inside.err


def test_mutated_journals(place: Place) -> None:
    tried(place, range(40), lambda chance: chance.sample(VERBS, 2))


@pytest.mark.parametrize(
    ("again", "shown"),
    [
        (" -j 2 --tag 'a,b c'", " -j 2 --tag 'a,b c'"),
        ("; touch x", " ';' touch x"),
        (" $(touch x) `touch y`", " '$(touch' 'x)' '`touch' 'y`'"),
        (" '\x1b[2J'", " \"$(printf '\\033[2J')\""),
        (" 'open", ""),
    ],
)
def test_options_from_a_record_are_words_and_nothing_else(place: Place, again: str, shown: str) -> None:
    place.look(("show", "last"), b"".join(whole()).replace(b'" -j 2"', json.dumps(again).encode()))
    line = next(line for line in place.inside.out.splitlines() if line.startswith("to go on: "))
    assert line.removeprefix("to go on: factc resume abababab").partition(" --state-dir")[0] == shown


def test_a_damaged_journal_hides_no_other_run_and_is_shown_as_far_as_it_is_whole(place: Place) -> None:
    lines = whole()
    place.write(b"".join([*lines[:12], b"damage\n", *lines[13:]]))
    assert place.inside.call("runs") == 0 and re.search(r"abababab .* damaged, ", place.inside.out), place.inside.out
    assert place.inside.call("show", "last") == 0 and "line 13 of the journal is damaged" in place.inside.out
    assert re.search(r"early +no-op", place.inside.out) and re.search(r"end +waiting", place.inside.out)
    assert place.inside.call("events", "last") == 0 and place.inside.out.count("\n") == 6
    assert "line 13 of the journal is damaged" in place.inside.err
    assert place.inside.call("resume", "last") == 3 and "what succeeded then would run twice" in place.inside.err
    place.write(b"".join([*lines[:12], b"damage\n"]))
    assert place.inside.call("resume", "last", "--dry-run") == 0, "nothing is known to have happened after it"


@pytest.mark.large
def test_many_mutated_journals(place: Place) -> None:
    tried(place, range(20_000), lambda chance: [chance.choice(VERBS)])
