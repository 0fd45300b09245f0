"""The inherited variables that recipes name: kept as salted hashes, compared when a run is continued.

Knows how shell texts name variables, and which of them they set themselves; reads no environment of its own.
"""

from __future__ import annotations

import re

from factc.digest import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from factc.plan import PlanTask

SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
UNSET = ""
OTHER = ("has another value now", "have other values now")
GONE = ("is not set now", "are not set now")
NEW = ("was not set then", "were not set then")
_DIGITS = 16  # of a hash: enough to tell two values apart
_USED = re.compile(r"(?<!\\)\$(?:\{[#!]?)?([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
# An assignment and its value; the names behind `for` and `read`.
_SET = r"(?<![\w$.{-])([A-Za-z_]\w*)\+?=(\S*)"
_NAMES = r"\b(?:for[ \t]+([A-Za-z_]\w*)|read((?:[ \t]+-?\w+)+))"
_LOGIN = re.compile(r"://[^/?#\s]*@|://\S*:\S*@")
# What shells set themselves, and words for what may be a secret: no hash of that is kept, nor of what a run sets.
_OWN = frozenset(
    "_ FACTC PWD OLDPWD SHLVL PPID IFS OPTIND OPTARG OPTERR LINENO RANDOM SRANDOM SECONDS UID EUID GID EGID GROUPS "
    "REPLY EPOCHSECONDS EPOCHREALTIME HISTCMD SHELLOPTS PIPESTATUS COLUMNS LINES PS1 PS2 PS3 PS4".split()
)
_OWN_BEGIN = ("FACTC_", "BASH", "ZSH_", "KSH_")
_SECRET = ("PASS", "PWD", "SECRET", "TOKEN", "KEY", "CRED", "AUTH")


def hashes(
    run: str, tasks: Iterable[PlanTask], environment: Mapping[str, str], without: Collection[str]
) -> dict[str, str]:
    """By name a hash of each inherited variable that tasks name, `UNSET` for one that is not set.

    run: the reference, which is the salt. without: names that are not looked at, such as those of secrets. Nor are
    addresses with a name or a password in them: who reads the record could try one password after the other.
    """
    names = sorted(named(tasks).difference(without))
    return {name: _hash(run, name, environment) for name in names if not _LOGIN.search(environment.get(name, ""))}


def named(tasks: Iterable[PlanTask]) -> set[str]:
    """The variables that the recipes of tasks read, and neither they nor the job set."""
    found: set[str] = set()
    for task in tasks:
        if task.argv and task.argv[0] in SHELLS and "$" in (text := str(task.argv[-1])):
            found |= _read(text) - {name for name, _ in task.environment}
    return found


def differences(run: str, then: Mapping[str, str], tasks: Iterable[PlanTask], now: Mapping[str, str]) -> str:
    """Which variables that tasks name are not what they were in that run, in words; "" for none."""
    if not then:
        return ""
    words: dict[tuple[str, str], list[str]] = {}
    for name in sorted(named(tasks)):
        before = then.get(name)
        after = _hash(run, name, now)
        if before is not None and before != after:
            how = NEW if before == UNSET else GONE if after == UNSET else OTHER
            words.setdefault(how, []).append(f"${name}")
    return "; ".join(f"{_listed(names)} {how[len(names) > 1]}" for how, names in words.items())


def _listed(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _hash(run: str, name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name)
    if value is None:
        return UNSET
    return sha256_hex([f"{run}\0{name}\0{value}".encode("utf-8", "surrogateescape")])[:_DIGITS]


def _read(text: str) -> set[str]:
    """What a text reads before it sets it."""
    first: dict[str, int] = {}
    for match in _USED.finditer(text):
        first.setdefault(match[1], match.start())
    for match in re.finditer(_SET, text, re.ASCII) if "=" in text else ():
        name, value = match.groups()
        if first.get(name, -1) > match.start() and name not in _USED.findall(value):
            del first[name]
    for match in re.finditer(_NAMES, text, re.ASCII) if "for" in text or "read" in text else ():
        for name in (match[1] or match[2]).split():
            if first.get(name, -1) > match.start():
                del first[name]
    return {name for name in first if not _is_own(name)}


def _is_own(name: str) -> bool:
    upper = name.upper()
    return name in _OWN or name.startswith(_OWN_BEGIN) or any(word in upper for word in _SECRET)
