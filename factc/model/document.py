"""The document both doors hand over: plain JSON values, and the way from a path in them to a place.

Knows JSON's shape and the schemas; does not know what a job is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from factc import resources
from factc.diagnostic import CompileError, Diagnostic
from factc.model.schema_fast import fitting
from factc.source import Source, Span
from factc.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.model.repair import Fault

Path = tuple[str | int, ...]
KEY = "key"
VALUE = "value"
ROUNDS = 4  # what stands below a misspelt key is looked at in the next one
Locate = Callable[[Path, str, int | None, int | None], tuple[int, int]]


class Document:
    """Plain values with places.

    `value` is the whole self-describing JSON: {"schema": …, "data": {…}}; whichever door it came
    through, it has the shape of a JSON Factfile. `locate(path, part, start, end)` gives the offsets of
    the value at `path` (part VALUE) or of its key (part KEY); with `start` and `end`, of that
    stretch of a string value, counted in the decoded string. It is called only to show a diagnostic,
    may be slow, and answers the nearest enclosing place for a path that is not in the text. `textual` tells
    the text language from JSON; `warnings` is what its door found odd. `mistakes` is what is wrong with its text, and
    `unread` the names that may stand in what could not be read for that: what is left can be judged (see `reported`).
    `renamed` has for the path of a misspelt key how it is written. `doubtful` are stretches of the text whose shape was
    guessed: what is wrong with it there may only follow from that.
    """

    __slots__ = ("value", "source", "_locate", "textual", "warnings", "mistakes", "unread", "renamed", "doubtful")

    def __init__(
        self,
        value: dict[str, Any],
        source: Source,
        locate: Locate,
        *,
        textual: bool,
        warnings: Sequence[Diagnostic] = (),
        mistakes: Sequence[Diagnostic] = (),
        unread: Iterable[str] = (),
        doubtful: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.value = value
        self.source = source
        self.textual = textual
        self.warnings = tuple(warnings)
        self.mistakes = tuple(mistakes)
        self.unread = set(unread)
        self.renamed: dict[Path, str] = {}
        self.doubtful = doubtful
        self._locate = locate

    def within(self, path: Path) -> Document:
        """The document that is a value of this one."""
        value: Any = self.value
        for part in path:
            value = value[part]

        def locate(inner: Path, part: str, start: int | None, end: int | None) -> tuple[int, int]:
            return self._locate(self._written((*path, *inner)), part, start, end)

        return Document(value, self.source, locate, textual=False, unread=self.unread)

    def span(self, path: Path, start: int | None = None, end: int | None = None) -> Span:
        """The place of a value; with `start` and `end`, of a stretch of a string value."""
        return Span(self.source, *self._locate(self._written(path), VALUE, start, end))

    def key_span(self, path: Path) -> Span:
        """The place of a member's name."""
        return Span(self.source, *self._locate(self._written(path), KEY, None, None))

    def _written(self, path: Path) -> Path:
        """A path with its keys as they are written."""
        if not self.renamed:
            return path
        return tuple(self.renamed.get(path[: i + 1], step) for i, step in enumerate(path))


def check_schema(document: Document, known: dict[str, str]) -> list[Diagnostic]:
    """What in a document does not fit its schema; `known` maps schema URIs to files of schemas.

    Afterwards the document fits: error nodes stand where something did not. Raises CompileError where that cannot be.
    """
    problems, uri = _check_uri(document, known)
    schema = json.loads(resources.text(known[uri]))
    fits = fitting(schema)
    if not problems and fits and fits(document.value):
        return []
    from factc.model.repair import Mended

    mended = Mended(document.value)
    mended.value["schema"] = uri
    if document.mistakes:
        mended.empty()
    for again in range(ROUNDS):
        faults = _faults(schema, mended.value)
        document.renamed |= mended.renamed
        for fault in faults:
            if not again or _below(fault.path, mended.renamed):
                problems += _diagnostics(document, fault)
        if all(fault.rule in Mended.LEFT for fault in faults):
            document.value = mended.value
            document.unread |= mended.unread
            return problems
        mended.mend(faults)
    raise CompileError([*document.mistakes, *problems])


def _faults(schema: dict[str, Any], value: Any) -> list[Fault]:
    from jsonschema import Draft4Validator

    from factc.model.repair import Fault

    found: dict[object, Fault] = {}
    for e in Draft4Validator(schema).iter_errors(value):
        error: Any = e
        fault = Fault(tuple(e.absolute_path), str(e.validator), error.validator_value, error.instance, error.schema)
        found.setdefault(fault[:2], fault)  # the library tells of each missing property
    return list(found.values())


def _below(path: Path, keys: Iterable[Path]) -> bool:
    return any(path[: len(key)] == key for key in keys)


def _check_uri(document: Document, known: dict[str, str]) -> tuple[list[Diagnostic], str]:
    """What is wrong with the name of the schema, and the one to go by. Raises CompileError where there is none."""
    uri = document.value.get("schema")
    if isinstance(uri, str) and uri in known:
        return [], uri
    meant = nearest(uri, known) if isinstance(uri, str) else None
    if "schema" in document.value:
        hint = f"did you mean `{meant}`?" if meant else "known are " + " and ".join(f"`{k}`" for k in known)
        problem = Diagnostic("E020", "this schema is not known here", document.span(("schema",)), hint=hint)
    elif key := nearest("schema", [str(key) for key in document.value]):
        words = f"the property `{key}` is not known here"
        problem = Diagnostic("E020", words, document.key_span((key,)), hint="did you mean `schema`?")
        uri = document.value.pop(key)
        meant = nearest(uri, known) if isinstance(uri, str) else None
    else:
        hint = f'begin with "schema": "{next(iter(known))}"'
        problem = Diagnostic("E020", "the property `schema` is missing", _opening(document, ()), hint=hint)
    data = document.value.get("data")
    if not isinstance(data, dict) or not any(nearest(key, ("name", "tasks")) for key in data):
        raise CompileError([*document.mistakes, problem])  # it may be anything
    return [problem], meant or list(known)[-1]


def _diagnostics(document: Document, fault: Fault) -> list[Diagnostic]:
    """A finding of the schema library in the user's words."""
    path, rule, wanted, found = fault.path, fault.rule, fault.wanted, fault.found
    if rule == "required":
        return _missing(document, fault)
    if rule == "additionalProperties":
        properties = _properties(fault)
        extra = [key for key in found if key not in properties]
        return [_unknown(document, (*path, key), properties, found) for key in extra]
    span = document.span(path)
    if rule == "type":
        words = f"{_named(path)} must be {_kind(wanted)}, not {_described(found)}"
        return [Diagnostic("E021", words, span, hint=_duration(path, found) or _instead(wanted, found))]
    if rule == "enum":
        words = ", ".join(str(w) for w in wanted)
        meant = nearest(found, wanted) if isinstance(found, str) else None
        hint = f"did you mean `{meant}`?" if meant else ""
        return [Diagnostic("E024", f"{_named(path)} must be one of {words}", span, hint=hint)]
    words = _BOUNDS.get(rule, "does not fit its schema ({})").format(wanted)
    return [Diagnostic("E024", f"{_named(path)} {words}", span)]


_BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minLength": "must not be empty",
    "minItems": "must not be empty",
    "pattern": "must look like `{}`",
    "dependencies": "needs another property beside it: {}",
    "not": "does not go together with the others here",
}


def _missing(document: Document, fault: Fault) -> list[Diagnostic]:
    """What is missing in an object, without what is misspelt there: that is told as unknown."""
    properties, where = _properties(fault), "" if not fault.path else f" in {_named(fault.path)}"
    extra = [key for key in fault.found if key not in properties]
    free = [p for p in properties if p not in fault.found]
    misspelt = {nearest(key, free) for key in extra}
    if "script" in extra:
        misspelt.add("command")  # Factotum's own schema has no scripts
    missing = [name for name in fault.wanted if name not in fault.found and name not in misspelt]
    place = _opening(document, fault.path)
    return [Diagnostic("E022", f"the property `{name}` is missing{where}", place) for name in missing]


def _unknown(document: Document, path: Path, properties: dict[str, Any], present: dict[str, Any]) -> Diagnostic:
    name = str(path[-1])
    meant = nearest(name, [p for p in properties if p not in present])
    hint = f"did you mean `{meant}`?" if meant else "known here: " + ", ".join(properties)
    return Diagnostic("E023", f"the property `{name}` is not known here", document.key_span(path), hint=hint)


def _properties(fault: Fault) -> dict[str, Any]:
    """The properties that the schema knows at the place of a fault."""
    properties: dict[str, Any] = fault.schema.get("properties", {})
    return properties


def _opening(document: Document, path: Path) -> Span:
    """The bracket that opens an object: the place of what is not there."""
    span = document.span(path)
    return Span(span.source, span.start, min(span.end, span.start + 1))


def _named(path: Path) -> str:
    """A path as a person would say it: `onResult.continueJob[0]` of task 3."""
    task = ""
    if path[:2] == ("data", "tasks") and len(path) > 2:
        task, path = f"task {int(path[2]) + 1}", path[3:]
    elif path[:1] == ("data",) and len(path) > 1:
        path = path[1:]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    if not name:
        return task or "the document"
    return f"`{name}`" + (f" of {task}" if task else "")


_KINDS = {
    "object": "an object `{…}`",
    "array": "a list `[…]`",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def _kind(wanted: str | list[str]) -> str:
    return " or ".join(_KINDS.get(w, w) for w in ([wanted] if isinstance(wanted, str) else wanted))


def _duration(path: Path, found: object) -> str:
    """A bare number where a job writes durations."""
    if path and path[-1] in ("timeout", "every") and isinstance(found, (int, float)) and not isinstance(found, bool):
        return f'a duration has a unit: write "{found}s"'
    return ""


def _instead(wanted: str | list[str], found: object) -> str:
    """How a plain value would look in the kind that was wanted, or ""."""
    if isinstance(found, (bool, list, dict)) or found is None or len(str(found)) > 40:
        return ""
    if wanted == "array":
        return f"write [{json.dumps(found, ensure_ascii=False)}]"
    if wanted == "string":
        return f'write "{found}"'
    bare = str(found).lower()
    if (wanted in ("integer", "number") and bare.isdecimal()) or (wanted == "boolean" and bare in ("true", "false")):
        return f"write {int(bare) if bare.isdecimal() else bare}, without quotes"
    return ""


def _described(value: object) -> str:
    if isinstance(value, str):
        return "the text " + json.dumps(value if len(value) <= 40 else value[:39] + "…", ensure_ascii=False)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "an object"
