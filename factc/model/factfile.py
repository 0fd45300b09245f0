"""A job as a JSON Factfile: Factotum's own 1-0-0 where that says it all, else our superset.

Knows both JSON shapes; knows no plan. The same job gives the same bytes. A job that it uses stands in it whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from factc.model.job import DEFAULT_SHELL, FACTC, FACTOTUM, Command, Declaration, Each, Job, Script, Task, Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False).encode


def factfile_text(job: Job) -> str:
    """The JSON text of a job."""
    return "".join(_parts(job))


def _parts(job: Job) -> Iterator[str]:
    """The text of the outermost job: its lists of objects have a line for each member of an object."""
    plain = is_factotum(job)
    yield f'{{\n  "schema": {_encode(_schema(plain))},\n  "data": {{\n    '
    for key, value in _above(job).items():
        yield f'"{key}": ' + ("".join(_objects(value)) if key == "parameters" else _encode(value)) + ",\n    "
    yield '"tasks": '
    yield from _objects(_element(e, plain) for e in job.elements)
    yield "\n  }\n}\n"


def _document(job: Job) -> dict[str, Any]:
    """A job as a self-describing document."""
    plain = is_factotum(job)
    return {"schema": _schema(plain), "data": {**_above(job), "tasks": [_element(e, plain) for e in job.elements]}}


def _schema(plain: bool) -> str:
    return FACTOTUM if plain else FACTC


def _above(job: Job) -> dict[str, Any]:
    """What a job says above its tasks."""
    data: dict[str, Any] = {"name": job.name}
    data |= {k: v for k, v in (("description", job.description), ("directory", job.directory)) if v}
    if job.shell != DEFAULT_SHELL:
        data["shell"] = job.shell
    if job.environment:
        data["environment"] = dict(job.environment)
    if job.timeout is not None:
        data["timeout"] = job.timeout
    if job.parameters:
        data["parameters"] = [_parameter(p) for p in job.parameters]
    if job.secrets:
        data["secrets"] = job.secrets
    if job.pools:
        data["pools"] = dict(job.pools)
    return data


def _element(element: Task | Use, plain: bool) -> dict[str, Any]:
    if isinstance(element, Use):
        return _use(element)
    return _factotum_task(element) if plain else _task(element)


def is_factotum(job: Job) -> bool:
    """Whether Factotum's own schema can say the whole job."""
    more: object = job.description or job.shell != DEFAULT_SHELL or job.directory or job.environment or job.parameters
    more = more or job.timeout is not None or bool(job.secrets or job.pools)
    return not more and all(isinstance(e, Task) and _is_factotum_task(e) for e in job.elements)


def literal(task: Task) -> Command | None:
    """The literal command that means the same as what a task runs, or None if there is none."""
    if isinstance(task.body, Script):
        one_line = "\n" not in task.body.text and ("{{" not in task.body.text or task.verbatim)
        return Command(task.body.text) if one_line and task.executor == "shell" else None
    return task.body


def _is_factotum_task(task: Task) -> bool:
    more: object = task.description or task.shell or task.directory is not None or task.environment
    more = more or task.timeout is not None or bool(task.retry or task.final or task.pools or task.secrets or task.each)
    return not more and task.executor != "exec" and literal(task) is not None


def _objects(values: Iterable[dict[str, Any]]) -> Iterator[str]:
    before = "["
    for value in values:
        yield before + _object(value)
        before = ", "
    yield "[]" if before == "[" else "]"


def _object(value: dict[str, Any]) -> str:
    fields = ",\n        ".join(f'"{key}": {_encode(item)}' for key, item in value.items())
    return "{\n        " + fields + "\n    }"


def _factotum_task(task: Task) -> dict[str, Any]:
    command = literal(task) or Command("")
    return {
        "name": task.name,
        "executor": task.executor,
        "command": command.command,
        "arguments": command.arguments,
        "dependsOn": task.dependencies,
        "onResult": _rules(task),
    }


def _task(task: Task) -> dict[str, Any]:
    value: dict[str, Any] = {"name": task.name}
    more = {"description": task.description, "shell": task.shell, "directory": task.directory}
    value |= {key: item for key, item in more.items() if item}
    if task.executor != "shell":
        value["executor"] = task.executor
    value |= _body(task)
    if task.environment:
        value["environment"] = dict(task.environment)
    if task.dependencies:
        value["dependsOn"] = task.dependencies
    if task.ok != (0,) or task.noop:
        value["onResult"] = _rules(task)
    return value | _limits(task)


def _limits(task: Task) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if task.retry:
        parts = {"every": task.retry.every, "backoff": task.retry.backoff, "on": task.retry.on}
        value["retry"] = {"times": task.retry.times} | {k: part for k, part in parts.items() if part is not None}
    if task.timeout is not None:
        value["timeout"] = task.timeout
    if task.final:
        value["finally"] = True
    if task.pools:
        value["pools"] = task.pools
    if task.secrets:
        value["secrets"] = task.secrets
    return value | _each(task.each)


def _each(variables: tuple[Each, ...]) -> dict[str, Any]:
    return {"each": [{"name": each.name, "values": each.values} for each in variables]} if variables else {}


def _use(use: Use) -> dict[str, Any]:
    value: dict[str, Any] = {"name": use.name}
    if use.description:
        value["description"] = use.description
    value["use"] = _document(use.job) if use.job else use.file
    if use.dependencies:
        value["dependsOn"] = use.dependencies
    if use.values:
        value["values"] = dict(use.values)
    value |= _each(use.each)
    if use.directory is not None:
        value["directory"] = use.directory
    if use.environment:
        value["environment"] = dict(use.environment)
    return value


def _body(task: Task) -> dict[str, Any]:
    command = literal(task)
    if command is not None:
        return {"command": command.command} | ({"arguments": command.arguments} if command.arguments else {})
    if task.body is None:
        return {}
    assert isinstance(task.body, Script)
    return {"script": task.body.text} | ({"verbatim": True} if task.verbatim else {})


def _rules(task: Task) -> dict[str, Any]:
    return {"continueJob": task.ok, "terminateJobWithSuccess": task.noop}


def _parameter(parameter: Declaration) -> dict[str, Any]:
    value: dict[str, Any] = {"name": parameter.name}
    if parameter.default is not None:
        value["default"] = parameter.default
    if parameter.allowed is not None:
        value["values"] = parameter.allowed
    if parameter.description:
        value["description"] = parameter.description
    return value
