"""Delivery to real receivers on loopback that fail in every way."""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from factc.events import RunCreated, RunFinished, RunStarted, RunStopped, Step, TaskEnded, TaskStarted
from factc.events.payload import Header, job_reference, run_reference
from factc.events.state import FAILED, SUCCEEDED
from factc.urls import check_url, shown_url
from factc.webhooks.client import Answer, Post
from factc.webhooks.policy import Backoff
from factc.webhooks.worker import LINGER, Report, Webhook
from tests.patience import until
from tests.receiver import Drop, Hang, Receiver, Reply, Reset, Trickle
from tests.receiver import changes as changes_of

CREATED: Step = (RunCreated(0.0),)
BEGUN: Step = (RunStarted(0.0),)
FINISHED: Step = (RunFinished(9.0, SUCCEEDED),)
QUICK = Backoff(base=0.01, most=0.05)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Said(list[str]):
    """What the user was told."""

    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def said() -> Iterator[Said]:
    yield Said()


def header(tasks: int) -> Header:
    names = tuple(f"task number {number}" for number in range(tasks))
    return Header("job", job_reference("{}", {}), run_reference("u"), "0.1.0", "{}", {}, names)


def webhook(url: str, say: Said, tasks: int = 3, deadline: float = 5.0, backoff: Backoff = QUICK) -> Webhook:
    return Webhook(url, header(tasks), tasks, say, host="here", deadline=deadline, backoff=backoff)


def tasks_one_by_one(count: int) -> list[Step]:
    steps: list[Step] = []
    for task in range(count):
        steps += [(TaskStarted(1.0, task),), (TaskEnded(2.0, task, SUCCEEDED, 0, 1.0),)]
    return steps


def closed(hook: Webhook, drain: float) -> tuple[Report, float]:
    """What it tells at its end, and how long that waits at the most: here not at all."""
    waits: list[float | None] = []
    hook._thread.join = waits.append  # type: ignore[method-assign]
    report = hook.close(drain)
    return report, max((math.inf if wait is None else wait for wait in waits), default=0.0)


def run(hook: Webhook, tasks: int = 3) -> int:
    """Puts a whole run's steps; how many there were."""
    steps = [CREATED, BEGUN, *tasks_one_by_one(tasks), FINISHED]
    for step in steps:
        hook.step(step)
    return len(steps)


def changes(receiver: Receiver) -> list[tuple[str | None, str]]:
    """All changes of state that were accepted, in order, without what was sent again."""
    return changes_of(request.body for request in receiver.accepted_once)


def all_changes(tasks: int = 3) -> list[tuple[str | None, str]]:
    of_tasks = [(f"task number {n}", state) for n in range(tasks) for state in ("RUNNING", "SUCCEEDED")]
    return [(None, "WAITING"), (None, "RUNNING"), *of_tasks, (None, "SUCCEEDED")]


# --- delivery -----------------------------------------------------------------------------------------


def test_all_events_in_order_each_with_its_headers(said: Said) -> None:
    with Receiver() as receiver:
        hook = webhook(receiver.url + "in?aid=x&u=a%2Fb+c", said)
        count = run(hook)
        report = hook.close(5)
        assert report.line() is None
        assert changes(receiver) == all_changes()
        assert len(receiver.requests) == count
        assert len({request.id for request in receiver.requests}) == count
        assert [request.headers["factc-seq"] for request in receiver.requests] == [str(n + 1) for n in range(count)]
        for request in receiver.requests:
            assert request.path == "/in?aid=x&u=a%2Fb+c"
            assert request.headers["content-type"] == "application/json; charset=utf-8"
            assert request.headers["user-agent"] == "factc/0.1.0"
            assert request.headers["factc-host"] == "here"
            assert request.id.startswith("msg_")
            assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
            assert "authorization" not in request.headers
    assert said == []


def test_one_connection_serves_all_events(said: Said) -> None:
    with Receiver([Reply(204, body=b""), Reply(202), Reply(200, body=b"")]) as receiver:
        hook = webhook(receiver.url, said)
        run(hook)
        hook.step((RunStopped(9.0, "stopped"),))
        assert hook.close(5).line() is None
        assert receiver._server and len(receiver._server.ever) == 1


@pytest.mark.parametrize("failure", [503, 408, 425, 429, Drop(), Drop(processed=True), Reset()], ids=str)
def test_a_failed_event_is_tried_again_with_the_same_id_and_body(failure: Reply | int, said: Said) -> None:
    with Receiver([200, failure, failure]) as receiver:
        hook = webhook(receiver.url, said)
        count = run(hook)
        assert hook.close(5).line() is None
        tries = receiver.requests[1:4]
        assert len({request.id for request in tries}) == len({request.body for request in tries}) == 1
        assert {request.headers["factc-seq"] for request in tries} == {"2"}
        assert changes(receiver) == all_changes()
        assert len(receiver.requests) == count + 2
    assert len(said) == 1  # from the second failure on, and once for its kind
    assert said[0].startswith(f"webhook {receiver.url}: ")
    assert said[0].endswith("; sending is tried again")


def test_a_single_hiccup_is_not_worth_a_line(said: Said) -> None:
    with Receiver([503, 200, Drop()]) as receiver:
        hook = webhook(receiver.url, said)
        run(hook)
        assert hook.close(5).line() is None
    assert said == []


def test_retry_after_is_granted(said: Said) -> None:
    with Receiver([Reply(503, Retry_After="1")]) as receiver:
        hook = webhook(receiver.url, said)
        hook.step(CREATED)
        first, second = receiver.wait_for(2)
        assert second.at - first.at >= 0.95
        assert hook.close(5).line() is None


def test_a_receiver_that_comes_back_gets_everything(said: Said) -> None:
    with Receiver() as receiver:
        hook = webhook(receiver.url, said)
        hook.step(CREATED)
        receiver.wait_for(1)
        receiver.stop()
        for step in [BEGUN, *tasks_one_by_one(3)]:
            hook.step(step)
        time.sleep(0.1)
        receiver.start()
        hook.step(FINISHED)
        assert hook.close(5).line() is None
        assert changes(receiver) == all_changes()
    assert said == [f"webhook {receiver.url}: connection refused; sending is tried again"]


# --- endpoints that stop, refuse or mislead ---------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_some_answers_stop_the_endpoint(status: int, said: Said) -> None:
    with Receiver([200, status]) as receiver:
        hook = webhook(receiver.url, said)
        count = run(hook)
        report = hook.close(5)
        assert (report.events, report.transitions) == (count - 1, count - 1)
        assert report.later is (status != 410)
        assert len(receiver.requests) == 2
    assert len(said) == 1
    assert f"it answered {status}" in said[0]
    assert said[0].endswith("; nothing more is sent to it in this run")
    assert f"{count - 1} events with {count - 1} changes of state not delivered: it answered {status}" in str(
        report.line()
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, said: Said) -> None:
    with Receiver() as other, Receiver([Reply(status, Location=other.url + "new?token=x")]) as receiver:
        hook = webhook(receiver.url, said)
        run(hook)
        report = hook.close(5)
        assert other.requests == []
        assert len(receiver.requests) == 1
        assert report.events == 9
        assert f"a redirect to {other.url}new, which events do not follow: give the final URL" in report.why


def test_a_refused_event_is_passed_by(said: Said) -> None:
    with Receiver([200, 200, 400, 422]) as receiver:
        hook = webhook(receiver.url, said)
        run(hook)
        report = hook.close(5)
        expected = all_changes()
        assert changes(receiver) == expected[:2] + expected[4:]
        assert (report.events, report.transitions, report.later) == (2, 2, False)
        assert len(receiver.requests) == 9
    assert [line.partition(": ")[2] for line in said] == [
        "it answered 400 Bad Request; that event is passed by",
        f"it answered 422 {HTTPStatus(422).phrase}; that event is passed by",
    ]
    assert str(report.line()).endswith("2 events with 2 changes of state not delivered: " + report.why)


@pytest.mark.parametrize("reply", [Hang(), Trickle()], ids=["hang", "trickle"])
def test_an_endless_answer_is_given_up_at_the_deadline(reply: Reply, said: Said) -> None:
    with Receiver([reply, reply]) as receiver:
        hook = webhook(receiver.url, said, deadline=0.3)
        hook.step(CREATED)
        first, second, third = receiver.wait_for(3)
        assert first.id == second.id == third.id
        assert hook.close(5).line() is None
    assert [line.partition(": ")[2] for line in said] == ["it gave no answer in time; sending is tried again"]


def test_the_status_counts_even_if_the_rest_of_the_answer_never_comes(said: Said) -> None:
    with Receiver([Trickle(status_first=True)]) as receiver:
        hook = webhook(receiver.url, said, deadline=10)
        hook.step(CREATED)
        hook.step(BEGUN)
        assert len(receiver.wait_for(2)) == 2
        assert hook.close(5).line() is None
        assert len(receiver.accepted) == 2


# --- closing --------------------------------------------------------------------------------------------


def test_a_dead_receiver_delays_the_end_by_no_more_than_the_drain(said: Said) -> None:
    with Receiver() as receiver:
        url = receiver.url
    hook = webhook(url, said, 10)
    count = run(hook, 10)
    until(lambda: hook._problem)
    report, waits = closed(hook, 0.3)
    assert 0 < waits <= 0.3
    assert report.line() == f"webhook {url}: {count} events with {count} changes of state not delivered: {report.why}"
    assert (report.why, report.later) == ("connection refused", True)


def test_a_hanging_receiver_delays_the_end_by_no_more_than_the_drain(said: Said) -> None:
    with Receiver([200, Hang()]) as receiver:
        hook = webhook(receiver.url, said, deadline=60)
        run(hook)
        receiver.wait_for(2)
        report, waits = closed(hook, 0.2)
        assert 0 < waits <= 0.2
        assert report.events == 8
        assert report.why == "it did not take them in time"


def test_the_end_cuts_a_long_wait_short(said: Said) -> None:
    with Receiver([503]) as receiver:
        hook = webhook(receiver.url, said, backoff=Backoff(base=1e6, most=1e6))
        hook.step(CREATED)
        receiver.wait_for(1)
        time.sleep(0.05)
        assert hook.close(5).line() is None
        assert len(receiver.requests) == 2


def test_a_first_answer_after_the_end_is_followed_by_one_more_try_at_once(said: Said) -> None:
    with Receiver([Reply(503, delay=0.2)]) as receiver:
        hook = webhook(receiver.url, said, backoff=Backoff(base=1e6, most=1e6))
        hook.step(CREATED)
        receiver.wait_for(1)
        assert hook.close(5).line() is None
        assert len(receiver.requests) == 2


def test_after_the_end_no_try_takes_much_longer_than_the_drain(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    granted: list[float] = []

    class Counted(Post):
        def send(self, body: bytes, headers: dict[str, str], deadline: float) -> Answer:
            granted.append(deadline)
            return super().send(body, headers, deadline)

    with Receiver([503]) as receiver:
        monkeypatch.setattr("factc.webhooks.delivery.Post", Counted)
        hook = webhook(receiver.url, said, deadline=60, backoff=Backoff(base=1e6, most=1e6))
        hook.step(CREATED)
        receiver.wait_for(1)
        hook.step(BEGUN)
        assert hook.close(20).line() is None
        assert granted[0] > 60 and 1 < max(granted[1:]) <= 20 + LINGER + 0.1 and len(granted) == 3


def test_the_drain_can_be_given_up(said: Said) -> None:
    with Receiver([Hang()]) as receiver:
        hook = webhook(receiver.url, said, deadline=60)
        run(hook)
        receiver.wait_for(1)
        hook.finish(30)
        assert hook.busy
        report, waits = closed(hook, 0)
        assert (report.events, waits) == (9, 0)


def test_a_wish_to_wait_longer_than_the_drain_ends_it_at_once(said: Said) -> None:
    with Receiver([Reply(429, Retry_After="60")]) as receiver:
        hook = webhook(receiver.url, said)
        run(hook)
        receiver.wait_for(1)
        hook.finish(59)
        until(lambda: not hook.busy)
        report = hook.close(0)
        assert (report.events, report.why) == (9, "it answered 429 Too Many Requests")


def test_a_process_ends_although_its_receiver_hangs() -> None:
    code = """if True:
        import sys, time
        from factc.events import RunCreated
        from factc.webhooks.worker import Webhook
        from factc.events.payload import Header
        hook = Webhook(sys.argv[1], Header("j", "r", "r", "0.1.0", "", {}, ["a"]), 1, print, host="here")
        hook.step((RunCreated(0.0),))
        while not hook._number:
            time.sleep(0.01)
        print(hook.close(0.05).line(), flush=True)
        """
    with Receiver([Hang()]) as receiver:
        command = [sys.executable, "-W", "error", "-c", code, receiver.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, cwd=Path(__file__).parents[1])
        expected = "1 event with 1 change of state not delivered: it did not take them in time"
        assert (done.returncode, done.stdout, done.stderr) == (0, f"webhook {receiver.url}: {expected}\n", "")


def test_endpoints_do_not_know_each_other(said: Said) -> None:
    with Receiver() as good, Receiver([Hang()] * 9) as hanging, Receiver([410]) as gone:
        hooks = [webhook(receiver.url, said, deadline=60) for receiver in (hanging, gone, good)]
        for hook in hooks:
            run(hook)
        assert len(good.wait_for(9)) == 9
        until(lambda: not hooks[1].busy and hooks[2]._events_done == 9)
        for hook in hooks:
            hook.finish(0.3)
        reports, waits = zip(*[closed(hook, 0.3) for hook in hooks], strict=True)
        assert max(waits) <= 0.3
        assert [report.events for report in reports] == [9, 9, 0]


def test_nothing_was_to_be_delivered(said: Said) -> None:
    hook = webhook("http://127.0.0.1:9/", said)
    assert hook.close(10).line() is None
    assert said == []


def test_a_url_that_cannot_be_used_after_all_does_no_harm(said: Said) -> None:
    hook = webhook("http://user:secret@a..b/?token=x", said)
    run(hook)
    why = "its URL cannot be used: `a..b` is no name of a host"
    assert hook.close(5).why == why
    assert said == [f"webhook http://a..b/: {why}; nothing more is sent to it in this run"]


# --- heartbeats ------------------------------------------------------------------------------------------


def until_idle(hook: Webhook) -> None:
    until(lambda: hook._idle and not hook._inbox)


def test_a_heartbeat_says_what_runs(said: Said) -> None:
    with Receiver() as receiver:
        hook = webhook(receiver.url, said)
        for step in (CREATED, BEGUN, (TaskStarted(1.0, 0), TaskStarted(1.0, 2))):
            hook.step(step)
        receiver.wait_for(3)
        until_idle(hook)
        hook.heartbeat(3.5, {0: ("half", ""), 2: ("", "oh")})
        beat = receiver.wait_for(4)[3]
        assert "factc-seq" not in beat.headers
        assert beat.id.startswith("msg_")
        assert beat.data["runDuration"] == "PT3.5S"
        assert [c["currentState"] for c in beat.data["taskTransitions"]] == ["RUNNING", "RUNNING"]
        assert [task.get("stdout") for task in beat.data["taskStates"]] == ["half", None, None]
        hook.step((TaskEnded(4.0, 0, SUCCEEDED, 0, 3.0),))
        assert receiver.wait_for(5)[4].headers["factc-seq"] == "4"
        assert hook.close(5).line() is None


def test_a_heartbeat_is_dropped_when_anything_waits(said: Said) -> None:
    with Receiver([200, 200, Reply(delay=0.2)]) as receiver:
        hook = webhook(receiver.url, said)
        for step in (CREATED, BEGUN, (TaskStarted(1.0, 0),)):
            hook.step(step)
        hook.heartbeat(1.5, {0: ("a", "")})  # behind the steps
        receiver.wait_for(3)
        hook.heartbeat(2.0, {0: ("b", "")})  # beside an event under way
        hook.step((TaskEnded(3.0, 0, SUCCEEDED, 0, 2.0),))
        hook.heartbeat(3.0, {})
        assert hook.close(5).line() is None
        assert [request.headers.get("factc-seq") for request in receiver.requests] == ["1", "2", "3", "4"]


def test_a_lost_heartbeat_is_lost(said: Said) -> None:
    with Receiver([200, 200, 200, 503]) as receiver:
        hook = webhook(receiver.url, said)
        for step in (CREATED, BEGUN, (TaskStarted(1.0, 0),)):
            hook.step(step)
        receiver.wait_for(3)
        until_idle(hook)
        hook.heartbeat(2.0, {0: ("a", "")})
        receiver.wait_for(4)
        hook.step((TaskEnded(3.0, 0, SUCCEEDED, 0, 2.0),))
        assert hook.close(5).line() is None
        assert [request.headers.get("factc-seq") for request in receiver.requests] == ["1", "2", "3", None, "4"]
    assert said == []


# --- many events -------------------------------------------------------------------------------------------


def test_a_thousand_steps_to_a_slow_receiver_are_merged(said: Said) -> None:
    with Receiver(lambda number: Reply(delay=0.02)) as receiver:
        hook = webhook(receiver.url, said, tasks=1000)
        count = 0
        for step in [CREATED, BEGUN, *tasks_one_by_one(1000)[:997], FINISHED]:
            hook.step(step)
            count += 1
            if count % 5 == 0:
                time.sleep(0.002)
        report = hook.close(60)
        assert count == 1000
        assert report.line() is None
        assert changes(receiver) == [*all_changes(1000)[:999], (None, "SUCCEEDED")]
        assert len(receiver.requests) <= 60
        assert sum(len(request.body) for request in receiver.requests) <= 25_000_000


def test_the_first_failure_goes_out_at_once_from_a_paced_endpoint(said: Said) -> None:
    with Receiver() as receiver:
        hook = webhook(receiver.url, said, tasks=3000)  # some 150 kB an event: a pace of over a second
        for step in [CREATED, BEGUN, *tasks_one_by_one(10)]:
            hook.step(step)
        until(lambda: hook._pace.due() == math.inf and hook._listening and not hook._inbox)
        hook.step((TaskStarted(1.0, 20),))  # goes at once or waits for the pace, as it may be
        receiver_had = len(receiver.requests)
        hook.step((TaskEnded(2.0, 20, FAILED, 1, 1.0, "exit code 1"),))
        receiver.wait_for(receiver_had + 1)
        until(lambda: "FAILED" in json.dumps(receiver.requests[-1].data["taskTransitions"]))
        assert hook.close(5).line() is None


def test_a_step_costs_the_job_next_to_nothing_while_the_receiver_is_dead(said: Said) -> None:
    hook = webhook("http://127.0.0.1:9/", said, tasks=10)
    steps = tasks_one_by_one(10) * 250
    hook.step(CREATED)
    began = time.thread_time()
    for step in steps:
        hook.step(step)
    assert (time.thread_time() - began) / len(steps) < 0.000_05
    assert hook.close(0.05).events == 1 + len(steps)


# --- credentials and addresses --------------------------------------------------------------------------


def test_credentials_go_as_authorization_and_are_never_shown(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Receiver([200, 404]) as receiver:
        hook = webhook(receiver.url.replace("://", "://me:p%40ss@") + "x?token=hidden", said)
        hook.step(CREATED)
        hook.step(BEGUN)
        report = hook.close(5)
        authorization = receiver.requests[0].headers["authorization"]
        assert base64.b64decode(authorization.removeprefix("Basic ")) == b"me:p@ss"
        shown = " ".join([*said, str(report.line())])
        assert f"webhook {receiver.url}x: " in shown
        assert not any(secret in shown for secret in ("me:", "p%40ss", "p@ss", "hidden", "token"))


def test_netrc_adds_nothing(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Receiver() as receiver:
        hook = webhook(receiver.url, said)
        hook.step(CREATED)
        assert hook.close(5).line() is None
        assert "authorization" not in receiver.requests[0].headers


def test_a_proxy_from_the_environment_is_used(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        hook = webhook("http://events.example/in?x=1", said)
        hook.step(CREATED)
        assert hook.close(5).line() is None
        assert proxy.requests[0].path == "http://events.example/in?x=1"


def test_tls(said: Said, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Receiver([200, Trickle(), Hang()], certificate=certificate) as receiver:
        assert receiver.url.startswith("https://")
        hook = webhook(receiver.url, said, deadline=0.4)
        run(hook)
        assert hook.close(8).line() is None
        assert changes(receiver) == all_changes()
    assert [line.partition(": ")[2] for line in said] == ["it gave no answer in time; sending is tried again"]


def test_a_certificate_that_nobody_vouches_for(said: Said, certificate: Path) -> None:
    with Receiver(certificate=certificate) as receiver:
        hook = webhook(receiver.url, said)
        hook.step(CREATED)
        until(lambda: hook._problem)
        assert "self-signed certificate" in closed(hook, 0)[0].why.replace("self signed", "self-signed")
        until(lambda: not hook._thread.is_alive())
        assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost", "https://example.com:8443/a/b?c=d#e", "http://user:pass@h/", "http://[::1]:80/",
        "http://127.0.0.1:1/", "HTTP://Host/", "https://my_host.internal./x", "https://bücher.example/",
    ],
)  # fmt: skip
def test_usable_urls(url: str) -> None:
    assert check_url(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "it must begin with http:// or https://"),
        ("ftp://host/", "it must begin with http:// or https://"),
        ("host:80/x", "it must begin with http:// or https://"),
        ("http://", "the host is missing"),
        ("http:///path", "the host is missing"),
        ("http://:80/", "the host is missing"),
        ("http://user@/x", "the host is missing"),
        ("http://h:port/", "its port is no number up to 65535"),
        ("http://h:70000/", "its port is no number up to 65535"),
        ("http://h:0/", "port 0 cannot be reached"),
        ("http://[::1/", "its brackets hold no IPv6 address"),
        ("http://h/a b", "it holds a blank or a control character"),
        ("http://h/\n", "it holds a blank or a control character"),
        ("http://h/\x7f", "it holds a blank or a control character"),
        ("http://a..b/", "`a..b` is no name of a host"),
        ("http://-a*b/", "`-a*b` is no name of a host"),
        ("http://a\\b/", "a backslash stands before its path; one in a password is written %5C"),
        ("http://other\\@a/", "a backslash stands before its path; one in a password is written %5C"),
        (f"http://{'a' * 64}/", f"`{'a' * 64}` is no name of a host"),
    ],
)
def test_unusable_urls(url: str, reason: str) -> None:
    assert check_url(url) == reason


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@h.example:8443/a/@b?token=x#y", "https://h.example:8443/a/@b"),
        ("http://h?token=a@b", "http://h"),
        ("ftp://me:p/w?x@h/a?token=x", "ftp://h/a"),
        ("http://me:pw@[::1/", "http://[::1/"),
        ("HTTP://me:pw@Host/x?y", "HTTP://Host/x"),
        ("http://h/\x1b[31m", "http://h/\\x1b[31m"),
        ("me:pw@host", "host"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_requests_is_not_imported_before_it_is_needed() -> None:
    heavy = "'requests', 'datetime', 'dataclasses', 'random', 'ssl'"
    code = f"import sys, factc.webhooks.worker; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout == "[]\n", done.stderr
