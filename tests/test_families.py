"""Families: the names that mean several tasks are what `each` and `use` made, never what a task's name looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from factc.lsp.library import Library
from factc.lsp.symbols import occurrences
from factc.shell_completion import jobs
from factc.source import Source
from factc.syntax.planfile.reader import read_plan
from tests.conftest import Ran

Factc = Callable[..., Ran]

INNER = """job inner

stage:
    echo staged

[each kind in full delta]
check: stage
    echo checked {{kind}}
"""

JOB = """job families

"etl/load":
    echo loads

"etl[eu]/load": "etl/load"
    echo loads eu

"a[b]":
    echo plain

[each py in 3.11 3.12]
test: "etl/load"
    echo tested {{py}}

[each py in 1 2]
"odd/name":
    echo odd {{py}}

[each region in eu us]
use "inner.fact" as report: test

use "inner.fact" as once

end: report once
    echo ends
"""

EACH = {"test": ["test[3.11]", "test[3.12]"], "odd/name": ["odd/name[1]", "odd/name[2]"]}
USED = {
    name: [f"{name}/stage", f"{name}/check[full]", f"{name}/check[delta]"]
    for name in ("once", "report[eu]", "report[us]")
}
FAMILIES = {
    **EACH, **USED, "report": USED["report[eu]"] + USED["report[us]"],
    **{f"{name}/check": tasks[1:] for name, tasks in USED.items()},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, factc: Factc) -> Path:
    (tmp_path / "inner.fact").write_text(INNER)
    (tmp_path / "job.fact").write_text(JOB)
    assert factc("compile", "job.fact", "-o", "job.factotum").code == 0
    return tmp_path


def names(ran: Ran) -> list[str]:
    assert ran.code == 0, ran
    return [task["name"] for task in json.loads(ran.out)["tasks"]]


def test_a_plan_knows_its_families(folder: Path) -> None:
    text = (folder / "job.factotum").read_text()
    plan = read_plan(Source("job.factotum", text))
    number = {task.name: task.declared for task in plan.tasks}
    found = {f.name: sorted((n for n in number if f.first <= number[n] <= f.last), key=number.__getitem__)
             for f in plan.families}  # fmt: skip
    assert found == FAMILIES
    assert {f.name for f in plan.families if f.used} == set(USED)
    assert jobs.plan(text).families == [(f.name, "all of its tasks") for f in plan.families]
    known = {name for name, _ in jobs.look(str(folder / "job.fact")).families}
    assert known == set(FAMILIES), "what a glance at the file says is the same"


@pytest.mark.parametrize("job", ["job.fact", "job.factotum"])
def test_frames_are_drawn_round_what_was_used_alone(folder: Path, factc: Factc, job: str) -> None:
    lines = factc("dot", job).out.splitlines()
    frames: dict[str, list[str]] = {}
    for line in lines:
        if "color=gray" in line:
            frames[(inside := line.split("label=")[1].split(" style")[0].strip('"'))] = []
        elif line.startswith("\t\t") and "label=" in line:
            frames[inside].append(line.split("label=")[1].rstrip("]").strip('"').replace('"', ""))
    assert {name: [t.rstrip("]") for t in tasks] for name, tasks in frames.items()} == {
        name: [t.rstrip("]") for t in tasks] for name, tasks in USED.items()
    }


@pytest.mark.parametrize("job", ["job.fact", "job.factotum"])
def test_a_family_is_chosen_by_its_name(folder: Path, factc: Factc, job: str) -> None:
    for name, tasks in FAMILIES.items():
        everything = {one for task in tasks for one in names(factc("list", job, "--format", "json", "--to", task))}
        assert set(names(factc("list", job, "--format", "json", "--to", name))) == everything, name
        assert names(factc("list", job, "--format", "json", "--start", name, "--to", name)) == tasks, name
    both = names(factc("list", job, "--format", "json", "--start", "test", "--to", "report"))
    assert both == EACH["test"] + FAMILIES["report"]
    for wrong in ("etl", "etl[eu]", "a", "in"):
        ran = factc("list", job, "--to", wrong)
        assert ran.code == 3 and f"no task is called '{wrong}'" in ran.err
    assert "did you mean 'report'?" in factc("list", job, "--to", "reprot").err


def test_show_of_a_family_shows_each_of_its_tasks(folder: Path, factc: Factc) -> None:
    assert factc("run", "job.fact", "--output", "quiet").code == 0
    ran = factc("show", "last", "test")
    assert (ran.code, ran.out) == (0, "tested 3.11\ntested 3.12\n")
    assert ran.err == "factc: 'test[3.11]':\nfactc: 'test[3.12]':\n"
    assert factc("show", "last", "report[us]").out == "staged\nchecked full\nchecked delta\n"
    assert factc("show", "last", "etl/load").out == "loads\n"
    ran = factc("show", "last", "tset")
    assert (ran.code, ran.out) == (3, "") and "did you mean 'test'?" in ran.err


def test_the_editor_finds_a_rule_whose_name_looks_like_that_of_a_family(folder: Path) -> None:
    text = JOB + '\nlater: "etl/load" "odd/name[1]" report[eu]/check[full]\n    true\n'
    (folder / "job.fact").write_text(text)
    library = Library()
    file = library.file(str(folder / "job.fact"))
    assert file
    keys = [one.key[2] for one in occurrences(library, file) if one.start > len(JOB) and not one.statement]
    assert keys == ["etl/load", "odd/name", "report", "check"]


def test_vague_is_what_is_vague_by_its_whole_name(factc: Factc, tmp_path: Path) -> None:
    """Which single tasks there are nobody knows while the list has no value; that is said, and nothing else."""
    (tmp_path / "j.fact").write_text('job j\nparam l\n[each x in {{l}}]\n"a[b]":\n    x\nc: "a[b][1]"\n    x\n')
    ran = factc("validate", "j.fact")
    assert "E501" in ran.err and "E102" not in ran.err


PLANS: list[tuple[Sequence[tuple[str, int, int]], str]] = [
    ([("x", 1, 0)], "`families[0]` does not lie as a whole"),
    ([("x", 0, 3), ("y", 2, 5)], "`families[1]` does not lie as a whole"),
    ([("x", 2, 3), ("y", 0, 1)], "`families[1]` does not lie as a whole"),
    ([("x", 0, 3), ("x", 0, 1)], "`families[1].name` is the name of another family, too"),
    ([(f"x{i}", 0, 9) for i in range(200)], "lies in more than 102 others"),
]


@pytest.mark.parametrize("families, words", PLANS)
def test_families_of_a_plan_that_somebody_else_wrote(
    folder: Path, factc: Factc, families: list[tuple[str, int, int]], words: str
) -> None:
    from tests.test_plan_input import sealed, written

    value = json.loads((folder / "job.factotum").read_text())
    value["data"]["families"] = [{"name": n, "first": a, "last": b, "use": True} for n, a, b in families]
    (folder / "bad.factotum").write_text(sealed(written(value)))
    ran = factc("dot", "bad.factotum")
    assert ran.code == 1 and words in ran.err, ran
