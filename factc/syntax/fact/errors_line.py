"""A line at fault, as the readings of mistakes look at it.

Looks at characters only; does not know what is wrong.
"""

from __future__ import annotations

import json
import re

from factc.syntax.fact.positions import Mistake, shortened

QUOTED = re.compile(r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*("?)|(?<=\s)#[^\n]*|\'[^\'\n]*\'')
WORD = re.compile(r"\w[\w.\-]*")


class Line:
    """The statement at fault up to the end of the line where the fault is; offsets count from its start."""

    def __init__(self, text: str, start: int, at: int) -> None:
        end = text.find("\n", at)
        self.text = text[start : len(text) if end < 0 else end].rstrip(" \t\r\n")
        comment = next((m for m in QUOTED.finditer(self.text) if m.group()[0] == "#" and "\n" not in m.group()), None)
        if comment and comment.start() >= self.text.rfind("\n"):
            self.text = self.text[: comment.start()].rstrip()
        self.at = min(at - start, len(self.text))
        self.first = re.split(r"[\s:]", self.text, maxsplit=1)[0] if self.text else ""
        self.rest = self.text[len(self.first) :].strip()

    @property
    def piece(self) -> str:
        """What stands where the fault is, up to the next blank."""
        return re.split(r"[ \t\n]", self.text[self.at :], maxsplit=1)[0]

    def mistake(self, code: str, words: str, start: int, end: int, hint: str = "", label: str = "") -> Mistake:
        return Mistake(code, words, start, max(start, end), label, hint)


def quoted(words: str) -> str:
    return json.dumps(shortened(words, 80), ensure_ascii=False)
