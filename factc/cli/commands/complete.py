"""`factc complete WORDS…`: what the last word may become; asked by the shells, and silent about whatever goes wrong."""

from __future__ import annotations

import sys


def run(arguments: list[str]) -> int:
    """With `--bash TEXT` first, words are as they were typed, quotes and all; what is answered takes TEXT's place."""
    text = ":words\n"  # there are none
    try:
        from factc.shell_completion.candidates import candidates
        from factc.shell_completion.line import Line

        if arguments[:1] == ["--bash"]:
            from factc.shell_completion.quotes import as_typed, unquoted

            replaced, *typed = arguments[1:]
            text = as_typed(candidates(Line([unquoted(word) for word in typed])), typed[-1], replaced).text()
        else:
            text = candidates(Line(arguments)).text()
    except Exception:  # a key was pressed: there is nobody to hear of it
        pass
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    return 0
