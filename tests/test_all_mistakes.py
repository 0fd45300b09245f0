"""All mistakes of a job are told at once, each once, and nothing that only follows from another.

Stages must not hide each other: so each kind of mistake is planted beside each other kind.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factc.compiler.pipeline import compile_source
from factc.diagnostic import ERROR, CompileError, RequestError
from factc.lsp.analysis import analysed
from factc.model.job import FACTC
from factc.plan.values import Given
from factc.source import Source
from tests import planted_mistakes as planted
from tests.conftest import ROOT, Ran
from tests.planted_mistakes import Places, json_job, text_job

Factc = Callable[..., Ran]

PLANTED = Path(__file__).parent / "mistakes"
SHARED = ROOT.parent / "shared" / "mistakes" / "several"
TEXT = [*planted.DECLARATIONS, *planted.RULES]
JSON = [*planted.MEMBERS, *planted.TASKS]
FORMS = {"text": (TEXT, text_job, "job.fact"), "JSON": (JSON, json_job, "job.factfile")}


@pytest.fixture(autouse=True, scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The files that some kinds use stand beside the job."""
    folder, before = tmp_path_factory.mktemp("jobs"), os.getcwd()
    (folder / "used.fact").write_text(planted.USED)
    (folder / "right.fact").write_text(planted.RIGHT)
    os.chdir(folder)
    yield
    os.chdir(before)


def told(name: str, text: str) -> tuple[Places, Places]:
    """Line and code of what is wrong with a text, in order, and with what it uses."""
    try:
        compile_source(Source(name, text), Given())
    except CompileError as error:
        found = [(d.span, d.code) for d in error.diagnostics if d.severity == ERROR]
        places = [(span.source.name, span.source.place(span.start)[0], code) for span, code in found if span]
        assert len(places) == len(found)
        order = [line for file, line, _ in places if file == name]
        assert order == sorted(order)
        own = [(line, code) for file, line, code in places if file == name]
        return sorted(own), sorted((line, code) for file, line, code in places if file != name)
    return [], []


def check(form: str, *kinds: str) -> None:
    _, made, name = FORMS[form]
    text, places = made(kinds)
    used = planted.USED_PLACES if "a used job with mistakes" in kinds and form == "text" else []
    assert told(name, text) == (places, used), "\n".join([f"{kinds}", text])


@pytest.mark.parametrize(("form", "kind"), [(form, kind) for form, (kinds, *_) in FORMS.items() for kind in kinds])
def test_each_alone(form: str, kind: str) -> None:
    check(form, kind)


@pytest.mark.parametrize("form", FORMS)
def test_each_stage_beside_each_other(form: str) -> None:
    assert planted.STAGES[form] <= set(FORMS[form][0])
    for pair in combinations(sorted(planted.STAGES[form]), 2):
        check(form, *pair)


@pytest.mark.large
@pytest.mark.parametrize("form", FORMS)
def test_each_kind_beside_each_other(form: str) -> None:
    for pair in combinations(FORMS[form][0], 2):
        check(form, *pair)


@given(st.data())
def test_several_in_any_order(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(list(FORMS)))
    check(form, *data.draw(st.lists(st.sampled_from(FORMS[form][0]), unique=True)))


@pytest.mark.parametrize("form", FORMS)
def test_all_of_them(form: str) -> None:
    check(form, *FORMS[form][0])
    check(form, *reversed(FORMS[form][0]))


@pytest.mark.parametrize("form", FORMS)
def test_none(form: str) -> None:
    check(form)


# ---- one character is missing

MARKS = '{}[],:"'
TASKS = [
    {"name": "stage", "script": "echo {{day}}", "timeout": "5m"},
    {"name": "load", "script": "x", "dependsOn": ["stage"], "environment": {"V": "{{day}}"}, "retry": {"times": 2}},
    {"name": "sum", "command": "a", "arguments": ["b", "{{c}}"], "dependsOn": ["load"], "pools": ["db"]},
]
DATA = {"name": "j", "parameters": [{"name": "day", "default": "1"}], "pools": {"db": 2}, "tasks": TASKS}
WHOLE = {"schema": FACTC, "data": DATA}


def a_task_a_line() -> str:
    head = json.dumps(WHOLE | {"data": DATA | {"tasks": []}}, indent=2).removesuffix("[]\n  }\n}")
    return head + "[\n" + ",\n".join("      " + json.dumps(task) for task in TASKS) + "\n    ]\n  }\n}\n"


LAYOUTS = {"indented": json.dumps(WHOLE, indent=2), "a task a line": a_task_a_line(), "one line": json.dumps(WHOLE)}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_mark_of_json_that_is_missing_is_one_mistake(layout: str) -> None:
    """Whatever mark of JSON is dropped, nothing is told that only follows from that."""
    text = LAYOUTS[layout]
    assert told("job.factfile", text) == ([], [])
    for at, mark in enumerate(text):
        if mark in MARKS and text[at - 1 : at + 1] != "{{" and text[at : at + 2] != "{{":
            own, _ = told("job.factfile", text[:at] + text[at + 1 :])
            assert len(own) == 1 or "}}" in text[at - 1 : at + 2], (
                text[at - 30 : at],
                mark,
                text[at + 1 : at + 30],
                own,
            )


# ---- whole files


def expected(page: Path) -> dict[str, Places]:
    found = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            name, _, mistakes = line.partition(": ")
            pairs = [re.match(r"(\d+) (E\d{3}) ", mistake) for mistake in mistakes.split("; ")]
            found[name] = sorted((int(pair[1]), pair[2]) for pair in pairs if pair)
    return found


@pytest.mark.parametrize("name", expected(PLANTED / "planted.txt"))
def test_what_was_planted_is_told(name: str) -> None:
    path = PLANTED / name
    own, used = told(os.path.relpath(path), path.read_text(encoding="utf-8"))
    everything = expected(PLANTED / "planted.txt")
    inside = everything["parts/check.fact"] if name == "deploy.fact" else []
    assert (own, used) == (everything[name], inside)


@pytest.mark.skipif(not SHARED.exists(), reason="these files stand beside a checkout")
def test_what_others_planted_is_told() -> None:
    for line in (SHARED / "planted.txt").read_text(encoding="utf-8").splitlines():
        if not line or line[0] == "#":
            continue
        name, _, mistakes = line.partition(": ")
        lines = [int(number) for mistake in mistakes.split("; ") for number in re.findall(r"^\d+", mistake)]
        lines += [int(number) for number in re.findall(r"(\d+) two ", mistakes)]
        own, _ = told(str(SHARED / name), (SHARED / name).read_text(encoding="utf-8"))
        assert Counter(number for number, _ in own) == Counter(lines), name


# ---- by every way


@pytest.mark.parametrize("form", FORMS)
def test_every_way_tells_the_same(factc: Factc, tmp_path: Path, form: str) -> None:
    kinds, made, name = FORMS[form]
    text, places = made([kind for kind in kinds if kind != "a used job with mistakes"][::3])
    (tmp_path / name).write_text(text)
    (tmp_path / "right.fact").write_text(planted.RIGHT)
    found = json.loads(factc("validate", "--format", "json", name).out)
    assert sorted((d["line"], d["code"]) for d in found if d["severity"] == "error") == places
    github = factc("validate", "--format", "github", name).out
    pairs = re.findall(r"::error file=[^,]*,line=(\d+),col=\d+,title=(E\d+)::", github)
    assert sorted((int(line), code) for line, code in pairs) == places
    for verb in ("compile", "plan", "run", "validate"):
        ran = factc(verb, name)
        assert ran.code == 1 and set(re.findall(r"error\[(E\d+)\]", ran.err)) <= {code for _, code in places}
        assert f"{len(places)} errors" in ran.err, ran
    spans = [(d.span, d.code) for d in analysed(Source(name, text)).diagnostics if d.severity == ERROR]
    assert sorted((span.source.place(span.start)[0], code) for span, code in spans if span) == places


def test_what_a_shell_cannot_read_is_told_beside_the_rest(factc: Factc, tmp_path: Path) -> None:
    kinds = sorted(planted.STAGES["text"] - {"a used job with mistakes"})
    text, places = text_job(kinds)
    line = text.count("\n") + 3
    (tmp_path / "job.fact").write_text(text + '\nz:\n    echo "{{nobody}}\n')
    found = json.loads(factc("validate", "--format", "json", "job.fact").out)
    told = sorted((d["line"], d["code"]) for d in found if d["severity"] == "error")
    assert told == [*places, (line, "E202"), (line, "E209")]


def test_what_a_shell_cannot_read_is_not_told_of_what_was_guessed(factc: Factc, tmp_path: Path) -> None:
    text, places = json_job(["a quote is missing at the end", "an escape"])
    (tmp_path / "job.factfile").write_text(text.replace('"true}', "\"echo 'hi}"))
    found = json.loads(factc("validate", "--format", "json", "job.factfile").out)
    assert sorted((d["line"], d["code"]) for d in found) == places


@pytest.mark.parametrize("values", [{}, {"env": "prod"}])
def test_a_default_that_comes_to_what_is_not_allowed_hides_nothing(values: dict[str, str]) -> None:
    """It depends on values, so it is a mistake of the request, which is told when the job has none."""
    text = "job j\nparam x = c\nparam env in dev prod = {{x}}\n[cd {{env}}]\na: b\n    true\n"
    with pytest.raises(CompileError) as caught:
        compile_source(Source("job.fact", text), Given(values))
    assert [d.code for d in caught.value.diagnostics] == ["E102"]
    if not values:
        with pytest.raises(RequestError, match="`c` is not allowed for the parameter `env`"):
            compile_source(Source("job.fact", text.replace("a: b", "a:")), Given())
