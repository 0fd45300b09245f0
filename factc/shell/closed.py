"""Whether a shell text is closed by itself, and what in it may change how the shell reads the rest.

Looks at the tokens of a scan; whoever is not sure is told no.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from factc.shell import flow
from factc.shell.commands import simple_commands
from factc.shell.scanner import Scan, Word

# Behind these a shell goes on to read, and zsh behind some that others take for ordinary commands.
_ODD = frozenset("function coproc repeat foreach nocorrect always ! time then do else elif".split())
_PAIRS = (("if", "fi"), ("case", "esac"), ("do", "done"), ("{", "}"), ("[[", "]]"))
_LOOPS = ("for", "while", "until", "select")
_ENDS = ("\n", ";", "&")
# Commands behind which a shell may read otherwise; `set` only with an option by name.
_CHANGES = frozenset("shopt setopt unsetopt emulate alias unalias enable disable . source eval".split())
_HARMLESS = frozenset("pipefail errexit nounset xtrace noclobber noglob verbose allexport".split())

# What means itself, or a value, to every shell.
_VALUE = r"\$[A-Za-z_]\w*(?![\w\[=])"
_PIECE = rf"""[A-Za-z0-9_./:,@%+-]|(?<=[A-Za-z0-9_])=(?!=)|'[^']*'|"(?:[^"`$\\]|{_VALUE})*"|{_VALUE}"""
_WORDS = re.compile(rf"[ \t]*(?:(?:{_PIECE})+(?:[ \t]+|\Z))*")
_RESERVED = _ODD | frozenset("if fi case esac in do done for while until select foreach end [[ ]]".split())


def plain(text: str) -> bool:
    """Whether each line is surely a simple command or a comment, which no shell refuses to read."""
    lines = [line for line in text.split("\n") if not line.lstrip(" \t").startswith("#")]
    return all(_WORDS.fullmatch(line) and _RESERVED.isdisjoint(line.split()) for line in lines)


def alone(scan: Scan) -> bool:
    """Whether nothing that the text opens is open at its end, and nothing waits there for more."""
    if not scan.closed:
        return False
    tokens = scan.lists[-1]
    words = Counter(token.begins for token in tokens if isinstance(token, Word))
    if any(words[opening] != words[closing] for opening, closing in _PAIRS):
        return False
    if sum(words[loop] for loop in _LOOPS) != words["do"]:
        return False
    said = [token for token in tokens if token != "\n"]
    if not said:
        return True
    last, before = said[-1], said[-2] if len(said) > 1 else ""
    if isinstance(last, str):
        return last in _ENDS or (last == ")" and before != "(")
    odd = {token.begins for token in (last, before) if isinstance(token, Word)}
    return not odd & _ODD and not (words["function"] or words["foreach"] or words["repeat"])


def changes(scan: Scan, line: int) -> str | None:
    """The command above a line (from 0) that makes it uncertain how that line is read, or whether at all."""
    end = _start(scan.text, line)
    ends = flow.unreached(flow.flow(scan))
    if ends and ends[0].start < end:
        return ends[0].pipelines[0][0].program
    for words in (words for tokens in scan.lists for words in simple_commands(tokens)):
        values = [word.value or "" for word in words]
        if words[0].start < end and (values[0] in _CHANGES or (values[0] == "set" and _named(values[1:]))):
            return values[0]
    return None


def _named(values: list[str]) -> bool:
    """Whether `set` turns an option by name that matters: `set -o posix`."""
    return any(option in ("-o", "+o") and name not in _HARMLESS for option, name in pairwise(values))


def _start(text: str, line: int) -> int:
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
    return at
