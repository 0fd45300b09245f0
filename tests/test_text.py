"""The text language: what each construct means, in the plan that it becomes."""

from __future__ import annotations

import logging
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, logger

from factc import resources
from factc.compiler.pipeline import compile_source
from factc.diagnostic import CompileError, Diagnostic
from factc.model.document import Document
from factc.plan import Plan, PlanTask, shown
from factc.plan.values import Given
from factc.source import Source
from factc.syntax.fact.parser import read_text
from tests.conftest import ROOT
from tests.draws import draws


def document(text: str) -> Any:
    return read_text(Source("job.fact", text)).value["data"]


def plan(text: str, **values: str) -> Plan:
    return compile_source(Source("job.fact", text), Given(dict(values), {}, [])).plan


def tasks(text: str, **values: str) -> dict[str, PlanTask]:
    return {task.name: task for task in plan("job j\n" + text, **values).tasks}


def command(text: str, **values: str) -> list[str]:
    """The argv of the one task of a text, open values shown as `{{name}}`."""
    (task,) = tasks(text, **values).values()
    return [shown(word) for word in task.argv]


def mistakes(text: str) -> list[Diagnostic]:
    with pytest.raises(CompileError) as caught:
        plan(text)
    return caught.value.diagnostics


def place(diagnostic: Diagnostic) -> tuple[int, int, str]:
    """Line, column and the marked words."""
    span = diagnostic.span
    assert span
    return (*span.source.place(span.start), span.source.text[span.start : span.end])


# ---- lines, names, headers


@pytest.mark.parametrize("text", ["job j\na: b\n    true\nb:\n    true\n", "job j\na: b\n    true\nb:\n    true"])
@pytest.mark.parametrize("change", [lambda t: t, lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t])
def test_line_ends_and_marks_change_nothing(text: str, change: Any) -> None:
    assert document(change(text)) == {
        "name": "j",
        "tasks": [{"name": "a", "dependsOn": ["b"], "script": "true"}, {"name": "b", "script": "true"}],
    }


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("stage", "stage"), ("été-2.x", "été-2.x"), ('"echo alpha"', "echo alpha"), (r'"a\"b\\c\u00e9\n"', 'a"b\\cé\n'),
        ("job", "job"), ("param", "param"), ("use", "use"), ("pool", "pool"), ("secret", "secret"), ("in", "in"),
        ("as", "as"), ("0", "0"), ("_x", "_x"), ('"a:b"', "a:b"), ('"[x]"', "[x]"), ('"#"', "#"),
    ],
)  # fmt: skip
def test_names(written: str, name: str) -> None:
    data = document(f"job j\n{written}:\n    true\nlast: {written}\n")
    assert [task["name"] for task in data["tasks"]] == [name, "last"]
    assert data["tasks"][1]["dependsOn"] == [name]


def test_a_job_is_a_word_or_a_text() -> None:
    assert plan("job nightly\n").name == "nightly"
    assert plan('job "nightly enrich"\n').name == "nightly enrich"


def test_dependencies_in_any_order_and_over_several_lines() -> None:
    found = tasks('last: "first one" \\\n    second \\\n  third\n"first one":\nsecond: third # why\nthird:\n')
    assert list(found) == ["first one", "third", "second", "last"]
    assert [list(found)[d] for d in found["last"].dependencies] == ["first one", "second", "third"]


def test_comments() -> None:
    above = "# first\njob j # the job\n   # indented\nparam p = s3://x#frag # why\n# between\n"
    data = document(above + "a: # what\n    echo {{p}} # a shell's\n#end")
    assert data["parameters"] == [{"name": "p", "default": "s3://x#frag"}]
    assert data["tasks"] == [{"name": "a", "script": "echo {{p}} # a shell's"}]


def test_descriptions_stand_directly_above() -> None:
    text = """\
## The job.
job j
## Lost: not directly above.

## A parameter.
param p
## One,
##
## two.
[ok 1]
a:
    true
[ok 1]
## Behind the bracket.
b:
    true
### Three hashes are a comment.
c:
    true
"""
    data = document(text)
    assert data["description"] == "The job."
    assert data["parameters"] == [{"name": "p", "description": "A parameter."}]
    assert [t.get("description") for t in data["tasks"]] == ["One,\n\ntwo.", "Behind the bracket.", None]


# ---- recipes


@pytest.mark.parametrize(
    ("recipe", "argv"),
    [
        ("    echo a\n", ["sh", "-c", "echo a"]),
        ("\techo a\n", ["sh", "-c", "echo a"]),
        (" echo a  \n", ["sh", "-c", "echo a  "]),
        ("    # why\n\n    echo a\n", ["sh", "-c", "# why\n\necho a"]),
        ("    cd x\n    echo a\n", ["sh", "-e", "-c", "cd x\necho a"]),
        ("    if x; then\n        y\n    fi\n", ["sh", "-e", "-c", "if x; then\n    y\nfi"]),
        ("    cat <<END\n    text\n\n      more\n    END\n", ["sh", "-e", "-c", "cat <<END\ntext\n\n  more\nEND"]),
        ("    a \\\n      b\n", ["sh", "-e", "-c", "a \\\n  b"]),
        ("    echo a\n\n\n", ["sh", "-c", "echo a"]),
        ("    echo 'a: b'\n    [ok]\n", ["sh", "-e", "-c", "echo 'a: b'\n[ok]"]),
    ],
)
def test_recipes(recipe: str, argv: list[str]) -> None:
    assert command(f"a:\n{recipe}") == argv


@pytest.mark.parametrize("shell", ["bash", "ksh", "zsh"])
def test_shells_that_see_a_failure_left_of_a_pipe(shell: str) -> None:
    assert command(f"[shell {shell}]\na:\n    x | y\n") == [shell, "-e", "-o", "pipefail", "-c", "x | y"]


def test_a_rule_without_a_recipe_runs_nothing() -> None:
    assert tasks("a:\n    true\nall: a\n")["all"].argv == ()


# ---- parameters


def test_values_are_quoted_for_their_place() -> None:
    text = "param x\na:\n    echo {{x}} \"{{x}}\" '{{x}}' # {{x}}\n"
    assert command(text, x="it's $5") == ["sh", "-c", "echo 'it'\\''s $5' \"it's \\$5\" 'it'\\''s $5' # {{x}}"]


def test_defaults_use_what_stands_above() -> None:
    text = 'param a = "x y"\nparam b in 1 2 = 2\nparam c = {{a}}/{{b}}\nt:\n    echo {{c}}\n'
    found = plan("job j\n" + text)
    assert [(p.name, p.allowed) for p in found.parameters] == [("a", None), ("b", ("1", "2")), ("c", None)]
    (warning,) = [d for d in mistakes("job j\nparam c = {{a}}\nparam a\nt:\n    echo {{c}}\n") if d.code == "E202"]
    assert "declared further down" in warning.message and place(warning) == (2, 11, "{{a}}")


def test_names_and_dependencies_are_templates() -> None:
    found = tasks('param env = dev\n"load {{env}}":\n    true\nafter: "load {{env}}"\n    true\n')
    assert list(found) == ["load dev", "after"] and found["after"].dependencies == (0,)


def test_an_unknown_name_gets_its_place_and_a_suggestion() -> None:
    (unknown,) = mistakes("job j\nparam bucket\na:\n    echo x\n    aws sync {{buckt}}\n")
    assert (unknown.code, unknown.hint, place(unknown)) == ("E202", "did you mean `bucket`?", (5, 14, "{{buckt}}"))


def test_unsafe_places_name_the_way_out() -> None:
    (unsafe,) = mistakes('job j\nparam day\na:\n    echo "$(date -d {{day}})"\n')
    assert unsafe.code == "E204" and place(unsafe) == (4, 21, "{{day}}")
    assert unsafe.hint == 'put [env DAY={{day}}] above the task and write "$DAY"'


def test_braces_of_another_tool_name_both_ways_out() -> None:
    (no_name,) = mistakes("job j\na:\n    docker ps --format {{.Names}}\n")
    assert no_name.code == "E201" and place(no_name) == (3, 24, "{{.Names}}")
    assert "verbatim" in no_name.hint and "env" in no_name.hint
    assert command("[verbatim]\na:\n    docker ps --format {{.Names}}\n") == [
        "sh",
        "-c",
        "docker ps --format {{.Names}}",
    ]


# ---- attributes


def test_all_attributes() -> None:
    text = """\
[ok 0 2, noop 3,
    cd "a b"]
[env A=1 B="x y", # why
  env C=]
[shell bash]
a:
    true
"""
    (task,) = tasks(text).values()
    assert (task.ok, task.noop, task.directory) == ((0, 2), (3,), "a b")
    assert task.environment == (("A", "1"), ("B", "x y"), ("C", ""))
    assert task.argv[0] == "bash"


def test_above_job_for_every_task_that_says_nothing_else() -> None:
    text = "[shell bash, cd out, env A=1 B=2]\njob j\na:\n    true\n[shell sh, cd ., env B=3]\nb:\n    true\n"
    a, b = plan(text).tasks
    assert (a.argv[0], a.directory, dict(a.environment)) == ("bash", "out", {"A": "1", "B": "2"})
    assert (b.argv[0], b.directory, dict(b.environment)) == ("sh", ".", {"A": "1", "B": "3"})


def test_exec_splits_as_a_shell_would_and_expands_nothing() -> None:
    text = "param x\n[exec]\na:\n    cp 'my files' {{x}} \"$HOME\" *.txt\n"
    assert command(text, x="a b") == ["cp", "my files", "a b", "$HOME", "*.txt"]


def test_a_command_means_what_it_means_in_a_factfile() -> None:
    assert command('[command "echo" "$HOME" "a \\"b\\""]\na:\n') == ["sh", "-c", 'echo "$HOME" "a \\"b\\""']
    assert command('[command "docker" "{{.Names}}"]\na:\n') == ["sh", "-c", 'docker "{{.Names}}"']
    assert command('[exec, command "echo" "$HOME"]\na:\n') == ["echo", "$HOME"]


# ---- mistakes


def test_five_mistakes_are_five_diagnostics_in_order() -> None:
    text = 'job "j"\nparam\na: b, c\n    true\n[retri 2]\nb:\n    true\nc d:\n    true\nd: nothing\n    echo {{x}}\n'
    found = mistakes(text)
    assert [place(d)[0] for d in found] == [2, 3, 3, 5, 8, 10, 11]
    found = mistakes(text.replace("param\n", "").replace(",", "").replace("retri 2", "ok").replace("c d", "c"))
    assert [(d.code, place(d)[0]) for d in found] == [("E304", 4), ("E102", 9), ("E202", 10)]
    found = mistakes("job j\nd: nothing\n    echo {{x}}\nd:\n    true\ne: e\n")
    assert sorted(d.code for d in found) == ["E101", "E102", "E103", "E202"]
    assert [place(d)[0] for d in found] == sorted(place(d)[0] for d in found)


def test_places_behind_carriage_returns_and_marks() -> None:
    (unknown,) = mistakes("\ufeffjob j\r\n\r\na: b\r\n    true\r\n")
    assert place(unknown) == (3, 4, "b")


def test_mistakes_in_a_long_job_are_all_found_and_none_invented() -> None:
    choose = random.Random(7)
    rules = [f"t{i}:\n    echo {i}\n    echo again\n" for i in range(2000)]
    wrong = [
        "t{}: a,b\n    x\n",
        "t {}:\n    x\n",
        't{}: "open\n    x\n',
        "[ok 0\nt{}:\n    x\n",
        "t{} = 5\n",
        "t{}\n    x\n",
    ]
    planted = sorted(choose.sample(range(2000), 60))
    for i in planted:
        rules[i] = choose.choice(wrong).format(i)
    line, lines = 2, []
    for i, rule in enumerate(rules):
        lines += [line] if i in planted else []
        line += rule.count("\n")
    with pytest.raises(CompileError) as caught:
        read_text(Source("job.fact", "job j\n" + "".join(rules)))
    assert [place(d)[0] for d in caught.value.diagnostics] == lines


JARGON = re.compile(r"\b(?:token|terminal|parser|grammar|unexpected|lark|EOF|None|expected one of)\b", re.IGNORECASE)
GOOD = (ROOT / "samples" / "nightly.fact").read_text()
MORE = """\
[timeout 3h]
job more

param regions = "eu us"
secret KEY
pool disk = 2

[each r in {{regions}}, retry 2 every 30s backoff 2 on 75 signal, pool disk]
load:
    echo {{r}}

[each r in a "b c", env A={{r}}]
use "nowhere.fact" as other: load[{{r}}]
    day = "{{r}} x"  # why
    env = dev

[finally]
end:
    true
"""


@settings(max_examples=draws(300), deadline=None)
@given(st.data())
def test_whatever_the_text_only_diagnostics_come(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([GOOD, MORE]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 6)))
        text = text[:at] + data.draw(st.text("ab:\"'[]{}#\\ \n\t,=éjo\r\0", max_size=4)) + text[end:]
    try:
        answer = plan_or_document(text)
    except CompileError as error:
        for d in error.diagnostics:
            assert not JARGON.search(" ".join((d.message, d.hint, d.label)))
            assert d.span is None or 0 <= d.span.start <= d.span.end <= len(d.span.source.text)
    else:
        assert isinstance(answer, (Plan, Document))


def plan_or_document(text: str) -> Plan | Document:
    document = read_text(Source("job.fact", text))
    try:
        return plan(text)
    except CompileError:
        return document


# ---- the grammar


def test_the_grammar_has_no_conflict(caplog: pytest.LogCaptureFixture) -> None:
    logger.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            Lark(
                resources.text("grammar/fact.lark"), parser="lalr", start=["file", "attributes"], debug=True,
                maybe_placeholders=False,
            )  # fmt: skip
    finally:
        logger.setLevel(logging.CRITICAL)
    assert [record.message for record in caplog.records if "onflict" in record.message] == []
