"""Values for what a plan has left open: added when it is run, never changed.

Knows plans and given values; knows no template, no file and no shell.
"""

from __future__ import annotations

from factc.diagnostic import RequestError
from factc.plan import MAX_TEXT, Parameter, Plan, PlanTask, Text, filled
from factc.plan.selection import with_tasks
from factc.plan.values import TAG, allowed, how_to_give, unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan.values import Given


def add(plan: Plan, given: Given) -> Plan:
    """The plan with the caller's values and tags in it.

    Raises RequestError for a value or tag that was settled otherwise when the plan was compiled, for one
    that is not allowed, and for a name given by `--set` that the plan does not know.
    """
    for key, tag in plan.tags.items():
        if given.tags.get(key, tag) != tag and TAG + key not in given.soft:
            raise _settled(f"the tag `{key}`", tag)
    for name, value in plan.values.items():
        if given.text(name) not in (None, value) and name not in given.soft:
            raise _settled(f"`{name}`", value)
    known = [*(p.name for p in plan.parameters), *plan.values]
    for name in given.named:
        if not any(k == name or k.startswith(name + ".") for k in known):
            raise unknown(name, known)
    texts = {p.name: (given.text(p.name), p.allowed) for p in plan.parameters}
    values = {name: allowed(name, text, some) for name, (text, some) in texts.items() if text is not None}
    return _filled(plan, values, {**given.tags, **plan.tags})


def settle(plan: Plan) -> Plan:
    """The plan with every declared default in it that needs nothing which is still open."""
    values: dict[str, str] = {}
    for parameter in plan.parameters:  # a default may use those above it
        if parameter.declared and parameter.default is not None:
            value = filled(parameter.default, {**plan.values, **values})
            if isinstance(value, str):
                values[parameter.name] = allowed(parameter.name, value, parameter.allowed)
    return _filled(plan, values, plan.tags) if values else plan


def complete(plan: Plan, strict: bool = False) -> tuple[Plan, list[str]]:
    """The plan with nothing open, and the undeclared variables that are empty now.

    Raises RequestError naming every parameter that has neither value nor default.
    """
    if not plan.parameters:
        return plan, []
    missing = [p.name for p in plan.parameters if p.default is None]
    if missing:
        raise RequestError(_missing(plan, missing), how_to_give(missing))
    empty = [p.name for p in plan.parameters if not p.declared]
    if empty and strict:
        names = ", ".join(f"`{name}`" for name in empty)
        raise RequestError(f"no value was given for {names}", how_to_give(empty))
    return settle(_filled(plan, dict.fromkeys(empty, ""), plan.tags)), empty


def _filled(plan: Plan, values: dict[str, str], tags: dict[str, str]) -> Plan:
    if values:
        plan = with_tasks(plan, [_task(task, values) for task in plan.tasks])
    rest = [_parameter(p, values) for p in plan.parameters if p.name not in values]
    return plan.changed(parameters=tuple(rest), values={**plan.values, **values}, tags=dict(tags))


def _task(task: PlanTask, values: dict[str, str]) -> PlanTask:
    argv = [_text(text, values, task.name) for text in task.argv]
    environment = [(name, _text(text, values, task.name)) for name, text in task.environment]
    return task.changed(argv=tuple(argv), environment=tuple(environment))


def _text(text: Text, values: dict[str, str], name: str) -> Text:
    if isinstance(text, str):
        return text
    whole = filled(text, values)
    if isinstance(whole, str) and len(whole.encode()) > MAX_TEXT:
        raise RequestError(
            f"with these values the shell text of the task '{name}' has more than {MAX_TEXT:,} bytes",
            "put the long value into a file and give its path",
        )
    return whole


def _parameter(parameter: Parameter, values: dict[str, str]) -> Parameter:
    default = None if parameter.default is None else filled(parameter.default, values)
    return Parameter(
        parameter.name, default, parameter.allowed, declared=parameter.declared, description=parameter.description
    )


def _settled(what: str, value: str) -> RequestError:
    return RequestError(
        f"{what} was settled as `{value}` when this plan was compiled", "compile the job again with the other value"
    )


def _missing(plan: Plan, missing: list[str]) -> str:
    names = " and ".join(f"`{name}`" for name in missing)
    return f"the job '{plan.name}' needs {names}"
