"""Whether a value surely fits a schema: the keywords of JSON Schema (draft 4) that our schemas use, as plain functions.

Knows these keywords; knows no words for what does not fit, which is left to the schema library, as is every schema that
says more than is known here. It exists because that library takes thirty times as long over what fits.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Fits = Callable[[Any], bool]

_SAYS_NOTHING = {"$schema", "self", "description"}
_KEYWORDS = {
    "string": {"pattern"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "boolean": set[str](),
    "array": {"items", "minItems"},
    "object": {"properties", "additionalProperties", "required", "dependencies"},
}
_NEVER = float("inf")


class _Unknown(Exception):
    """A schema says something that is not known here."""


def fitting(schema: dict[str, Any]) -> Fits | None:
    """A function that tells whether a JSON value fits a schema; None if the schema says more than is known here."""
    try:
        return _fitting(schema)
    except _Unknown:
        return None


def _fitting(schema: dict[str, Any]) -> Fits:
    said = schema.keys() - _SAYS_NOTHING
    if said == {"enum"}:
        return _one_of(schema["enum"])
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    known = {"type"}.union(*(_KEYWORDS.get(kind, ()) for kind in kinds))
    if not kinds or not set(kinds) <= _BY_KIND.keys() or not said <= known:
        raise _Unknown
    ways = [_BY_KIND[kind](schema) for kind in kinds]
    return ways[0] if len(ways) == 1 else lambda value: any(fits(value) for fits in ways)


def _one_of(values: list[Any]) -> Fits:
    if not all(type(value) is str for value in values):
        raise _Unknown
    return lambda value: type(value) is str and value in values


# ---- one function for each kind of value; a bool is no number


def _string(schema: dict[str, Any]) -> Fits:
    if "pattern" not in schema:
        return lambda value: type(value) is str
    search = re.compile(schema["pattern"]).search
    return lambda value: type(value) is str and search(value) is not None


def _integer(schema: dict[str, Any]) -> Fits:
    least, most = schema.get("minimum", -_NEVER), schema.get("maximum", _NEVER)
    return lambda value: type(value) is int and least <= value <= most


def _number(schema: dict[str, Any]) -> Fits:
    least, most = schema.get("minimum", -_NEVER), schema.get("maximum", _NEVER)
    return lambda value: (type(value) is int or type(value) is float) and least <= value <= most


def _boolean(schema: dict[str, Any]) -> Fits:
    return lambda value: type(value) is bool


def _array(schema: dict[str, Any]) -> Fits:
    item = _inner(schema.get("items", {}))
    least = schema.get("minItems", 0)
    return lambda value: type(value) is list and len(value) >= least and all(map(item, value))


def _object(schema: dict[str, Any]) -> Fits:
    properties = {name: _inner(inner) for name, inner in schema.get("properties", {}).items()}
    others = schema.get("additionalProperties", {})
    other = None if others is False else _inner(others)
    required = set(schema.get("required", ()))
    dependencies = {name: _names(needed) for name, needed in schema.get("dependencies", {}).items()}

    def fits(value: Any) -> bool:
        if type(value) is not dict or not value.keys() >= required:
            return False
        for name, member in value.items():
            check = properties.get(name, other)
            if check is None or not check(member):
                return False
        return all(value.keys() >= needed for name, needed in dependencies.items() if name in value)

    return fits


def _inner(schema: Any) -> Fits:
    """A schema inside another; `{}` lets everything pass."""
    if not isinstance(schema, dict):
        raise _Unknown
    return _fitting(schema) if schema.keys() - _SAYS_NOTHING else lambda value: True


def _names(needed: Any) -> set[str]:
    if not isinstance(needed, list):
        raise _Unknown
    return set(needed)


_BY_KIND = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}
