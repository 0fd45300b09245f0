"""What goes wrong, said on standard error: diagnostics with excerpts, or one line and the way out.

The one way to standard error for all that is no task's: whatever stands in a message, a terminal takes none of it for
an order, and it is one line. Knows colours and the terminal's wishes; knows no verb.
"""

from __future__ import annotations

import os
import sys

from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from factc.diagnostic import Diagnostic


MOST = 20  # errors, and warnings, of one file: who has mended those asks again


def complain(message: str, hint: str = "") -> None:
    """One mistake that has no place in a text."""
    say(f"factc: {message}")
    if hint:
        say(f"  help: {hint}")


def say(words: str) -> None:
    """A line on standard error."""
    write(visible(words) + "\n")


def report(diagnostics: Sequence[Diagnostic], colour: bool | None = None) -> None:
    """Diagnostics with their excerpts, and how many there are if more than one; of a file at most MOST of each kind."""
    write(reported(diagnostics, colour))


def reported(diagnostics: Sequence[Diagnostic], colour: bool | None = None) -> str:
    """The same as a text."""
    if not diagnostics:
        return ""
    from factc import diagnostic_render
    from factc.screen.colour import colour_wanted

    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = len(diagnostics) - errors
    wanted = colour_wanted(os.environ, sys.stderr.isatty(), colour)
    shown, more = _few(diagnostics)
    text = diagnostic_render.text(shown, colour=wanted) + "".join(f"\n{visible(line)}\n" for line in more)
    if len(diagnostics) > 1:
        counts = [f"{n} {kind}{'s' * (n > 1)}" for n, kind in ((errors, "error"), (warnings, "warning")) if n]
        text += "\n" + ", ".join(counts) + "\n"
    return text


def _few(diagnostics: Sequence[Diagnostic]) -> tuple[list[Diagnostic], list[str]]:
    """Those that are shown, and a line for each file of which there are more."""
    shown: list[Diagnostic] = []
    counts: dict[tuple[str, str], int] = {}
    for one in diagnostics:
        key = one.severity, one.span.source.name if one.span else ""
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= MOST:
            shown.append(one)
    rest = {key: count - MOST for key, count in counts.items() if count > MOST}
    return shown, [f"and {n} more {kind}{'s' * (n > 1)}{' in ' * bool(name)}{name}" for (kind, name), n in rest.items()]


def write(text: str) -> None:
    """A text of whole lines on standard error."""
    try:
        sys.stderr.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stderr.flush()
    except OSError:  # nobody is there to read it; the exit code still tells
        pass
