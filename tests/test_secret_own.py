"""Secrets of single tasks, end to end: who sees one, who is asked for it, and that it is masked in any case."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, environment

VALUE = "c4nary-own-value"
JOB = """\
job own

secret EVERYBODYS

lint:
    echo "lint sees ${EVERYBODYS:+all}${TOKEN:+ TOKEN}${KEY:+ KEY}" >>seen; cat value

[secret TOKEN KEY]
publish: lint
    echo "publish sees ${EVERYBODYS:+all}${TOKEN:+ TOKEN}${KEY:+ KEY}" >>seen

[secret KEY]
sign: lint
    echo "sign sees ${EVERYBODYS:+all}${TOKEN:+ TOKEN}${KEY:+ KEY}" >>seen
"""
SEEN = ["lint sees all", "publish sees all TOKEN KEY", "sign sees all KEY"]
ALL = {"EVERYBODYS": "c4nary-of-everybody", "TOKEN": VALUE, "KEY": "c4nary-key"}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "own.fact").write_text(JOB)
    (tmp_path / "value").write_text(f"{VALUE}\n")
    return tmp_path


def seen(folder: Path) -> list[str]:
    lines = sorted((folder / "seen").read_text().splitlines())
    (folder / "seen").unlink()
    return lines


def test_a_task_sees_its_own_and_no_other_one_does(factc: Callable[..., Ran], job: Path) -> None:
    assert factc("compile", "own.fact", "-o", "own.plan").code == 0
    made = factc("compile", "own.fact", "--format", "factfile", "-o", "own.json")
    assert made.code == 0, made
    for name in ("own.fact", "own.plan", "own.json"):
        ran = factc("run", name, env=ALL)
        assert ran.code == 0 and seen(job) == SEEN, ran
        assert VALUE not in ran.out + ran.err and "***" in ran.out, ran  # masked in the output of who may not see it
    (job / "own.sh").write_text(factc("plan", "own.fact", "--script").out)
    done = subprocess.run(["sh", "own.sh"], cwd=job, env=environment(**ALL), capture_output=True)
    assert done.returncode == 0 and seen(job) == SEEN, done


def test_it_is_asked_for_only_where_its_task_runs(factc: Callable[..., Ran], job: Path) -> None:
    few = {"EVERYBODYS": ALL["EVERYBODYS"]}
    for call, env, lines in (
        (["--to", "lint"], few, SEEN[:1]),
        (["--to", "sign"], {**few, "KEY": ALL["KEY"]}, SEEN[::2]),
    ):
        ran = factc("run", "own.fact", *call, env=env)
        assert ran.code == 0 and seen(job) == lines, ran
        script = factc("plan", "own.fact", "--script", *call).out
        done = subprocess.run(["sh", "-c", script], cwd=job, env=environment(**env), capture_output=True)
        assert done.returncode == 0 and seen(job) == lines, done
    missing = factc("run", "own.fact", "--to", "publish", env=few)
    assert (
        missing.code == 3 and "the job needs the secrets TOKEN (for 'publish'), KEY (for 'publish'): " in missing.err
    ), missing
    alone = factc("run", "own.fact", "--start", "publish", "--to", "publish", env=few)
    assert alone.code == 3 and "the job needs the secrets TOKEN, KEY: " in alone.err, "there is no other task"


def test_who_is_asked_for_a_secret_of_all_tasks_is_told_how_not_to_be(factc: Callable[..., Ran], job: Path) -> None:
    ran = factc("run", "own.fact", env={"TOKEN": VALUE, "KEY": ALL["KEY"]})
    hint = "--secret-file EVERYBODYS=PATH; if not all tasks need it: [secret EVERYBODYS] above those that do\n"
    assert ran.code == 3 and hint in ran.err, ran
    assert "above those" not in factc("run", "own.fact", env={"EVERYBODYS": ALL["EVERYBODYS"]}).err


def test_what_is_set_and_not_asked_for_is_masked_and_withheld(factc: Callable[..., Ran], job: Path) -> None:
    ran = factc("run", "own.fact", "--to", "lint", env=ALL)
    assert ran.code == 0 and seen(job) == SEEN[:1] and VALUE not in ran.out and "***" in ran.out, ran


def test_both_languages_say_it_without_loss(factc: Callable[..., Ran], job: Path) -> None:
    as_json = factc("compile", "own.fact", "--format", "factfile").out
    assert [t.get("secrets") for t in json.loads(as_json)["data"]["tasks"]] == [None, ["TOKEN", "KEY"], ["KEY"]]
    (job / "own.json").write_text(as_json)
    again = factc("compile", "own.json", "--format", "fact").out
    assert "[secret TOKEN KEY]\npublish: lint\n" in again
    (job / "again.fact").write_text(again)
    assert factc("compile", "again.fact", "--format", "factfile").out == as_json
    assert factc("fmt", "--check", "own.fact").code == 0
