"""What is wrong with a line that begins with job, param, secret, pool or use and that the grammar refuses.

Looks at characters only; knows no parser and no job. Each reading answers a mistake, or None if it does not fit.
"""

from __future__ import annotations

import re

from factc.syntax.fact.errors_line import WORD, Line, quoted
from factc.syntax.fact.positions import Mistake, shortened

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def job(line: Line) -> Mistake | None:
    if line.first != "job" or line.text[3:4] == ":":
        return None
    if not line.rest:
        return line.mistake("E310", "`job` needs a name", 0, 3, 'such as: job "nightly"')
    words = "the name of a job is one word or one text in double quotes"
    name = line.rest.replace('"', "").rstrip(":")
    return line.mistake("E312", words, len(line.text) - len(line.rest), len(line.text), f"write job {quoted(name)}")


def param(line: Line) -> Mistake | None:
    if line.first != "param" or line.text[5:6] == ":":
        return None
    name = WORD.match(line.rest)
    end = len(line.text)
    if not name:
        found = line.rest.split()[:1]
        words = f"`{shortened(found[0])}` is no name of a parameter" if found else "`param` needs a name"
        start = end - len(line.rest) if found else 0
        hint = "a name is letters, digits, `_`, `.` and `-`, such as: param day"
        return line.mistake("E310", words, start, start + len(found[0]) if found else 5, hint)
    value = line.rest[name.end() :].strip()
    if value in ("=", "in", ":=") or value.endswith((" =", "\t=")):
        words = "a value is missing"
        return line.mistake(
            "E310", words, end - len(value.split()[-1]), end, f'for an empty one: param {name.group()} = ""'
        )
    if value[:1] == "=":
        words = "a default with blanks stands in double quotes"
        hint = f"write param {name.group()} = {quoted(value[1:].strip())}"
        return line.mistake("E310", words, end - len(value[1:].strip()), end, hint)
    if re.match(r"in\s", value):
        hint = f"write param {name.group()} in a b c = a; a value with blanks in double quotes"
        return line.mistake("E310", "one default may follow the allowed values", line.at, end, hint)
    sign = re.match(r"[:?+]=|[:=]", value)
    value = value[sign.end() :].strip() if sign else value
    hint = f"write param {name.group()} = {quoted(value) if len(value.split()) != 1 else value}"
    return line.mistake("E310", "a default stands behind `=`", end - len(value), end, hint)


def secret(line: Line) -> Mistake | None:
    if not _says(line, "secret"):
        return None
    end = len(line.text)
    hint = "such as: secret warehouse_password; the value comes from the environment variable of that name"
    if not line.rest:
        return line.mistake("E310", "`secret` needs a name", 0, 6, hint)
    name = WORD.match(line.rest)
    if name and line.rest[name.end() :].lstrip()[:1] in ("=", ":"):
        words = "a secret has no value in the text"
        hint = f"the value comes from the environment variable {name.group()}: write secret {name.group()}"
        if not _VARIABLE.fullmatch(name.group()):
            hint = "the value comes from the environment variable of its name: letters, digits and `_`, no digit first"
        rest = line.rest[name.end() :].lstrip()
        return line.mistake("E310", words, end - len(rest), end, hint)
    words = "one name of an environment variable stands behind `secret`"
    return line.mistake("E310", words, end - len(line.rest), end, "a secret a line: letters, digits and `_`")


def pool(line: Line) -> Mistake | None:
    if not _says(line, "pool"):
        return None
    end = len(line.text)
    name = WORD.match(line.rest)
    if not name:
        found = re.match(r'"[^"]*"|\S+', line.rest)
        words = f"`{shortened(found[0])}` is no name of a pool" if found else "`pool` needs a name and a number"
        hint = "a name is letters, digits, `_`, `.` and `-`, such as: pool disk = 2"
        return line.mistake("E310", words, end - len(line.rest) if found else 0, end, hint)
    number = re.search("[0-9]+", line.rest[name.end() :])
    hint = f"write pool {name.group()} = {number.group() if number else 2}"
    return line.mistake("E310", "a pool has a name and a number of slots", end - len(line.rest), end, hint)


def use(line: Line) -> Mistake | None:
    if not _says(line, "use"):
        return None
    end = len(line.text)
    at = end - len(line.rest)
    path = re.match(r"""["']?([^\s"']+)["']?""", line.rest)
    hint = f'write use "{shortened(path[1]) if path else "other.fact"}" as NAME'
    if not line.rest:
        return line.mistake("E310", "`use` needs the path of a job and a name", 0, 3, hint)
    if line.rest[0] != '"':
        return line.mistake("E310", "the path of a job stands in double quotes", at, end, hint)
    name = re.match(r'"[^"]*"\s+as\s+("[^"]*"|\S+)', line.rest)
    if not name:
        return line.mistake("E310", "a name is missing: `as NAME`", at, end, hint)
    word = name[1].rstrip(":")
    if not WORD.fullmatch(word):
        start = at + name.start(1)
        words = f"the name of a used job is a word, not `{shortened(word)}`"
        return line.mistake("E310", words, start, start + len(word), "letters, digits, `_`, `.` and `-`")
    if line.at >= at + name.end() and ":" in line.text[at : line.at]:
        return None  # a dependency is wrong, as in a rule
    words = "a colon is missing in front of what the job waits for"
    return line.mistake("E310", words, line.at, end, f"write {line.text[: at + name.end()].rstrip(':')}: …")


def _says(line: Line, keyword: str) -> bool:
    return line.first == keyword and line.text[len(keyword) : len(keyword) + 1] != ":"
