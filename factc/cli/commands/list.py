"""`factc list`: what a job consists of: its tasks, its parameters, the tags and secrets that it wants."""

from __future__ import annotations

import json

from factc.cli.commands.runs import aligned
from factc.cli.shared.errors import report
from factc.cli.shared.options import given, load, parser
from factc.cli.shared.output import write_out
from factc.diagnostic import CompileError
from factc.escape import visible_json
from factc.plan import shown
from factc.plan.values import TAG
from factc.screen.summary import MOST_NAMES, short

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from factc.load import Loaded
    from factc.model.job import Job
    from factc.plan import Plan
    from factc.plan.values import Given

    Entry = dict[str, object]

MUST_BE_GIVEN = "(must be given)"


def run(arguments: list[str]) -> int:
    made = parser(
        "list", "Lists the tasks of a job in the order in which they are declared, and what can be given to it."
    )
    made.add_argument("--format", choices=("text", "json"), default="text", help="json: one object")
    options = made.parse(arguments)
    account = _account(options)
    if options.format == "json":
        write_out(visible_json(json.dumps(account, ensure_ascii=False)) + "\n")
    else:
        write_out(_page(account))
    return 0


def _account(options: argparse.Namespace) -> Entry:
    """All of it, as `--format json` prints it."""
    try:
        loaded = load(options)
    except CompileError as error:
        only_values = all(d.code == "E501" for d in error.diagnostics if d.severity == "error")
        if options.start or options.to or not only_values:
            raise
        return _written(options.job)
    report(loaded.warnings, options.colour)
    plan = loaded.plan
    return {
        "name": plan.name,
        "description": plan.description,
        "tasks": _tasks(plan),
        "parameters": list(_parameters(loaded, given(options))),
        "tags": _tags(plan),
        "secrets": list(plan.secrets),
    }


def _tasks(plan: Plan) -> list[Entry]:
    names = [task.name for task in plan.tasks]
    return [
        {"name": task.name, "description": task.description, "dependsOn": [names[d] for d in task.dependencies],
         "finally": task.final}
        for task in sorted(plan.tasks, key=lambda task: task.declared)
    ]  # fmt: skip


def _parameters(loaded: Loaded, values: Given) -> Iterator[Entry]:
    """Those that the job declares, in its order; of a compiled plan what is settled and what is still open."""
    plan = loaded.plan
    declared = loaded.compiled.job.parameters if loaded.compiled else ()
    for one in declared:
        value = values.text(one.name) if not isinstance(values.values.get(one.name), dict) else None
        yield _parameter(one.name, one.description, one.default, one.allowed, value)
    seen = {one.name for one in declared}
    for name, value in plan.values.items():
        if name.split(".")[0] not in seen and not name.startswith(TAG):
            yield _parameter(name, "", None, None, value)
    for still in plan.parameters:
        if "/" in still.name and not still.name.startswith(TAG):  # of a used job: nobody can set it
            continue
        if still.name.split(".")[0] not in seen and not still.name.startswith(TAG):
            default = None if still.default is None else shown(still.default)
            yield _parameter(still.name, still.description, default, still.allowed, None)


def _parameter(name: str, description: str, default: str | None, allowed: Sequence[str] | None, value: str | None) -> Entry:  # noqa: E501  # fmt: skip
    return {"name": name, "description": description, "default": default,
            "values": None if allowed is None else list(allowed), "value": value}  # fmt: skip


def _tags(plan: Plan) -> Entry:
    """The tags that the job uses, with the values that it has for them."""
    used = [p.name for p in plan.parameters if p.name.startswith(TAG)]
    tags = {name[len(TAG) :]: value for name, value in plan.values.items() if name.startswith(TAG)}
    return {**tags, **{name[len(TAG) :]: None for name in used}}


def _written(name: str) -> Entry:
    """A job whose names cannot be filled without values, as it is written."""
    from factc.compiler.uses import read, sound
    from factc.syntax import read_document
    from factc.syntax.source_file import read_source

    job: Job = sound(read(read_document(read_source(name))))
    return {
        "name": job.name,
        "description": job.description,
        "tasks": [{"name": task.name, "description": task.description, "dependsOn": list(task.dependencies),
                   "finally": getattr(task, "final", False)} for task in job.tasks],
        "parameters": [_parameter(p.name, p.description, p.default, p.allowed, None) for p in job.parameters],
        "tags": {},
        "secrets": list(getattr(job, "all_secrets", ())),
    }  # fmt: skip


# ---- for people


def _page(account: Entry) -> str:
    lines = [short(str(account["name"])), *(f"  {short(line)}" for line in str(account["description"]).splitlines())]
    head = "".join(f"{line.rstrip()}\n" for line in lines)
    parts = [head, _table(_task_rows(account)), _table(_parameter_rows(account)), _table(_other_rows(account))]
    return "\n".join(part for part in parts if part)


def _table(rows: list[list[str]]) -> str:
    """Rows as columns; a column with nothing in it but its title is left out."""
    if len(rows) < 2:
        return ""
    kept = [column for column in zip(*rows, strict=True) if any(column[1:])]
    return aligned([list(row) for row in zip(*kept, strict=True)])


def _task_rows(account: Entry) -> list[list[str]]:
    rows = [["TASK", "AFTER", ""]]
    for task in account["tasks"]:  # type: ignore[attr-defined]
        rows.append([short(task["name"], 60), _after(task), _first_line(task)])
    return rows


def _after(task: Entry) -> str:
    names = [short(str(name), 40) for name in task["dependsOn"]]  # type: ignore[attr-defined]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    words = ", ".join(names[:MOST_NAMES]) + more
    return f"finally: {words}".rstrip(": ") if task["finally"] else words


def _parameter_rows(account: Entry) -> list[list[str]]:
    rows = [["PARAMETER", "VALUE", "ALLOWED", ""]]
    for one in account["parameters"]:  # type: ignore[attr-defined]
        value = one["value"] if one["value"] is not None else one["default"]
        allowed = ", ".join(short(word, 40) for word in one["values"] or ())
        rows.append([one["name"], MUST_BE_GIVEN if value is None else short(value, 60), allowed, _first_line(one)])
    return rows


def _other_rows(account: Entry) -> list[list[str]]:
    rows = [["ALSO", "", ""]]
    for key, value in account["tags"].items():  # type: ignore[attr-defined]
        rows.append(["tag", short(key, 60), MUST_BE_GIVEN if value is None else short(value, 60)])
    rows += [["secret", name, ""] for name in account["secrets"]]  # type: ignore[attr-defined]
    return rows


def _first_line(entry: Entry) -> str:
    return short(str(entry["description"]).partition("\n")[0])
