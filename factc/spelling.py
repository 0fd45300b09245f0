"""Words that were probably meant to be others: from a slip of the keyboard to a known name.

Knows letters; does not know what the words name. What a question costs does not grow with the number of known words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

LONGEST = 200  # letters; a longer word is meant as it stands
ALIKE = 0.66  # difflib's ratio: at most a third of the letters may differ
FEW = 64  # so many known words are all looked at; of more, those that begin or end like the word
NEIGHBOURS = 12  # on each side, by their beginnings and by their ends
MOST = 20  # names that a hint lists
EFFORT = 5_000_000  # pairs of letters that all questions together may look at: about a second


class Words:
    """Known words, made ready for questions.

    Of many words only those are looked at that share the longest beginnings or ends with the one that is asked for: a
    slip leaves one of the two. And of very many questions only the first get an answer.
    """

    __slots__ = ("_known", "_forwards", "_backwards", "_left", "_said")

    def __init__(self, known: Iterable[str]) -> None:
        self._known = {word.casefold(): word for word in known if len(word) < LONGEST}
        self._forwards: list[str] = []
        self._backwards: list[str] = []
        self._left = EFFORT
        self._said: dict[tuple[str, str], str | None] = {}

    def nearest(self, word: str, but: str = "") -> str | None:
        """The known word (other than `but`) that `word` was probably meant to be, or None: never a wild guess."""
        if len(word) > LONGEST:
            return None
        if (word, but) not in self._said:
            self._said[word, but] = self._found(word.casefold(), but.casefold())
        return self._said[word, but]

    def _found(self, word: str, but: str) -> str | None:
        if word in self._known and word != but:
            return self._known[word]
        candidates = [other for other in self._candidates(word) if other != but]
        self._left -= sum((len(word) + 8) * (len(other) + 8) for other in candidates)
        if self._left < 0:
            return None
        from difflib import get_close_matches

        found = get_close_matches(word, candidates, n=1, cutoff=ALIKE)
        return self._known[found[0]] if found else None

    def _candidates(self, word: str) -> Iterable[str]:
        if len(self._known) <= FEW:
            return self._known
        if not self._forwards:
            self._forwards = sorted(self._known)
            self._backwards = sorted(known[::-1] for known in self._known)
        alike = _around(self._forwards, word) + [other[::-1] for other in _around(self._backwards, word[::-1])]
        return dict.fromkeys(alike)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The answer to a single question."""
    return Words(known).nearest(word)


def some(names: Sequence[str], joint: str = ", ") -> str:
    """Names in a row; of many the first, and how many more there are."""
    more = [f"{len(names) - MOST:,} more"] if len(names) > MOST else []
    return joint.join([*names[:MOST], *more])


def _around(words: list[str], word: str) -> list[str]:
    """Those that stand beside a word in order: they begin like it."""
    at = bisect_left(words, word)
    return words[max(0, at - NEIGHBOURS) : at + NEIGHBOURS]
