"""What is answered when a key was pressed: words with descriptions, or what the shell itself has to offer.

Knows the form in which the scripts read it; knows no command line.
"""

from __future__ import annotations

# The first line of an answer: what the shell itself has to offer, or how it takes the words below.
WORDS = ":words"
OPEN = ":open"  # the words go on behind what is offered: no blank is put there
FILES = ":files"
FOLDERS = ":folders"
JOBS = ":jobs"  # files, those of jobs first

MOST = 5000  # words that are offered at once; with another letter there are less


class Answer:
    """What can come next: (word, description) pairs, and how the shell takes them."""

    __slots__ = ("kind", "words")

    def __init__(self, kind: str = WORDS, words: list[tuple[str, str]] | None = None) -> None:
        self.kind = kind
        self.words = words or []

    def text(self) -> str:
        """As the scripts read it: the kind, then a line for each word with a tab before its description."""
        kept = [pair for pair in self.words if pair[0].isprintable()][:MOST]
        lines = (f"{word}\t{''.join(c if c.isprintable() else ' ' for c in about)}\n" for word, about in kept)
        return f"{self.kind}\n{''.join(lines)}"
