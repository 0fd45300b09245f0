"""A plan as self-describing JSON, the same bytes for the same plan.

Knows the plan's JSON shape; does not know who reads it (`front/planfile` does).
"""

from __future__ import annotations

import json
from typing import Any

from factc.digest import sha256_hex
from factc.front import PLAN
from factc.plan import Hole, Parameter, Plan, PlanTask, Retry, Text

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plan_text(plan: Plan) -> str:
    """The text of a compiled plan, one task a line; its digest covers everything but itself."""
    head = '{"schema":' + _encode(PLAN) + ',"data":{"digest":"'
    members: dict[str, Any] = {"name": plan.name}
    if plan.description:
        members["description"] = plan.description
    fields = [f"{_encode(key)}:{_encode(value)}" for key, value in members.items()]
    fields.append('"parameters":' + _lines([_parameter(p) for p in plan.parameters]))
    fields.append('"values":' + _encode(dict(sorted(plan.values.items()))))
    fields.append('"tags":' + _encode(dict(sorted(plan.tags.items()))))
    members = {"pools": plan.pools, "secrets": plan.secrets, "timeout": plan.timeout}
    fields += [f"{_encode(key)}:{_encode(value)}" for key, value in members.items() if value]
    fields.append('"tasks":' + _lines([_task(t) for t in plan.tasks]))
    fields.append('"factfile":' + _encode(plan.factfile))
    tail = '",\n' + ",\n".join(fields) + "}}\n"
    return head + sha256_hex((head.encode(), tail.encode())) + tail


def _lines(values: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(map(_encode, values)) + "\n]" if values else "[]"


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
