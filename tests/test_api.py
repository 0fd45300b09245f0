"""The public functions: what they return, what they raise, and that importing them costs nothing yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import factc
from tests.conftest import environment
from tests.jobs import factfile, task
from tests.receiver import Receiver

JOB = """
job small
param day
a:
    echo {{day}} > out
b: a
    exit 3
c: b
    true
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.fact").write_text(JOB)
    return tmp_path / "job.fact"


def test_compile_and_run(job: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plan = factc.compile(job)
    assert isinstance(plan, factc.Plan)
    assert [t.name for t in plan.tasks] == ["a", "b", "c"]
    result = factc.run(plan, values={"day": "x y"}, jobs=1)
    assert isinstance(result, factc.Result)
    assert (result.ok, result.exit_code) == (False, 2)
    assert {n: (t.state, t.code) for n, t in result.tasks.items()} == {
        "a": ("SUCCEEDED", 0), "b": ("FAILED", 3), "c": ("SKIPPED", None),
    }  # fmt: skip
    assert result.tasks["c"].reason == "the task 'b' failed"
    assert (job.parent / "out").read_text() == "x y\n"
    assert result.directory and (Path(result.directory) / "plan.factotum").exists()
    assert capfd.readouterr().out == ""


def test_a_part_of_a_job(job: Path) -> None:
    assert [t.name for t in factc.compile(str(job), start="b").tasks] == ["b", "c"]
    assert [t.name for t in factc.compile(job, to="b").tasks] == ["a", "b"]
    with pytest.raises(factc.RequestError, match="no task is called 'nobody'"):
        factc.compile(job, start="nobody")


def test_mistakes_are_data(tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a", "true", "b", "c")))
    with pytest.raises(factc.CompileError) as caught:
        factc.compile(tmp_path / "job.factfile")
    assert [d.code for d in caught.value.diagnostics] == ["E102", "E102"]
    assert isinstance(caught.value.diagnostics[0], factc.Diagnostic)


def test_strict_makes_warnings_errors(tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a", "echo", arguments=['"x"'])))
    assert factc.compile(tmp_path / "job.factfile").tasks
    with pytest.raises(factc.CompileError):
        factc.compile(tmp_path / "job.factfile", strict=True)


@pytest.mark.parametrize(
    "options",
    [{}, {"values": {"day": 1}, "jobs": 0}, {"values": {"day": 1}, "output": "loud"}, {"values": {"day": []}},
     {"values": {"day": 1}, "webhooks": ["ftp://x"]}, {"values": {"day": 1}, "dry_run": True, "webhooks": ["http://x"]},
     {"values": {"day": 1}, "state_dir": "/dev/null/x"}],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_before_anything_runs(job: Path, options: dict[str, object]) -> None:
    with pytest.raises(factc.RequestError):
        factc.run(factc.compile(job), **options)  # type: ignore[arg-type]
    assert not (job.parent / "out").exists()


def test_a_dry_run_runs_nothing(job: Path) -> None:
    result = factc.run(factc.compile(job, values={"day": 1}), dry_run=True)
    assert result.ok and result.directory is None
    assert {t.state for t in result.tasks.values()} == {"SUCCEEDED"}
    assert not (job.parent / "out").exists() and not (job.parent / ".factc").exists()


def test_webhooks(job: Path) -> None:
    with Receiver() as receiver:
        plan = factc.compile(job, values={"day": 1}, tags={"k": "v"})
        assert factc.run(plan, webhooks=[receiver.url], state_dir=None).exit_code == 2
        events = [request.data for request in receiver.requests]
    assert events[0]["tags"] == {"k": "v"}
    assert events[-1]["jobTransition"]["currentState"] == "FAILED"


def test_importing_factc_imports_nothing_heavy() -> None:
    code = "import sys, factc; print(*sorted(m for m in sys.modules if m.startswith('factc')))"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["factc", "factc.version"]


def test_public_names_exist() -> None:
    for name in factc.__all__:
        assert getattr(factc, name) is not None
    assert dir(factc) == sorted(factc.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        factc.nothing_such  # noqa: B018


def test_a_run_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.fact").write_text("job j\n\nparam p\n\na:\n    echo {{p}} >> ran\n\nb: a\n    test -e mended\n")
    plan = factc.compile("job.fact")
    failed = factc.run(plan, values={"p": "x"})
    (tmp_path / "mended").touch()
    done = factc.run(plan, resume=failed.run_reference)
    assert (failed.exit_code, done.exit_code, (tmp_path / "ran").read_text()) == (2, 0, "x\n")
    assert done.tasks["a"].carried and not done.tasks["b"].carried


def test_signals_are_the_callers_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.fact").write_text("job j\n\na:\n    true\n")
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    factc.run(factc.compile("job.fact"))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_job_file_is_run_as_it_is(job: Path) -> None:
    result = factc.run(job, values={"day": "x"}, to="a")
    assert result.ok and list(result.tasks) == ["a"]
    assert repr(result) == f"<factc.Result exit code 0: 1 SUCCEEDED, run {result.run_reference[:8]}>"
    assert repr(result.tasks["a"]) == "<SUCCEEDED, code 0>"
    whole = factc.run("job.fact", values={"day": "x"})
    assert repr(whole.tasks["c"]) == "<SKIPPED: the task 'b' failed>" and "1 FAILED, 1 SKIPPED" in repr(whole)
    job.write_text(JOB.replace("exit 3", "true"))
    again = factc.run("job.fact", resume=whole.run_reference)
    assert again.ok and again.tasks["a"].carried
    assert factc.run(factc.compile("job.fact"), values={"day": 1}, start="b").tasks.keys() == {"b", "c"}
    job.write_text("job j\na: b\n    true\n")
    with pytest.raises(factc.CompileError, match="depends on `b`"):
        factc.run("job.fact")


def test_what_a_job_does_not_have_is_refused(job: Path) -> None:
    for values in ({"dya": 1}, {"day": 1, "dya": 2}, {"day": 1, "b": {}}):
        with pytest.raises(factc.RequestError, match=r"the job has no parameter `(dya|b)`"):
            factc.compile(job, values=values)
        with pytest.raises(factc.RequestError, match=r"the job has no parameter `(dya|b)`"):
            factc.run(factc.compile(job), values=values)
    with pytest.raises(factc.RequestError, match="wide"):
        factc.run(job, values={"day": 1}, pools={"wide": 1})
    assert not (job.parent / "out").exists()


def test_pools_and_constraints(job: Path) -> None:
    job.write_text(
        "job j\npool p = 9\n[each n in 1 2, pool p]\na:\n    test ! -e now && touch now && sleep 0.1 && rm now\n"
    )
    assert factc.run("job.fact", pools={"p": 1}).ok
    nowhere = factc.run("job.fact", constraint=["host,nowhere.invalid"])
    assert nowhere.ok and nowhere.tasks == {} and repr(nowhere) == "<factc.Result exit code 0: no tasks>"
    assert factc.run("job.fact", constraint=["host,nowhere.invalid", "host,127.0.0.1"], pools={"p": 1}).tasks
    with pytest.raises(factc.RequestError, match="colour"):
        factc.run("job.fact", constraint=["colour,blue"])


def test_the_state_directory_of_the_environment(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTC_STATE_DIR", "elsewhere")
    for options, place in (({}, "elsewhere"), ({"state_dir": "third"}, "third")):
        result = factc.run(job, values={"day": 1}, **options)  # type: ignore[arg-type]
        assert Path(result.directory or "").parent == Path(place, "runs"), options
    assert factc.run(job, values={"day": 1}, resume="last").run_reference != result.run_reference
    assert factc.run(job, values={"day": 1}, state_dir=None).directory is None
    monkeypatch.setenv("FACTC_STATE_DIR", "")
    with pytest.raises(factc.RequestError, match="FACTC_STATE_DIR is set, but empty"):
        factc.run(job, values={"day": 1})
    assert not Path(".factc").exists()


@pytest.mark.parametrize(
    "given",
    [
        {"tags": {"k": 1}}, {"tags": {"k": None}}, {"tags": {1: "x"}}, {"tags": "k"}, {"tags": ["k"]}, {"tags": {"k": b"x"}},
        {"values": {1: 2}}, {"values": "x"}, {"values": [1]}, {"values": {"day": b"x"}}, {"values": {"day": {"a": {1}}}},
        {"pools": ["x"]}, {"pools": "x=1"}, {"pools": {1: 1}}, {"state_dir": 1}, {"job": 1}, {"job": None}, {"job": ["x"]},
    ],
)  # fmt: skip
def test_arguments_of_a_wrong_kind_are_refused_in_words(job: Path, given: dict[str, Any]) -> None:
    """The value is not in them: it may be a secret."""
    words = (
        r"^(tags|values|pools|state_dir|job|path|the value `day|the tag `k`|a name in \w+).* cannot be of the kind \w+$"
    )
    file = given.pop("job", job)
    with pytest.raises(factc.RequestError, match=words) as found:
        factc.run(file, **{"values": {"day": 1}} | given)
    assert found.value.hint
    if not given or not {"pools", "state_dir"} & set(given):
        with pytest.raises(factc.RequestError, match=words):
            factc.compile(file, **given)


def test_a_working_directory_that_was_deleted_is_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    true\n")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    plan = factc.compile(tmp_path / "job.fact")
    for call in (lambda: factc.run(plan), lambda: factc.run("job.fact"), lambda: factc.compile("job.fact")):
        with pytest.raises(factc.RequestError, match="the working directory has been deleted"):
            call()
