"""What the variable MAKEFLAGS says of slots that make, or another jobserver, shares with those it starts.

Knows words; opens nothing.
"""

from __future__ import annotations

from factc.digits import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS")  # who looks for a jobserver below looks into these
AUTH = ("--jobserver-auth=", "--jobserver-fds=")  # the second is that of make up to 4.1


def speaks(text: str) -> bool:
    """Whether a value may speak of a jobserver; quick."""
    return "--jobserver-" in text


def offered(text: str) -> tuple[str, int | None]:
    """Where the slots are, as its last word on that says, "" for none; and how many there are in all, if it says."""
    where, most = "", None
    for word in _flags(text):
        for name in AUTH:
            if word.startswith(name):
                where = "\\".join(part.replace("\\ ", " ") for part in word[len(name) :].split("\\\\"))
        if word.startswith("-j") and (count := number(word[2:])):
            most = count
    return where, most


def without(text: str) -> str:
    """The same flags but for those of the slots: who reads them runs one thing at a time, and has nothing to say."""
    kept = [word for word in _flags(text) if not _is_of_slots(word)]
    return _joined(kept, text)


def added(text: str, where: str, slots: int) -> str:
    """The same flags, but these slots."""
    where = where.replace("\\", "\\\\").replace(" ", "\\ ")
    kept = [word for word in _flags(text) if not _is_of_slots(word)]
    if kept and not kept[0].startswith("-"):
        return _joined([*kept, f"-j{slots}", AUTH[0] + where], text)
    return _joined([f"-j{slots}", AUTH[0] + where, *kept], text)


def _is_of_slots(word: str) -> bool:
    return word.startswith(AUTH) or (word.startswith("-j") and (word == "-j" or number(word[2:]) is not None))


def _flags(text: str) -> list[str]:
    """Its words up to the ` -- ` behind which values of variables stand; a blank behind a backslash parts nothing."""
    words = [""]
    for part in text.split(" "):
        if (len(words[-1]) - len(words[-1].rstrip("\\"))) % 2:
            words[-1] += " " + part
        elif part == "--":
            break
        else:
            words.append(part)
    return [word for word in words if word]


def _joined(words: Iterable[str], text: str) -> str:
    """As make writes them: a value that begins with a blank has no letters of options in front."""
    flags = " ".join(words)
    _, dashes, values = f" {text}".partition(" -- ")
    start = " " if flags.startswith("--") else ""
    return f"{start}{flags}{dashes}{values}"
