"""A plan as commands to paste: each stands alone and leaves the shell it is pasted into as it was.

Knows what interactive shells do to what is pasted; runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from factc.durations import written
from factc.escape import visible
from factc.export.program_call import assignment, folder, is_shell, program
from factc.plan import Plan, PlanTask, Text, is_final, shown

# What bash, dash, zsh and ksh read alike when it is pasted bare: no expansion but variables in double quotes.
_WORD = r"""(?:[\w@%+:,./-]|'[^']*'|"(?:[^"\\$`]|\\["\\$`]|\$\w+|\$\{\w+\})*")(?:[\w@%+:,./=-]|'[^']*'|"(?:[^"\\$`]|\\["\\$`]|\$\w+|\$\{\w+\})*")*"""  # noqa: E501
_SIMPLE = re.compile(rf"(?P<name>[\w./+-]+)(?: +{_WORD})* *")
# Words that mean something to the shell they are pasted into, or are read differently from shell to shell.
_OWN = frozenset(
    ". : alias autoload bg bind bindkey break builtin case cd chdir command continue coproc declare dirs disable "
    "disown do done echotc elif else emulate enable esac eval exec exit export fc fg fi float for foreach "
    "function functions getopts hash history if in integer jobs kill let limit local logout noglob nocorrect popd "
    "print pushd pwd r read readonly rehash repeat return sched select set setopt shift shopt source suspend then "
    "time times trap type typeset ulimit umask unalias unfunction unhash unlimit unset unsetopt until wait whence "
    "where which while zle zmodload zstyle stty reset login newgrp".split()
)

# Variables that a shell between passes on as they are, and by which it does not find another program.
_PASSED_ON = re.compile(
    r"(?!(?:PATH|PWD|OLDPWD|SHLVL|IFS|PPID|UID|EUID|GROUPS|RANDOM|SECONDS|LINENO|ENV|HOSTNAME|[A-Z]*TYPE)\Z)"
    r"(?!BASH|SHELLOPTS|OPT|PS\d|HIST|DIR|FUNC|MAIL)[A-Za-z]\w*",
    re.ASCII,
)

# Built into every shell, but with options and escapes that differ.
_ECHO = frozenset(("echo", "printf", "test", "["))


def commands(plan: Plan, order: Sequence[int], notes: Mapping[int, str] | None = None) -> str:
    """All commands in that order, a comment line above each; notes: what more it says, by task."""
    return "\n".join(_block(plan, plan.tasks[i], (notes or {}).get(i, "")) for i in order)


def remark(words: str) -> str:
    """A comment line that can be pasted."""
    return f"# {_told(words)}\n"


def is_simple(text: str) -> bool:
    """Whether a shell text is one simple command that may be pasted bare."""
    match = _SIMPLE.fullmatch(text)
    if not match or "!" in text or not text.isprintable() or text.startswith("-"):
        return False
    if match["name"] in _ECHO and ("\\" in text or " -" in text):
        return False
    return match["name"] not in _OWN


def quoted(text: str, kept: str = "\n") -> str:
    """A text as one word that can be pasted.

    Control characters cannot (a tab completes, ^C interrupts), so where there are any but those `kept`, printf
    makes them; line ends at the end stand behind, because a substitution takes them away.
    """
    if all(c.isprintable() or c in kept for c in text):
        return "'" + text.replace("'", "'\\''") + "'"
    front = text.rstrip("\n")
    begun = "\\055" if front.startswith("-") else front[:1] and _printed(front[0])  # printf has options
    ends = "'" + text[len(front) :] + "'" if len(front) < len(text) else ""
    return f"\"$(printf '{begun}{''.join(map(_printed, front[1:]))}')\"{ends}"


def _printed(character: str) -> str:
    """A character in the format of printf, in single quotes."""
    special = {"%": "%%", "\\": "\\\\", "'": "'\\''", "\n": "\n", "!": "\\041"}
    if character in special or character.isprintable():
        return special.get(character, character)
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def _block(plan: Plan, task: PlanTask, note: str = "") -> str:
    more = f" · {_told(note)}" if note else ""
    return f"# {_comment(plan, task)}{more}\n" + "".join(f"{line}\n" for line in _command(task))


def _comment(plan: Plan, task: PlanTask) -> str:
    """Name, description, what it waits for, exit-code rules: one line, whatever the names hold."""
    parts = [_told(task.name)] + ([_told(task.description)] if task.description else [])
    if task.dependencies:
        parts.append("waits for " + ", ".join(_told(plan.tasks[d].name) for d in task.dependencies))
    rules = "continues on " + " ".join(map(str, task.ok))
    if task.noop:
        rules += ", is a no-op on " + " ".join(map(str, task.noop))
    parts.append(rules if task.argv else "runs nothing")
    parts += [_told(words) for words in _limits(task)]
    return " · ".join(parts)


def _limits(task: PlanTask) -> list[str]:
    """What a run does beside starting the command."""
    limits = ["runs in any case"] if task.final else []
    if task.retry:
        limits.append(f"up to {task.retry.times} more attempt{'s' * (task.retry.times != 1)}")
    if task.timeout is not None:
        limits.append(f"at most {written(task.timeout)}")
    return limits + [f"in the pool {name}" for name in task.pools]


def _told(words: str) -> str:
    """Words in a comment: as they are, or in quotes, double ones if it can be, where one of them could do harm.

    An interactive zsh takes a comment for a command.
    """
    words = visible(words)
    if not re.search(r"""[\\"'`$!;&|<>()]""", words):
        return words
    return quoted(words) if re.search(r'[\\"`$!]', words) else f'"{words}"'


def _command(task: PlanTask) -> list[str]:
    if not task.argv:
        return []
    line = _call(task.argv, task.environment)
    return [line if task.directory is None else f"({folder(shown(task.directory), _word)} && {line})"]


def _call(argv: Sequence[Text], variables: Sequence[tuple[str, Text]]) -> str:
    """The command: as it stands where any shell reads it alike, else by the shell that a run starts, or by `env`."""
    text = argv[2] if list(argv[:2]) == ["sh", "-c"] and len(argv) == 3 else None
    if isinstance(text, str) and is_simple(text):
        if not variables:
            return text.strip(" ")
        if "$" not in text and all(_PASSED_ON.fullmatch(name) for name, _ in variables):
            return " ".join(["env", *(assignment(*pair, _word) for pair in variables), text.strip(" ")])
    if variables or not is_shell(argv):
        return program(argv, variables, _word)
    return " ".join(map(_word, argv))


def _word(text: Text) -> str:
    words = shown(text)
    return words if is_final(text) and re.fullmatch(r"[\w@%+:,./-]+", words) else quoted(words)
