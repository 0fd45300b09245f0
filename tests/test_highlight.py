"""Colours: the lexer for Pygments, and the TextMate grammar for editors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factc.syntax.fact.attributes import ATTRIBUTES
from tests.conftest import ROOT

pygments = pytest.importorskip("pygments")

from pygments.token import Comment, Error, Keyword, Name, Operator, String  # noqa: E402

from factc.highlight import FactLexer  # noqa: E402

GRAMMAR = ROOT / "docs" / "editors" / "fact.tmLanguage.json"
SAMPLES = sorted((ROOT / "samples").glob("*.fact"))

TEXT = """\
# plain
## about
[shell bash, env A="b {{day}}",
    retry 2 every 30s # why
]
job "two words"
param day in mon tue = mon
use "a.fact" as rep: load "b c"
    day = {{day}}
load: a \\
    b[{{day}}] # behind
    echo {{day}} 'in {{day}}' "$HOME" # shell

    if true; then
        cat <<EOF
    fi
next:
"""


def tokens(text: str) -> list[tuple[Any, str]]:
    return list(FactLexer(stripnl=False, ensurenl=False).get_tokens(text))


def kinds(text: str, word: str) -> list[Any]:
    """The kinds of all tokens that are this word."""
    return [kind for kind, value in tokens(text) if value == word]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_comes_through_whole(path: Path) -> None:
    text = path.read_text()
    found = tokens(text)
    assert "".join(value for _, value in found) == text
    assert not [value for kind, value in found if kind in Error]


def test_half_written_texts_come_through_whole() -> None:
    for end in range(len(TEXT)):
        for text in (TEXT[:end], TEXT[end:]):
            assert "".join(value for _, value in tokens(text)) == text


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("# plain", [Comment.Single]),
        ("## about", [String.Doc]),
        ("# why", [Comment.Single]),
        ("# behind", [Comment.Single]),
        ("shell", [Name.Decorator]),
        ("retry", [Name.Decorator]),
        ("every", [Keyword]),
        ("A", [Name.Variable]),
        ("{{day}}", [String.Interpol] * 5),
        ("two words", [String.Double]),
        ("job", [Keyword.Declaration]),
        ("param", [Keyword.Declaration]),
        ("day", [Name.Variable] * 2),
        ("use", [Keyword.Namespace]),
        ("as", [Keyword]),
        ("load", [Name, Name.Function]),
        ("a", [Name.Label]),
        ("next", [Name.Function]),
        ("echo", [Name.Builtin]),
        ("$HOME", [Name.Variable]),
        ("if", [Keyword]),
    ],
)
def test_words_have_their_kind(word: str, wanted: list[Any]) -> None:
    assert kinds(TEXT, word) == wanted


def test_a_word_of_the_language_can_be_a_name() -> None:
    assert kinds("param: job\n", "param") == [Name.Function]
    assert kinds('"a: b" : job\n', '"a: b"') == [Name.Function]


def test_an_open_bracket_does_not_swallow_the_next_rule() -> None:
    assert kinds("[ok 0\nload:\n", "load") == [Name.Function]


def test_it_is_found_by_name_where_factc_is_installed() -> None:
    assert FactLexer.aliases == ["fact"] and FactLexer.filenames == ["*.fact"]
    text = (ROOT / "pyproject.toml").read_text()
    assert '[project.entry-points."pygments.lexers"]\nfact = "factc.highlight:FactLexer"\n' in text


def test_all_attributes_are_coloured() -> None:
    attributes = grammar()["repository"]["bracket"]["patterns"][1]["match"]
    for name in ATTRIBUTES:
        assert kinds(f"[{name}]\n", name) == [Name.Decorator]
        assert re.search(rf"[(|]{name}[|)]", attributes)
    assert kinds("pool x = 2\n", "=") == [Operator]


# ---- the TextMate grammar


def grammar() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GRAMMAR.read_text())
    return found


def rules(node: Any) -> Iterator[dict[str, Any]]:
    """All objects of the grammar."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from rules(inner)


def pattern(name: str, key: str = "match") -> re.Pattern[str]:
    """A regular expression of the repository; Python has no \\G."""
    return re.compile(grammar()["repository"][name][key].replace("\\G", ""), re.MULTILINE)


def test_its_regular_expressions_are_some_and_its_includes_lead_somewhere() -> None:
    whole = grammar()
    assert (whole["scopeName"], whole["fileTypes"]) == ("source.fact", ["fact"])
    for rule in rules(whole):
        for key in ("match", "begin", "end", "while"):
            if isinstance(rule.get(key), str):
                re.compile(rule[key].replace("\\G", ""))
        include = rule.get("include", "source.shell")
        assert include == "source.shell" or include[1:] in whole["repository"]


@pytest.mark.parametrize(
    ("name", "key", "line", "wanted"),
    [
        ("description", "match", "## about", True),
        ("description", "match", "### rule", False),
        ("line-comment", "match", "# plain", True),
        ("rule", "begin", "load: a", True),
        ("rule", "begin", '"check \\"it\\"":', True),
        ("rule", "begin", "a:b", False),
        ("rule", "begin", "    a: b", False),
        ("recipe", "begin", "    echo", True),
        ("recipe", "while", "", True),
        ("recipe", "while", "next:", False),
        ("job", "begin", "job x", True),
        ("job", "begin", "jobs x", False),
        ("declaration", "begin", "param day", True),
        ("declaration", "begin", "secret TOKEN", True),
        ("use", "begin", 'use "a"', True),
        ("bracket", "begin", "[ok 0]", True),
        ("tag", "match", "{{day}}", True),
        ("tag", "match", "{day}", False),
    ],
)
def test_its_patterns_match_what_they_are_for(name: str, key: str, line: str, wanted: bool) -> None:
    assert bool(pattern(name, key).match(line)) is wanted


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_statement_of_the_samples_has_a_pattern(path: Path) -> None:
    begins = ["rule", "job", "declaration", "use", "bracket"]
    for line in path.read_text().split("\n"):
        if line and line[0] not in " \t#]":
            assert any(pattern(name, "begin").match(line) for name in begins), line
