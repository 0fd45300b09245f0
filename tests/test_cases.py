"""Every error and warning as a person sees it: one readable file a case, a job and what is said of it.

A file in `cases/` has the code in its name, a title, the files of the job (the first is the one that is
checked), values that are `set`, and the whole answer. `python -m tests.test_cases` writes the answers anew, to be read as a difference.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest

from factc import diagnostic_render
from factc.diagnostic import CompileError, Diagnostic, RequestError, in_order
from factc.lint.recipe import recipes
from factc.lint.warnings import lint
from factc.load import load
from factc.plan.values import Given
from tests.conftest import ROOT

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
PAGE = ROOT / "docs" / "diagnostics-examples.md"
ELSEWHERE = {
    "E004": "a file of 257 MB: test_bad_input",
    "E030": "a compiled plan, made by a machine: test_compile",
    "E031": "a compiled plan, altered by a machine: test_plan_input",
    "E118": "ten thousand values: test_compose",
    "E603": "51 files: test_compose",
    "E209": "what a shell says: test_syntax",
    "W414": "what a shell says: test_syntax",
    "W411": "what another program finds: test_shellcheck",
}
_PART = re.compile(r"^--- (\S+)\n", re.MULTILINE)
_HIDDEN = re.compile(r"<(\d+) × (.+?)>|<([0-9A-F]{2})>")
JARGON = re.compile(
    r"unexpected|expected one|\btokens?\b|terminal|lark|parser|\bEOF\b|\bNone\b|is not of type|additional ?propert"
    r"|is a required property|is not valid under|does not match|Traceback",
    re.IGNORECASE,
)


def parts(case: Path) -> tuple[str, dict[str, str]]:
    """The title of a case, and its files by name; the answer is the one called `said`."""
    title, *pieces = _PART.split(case.read_text(encoding="utf-8"))
    return title, dict(zip(pieces[::2], pieces[1::2], strict=True))


def written(text: str) -> bytes:
    """What one cannot see is written as `<00>`, what is long as `<500 × [>`."""
    data = b""
    at = 0
    for match in _HIDDEN.finditer(text):
        data += text[at : match.start()].encode()
        times, piece, byte = match.groups()
        data += bytes.fromhex(byte) if byte else piece.encode() * int(times)
        at = match.end()
    return data + text[at:].encode()


def diagnostics(name: str, sets: list[tuple[str, str]]) -> list[Diagnostic]:
    """What `validate` says of a job, on a machine that has every command but those called `no-…`."""
    try:
        loaded = load(name, Given(sets=sets))
    except CompileError as error:
        return error.diagnostics
    assert loaded.compiled
    allowances = loaded.compiled.allowances
    known = {*loaded.plan.values, *(p.name for p in loaded.plan.parameters)}
    found = [
        *loaded.compiled.undeclared.values(),
        *lint(loaded.compiled.job, recipes(loaded.compiled.job), lambda c, _: c[:3] != "no-", known),
    ]
    return in_order([*loaded.warnings, *allowances.heard(found), *allowances.complaints(loaded.source, ())])


def said(case: Path) -> str:
    files = parts(case)[1]
    lines = files.pop("set", "").splitlines()
    sets = [(name, value) for name, _, value in (line.partition(" = ") for line in lines)]
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, text in files.items():
                if name != "said" and text:
                    Path(name).write_bytes(written(text))
            return diagnostic_render.text(diagnostics(next(iter(files)), sets))
        except RequestError as error:
            return f"factc: {error.message}\n  {error.hint}\n"
        finally:
            os.chdir(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    title, files = parts(case)
    assert said(case) == files["said"], title
    assert f"[{case.stem[:4]}]" in files["said"]


def test_every_code_has_a_case() -> None:
    code = re.compile(r'"([EW]\d{3})"')
    known = {c for path in (ROOT / "factc").rglob("*.py") for c in code.findall(path.read_text(encoding="utf-8"))}
    have = {case.stem[:4] for case in CASES}
    assert len(CASES) >= 60 and not have & set(ELSEWHERE)
    assert known - have == set(ELSEWHERE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_words_are_the_users(case: Path) -> None:
    answer = parts(case)[1]["said"]
    words = [line for line in answer.splitlines() if re.match(r"(error|warning)\[|\s+= help", line)]
    assert words and not JARGON.search("\n".join(words))
    assert not any(line.endswith(".") for line in words)


def test_the_answers_fit_a_terminal() -> None:
    for case in CASES:
        long = [line for line in parts(case)[1]["said"].splitlines() if len(line) > 160]
        assert not long, (case.name, long)


def examples() -> str:
    """The page that shows an answer for each code."""
    first: dict[str, Path] = {}
    for case in CASES:
        first.setdefault(case.stem[:4], case)
    lines = [
        "# Diagnostics by example",
        "",
        "One answer for each code of the [table](diagnostics.md), as it is seen on the screen.",
    ]
    for code in sorted({*first, *ELSEWHERE}):
        if code in first:
            title, files = parts(first[code])
            lines += ["", f"## {code}", "", f"{title.strip()}:", "", "```text", files["said"].rstrip("\n"), "```"]
        else:
            lines += ["", f"## {code}", "", f"No example: {ELSEWHERE[code].partition(':')[0]}."]
    return "\n".join(lines) + "\n"


def test_the_page_of_examples() -> None:
    assert PAGE.read_text(encoding="utf-8") == examples()


if __name__ == "__main__":
    for path in CASES:
        kept = path.read_text(encoding="utf-8").partition("--- said\n")[0]
        path.write_text(f"{kept}--- said\n{said(path)}", encoding="utf-8")
    PAGE.write_text(examples(), encoding="utf-8")
