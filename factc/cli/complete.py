"""`factc complete WORDS…`: what the last word may become; asked by the shells, and silent about whatever goes wrong."""

from __future__ import annotations

import sys


def run(arguments: list[str]) -> int:
    """With -q first, the words are as they were typed, quotes and all."""
    text = ":words\n"  # there are none
    try:
        from factc.complete.candidates import candidates
        from factc.complete.line import Line

        words = arguments
        if words[:1] == ["-q"]:
            from factc.complete.quotes import unquoted

            words = [unquoted(word) for word in arguments[1:]]
        text = candidates(Line(words)).text()
    except Exception:  # a key was pressed: there is nobody to hear of it
        pass
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    return 0
