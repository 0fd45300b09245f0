"""Writes the jobs that are measured, as JSON and as text, any number of tasks long."""

from __future__ import annotations

import json
from pathlib import Path


def write_json(path: Path, count: int) -> None:
    """A Factfile whose tasks wait for up to two earlier ones each."""
    tasks = [
        {
            "name": f"task-{i}",
            "executor": "shell",
            "command": "./work",
            "arguments": ["--number", str(i), "--out", f"out/{i}"],
            "dependsOn": [f"task-{d}" for d in needs(i)],
            "onResult": {"continueJob": [0, 2], "terminateJobWithSuccess": [3]},
        }
        for i in range(count)
    ]
    schema = "iglu:com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0"
    path.write_text(json.dumps({"schema": schema, "data": {"name": "big", "tasks": tasks}}, indent=2))


def write_text(path: Path, count: int) -> None:
    """The like as text: description, attributes, two dependencies and two lines of recipe each."""
    rules = [
        f"## Does the work of number {i}.\n[ok 0 2, noop 3]\ntask-{i}:{''.join(f' task-{d}' for d in needs(i))}\n"
        f"    echo start {i}\n    ./work --number {i} --out 'out/{i}'\n"
        for i in range(count)
    ]
    path.write_text("job big\n\n" + "\n".join(rules))


def write_empty(path: Path, count: int) -> None:
    """Tasks that do nothing and wait for nothing."""
    path.write_text("job nothing\n\n" + "\n".join(f"t{i}:\n    :\n" for i in range(count)))


def needs(i: int) -> list[int]:
    return sorted({max(0, i - 7), max(0, i - 1)} - {i})
