"""The document both doors hand over: plain JSON values, and the way from a path in them to a place.

Knows JSON's shape and the schemas; does not know what a job is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from factc import resources
from factc.compiler.shape import fitting
from factc.diagnostic import Diagnostic
from factc.source import Source, Span
from factc.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jsonschema import ValidationError

Path = tuple[str | int, ...]
KEY = "key"
VALUE = "value"
Locate = Callable[[Path, str, int | None, int | None], tuple[int, int]]


class Document:
    """Plain values with places.

    `value` is the whole self-describing JSON: {"schema": …, "data": {…}}; whichever door it came
    through, it has the shape of a JSON Factfile. `locate(path, part, start, end)` gives the offsets of
    the value at `path` (part VALUE) or of its key (part KEY); with `start` and `end`, of that
    stretch of a string value, counted in the decoded string. It is called only to show a diagnostic,
    may be slow, and answers the nearest enclosing place for a path that is not in the text. `textual` tells
    the text language from JSON; `warnings` is what its door found odd.
    """

    __slots__ = ("value", "source", "_locate", "textual", "warnings")

    def __init__(
        self,
        value: dict[str, Any],
        source: Source,
        locate: Locate,
        *,
        textual: bool,
        warnings: Sequence[Diagnostic] = (),
    ) -> None:
        self.value = value
        self.source = source
        self.textual = textual
        self.warnings = tuple(warnings)
        self._locate = locate

    def within(self, path: Path) -> Document:
        """The document that is a value of this one."""
        value: Any = self.value
        for part in path:
            value = value[part]

        def locate(inner: Path, part: str, start: int | None, end: int | None) -> tuple[int, int]:
            return self._locate((*path, *inner), part, start, end)

        return Document(value, self.source, locate, textual=False)

    def span(self, path: Path, start: int | None = None, end: int | None = None) -> Span:
        """The place of a value; with `start` and `end`, of a stretch of a string value."""
        return Span(self.source, *self._locate(path, VALUE, start, end))

    def key_span(self, path: Path) -> Span:
        """The place of a member's name."""
        return Span(self.source, *self._locate(path, KEY, None, None))


def check_schema(document: Document, known: dict[str, str]) -> list[Diagnostic]:
    """What in a document does not fit its schema; `known` maps schema URIs to files of schemas."""
    problems = _check_uri(document, known)
    if problems:
        return problems
    schema = json.loads(resources.text(known[document.value["schema"]]))
    fits = fitting(schema)
    if fits and fits(document.value):
        return []
    from jsonschema import Draft4Validator

    errors = Draft4Validator(schema).iter_errors(document.value)
    return [diagnostic for error in errors for diagnostic in _diagnostics(document, error)]


def _check_uri(document: Document, known: dict[str, str]) -> list[Diagnostic]:
    if "schema" not in document.value:
        if meant := nearest("schema", [str(key) for key in document.value]):
            words = f"the property `{meant}` is not known here"
            return [Diagnostic("E020", words, document.key_span((meant,)), hint="did you mean `schema`?")]
        hint = f'begin with "schema": "{next(iter(known))}"'
        return [Diagnostic("E020", "the property `schema` is missing", _opening(document, ()), hint=hint)]
    uri = document.value["schema"]
    if isinstance(uri, str) and uri in known:
        return []
    meant = nearest(uri, known) if isinstance(uri, str) else None
    hint = f"did you mean `{meant}`?" if meant else "known are " + " and ".join(f"`{k}`" for k in known)
    return [Diagnostic("E020", "this schema is not known here", document.span(("schema",)), hint=hint)]


def _diagnostics(document: Document, error: ValidationError) -> list[Diagnostic]:
    """A finding of the schema library in the user's words."""
    path = tuple(error.absolute_path)
    rule = str(error.validator)
    wanted: Any = error.validator_value
    found: Any = error.instance
    if rule == "required":
        return [_missing(document, path, error)]
    if rule == "additionalProperties":
        properties = _properties(error)
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


def _missing(document: Document, path: Path, error: ValidationError) -> Diagnostic:
    name = error.message.split("'")[1]
    properties = _properties(error)
    instance: Any = error.instance
    extra = [key for key in instance if key not in properties]
    meant = nearest(name, extra)
    hint = f"`{meant}` is perhaps meant to be it" if meant else ""
    where = "" if not path else f" in {_named(path)}"
    return Diagnostic("E022", f"the property `{name}` is missing{where}", _opening(document, path), hint=hint)


def _unknown(document: Document, path: Path, properties: dict[str, Any], present: dict[str, Any]) -> Diagnostic:
    name = str(path[-1])
    meant = nearest(name, [p for p in properties if p not in present])
    hint = f"did you mean `{meant}`?" if meant else "known here: " + ", ".join(properties)
    return Diagnostic("E023", f"the property `{name}` is not known here", document.key_span(path), hint=hint)


def _properties(error: ValidationError) -> dict[str, Any]:
    """The properties that the schema knows at the place of an error."""
    schema: Any = error.schema
    properties: dict[str, Any] = schema.get("properties", {})
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
