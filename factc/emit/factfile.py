"""A job as a JSON Factfile: Factotum's own 1-0-0 where that says it all, else our superset.

Knows both JSON shapes; knows no plan. The same job gives the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

from factc.job import DEFAULT_SHELL, FACTC, FACTOTUM, Command, Declaration, Job, Script, Task

_encode = json.JSONEncoder(ensure_ascii=False).encode


def factfile_text(job: Job) -> str:
    """The JSON text of a job."""
    plain = is_factotum(job)
    members: dict[str, Any] = {"name": job.name}
    members |= {k: v for k, v in (("description", job.description), ("directory", job.directory)) if v}
    if job.shell != DEFAULT_SHELL:
        members["shell"] = job.shell
    if job.environment:
        members["environment"] = dict(job.environment)
    fields = [f"{_encode(key)}: {_encode(value)}" for key, value in members.items()]
    if job.parameters:
        fields.append('"parameters": ' + _objects([_parameter(p) for p in job.parameters]))
    fields.append('"tasks": ' + _objects([_factotum_task(t) if plain else _task(t) for t in job.tasks]))
    body = ",\n    ".join(fields)
    return f'{{\n  "schema": {_encode(FACTOTUM if plain else FACTC)},\n  "data": {{\n    {body}\n  }}\n}}\n'


def is_factotum(job: Job) -> bool:
    """Whether Factotum's own schema can say the whole job."""
    more = job.description or job.shell != DEFAULT_SHELL or job.directory or job.environment or job.parameters
    return not more and all(map(_is_factotum_task, job.tasks))


def literal(task: Task) -> Command | None:
    """The literal command that means the same as what a task runs, or None if there is none."""
    if isinstance(task.body, Script):
        one_line = "\n" not in task.body.text and ("{{" not in task.body.text or task.verbatim)
        return Command(task.body.text) if one_line and task.executor == "shell" else None
    return task.body


def _is_factotum_task(task: Task) -> bool:
    more = task.description or task.shell or task.directory is not None or task.environment
    return not more and task.executor != "exec" and literal(task) is not None


def _objects(values: list[dict[str, Any]]) -> str:
    return "[" + ", ".join(map(_object, values)) + "]"


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
