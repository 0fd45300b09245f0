"""Factfiles that others wrote: accepted, refused and run as their authors would expect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SHARED, Ran

Factc = Callable[..., Ran]
FILES = SHARED / "factfiles"
GOOD = sorted([*FILES.glob("real/*"), *FILES.glob("upstream/*")])
VALUES = ("--env", '{"message": "hello", "nested": {"message": "inner"}, "env": "dev"}', "--tag", "env,test")

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="other people's Factfiles are not beside this checkout")


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.name)
def test_every_verb_takes_it(factc: Factc, path: Path, tmp_path: Path) -> None:
    verdict = factc("validate", path, *VALUES)
    assert (verdict.code, verdict.out) == (0, f"{path} is a valid Factotum Factfile!\n")
    assert factc("compile", path, "-o", "job.factotum", *VALUES).code == 0
    for verb in (("plan",), ("plan", "--script"), ("dot",), ("dot", "--render", "svg")):
        ran = factc(*verb, "job.factotum")
        assert ran.code == 0 and ran.out, ran
    rehearsed = factc("run", "--dry-run", "job.factotum")
    tasks = json.loads((tmp_path / "job.factotum").read_text())["data"]["tasks"]
    assert rehearsed.code == 0 and f"would run {len(tasks)} task" in rehearsed.err
    assert all(task["name"] in rehearsed.out for task in tasks)


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.name)
def test_as_text_it_compiles_to_the_same_plan(factc: Factc, path: Path, tmp_path: Path) -> None:
    text = factc("compile", path, "--format", "fact")
    assert text.code == 0
    (tmp_path / "job.fact").write_text(text.out)
    plans = [json.loads(factc("compile", job, *VALUES).out)["data"] for job in (path, "job.fact")]
    assert plans[0]["name"] == plans[1]["name"] and plans[0]["tasks"] == plans[1]["tasks"]


REFUSED = {
    "example_invalid_no_continue": ("the task 'continue' has no way to continue successfully", 14),
    "example_invalid_no_name": ("the property `name` is missing in `data`", 3),
    "example_invalid_terminate_continue_same": ("the task 'ambi' has conflicting actions", 13),
    "example_wrong_type": ("must be a whole number, not the text", 13),
    "invalid_json": ("Invalid JSON at line 1 column 1", 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_for_the_right_reason(factc: Factc, name: str) -> None:
    reason, line = REFUSED[name]
    path = FILES / "invalid" / f"{name}.factfile"
    ran = factc("validate", path)
    assert ran.code == 1 and ran.out.startswith(f"{path} is not a valid Factotum Factfile: ") and reason in ran.out
    assert f"{path.name}:{line}:" in ran.err
    for verb in ("run", "plan", "dot", "compile"):
        assert factc(verb, path).code == 1


RUNS = {
    "echo_8574ac9": (0, ["alpha", "beta", "and omega!"]),
    "echo-with-variables_8574ac9": (0, ["hello", "inner", "empty items are left ''"]),
    "echo-with-dynamic-name-from-tag_095f3be": (0, ["alpha test", "beta", "and omega!"]),
    "echo-with-dynamic-name_bec9d91": (0, ["alpha dev", "beta", "and omega!"]),
    "noop_8574ac9": (0, ["alpha"]),
    "variables_8574ac9": (0, ["hello"]),
    "example_ok": (2, []),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_runs_as_its_author_meant(factc: Factc, name: str) -> None:
    code, lines = RUNS[name]
    ran = factc("run", FILES / "upstream" / f"{name}.factfile", *VALUES)
    assert ran.code == code
    assert [line.split("] ", 1)[1] for line in ran.out.splitlines()] == lines


@pytest.mark.parametrize(("name", "code"), [("concurrent-with-failures_8c18ad9", 2), ("multi-failure-cascade_b798609", 2),
                                            ("complex-diamond-dag_f48d0a4", 0)])  # fmt: skip
def test_it_runs_for_some_seconds(factc: Factc, name: str, code: int) -> None:
    assert factc("run", FILES / "upstream" / f"{name}.factfile").code == code


@pytest.mark.large
@pytest.mark.parametrize(("name", "code"), [("concurrent-streaming-output_1f396d6", 0), ("sleep_8574ac9", 0),
                                            ("concurrent-streaming-output_b798609", 0), ("test-heartbeat_1f396d6", 0),
                                            ("sigterm-resistant_eee232d", 0)])  # fmt: skip
def test_it_runs_for_half_a_minute(factc: Factc, name: str, code: int) -> None:
    assert factc("run", FILES / "upstream" / f"{name}.factfile", timeout=200).code == code
