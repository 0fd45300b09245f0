"""A plan as a standalone POSIX shell script: the same tasks, the same final states, the same exit code.

Knows plans and shells; the script needs nothing of factc.
"""

from __future__ import annotations

from collections.abc import Sequence

from factc.durations import plain
from factc.escape import visible
from factc.export.program_call import assignment, folder, is_shell, program
from factc.export.script_head import foot, head, script_quoted, script_word
from factc.plan import SIGNAL, TIMEOUT, Plan, PlanTask, Text, shown
from factc.plan.graph import finals, reach
from factc.runner.above import size


def script(plan: Plan, order: Sequence[int]) -> str:
    """The script of a plan whose texts are all final; tasks run in that order."""
    functions, outcomes = _outcomes(plan)
    parts = [head(plan), *functions, *(_block(plan, i, outcomes) for i in order), foot(plan)]
    return "\n".join(parts)


def _block(plan: Plan, number: int, outcomes: dict[int, str]) -> str:
    task = plan.tasks[number]
    name = script_quoted(visible(task.name))
    body = [f"settled {name} 0 0 ''"] if not task.argv else _run(task, number, name, _hidden(plan, task))
    needs = " ".join(f'"$factc_{d}"' for d in task.dependencies)
    if task.final:
        body = [outcomes[number], *body]
    elif needs or outcomes:
        body = [f"if all {needs}; then".replace(" ;", ";"), *(f"  {line}" for line in body), f"else skip {name}; fi"]
    return "\n".join([f"# {visible(task.name)}", *body, f"factc_{number}=$factc_state"]) + "\n"


def _outcomes(plan: Plan) -> tuple[list[str], dict[int, str]]:
    """How each final task is told of those above it: calls by number, and the functions that several of them call."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for i in finals(plan):
        alike.setdefault(plan.tasks[i].dependencies, []).append(i)
    dependencies = [task.dependencies for task in plan.tasks]
    functions, calls = [], {}
    for numbers in alike.values():
        above = sorted(reach(numbers[:1], dependencies) - {numbers[0]})
        lines = [(visible(plan.tasks[i].name), i) for i in above]
        call = "outcome" + "".join(f' {script_quoted(line)} {size(line)} "$factc_{i}"' for line, i in lines)
        if len(numbers) > 1:
            functions.append(f"outcome{numbers[0]}() {{ {call}; }}\n")
            call = f"outcome{numbers[0]}"
        calls.update(dict.fromkeys(numbers, call))
    return functions, calls


def _hidden(plan: Plan, task: PlanTask) -> str:
    """What takes the secrets of others from a task's environment, as the beginning of a subshell; "" for none."""
    if len(task.secrets) == len(plan.secrets):
        return ""
    return " ".join(["only", *task.secrets]) + "; "


def _run(task: PlanTask, number: int, name: str, hidden: str) -> list[str]:
    """The lines that run one task and settle it; the text of a task is never indented."""
    checks: list[tuple[str, str]] = []
    there = ""
    if task.directory is not None:
        go = folder(str(task.directory), _word)
        there = f"{go} && "
        checks.append((f"({go}) 2>/dev/null", f"no folder {shown(task.directory)}"))
    path = dict(task.environment).get("PATH")
    if task.argv[0] != "sh" or path is not None:
        where = '"${PATH-/bin:/usr/bin}"' if path is None else script_quoted(str(path))
        found = f"found {script_word(str(task.argv[0]))} {where}"
        checks.append((f"({there}{found})" if there else found, f"no {shown(task.argv[0])} here"))
    before = hidden + there
    lines = _called(task, number, name, f"({before}{_call(task)})" if before else _call(task))
    if not checks:
        return lines
    tests = [
        f"{'elif' if i else 'if'} ! {check}; then lost {name} {script_quoted(visible(reason))}"
        for i, (check, reason) in enumerate(checks)
    ]
    return [*tests, "else", *(f"  {line}" for line in lines), "fi"]


def _call(task: PlanTask) -> str:
    """One attempt, in the folder of the task."""
    slot: list[tuple[str, Text]] = [("FACTC_SLOT", "0")] if task.pools else []
    if task.timeout is not None:  # variables before a function would be the script's own
        variables = [("FACTC_TASK", task.name), *slot, *task.environment]
        return f"limited {plain(task.timeout)} {program(task.argv, variables, _word)} </dev/null"
    words = program(task.argv, task.environment, _word)
    if not task.environment and is_shell(task.argv):
        words = " ".join(map(_word, task.argv))
    own = [f"FACTC_TASK={script_quoted(task.name)}", *(assignment(*pair, _word) for pair in slot)]
    return f"{' '.join(own)} {words} </dev/null"


def _word(text: Text) -> str:
    return script_word(str(text))


def _called(task: PlanTask, number: int, name: str, call: str) -> list[str]:
    """An attempt, or as many as the task may have, and what its exit code means."""
    rules = f"{script_quoted(' '.join(map(str, task.ok)))} {script_quoted(' '.join(map(str, task.noop)))}"
    if task.retry is None:
        return [call, f'settled {name} "$?" {rules}']
    retry = task.retry
    every, backoff = round(retry.every * 1000), round(retry.backoff * 1000)
    on = "" if retry.on is None else " ".join(code for what in retry.on for code in _codes(what, task))
    return [
        f"attempt{number}() {{",
        call,
        "}",
        f"attempts {retry.times} {every} {backoff} {script_quoted(on)} {rules} attempt{number}",
        f'settled {name} "$factc_code" {rules}',
    ]


def _codes(what: int | str, task: PlanTask) -> list[str]:
    """The exit codes by which the script knows what is to be tried again."""
    if what == SIGNAL:
        return [str(code) for code in range(129, 193)]
    if what == TIMEOUT:
        return ["124"] if task.timeout is not None else []
    return [str(what)] if isinstance(what, int) else []
