"""Templates of any job as the text language has them.

There, every variable is declared, and comments and raw values do not exist. Knows templates; knows no layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy

from factc.diagnostic import RequestError
from factc.model import template
from factc.model.job import Job
from factc.model.template import Tag
from factc.plan.values import TAG

_WORD = re.compile(r"\w[\w.\-]*")


class Retold:
    """Rewrites the templates of one job; `added` are the parameters (name, default) that this takes.

    Templates that are the text language's own already stay untouched. Every method raises RequestError for
    what the language cannot say.
    """

    def __init__(self, job: Job) -> None:
        self.added: list[tuple[str, str]] = []
        self._lenient = job.lenient
        self._names = {p.name: p.name for p in job.parameters}
        self._own: frozenset[str] = frozenset()

    def inside(self, names: Iterable[str]) -> Retold:
        """The same where some names are variables of an `each`, which need no declaration."""
        inner = copy(self)
        inner._own = frozenset(names)
        return inner

    def text(self, text: str) -> str:
        """A template outside shell text: raw or not, a value is what it is."""
        return self._retold(text)

    def argument(self, text: str) -> str:
        """An argument of a command: what is no variable stays as it stands, as it does in a Factfile."""
        return self._retold(text, shell=True, strays=True)

    def script(self, text: str) -> tuple[str, bool]:
        """A recipe, and whether it must be verbatim."""
        if self._lenient and "{{" in text and not template.names(text):
            literal = "".join(p for p in template.parse(text)[0] if isinstance(p, str))
            return literal, "{{" in literal
        return self._retold(text, shell=True), False

    def _retold(self, text: str, *, shell: bool = False, strays: bool = False) -> str:
        if not self._lenient or "{{" not in text:
            return text
        pieces, problems = template.parse(text)
        for problem in problems:
            if problem.kind != template.COMMENT and not strays:
                hint = "a `{{` that is another tool's stands in a [verbatim] recipe, without variables of the job"
                raise _unsaid(text[problem.start : problem.end], hint)
        for tag in pieces:
            if isinstance(tag, Tag) and tag.raw and shell:
                hint = f"write {{{{{tag.name}}}}} in the JSON: the value is then one word"
                raise _unsaid(text[tag.start : tag.end], hint)
        return "".join(p if isinstance(p, str) else self._tag(p, text) for p in pieces)

    def _tag(self, tag: Tag, text: str) -> str:
        """A tag as it was written, if it may stay."""
        name = self._declared(tag.name)
        return "{{" + name + "}}" if tag.raw or name != tag.name else text[tag.start : tag.end]

    def _declared(self, name: str) -> str:
        """The name of a variable, which is declared by that if nothing has declared it."""
        if name.startswith(TAG) or name in self._own:
            return name
        if name not in self._names:
            word = name if _WORD.fullmatch(name) else re.sub(r"[^\w.\-]", "_", name)
            while word in self._names.values():
                word += "_"
            self._names[name] = word
            self.added.append((word, ""))
        return self._names[name]


def _unsaid(words: str, hint: str) -> RequestError:
    return RequestError(f"the text language has no words for `{words}` in this place", hint)
