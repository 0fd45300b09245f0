"""The third door: a compiled plan is read back, if nobody changed it.

Knows the plan's JSON shape; needs no grammar and no schema, because the digest vouches for the rest.
"""

from __future__ import annotations

import json

from factc.diagnostic import CompileError, Diagnostic
from factc.digest import sha256_hex
from factc.plan import Hole, Parameter, Plan, PlanTask, Retry, Text
from factc.source import Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MARK = '"digest":"'


def read_plan(source: Source) -> Plan:
    """The plan of a compiled text. Raises CompileError if its digest does not fit."""
    start = source.text.find(_MARK, 0, 4096) + len(_MARK)
    end = start + 64
    if start < len(_MARK) or source.text[end : end + 1] != '"':
        raise _changed(source, 0, 1, "this plan has no digest")
    rest = (part.encode("utf-8", "surrogatepass") for part in (source.text[:start], source.text[end:]))
    if sha256_hex(rest) != source.text[start:end]:
        raise _changed(source, start, end, "this plan was changed after it was compiled: its digest is wrong")
    try:
        return _plan(json.loads(source.text)["data"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _changed(source, 0, 1, "this is no plan that this version can read") from None


def _changed(source: Source, start: int, end: int, message: str) -> CompileError:
    return CompileError([Diagnostic("E030", message, Span(source, start, end), hint="compile the job again")])


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
    )


def _task(task: dict[str, Any]) -> PlanTask:
    return PlanTask(
        task["name"],
        task["dependsOn"],
        [a if isinstance(a, str) else _text(a) for a in task["argv"]],
        ok=task["ok"],
        noop=task["noop"],
        directory=_text(task["directory"]) if "directory" in task else None,
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
