"""Which words of a shell text are commands, and which text goes on to a second interpreter.

Says only what is certain: a name that is built at run time, or stands behind one, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from factc.shell.scanner import REDIRECTIONS, Scan, Tokens, Word

# Neither on PATH nor missing there: the shells' own words.
BUILTINS = frozenset(
    ". : [ [[ alias bg break builtin caller cd command compgen complete continue coproc declare dirs disown echo "
    "enable eval exec exit export false fc fg getopts hash help history integer jobs kill let local logout "
    "mapfile popd print printf pushd pwd read readarray readonly return select set setopt shift shopt source "
    "suspend test time times trap true type typeset ulimit umask unalias unset unsetopt wait whence where "
    "whatis".split()
)
KEYWORDS = frozenset("! { } if then else elif fi for while until do done case esac in function select time".split())
# Commands that run the command behind them; options with values are those that the letters name.
_PREFIXES = {"exec": "", "command": "", "env": "uCS", "nohup": "", "nice": "n", "sudo": "ugpCDRhrT", "time": "fo",
             "setsid": "", "stdbuf": "ioe", "ionice": "cn", "timeout": "ks"}  # fmt: skip
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=")

# Interpreters, and the option behind which their code stands.
_CODE_OPTION = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "su", "script", "python", "python2", "python3"), "-c"),  # noqa: E501
    **dict.fromkeys(("perl", "ruby", "node", "lua", "osascript", "Rscript", "php"), "-e"),
}  # fmt: skip
_AWK = ("Fveif", "e", "ef", 0, 1)
# What reads operands as code: options with a value, those whose value is code, those in whose presence no operand is,
# and which operands are (the first, and the one behind the last).
_OPERANDS: dict[str, tuple[str, str, str, int, int]] = {
    "awk": _AWK, "gawk": _AWK, "mawk": _AWK, "sed": ("efl", "e", "ef", 0, 1), "trap": ("", "", "", 0, 1),
    "ssh": ("BbcDEeFIiJLlmOopQRSWw", "", "", 1, 1 << 30), "watch": ("n", "", "", 0, 1 << 30),
    "eval": ("", "", "", 0, 1 << 30), "let": ("", "", "", 0, 1 << 30),
}  # fmt: skip


def commands(scan: Scan) -> list[tuple[str, int, int]]:
    """Names of programs that a shell text surely runs, with their offsets in it."""
    groups = [list(simple_commands(tokens)) for tokens in scan.lists]
    defined = {name for tokens in scan.lists for name in _functions(tokens)}
    found: list[tuple[str, int, int]] = []
    for words in (words for group in groups for words in group):
        word = _program(words)
        if word and word.value and word.value not in BUILTINS and word.value not in defined:
            found.append((word.value, word.start, word.end))
    return sorted(found, key=lambda f: f[1])


def handed_on(scan: Scan) -> list[int]:
    """Numbers of the tags that a second interpreter reads as code, where no quoting can help."""
    found: set[int] = set()
    if not scan.tags:
        return []
    for tokens in scan.lists:
        for words in simple_commands(tokens):
            found |= set(_code_tags(words))
    return sorted(found)


def _code_tags(words: list[Word]) -> Iterator[int]:
    letters: set[str] = set()  # the options of the interpreters so far behind which their code stands
    code = False
    for at, word in enumerate(words):
        if code:
            yield from word.tags
        value = word.value or ""
        name = value.rsplit("/", 1)[-1]
        if name in _OPERANDS:
            yield from (tag for w in _read_as_code(words[at + 1 :], *_OPERANDS[name]) for tag in w.tags)
            return
        code = value.startswith("-") and not value.startswith("--") and not letters.isdisjoint(value)
        if name in _CODE_OPTION:
            letters.add(_CODE_OPTION[name][1])


def _read_as_code(words: list[Word], valued: str, coded: str, instead: str, first: int, end: int) -> Iterator[Word]:
    """Of the words behind a command those that it reads as code."""
    operands: list[Word] = []
    rest = iter(words)
    operand_too = True
    for word in rest:
        if not word.begins.startswith("-") or operands or word.begins in ("-", "--"):
            operands += [word] if word.begins != "--" else []
            continue
        at = next((i for i, letter in enumerate(word.begins) if i and letter in valued), 0)
        letter = word.begins[at]
        operand_too &= not at or letter not in instead
        behind = word.literal and at == len(word.begins) - 1  # its value is the next word
        value = next(rest, word) if at and behind else word
        if at and letter in coded:
            yield value
    yield from operands[first:end] if operand_too else ()


def _program(words: list[Word]) -> Word | None:
    """The word that names what is run, behind prefixes such as `env A=1 nice -n 5`."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        name = word.value
        if name not in _PREFIXES:
            return word
        while at < len(words) and (_is_assignment(words[at]) or (words[at].value or "").startswith("-")):
            option = words[at].value or ""
            at += 2 if len(option) == 2 and option[1] in _PREFIXES[name] else 1
        at += name == "timeout"
    return None


def simple_commands(tokens: Tokens) -> Iterator[list[Word]]:
    """The words of each simple command, assignments before it and redirections left out."""
    words: list[Word] = []
    skip = redirected = False
    patterns = _patterns(tokens)
    pattern = 0  # inside `case … in`: patterns come before `)`
    for i, token in enumerate(tokens):
        if isinstance(token, str):
            if token in REDIRECTIONS:
                redirected = True
                if words and tokens[i - 1] is words[-1] and words[-1].begins.isdigit():  # `2>`
                    words.pop()
                continue
            if words and not skip and not (pattern and patterns[i]):
                yield words
            words, skip, redirected = [], False, False
            continue
        if redirected:
            redirected = False
            continue
        if not words and not skip:
            if token.value in ("for", "select", "case", "function"):
                skip = True
                pattern += token.value == "case"
                continue
            pattern -= token.value == "esac" and pattern > 0
            if token.value in KEYWORDS or _is_assignment(token):
                continue
        words.append(token)
    if words and not skip:
        yield words


def _patterns(tokens: Tokens) -> list[bool]:
    """For each operator whether the words before it may be a pattern of `case`: `|` and then `)` follow."""
    found = [False] * len(tokens)
    behind = False  # of the next operator
    for i in range(len(tokens) - 1, -1, -1):
        token = tokens[i]
        if isinstance(token, str):
            found[i] = behind = token == ")" or (token == "|" and behind)
    return found


def _functions(tokens: Tokens) -> Iterator[str]:
    """Names that a text defines as functions: `name() …`, `function name`."""
    for i, token in enumerate(tokens):
        if not isinstance(token, Word) or not token.value:
            continue
        behind = tokens[i + 1 : i + 3]
        before = tokens[i - 1] if i else None
        if behind == ["(", ")"] or (isinstance(before, Word) and before.value == "function"):
            yield token.value


def _is_assignment(word: Word) -> bool:
    return bool(_ASSIGNMENT.match(word.begins))
