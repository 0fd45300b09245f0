"""The doors: which one a text goes through, told by its content.

Knows that JSON begins with `{` and that some file names promise JSON; knows neither form.
"""

from __future__ import annotations

from factc.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.compiler.document import Document

JSON_NAMES = (".json", ".factfile", ".factotum")
PLAN = "iglu:factc/plan/jsonschema/1-0-0"


def is_json(source: Source) -> bool:
    """JSON by its first character, or by a name that promises it."""
    return source.text.lstrip()[:1] == "{" or source.name.lower().endswith(JSON_NAMES)


def is_plan(source: Source) -> bool:
    """Whether a text is a compiled plan, as far as its beginning tells."""
    head = source.text[:4096]
    return head.lstrip()[:1] == "{" and f'"{PLAN}"' in head


def read_document(source: Source, *, as_json: bool | None = None) -> Document:
    """The document of a job file. Raises CompileError."""
    if is_json(source) if as_json is None else as_json:
        from factc.front.jsonfile import read_json

        return read_json(source)
    from factc.front.text import read_text

    return read_text(source)
