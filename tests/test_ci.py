"""In CI: the workflow of the page about it, and that no job gives orders to one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.escape import visible
from tests.conftest import ROOT, Ran
from tests.pages import answer, blocks

Factc = Callable[..., Ran]
PAGE = blocks(ROOT / "docs" / "ci.md")
WORKFLOW, HOOKS = (block.text for block in PAGE if block.language == "yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for block in PAGE:
        if block.file:
            (tmp_path / block.file).write_text(block.text)
    return tmp_path


def steps() -> list[str]:
    found = re.findall(r"(?m)^ +(?:- )?run: (.*)$", WORKFLOW)
    return [step[1:-1].replace('\\"', '"') if step.startswith('"') else step for step in found]


def test_the_steps_of_the_workflow_succeed(folder: Path) -> None:
    install, *others = steps()
    assert install.startswith("pip install ") and len(others) == 4
    for step in others:
        said = answer(f"GITHUB_STEP_SUMMARY=summary; export GITHUB_STEP_SUMMARY; {step}", folder)
        assert "exit code" not in said, (step, said)
    summary = (folder / "summary").read_text()
    assert summary.startswith("```\nrun ") and "test[end-to-end]" in summary and summary.endswith("```\n")


def test_the_workflow_is_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    parsed = yaml.safe_load(WORKFLOW)["jobs"]["ci"]["steps"]
    assert [step["run"] for step in parsed if "run" in step] == steps()
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in yaml.safe_load(HOOKS)["repos"][0]["hooks"]} == hooks


def test_going_on_or_beginning_anew(folder: Path) -> None:
    command = next(block.text for block in PAGE if block.language == "sh").strip()
    assert "3 succeeded" in answer(command, folder), "there is nothing to go on with"
    (folder / "ci.fact").write_text("job ci\n\na:\n    echo ran >> a\n\nb: a\n    test -e mended\n")
    assert "exit code 2" in answer("factc run ci.fact", folder)
    for begin in ("", "set -e; "):
        assert answer(begin + command, folder).endswith("exit code 2\n"), "what failed again is no wrong job"
    (folder / "mended").touch()
    assert "exit code" not in answer(command, folder) and (folder / "a").read_text() == "ran\n"


# ---- orders

ORDERS = ["::error::x", "  ::warning::x", "##[error]x", "::set-output name=a::b"]


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_that_a_job_says_is_an_order(factc: Factc, tmp_path: Path, order: str) -> None:
    """A name, a description, a value, a file: in no line of any output does one stand first."""
    quoted = f'"{order}"'
    file = f"{order.strip().replace('/', '')}.fact"
    (tmp_path / file).write_text(
        f"job {quoted}\n\nparam p = {quoted}\n\n## {order}\n{quoted}:\n    echo x; exit 1\n\n"
        f'"{order} too": {quoted}\n    echo {{{{p}}}}\n\n[finally]\n"{order} end":\n    echo {quoted} >&2\n'
    )
    lines: list[str] = []
    for words in (
        ["validate"], ["list"], ["plan"], ["dot"], ["run"], ["run", "--output", "group"], ["run", "--output", "quiet"],
        ["run", "--stats"], ["run", "--dry-run"], ["run", "--tag", f"{order},{order}"], ["run", "--to", "nobody"],
        ["compile"], ["compile", "--format", "fact"], ["compile", "--format", "factfile"],
    ):  # fmt: skip
        ran = factc(words[0], f"./{file}", *words[1:])
        lines += [*ran.out.splitlines(), *ran.err.splitlines()]
    for words in (["runs"], ["show", "last"], ["show", "last", "--stats"], ["events", "last"], ["resume", "--dry-run"],
                  ["show", "last", order + "?"], [order], ["run", order], ["prune", "--keep", "1", "--dry-run"]):  # fmt: skip
        ran = factc(*words)
        lines += [*ran.out.splitlines(), *ran.err.splitlines()]
    assert len(lines) > 100
    assert [line for line in lines if line.lstrip().startswith(("::", "##["))] == []


def test_such_words_stay_readable() -> None:
    assert [visible(word) for word in ORDERS] == [
        "\\x3a:error::x", "  \\x3a:warning::x", "\\x23#[error]x", "\\x3a:set-output name=a::b",
    ]  # fmt: skip
    for word in ("a::b", ":", "# a", "", "s3://x", ":a", "##"):
        assert visible(word) == word


def test_the_table_of_colours_is_true(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "bad.fact").write_text("job bad\na: b\n    true\n")
    text = (ROOT / "docs" / "ci.md").read_text().split("## Colours")[1]
    assert re.findall(r"(?m)^\| `(\w+)` \|", text) == ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM"]
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        assert "\x1b[" in factc("validate", "bad.fact", env={name: "1"}).err
        assert "\x1b[" not in factc("validate", "bad.fact", env={name: "1", "NO_COLOR": "1"}).err
