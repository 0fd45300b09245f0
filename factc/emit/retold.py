"""Templates of any job as the text language has them.

There, every variable is declared, comments and raw values do not exist, and every other `{{` is a mistake.
Knows templates; knows no layout.
"""

from __future__ import annotations

import re

from factc import template
from factc.diagnostic import RequestError
from factc.job import Job
from factc.template import Tag
from factc.values import TAG

_WORD = re.compile(r"\w[\w.\-]*")


class Retold:
    """Rewrites the templates of one job; `added` are the parameters (name, default) that this takes.

    Texts that the language takes as they are stay untouched.
    """

    def __init__(self, job: Job) -> None:
        self.added: list[tuple[str, str]] = []
        self._lenient = job.lenient
        self._names = {p.name: p.name for p in job.parameters}
        self._brace = ""

    def text(self, text: str) -> str:
        """A template outside shell text: raw or not, a value is what it is."""
        return self._retold(text, raw=True) if self._lenient else text

    def argument(self, text: str) -> str:
        """An argument of a command. Raises RequestError for a raw value."""
        return self._retold(text, raw=False) if self._lenient else text

    def script(self, text: str) -> tuple[str, bool]:
        """A recipe, and whether it must be verbatim. Raises RequestError for a raw value."""
        if not self._lenient or "{{" not in text:
            return text, False
        literal = "".join(p for p in template.parse(text)[0] if isinstance(p, str))
        if not template.names(text) and "{{" in literal:
            return literal, True
        return self._retold(text, raw=False), False

    def _retold(self, text: str, *, raw: bool) -> str:
        if "{{" not in text:
            return text
        pieces, problems = template.parse(text)
        tags = [p for p in pieces if isinstance(p, Tag)]
        for tag in tags:
            if tag.raw and not raw:
                written = text[tag.start : tag.end]
                hint = f"write {{{{{tag.name}}}}} in the JSON: the value is then one word"
                raise RequestError(f"the text language cannot put a value into shell text raw: `{written}`", hint)
        names = [self._declared(tag.name) for tag in tags]
        if not problems and names == [tag.name for tag in tags] and not any(tag.raw for tag in tags):
            return text
        return "".join(self._piece(pieces, i) for i in range(len(pieces)))

    def _piece(self, pieces: template.Pieces, i: int) -> str:
        piece = pieces[i]
        if isinstance(piece, Tag):
            return "{{" + self._declared(piece.name) + "}}"
        follows = i + 1 < len(pieces)
        return re.sub(r"\{(?=\{)" + (r"|\{\Z" if follows else ""), lambda _: self._open_brace(), piece)

    def _declared(self, name: str) -> str:
        """The name of a variable, which is declared by that if nothing has declared it."""
        if name.startswith(TAG):
            return name
        if name not in self._names:
            word = name if _WORD.fullmatch(name) else re.sub(r"[^\w.\-]", "_", name)
            self._names[name] = self._add(word, "")
        return self._names[name]

    def _open_brace(self) -> str:
        """A `{` that opens no tag, whatever follows: a parameter whose value it is."""
        if not self._brace:
            self._brace = self._add("open_brace", "{")
        return "{{" + self._brace + "}}"

    def _add(self, word: str, default: str) -> str:
        taken = set(self._names.values()) | {name for name, _ in self.added}
        while word in taken:
            word += "_"
        self.added.append((word, default))
        return word
