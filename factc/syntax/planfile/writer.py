"""A plan as self-describing JSON, the same bytes for the same plan.

Knows the plan's JSON shape; does not know who reads it (`syntax/planfile/reader` does).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from factc.digest import sha256_hex
from factc.plan import Family, Hole, Parameter, Plan, PlanTask, Retry, Text
from factc.syntax.planfile import PLAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plan_text(plan: Plan) -> str:
    """The text of a compiled plan, one task a line; its checksum covers everything but itself."""
    return b"".join(plan_parts(plan)).decode()


def plan_parts(plan: Plan) -> list[bytes]:
    """The same in UTF-8, in parts: the whole of a large plan need not be kept twice."""
    head = f'{{"schema":{_encode(PLAN)},"data":{{"digest":"'.encode()
    tail = [part.encode() for part in _behind_digest(plan)]
    return [head, sha256_hex((head, *tail)).encode(), *tail]


def _behind_digest(plan: Plan) -> Iterator[str]:
    yield '",\n"name":' + _encode(plan.name)
    if plan.description:
        yield ',\n"description":' + _encode(plan.description)
    yield from _lines("parameters", map(_parameter, plan.parameters))
    yield ',\n"values":' + _encode(dict(sorted(plan.values.items())))
    yield ',\n"tags":' + _encode(dict(sorted(plan.tags.items())))
    for key, value in (("pools", plan.pools), ("secrets", plan.secrets), ("timeout", plan.timeout)):
        if value:
            yield f',\n"{key}":{_encode(value)}'
    yield from _lines("tasks", map(_task, plan.tasks))
    if plan.families:
        yield from _lines("families", map(_family, plan.families))
    yield ',\n"factfile":' + _encode(plan.factfile)
    yield "}}\n"


def _lines(key: str, values: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A member that is a list, each value on a line of its own."""
    before = f',\n"{key}":['
    empty = True
    for value in values:
        yield (before + "\n" if empty else ",\n") + _encode(value)
        empty = False
    yield before + "]" if empty else "\n]"


def _family(family: Family) -> dict[str, Any]:
    value: dict[str, Any] = {"name": family.name, "first": family.first, "last": family.last}
    return {**value, "use": True} if family.used else value


def _parameter(parameter: Parameter) -> dict[str, Any]:
    value: dict[str, Any] = {"name": parameter.name}
    if parameter.default is not None:
        value["default"] = _text(parameter.default)
    if parameter.allowed is not None:
        value["values"] = parameter.allowed
    if not parameter.declared:
        value["declared"] = False
    if parameter.description:
        value["description"] = parameter.description
    return value


def _task(task: PlanTask) -> dict[str, Any]:
    value: dict[str, Any] = {"name": task.name}
    if task.description:
        value["description"] = task.description
    value |= {"declared": task.declared, "dependsOn": task.dependencies, "argv": [_text(a) for a in task.argv]}
    value |= {"ok": task.ok, "noop": task.noop}
    if task.directory is not None:
        value["directory"] = _text(task.directory)
    if task.environment:
        value["environment"] = {name: _text(text) for name, text in task.environment}
    if task.retry:
        value["retry"] = _retry(task.retry)
    more = {"timeout": task.timeout, "finally": task.final, "pools": task.pools, "secrets": task.secrets}
    return value | {key: member for key, member in more.items() if member}


def _retry(retry: Retry) -> dict[str, Any]:
    value = {"times": retry.times, "every": retry.every, "backoff": retry.backoff}
    return value if retry.on is None else {**value, "on": retry.on}


def _text(text: Text) -> Any:
    if isinstance(text, str):
        return text
    return [{"parameter": p.parameter, "quote": p.quote} if isinstance(p, Hole) else p for p in text]
