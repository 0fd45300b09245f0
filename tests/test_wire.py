"""Events as JSON: golden ones, the sequences users know, and random runs against the schemas."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from factc.events import RunCreated, RunFinished, RunStarted, RunStopped, Step, TaskEnded, TaskSkipped, TaskStarted
from factc.events.payload import FACTFILE_LIMIT, Header, Wire, duration, job_reference, moment, run_reference
from factc.events.state import FAILED, NO_OP, SUCCEEDED
from tests.draws import draws

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas" / "com.snowplowanalytics.factotum"
OFFICIAL = ROOT.parent / "shared" / "iglu"
NAMES = ("job_update", "task_update")
NOON = 1_465_765_442.0  # 2016-06-12T21:04:02Z


def ours(name: str) -> Draft4Validator:
    return Draft4Validator(json.loads((SCHEMAS / name / "jsonschema" / "1-0-0").read_text()))


def official(name: str) -> Draft4Validator:
    path = OFFICIAL / f"{name}-1-0-0.json"
    if not path.exists():
        pytest.skip("the official schemas are not beside this checkout")
    return Draft4Validator(json.loads(path.read_text()))


OURS = {name: ours(name) for name in NAMES}
BOTH = [OURS, {name: official(name) for name in NAMES}] if OFFICIAL.is_dir() else [OURS]


def header(*names: str, order: tuple[int, ...] | None = None, factfile: str = "{}", **tags: str) -> Header:
    reference = job_reference(factfile, tags)
    return Header("echo", reference, run_reference("u"), "0.1.0", factfile, tags, names, order)


def name_of(event: dict[str, Any]) -> str:
    return re.fullmatch(r"iglu:com\.snowplowanalytics\.factotum/(\w+)/jsonschema/1-0-0", event["schema"])[1]


def checked(body: bytes | None) -> dict[str, Any]:
    """A body as JSON, which fits the schema that it names."""
    assert body is not None
    event: dict[str, Any] = json.loads(body)
    for schemas in BOTH:
        schemas[name_of(event)].validate(event["data"])
    assert list(event) == ["schema", "data"]
    packed = json.dumps(event["data"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert packed.encode() == body[body.index(b'"data":') + 7 : -1]
    return event


def events(top: Header, *steps: Step) -> list[dict[str, Any]]:
    wire = Wire(top, len(top.names))
    return [checked(body) for step in steps if (body := wire.event([step])) is not None]


def short(event: dict[str, Any]) -> str:
    """`J W>R` or `T a R>SUCCEEDED; b W>SKIPPED`."""

    def word(state: str | None) -> str:
        return {"WAITING": "W", "RUNNING": "R", None: "null"}.get(state, str(state))

    if name_of(event) == "job_update":
        change = event["data"]["jobTransition"]
        return f"J {word(change['previousState'])}>{word(change['currentState'])}"
    changes = event["data"]["taskTransitions"]
    return "T " + "; ".join(f"{c['taskName']} {word(c['previousState'])}>{word(c['currentState'])}" for c in changes)


CREATED: Step = (RunCreated(NOON),)
BEGUN: Step = (RunStarted(NOON),)


def finished(state: str) -> Step:
    return (RunFinished(NOON + 9, state),)


def started(*tasks: int) -> Step:
    return tuple(TaskStarted(NOON + 1, task) for task in tasks)


def ended(task: int, state: str = SUCCEEDED, *skipped: int, cause: str = "the task 'x' failed") -> Step:
    reason = "exit code 7 (goes on with 0)" if state == FAILED else None
    end = TaskEnded(NOON + 2, task, state, 0 if state == SUCCEEDED else 7, 1.0, reason)
    return (end, *(TaskSkipped(NOON + 2, other, cause) for other in skipped))


# --- golden ---------------------------------------------------------------------------------------


def test_an_event_byte_for_byte() -> None:
    top = header("first ☃", "second", factfile='{"a":1}', env="prod", app="x")
    wire = Wire(top, 2)
    for step in (CREATED, BEGUN, started(0)):
        wire.event([step])
    reference = hashlib.sha256(b'{"a":1}appxenvprod').hexdigest()
    end = TaskEnded(NOON + 2.25, 0, FAILED, 137, 1.2504, "exit code 137 (128+9, as by SIGKILL)", "out\n", 'say "no"')
    assert (
        wire.event([(end, TaskSkipped(NOON + 2.25, 1, "the task 'first ☃' failed"))])
        == (
            '{"schema":"iglu:com.snowplowanalytics.factotum/task_update/jsonschema/1-0-0","data":{'
            '"applicationContext":{"name":"factc","version":"0.1.0"},'
            '"factfile":"eyJhIjoxfQ==",'
            '"jobName":"echo",'
            f'"jobReference":"{reference}",'
            '"runDuration":"PT2.25S",'
            '"runReference":"0bfe935e70c321c7ca3afc75ce0d0ca2f98b5422e008bb31c00c6d7f1f1c0ad6",'
            '"runState":"RUNNING",'
            '"startTime":"2016-06-12T21:04:02.000Z",'
            '"tags":{"app":"x","env":"prod"},'
            '"taskStates":['
            '{"duration":"PT1.25S","errorMessage":"exit code 137 (128+9, as by SIGKILL)","returnCode":137,'
            '"started":"2016-06-12T21:04:03.000Z","state":"FAILED","stderr":"say \\"no\\"","stdout":"out\\n",'
            '"taskName":"first ☃"},'
            '{"errorMessage":"the task \'first ☃\' failed","state":"SKIPPED","taskName":"second"}],'
            '"taskTransitions":['
            '{"currentState":"FAILED","previousState":"RUNNING","taskName":"first ☃"},'
            '{"currentState":"SKIPPED","previousState":"WAITING","taskName":"second"}]}}'
        ).encode()
    )


def test_a_job_update_byte_for_byte() -> None:
    body = Wire(header("a"), 1).event([CREATED])
    assert body is not None
    assert body.startswith(
        b'{"schema":"iglu:com.snowplowanalytics.factotum/job_update/jsonschema/1-0-0","data":{"applicationContext"'
    )
    assert b'"jobTransition":{"currentState":"WAITING","previousState":null},"runDuration":"PT0S",' in body
    assert body.endswith(b'"tags":{},"taskStates":[{"state":"WAITING","taskName":"a"}]}}')


def test_the_references_of_the_published_example(shared: Path) -> None:
    factfile = (shared / "factfiles" / "upstream" / "echo_8574ac9.factfile").read_bytes()
    tags = {"foo2": "bar2", "foo": "bar"}
    reference = job_reference(factfile.decode(), tags)
    assert reference == "69d3b6cea7c85404060d7974466cf269fd719ba97cf2781b8c90cb2ea5594908"
    data = events(header("a", factfile=factfile.decode(), **tags), CREATED)[0]["data"]
    assert data["jobReference"] == reference
    assert base64.b64decode(data["factfile"]) == factfile


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "PT0S"), (1.5, "PT1.5S"), (61.0, "PT61S"), (100, "PT100S"), (0.002363397, "PT0.002S"), (0.0004, "PT0S"),
        (90061.25, "PT90061.25S"), (-3.0, "PT0S"), (0.1 + 0.2, "PT0.3S"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (NOON + 0.274382, "2016-06-12T21:04:02.274Z"),
        (NOON + 0.9999, "2016-06-12T21:04:02.999Z"),
        (1_709_164_800.1, "2024-02-29T00:00:00.100Z"),
    ],
)
def test_moments(at: float, text: str) -> None:
    assert moment(at) == text


@given(st.integers(0, 4_000_000_000_000))
def test_a_whole_millisecond_is_shown_as_it_is(millis: int) -> None:
    assert moment(millis / 1000).endswith(f"{millis % 1000:03}Z")


# --- the sequences users know ---------------------------------------------------------------------


def sequence(names: str, *steps: Step) -> list[str]:
    return [short(event) for event in events(header(*names.split()), CREATED, BEGUN, *steps)]


def test_chain() -> None:
    assert sequence("a b", started(0), ended(0), started(1), ended(1), finished(SUCCEEDED)) == [
        "J null>W", "J W>R", "T a W>R", "T a R>SUCCEEDED", "T b W>R", "T b R>SUCCEEDED", "J R>SUCCEEDED",
    ]  # fmt: skip


def test_a_failure_in_the_middle_of_a_diamond() -> None:
    a, c, b, e, d = range(5)
    steps = (
        started(a), ended(a), started(c, b), ended(c), ended(b, FAILED, d), started(e), ended(e), finished(FAILED),
    )  # fmt: skip
    assert sequence("a c b e d", *steps) == [
        "J null>W", "J W>R", "T a W>R", "T a R>SUCCEEDED", "T c W>R; b W>R", "T c R>SUCCEEDED",
        "T b R>FAILED; d W>SKIPPED", "T e W>R", "T e R>SUCCEEDED", "J R>FAILED",
    ]  # fmt: skip


def test_an_early_end() -> None:
    assert sequence("a b c", started(0), ended(0, NO_OP, 1, 2), finished(SUCCEEDED)) == [
        "J null>W", "J W>R", "T a W>R", "T a R>SUCCEEDED_NO_OP; b W>SKIPPED; c W>SKIPPED", "J R>SUCCEEDED",
    ]  # fmt: skip


def test_two_causes_of_one_skip() -> None:
    steps = (
        started(0), ended(0, FAILED, 2, cause="the task 'apple' failed"),
        started(1), ended(1, NO_OP, 2, cause="the task 'turnip' requested early termination"), finished(FAILED),
    )  # fmt: skip
    assert sequence("apple turnip egg", *steps) == [
        "J null>W", "J W>R", "T apple W>R", "T apple R>FAILED; egg W>SKIPPED",
        "T turnip W>R", "T turnip R>SUCCEEDED_NO_OP; egg SKIPPED>SKIPPED", "J R>FAILED",
    ]  # fmt: skip
    egg = events(header("apple", "turnip", "egg"), CREATED, BEGUN, *steps)[-1]["data"]["taskStates"][2]
    assert egg["errorMessage"] == "the task 'apple' failed, the task 'turnip' requested early termination"


def test_an_empty_job() -> None:
    assert sequence("", finished(SUCCEEDED)) == ["J null>W", "J W>R", "J R>SUCCEEDED"]


def test_a_stop() -> None:
    stop = RunStopped(NOON + 1, "the run was stopped by SIGTERM")
    skips = tuple(TaskSkipped(NOON + 1, task, stop.reason) for task in (1, 2))
    assert sequence("a b c", started(0), (stop, *skips), ended(0, FAILED), finished(FAILED)) == [
        "J null>W", "J W>R", "T a W>R", "T b W>SKIPPED; c W>SKIPPED", "T a R>FAILED", "J R>FAILED",
    ]  # fmt: skip
    assert sequence("a", started(0), (stop,), ended(0, FAILED), finished(FAILED)) == [
        "J null>W", "J W>R", "T a W>R", "T a R>FAILED", "J R>FAILED",
    ]  # fmt: skip


def test_what_each_snapshot_shows() -> None:
    created, begun, running, done, last = events(header("a"), CREATED, BEGUN, started(0), ended(0), finished(SUCCEEDED))
    assert [e["data"]["runState"] for e in (created, begun, running, done, last)] == [
        "WAITING", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED",
    ]  # fmt: skip
    assert [e["data"]["runDuration"] for e in (created, begun, running, done, last)] == [
        "PT0S", "PT0S", "PT1S", "PT2S", "PT9S",
    ]  # fmt: skip
    assert created["data"]["taskStates"] == begun["data"]["taskStates"] == [{"taskName": "a", "state": "WAITING"}]
    at = "2016-06-12T21:04:03.000Z"
    assert running["data"]["taskStates"] == [{"taskName": "a", "state": "RUNNING", "started": at}]
    full = {"taskName": "a", "state": "SUCCEEDED", "started": at, "duration": "PT1S", "returnCode": 0}
    assert done["data"]["taskStates"] == last["data"]["taskStates"] == [full]


def test_merged_steps_keep_every_change_in_order() -> None:
    wire = Wire(header("a", "b"), 2)
    for step in (CREATED, BEGUN):
        wire.event([step])
    event = checked(wire.event([started(0), ended(0), started(1)]))
    assert short(event) == "T a W>R; a R>SUCCEEDED; b W>R"
    assert [task["state"] for task in event["data"]["taskStates"]] == ["SUCCEEDED", "RUNNING"]
    with pytest.raises(ValueError, match="change of the job"):
        wire.event([ended(1), finished(SUCCEEDED)])


def test_tasks_may_be_listed_in_another_order_than_they_are_numbered() -> None:
    listed = header("turnip", "apple", "egg", order=(1, 0, 2))
    *_, event = events(listed, CREATED, BEGUN, started(1, 0), ended(0))
    assert short(event) == "T apple R>SUCCEEDED"
    assert [(t["taskName"], t["state"]) for t in event["data"]["taskStates"]] == [
        ("turnip", "RUNNING"), ("apple", "SUCCEEDED"), ("egg", "WAITING"),
    ]  # fmt: skip


def test_a_heartbeat() -> None:
    wire = Wire(header("a", "b", "c", order=(2, 1, 0)), 3)
    for step in (CREATED, BEGUN):
        wire.event([step])
    assert wire.heartbeat(NOON + 1, {}) is None
    wire.event([started(0, 2)])
    event = checked(wire.heartbeat(NOON + 5.5, {0: ("so far", ""), 1: ("not running", "")}))
    assert short(event) == "T a R>R; c R>R"
    assert event["data"]["runDuration"] == "PT5.5S"
    assert event["data"]["taskStates"] == [
        {"taskName": "a", "state": "RUNNING", "started": "2016-06-12T21:04:03.000Z"},
        {"taskName": "b", "state": "WAITING"},
        {"taskName": "c", "state": "RUNNING", "started": "2016-06-12T21:04:03.000Z", "stdout": "so far"},
    ]
    later = checked(wire.event([ended(0)]))  # a heartbeat leaves no trace
    assert "stdout" not in later["data"]["taskStates"][2]


# --- limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "dropped"), [(750_000, False), (750_001, True)])
def test_a_factfile_that_is_too_long_is_left_out(length: int, dropped: bool) -> None:
    top = header("a", factfile="x" * length)
    event = events(top, CREATED)[0]
    assert top.factfile_dropped is dropped
    assert len(event["data"]["factfile"]) == (0 if dropped else FACTFILE_LIMIT)
    assert event["data"]["jobReference"] == hashlib.sha256(b"x" * length).hexdigest()


@pytest.mark.parametrize(("code", "shown"), [(32767, 32767), (-32767, -32767), (32768, None), (-(2**31), None)])
def test_an_exit_code_that_does_not_fit_is_left_out(code: int, shown: int | None) -> None:
    end = TaskEnded(NOON, 0, FAILED, code, 1.0, "why")
    *_, event = events(header("a"), CREATED, BEGUN, started(0), (end,))
    assert event["data"]["taskStates"][0].get("returnCode") == shown


def test_a_task_that_could_not_start_has_no_code_and_no_duration() -> None:
    end = TaskEnded(NOON, 0, FAILED, None, None, "could not be started: no such directory")
    *_, event = events(header("a"), CREATED, BEGUN, started(0), (end,))
    assert event["data"]["taskStates"][0] == {
        "taskName": "a", "state": "FAILED", "started": "2016-06-12T21:04:03.000Z",
        "errorMessage": "could not be started: no such directory",
    }  # fmt: skip


def test_text_that_is_no_unicode_does_not_break_an_event() -> None:
    event = events(header("a\udcff", factfile="{\ud800}", tag="\udc80"), CREATED)[0]
    assert event["data"]["taskStates"][0]["taskName"] == "a?"
    assert event["data"]["tags"] == {"tag": "?"}
    assert event["data"]["jobReference"] == hashlib.sha256(b"{?}tag?").hexdigest()
    assert base64.b64decode(event["data"]["factfile"]) == b"{?}"


# --- random runs --------------------------------------------------------------------------------------

words = st.text(max_size=8)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Header, list[Step]]:
    """A header and the steps of one whole run of its tasks, which have no dependencies but skip each other."""
    count = draw(st.integers(0, 6))
    names = tuple(f"{number}{draw(words)}" for number in range(count))
    order = draw(st.permutations(range(count)))
    tags = draw(st.dictionaries(words, words, max_size=3))
    factfile = draw(words)
    top = Header(
        draw(words), job_reference(factfile, tags), run_reference("u"), "0.1.0", factfile, tags,
        tuple(names[task] for task in order), order,
    )  # fmt: skip
    steps: list[Step] = [CREATED, BEGUN]
    waiting, running = list(range(count)), list[int]()
    now = NOON
    while waiting or running:
        now += draw(st.floats(-1, 100))
        if waiting and (not running or draw(st.booleans())):
            batch = [waiting.pop(0) for _ in range(draw(st.integers(1, len(waiting))))]
            running += batch
            steps.append(tuple(TaskStarted(now, task) for task in batch))
            continue
        task = running.pop(draw(st.integers(0, len(running) - 1)))
        state = draw(st.sampled_from((SUCCEEDED, NO_OP, FAILED)))
        output = st.none() | words
        code = draw(st.none() | st.integers(0, 255))
        end = TaskEnded(now, task, state, code, draw(st.floats(0, 1e6)), draw(output), draw(output), draw(output))
        skipped = [waiting.pop(0) for _ in range(draw(st.integers(0, len(waiting))))] if state != SUCCEEDED else []
        steps.append((end, *(TaskSkipped(now, other, draw(words)) for other in skipped)))
    steps.append((RunFinished(now, draw(st.sampled_from((SUCCEEDED, FAILED)))),))
    return top, steps


@settings(max_examples=draws(60))
@given(runs())
def test_every_event_of_every_run_fits_the_schemas(run: tuple[Header, list[Step]]) -> None:
    top, steps = run
    assert [name_of(event) for event in events(top, *steps)] == [
        "job_update" if position in (0, 1, len(steps) - 1) else "task_update" for position in range(len(steps))
    ]


@settings(max_examples=draws(30))
@given(runs(), st.data())
def test_merging_loses_nothing(run: tuple[Header, list[Step]], data: st.DataObject) -> None:
    top, steps = run
    single = events(top, *steps)
    wire, merged, tasks = Wire(top, len(top.names)), [], steps[2:-1]
    cuts = [steps[:1], steps[1:2]]
    while tasks:
        size = data.draw(st.integers(1, len(tasks)))
        cuts.append(tasks[:size])
        tasks = tasks[size:]
    for cut in [*cuts, steps[-1:]]:
        merged.append(checked(wire.event(cut)))

    def changes(of: list[dict[str, Any]]) -> list[Any]:
        return [change for event in of for change in event["data"].get("taskTransitions", ())]

    assert changes(merged) == changes(single)
    assert merged[-1] == single[-1]


# --- our schemas accept exactly what the official ones accept ----------------------------------------------

VALUES = st.sampled_from(
    [None, True, 0, 1.5, -32767, -32768, 32767, 32768, "", "x", "0.1.0", "1.2.3-rc1", "v1", "WAITING", "RUNNING",
     "SUCCEEDED", "SUCCEEDED_NO_OP", "SKIPPED", "FAILED", [], {}, {"a": 1}, {"a": "b"}, ["x"], [1], [-1],
     "iglu:a/b/jsonschema/1-0-0", "iglu:a b/c/d/1-0-0", "iglu:a/b/c/1-0-0\n"]
)  # fmt: skip


def mutated(data: st.DataObject, value: Any) -> Any:
    """A JSON value with one thing in it replaced, removed or added."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        value = dict(value)
        key = data.draw(st.sampled_from(sorted(value)))
        match data.draw(st.integers(0, 5)):
            case 0:
                del value[key]
            case 1:
                value[data.draw(st.sampled_from(("extra", "stdout", "taskTransitions", "jobTransition")))] = "x"
            case _:
                value[key] = mutated(data, value[key])
        return value
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], mutated(data, value[at]), *value[at + 1 :]]
    return data.draw(VALUES)


def example(name: str) -> Any:
    if name == "factfile":
        task = {
            "name": "a", "executor": "shell", "command": "echo", "arguments": ["x"], "dependsOn": ["b"],
            "onResult": {"continueJob": [0], "terminateJobWithSuccess": [3]},
        }  # fmt: skip
        return {"schema": "iglu:a/b/jsonschema/1-0-0", "data": {"name": "n", "tasks": [task]}}
    end = TaskEnded(NOON, 0, FAILED, 3, 1.0, "why", "out", "err")
    job = events(header("a", "b", x="y"), CREATED, BEGUN, started(0), (end, TaskSkipped(NOON, 1, "z")))
    return next(event["data"] for event in reversed(job) if name_of(event) == name)


@pytest.mark.parametrize("name", [*NAMES, "factfile"])
def test_our_schemas_and_the_official_ones_agree(name: str) -> None:
    mine, theirs, good = ours(name), official(name), example(name)
    assert mine.is_valid(good)

    @settings(max_examples=draws(250))
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        value = mutated(data, deepcopy(good))
        assert mine.is_valid(value) == theirs.is_valid(value), value

    agree()


@pytest.mark.parametrize("name", [*NAMES, "factfile"])
def test_our_schemas_describe_themselves(name: str) -> None:
    schema = ours(name).schema
    assert schema["self"] == official(name).schema["self"]
    Draft4Validator.check_schema(schema)


def test_the_example_in_the_documentation_is_an_event() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    found = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]
    assert found
    for event in found:
        for schemas in BOTH:
            schemas[name_of(event)].validate(event["data"])
        data = event["data"]
        assert data["jobReference"] == job_reference(base64.b64decode(data["factfile"]).decode(), data["tags"])
