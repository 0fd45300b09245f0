"""What means something elsewhere and nothing here: `#!` and Make's signs before a command, bash's words under sh.

Knows recipes and their words; whether a program of such a name is on this machine it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from factc.diagnostic import Diagnostic
from factc.lint.recipe import Recipe
from factc.model.job import Script
from factc.shell.commands import simple_commands
from factc.shell.scanner import Scan, Word

CODE = "W415"
_PROGRAM = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-S\s*)?)?(\S*)")
_SIGN = re.compile(r"[ \t]*([@-]+)[ \t]*[A-Za-z_./\"'$]")
_DOUBLED = re.compile(r"(?<![$\\])\$\$(?=[A-Za-z({])")
_RECKONED = re.compile(r"\(\((?:[^();\n]|\([^()\n]*\))*\)\)")  # two subshells, one in the other, may begin as it does
_BOTH = re.compile(r"&>>?")
_POSIX = ("sh", "dash")
_BASH = {
    "source": "`.` does the same in every shell",
    "[[": "`[` is what {shell} has",
    "let": "`$((…))` reckons in every shell",
    "((": "`$((…))` reckons in every shell: [ $((…)) -ne 0 ]",
    "&>": "`>FILE 2>&1` does the same in every shell; here what stands before goes into the background",
    **dict.fromkeys(("declare", "typeset", "shopt", "pushd", "popd"), ""),
}


def habits(recipe: Recipe) -> Iterator[Diagnostic]:
    """Where each begins: what it would be elsewhere, and the way here."""
    if isinstance(recipe.task.body, Script):
        yield from _first_line(recipe, recipe.task.body.text)
        yield from _signs(recipe)
    yield from _doubled(recipe)
    if recipe.shell in _POSIX:
        yield from _foreign(recipe)


def _first_line(recipe: Recipe, text: str) -> Iterator[Diagnostic]:
    match = _PROGRAM.match(text)
    if match is None:
        return
    program = match[1]
    if program == recipe.shell:
        return
    words = f"`#!` chooses no interpreter here: {recipe.shell} runs this recipe"
    hint = "put the text into a file, and run that"
    if program in ("sh", "dash", "bash", "ksh", "zsh"):
        hint = f"[shell {program}] above the rule does" if recipe.job.document.textual else f'"shell": "{program}" does'
    yield Diagnostic(CODE, words, recipe.span(0, len(text.split("\n", 1)[0])), hint=hint)


def _signs(recipe: Recipe) -> Iterator[Diagnostic]:
    """`@` and `-` where a command begins."""
    for token in (words[0] for words in simple_commands(recipe.scan.lists[-1])):
        if not token.begins.startswith(("@", "-")) or not _SIGN.match(recipe.scan.text, token.start):
            continue
        sign = token.begins[0]
        words = f"`{sign}` before a command means nothing here: {recipe.shell} looks for a command of that name"
        hint = "leave it out: commands are not shown" if sign == "@" else "write `|| true` behind what may fail"
        yield Diagnostic(CODE, words, recipe.span(token.start, token.start + 1), hint=hint)


def _doubled(recipe: Recipe) -> Iterator[Diagnostic]:
    """`$$HOME`, which is Make's `$HOME` and the shell's number of its process with `HOME` behind it."""
    scan = recipe.scan
    if "$$" not in scan.text:
        return
    for tokens in scan.lists:
        for word in (token for token in tokens if isinstance(token, Word)):
            for match in _DOUBLED.finditer(scan.text, word.start, word.end):
                if _quoted_single(scan.text, word.start, match.start()):
                    continue
                words = "`$$` is the number of the shell's process"
                hint = "write a single `$`: only Make wants two"
                yield Diagnostic(CODE, words, recipe.span(match.start(), match.start() + 2), hint=hint)


def _quoted_single(text: str, start: int, at: int) -> bool:
    """Whether a place in a word stands in single quotes, as far as quotes can be told by counting."""
    single = double = False
    for character in text[start:at]:
        single ^= character == "'" and not double
        double ^= character == '"' and not single
    return single


def _foreign(recipe: Recipe) -> Iterator[Diagnostic]:
    said: set[str] = set()
    way = "[shell bash] above the rule has it" if recipe.job.document.textual else '"shell": "bash" has it'
    for name, start, end in _of_bash(recipe.scan):
        if name not in said:
            said.add(name)
            more = _BASH[name].format(shell=recipe.shell)
            words = f"`{name}` is bash's: {recipe.shell} need not have it"
            yield Diagnostic(CODE, words, recipe.span(start, end), hint=f"{way}; {more}" if more else way)


def _of_bash(scan: Scan) -> Iterator[tuple[str, int, int]]:
    for tokens in scan.lists:
        for word in (words[0] for words in simple_commands(tokens)):
            if word.value in _BASH:
                yield word.value, word.start, word.end
        for before, token in pairwise(tokens):
            if isinstance(before, Word) and isinstance(token, str) and _BOTH.fullmatch(token):
                start = scan.text.index(token, before.end)
                yield "&>", start, start + len(token)
    for start in scan.reckoned:
        if _RECKONED.match(scan.text, start):
            yield "((", start, start + 2
