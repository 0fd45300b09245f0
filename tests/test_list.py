"""`factc list`: tasks, parameters and tags, of all three kinds of job file, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.jobs import factfile, task

Factc = Callable[..., Ran]

JOB = """\
## Loads the events of a night.
##
## By hand: once a day.
job "nightly load"

## The day to load.
## As in the file names.
param day
param bucket = "s3://acme/{{day}}"
param env in dev prod = dev

## Copies what is there.
## Slowly.
stage:
    cp {{bucket}} {{tag:mood}} .

load: stage
    ./load {{env}}

"check it": load stage
    true
"""


PAGE = """\
nightly load
  Loads the events of a night.

  By hand: once a day.

TASK      AFTER
stage                  Copies what is there.
load      stage
check it  load, stage

PARAMETER  VALUE              ALLOWED
day        (must be given)               The day to load.
bucket     s3://acme/{{day}}
env        dev                dev, prod

ALSO
tag   mood  (must be given)
"""


@pytest.fixture(autouse=True)
def job(tmp_path: Path) -> Path:
    (tmp_path / "job.fact").write_text(JOB)
    return tmp_path / "job.fact"


def listed(factc: Factc, *words: str) -> dict[str, Any]:
    ran = factc("list", *words, "--format", "json")
    assert (ran.code, ran.err) == (0, ""), ran
    account: dict[str, Any] = json.loads(ran.out)
    return account


def test_for_people(factc: Factc) -> None:
    ran = factc("list", "job.fact")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == PAGE


def test_for_programs(factc: Factc) -> None:
    assert listed(factc, "job.fact", "--set", "env=prod", "--tag", "mood=fine") == {
        "name": "nightly load",
        "description": "Loads the events of a night.\n\nBy hand: once a day.",
        "tasks": [
            {"name": "stage", "description": "Copies what is there.\nSlowly.", "dependsOn": [], "finally": False},
            {"name": "load", "description": "", "dependsOn": ["stage"], "finally": False},
            {"name": "check it", "description": "", "dependsOn": ["load", "stage"], "finally": False},
        ],
        "parameters": [
            {"name": "day", "description": "The day to load.\nAs in the file names.", "default": None, "values": None, "value": None},
            {"name": "bucket", "description": "", "default": "s3://acme/{{day}}", "values": None, "value": None},
            {"name": "env", "description": "", "default": "dev", "values": ["dev", "prod"], "value": "prod"},
        ],
        "tags": {"mood": "fine"},
        "secrets": [],
    }  # fmt: skip


def test_a_compiled_plan_shows_what_is_settled(factc: Factc) -> None:
    factc("compile", "job.fact", "--set", "env=prod", "--tag", "mood=fine", "-o", "job.factotum")
    account = listed(factc, "job.factotum")
    assert account["tasks"] == listed(factc, "job.fact")["tasks"]
    assert [(p["name"], p["default"], p["value"]) for p in account["parameters"]] == [
        ("env", None, "prod"), ("day", None, None), ("bucket", "s3://acme/{{day}}", None),
    ]  # fmt: skip
    assert account["tags"] == {"mood": "fine"}
    assert "\nenv        prod\n" in factc("list", "job.factotum").out


def test_a_factfile(factc: Factc, tmp_path: Path) -> None:
    tasks = [task("b", "echo", "a", arguments=["{{ who }} {{tag:x}}"]), task("a")]
    (tmp_path / "job.factfile").write_text(factfile(*tasks))
    account = listed(factc, "job.factfile")
    assert [(t["name"], t["dependsOn"]) for t in account["tasks"]] == [("b", ["a"]), ("a", [])]
    assert [(p["name"], p["default"]) for p in account["parameters"]] == [("who", "")]
    assert account["tags"] == {"x": None}


def test_names_that_want_a_value(factc: Factc, job: Path) -> None:
    job.write_text('job j\nparam day\n"load {{day}}":\n    true\nb: "load {{day}}"\n    true\n')
    assert [t["name"] for t in listed(factc, "job.fact")["tasks"]] == ["load {{day}}", "b"]
    assert [t["name"] for t in listed(factc, "job.fact", "--set", "day=1")["tasks"]] == ["load 1", "b"]
    assert factc("list", "job.fact", "--start", "b").code == 3


def test_a_part_of_a_job(factc: Factc) -> None:
    assert [t["name"] for t in listed(factc, "job.fact", "--to", "load")["tasks"]] == ["stage", "load"]


def test_mistakes_and_wrong_values(factc: Factc, job: Path) -> None:
    assert "no parameter `wo`" in factc("list", "job.fact", "--set", "wo=1").err
    assert factc("list", "job.fact", "--set", "env=nowhere").code == 3
    job.write_text("job j\na: b\n    true\n")
    ran = factc("list", "job.fact")
    assert (ran.code, ran.out) == (1, "") and "E102" in ran.err


def test_long_lists_and_strange_names(factc: Factc, tmp_path: Path) -> None:
    tasks = [task(f"t{i}") for i in range(14)] + [task("all\x1b[31m\n", "true", *(f"t{i}" for i in range(14)))]
    (tmp_path / "job.factfile").write_text(factfile(*tasks, name="x\ty"))
    out = factc("list", "job.factfile").out
    assert "t8, t9 and 4 more\n" in out and "all\\x1b[31m\\n" in out and out.startswith("x\\ty\n\nTASK"), out


def test_a_job_with_nothing_but_a_name(factc: Factc, job: Path) -> None:
    job.write_text("job j\na:\n    true\n")
    assert factc("list", "job.fact").out == "j\n\nTASK\na\n"


def test_what_is_final_and_what_is_secret(factc: Factc, job: Path) -> None:
    job.write_text("job j\nsecret pw\na:\n    true\n[finally]\nb: a\n    true\n")
    account = listed(factc, "job.fact")
    assert account["secrets"] == ["pw"] and [t["finally"] for t in account["tasks"]] == [False, True]
    out = factc("list", "job.fact").out
    assert "\nb     finally: a\n" in out and "\nsecret  pw\n" in out, out
