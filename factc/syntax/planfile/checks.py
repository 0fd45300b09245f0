"""What a compiled plan has to hold to be run: every member's type and range, and what its parts say of one another.

Knows the plan's JSON shape; builds nothing, and knows no file. It is part of every start, so it is plain functions, and
not the schema, which says the same of types and ranges.
"""

from __future__ import annotations

from factc.durations import LONGEST
from factc.plan import LOST, MAX_BACKOFF, MAX_CODE, MAX_SLOTS, MAX_TIMES, QUOTES, SIGNAL, TIMEOUT
from factc.reach import MAX_DEPTH
from factc.syntax.planfile import PLAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Path = tuple[str | int, ...]
    Fits = Callable[[Any], bool]


MOST_AROUND = 2 * MAX_DEPTH + 2  # a used job lies in one family, or with `each` in two; so does what it uses


class Wrong(Exception):
    """A member that is not as it has to be: its path, and what is wrong with it."""

    def __init__(self, path: Path, words: str) -> None:
        self.path = path
        self.words = words
        super().__init__(words)


def check(value: Any) -> None:
    """Raises `Wrong` for the first thing that is not as in a plan that factc has compiled."""
    _members(value, (), _DOCUMENT)
    data = value["data"]
    _members(data, ("data",), _DATA)
    known = _check_parameters(data)
    _check_families(data.get("families", []))
    names: set[str] = set()
    pools, secrets = data.get("pools", {}).keys(), set(data.get("secrets", ()))
    for i, task in enumerate(data["tasks"]):
        path = ("data", "tasks", i)
        _members(task, path, _TASK)
        if "retry" in task:
            _members(task["retry"], (*path, "retry"), _RETRY)
        if task["name"] in names:
            raise Wrong((*path, "name"), "is the name of another task, too")
        names.add(task["name"])
        if task["dependsOn"] and max(task["dependsOn"]) >= i:
            raise Wrong((*path, "dependsOn"), "holds a task that does not stand above this one")
        if task["noop"] and not set(task["ok"]).isdisjoint(task["noop"]):
            raise Wrong((*path, "noop"), "holds an exit code that is in `ok`, too")
        if "pools" in task and not pools >= set(task["pools"]):
            raise Wrong((*path, "pools"), "holds a pool that the plan does not have")
        if "secrets" in task and not secrets.issuperset(task["secrets"]):
            raise Wrong((*path, "secrets"), "holds a secret that the plan does not declare")
        if list in map(type, task["argv"]):
            _check_holes(task["argv"], (*path, "argv"), known)
        if "environment" in task:
            _check_holes(task["environment"].values(), (*path, "environment"), known)


def _check_families(families: list[Any]) -> None:
    """Each lies in one above it, or behind it: so they make a tree, which is no deeper than jobs may use each other."""
    names: set[str] = set()
    around: list[Any] = []
    for i, family in enumerate(families):
        path = ("data", "families", i)
        _members(family, path, _FAMILY)
        first, last = family["first"], family["last"]
        while around and around[-1]["last"] < first:
            around.pop()
        if first > last or (around and not around[-1]["first"] <= first <= last <= around[-1]["last"]):
            raise Wrong(path, "does not lie as a whole in what is above it, or behind it")
        if family["name"] in names:
            raise Wrong((*path, "name"), "is the name of another family, too")
        names.add(family["name"])
        around.append(family)
        if len(around) > MOST_AROUND:
            raise Wrong(path, f"lies in more than {MOST_AROUND} others")


def _check_parameters(data: dict[str, Any]) -> set[str]:
    """The names of the open parameters. A default may use what is settled, and the parameters above."""
    above = set(data["values"])
    names: set[str] = set()
    for i, parameter in enumerate(data["parameters"]):
        path = ("data", "parameters", i)
        _members(parameter, path, _PARAMETER)
        if parameter["name"] in names:
            raise Wrong((*path, "name"), "is the name of another parameter, too")
        if "default" in parameter:
            _check_holes([parameter["default"]], (*path, "default"), above)
        names.add(parameter["name"])
        above.add(parameter["name"])
    return names


def _check_holes(texts: Any, path: Path, known: set[str]) -> None:
    for name in _holes(texts):
        if name not in known:
            raise Wrong(path, f"needs `{name}`, which is no open parameter")


def _holes(texts: Any) -> Iterator[str]:
    for text in texts:
        if type(text) is list:
            for piece in text:
                if type(piece) is dict:
                    yield piece["parameter"]


# ---- one object


class _Shape:
    """The members of an object: for each, whether it fits, and what it has to be. Those in `may` can be left out."""

    __slots__ = ("fits", "words", "must")

    def __init__(self, must: dict[str, tuple[Fits, str]], may: dict[str, tuple[Fits, str]]) -> None:
        self.fits = {name: fits for name, (fits, _) in (must | may).items()}
        self.words = {name: words for name, (_, words) in (must | may).items()}
        self.must = must.keys()


def _members(value: Any, path: Path, shape: _Shape) -> None:
    """Raises `Wrong` if a value is no object of that shape."""
    if type(value) is not dict:
        raise Wrong(path, "has to be an object")
    known = shape.fits
    for name, member in value.items():
        fits = known.get(name)
        if fits is None:
            raise Wrong((*path, name), "is nothing that this version of factc knows")
        if not fits(member):
            raise Wrong((*path, name), f"has to be {shape.words[name]}")
    if not value.keys() >= shape.must:
        raise Wrong(path, f"has no `{min(shape.must - value.keys())}`")


# ---- one value; a bool is no number


def _text(value: Any) -> bool:
    return type(value) is str


def _name(value: Any) -> bool:
    return type(value) is str and value != ""


def _flag(value: Any) -> bool:
    return type(value) is bool


def _list(value: Any) -> bool:
    return type(value) is list


def _object(value: Any) -> bool:
    return type(value) is dict


def _number(least: float, most: float) -> Fits:
    return lambda value: (type(value) is int or type(value) is float) and least <= value <= most


def _whole(least: int, most: float) -> Fits:
    return lambda value: type(value) is int and least <= value <= most


def _list_of(fits: Fits) -> Fits:
    return lambda value: type(value) is list and all(map(fits, value))


def _some(fits: Fits) -> Fits:
    return lambda value: type(value) is list and value != [] and all(map(fits, value))


def _different(fits: Fits) -> Fits:
    return lambda value: type(value) is list and all(map(fits, value)) and len(set(value)) == len(value)


def _variable(value: Any) -> bool:
    """The name of a secret: it stands in scripts as it is."""
    return type(value) is str and value.isascii() and value.isidentifier()


def _assignable(value: Any) -> bool:
    """The name of an environment variable, as far as systems care."""
    return type(value) is str and value != "" and "=" not in value


def _object_of(key: Fits, fits: Fits) -> Fits:
    return lambda value: type(value) is dict and all(map(key, value)) and all(map(fits, value.values()))


def _open(value: Any) -> bool:
    """A text that may hold parameters."""
    return type(value) is str or (type(value) is list and all(map(_piece, value)))


def _piece(value: Any) -> bool:
    if type(value) is dict:
        quote = value.get("quote")
        return len(value) == 2 and type(value.get("parameter")) is str and type(quote) is str and quote in QUOTES
    return type(value) is str


_CODE = _whole(0, MAX_CODE)
_CODES = f"exit codes from 0 to {MAX_CODE:,}"
_SECONDS = (_number(0.001, LONGEST), "seconds, more than none and at most ten years")


def _cause(value: Any) -> bool:
    return _CODE(value) or value in (SIGNAL, TIMEOUT, LOST)


_DOCUMENT = _Shape({"schema": (lambda value: value == PLAN, f"`{PLAN}`"), "data": (_object, "an object")}, {})

_DATA = _Shape(
    {
        "digest": (_text, "a text"),
        "name": (_text, "a text"),
        "parameters": (_list, "a list"),
        "values": (_object_of(_text, _text), "texts by name"),
        "tags": (_object_of(_text, _text), "texts by name"),
        "tasks": (_list, "a list"),
        "factfile": (_text, "a text"),
    },
    {
        "description": (_text, "a text"),
        "pools": (_object_of(_name, _whole(1, MAX_SLOTS)), f"numbers from 1 to {MAX_SLOTS:,} by name"),
        "secrets": (_different(_variable), "different names of environment variables"),
        "timeout": _SECONDS,
        "families": (_list, "a list"),
    },
)

_FAMILY = _Shape(
    {
        "name": (_name, "a name"),
        "first": (_whole(0, float("inf")), "a whole number"),
        "last": (_whole(0, float("inf")), "a whole number"),
    },
    {"use": (_flag, "true or false")},
)

_PARAMETER = _Shape(
    {"name": (_name, "a name")},
    {
        "default": (_open, "a text, or the pieces of one"),
        "values": (_some(_text), "a list of texts, with one at least"),
        "declared": (_flag, "true or false"),
        "description": (_text, "a text"),
    },
)

_TASK = _Shape(
    {
        "name": (_name, "a name"),
        "declared": (_whole(0, float("inf")), "a whole number"),
        "dependsOn": (_list_of(_whole(0, float("inf"))), "a list of whole numbers"),
        "argv": (_list_of(_open), "a list of texts, or of the pieces of texts"),
        "ok": (_some(_CODE), f"a list of {_CODES}, with one at least"),
        "noop": (_list_of(_CODE), f"a list of {_CODES}"),
    },
    {
        "description": (_text, "a text"),
        "directory": (_text, "a text"),
        "environment": (_object_of(_assignable, _open), "texts, or the pieces of texts, by names without `=`"),
        "retry": (_object, "an object"),
        "timeout": _SECONDS,
        "finally": (_flag, "true or false"),
        "pools": (_different(_name), "different names"),
        "secrets": (_different(_variable), "different names of environment variables"),
    },
)

_RETRY = _Shape(
    {
        "times": (_whole(1, MAX_TIMES), f"a number from 1 to {MAX_TIMES:,}"),
        "every": (_number(0, LONGEST), "seconds, at most ten years"),
        "backoff": (_number(1, MAX_BACKOFF), f"a number from 1 to {MAX_BACKOFF:,}"),
    },
    {"on": (_some(_cause), f"a list of {_CODES}, {SIGNAL}, {TIMEOUT} and {LOST}, with one at least")},
)
