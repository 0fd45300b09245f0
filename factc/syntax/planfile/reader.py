"""The form of a plan: a compiled plan is read back, if it is as it was written, and holds what a plan has to.

The checksum finds what happened by mistake: an edit, a torn file. It proves nothing about who wrote the plan, so what
stands in it is input like any other, and all of it is checked. Needs no grammar and no schema.
"""

from __future__ import annotations

import json

from factc.diagnostic import CompileError, Diagnostic
from factc.digest import sha256_hex
from factc.plan import Family, Hole, Parameter, Plan, PlanTask, Retry, Text
from factc.source import Source, Span
from factc.syntax.planfile.checks import Wrong, check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MARK = '"digest":"'
_AGAIN = "compile the job again"


def read_plan(source: Source) -> Plan:
    """The plan of a compiled text. Raises CompileError."""
    _check_sum(source)
    try:
        value = json.loads(source.text)
        check(value)
    except (ValueError, RecursionError):
        raise _no_json(source) from None
    except Wrong as wrong:
        raise _wrong(source, wrong) from None
    if any(escape in source.text for escape in ("\\u0000", "\\ud", "\\uD")):
        _as_json(source)
    return _plan(value["data"])


def _check_sum(source: Source) -> None:
    """Raises CompileError if the text is not as it was written."""
    start = source.text.find(_MARK, 0, 4096) + len(_MARK)
    end = start + 64
    if start < len(_MARK) or source.text[end : end + 1] != '"':
        raise _refused("E030", "this plan has no checksum", Span(source, 0, 1))
    rest = (part.encode("utf-8", "surrogatepass") for part in (source.text[:start], source.text[end:]))
    if sha256_hex(rest) != source.text[start:end]:
        words = "this plan was changed after it was compiled: its checksum is wrong"
        raise _refused("E030", words, Span(source, start, end))


def _refused(code: str, message: str, span: Span) -> CompileError:
    return CompileError([Diagnostic(code, message, span, hint=_AGAIN)])


def _no_json(source: Source) -> CompileError:
    """What is wrong with a text that is no JSON."""
    try:
        _as_json(source)
    except CompileError as error:
        return error
    return _refused("E031", "this is no plan that can be read", Span(source, 0, 1))


def _as_json(source: Source) -> Any:
    """The text with places, by the stricter reader, which takes longer. Raises CompileError."""
    from factc.syntax.factfile.reader import read_json

    return read_json(source)


def _wrong(source: Source, wrong: Wrong) -> CompileError:
    """What is wrong with a plan, and where."""
    try:
        document = _as_json(source)
    except CompileError as error:
        return error
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in wrong.path)
    where = "".join(steps).removeprefix(".data").removeprefix(".")
    what = f"`{where}`" if where else "it"
    return _refused("E031", f"this plan cannot be used: {what} {wrong.words}", document.span(wrong.path))


def _plan(data: dict[str, Any]) -> Plan:
    return Plan(
        data["name"],
        [_task(task) for task in data["tasks"]],
        description=data.get("description", ""),
        parameters=[_parameter(p) for p in data["parameters"]],
        values=data["values"],
        tags=data["tags"],
        factfile=data["factfile"],
        pools=data.get("pools"),
        secrets=data.get("secrets", ()),
        timeout=data.get("timeout"),
        families=[Family(f["name"], f["first"], f["last"], f.get("use", False)) for f in data.get("families", ())],
    )


def _task(task: dict[str, Any]) -> PlanTask:
    return PlanTask(
        task["name"],
        task["dependsOn"],
        [a if isinstance(a, str) else _text(a) for a in task["argv"]],
        ok=task["ok"],
        noop=task["noop"],
        directory=task.get("directory"),
        environment=[(name, _text(text)) for name, text in task.get("environment", {}).items()],
        description=task.get("description", ""),
        declared=task["declared"],
        retry=_retry(task["retry"]) if "retry" in task else None,
        timeout=task.get("timeout"),
        final=task.get("finally", False),
        pools=task.get("pools", ()),
        secrets=task.get("secrets", ()),
    )


def _retry(retry: dict[str, Any]) -> Retry:
    return Retry(retry["times"], retry["every"], retry["backoff"], retry.get("on"))


def _parameter(parameter: dict[str, Any]) -> Parameter:
    return Parameter(
        parameter["name"],
        _text(parameter["default"]) if "default" in parameter else None,
        parameter.get("values"),
        declared=parameter.get("declared", True),
        description=parameter.get("description", ""),
    )


def _text(text: str | list[Any]) -> Text:
    if isinstance(text, str):
        return text
    return tuple(p if isinstance(p, str) else Hole(p["parameter"], p["quote"]) for p in text)
