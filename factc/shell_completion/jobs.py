"""What a glance at a job file tells: names of tasks, parameters and tags, without compiling anything.

Looks for lines that begin like statements, so that a file with mistakes in it, which is being written, has names, too.
Says nothing where it is not sure; all that it cannot read is not there.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from itertools import product

from factc.files import TooLarge, read_regular
from factc.reach import MAX_DEPTH, Reach
from factc.source import Source
from factc.syntax import is_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

LARGEST = 16 << 20  # bytes of one file
LONGEST = 1 << 17  # characters of a value: no command takes more

_TEXT = r'"(?:[^"\\\n]|\\[^\n])*"'
_STATEMENT = re.compile(
    rf'##[ \t](?P<about>[^\n]*)|\[(?P<bracket>(?:{_TEXT}|[^\]"])*)\]'
    rf"|param[ \t]+(?P<param>\w[\w.\-]*)(?P<rest>[^\n]*)|use[ \t]+(?P<use>{_TEXT})[ \t]+as[ \t]+(?P<as>\w[\w.\-]*)"
    rf"|pool[ \t]+(?P<pool>\w[\w.\-]*)[ \t]*=[ \t]*(?P<slots>\S+)"
    rf"|(?P<head>\w[\w.\-]*|{_TEXT})[ \t]*:(?=\s|$)|(?P<other>[^\s#])"
)
_WORD = re.compile(rf'(?:{_TEXT}|\{{\{{[^{{}}\n]*\}}\}}|[^\s"#]|(?<=\S)#)+')
_EACH = re.compile(rf'(?:^|,)\s*each\s+(\w[\w.\-]*)\s+in\s+((?:{_TEXT}|[^,"])*)')
_TAG = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

_ALL = "all of its tasks"  # about a family

Each = list[tuple[str, list[str]]]


class Known:
    """What is known of a job.

    tasks, pools: names with descriptions; families: names that mean several tasks. parameters: names, descriptions,
    allowed values. values: of parameters.
    """

    __slots__ = ("tasks", "families", "parameters", "tags", "pools", "values")

    def __init__(self) -> None:
        self.tasks: list[tuple[str, str]] = []
        self.families: list[tuple[str, str]] = []
        self.parameters: list[tuple[str, str, tuple[str, ...]]] = []
        self.tags: list[str] = []
        self.pools: list[tuple[str, str]] = []
        self.values: dict[str, str] = {}


class _Enough(Exception):
    """There is more in a job than a job may have."""


def look(path: str, settings: dict[str, str] | None = None) -> Known:
    """What a file tells; `settings` are the values that are given to it."""
    known = Known()
    text = _read(path, LARGEST)
    if text is not None:
        _look(known, text, settings or {}, _Uses(path, Reach(), {}, ()))
    return known


def plan(text: str) -> Known:
    """What the text of a compiled plan tells; it uses no other file."""
    known = Known()
    _look(known, text, {}, _Uses("", Reach(), {}, ("",) * MAX_DEPTH))
    return known


def _look(known: Known, text: str, settings: dict[str, str], uses: _Uses) -> None:
    known.tags = list(dict.fromkeys(n[4:] for n in _TAG.findall(text) if n.startswith("tag:")))
    with suppress(_Enough):  # what was found so far is offered
        (_json if text.lstrip()[:1] == "{" else _text)(known, text, settings, uses)


def _read(path: str, most: int) -> str | None:
    try:
        return read_regular(path, most).decode("utf-8", "replace").removeprefix("\ufeff")
    except (OSError, ValueError, TooLarge):
        return None


class _Uses:
    """The way to other jobs, from the file that uses them: each is read once, and all together have an end."""

    def __init__(self, path: str, reach: Reach, read: dict[str, Known], way: tuple[str, ...]) -> None:
        self._folder = os.path.dirname(path)
        self._way = (*way, os.path.realpath(path))
        self._reach = reach
        self._read = read

    def known(self, path: str) -> Known:
        """What another file tells, if it says that it is a job."""
        path = os.path.join(self._folder, path)
        file = os.path.realpath(path)
        if file in self._way or len(self._way) > MAX_DEPTH:
            return Known()
        if file not in self._read:
            if not self._reach.file():
                raise _Enough
            text = _read(path, min(LARGEST, self._reach.bytes)) or ""
            self._reach.read(len(text))
            known = Known()
            if is_job(Source(path, text)):
                _look(known, text, {}, _Uses(path, self._reach, self._read, self._way))
            self._read[file] = known
        return self._read[file]

    def made(self, tasks: int, names: int = 0) -> None:
        """Counts what was made of the job so far."""
        if not self._reach.made(tasks, names):
            raise _Enough


# ---- the text form


def _text(known: Known, text: str, settings: dict[str, str], uses: _Uses) -> None:
    about, brackets = "", ""
    for match in _statements(text):
        if match["about"] is not None:
            about = about or match["about"].strip()
            continue
        if match["bracket"] is not None:
            brackets += match["bracket"] + ","
            continue
        if match["param"]:
            _parameter(known, match["param"], match["rest"], about, settings, uses)
        elif match["head"]:
            _rule(known, _plain(match["head"]), about, _eaches(brackets, known), uses)
        elif match["pool"]:
            known.pools.append((match["pool"], f"slots: {match['slots']}"))
        elif match["use"]:
            _used(known, _plain(match["use"]), match["as"], _eaches(brackets, known), uses)
        about, brackets = "", ""


def _statements(text: str) -> Iterator[re.Match[str]]:
    """What begins in the first column."""
    at = 0
    while at < len(text):
        match = _STATEMENT.match(text, at)
        if match:
            yield match
        at = text.find("\n", match.end() if match else at)
        if at < 0:
            return
        at += 1


def _parameter(known: Known, name: str, rest: str, about: str, settings: dict[str, str], uses: _Uses) -> None:
    words = [_plain(word) for word in _words(rest)]
    default = words[words.index("=") + 1] if "=" in words[:-1] else None
    values = words[1 : words.index("=") if "=" in words else len(words)] if words[:1] == ["in"] else []
    value = settings.get(name, default)
    if value is not None:
        known.values[name] = _filled(value, known.values)
        uses.made(0, len(known.values[name]))
    note = f"default: {default}" if default is not None else ""
    known.parameters.append((name, about or note, tuple(values)))


def _words(text: str) -> Iterator[str]:
    """The words of the rest of a line, as far as it is no comment."""
    for match in _WORD.finditer(text):
        if text[: match.start()].rstrip(" \t").endswith("#"):
            return
        yield match.group()


def _eaches(brackets: str, known: Known) -> Each:
    return [(name, _listed(values, known.values)) for name, values in _EACH.findall(brackets)]


def _listed(values: str, known: dict[str, str]) -> list[str]:
    words = list(_words(values))
    if len(words) == 1 and words[0].startswith("{{"):
        whole = _filled(words[0], known)
        return [] if "{{" in whole else whole.split()
    return [_filled(_plain(word), known) for word in words]


def _used(known: Known, path: str, name: str, eaches: Each, uses: _Uses) -> None:
    inner = uses.known(path)
    found = [*inner.tasks, *inner.families]
    characters = sum(len(one) for one, _ in found)
    if eaches and found:
        known.families.append((name, _ALL))
    for outer, _ in _expanded(name, "", eaches, known.values, uses):
        uses.made(len(found), characters + (len(outer) + 1) * len(found))
        known.families += [(outer, _ALL)] if found else []
        known.tasks += [(f"{outer}/{task}", about) for task, about in inner.tasks]
        known.families += [(f"{outer}/{one}", about) for one, about in inner.families]


def _plain(word: str) -> str:
    """A word without its quotes."""
    if word[:1] != '"':
        return word
    try:
        return str(json.loads(word))
    except ValueError:
        return word


# ---- the JSON form and compiled plans


def _json(known: Known, text: str, settings: dict[str, str], uses: _Uses) -> None:
    try:
        data = json.loads(text)["data"]
        _data(known, data, settings, uses)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return


def _data(known: Known, data: dict[str, Any], settings: dict[str, str], uses: _Uses) -> None:
    known.values |= data.get("values", {})  # those that a compiled plan has settled
    for one in data.get("parameters", ()):
        name, default = one["name"], one.get("default")
        value = settings.get(name, default)
        if isinstance(value, str):
            known.values[name] = _filled(value, known.values)
            uses.made(0, len(known.values[name]))
        note = f"default: {default}" if isinstance(default, str) else ""
        known.parameters.append((name, one.get("description") or note, tuple(one.get("values") or ())))
    known.pools = [(name, f"slots: {slots}") for name, slots in data.get("pools", {}).items()]
    for task in data["tasks"]:
        values = ((each["name"], each["values"]) for each in task.get("each", ()))
        eaches = [(n, _listed(v, known.values) if isinstance(v, str) else list(map(str, v))) for n, v in values]
        if isinstance(task.get("use"), str):
            _used(known, task["use"], task["name"], eaches, uses)
        elif "use" not in task:
            _rule(known, task["name"], task.get("description", ""), eaches, uses)
    known.families += [(family["name"], _ALL) for family in data.get("families", ())]


# ---- names


def _rule(known: Known, name: str, about: str, eaches: Each, uses: _Uses) -> None:
    known.tasks += _expanded(name, about, eaches, known.values, uses)
    if eaches and "{{" not in (whole := _filled(name, known.values)):
        known.families.append((whole, about.partition("\n")[0] or _ALL))


def _expanded(name: str, about: str, eaches: Each, values: dict[str, str], uses: _Uses) -> Iterable[tuple[str, str]]:
    """The tasks that a rule stands for; none where a name is not known before values are given."""
    about = about.partition("\n")[0]
    for combination in product(*(some for _, some in eaches)):
        own = dict(zip((n for n, _ in eaches), combination, strict=True))
        whole = _filled(name, values, own) + (f"[{','.join(combination)}]" if eaches else "")
        uses.made(1, len(whole))
        if "{{" not in whole:
            yield whole, about


def _filled(text: str, values: dict[str, str], own: dict[str, str] | None = None) -> str:
    """A text with the values that are known, or as it was if it becomes too long with them."""
    if "{{" not in text:
        return text
    pieces, at, size = [], 0, len(text)
    for tag in _TAG.finditer(text):
        value = (own or {}).get(tag[1], values.get(tag[1], tag[0]))
        pieces += [text[at : tag.start()], value]
        at, size = tag.end(), size + len(value)
        if size > LONGEST:
            return text
    return "".join([*pieces, text[at:]])
