"""From what a task says to what is executed: its argv, with holes where parameters are open.

Knows quoting and shells; knows no graph and starts nothing.
"""

from __future__ import annotations

import shlex

from factc.compiler.scope import Scope
from factc.diagnostic import Diagnostic
from factc.model.document import Path
from factc.model.job import Command, Job, Script, Task
from factc.model.template import Pieces, Tag
from factc.plan import MAX_TEXT, VERBATIM, Hole, Text
from factc.shell import scanner

STRICT_SHELLS = ("bash", "ksh", "zsh")


class Found:
    """A tag and where it came from: the path of its text."""

    __slots__ = ("tag", "path")

    def __init__(self, tag: Tag, path: Path) -> None:
        self.tag = tag
        self.path = path


Marked = list[str | Found]


def argv(task: Task, scope: Scope) -> tuple[Text, ...]:
    """Program and arguments of a task, () for a milestone; mistakes become the scope's problems."""
    if task.body is None:
        return ()
    if not scope.each:
        return _argv(task, scope)
    if id(task) not in scope.made:  # once, for all values: places and mistakes are the same
        scope.made[id(task)] = _argv(task, scope.inside(dict.fromkeys(scope.each)))
    return scope.with_each(scope.made[id(task)], task.path)


def _argv(task: Task, scope: Scope) -> tuple[Text, ...]:
    if task.executor == "exec":
        return _direct(task, scope)
    pieces = marked(task, scope)
    text = scope.text(_no_option(_quoted(pieces, task, scope)), body_path(task))
    return (*_prefix(task, scope.job), text)


def _no_option(pieces: list[str | Hole]) -> list[str | Hole]:
    """A blank before a text that a shell would take for its options."""
    first = pieces[0] if pieces else ""
    risky = first.startswith(("-", "+")) if isinstance(first, str) else first.quote == VERBATIM
    return [" ", *pieces] if risky else pieces


def marked(task: Task, scope: Scope) -> Marked:
    """The shell text of a task as literal stretches and tags."""
    if isinstance(task.body, Script):
        if task.verbatim:
            return [task.body.text]
        path = (*task.path, "script")
        return [p if isinstance(p, str) else Found(p, path) for p in scope.pieces(task.body.text, path)]
    assert isinstance(task.body, Command)
    whole: Marked = [task.body.command]
    for i, argument in enumerate(task.body.arguments):
        path = (*task.path, "arguments", i)
        if "{{" not in argument and '"' not in argument and "\\" not in argument:
            whole.append(f' "{argument}"')
            continue
        inside, changed = in_double_quotes(scope.pieces(argument, path))
        whole += [' "', *(p if isinstance(p, str) else Found(p, path) for p in inside), '"']
        if changed:
            scope.problems.append(_changed(scope, path))
    return whole


def in_double_quotes(pieces: Pieces) -> tuple[Pieces, bool]:
    """An argument as it stands between double quotes, and whether a character had to be added.

    A `"` behind an even number of backslashes is escaped; behind an odd number it is already. An odd run
    of backslashes at the end would escape the closing quote, so it gets one more.
    """
    inside: Pieces = []
    changed = False
    for i, piece in enumerate(pieces):
        if isinstance(piece, Tag):
            inside.append(piece)
            continue
        text, run = [], 0
        for character in piece:
            if character == '"' and run % 2 == 0:
                text.append("\\")
                changed = True
            run = run + 1 if character == "\\" else 0
            text.append(character)
        if run % 2 and i == len(pieces) - 1:
            text.append("\\")
            changed = True
        inside.append("".join(text))
    return inside, changed


def _quoted(pieces: Marked, task: Task, scope: Scope) -> list[str | Hole]:
    """Every tag as a hole with the quoting of its place; unsafe places become problems."""
    literal = "".join(p for p in pieces if isinstance(p, str))
    if all(isinstance(p, str) for p in pieces):
        return [literal]
    if len(literal) > MAX_TEXT:  # whatever stands in it
        return [p if isinstance(p, str) else scope.hole(p.tag.name, VERBATIM) for p in pieces]
    places = iter(scanner.places(pieces))
    quoted: list[str | Hole] = []
    for piece in pieces:
        if isinstance(piece, str):
            quoted.append(piece)
            continue
        place = next(places)
        if piece.tag.raw and scope.job.lenient:
            quoted.append(scope.hole(piece.tag.name, VERBATIM))
        elif place == scanner.COMMENT:
            quoted.append(_written(piece, task))
        elif place in scanner.UNSAFE or piece.tag.raw:
            scope.problems.append(_unsafe(piece, place, scope))
        else:
            quoted.append(scope.hole(piece.tag.name, place))
    return quoted


def _written(found: Found, task: Task) -> str:
    """A tag as the author wrote it."""
    body, path = task.body, found.path
    text = body.text if isinstance(body, Script) else body.arguments[int(path[-1])] if body else ""
    return text[found.tag.start : found.tag.end]


def _unsafe(found: Found, place: str, scope: Scope) -> Diagnostic:
    span = scope.job.document.span(found.path, found.tag.start, found.tag.end)
    name = found.tag.name
    if found.tag.raw:
        words = f"`{name}` cannot be put into a recipe raw: a value is always one word"
        return Diagnostic("E203", words, span, hint=f"write {{{{{name}}}}}")
    variable = "".join(c if c.isalnum() and c.isascii() else "_" for c in name).upper()
    words = f"`{{{{{name}}}}}` stands {scanner.UNSAFE[place]}, where no quoting is safe"
    if scope.job.lenient:
        hint = f'give the task "environment": {{"{variable}": "{{{{{name}}}}}"}} and write $' + variable
    else:
        hint = f'put [env {variable}={{{{{name}}}}}] above the task and write "${variable}"'
    if place == "dollar":
        hint += "; `${{ … }}` looks like a GitHub expression"
    return Diagnostic("E204", words, span, hint=hint)


def _changed(scope: Scope, path: Path) -> Diagnostic:
    words = "a double quote or a backslash in this argument was escaped, so that the argument stays one word"
    hint = "write it escaped yourself to say that you mean it"
    return Diagnostic("W203", words, scope.job.document.span(path), hint=hint)


def _prefix(task: Task, job: Job) -> tuple[str, ...]:
    shell = task.shell or job.shell
    if shell in STRICT_SHELLS:
        return (shell, "-e", "-o", "pipefail", "-c")
    if isinstance(task.body, Script) and lines(task.body.text) > 1:
        return (shell, "-e", "-c")
    return (shell, "-c")


def lines(script: str) -> int:
    """How many lines of a recipe say something: blank ones and comments do not count."""
    return sum(1 for line in script.split("\n") if line.strip() and not line.lstrip().startswith("#"))


def _direct(task: Task, scope: Scope) -> tuple[Text, ...]:
    """Program and arguments of a task that runs without a shell."""
    if isinstance(task.body, Script):
        return _words(task, task.body, scope)
    assert isinstance(task.body, Command)
    arguments = [scope.open(a, (*task.path, "arguments", i)) for i, a in enumerate(task.body.arguments)]
    return (task.body.command, *arguments)


def _words(task: Task, script: Script, scope: Scope) -> tuple[Text, ...]:
    """The words of a recipe line (POSIX quoting); a tag is part of the word it stands in."""
    path = (*task.path, "script")
    if lines(script.text) != 1:
        words = "an [exec] recipe is one line: one program and its arguments"
        scope.problems.append(Diagnostic("E207", words, scope.job.document.span(path)))
        if not task.verbatim:
            scope.pieces(script.text, path)  # for what is wrong with them
        return ()
    pieces = [script.text] if task.verbatim else scope.pieces(script.text, path)
    if len(pieces) > MAX_TEXT:
        scope.problems.append(scope.too_long(path))
        return ()
    taken = set(script.text)
    unused = (c for c in map(chr, range(0xF0000, 0x110000)) if c not in taken)
    marks = {next(unused): p for p in pieces if isinstance(p, Tag)}
    tags = iter(marks)
    try:
        found = shlex.split("".join(p if isinstance(p, str) else next(tags) for p in pieces))
    except ValueError:
        span = scope.job.document.span(path)
        scope.problems.append(Diagnostic("E207", "a quote in this line is not closed", span))
        return ()
    return tuple(scope.text(_parted(word, marks, scope), path) for word in found)


def _parted(word: str, marks: dict[str, Tag], scope: Scope) -> list[str | Hole]:
    parts: list[str | Hole] = []
    start = 0
    for at, character in enumerate(word):
        if character in marks:
            parts += [word[start:at]] if at > start else []
            parts.append(scope.hole(marks[character].name, VERBATIM))
            start = at + 1
    return [*parts, word[start:]] if start < len(word) or not parts else parts


def body_path(task: Task) -> Path:
    return (*task.path, "script" if isinstance(task.body, Script) else "command")
