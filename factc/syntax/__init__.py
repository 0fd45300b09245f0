"""The forms of a job: which one a text has, told by its content.

Knows that JSON begins with `{` and that some file names promise JSON; knows neither form.
"""

from __future__ import annotations

from factc.source import Source
from factc.syntax.planfile import PLAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.model.document import Document

JSON_NAMES = (".json", ".factfile", ".factotum")
JOB_NAMES = (".fact", *JSON_NAMES)
BEGINNING = 1 << 16  # characters in which a text says that it is a job


def is_json(source: Source) -> bool:
    """JSON by its first character, or by a name that promises it."""
    return source.text.lstrip()[:1] == "{" or source.name.lower().endswith(JSON_NAMES)


def is_plan(source: Source) -> bool:
    """Whether a text is a compiled plan, as far as its beginning tells."""
    head = source.text[:4096]
    return head.lstrip()[:1] == "{" and f'"{PLAN}"' in head


def is_job(source: Source) -> bool:
    """Whether a text says of itself that it is a job: by the schema that it names, or by a `job` line above all else.

    Of a file that does not, and that no person named, nothing is told: it may be anything, a key or a password.
    """
    import re

    if is_json(source):
        schema = r'"schema"\s*:\s*"iglu:(?:com\.snowplowanalytics\.factotum|factc)/factfile/'
        return re.search(schema, source.text) is not None
    text = r'"(?:[^"\\\n]|\\[^\n])*"'
    bracket = rf'\[(?:{text}|(?<=\s)#[^\n]*|(?<!\s)#|[^\]"#])*\][^\n]*\n'
    above = rf"(?:[ \t\r]*\n|#[^\n]*\n|{bracket})*"
    line = rf"job(?:[ \t]|\\[ \t\r]*\n)+(?:\w[\w.\-]*|{text})[ \t\r]*(?:\n|(?<=[ \t])#|\Z)"
    return re.match(above + line, source.text[:BEGINNING]) is not None


def read_document(source: Source, *, as_json: bool | None = None) -> Document:
    """The document of a job file, with the mistakes of its text. Raises CompileError where nothing can be read."""
    if is_json(source) if as_json is None else as_json:
        from factc.syntax.factfile.reader import json_document

        return json_document(source)
    from factc.syntax.fact.parser import text_document

    return text_document(source)
