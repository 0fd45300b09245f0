"""A document that does not fit its schema is made to fit: an error node stands where a value cannot be used.

Knows values and what the schema library says of them; has no words for what is wrong. What was surely meant is taken
as that (a name that is a number, a misspelt key that others count on), so that nobody misses it elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from factc.model.reported import BROKEN, NO_NUMBER, SECOND, is_broken, words
from factc.spelling import nearest

Path = tuple[str | int, ...]

# Misspelt, these are read all the same: others need what they declare. (The other keys are left out.)
COUNTED_ON = {"data", "name", "tasks", "parameters", "pools", "secrets", "each", "use", "values", "finally", "times"}
DECLARING = ("tasks", "parameters", "secrets", "each")  # lists with names that others count on
_BODIES = ("script", "command")
_TRUE = ("true", "yes", "on", "1")


class Fault(NamedTuple):
    """One finding of the schema library: where, which rule of the schema, what that wants, and the schema there."""

    path: Path
    rule: str
    wanted: Any
    found: Any
    schema: dict[str, Any]


class Mended:
    """`value` is a copy that the faults have been taken from.

    unread: names that may stand in what was left out. renamed: for the path of a key, how it is written.
    """

    # What is left as it is: whoever looks at a text that is no name says nothing more of it.
    LEFT = ("pattern",)

    def __init__(self, value: Any) -> None:
        self.value = deepcopy(value)
        self.unread: set[str] = set()
        self.renamed: dict[Path, str] = {}

    def mend(self, faults: Sequence[Fault]) -> None:
        for fault in sorted(faults, key=lambda f: (-len(f.path), f.rule == "required")):  # the innermost first
            getattr(self, "_" + fault.rule, self._other)(fault)

    def empty(self) -> None:
        """Takes out the keys that say that something of an object could not be read."""
        todo: list[tuple[Path, Any]] = [((), self.value)]
        while todo:
            path, value = todo.pop()
            if isinstance(value, dict):
                for key in [key for key in value if is_broken(key)]:
                    del value[key]
                    if not key.startswith(SECOND):
                        self._incomplete(path, value)
                todo += [((*path, key), inner) for key, inner in value.items()]
            elif isinstance(value, list):
                todo += [((*path, i), inner) for i, inner in enumerate(value)]

    def _incomplete(self, path: Path, value: dict[str, Any]) -> None:
        """What is missing in an object is not missed."""
        if path == ():
            value.setdefault("data", {"name": BROKEN, "tasks": []})
        elif path == ("data",):
            self.unread.add(BROKEN)
            value.setdefault("name", BROKEN)
            value.setdefault("tasks", [])
        elif path[-2:-1] in (("tasks",), ("parameters",), ("each",)):
            if "name" not in value:
                value["name"] = BROKEN
                self.unread.add(BROKEN)
            if path[-2] == "tasks" and not value.keys() & {"use", *_BODIES}:
                value["script"] = BROKEN
            if path[-2] == "each":
                value.setdefault("values", BROKEN)
            if path[-2] == "parameters":
                value.setdefault("default", BROKEN)
        elif path[-1] == "retry":
            value.setdefault("times", 1)
        elif path[-1] == "values":
            value[BROKEN] = BROKEN

    # ---- one method for each rule of the schema

    def _required(self, fault: Fault) -> None:
        value, properties = self._at(fault.path), fault.schema.get("properties", {})
        for name in fault.wanted:
            if name not in value:
                value[name] = _node(properties.get(name, {}))
                if name in ("data", "tasks"):
                    self.unread.add(BROKEN)

    def _additionalProperties(self, fault: Fault) -> None:
        value, properties = self._at(fault.path), fault.schema.get("properties", {})
        for key in [key for key in fault.found if key not in properties]:
            content = value.pop(key)
            meant = nearest(key, [p for p in properties if p not in value])
            if meant in COUNTED_ON:
                value[meant] = content
                self.renamed[(*fault.path, meant)] = key
            elif meant in _BODIES:
                value[meant] = BROKEN
            elif fault.path == ("data",):
                self.unread |= words(json.dumps(content, ensure_ascii=False))

    def _type(self, fault: Fault) -> None:
        wanted = fault.wanted if isinstance(fault.wanted, str) else "string"
        self._put(fault, getattr(self, "_as_" + wanted, self._node_of)(fault))

    def _enum(self, fault: Fault) -> None:
        self._put(fault, fault.wanted[0])

    def _dependencies(self, fault: Fault) -> None:
        value = self._at(fault.path)
        for key, needed in fault.wanted.items():
            if key in value and key == "values":
                del value[key]
            elif key in value:
                value |= {name: BROKEN for name in needed if name not in value}

    def _other(self, fault: Fault) -> None:
        if fault.rule in ("minimum", "maximum", "minItems"):
            self._put(fault, self._node_of(fault))

    # ---- values

    def _as_string(self, fault: Fault) -> Any:
        found = fault.found
        names = fault.path[-1] == "name" or fault.path[-2:-1] == ("dependsOn",)
        return str(found) if names and isinstance(found, (int, float)) else BROKEN

    def _as_array(self, fault: Fault) -> Any:
        found, items = fault.found, fault.schema.get("items", {})
        if isinstance(found, str) and items.get("type") == "string":
            return [found]
        if fault.path[-1] == "tasks" or (fault.path[-1] in DECLARING and not isinstance(found, dict)):
            self.unread.add(BROKEN)
        elif fault.path[-1] in DECLARING:
            self.unread |= words(json.dumps(found, ensure_ascii=False))
        return self._node_of(fault)

    def _as_object(self, fault: Fault) -> Any:
        if fault.path[-1:] == ("values",):
            return {BROKEN: BROKEN}
        if fault.path[-1:] == ("pools",):
            self.unread |= words(json.dumps(fault.found, ensure_ascii=False))
        if len(fault.path) < 2 or fault.path[-2] == "tasks":
            self.unread.add(BROKEN)
        return self._node_of(fault)

    def _as_boolean(self, fault: Fault) -> Any:
        return str(fault.found).lower() in _TRUE

    def _node_of(self, fault: Fault) -> Any:
        return _node(fault.schema)

    def _at(self, path: Path) -> Any:
        value = self.value
        for step in path:
            value = value[step]
        return value

    def _put(self, fault: Fault, value: Any) -> None:
        if fault.path:
            self._at(fault.path[:-1])[fault.path[-1]] = value


def _node(schema: dict[str, Any]) -> Any:
    """An error node of the kind that a schema wants."""
    kind = schema.get("type")
    if kind == "object":
        return {name: _node(schema.get("properties", {}).get(name, {})) for name in schema.get("required", ())}
    if kind == "array":
        return [_node(schema["items"])] if schema.get("minItems") else []
    if kind in ("integer", "number"):
        return schema.get("maximum", schema.get("minimum", NO_NUMBER))  # no other code in a list is that
    return False if kind == "boolean" else BROKEN
