"""Every mistake that a job's text can hold, with the words that it gets.

The cases stand in `test_text_errors.txt`: a title, the text, and what is said of it. After a change of
words, `python -m tests.test_text_errors` writes the answers anew, to be read as a difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from factc.diagnostic import CompileError, Diagnostic
from factc.source import Source
from factc.syntax.fact.parser import read_text
from tests.conftest import ROOT

GOLDEN = Path(__file__).with_suffix(".txt")
JARGON = re.compile(r"token|expected|terminal|parser|grammar|syntax|unexpected|lark|EOF|None", re.IGNORECASE)


def cases() -> list[tuple[str, str, str]]:
    """(title, text, answer) of every case."""
    found = []
    for part in GOLDEN.read_text(encoding="utf-8").split("=== ")[1:]:
        title, _, rest = part.partition("\n")
        text, _, answer = rest.partition("--- said\n")
        found.append((title, text, answer.rstrip("\n")))
    return found


def diagnostics(text: str) -> list[Diagnostic]:
    try:
        return list(read_text(Source("job.fact", text)).warnings)
    except CompileError as error:
        return error.diagnostics


def said(text: str) -> str:
    return "\n".join(line for d in diagnostics(decoded(text)) for line in lines(d))


def decoded(text: str) -> str:
    """Tabs and other characters that one cannot see are written as `<TAB>` and so on in the cases."""
    for name, character in (("TAB", "\t"), ("NUL", "\0"), ("CR", "\r"), ("ESC", "\x1b")):
        text = text.replace(f"<{name}>", character)
    return text


def lines(d: Diagnostic) -> list[str]:
    assert d.span
    line, column = d.span.source.place(d.span.start)
    marked = d.span.source.text[d.span.start : d.span.end]
    answer = [f"{d.code} {line}:{column} {d.message}", f"     at: {marked!r}"]
    answer += [f"     help: {d.hint}"] if d.hint else []
    places = [(span.source.place(span.start), words) for span, words in d.related]
    return answer + [f"     see {line}:{column}: {words}" for (line, column), words in places]


@pytest.mark.parametrize(("title", "text", "answer"), cases(), ids=lambda value: str(value).partition("\n")[0][:40])
def test_mistake(title: str, text: str, answer: str) -> None:
    assert said(text) == answer


def test_every_code_has_a_case() -> None:
    said = {line.split()[0] for _, _, answer in cases() for line in answer.split("\n") if line[:1] in "EW"}
    door = "".join(path.read_text() for path in (ROOT / "factc" / "syntax" / "fact").glob("*.py"))
    assert said == set(re.findall(r'"([EW]\d{3})"', door))


def test_words_are_the_users() -> None:
    for title, text, _ in cases():
        for d in diagnostics(decoded(text)):
            words = " ".join((d.message, d.label, d.hint, *(w for _, w in d.related)))
            assert not JARGON.search(words), title
            assert not d.message.endswith("."), title


if __name__ == "__main__":
    parts = [f"=== {title}\n{text}--- said\n{said(text)}\n" for title, text, _ in cases()]
    GOLDEN.write_text("\n".join(parts), encoding="utf-8")
