"""`factc compile`: plans, Factfiles and text; values given, values left open, values settled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from tests.conftest import ROOT, Ran
from tests.jobs import FACTC, FACTOTUM, factfile, task

Factc = Callable[..., Ran]
PLAN_SCHEMA = ROOT / "schemas/factc/plan/jsonschema/1-0-0"


def compiled(factc: Factc, tmp_path: Path, text: str, *options: str, name: str = "job.factfile") -> dict[str, Any]:
    (tmp_path / name).write_text(text)
    ran = factc("compile", name, *options)
    assert ran.code == 0, ran
    value = json.loads(ran.out)
    Draft4Validator(json.loads(PLAN_SCHEMA.read_text())).validate(value)
    data: dict[str, Any] = value["data"]
    return data


def test_a_plan_has_final_commands_in_plan_order(factc: Factc, tmp_path: Path) -> None:
    text = factfile(
        task("b", "cat x | sort", "a", ok=[0, 2], noop=[3]), task("a", "echo", arguments=["alpha", "$HOME"]), name="two"
    )
    data = compiled(factc, tmp_path, text)
    assert data["name"] == "two" and data["factfile"] == text
    assert data["tasks"] == [
        {"name": "a", "declared": 1, "dependsOn": [], "argv": ["sh", "-c", 'echo "alpha" "$HOME"'], "ok": [0], "noop": []},
        {"name": "b", "declared": 0, "dependsOn": [0], "argv": ["sh", "-c", "cat x | sort"], "ok": [0, 2], "noop": [3]},
    ]  # fmt: skip


def test_the_same_job_gives_the_same_bytes(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(*(task(f"t{i}", "true", *(f"t{j}" for j in range(i)))
                                                      for i in range(20))))  # fmt: skip
    outputs = {
        factc("compile", "job.factfile", "--tag", "a,b", "--tag", "c=d", env={"PYTHONHASHSEED": seed}).raw_out
        for seed in "0123"
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("plain", 'x "plain"'),
        ('say "hi"', 'x "say \\"hi\\""'),
        ('say \\"hi\\"', 'x "say \\"hi\\""'),
        ("back\\", 'x "back\\\\"'),
        ("two\\\\", 'x "two\\\\"'),
        ("$HOME `id` $(id)", 'x "$HOME `id` $(id)"'),
        ("", 'x ""'),
        ("new\nline", 'x "new\nline"'),
    ],
)
def test_arguments_stand_in_double_quotes(factc: Factc, tmp_path: Path, argument: str, text: str) -> None:
    data = compiled(factc, tmp_path, factfile(task("a", "x", arguments=[argument])))
    assert data["tasks"][0]["argv"] == ["sh", "-c", text]


def test_open_and_given_values(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a {{env}}", "echo", arguments=["{{day}} {{ who.name }}", "{{tag:k}}"]), task("b", "true"))
    data = compiled(factc, tmp_path, text, "--env", '{"env": "dev", "who": {"name": "$me"}}')
    (first, _) = data["tasks"]
    assert first["name"] == "a dev"
    assert first["argv"][2] == [
        'echo "', {"parameter": "day", "quote": "double"}, ' \\$me" "', {"parameter": "tag:k", "quote": "double"}, '"',
    ]  # fmt: skip
    assert data["values"] == {"env": "dev", "who.name": "$me"}
    assert data["parameters"] == [
        {"name": "day", "default": "", "declared": False}, {"name": "tag:k", "default": "", "declared": False},
    ]  # fmt: skip


def test_run_adds_values_to_a_plan_but_changes_none(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a {{env}}", "echo", arguments=["{{day}}", "{{tag:k}}"])))
    assert factc("compile", "j.factfile", "-o", "p.factotum", "--set", "env=dev", "--tag", "k,v").code == 0
    run = ("run", "p.factotum", "--no-record")
    assert factc(*run, "--set", "day=1", "--set", "env=dev").out == "[a dev] 1 v\n"
    for change in (("--set", "env=prod"), ("--env", '{"env": "prod"}'), ("--tag", "k,w")):
        ran = factc(*run, *change)
        assert ran.code == 3 and "was settled as" in ran.err, ran
    ran = factc(*run, "--set", "dya=1")
    assert ran.code == 3 and "did you mean `day`?" in ran.err
    assert factc(*run, "--env", '{"unknown": 1}').code == 0
    ran = factc(*run, "--strict")
    assert ran.code == 3 and "no value was given for `day`" in ran.err


def test_declared_parameters(factc: Factc, tmp_path: Path) -> None:
    parameters = [
        {"name": "env", "default": "dev", "values": ["dev", "prod"]},
        {"name": "day"},
        {"name": "out", "default": "s3://{{env}}/{{day}}"},
    ]
    (tmp_path / "j.json").write_text(
        factfile({"name": "a", "script": "echo {{out}} '{{env}}'"}, schema=FACTC, parameters=parameters)
    )
    ran = factc("run", "j.json")
    assert ran.code == 3 and "needs `day`" in ran.err and "--set day=…" in ran.err
    assert factc("run", "j.json", "--set", "day=it's").out == "[a] s3://dev/it's dev\n"
    assert factc("run", "j.json", "--set", "day=x", "--set", "env=prod").out == "[a] s3://prod/x prod\n"
    assert factc("run", "j.json", "--set", "out=o", "--set", "day=x").out == "[a] o dev\n"
    ran = factc("run", "j.json", "--set", "env=pord")
    assert ran.code == 3 and "did you mean `prod`?" in ran.err
    assert factc("compile", "j.json").code == 0 and factc("plan", "j.json").code == 0


@pytest.mark.parametrize("value", ['{"x": [1]}', '{"x": {"y": 1}}'])
def test_a_value_that_is_no_text(factc: Factc, tmp_path: Path, value: str) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a", "echo", arguments=["{{x}}"])))
    ran = factc("run", "j.factfile", "--env", value)
    assert ran.code == 3 and "not a text" in ran.err


def test_values_as_json_writes_them(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text('{"a": 1.10, "b": true, "c": 12345678901234567890, "d": null}')
    (tmp_path / "j.factfile").write_text(factfile(task("t", "echo", arguments=["{{a}} {{b}} {{c}} {{d}}."])))
    assert factc("run", "j.factfile", "--env", "@e.json").out == "[t] 1.10 true 12345678901234567890 .\n"


def test_nul_in_a_value_is_refused_before_anything_runs(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a", "touch ran"), task("b", "echo", arguments=["{{x}}"])))
    ran = factc("run", "j.factfile", "--env", '{"x": "a\\u0000b"}')
    assert ran.code == 3 and "NUL" in ran.err and not (tmp_path / "ran").exists()


def test_env_that_is_no_object(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a")))
    ran = factc("run", "j.factfile", "--env", "FOO=bar")
    assert ran.code == 3 and "this sets no environment variable" in ran.err and "--set FOO=bar" in ran.err
    assert factc("run", "j.factfile", "--env", "[1]").code == 3
    assert factc("run", "j.factfile", "--env", "@missing.json").code == 3
    assert factc("run", "j.factfile", "--env", "[" * 100_000).code == 3


def test_a_changed_plan_is_refused(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a", "echo one")))
    factc("compile", "j.factfile", "-o", "p.factotum")
    plan = tmp_path / "p.factotum"
    plan.write_text(plan.read_text().replace("echo one", "echo two"))
    for verb in ("run", "plan", "dot", "validate", "compile"):
        ran = factc(verb, "p.factotum")
        assert ran.code == 1 and "E030" in ran.err and "compile the job again" in ran.err, ran


def test_a_plan_goes_through_every_verb(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a", "echo one"), task("b", "true", "a")))
    factc("compile", "j.factfile", "-o", "p.factotum")
    for verb in ("plan", "dot"):
        assert factc(verb, "p.factotum").out == factc(verb, "j.factfile").out
    assert factc("compile", "p.factotum").raw_out == (tmp_path / "p.factotum").read_bytes()
    assert factc("validate", "p.factotum").out == "p.factotum is a valid Factotum Factfile!\n"
    assert factc("compile", "p.factotum", "--format", "factfile").out == factc("compile", "j.factfile", "--format", "factfile").out  # fmt: skip


def test_start_and_to(factc: Factc, tmp_path: Path) -> None:
    tasks = [task("a"), task("b", "true", "a"), task("c", "true", "b"), task("x"), task("y", "true", "x", "c")]
    (tmp_path / "j.factfile").write_text(factfile(*tasks))

    def names(*options: str) -> list[str]:
        return [t["name"] for t in json.loads(factc("compile", "j.factfile", *options).out)["data"]["tasks"]]

    assert names("--to", "c") == ["a", "b", "c"]
    assert names("--start", "b", "--to", "c") == ["b", "c"]
    ran = factc("run", "j.factfile", "--start", "b")
    assert ran.code == 3 and "'y' also needs 'x'" in ran.err
    ran = factc("run", "j.factfile", "--start", "x", "--to", "c")
    assert ran.code == 3 and "does not depend on" in ran.err
    (tmp_path / "k.factfile").write_text(factfile(task("stage"), task("load", "true", "stage")))
    ran = factc("run", "k.factfile", "--start", "laod")
    assert ran.code == 3 and "did you mean 'load'?" in ran.err


def test_the_formats(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a", "echo", arguments=["x"]), task("b", "x | y", "a", ok=[0, 2], noop=[3]))
    (tmp_path / "j.factfile").write_text(text)
    plain = json.loads(factc("compile", "j.factfile", "--format", "factfile").out)
    assert plain == json.loads(text)
    (tmp_path / "k.json").write_text(factfile({"name": "a", "script": "a\nb"}, {"name": "b", "command": "x"}, schema=FACTC))  # fmt: skip
    more = json.loads(factc("compile", "k.json", "--format", "factfile").out)
    assert more == json.loads((tmp_path / "k.json").read_text())
    (tmp_path / "l.json").write_text(factfile({"name": "a", "script": "one line"}, schema=FACTC))
    less = json.loads(factc("compile", "l.json", "--format", "factfile").out)
    assert less["schema"] == FACTOTUM and less["data"]["tasks"][0]["command"] == "one line"


def test_output_is_written_whole_or_not_at_all(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "j.factfile").write_text(factfile(task("a")))
    assert factc("compile", "j.factfile", "-o", "out").code == 0
    assert json.loads((tmp_path / "out").read_text())["data"]["name"] == "a job"
    (tmp_path / "bad.factfile").write_text("{")
    before = (tmp_path / "out").read_bytes()
    assert factc("compile", "bad.factfile", "-o", "out").code == 1
    assert (tmp_path / "out").read_bytes() == before
    ran = factc("compile", "j.factfile", "-o", "nowhere/out")
    assert ran.code == 3 and "nowhere/out cannot be written" in ran.err
    assert sorted(os.listdir(tmp_path)) == ["bad.factfile", "j.factfile", "out"]
    assert factc("compile", "j.factfile", "-o", "/dev/full").code == 3
