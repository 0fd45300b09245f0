"""The events of whole runs, as a real receiver gets them from `factc run --webhook`."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from tests.conftest import ROOT, SHARED, Ran
from tests.jobs import factfile, task
from tests.receiver import Receiver, Reply, changes

Factc = Callable[..., Ran]
VENDOR = ROOT / "schemas/com.snowplowanalytics.factotum"
ECHO = SHARED / "factfiles/upstream/echo_8574ac9.factfile"

SHORT = {"WAITING": "W", "RUNNING": "R", "SUCCEEDED": "ok", "SUCCEEDED_NO_OP": "no-op", "FAILED": "failed", "SKIPPED": "skipped"}  # fmt: skip


def told(body: bytes) -> str:
    """One event in a line: `job W>R`, `a W>R; b W>R`."""
    data = json.loads(body)["data"]
    if "jobTransition" in data:
        before = data["jobTransition"]["previousState"]
        return f"job {SHORT.get(before, '-')}>{SHORT[data['jobTransition']['currentState']]}"
    return "; ".join(
        f"{t['taskName']} {SHORT[t['previousState']]}>{SHORT[t['currentState']]}" for t in data["taskTransitions"]
    )


def valid(body: bytes) -> dict[str, Any]:
    """The data of an event that fits the schema it names: ours and, where it is there, the official one."""
    event = json.loads(body)
    name = event["schema"].split("/")[1]
    for path in (VENDOR / name / "jsonschema/1-0-0", SHARED / f"iglu/{name}-1-0-0.json"):
        if path.exists():
            schema = json.loads(path.read_text())
            schema.pop("$schema", None)
            Draft4Validator(schema).validate(event["data"])
    data: dict[str, Any] = event["data"]
    return data


def events(factc: Factc, tmp_path: Path, tasks: list[dict[str, Any]], *options: str) -> list[str]:
    (tmp_path / "job.factfile").write_text(factfile(*tasks))
    with Receiver() as receiver:
        factc("run", "job.factfile", "--webhook", receiver.url, *options)
        for request in receiver.requests:
            valid(request.body)
        return [told(request.body) for request in receiver.requests]


CHAIN = [task("a"), task("b", "true", "a")]
FAILING = [task("a"), task("b", "sleep 0.3; exit 1", "a"), task("c", "true", "a"), task("d", "true", "b", "c"),
           task("e", "true", "c")]  # fmt: skip
NO_OP = [task("a", "exit 3", noop=[3]), task("b", "true", "a"), task("c", "true", "b")]
TWICE = [task("apple", "exit 1"), task("turnip", "sleep 0.3; exit 4", noop=[4]), task("egg", "true", "apple", "turnip")]


@pytest.mark.parametrize(
    ("tasks", "wanted"),
    [
        (CHAIN, ["job ->W", "job W>R", "a W>R", "a R>ok", "b W>R", "b R>ok", "job R>ok"]),
        (FAILING, ["job ->W", "job W>R", "a W>R", "a R>ok", "c W>R; b W>R", "c R>ok", "b R>failed; d W>skipped", "e W>R",
                   "e R>ok", "job R>failed"]),
        (NO_OP, ["job ->W", "job W>R", "a W>R", "a R>no-op; b W>skipped; c W>skipped", "job R>ok"]),
        (TWICE, ["job ->W", "job W>R", "turnip W>R; apple W>R", "apple R>failed; egg W>skipped",
                 "turnip R>no-op; egg skipped>skipped", "job R>failed"]),
    ],
    ids=["chain", "failing", "no-op", "two causes"],
)  # fmt: skip
def test_by_levels_they_come_as_factotum_sends_them(
    factc: Factc, tmp_path: Path, tasks: list[dict[str, Any]], wanted: list[str]
) -> None:
    assert events(factc, tmp_path, tasks, "--levels") == wanted


def test_without_levels_a_task_starts_at_once(factc: Factc, tmp_path: Path) -> None:
    assert events(factc, tmp_path, FAILING) == [
        "job ->W", "job W>R", "a W>R", "a R>ok", "c W>R; b W>R", "c R>ok", "e W>R", "e R>ok",
        "b R>failed; d W>skipped", "job R>failed",
    ] or events(factc, tmp_path, FAILING) == [
        "job ->W", "job W>R", "a W>R", "a R>ok", "b W>R; c W>R", "c R>ok", "e W>R", "e R>ok",
        "b R>failed; d W>skipped", "job R>failed",
    ]  # fmt: skip


def test_an_empty_job_sends_three(factc: Factc, tmp_path: Path) -> None:
    assert events(factc, tmp_path, []) == ["job ->W", "job W>R", "job R>ok"]


def test_start_leaves_the_rest_out(factc: Factc, tmp_path: Path) -> None:
    chain = [*CHAIN, task("c", "true", "b")]
    assert events(factc, tmp_path, chain, "--start", "b") == [
        "job ->W", "job W>R", "b W>R", "b R>ok", "c W>R", "c R>ok", "job R>ok",
    ]  # fmt: skip


def test_a_heartbeat_carries_the_output_so_far(factc: Factc, tmp_path: Path) -> None:
    command = "echo now; until test -e seen; do sleep 0.02; done; echo then"
    (tmp_path / "job.factfile").write_text(factfile(task("a", command)))

    def beats() -> list[dict[str, Any]]:
        return [valid(request.body) for request in receiver.requests if told(request.body) == "a R>R"]

    def seen(number: int) -> Reply:
        if sum(b'"stdout":"now"' in request.body for request in receiver.requests) >= 2:
            (tmp_path / "seen").touch()
        return Reply()

    with Receiver(seen) as receiver:
        assert factc("run", "job.factfile", "--webhook", receiver.url, "--heartbeat-interval", "0.05").code == 0
        outputs = [beat["taskStates"][0].get("stdout") for beat in beats()]
        assert outputs.count("now") >= 2 and set(outputs) <= {None, "now", "now\nthen"}
        assert valid(receiver.requests[-1].body)["taskStates"][0]["stdout"] == "now\nthen"


def test_the_fields_of_an_event(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a", "echo out; echo err >&2; exit 5"), name="näme {{x}}")
    (tmp_path / "job.factfile").write_text(text)
    with Receiver() as receiver:
        factc("run", "job.factfile", "--webhook", receiver.url, "--set", "x=1", "--tag", "b=2", "--tag", "a,1",
              "--max-stdouterr-size", "2")  # fmt: skip
        last = valid(receiver.requests[-1].body)
    assert last["jobName"] == "näme 1" and last["tags"] == {"a": "1", "b": "2"}
    assert base64.b64decode(last["factfile"]).decode() == text
    assert last["jobReference"] == hashlib.sha256((text + "a1b2").encode()).hexdigest()
    (state,) = last["taskStates"]
    assert state["returnCode"] == 5 and state["errorMessage"] == "exit code 5"
    assert (state["stdout"], state["stderr"], state["state"]) == ("ut", "rr", "FAILED")
    assert last["runState"] == "FAILED" and last["applicationContext"]["name"] == "factc"


@pytest.mark.skipif(not ECHO.exists(), reason="other people's Factfiles are not beside this checkout")
@pytest.mark.parametrize("compiled_first", [False, True])
def test_the_job_reference_of_the_release_post(factc: Factc, tmp_path: Path, compiled_first: bool) -> None:
    job: Path | str = ECHO
    if compiled_first:
        job = "job.factotum"
        assert factc("compile", ECHO, "-o", job).code == 0
    with Receiver() as receiver:
        ran = factc("run", job, "--webhook", receiver.url, "--tag", "foo,bar", "--tag", "foo2,bar2", "--levels")
        assert ran.code == 0
        bodies = [request.body for request in receiver.requests]
    wanted = "69d3b6cea7c85404060d7974466cf269fd719ba97cf2781b8c90cb2ea5594908"
    assert {valid(body)["jobReference"] for body in bodies} == {wanted}
    assert len(bodies) == 9 and len({valid(body)["runReference"] for body in bodies}) == 1
    assert [told(b) for b in bodies] == [
        "job ->W", "job W>R", "echo alpha W>R", "echo alpha R>ok", "echo beta W>R", "echo beta R>ok",
        "echo omega W>R", "echo omega R>ok", "job R>ok",
    ]  # fmt: skip


def test_a_text_job_reports_the_json_that_compile_writes(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        'job "text"\n\na:\n    echo {{x}}\n    true\n'.replace('job "text"\n', 'job "text"\n\nparam x = "1"\n')
    )
    written = factc("compile", "job.fact", "--format", "factfile")
    with Receiver() as receiver:
        assert factc("run", "job.fact", "--webhook", receiver.url, "--set", "x=2").code == 0
        last = valid(receiver.requests[-1].body)
    assert base64.b64decode(last["factfile"]) == written.raw_out
    assert last["jobReference"] == hashlib.sha256(written.raw_out).hexdigest()


def test_several_endpoints_are_independent(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a")))
    with Receiver() as one, Receiver([Reply(503, Retry_After="3600")]) as busy, Receiver() as two:
        ran = factc("run", "job.factfile", "--webhook", one.url, "--webhook", busy.url + "x?key=secret",
                    "--webhook", two.url, "--webhook-drain", "60")  # fmt: skip
        told = [changes(request.body for request in receiver.accepted_once) for receiver in (one, two)]
    of_job = [(None, state) for state in ("WAITING", "RUNNING", "SUCCEEDED")]
    assert told == [[*of_job[:2], ("a", "RUNNING"), ("a", "SUCCEEDED"), of_job[2]]] * 2
    assert ran.code == 0 and "not delivered" in ran.err and "secret" not in ran.err
