"""Whether to use colour: what the user said, then the environment, then the stream.

Knows the customs (NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM); opens nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RED = "31"
GREEN = "32"
YELLOW = "33"
CYAN = "36"
DIM = "2"
BOLD = "1"


_OFF = ("", "0", "false")


def colour_wanted(environ: Mapping[str, str], is_tty: bool, wish: bool | None = None) -> bool:
    """`wish` is False for --no-colour, which beats everything."""
    if wish is not None:
        return wish
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") != "0" or environ.get("FORCE_COLOR", "0") not in _OFF:
        return True
    if environ.get("FORCE_COLOR"):
        return False
    if environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb":
        return False
    return is_tty


def painted(words: str, code: str, wanted: bool) -> str:
    return f"\x1b[{code}m{words}\x1b[0m" if wanted else words
