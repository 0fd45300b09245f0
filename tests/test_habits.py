"""Words of Make and bash in recipes, and what a shell would expand where none reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.compiler.pipeline import compile_source
from factc.lint.recipe import recipes
from factc.lint.warnings import lint
from factc.plan.values import Given
from factc.source import Source
from tests.conftest import Ran


def marked(text: str, code: str) -> list[str]:
    """The marked words of the warnings of a code."""
    job = compile_source(Source("job", text), Given()).job
    found = lint(job, recipes(job), lambda *_: True)
    return [text[d.span.start : d.span.end] for d in found if d.code == code and d.span]


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("#!/bin/bash\ntrue", ["#!/bin/bash"]), ("#!/usr/bin/env -S python3 -u\nprint", ["#!/usr/bin/env -S python3 -u"]), ("#!/bin/sh\ntrue", []), ("true\n#!/bin/bash", []),
        ("-rm a", ["-"]), ("@echo a", ["@"]), ("a\n@-b; -c", ["@", "-"]), ("a -b @c", []), ("a \\\n  -b", []), ("f -\n", []), ("cat <<E\n-a\n@b\nE", []),
        ("echo $$HOME", ["$$"]), ('echo "$${A}"', ["$$"]), ("$$(a)", ["$$"]), ("echo $$ a$$ a.$$_b \\$$A", []), ("awk '{print $$NF}'", []), ("kill $$; echo $$/a", []),
        ("source a", ["source"]), ("a && [[ b ]]", ["[["]), ("x=$(declare -p)", ["declare"]), ("echo source [[", []), (". a; [ b ]", []),
        ("if (( n > 3 )); then a; fi", ["(("]), ("a && ((n++))", ["(("]), ("echo $((n + 1)); x=$(( (a+b) * c ))", []), ("((a); b); ( (c) )", []),
        ("make &> log", ["&>"]), ("make &>>log; x 2>&1 >y &", ["&>"]), ("a & >b", []),
    ],
)  # fmt: skip
def test_habits(recipe: str, words: list[str]) -> None:
    lines = "".join(f"    {line}\n" for line in recipe.split("\n"))
    assert marked(f"job j\n\na:\n{lines}", "W415") == words


def test_what_is_bash_is_right_under_bash() -> None:
    assert marked("job j\n\n[shell bash]\na:\n    #!/bin/bash\n    source a; [[ b ]]\n", "W415") == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("[each n in 1..5]\na:\n    echo {{n}}", ["1..5"]), ("[each n in {1..3} x]\na:\n    echo {{n}}", ["{1..3}"]),
        ("[each n in *.csv]\na:\n    echo {{n}}", ["*.csv"]), ("[each n in $A b]\na:\n    echo {{n}}", ["$A"]), ("[each n in 1 2.0 a..b.txt v1..2x ..]\na:\n    echo {{n}}", []),
        ("[env A=$HOME/x]\na:\n    b", ["$HOME"]), ("[env A=${B}/x]\na:\n    b", ["${B}"]), ("[env A=~/x]\na:\n    b", ["~"]), ("[env A=a~b, env B=5$]\na:\n    b", []),
        ("[cd ~/w]\na:\n    b", ["~"]), ("[cd $W/x]\na:\n    b", ["$W"]), ("[cd a/~b]\na:\n    b", []), ("param p = $HOME/x\na:\n    echo {{p}}", ["$HOME"]),
        ("[exec]\na:\n    b $C", ["$C"]), ("[exec]\na:\n    b >c", [">"]), ("[exec]\na:\n    b && c", ["&&"]), ("[exec]\na:\n    b 'x $C | y'", []), ("a:\n    b $C | ~/x", []),
    ],
)  # fmt: skip
def test_what_no_shell_expands(rule: str, words: list[str]) -> None:
    assert marked(f"job j\n\n{rule}\n", "W416") == words


def test_a_list_beside_other_values() -> None:
    text = 'job j\n\nparam l = "a b"\nparam o = a\n\n[each x in {each}]\na:\n    echo {{{{x}}}}\n'
    for each, words in [("{{l}} z", ["{{l}}"]), ("{{l}}", []), ("{{o}} z", []), ("{{l}}c z", [])]:
        assert marked(text.format(each=each), "W416") == words


def test_of_the_whole_job() -> None:
    assert marked("[env A=$B]\n[cd ~]\njob j\n\na:\n    b\n", "W416") == ["~", "$B"]


def test_recipes_of_used_jobs_are_looked_at_once(factc: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "prog").write_text("")
    (tmp_path / "sub" / "prog").chmod(0o755)
    (tmp_path / "in.fact").write_text(
        "job in\n\nparam p = 1\n\na:\n    @echo; ./prog; ./nosuch --password hunter2\n\nb:\n    )\n"
    )
    (tmp_path / "out.fact").write_text(
        'job out\n\n[cd sub]\nuse "in.fact" as one\n\n[each x in a b]\nuse "in.fact" as two\n\nc:\n    d=$x\n'
    )
    ran = factc("validate", "out.fact", "--format", "json")
    found = sorted((d["code"], d["file"], d["line"]) for d in json.loads(ran.out))
    assert found == [
        ("E209", "in.fact", 9),
        *((code, "in.fact", line) for code, line in [("W401", 6), ("W405", 6), ("W406", 3), ("W415", 6)]),
    ]
    assert "hunter2" not in factc("validate", "out.fact").err
