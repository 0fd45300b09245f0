"""Texts are read by tables, without Lark: the tables are Lark's, and what is read is what Lark would read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc import resources
from factc.resources import GRAMMAR, TABLES
from factc.syntax.fact import parser as door
from factc.syntax.fact import tables as text_tables
from factc.syntax.fact.grammar import grammar, made, written
from factc.syntax.fact.reader import Stuck, parsed
from factc.syntax.fact.tables import Tables, installed, tables
from tests import test_cases
from tests.conftest import ROOT, environment
from tests.draws import draws
from tests.test_fmt import texts
from tests.test_text import GOOD, MORE
from tests.test_text_errors import cases, decoded

LARK = grammar()

KNOWN = [
    GOOD,
    MORE,
    *(path.read_text() for path in sorted(ROOT.glob("samples/**/*.fact"))),
    *(decoded(text) for _, text, _ in cases()),
    *(
        text
        for case in test_cases.CASES
        for name, text in test_cases.parts(case)[1].items()
        if name.endswith(".fact") and len(test_cases.written(text)) < 10_000
    ),
]
BRACKETS = [
    *[
        "[]",
        "[ok 0 2]",
        '[env A=1 B="x, ]", cd "a b",]',
        "[a b c , d]",
        "[ , ]",
        "[a,,b]",
        "[a",
        "a]",
        "",
        '["]',
        "[a # b]",
    ],
    *["[each x in {{a, b}} c]", "[a]]", "[a] b", "[\\\n a]", "[a\n b]", '[a ""]', "[é ü]", "[a\x0bb]"],
]


class ByLark:
    """Lark itself in the place of the reader."""

    def __init__(self, text: str, start: str) -> None:
        self._parser: Any = LARK.parse_interactive(text, start=start)
        self._text = text
        self.states = self._parser.parser_state.state_stack
        self.values = self._parser.parser_state.value_stack

    def steps(self) -> Iterator[Any]:
        state = self._parser.parser_state
        try:
            for token in state.lexer.lex(state):
                state.feed_token(token)
                yield token
        except lark.UnexpectedInput as problem:
            raise self._stuck(problem) from None

    def feed(self, kind: str, text: str, start: int, end: int) -> None:
        self._parser.feed_token(lark.Token(kind, text, start_pos=start, end_pos=end))

    def finished(self) -> Any:
        try:
            return self._parser.parser_state.feed_token(lark.Token("$END", ""), is_end=True)
        except lark.UnexpectedInput as problem:
            raise self._stuck(problem) from None

    def _stuck(self, problem: Any) -> Stuck:
        if isinstance(problem, lark.UnexpectedCharacters):
            return Stuck(problem.pos_in_stream)
        return Stuck(len(self._text) if problem.token.type == "$END" else problem.token.start_pos)

    def go_to(self, at: int) -> None:
        self._parser.lexer_thread.state.line_ctr.char_pos = at

    at = property(None, go_to)


def plain(read: Any) -> Any:
    """A tree or a token as values: whoever made them, they say the same."""
    if hasattr(read, "children"):
        return (str(read.data), [plain(child) for child in read.children])
    return (read.type, str(read), read.start_pos, read.end_pos)


def statements(text: str) -> Any:
    trees, stops = door.statements(text if text.endswith("\n") else text + "\n")
    return [plain(tree) for tree in trees], stops


def by_lark(text: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "Reader", ByLark)
        return statements(text)


def bracket(reader: Any, text: str) -> Any:
    made = reader(text, "attributes")
    try:
        for _ in made.steps():
            pass
        return plain(made.finished())
    except Stuck as stuck:
        return stuck.at


@pytest.mark.parametrize("text", KNOWN, ids=range(len(KNOWN)))
def test_what_is_read_is_what_lark_reads(text: str) -> None:
    assert statements(text) == by_lark(text)


@pytest.mark.parametrize("text", BRACKETS)
def test_brackets_are_read_as_lark_reads_them(text: str) -> None:
    assert bracket(door.Reader, text) == bracket(ByLark, text)


def test_a_whole_text_is_one_tree() -> None:
    assert plain(parsed(GOOD, "file")) == plain(LARK.parse(GOOD, start="file"))


@settings(max_examples=draws(400), deadline=None)
@given(st.one_of(texts(), st.sampled_from(KNOWN)), st.data())
def test_random_texts_are_read_as_lark_reads_them(text: str, data: st.DataObject) -> None:
    """As they are, and with something written over: most have a mistake then, and are read on behind it."""
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 6)))
        some = st.one_of(st.text("ab:\"'[]{}#\\ \n\t,=éjo\r\0\x0b\x85", max_size=4), st.sampled_from(KNOWN).map(_line))
        text = text[:at] + data.draw(some) + text[end:]
    assert statements(text) == by_lark(text)


def _line(text: str) -> str:
    return "\n" + text[len(text) // 2 :].partition("\n")[2].partition("\n")[0] + "\n"


@settings(max_examples=draws(200), deadline=None)
@given(st.text('ab,[]" \n\t#=\\{}é', max_size=12))
def test_random_brackets_are_read_as_lark_reads_them(text: str) -> None:
    assert bracket(door.Reader, f"[{text}]") == bracket(ByLark, f"[{text}]")


# ---- the file


def test_the_tables_are_those_that_lark_makes() -> None:
    """`make tables` writes them."""
    kept = resources.text(TABLES)
    again = made() | {"lark": json.loads(kept)["lark"]}  # another Lark makes the same, or this fails
    assert kept == written(again)


def test_the_version_of_lark_is_found_without_importing_it() -> None:
    code = "import sys; from factc.syntax.fact.tables import installed; print(installed(), 'lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout == f"{lark.__version__} False\n"


CHANGES = {
    "another grammar": lambda text: text.replace('"grammar": "', '"grammar": "0'),
    "another Lark": lambda text: text.replace(f'"lark": "{installed()}"', '"lark": "0.9"'),
    "half a file": lambda text: text[: len(text) // 2],
    "no tables": lambda text: "[]",
}


@pytest.mark.parametrize("change", CHANGES)
def test_tables_that_do_not_fit_are_made_anew(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: resources.text(name) for name in (TABLES, GRAMMAR)}
    kept[TABLES] = CHANGES[change](kept[TABLES])
    assert kept[TABLES] != resources.text(TABLES)
    _made_anew(kept, monkeypatch)


def test_tables_that_are_not_there_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    _made_anew({GRAMMAR: resources.text(GRAMMAR)}, monkeypatch)


def _made_anew(kept: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def text(name: str) -> str:
        if name not in kept:
            raise FileNotFoundError
        return kept[name]

    class Made(Exception):
        pass

    def anew() -> dict[str, Any]:
        raise Made

    monkeypatch.setattr(text_tables.resources, "text", text)
    monkeypatch.setattr(text_tables, "_anew", anew)
    monkeypatch.setattr(text_tables, "_known", [])
    with pytest.raises(Made):
        tables()


def test_tables_made_anew_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [statements(text) for text in KNOWN]
    monkeypatch.setattr(text_tables, "_known", [Tables(text_tables._anew())])
    assert [statements(text) for text in KNOWN] == before


def test_a_checkout_without_tables_still_reads(tmp_path: Path) -> None:
    """As it is while somebody changes the grammar."""
    shutil.copytree(ROOT / "factc", tmp_path / "factc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (tmp_path / "grammar").mkdir()
    changed = (ROOT / "grammar" / "fact.lark").read_text().replace("FIRST /job(?=", "FIRST /work(?=")
    (tmp_path / "grammar" / "fact.lark").write_text(changed)
    shutil.copy(ROOT / TABLES, tmp_path / TABLES)
    (tmp_path / "w.fact").write_text("work w\n\na:\n    true\n")
    run = [sys.executable, "-m", "factc", "list", "w.fact"]
    env = environment() | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert "a" in done.stdout.split()
