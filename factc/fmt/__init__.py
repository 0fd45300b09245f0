"""The one layout of a job's text: the same job, the same comments, every line where a reader expects it.

Knows that nothing may be lost, and checks it; the rules of the layout are known elsewhere.
"""

from __future__ import annotations

from typing import Any

from factc.diagnostic import CompileError, RequestError
from factc.fmt.entries import Entry, entries
from factc.fmt.layout import laid_out, remarks
from factc.source import Source
from factc.syntax.fact.parser import read_text
from factc.syntax.fact.positions import Clean


def formatted(source: Source) -> str:
    """The text of a job in the one layout.

    Raises CompileError if the text has mistakes, and RequestError rather than answer with another job.
    """
    before = read_text(source).value
    found = entries(Clean(source).text)
    words = _words(found)
    text = laid_out(found)
    if not _says(Source(source.name, text), before, words):
        raise RequestError(f"{source.name}: its layout would change the job", "this is a mistake in factc: report it")
    return text


def layout(source: Source) -> str:
    """The same, unchecked: what comes of a text with mistakes is anybody's guess."""
    return laid_out(entries(Clean(source).text))


def _says(source: Source, value: Any, words: list[str]) -> bool:
    """Whether a text means this job and has these words in its comments."""
    try:
        return bool(read_text(source).value == value) and _words(entries(Clean(source).text)) == words
    except CompileError:
        return False


def _words(found: list[Entry]) -> list[str]:
    """Every word of the comments; their order may change where one moves out of a line."""
    return sorted(word for remark in remarks(found) for word in remark.split())
