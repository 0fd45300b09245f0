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


def write_long(path: Path, count: int) -> None:
    """Text as large jobs have it: parameters, up to ten dependencies, ten lines of recipe, all kinds of attributes."""
    head = (
        "[shell bash, env TZ=UTC REGION={{region}}]\njob long\n\n"
        "param region in eu us = eu\nparam day\npool warehouse = 3\n\n"
    )
    path.write_text(head + "\n".join(map(_long_rule, range(count))))


def _long_rule(i: int) -> str:
    kind = i % 4
    attributes = (
        "[retry 2 every 30s on 75 signal, timeout 1h30m]",
        f"[pool warehouse, env DAY={{{{day}}}} N={i}, cd work/{i}]",
        "[exec]",
        f"[ok 0 4, noop 3]\n[env OUT=out/{i}]",
    )[kind]
    lines = [
        f'    ./step-{k} --task {i} --day \'{{{{day}}}}\' "{{{{region}}}}" | tee "log/{i}-{k}.txt"  # step {k}\n'
        for k in range(10)
    ]
    recipe = f"    ./work {i} --day {{{{day}}}}\n" if kind == 2 else "".join(lines)
    needs = " ".join(f"task-{i - k}" for k in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89) if k <= i)
    return f"## Does the work of number {i}.\n{attributes}\ntask-{i}: {needs}\n{recipe}"


def write_empty(path: Path, count: int) -> None:
    """Tasks that do nothing and wait for nothing."""
    path.write_text("job nothing\n\n" + "\n".join(f"t{i}:\n    :\n" for i in range(count)))


def needs(i: int) -> list[int]:
    return sorted({max(0, i - 7), max(0, i - 1)} - {i})
