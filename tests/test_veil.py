"""No diagnostic shows the value of a secret: in no language, no format, and whatever else is wrong with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from factc import diagnostic_render
from factc.compiler.pipeline import compile_source
from factc.diagnostic import CompileError
from factc.lsp.analysis import analysed
from factc.plan.values import Given
from factc.source import Source
from tests.conftest import Ran
from tests.jobs import FACTC, factfile, task

VALUE = "hunter2-8271"
RULE = "\na:\n    true\n"
LONG = f"{VALUE} and more of it, so much that a message would show only the beginning of all that stands here"

TEXTS = {
    "with =": f"secret password = {VALUE}",
    "without blanks": f"secret password={VALUE}",
    "with :": f"secret password: {VALUE}",
    "with ?=": f"secret password ?= {VALUE}",
    "quoted": f'secret password = "{VALUE}"',
    "in single quotes": f"secret password = '{VALUE}'",
    "open quotation": f'secret password = "{VALUE}',
    "over lines": f'secret password = "line one\n{VALUE}\nline three"',
    "a line goes on": f"secret password = \\\n    {VALUE}",
    "below": f"secret password\n    {VALUE}",
    "no sign": f"secret password {VALUE}",
    "no name": f"secret {VALUE}",
    "no name, a sign": f"secret = {VALUE}",
    "quoted alone": f'secret "{VALUE}"',
    "a strange name": f"secret my.password = {VALUE}",
    "indented": f"  secret password = {VALUE}",
    "misspelt": f"secert password = {VALUE}",
    "plural": f"secrets password = {VALUE}",
    "capital": f"Secret password = {VALUE}",
    "exported": f"export secret password = {VALUE}",
    "a comment behind": f"secret password = {VALUE} # {VALUE}",
    "with a #": f"secret password = x#{VALUE}",
    "attributes above": f"[ok 0]\nsecret password = {VALUE}",
    "long": f"secret password = {LONG}",
    "elsewhere as well": f"secret password = {VALUE}\n\nb: a\n    psql -p {VALUE} {{{{nobody}}}}\nc: {VALUE}x!\n",
    "a parameter": f"param password = {VALUE} and more",
    "exported alone": f"export PGPASSWORD={VALUE}",
    "a variable": f"[env PGPASSWORD={VALUE} nonsense]",
    "a variable, blanks": f"[env PGPASSWORD = {VALUE}]",
    "a command": f'[command "x" --password {VALUE}]',
}


def job(secrets: str, more: str = "") -> str:
    text = factfile(task("a", "true"), schema=FACTC)
    head, _, tail = text.partition('"tasks"')
    return f'{head}"secrets": {secrets}, {more} "tasks"{tail}'


JSONS = {
    "an object": job(f'{{"password": "{VALUE}"}}'),
    "objects": job(f'[{{"name": "password", "value": "{VALUE}"}}]'),
    "an assignment": job(f'["password={VALUE}"]'),
    "a text": job(f'"{VALUE}"'),
    "a value in a list": job(f'["{VALUE}"]'),
    "no JSON": job(f'["password": "{VALUE}"]'),
    "no text": job(f"[password = {VALUE}]"),
    "single quotes": job(f"['{VALUE}']"),
    "not closed": job(f'["password", "{VALUE}'),
    "singular": job("[]", f'"secret": {{"password": "{VALUE}"}},'),
    "another mistake beside it": job(f'{{"password": "{VALUE}"}}', '"nmae": 1,'),
    "a default": job("[]", f'"parameters": [{{"name": "password", "default": "{VALUE}"}}, 7],'),
}


def saids(name: str, text: str) -> dict[str, str]:
    """All that is said of a text, by who says it."""
    found = analysed(Source(name, text)).diagnostics  # as an editor has them
    said = {"editor": repr([(d.code, d.message, d.label, d.hint, [words for _, words in d.related]) for d in found])}
    with pytest.raises(CompileError) as caught:
        compile_source(Source(name, text), Given())
    said["api"] = str(caught.value) + "".join(d.message + d.hint for d in caught.value.diagnostics)
    for how in (
        diagnostic_render.text,
        diagnostic_render.as_json,
        diagnostic_render.as_github,
        diagnostic_render.headline,
    ):
        said[how.__name__] = how(caught.value.diagnostics)
    return said


def shows_none(said: dict[str, str]) -> None:
    for who, words in said.items():
        assert words, who
        assert VALUE not in words and VALUE[4:] not in words, f"{who}: {words}"


@pytest.mark.parametrize("line", TEXTS)
def test_no_text_shows_one(line: str) -> None:
    shows_none(saids("job.fact", f"job j\n\n{TEXTS[line]}\n{RULE}"))


@pytest.mark.parametrize("line", JSONS)
def test_no_json_shows_one(line: str) -> None:
    shows_none(saids("job.json", JSONS[line]))


def test_every_verb_covers_it_and_what_else_stands_there_is_seen(factc: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(f"job j\n\nsecret password = {VALUE}\nsecret a, b\n{RULE}")
    for call in (["validate", "job.fact"], ["run", "job.fact"], ["validate", "job.fact", "--format", "github"]):
        ran = factc(*call)
        assert VALUE not in ran.out + ran.err and "a secret has no value in the text" in ran.out + ran.err, ran
    assert "3 │ secret password = ***\n  │                 ^^^^^\n" in factc("run", "job.fact").err


def test_places_behind_a_covered_value_stay_what_they_are() -> None:
    text = f"[env PGPASSWORD={VALUE} nonsense]\njob j\n\na:\n    true\n"
    with pytest.raises(CompileError) as caught:
        compile_source(Source("job.fact", text), Given())
    shown = diagnostic_render.text(caught.value.diagnostics)
    assert f":1:{text.index('nonsense') + 1}" in shown and "PGPASSWORD=hunt*** nonsense" in shown, shown
    line, carets = shown.splitlines()[3:5]
    assert line.index("nonsense") == carets.index("^") and carets.count("^") == len("nonsense"), shown


@pytest.mark.parametrize(
    "text",
    ["secret TOKEN\n", "secret TOKEN # the upload token\n", "secret : a\n", 'secret: "b c"\n', "a:\n    secret get x\n", "select a b\n",
     "# secret password\n", '{"secrets": ["A", "B"]}', '{"secrets": "TOKEN"}', "[secret A B, env A=1]\n", "[secret A,\n secret B]\n"],
)  # fmt: skip
def test_names_are_no_values(text: str) -> None:
    assert Source("job", text).covered() == text


@pytest.mark.parametrize(
    "line", ["[secret TOKEN=abcdefgh]", "[secret TOKEN=abc=defgh, ok 0]", "secret TOKEN = abcdefgh"]
)
def test_what_is_hidden_is_shown_once(factc: Callable[..., Ran], tmp_path: Path, line: str) -> None:
    """Also where the marked words end within it: six asterisks would be two values."""
    (tmp_path / "job.fact").write_text(f"job j\n{line}\na:\n    true\n")
    err = factc("validate", "job.fact").err
    assert "***" in err and "****" not in err, err
