"""JSON as JSON: what is wrong with a text, and where values stand in one."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.diagnostic import CompileError, Diagnostic
from factc.source import Source
from factc.syntax.factfile import positions
from factc.syntax.factfile.errors import Mistake, not_closed, unexpected
from factc.syntax.factfile.reader import read_json
from tests.draws import draws
from tests.test_causes import grows


def refusal(text: str) -> Diagnostic:
    with pytest.raises(CompileError) as caught:
        read_json(Source("job.json", text))
    return caught.value.diagnostics[0]


# text, code, the words marked, part of the message
CASES = [
    ("fasdf\nthis", "E010", "fasdf", "a value was due"),
    ('{"a":1,}', "E010", ",", "a comma before a closing bracket"),
    ('{"a":[1,2}', "E010", "[", "this `[` is not closed"),
    ('{"a":{"b":[1,2]', "E010", "{", "this `{` is never closed"),
    ('{"a" 1}', "E010", '"a"', "a `:` is missing"),
    ("{'a':1}", "E010", "'a'", "double quotes"),
    ('{"a":1 "b":2}', "E010", '"b"', "a `,` or a `}` is missing"),
    ('{"a":"x\ny"}', "E010", '"x', "not closed"),
    ('{"a":"\\q"}', "E010", "\\q", "unknown escape"),
    ('{"a":1,"b":0,"a":2}', "E011", '"a"', "stands twice"),
    ('{"a":NaN}', "E010", "NaN", "no JSON number"),
    ('{"a":-Infinity}', "E010", "-Infinity", "no JSON number"),
    ('{"a":True}', "E010", "True", "is Python"),
    ('{"a":1 // c\n}', "E010", "// c", "no comments"),
    ('{"a":1} x', "E010", "x", "goes on after its end"),
    ('{"a":01}', "E010", "01", "a value was due"),
    ("[" * 100_000, "E013", "[", "nested deeper"),
    ('{"a":' + "1" * 5000 + "}", "E014", "1" * 5000, "a number of 5000 digits"),
    ('{"a":["\\ud800"]}', "E015", "\\ud800", "lone surrogate"),
    ('{"a":"x\\u0000y"}', "E016", "\\u0000", "NUL"),
    ("[1]", "E021", "[", "a Factfile is a JSON object"),
]


@pytest.mark.parametrize(("text", "code", "marked", "message"), CASES, ids=[c[0][:20] for c in CASES])
def test_says_what_is_wrong_and_marks_the_very_words(text: str, code: str, marked: str, message: str) -> None:
    found = refusal(text)
    assert found.span is not None
    assert (found.code, text[found.span.start : found.span.end]) == (code, marked)
    assert message in found.message


def test_the_dropped_bracket_is_the_one_left_open() -> None:
    text = '{\n  "data": {\n    "tasks": [\n      {"a": 1}\n  }\n}\n'
    span = refusal(text).span
    assert span is not None and span.source.place(span.start) == (3, 14)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def everywhere(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], object]]:
    found = [(path, value)]
    if isinstance(value, dict):
        found += [item for key, inner in value.items() for item in everywhere(inner, (*path, key))]
    if isinstance(value, list):
        found += [item for i, inner in enumerate(value) for item in everywhere(inner, (*path, i))]
    return found


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
@settings(max_examples=draws(200), deadline=None)
def test_every_value_is_found_where_it_stands(value: object, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    nodes = positions.places(text)
    for path, inner in everywhere(value):
        node = nodes[path]
        assert json.loads(text[node.start : node.end]) == inner
        if path and isinstance(path[-1], str):
            assert json.loads(text[node.key_start : node.key_end]) == path[-1]


@given(st.text(min_size=1), st.data())
@settings(max_examples=draws(200), deadline=None)
def test_a_stretch_of_a_string_is_found_in_its_escapes(value: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, len(value)))
    text = json.dumps([value], ensure_ascii=data.draw(st.booleans()))
    node = positions.places(text)[(0,)]
    first, last = positions.inner(text, node, start, end)
    assert json.loads(f'"{text[first:last]}"') == value[start:end]


@given(values, st.data())
@settings(max_examples=draws(300), deadline=None)
def test_the_scanner_and_the_standard_parser_agree_on_what_is_json(value: object, data: st.DataObject) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.sampled_from(["", '"', ",", "}", "]", "x", "0", "\\", "\n"])) + text[at + 1 :]
    try:
        json.loads(broken)
        good = True
    except ValueError:
        good = False
    try:
        list(positions.walk(broken))
        accepted = True
    except positions.Mistake as mistake:
        assert 0 <= mistake.start <= mistake.end <= len(broken)
        if "stands twice" in mistake.message:
            return  # JSON allows that, and what comes behind it has not been looked at
        accepted = False
    assert accepted == good


TASK = '{"name":"t","command":"echo","arguments":["a"]}'


@pytest.mark.parametrize("text", [
    lambda n: '{"data":{"tasks":[' + ",".join([TASK] * n),
    lambda n: '{"data":{"tasks":[' + ",".join([TASK] * n) + "}",
    lambda n: '{"data":{"tasks":[' + ",".join([TASK] * n) + ',"a":1]}}',
    lambda n: '{"a":]' + '"\\' * 20 * n,
    lambda n: '{"a":"' + 'x\\"' * 20 * n,
    lambda n: '{"a":[' + ("\n" + TASK + ",") * n,
], ids=["breaks off", "wrong bracket", "colon in a list", "quotes that never end", "a text that never ends", "lines"])  # fmt: skip
def test_what_is_wrong_is_found_in_time(text: Callable[[int], str]) -> None:
    """In one line as in many: four times as much takes about four times the time."""

    def mistake(n: int) -> None:
        whole = text(n)
        opened = [whole.index("{"), whole.index("[", 1) if "[" in whole else 0]
        with contextlib.suppress(Mistake):
            raise unexpected(whole, len(whole), opened, "")
        with contextlib.suppress(Mistake):
            raise not_closed(whole, len(whole), opened[-1])
        with contextlib.suppress(Mistake):
            raise unexpected(whole, 5, opened, "")

    grows(mistake, 1500, 9)


@settings(max_examples=draws(300))
@given(st.text(alphabet='{}[]" \n\\x\r', max_size=40), st.integers(0, 40))
def test_the_bracket_that_was_left_open_is_the_first_whose_end_is_indented_less(text: str, at: int) -> None:
    """As it is defined, beside as it is found in one pass."""

    def indentation(place: int) -> int:
        line = text[text.rfind("\n", 0, place) + 1 : place]
        return len(line) - len(line.lstrip())

    def defined() -> int:
        opened: list[int] = []
        for match in re.finditer(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|[{}\[\]]', text[:at]):
            if match[0] in ("{", "["):
                opened.append(match.start())
            elif match[0] in ("}", "]") and opened:
                one, before = opened.pop(), text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
                if not before.strip() and "\n" in text[one : match.start()] and len(before) < indentation(one):
                    return one
        return 0

    text = "[" + text
    assert not_closed(text, at, 0).start == defined()
