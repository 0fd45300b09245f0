"""Values for what a plan has left open: added when it is run, never changed.

Knows plans and given values; knows no template, no file and no shell.
"""

from __future__ import annotations

from factc.diagnostic import RequestError
from factc.plan import MAX_PLAN, MAX_TEXT, Parameter, Plan, PlanTask, Text, TooLong, filled, size
from factc.plan.selection import with_tasks
from factc.plan.values import TAG, allowed, check_names, how_to_give
from factc.spelling import some

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
    check_names(given.named, known)
    texts = {p.name: (given.text(p.name), p.allowed) for p in plan.parameters}
    values = {name: allowed(name, text, some) for name, (text, some) in texts.items() if text is not None}
    return _filled(plan, values, {**given.tags, **plan.tags})


def settle(plan: Plan) -> Plan:
    """The plan with every declared default in it that needs nothing which is still open."""
    values: dict[str, str] = {}
    known = dict(plan.values)
    for parameter in plan.parameters:  # a default may use those above it
        if parameter.declared and parameter.default is not None:
            value = _value(parameter.name, parameter.default, known)
            if isinstance(value, str):
                values[parameter.name] = known[parameter.name] = allowed(parameter.name, value, parameter.allowed)
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
        names = some([f"`{name}`" for name in empty])
        raise RequestError(f"no value was given for {names}", how_to_give(empty))
    return settle(_filled(plan, dict.fromkeys(empty, ""), plan.tags)), empty


def _filled(plan: Plan, values: dict[str, str], tags: dict[str, str]) -> Plan:
    if values:
        room = _Room()
        plan = with_tasks(plan, [_task(task, values, room) for task in plan.tasks])
    rest = [_parameter(p, values) for p in plan.parameters if p.name not in values]
    return plan.changed(parameters=tuple(rest), values={**plan.values, **values}, tags=dict(tags))


class _Room:
    """What the texts of a plan may still take, and the variables that tasks have in common, filled."""

    __slots__ = ("left", "shared")

    def __init__(self) -> None:
        self.left = MAX_PLAN
        self.shared: dict[int, tuple[tuple[tuple[str, Text], ...], tuple[tuple[str, Text], ...]]] = {}

    def take(self, length: int) -> None:
        self.left -= length
        if self.left < 0:
            words = f"with these values the texts of all tasks have more than {MAX_PLAN // 2**20} MB"
            raise RequestError(words, "put long values into files and give their paths")


def _task(task: PlanTask, values: dict[str, str], room: _Room) -> PlanTask:
    argv = tuple([_text(text, values, task.name, room) for text in task.argv])
    before = task.environment
    if id(before) not in room.shared:
        after = tuple([(name, _text(text, values, task.name, room, name)) for name, text in before])
        room.shared[id(before)] = before, after
    return task.changed(argv=argv, environment=room.shared[id(before)][1])


def _text(text: Text, values: dict[str, str], name: str, room: _Room, variable: str = "") -> Text:
    """A text of a task; `variable`: the one whose value it is."""
    if isinstance(text, str):
        return text
    try:
        whole = filled(text, values)
        length = size(whole) + (len(variable.encode()) + 1 if variable else 0)
        room.take(length)
        if length <= MAX_TEXT:
            return whole
    except TooLong:
        pass
    what = f"the variable `{variable}`" if variable else "the shell text"
    words = f"with these values {what} of the task '{name}' has more than {MAX_TEXT:,} bytes"
    raise RequestError(words, "put the long value into a file and give its path")


def _value(name: str, text: Text, values: dict[str, str]) -> Text:
    """The default of a parameter."""
    try:
        return filled(text, values)
    except TooLong:
        words = f"with these values the default of `{name}` has more than {MAX_TEXT:,} bytes"
        raise RequestError(words, f"give it a value: --set {name}=…") from None


def _parameter(parameter: Parameter, values: dict[str, str]) -> Parameter:
    default = None if parameter.default is None else _value(parameter.name, parameter.default, values)
    return Parameter(
        parameter.name, default, parameter.allowed, declared=parameter.declared, description=parameter.description
    )


def _settled(what: str, value: str) -> RequestError:
    return RequestError(
        f"{what} was settled as `{value}` when this plan was compiled", "compile the job again with the other value"
    )


def _missing(plan: Plan, missing: list[str]) -> str:
    names = some([f"`{name}`" for name in missing], " and ")
    return f"the job '{plan.name}' needs {names}"
