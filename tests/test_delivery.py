"""Delivery end to end: the `factc` command, real receivers that fail, and what the journal says afterwards."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from factc.events import RunCreated, RunFinished, RunStarted, RunStopped, Step, TaskEnded, TaskSkipped, TaskStarted
from factc.events.payload import WHOLE, WITHOUT_FACTFILE, WITHOUT_OUTPUT, Wire
from factc.events.state import FAILED, SUCCEEDED
from factc.events.steps import is_job, transitions
from factc.record.history import every, refuse
from factc.record.journal import RunHeader, Seal, fact_line, header_line, seal_line
from factc.record.reading import Journal
from factc.record.recorded import Recorded
from factc.record.statedir import StateDir
from factc.urls import recorded
from factc.webhooks.client import Answer
from factc.webhooks.delivery import DEADLINE
from factc.webhooks.redelivery import TRY, Late
from factc.webhooks.replay import Retelling, wire_header
from factc.webhooks.signing import Credentials
from tests.conftest import ROOT, Ran, environment
from tests.draws import draws
from tests.forked import Process
from tests.pages import blocks
from tests.patience import PATIENCE, until
from tests.receiver import Drop, Hang, Receiver, Reply, Request, Reset, changes

SECRET, NEXT_SECRET = ("whsec_" + base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2))
HIDDEN = "hidden-token"

JOB = """\
job demo

first:
    echo one

bad: first
    echo so; exit 3

skipped: bad
    :

last: first
    echo three
"""
GOOD = "job good\n\na:\n    echo one\n\nb: a\n    echo two\n"


class Place:
    """A folder in which one job runs, and the receiver's view held against the journal's."""

    def __init__(self, folder: Path, job: str = JOB) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "job.fact").write_text(job)

    def start(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        return Process(words, cwd=self.folder, env=environment(**env), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def factc(self, *words: str, **env: str) -> Ran:
        process = self.start(*words, **env)
        out, err = process.communicate(timeout=300)
        return Ran(subprocess.CompletedProcess(words, process.returncode, out, err))

    def run(self, url: str, *words: str, **env: str) -> Ran:
        return self.factc("run", "job.fact", "--webhook", url, *words, **env)

    @property
    def directory(self) -> Path:
        (found,) = self.folder.glob(".factc/runs/*")
        return found

    @property
    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.directory / "events.ndjson").read_text().splitlines()]

    def changes(self) -> list[tuple[str | None, str]]:
        """All changes of state of the journal's facts."""
        header, *lines = self.journal
        states = {"RunCreated": "WAITING", "RunStarted": "RUNNING", "TaskStarted": "RUNNING", "TaskSkipped": "SKIPPED"}
        return [
            (header["names"][line["task"]] if "task" in line else None, line.get("state") or states[line["fact"]])
            for line in lines
            if "n" in line and line["fact"] not in ("RunStopped", "TaskCarried")
        ]

    def events(self, *words: str) -> list[bytes]:
        ran = self.factc("events", "last", *words)
        assert ran.code == 0 and ran.err == "", ran
        return ran.raw_out.splitlines()

    def check(self, receiver: Receiver, *words: str) -> None:
        """The receiver has taken in every change of the journal, once and in order, in the bytes that are told."""
        taken = receiver.accepted_once
        assert changes(request.body for request in taken) == self.changes()
        assert [request.body for request in taken] == self.events(*words)
        assert [request.headers["factc-seq"] for request in taken] == [str(n + 1) for n in range(len(taken))]
        bodies: dict[str, set[bytes]] = {}
        for request in receiver.requests:
            bodies.setdefault(request.id, set()).add(request.body)
        assert all(len(versions) == 1 for versions in bodies.values()), "a body changed under its id"


def wide(count: int, command: str = ":") -> str:
    return "job wide\n\n" + "".join(f"t{i}:\n    {command}\n\n" for i in range(count))


@contextmanager
def dead() -> Iterator[str]:
    """A URL at which nobody listens."""
    with Receiver() as receiver:
        receiver.stop()
        yield receiver.url


# ---- chaos


class Chaos:
    """A receiver's moods, by a seed: 503, answers that get lost, silence, torn connections; and one long outage."""

    def __init__(self, seed: int, silence: float) -> None:
        self._choose = random.Random(seed)
        self._silence = silence

    def __call__(self, number: int) -> Reply:
        mood = self._choose.random()
        if mood < 0.3:
            return Reply(503)
        if mood < 0.4:
            return Drop(processed=True)
        if mood < 0.45:
            return Hang(self._silence)
        if mood < 0.55:
            return Reset()
        return Reply(self._choose.choice((200, 201, 202, 204)), body=b"", delay=self._choose.uniform(0, 0.02))


def chaos(folder: Path, seed: int, tasks: int, outage: float) -> None:
    place = Place(folder, wide(tasks, "sleep 0.1; echo said"))
    (folder / "job.fact").write_text((folder / "job.fact").read_text() + "x: t0\n    exit 4\n\ny: x\n    :\n")
    with Receiver(Chaos(seed, 0.5)) as receiver:
        process = place.start("run", "job.fact", "-j4", "--webhook", receiver.url, "--webhook-drain", "300",
                              "--webhook-required", "--webhook-secret-env", "SIGN", "--webhook-header-env", "TOKEN",
                              SIGN=f"{SECRET} {NEXT_SECRET}", TOKEN="Authorization: Bearer let-me-in")  # fmt: skip
        receiver.wait_for(8, 60)
        receiver.stop()
        time.sleep(outage)
        receiver.start()
        _, err = process.communicate(timeout=300)
        assert process.returncode == 2, err
        assert b"not delivered" not in err
        place.check(receiver)
        assert len(receiver.requests) > len(receiver.accepted_once)
        for request in receiver.requests:
            assert request.headers["authorization"] == "Bearer let-me-in"
            assert request.headers["factc-host"] == os.uname().nodename
            for secret in (SECRET, NEXT_SECRET):
                Webhook(secret).verify(request.body, request.headers)
            with pytest.raises(WebhookVerificationError):
                Webhook(SECRET).verify(request.body + b" ", request.headers)
        record = b"".join(path.read_bytes() for path in place.directory.rglob("*") if path.is_file())
        assert not any(secret in record for secret in (SECRET.encode(), b"let-me-in"))
    assert place.factc("deliver", "last").out.endswith("nothing is missing\n")


def test_chaos_for_a_short_while(tmp_path: Path) -> None:
    chaos(tmp_path, 1, 8, 2)


@pytest.mark.large
@pytest.mark.parametrize("seed", range(4))
def test_chaos_with_a_long_outage(tmp_path: Path, seed: int) -> None:
    chaos(tmp_path, seed, 60, 60 if seed == 0 else 5)


# ---- many events


def many(folder: Path, tasks: int, posts: int, megabytes: float, *words: str) -> None:
    place = Place(folder, wide(tasks))
    with Receiver(lambda number: Reply(delay=0.02)) as receiver:
        ran = place.run(receiver.url, *words)
        over = time.time()
        assert ran.code == 0 and "webhook" not in ran.err, ran
        place.check(receiver)
        size = sum(len(request.body) for request in receiver.requests) / 1e6
        late = over - place.journal[-1].get("at", max(line.get("at", 0) for line in place.journal))
        print(f"{tasks} tasks: {len(receiver.requests)} posts, {size:.1f} MB, {late:.2f} s after the last fact")
        assert len(receiver.requests) <= posts and size <= megabytes
        assert late < 2 + tasks / 5000


def test_a_thousand_tasks(tmp_path: Path) -> None:
    many(tmp_path, 1000, 60, 25)


@pytest.mark.large
def test_ten_thousand_tasks(tmp_path: Path) -> None:
    many(tmp_path, 10_000, 200, 150, "-j4")


# ---- dead receivers, and what is delivered later


def test_a_dead_receiver_and_a_delivery_later(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with Receiver([Reply(503, Retry_After="3600")]) as receiver:  # so it is not waited for
        ran = place.run(receiver.url)
        assert ran.code == 2
        (first,) = receiver.requests
        receiver.stop()
        short = place.journal[0]["run"][:8]
        why = "it answered 503 Service Unavailable"
        lost = f"webhook {receiver.url}: 8 events with 10 changes of state not delivered: {why}"
        assert f"{lost}; later: factc deliver {short}\n" in ran.err
        assert f"factc deliver {short}" in place.factc("show", "last").out
        assert "events not delivered" in place.factc("runs").out
        told = place.events()

        failed = place.factc("deliver", short, "--patience", "0")
        assert (failed.code, failed.err) == (6, "")
        assert failed.out.endswith(": 0 events delivered; the rest is still missing: connection refused\n")
        receiver.start()
        done = place.factc("deliver", short)
        assert (done.code, done.out, done.err) == (0, f"{short}  {receiver.url}: 8 events delivered\n", "")
        assert [request.body for request in receiver.requests] == [first.body, *told]
        assert receiver.requests[1].id == first.id == next(line["id"] for line in place.journal if "seal" in line), (
            "the first id"
        )
        place.check(receiver)
        again = place.factc("deliver", short)
        assert (again.code, again.out) == (0, f"{short}  nothing is missing\n")
        assert place.factc("deliver", "--all").out == "nothing is missing\n"
        assert len(receiver.requests) == 9
        assert "events not delivered" not in place.factc("runs").out


# ---- how long it is waited for


class Clock:
    """Stands for `time` and for `Post`: a try takes as long as the endpoint does, at most what it is granted."""

    def __init__(self, answer: Answer, seconds: float) -> None:
        self.now = 0.0
        self.answer = answer
        self.seconds = seconds
        self.granted: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1e9 + self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def __call__(self, url: str, connect: float) -> Clock:
        return self

    def send(self, body: bytes, headers: dict[str, str], deadline: float) -> Answer:
        self.granted.append(deadline)
        self.now += min(self.seconds, deadline)
        return self.answer

    def close(self) -> None:
        pass


def recorded_run(place: Path, *urls: str, number: int = 0) -> Recorded:
    """A run that is over, of which nobody has got an event."""
    folder = place / f".factc/runs/20260131T02000{number}Z-{'a' * 8}"
    header = header_of("{}")
    header.endpoints = [recorded(url) for url in urls]
    steps: list[Step] = [(RunCreated(1.0),), (RunStarted(1.0),), (RunFinished(2.0, SUCCEEDED),)]
    folder.mkdir(parents=True)
    lines = [header_line(header), *(fact_line(number, step[0], more=False) for number, step in enumerate(steps, 1))]
    (folder / "events.ndjson").write_bytes(b"".join(lines))
    return next(every(StateDir(str(place / ".factc")), refuse))


@pytest.mark.parametrize("patience", [0, 0.5, 2, 7, 30, 100])
@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(None, "silent, or dripping"), 1e9),
        (Answer(None, "refused"), 0.0),
        (Answer(503, "at once"), 0.0),
        (Answer(503, "after a while"), 0.7),
        (Answer(503, "asks for a while", "1"), 0.1),
        (Answer(503, "asks for long", "60"), 0.1),
    ],
    ids=lambda value: getattr(value, "words", None),
)
def test_every_wait_is_within_what_is_left_of_patience(
    answer: Answer, seconds: float, patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(answer, seconds)
    monkeypatch.setattr("factc.webhooks.delivery.Post", clock)
    monkeypatch.setattr("factc.webhooks.redelivery.time", clock)
    with Late(recorded_run(tmp_path, "http://h/")) as late:
        outcome = late.deliver(1, "http://h/", Credentials(), lambda words: None, patience)
        long = 0.01  # what the event's own length adds
        assert clock.now <= max(patience, TRY) + long
        assert all(TRY <= granted <= DEADLINE + long for granted in clock.granted)
        assert clock.granted[0] <= max(patience, TRY) + long
        assert (outcome.dead, outcome.silent, outcome.why) == (True, answer.status is None, answer.words)
        if answer.retry_after is None and seconds < 1 and patience >= 7:
            assert len(clock.granted) > 2, "it is tried again as long as there is time"


def test_each_success_gives_new_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(Answer(200, "slow"), 1.8)
    monkeypatch.setattr("factc.webhooks.delivery.Post", clock)
    monkeypatch.setattr("factc.webhooks.redelivery.time", clock)
    with Late(recorded_run(tmp_path, "http://h/")) as late:
        outcome = late.deliver(1, "http://h/", Credentials(), lambda words: None, 2)
    assert (outcome.delivered, outcome.why, outcome.dead) == (3, "", False)
    assert clock.now == pytest.approx(5.4)


def test_all_gives_an_endpoint_up_once(tmp_path: Path) -> None:
    place = Place(tmp_path, GOOD)
    with Receiver(lambda number: 503) as busy, dead() as url:
        for number in range(3):
            recorded_run(tmp_path, busy.url, busy.url + "other", url, url + "other", number=number)
        ran = place.factc("deliver", "--all", "--patience", "0")
        assert ran.code == 6
        assert [request.path for request in busy.requests] == ["/", "/other"], "another URL may be another service"
        told = [line.partition("is still missing: ")[2] for line in ran.out.splitlines()]
        was, gone = "it answered 503 Service Unavailable", "connection refused"
        again = [f"it was given up before ({why})" for why in (was, was, gone, gone)]
        assert told == [was, was, gone, again[3], *again, *again]
        busy.script = ()
        assert place.factc("deliver", "--all", "--patience", "0").out.count(": 3 events delivered\n") == 6


def test_a_wait_after_the_end_is_said_and_can_be_left_for_later(tmp_path: Path) -> None:
    place = Place(tmp_path, GOOD)
    with Receiver([Hang()]) as receiver:
        with place.start("run", "job.fact", "--webhook", receiver.url, "--webhook-drain", "300") as process:
            said = iter(process.stderr or ())
            line = f"waiting up to 300 s for {receiver.url}, Ctrl-C: later"
            assert any(line in one.decode() for one in said)
            process.send_signal(signal.SIGINT)
            rest = b"".join(said).decode()
            assert "not delivered: it did not take them in time; later: factc deliver" in rest
        assert process.returncode == 0


def test_a_proxy_costs_no_event(tmp_path: Path) -> None:
    """One that refuses us, and one that cannot be used."""
    for name in ("refusing", "unusable"):
        place = Place(tmp_path / name, GOOD)
        with Receiver() as receiver, Receiver(lambda number: Reply(407, Retry_After="3600")) as way:
            host = way.url[7:-1]
            proxy = {"http_proxy": f"http://me:s3cret@{host if name == 'refusing' else ''}"}
            why = {
                "refusing": f"the proxy {host} answered 407 Proxy Authentication Required",
                "unusable": "the proxy of http_proxy cannot be used: the host is missing",
            }[name]
            ran = place.run(receiver.url, "--webhook-required", **proxy)
            assert ran.code == 6 and f"7 events with 7 changes of state not delivered: {why}; later: factc" in ran.err
            failed = place.factc("deliver", "last", **proxy)
            assert failed.code == 6 and failed.out.endswith(f": 0 events delivered; the rest is still missing: {why}\n")
            assert receiver.requests == [] and "s3cret" not in str([ran, failed])
            assert "7 events delivered" in place.factc("deliver", "last").out
            place.check(receiver)


def test_a_delivery_that_is_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """Long events, so that the pace has a say in how they are cut."""
    place = Place(tmp_path, wide(8, "sleep 0.15; : " + "x" * 40_000))
    with Receiver(lambda number: Reply(200 if number < 4 else 503)) as receiver:
        receiver.stop()
        place.run(receiver.url, "-j1", "--webhook-drain", "0")
        told = place.events()
        assert len(told) < len(place.changes()), "some are merged"
        receiver.start()
        assert "4 events delivered; the rest is still missing" in place.factc("deliver", "last", "--patience", "0").out
        assert place.events() == told
        receiver.script = ()
        assert place.factc("deliver", "--all").code == 0
        assert place.events() == told
        place.check(receiver)


def test_killed_in_the_middle(tmp_path: Path) -> None:
    place = Place(tmp_path, wide(200, "sleep 0.05; echo said"))
    with Receiver(lambda number: Reply(delay=0.04)) as receiver:
        process = place.start("run", "job.fact", "-j4", "--webhook", receiver.url)
        receiver.wait_for(12)
        process.kill()
        process.communicate()
        assert "died" in place.factc("show", "last").out
        done = place.factc("deliver", "last")
        assert (done.code, done.err) == (0, ""), done
        place.check(receiver)
        assert place.factc("deliver", "last").out.endswith("nothing is missing\n")


@pytest.mark.large
def test_killed_at_fifty_moments(tmp_path: Path) -> None:
    choose = random.Random(1)
    for number in range(50):
        place = Place(tmp_path / str(number), wide(80, "sleep 0.02; echo said"))
        with Receiver(lambda number: Reply(delay=choose.uniform(0, 0.1))) as receiver:
            process = place.start("run", "job.fact", "-j4", "--webhook", receiver.url)
            receiver.wait_for(1)
            time.sleep(choose.uniform(0, 1))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            assert place.factc("deliver", "last").code == 0
            place.check(receiver)


def test_a_live_run_delivers_for_itself(tmp_path: Path) -> None:
    place = Place(tmp_path, "job long\n\na:\n    exec sleep 30\n")
    with Receiver() as receiver:
        process = place.start("run", "job.fact", "--webhook", receiver.url)
        receiver.wait_for(3)
        ran = place.factc("deliver", "last")
        assert ran.code == 3 and "still runs" in ran.err
        assert place.factc("deliver", "--all").out == "nothing is missing\n"
        process.send_signal(signal.SIGTERM)
        process.communicate()
        assert process.returncode == 143
        place.check(receiver)


def test_no_event_goes_out_before_it_is_sealed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    known: list[bool] = []

    class Looks(Receiver):
        def take(self, request: Request) -> Reply:
            seals = [line["id"] for line in place.journal if "seal" in line]
            known.append(request.id in seals)
            return super().take(request)

    with Looks([503, Drop()]) as receiver:
        place.run(receiver.url)
        assert known == [True] * len(receiver.requests)
        place.check(receiver)


def test_without_a_record(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with Receiver([503] * 99) as receiver:
        ran = place.run(receiver.url, "--no-record", "--webhook-drain", "0")
        assert ran.code == 2 and "not delivered" in ran.err and "factc deliver" not in ran.err
    with Receiver() as receiver:
        assert place.run(receiver.url, "--no-record").code == 2
        assert changes(request.body for request in receiver.requests)[-1] == (None, "FAILED")


# ---- answers


def answered(
    folder: Path, *script: Reply | int, job: str = GOOD, words: Iterable[str] = ()
) -> tuple[Place, Ran, list[Request]]:
    """A run whose first requests are answered so; the requests that came."""
    place = Place(folder, job)
    with Receiver(script) as receiver:
        ran = place.run(receiver.url, *words)
        ran.err = ran.err.replace(receiver.url, "URL")
        return place, ran, receiver.requests


def test_too_large_twice(tmp_path: Path) -> None:
    job = "job good\n\na:\n    echo one\n\nb: a\n    echo two\n"
    place, ran, came = answered(tmp_path, 200, 200, 200, 413, 413, job=job)
    assert ran.code == 0, ran
    whole, bare, barest = came[3:6]
    assert len({whole.id, bare.id, barest.id}) == 3
    assert {request.headers["factc-seq"] for request in came[3:6]} == {"4"}
    assert changes([whole.body]) == changes([bare.body]) == changes([barest.body]) == [("a", "SUCCEEDED")]
    outputs = [[task.get("stdout") for task in request.data["taskStates"]] for request in (whole, bare, barest)]
    assert outputs == [["one", None], [None, None], [None, None]]
    assert [bool(request.data["factfile"]) for request in (whole, bare, barest)] == [True, True, False]
    assert whole.data["jobReference"] == barest.data["jobReference"]
    phrase = HTTPStatus(413).phrase
    assert [line.partition("URL: ")[2] for line in ran.err.splitlines() if "URL" in line] == [
        "it answered 413: an event is too large for it; it is sent again without the output of tasks",
    ], phrase
    assert place.events() == [request.body for request in came if request.accepted]
    assert "7 events delivered\n" in place.factc("show", "last").out


def test_too_large_thrice(tmp_path: Path) -> None:
    place, ran, came = answered(tmp_path, 200, 200, 200, 413, 413, 413, words=["--webhook-required"])
    assert ran.code == 6, ran
    assert f"it answered 413 {HTTPStatus(413).phrase}; that event is passed by" in ran.err
    assert "1 event with 1 change of state not delivered: it answered 413" in ran.err
    assert [request.headers["factc-seq"] for request in came] == ["1", "2", "3", "4", "4", "4", "5", "6", "7"]
    assert place.events() == [request.body for request in came if request.accepted or request is came[5]]
    shown = place.factc("show", "last").out
    assert f"6 events delivered, 1 refused (it answered 413 {HTTPStatus(413).phrase})" in shown
    assert "factc deliver" not in shown
    assert place.factc("deliver", "last").out.endswith("nothing is missing\n")


def test_too_large_when_delivered_later(tmp_path: Path) -> None:
    place = Place(tmp_path, GOOD)
    with Receiver([503] * 99) as receiver:
        place.run(receiver.url, "--webhook-drain", "0")
        receiver.script = lambda number: 413 if b'"factfile":""' not in receiver.requests[-1].body else 200
        assert place.factc("deliver", "last").code == 0
        assert [request.body for request in receiver.accepted_once] == place.events()
        assert changes(place.events()) == place.changes()


def test_unauthorized(tmp_path: Path) -> None:
    place = Place(tmp_path, GOOD)
    with Receiver([200, 200, 401]) as receiver:
        ran = place.run(receiver.url, "--webhook-required", "--webhook-secret-env", "SIGN", SIGN=SECRET)
        assert ran.code == 6
        assert ran.err.count("nothing more is sent to it in this run") == 1, ran
        assert "5 events with 5 changes of state not delivered: it answered 401 Unauthorized; later: factc" in ran.err
        assert len(receiver.requests) == 3
        assert "2 events delivered, it answered 401 Unauthorized, some are missing" in place.factc("show", "last").out
        unsigned = place.factc("deliver", "last")
        assert unsigned.code == 3 and "the variable SIGN is not set" in unsigned.err
        done = place.factc("deliver", "last", "--webhook-header-env", "TOKEN", TOKEN="X-Key: right", SIGN=NEXT_SECRET)
        assert done.code == 0 and "5 events delivered" in done.out
        assert receiver.requests[3].id == receiver.requests[2].id
        assert {request.headers.get("x-key") for request in receiver.requests[3:]} == {"right"}
        for number, request in enumerate(receiver.requests):
            Webhook(SECRET if number < 3 else NEXT_SECRET).verify(request.body, request.headers)
        place.check(receiver)


def test_a_redirect_or_a_page_that_is_not_there(tmp_path: Path) -> None:
    for name, reply in (("moved", Reply(308, Location="http://127.0.0.1:9/new")), ("missing", Reply(404))):
        place = Place(tmp_path / name, GOOD)
        with Receiver([reply]) as receiver:
            ran = place.run(receiver.url)
            assert ran.code == 0, "webhooks are not the job's business"
            assert ran.err.count("; nothing more is sent to it in this run\n") == 1 and len(receiver.requests) == 1
            moved = "a redirect to http://127.0.0.1:9/new, which events do not follow: give the final URL"
            assert (moved in ran.err) is (name == "moved")
            assert place.factc("deliver", "last").code == 0
            place.check(receiver)


def test_gone(tmp_path: Path) -> None:
    place = Place(tmp_path, GOOD)
    with Receiver([200, 410]) as receiver:
        ran = place.run(receiver.url)
        assert ran.code == 0 and "6 events with 6 changes of state not delivered: it answered 410 Gone" in ran.err
        done = place.factc("deliver", "last")
        assert done.code == 0 and done.out.endswith(": it answered 410, it wants no more events\n"), done
        assert place.factc("deliver", "--all").out == "nothing is missing\n"
        assert len(receiver.requests) == 2
        assert "1 event delivered, it answered 410 Gone\n" in place.factc("show", "last").out
        assert changes(place.events()) == place.changes(), "they can be read still"


def test_refused_ones_are_passed_by(tmp_path: Path) -> None:
    place, ran, came = answered(tmp_path, 200, 200, 400, 422, 451)
    assert ran.code == 0, ran
    for status in (400, 422, 451):
        assert f"it answered {status} {HTTPStatus(status).phrase}; that event is passed by" in ran.err
    assert len(came) == 7 and [request.accepted for request in came] == [True] * 2 + [False] * 3 + [True] * 2
    assert [line["why"][:15] for line in place.journal if "passed" in line] == [
        "it answered 400", "it answered 422", "it answered 451",
    ]  # fmt: skip
    assert place.events() == [request.body for request in came]
    assert place.factc("deliver", "last").out.endswith("nothing is missing\n")


def test_required_events_and_exit_codes(tmp_path: Path) -> None:
    with dead() as url:
        for job, words, code in ((GOOD, [], 0), (GOOD, ["--webhook-required"], 6), (JOB, ["--webhook-required"], 2)):
            ran = Place(tmp_path, job).run(url, "--webhook-drain", "0.1", *words)
            assert ran.code == code and "not delivered" in ran.err, ran
    with Receiver() as receiver:
        assert Place(tmp_path, GOOD).run(receiver.url, "--webhook-required").code == 0


# ---- what must not be seen


def test_a_url_with_more_to_it_than_is_shown(tmp_path: Path) -> None:
    place = Place(tmp_path, GOOD)
    with Receiver([500] * 9) as receiver:
        secret = receiver.url.replace("://", "://me:pass%40word@") + f"in?token={HIDDEN}"
        shown = receiver.url + "in"
        ran = place.run(secret, "--webhook-drain", "0")
        assert f"webhook {shown}: " in ran.err
        wrong = secret.replace(HIDDEN, "other")
        asked, refused = place.factc("deliver", "last"), place.factc("deliver", "last", "--webhook", wrong)
        assert asked.code == refused.code == 3
        assert f"the webhook {shown} had credentials or a query, which no record holds" in asked.err
        assert f"no URL that was given is that of the webhook {shown}" in refused.err
        assert place.factc("deliver", "--all").code == 3
        receiver.script = ()
        done = place.factc("deliver", "last", f"--webhook={secret}")
        assert done.code == 0 and f"  {shown}: 7 events delivered\n" in done.out
        place.check(receiver)
        assert {request.path for request in receiver.requests} == {f"/in?token={HIDDEN}"}
        everything = [ran, asked, refused, done, place.factc("show", "last"), place.factc("show", "last", "--format", "json"),
                      place.factc("runs", "--format", "json"), place.factc("events", "last")]  # fmt: skip
        texts = [one.raw_out + one.raw_err for one in everything]
        texts += [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]
        for word in (HIDDEN, "pass%40word", "pass@word", "me:"):
            assert not any(word.encode() in text for text in texts), word


# ---- events, told again


def test_the_journal_is_enough(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with Receiver([503]) as receiver:
        place.run(receiver.url)
        told = place.events()
        for path in sorted(place.directory.rglob("*"), reverse=True):
            if path.name != "events.ndjson":
                path.rmdir() if path.is_dir() else path.unlink()
        (tmp_path / "job.fact").unlink()
        assert place.events() == told
        place.check(receiver)
        # What was sealed aside, the same events are told: a receiver that answers at once is the rule.
        lines = (place.directory / "events.ndjson").read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith((b'{"seal"', b'{"ack"'))]
        (place.directory / "events.ndjson").write_bytes(b"".join(kept))
        assert place.events() == told


def test_followed_while_it_goes_on(tmp_path: Path) -> None:
    """Without a webhook, with a prompt one, with a slow one that gets merged events, and with a dead one."""
    job = wide(30, "sleep 0.05; echo said")
    with (
        Receiver() as prompt,
        Receiver(lambda number: Reply(delay=1.2 if number == 1 else 0.05)) as slow,
        dead() as url,
    ):
        urls = {"none": [], "prompt": [prompt.url], "slow": [slow.url], "dead": [url]}
        places = {name: Place(tmp_path / name, job) for name in urls}
        runs = [places[name].start("run", "job.fact", "-j3", "--output", "quiet", "--webhook-drain", "3",
                                   *(word for one in urls[name] for word in ("--webhook", one))) for name in urls]  # fmt: skip
        for place in places.values():
            until(lambda place=place: list(place.folder.glob(".factc/runs/*/events.ndjson")))  # type: ignore[misc]
        following = {name: place.start("events", "last", "--follow") for name, place in places.items()}
        for run in runs:
            run.communicate(timeout=60)
        for name, process in following.items():
            out, err = process.communicate(timeout=PATIENCE)
            assert (process.returncode, err) == (0, b""), err
            assert out.splitlines() == places[name].events(), name
            assert changes(out.splitlines()) == places[name].changes(), name
        places["slow"].check(slow)
        assert len(slow.requests) < len(prompt.requests), "some were merged"


def test_following_shows_events_before_the_end(tmp_path: Path) -> None:
    place = Place(tmp_path, "job long\n\na:\n    echo x\n\nb: a\n    exec sleep 30\n")
    for words in ([], ["--webhook", "URL"]):
        with Receiver() as receiver:
            run = place.start("run", "job.fact", *(receiver.url if word == "URL" else word for word in words))
            until(lambda: place.factc("events", "last").raw_out.count(b"\n") >= 5)
            follow = place.start("events", "last", "--follow")
            assert follow.stdout and len([follow.stdout.readline() for _ in range(5)]) == 5
            run.terminate()
            rest, _ = follow.communicate(timeout=PATIENCE)
            run.communicate()
            assert changes(rest.splitlines())[-1] == (None, "FAILED")
        (tmp_path / ".factc").rename(tmp_path / f"seen{len(words)}")


def test_two_endpoints(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with Receiver([503]) as one, Receiver([413, 413]) as two:
        place.run(one.url, "--webhook", two.url)
        place.check(one)
        place.check(one, "--endpoint", "1")
        accepted = [request.body for request in two.accepted]
        assert accepted == place.events("--endpoint", "2") != place.events()
        ran = place.factc("events", "last", "--endpoint", "3")
        assert ran.code == 3 and "has 2 webhooks, no number 3" in ran.err
        assert not {request.id for request in one.requests} & {request.id for request in two.requests}


def test_heartbeats_leave_no_trace(tmp_path: Path) -> None:
    place = Place(tmp_path, "job slow\n\na:\n    echo so far; until test -e seen; do sleep 0.02; done\n")

    def seen(number: int) -> Reply:
        if b'"stdout":"so far"' in receiver.requests[-1].body:
            (tmp_path / "seen").touch()
        return Reply()

    with Receiver(seen) as receiver:
        assert place.run(receiver.url, "--heartbeat-interval", "0.05", "--webhook-drain", "60").code == 0
        beats = [request for request in receiver.requests if "factc-seq" not in request.headers]
        assert any(beat.data["taskStates"][0].get("stdout") == "so far" for beat in beats)
        record = (place.directory / "events.ndjson").read_text()
        assert not any(beat.id in record for beat in beats)
        assert [r.body for r in receiver.accepted_once if r not in beats] == place.events()


def test_a_run_that_goes_on_with_another(tmp_path: Path) -> None:
    place = Place(tmp_path, "job again\n\na:\n    echo one\n\nb: a\n    test -e mended\n")
    with Receiver() as receiver:
        assert place.run(receiver.url).code == 2
        first = len(receiver.requests)
        (tmp_path / "mended").touch()
        assert place.factc("resume").code == 0
        bodies = [request.body for request in receiver.requests[first:]]
        assert changes(bodies)[2:-1] == [("b", "RUNNING"), ("b", "SUCCEEDED")]
        assert [request.headers["factc-seq"] for request in receiver.requests[first:]] == list("12345")
        told = place.factc("events", "last").raw_out.splitlines()
        assert told == bodies and b'"taskName":"a"' in told[0]


# ---- what the manual shows


def test_the_snippet_for_receivers_works() -> None:
    code = next(block.text for block in blocks(ROOT / "docs" / "events.md") if block.language == "python")
    names: dict[str, Any] = {}
    exec(code, names)
    at, body = int(time.time()), b'{"schema":"x","data":{"a":"\xc3\xa9"}}'
    from factc.webhooks.signing import signers

    signature = " ".join(sign("msg_1", at, body) for sign in signers([SECRET, NEXT_SECRET]))
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}
    for secret in (SECRET, NEXT_SECRET):
        assert names["is_genuine"](secret, headers, body)
    assert not names["is_genuine"](SECRET, headers, body + b" ")
    assert not names["is_genuine"](SECRET, headers | {"webhook-id": "msg_2"}, body)
    assert not names["is_genuine"](SECRET, headers | {"webhook-timestamp": str(at - 600)}, body)


def test_the_manual_names_every_header() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    sent = re.findall(r'"((?:webhook|factc)-[a-z]+)"', (ROOT / "factc" / "webhooks" / "delivery.py").read_text())
    assert len(sent) == 5 and all(f"| `{header}` |" in text for header in sent)


# ---- a retelling gives what was sent


texts = st.one_of(st.none(), st.text(st.characters(), max_size=5))
TASKS = 4


@st.composite
def steps_of_a_run(draw: st.DrawFn) -> list[Step]:
    """Steps with a grain of sense: the job begins, tasks do anything at any time, and perhaps it ends."""
    at = draw(st.floats(1e9, 2e9))

    def later() -> float:
        nonlocal at
        at += draw(st.sampled_from((0.0, 0.001, 0.2, 0.3, 3.0, 40.0)))
        return at

    def fact() -> Any:
        kind, task = draw(st.integers(0, 3)), draw(st.integers(0, TASKS - 1))
        if kind == 0:
            return TaskStarted(later(), task, draw(st.integers(1, 3)))
        if kind == 1:
            return TaskSkipped(later(), task, draw(st.text(max_size=5)))
        if kind == 2:
            return RunStopped(later(), "it was stopped")
        state = draw(st.sampled_from((SUCCEEDED, FAILED)))
        return TaskEnded(later(), task, state, draw(st.integers(-9, 300)), 1 / 3, draw(texts), draw(texts), draw(texts))

    beginning: list[Step] = [(RunCreated(later()),), (RunStarted(later()),)]
    middle = [tuple(fact() for _ in range(draw(st.integers(1, 3)))) for _ in range(draw(st.integers(0, 12)))]
    end: list[Step] = [(RunFinished(later(), SUCCEEDED),)] if draw(st.booleans()) else []
    return [*beginning, *middle, *end]


def header_of(factfile: str) -> RunHeader:
    return RunHeader(
        run="a" * 64, reference="j", job="ein “job” \ud800", at=1e9, version="0.1.0", host="h", pid=1, directory="/",
        names=[f"task {n} ☃" for n in range(TASKS)], order=[2, 0, 1, 3], tags={"b": "2", "a": "1"}, factfile=factfile,
        endpoints=[{"url": "http://h/", "sha256": "x"}],
    )  # fmt: skip


def read(header: RunHeader, steps: Iterable[Step], seals: Iterable[Seal] = ()) -> Journal:
    """A journal with these steps and seals, written and read."""
    lines, number = [header_line(header)], 0
    for step in steps:
        for place, fact in enumerate(step, 1):
            number += 1
            lines.append(fact_line(number, fact, more=place < len(step)))
    lines += [seal_line(1, seal) for seal in seals]
    journal = Journal()
    journal.feed(b"".join(lines))
    return journal


@settings(max_examples=draws(200), deadline=None)
@given(steps_of_a_run(), st.data())
def test_whatever_was_cut_and_sealed_is_told_again(steps: list[Step], data: st.DataObject) -> None:
    header = header_of('{"a": "ü"}')
    wire, sent, seals, waiting, number = Wire(wire_header(header), TASKS), [], [], [], 0
    for step in steps:
        number += len(step)
        if transitions(step):
            waiting.append(step)
        if waiting and (is_job(step) or data.draw(st.booleans(), "cut here")):
            jobs = [one for one in waiting if is_job(one)]
            parts = [[one for one in waiting if not is_job(one)], jobs] if jobs else [waiting]
            for part in filter(None, parts):
                last = number - (sum(map(len, jobs)) if part is not jobs and jobs else 0)
                body = wire.event(part)
                without = data.draw(st.sampled_from((WHOLE, WITHOUT_OUTPUT, WITHOUT_FACTFILE)))
                sent.append(wire.again(without) if without else body)
                seals.append(Seal(len(seals) + 1, f"msg_{len(seals)}", last, without))
            waiting = []
    journal = read(header, steps, seals)
    telling = Retelling(journal, 1)
    told = list(telling.sealed())
    assert [event.body for event in told] == sent
    assert [event.id for event in told] == [seal.id for seal in seals]
    rest = [event.body for event in telling.unsealed()]
    assert changes(sent + rest) == changes(event.body for event in Retelling(read(header, steps), 1).unsealed())


@settings(max_examples=draws(100), deadline=None)
@given(steps_of_a_run(), st.sampled_from((0, 100_000, 700_000)), st.data())
def test_what_is_told_before_it_is_sealed_stays_so(steps: list[Step], size: int, data: st.DataObject) -> None:
    header = header_of("x" * size)
    told = list(Retelling(read(header, steps), 1).unsealed())
    count = data.draw(st.integers(0, len(told)))
    seals = [Seal(event.number, "msg", event.last) for event in told[:count]]
    telling = Retelling(read(header, steps, seals), 1)
    again = [*telling.sealed(), *telling.unsealed()]
    assert [event.body for event in again] == [event.body for event in told]
    assert [(event.number, event.last) for event in again] == [(event.number, event.last) for event in told]


@settings(max_examples=draws(100), deadline=None)
@given(steps_of_a_run(), st.sampled_from((0, 700_000)), st.data())
def test_a_journal_that_grows_is_told_as_a_whole_one(steps: list[Step], size: int, data: st.DataObject) -> None:
    """As `factc events --follow` does without a webhook: what is due meanwhile is told, the rest at the end."""
    header = header_of("x" * size)
    journal = read(header, steps[:1])
    telling, bodies = Retelling(journal, 1), []
    whole = read(header, steps)
    for at in range(1, len(steps)):
        now = steps[at - 1][-1].at
        bodies += [event.body for event in telling.unsealed(data.draw(st.floats(now - 1, min(now, steps[at][0].at))))]
        journal.steps.append(whole.steps[at])
        journal.last.append(whole.last[at])
    bodies += [event.body for event in telling.unsealed()]
    assert bodies == [event.body for event in Retelling(whole, 1).unsealed()]
