"""Words as they are typed in a shell, without their quotes; the last may have an open one.

Knows POSIX quoting; expands nothing.
"""

from __future__ import annotations


def unquoted(word: str) -> str:
    """What the shell would make of a word that it expands nothing in."""
    plain, quote, at = "", "", 0
    while at < len(word):
        character = word[at]
        if character == "\\" and quote != "'" and at + 1 < len(word) and (not quote or word[at + 1] in '\\"$`'):
            at += 1
            plain += word[at]
        elif character in ("'", '"') and quote in ("", character):
            quote = "" if quote else character
        else:
            plain += character
        at += 1
    return plain
