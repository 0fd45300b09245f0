"""What a shell itself cannot read in recipes: each is read by its own shell, with `-n`, which executes nothing.

Knows how shells are asked and what they answer. Recipes never get into a text that could give their words another
meaning: no `eval`, nothing around them. Many share a process where each is surely closed by itself; a bar between them
is a mistake wherever a shell is not between two commands, so that none hides what is wrong with another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from factc.diagnostic import Diagnostic
from factc.lint.recipe import Recipe
from factc.secrets import credentials
from factc.shell import closed

WRONG, UNSURE, UNKNOWN = "E209", "W414", "W401"
BATCH = 200  # recipes that one process reads
PATIENCE = 60.0  # seconds for one process
# Two words in quotes. Read from inside a quote they end it, and what follows is nothing that any shell takes.
BAR = "\n: '\n;;)\n' \"\n;;)\n\"\n"
_OPTIONS = {"zsh": ("-f",)}
# What would have a shell read files, or read otherwise, before it comes to the recipe.
_STRAY = ("ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "ZDOTDIR")
_LINE = re.compile(r"^.*?recipe: ?(?:line )?(\d+): ?|^.*?recipe:(\d+): ?|^\S*: ", re.DOTALL)
_LEAD = re.compile(r"syntax error: |syntax error (?=near|:)", re.IGNORECASE)
_HERE = re.compile(r"here-document .*end-of-file")


class Answer:
    """What a shell says of a text that it cannot read: the line, counted from 0, and why; `lost` if it gave up."""

    __slots__ = ("line", "reason", "lost")

    def __init__(self, line: int, reason: str, *, lost: bool = False) -> None:
        self.line = line
        self.reason = reason
        self.lost = lost


def findings(recipes: Iterable[Recipe]) -> list[Diagnostic]:
    """What their shells cannot read in recipes, in no order."""
    same: dict[str, dict[str, list[Recipe]]] = {}
    for recipe in recipes:
        if recipe.task.executor == "shell":
            same.setdefault(recipe.shell, {}).setdefault(recipe.filled, []).append(recipe)
    found: list[Diagnostic] = []
    for shell, texts in same.items():
        program = _program(shell)
        if not program:
            first = next(iter(texts.values()))[0]
            words = f"the shell `{shell}` is not on this machine: whether it can read this nobody has looked"
            found.append(Diagnostic(UNKNOWN, words, first.line(0)))
            continue
        different = [some[0] for text, some in texts.items() if not closed.plain(text)]
        for recipe, answer in _wrong(_Shell(shell, program), different):
            found += [_diagnostic(one, answer) for one in texts[recipe.filled]]
    return found


def _program(name: str) -> str:
    """Where a program lies, "" for nowhere."""
    paths = (os.path.join(folder, name) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep))
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")


def _wrong(shell: _Shell, recipes: Sequence[Recipe]) -> Iterator[tuple[Recipe, Answer]]:
    together: list[Recipe] = []
    for recipe in recipes:
        if recipe.scan.unfinished:
            begin = recipe.scan.text.count("\n", 0, recipe.scan.unfinished[0])
            yield recipe, Answer(begin, "the here-document that begins here has no end")
        elif closed.alone(recipe.scan):
            together.append(recipe)
        elif answer := shell.ask(recipe.filled):
            yield recipe, answer
    for at in range(0, len(together), BATCH):
        yield from _narrowed(shell, together[at : at + BATCH])


def _narrowed(shell: _Shell, recipes: Sequence[Recipe]) -> Iterator[tuple[Recipe, Answer]]:
    """The wrong ones among recipes that are read together: two processes for each."""
    at = 0
    while at < len(recipes):
        rest = recipes[at:]
        joined = shell.ask(BAR.join([recipe.filled for recipe in rest]) + BAR)
        if joined is None:
            return
        number = at + _which(rest, joined.line)
        answer = shell.ask(recipes[number].filled)
        if answer is None:  # what the shell complains of is not where it says
            answers = ((recipe, shell.ask(recipe.filled)) for recipe in rest)
            yield from ((recipe, answer) for recipe, answer in answers if answer)
            return
        yield recipes[number], answer
        at = number + 1


def _which(recipes: Sequence[Recipe], line: int) -> int:
    """The number of the recipe in which a line of the joined text lies; the bar behind one is its own."""
    for number, recipe in enumerate(recipes):
        line -= recipe.filled.count("\n") + BAR.count("\n")
        if line < 0:
            return number
    return len(recipes) - 1


class _Shell:
    """One of the shells, asked by text."""

    def __init__(self, name: str, program: str) -> None:
        self._command = (program, *_OPTIONS.get(name, ()), "-n", "./recipe")
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if name not in _STRAY and not name.startswith("BASH_FUNC_")
        } | {"LC_ALL": "C.UTF-8"}

    def ask(self, text: str) -> Answer | None:
        """What is wrong with a text, None for nothing. It lies in a file: pipes are read byte by byte."""
        import subprocess
        import tempfile

        with tempfile.TemporaryDirectory(prefix="factc-syntax-") as folder:
            with open(os.path.join(folder, "recipe"), "w", encoding="utf-8", errors="replace", newline="") as file:
                file.write(text + "\n")
            try:
                done = subprocess.run(
                    self._command, cwd=folder, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True,
                    timeout=PATIENCE,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return Answer(0, f"it needs longer than {PATIENCE:.0f} s for that", lost=True)
            except OSError as problem:
                return Answer(0, problem.strerror or "it cannot be started", lost=True)
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode < 0:
            return Answer(0, f"signal {-done.returncode} ended it", lost=True)
        if not said or (done.returncode == 0 and not _HERE.search(said)):  # `zsh -n` ends with 1 behind `! a`
            return None
        return _answer(said, text.count("\n"))


def _answer(said: str, last: int) -> Answer:
    line = said.split("\n", 1)[0]
    match = _LINE.match(line)
    number = (match[1] or match[2]) if match else None
    reason = _LEAD.sub("", line[match.end() :] if match else line).replace("\\n", "the end of the line").strip()
    return Answer(min(int(number) - 1, last) if number else 0, reason or "it does not say why")


def _diagnostic(recipe: Recipe, answer: Answer) -> Diagnostic:
    span = recipe.line(answer.line)
    reason = _without_secrets(answer.reason, recipe.filled)
    if answer.lost:
        return Diagnostic(UNSURE, f"whether {recipe.shell} can read this recipe is not known: {reason}", span)
    words = f"{recipe.shell} cannot read this: {reason}"
    if recipe.raw:
        return Diagnostic(UNSURE, words, span, hint="a value goes into it raw: that it is right depends on the value")
    before = closed.changes(recipe.scan, answer.line)
    if before:
        hint = f"`{before}` above may change what the shell reads, or end it: `{recipe.shell} -n` cannot know"
        return Diagnostic(UNSURE, words, span, hint=hint)
    return Diagnostic(WRONG, words, span, hint=_way(answer.reason))


def _way(reason: str) -> str:
    if "here-document" in reason:
        return "its last line is the end word alone, indented like the recipe"
    return ""


def _without_secrets(words: str, text: str) -> str:
    for one in credentials.find(text):
        literal = text[one.start : one.end]
        words = words.replace(literal, f"{credentials.opening(literal)}***")
    return words
