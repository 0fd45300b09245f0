"""Mistakes as data: a diagnostic says what is wrong, where, and what to do; errors carry diagnostics.

Knows no colours and draws no carets (`diagnostic_render` does), and does not know who found the mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from factc.source import Span

ERROR = "error"
WARNING = "warning"


class Diagnostic:
    """One mistake (or, as a warning, one likely mistake).

    code:     `E103` or `W201`; the table in `codes` has a title for each.
    message:  the cause in the user's words, one sentence, no full stop.
    span:     the exact words meant, or None where no text is at fault (a missing file, a wrong option).
    label:    a few words that stand beside the caret, or "".
    hint:     the way out, or "".
    related:  other places that explain this one: (span, words) pairs.
    near:     whether the words meant are right, and what is wrong stands beside them.
    """

    __slots__ = ("code", "message", "span", "label", "hint", "related", "severity", "near")

    def __init__(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        label: str = "",
        hint: str = "",
        related: Sequence[tuple[Span, str]] = (),
        severity: str | None = None,
    ) -> None:
        self.code = code
        self.message = message
        self.span = span
        self.label = label
        self.hint = hint
        self.related = tuple(related)
        self.near = False
        self.severity = severity or (WARNING if code.startswith("W") else ERROR)

    def __repr__(self) -> str:
        return f"Diagnostic({self.code}, {self.message!r}, {self.span!r})"


class CompileError(Exception):
    """The job file is wrong: all its mistakes, in source order. The only exception that crosses a stage."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = veiled(in_order(diagnostics))
        super().__init__("; ".join(d.message for d in self.diagnostics))


class RequestError(Exception):
    """What was asked for cannot be done with this job (a value, a start task, an option)."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class RunsAlready(RequestError):
    """What is to be done is being done."""

    exit_code = 4


class NothingToDo(RequestError):
    """There is nothing to go on with."""

    exit_code = 5


def veiled(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The same, and no word of them says what is hidden on the lines that they are about."""
    for d in diagnostics:
        for span in (d.span, *(span for span, _ in d.related)):
            if span and span.source.hidden():
                _veil(d, span)
    return diagnostics


def _veil(d: Diagnostic, span: Span) -> None:
    from factc.secrets.written import veiled

    text = span.source.text
    first, last = text.rfind("\n", 0, span.start) + 1, text.find("\n", span.end)
    here = span.source.hidden_between(first, len(text) if last < 0 else last)
    if here:
        d.message, d.label, d.hint = (veiled(words, text, here) for words in (d.message, d.label, d.hint))
        d.related = tuple((place, veiled(words, text, here)) for place, words in d.related)


def of_system(problem: OSError | ValueError) -> str:
    """Why the system refuses something. The text of an exception is not shown: it may hold what must not be seen."""
    if isinstance(problem, OSError):
        return problem.strerror or "the system does not say why"
    return "it holds a character that no such name can have"


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted over files, then in source order; those without a place first."""

    def key(d: Diagnostic) -> tuple[str, int, int]:
        return (d.span.source.name, d.span.start, d.span.end) if d.span else ("", -1, -1)

    return sorted(diagnostics, key=key)
