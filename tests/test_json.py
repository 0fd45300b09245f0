"""What `--format json` prints is what the page about it says: no member more, none less, one form of time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Ran

Factc = Callable[..., Ran]
JOB = """job nightly

param day
param env in dev prod = dev
secret token

a:
    echo {{day}}

b: a
    test {{env}} = dev && echo {{tag:mood}}
"""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def told(heading: str, after: str = "") -> set[str]:
    """The members in the first table behind a heading of the page, or behind some words below it."""
    text = (ROOT / "docs" / "json.md").read_text().split(heading, 1)[1]
    text = text[text.index(after) :]
    table = re.search(r"\| member \| \|\n\|---\|---\|\n((?:\|.*\n)+)", text)
    assert table
    return {name for line in table[1].splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}


@pytest.fixture
def folder(tmp_path: Path, factc: Factc) -> Path:
    (tmp_path / "job.fact").write_text(JOB)
    for words in (["--set", "day=1"], ["--set", "day=2", "--set", "env=prod"], ["--set", "day=1", "--to", "a"]):
        factc("run", "job.fact", *words, "--tag", "mood,", env={"token": "t0ken-t0ken"})
    return tmp_path


def test_runs_and_show(folder: Path, factc: Factc) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in factc("runs", "--format", "json").out.splitlines()]
    assert all(set(line) == told("## `factc runs`") and TIME.fullmatch(line["started"]) for line in lines)
    assert [(line["values"], line["to"], line["outcome"]) for line in lines] == [
        ({"day": "1", "env": "dev"}, "a", "succeeded"), ({"day": "2", "env": "prod"}, None, "failed"),
        ({"day": "1", "env": "dev"}, None, "succeeded"),
    ]  # fmt: skip
    shown = json.loads(factc("show", lines[1]["run"], "--format", "json", "--stats").out)
    assert set(shown) - set(lines[0]) == told("## `factc show RUN`") and shown["values"] == {"day": "2", "env": "prod"}
    for state in shown["states"]:
        assert state["duration"] == round(state["duration"], 3)
        assert set(state) == told("## `factc show RUN`", "An element of") and TIME.fullmatch(state["started"])


def test_the_words_for_ends_are_those_of_the_page_on_exit_codes() -> None:
    line = re.search(r"(?m)^\| `outcome` \| (.*)", (ROOT / "docs" / "json.md").read_text())
    table = (ROOT / "docs" / "exit-codes.md").read_text().split("## How a run ends")[1]
    words = re.findall(r"(?m)^\| ([a-z ]+) \|", table.replace("| word |", ""))
    assert line and words == ["succeeded", "finished early", "failed", "stopped", "died"]
    assert re.findall(r"`([a-z ]+)`", line[1])[: len(words)] == words


def test_a_running_attempt_has_no_figures_of_the_one_before(factc: Factc, tmp_path: Path) -> None:
    show = '"$FACTC" show "$FACTC_RUN"'
    recipe = f'[ "$FACTC_ATTEMPT" = 2 ] || exit 7\n    {show} --format json >json; {show} >text'
    (tmp_path / "job.fact").write_text(f"job j\n\n[retry 1 every 1ms]\na:\n    {recipe}\n")
    assert factc("run", "job.fact").code == 0
    (state,) = json.loads((tmp_path / "json").read_text())["states"]
    assert {key: state[key] for key in ("state", "attempt", "duration", "code", "reason")} == {
        "state": "running", "attempt": 2, "duration": None, "code": None, "reason": None,
    }  # fmt: skip
    assert re.search(r"(?m)^a +running +[-0-9]+ [:0-9]+$", (tmp_path / "text").read_text())


def test_list_and_validate(folder: Path, factc: Factc) -> None:
    job = json.loads(factc("list", "job.fact", "--format", "json").out)
    assert set(job) == told("## `factc list JOB`")
    page = (ROOT / "docs" / "json.md").read_text()
    for name in ("tasks", "parameters"):
        line = re.search(rf"(?m)^\| `{name}` \| a list.*", page)
        assert line and all(f"`{key}`" in line[0] for key in job[name][0])
    (folder / "bad.fact").write_text("job j\n\na: b\n    true\n")
    (mistake,) = json.loads(factc("validate", "bad.fact", "--format", "json").out)
    assert set(mistake) == told("## `factc validate JOB…`")


def test_two_runs_of_a_job_are_told_apart(folder: Path, factc: Factc) -> None:
    """By values, tags and the part that was chosen; what differs comes first."""
    (folder / "plain.fact").write_text("job plain\n\na:\n    true\n")
    assert factc("run", "plain.fact").code == 0
    head, *rows = factc("runs").out.splitlines()
    assert [row[head.index("WITH") :] for row in rows] == [
        "", "day=1 env=dev --to=a tag mood=", "day=2 env=prod tag mood=", "day=1 env=dev tag mood=",
    ]  # fmt: skip
    assert "WITH" not in factc("runs", "--job", "plain").out
    long = "x" * 500
    factc("run", "job.fact", "--set", f"day={long}", "--tag", "mood,x", env={"token": "t0ken-t0ken"})
    assert max(map(len, factc("runs").out.splitlines())) < 200
    assert "\nvalues   " in factc("show", "last").out
