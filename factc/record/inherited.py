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
_SET = re.compile(r"(?<![\w$.{-])([A-Za-z_][A-Za-z0-9_]*)\+?=(\S*)", re.ASCII)
_NAMES = re.compile(r"\b(?:for[ \t]+([A-Za-z_]\w*)|read((?:[ \t]+-?\w+)+))", re.ASCII)
# What shells set themselves, what belongs to a run, and what may be a secret: no hash of that is kept.
_OWN = re.compile(
    r"(?:FACTC(?:_\w+)?|_|PWD|OLDPWD|SHLVL|PPID|IFS|OPT(?:IND|ARG|ERR)|LINENO|RANDOM|SRANDOM|SECONDS|E?[UG]ID|GROUPS|REPLY|EPOCH\w+"
    r"|BASH\w*|ZSH_\w+|KSH_\w+|HISTCMD|SHELLOPTS|PIPESTATUS|COLUMNS|LINES|PS[1-4]|(?i:\w*(?:PASS|PWD|SECRET|TOKEN|KEY|CRED|AUTH)\w*))",
    re.ASCII,
)  # fmt: skip


def hashes(
    run: str, tasks: Iterable[PlanTask], environment: Mapping[str, str], without: Collection[str]
) -> dict[str, str]:
    """By name a hash of each inherited variable that tasks name, `UNSET` for one that is not set.

    run: the reference, which is the salt. without: names that are not looked at, such as those of secrets.
    """
    return {name: _hash(run, name, environment) for name in sorted(named(tasks)) if name not in without}


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
    for match in _SET.finditer(text):
        name, value = match.groups()
        if first.get(name, -1) > match.start() and not re.search(rf"\$\{{?{name}\b", value):
            del first[name]
    for match in _NAMES.finditer(text):
        for name in (match[1] or match[2]).split():
            if first.get(name, -1) > match.start():
                del first[name]
    return {name for name in first if not _OWN.fullmatch(name)}
