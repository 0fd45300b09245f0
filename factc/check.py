"""Whether a job can be executed: names, dependencies, cycles, exit codes, executors.

Knows the job and the names that its templates came to; knows no shell, no file and no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from factc.diagnostic import Diagnostic, nearest
from factc.job import FACTC, FACTOTUM, Command, Job, Script, Task
from factc.source import Span

MAX_CODE = 255  # the highest exit code that POSIX systems report


def check_tasks(job: Job) -> list[Diagnostic]:
    """What is wrong with single tasks, whatever they are called."""
    return [d for task in job.tasks for d in (*_codes(task, job), *_executor(task, job), *_body(task, job))]


def check_names(job: Job, names: Sequence[str]) -> list[Diagnostic]:
    """Names that are empty or taken; `names` are the final ones, task by task."""
    problems = []
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        span = job.document.span((*job.tasks[i].path, "name")) if not name or name in first else None
        if not name:
            problems.append(Diagnostic("E107", "a task has an empty name", span))
        elif name in first:
            place = job.document.span((*job.tasks[first[name]].path, "name"))
            words = f"two tasks are called `{_short(name)}`"
            problems.append(Diagnostic("E101", words, span, related=[(place, "first defined here")]))
        else:
            first[name] = i
    return problems


def link(job: Job, names: Sequence[str], wanted: Sequence[Sequence[str]]) -> tuple[list[list[int]], list[Diagnostic]]:
    """Dependencies as task numbers, each once in the order written, and the ones that do not exist."""
    number = {name: i for i, name in reversed(list(enumerate(names)))}
    problems: list[Diagnostic] = []
    linked: list[list[int]] = []
    for i, dependencies in enumerate(wanted):
        known = dict.fromkeys(number[d] for d in dependencies if d in number)
        linked.append(list(known))
        if len(known) < len(dependencies):
            unknown = [k for k, d in enumerate(dependencies) if d not in number]
            problems += [_unknown(job, names, i, k, dependencies[k]) for k in unknown]
    return linked, problems


def _unknown(job: Job, names: Sequence[str], task: int, position: int, name: str) -> Diagnostic:
    span = job.document.span((*job.tasks[task].path, "dependsOn", position))
    meant = nearest(name, names)
    return Diagnostic(
        "E102", f"task `{_short(names[task])}` depends on `{_short(name)}`, which does not exist", span,
        label="no task has this name", hint=f"did you mean `{meant}`?" if meant else "",
    )  # fmt: skip


def order(dependencies: Sequence[Sequence[int]]) -> list[int]:
    """Plan order: at every step the first declared task whose dependencies are all listed.

    Tasks on a cycle, and those behind one, are left out.
    """
    from heapq import heapify, heappop, heappush

    users: list[list[int]] = [[] for _ in dependencies]
    for i, needed in enumerate(dependencies):
        for d in needed:
            users[d].append(i)
    missing = [len(needed) for needed in dependencies]
    ready = [i for i, count in enumerate(missing) if not count]
    heapify(ready)
    listed = []
    while ready:
        i = heappop(ready)
        listed.append(i)
        for user in users[i]:
            missing[user] -= 1
            if not missing[user]:
                heappush(ready, user)
    return listed


def cycles(job: Job, names: Sequence[str], dependencies: Sequence[Sequence[int]]) -> list[Diagnostic]:
    """Each cycle as the path round it, with the place of every step; [] if there is none."""
    left = set(range(len(names))) - set(order(dependencies))
    problems = []
    while left:
        path = _walk(min(left), left, dependencies)
        problems.append(_cycle(job, names, path))
        left -= set(path)
        left -= _settled(left, dependencies)
    return problems


def _walk(start: int, left: set[int], dependencies: Sequence[Sequence[int]]) -> list[int]:
    """From a task back along its dependencies until one comes again: the cycle, smallest number first."""
    seen: dict[int, int] = {}
    at = start
    while at not in seen:
        seen[at] = len(seen)
        at = next((d for d in dependencies[at] if d in left), at)
    path = [task for task, position in seen.items() if position >= seen[at]]
    lowest = path.index(min(path))
    return path[lowest:] + path[:lowest]


def _settled(left: set[int], dependencies: Sequence[Sequence[int]]) -> set[int]:
    """Of the tasks left, those that are on no cycle of their own any more."""
    users: dict[int, list[int]] = {i: [] for i in left}
    for i in left:
        for d in dependencies[i]:
            if d in left:
                users[d].append(i)
    missing = {i: sum(d in left for d in dependencies[i]) for i in left}
    free = [i for i in left if not missing[i]]
    for i in free:
        for user in users[i]:
            missing[user] -= 1
            if not missing[user]:
                free.append(user)
    return set(free)


def _cycle(job: Job, names: Sequence[str], path: list[int]) -> Diagnostic:
    """`a` needs `b` needs `c` needs `a`."""
    round_trip = [*path, path[0]]
    steps = list(pairwise(round_trip))
    spans = [_edge(job, names, a, b) for a, b in steps]
    if len(path) == 1:
        return Diagnostic("E103", f"task `{_short(names[path[0]])}` depends on itself", spans[0])
    words = " → ".join(f"`{_short(names[i])}`" for i in round_trip)
    related = [
        (span, f"`{_short(names[a])}` waits for `{_short(names[b])}`")
        for (a, b), span in zip(steps[1:], spans[1:], strict=True)
    ]
    label = f"`{_short(names[path[0]])}` waits for `{_short(names[path[1]])}`"
    return Diagnostic("E103", f"tasks wait for each other: {words}", spans[0], label=label, related=related[:20])


def _edge(job: Job, names: Sequence[str], task: int, needed: int) -> Span:
    """Where a task says that it waits for another (names may be templates: the position counts)."""
    written = job.tasks[task].dependencies
    target = job.tasks[needed].name
    position = next((i for i, d in enumerate(written) if d in (target, names[needed])), 0)
    return job.document.span((*job.tasks[task].path, "dependsOn", position))


def _codes(task: Task, job: Job) -> list[Diagnostic]:
    problems = []
    rules = (*task.path, "onResult")
    name = _short(task.name)
    if not task.ok:
        words = f"the task '{name}' has no way to continue successfully"
        problems.append(Diagnostic("E104", words, job.document.span((*rules, "continueJob")), hint="list 0, usually"))
    for code in sorted(set(task.ok) & set(task.noop)):
        words = f"the task '{name}' has conflicting actions: exit code {code} both continues the job and ends it early"
        span = job.document.span((*rules, "terminateJobWithSuccess", task.noop.index(code)))
        first = job.document.span((*rules, "continueJob", task.ok.index(code)))
        problems.append(Diagnostic("E105", words, span, related=[(first, "continues the job")]))
    if max((*task.ok, *task.noop), default=0) > MAX_CODE:
        for key, codes in (("continueJob", task.ok), ("terminateJobWithSuccess", task.noop)):
            for i, code in enumerate(codes):
                if code > MAX_CODE:
                    words = f"exit code {code} never happens: the highest is {MAX_CODE}"
                    problems.append(Diagnostic("W107", words, job.document.span((*rules, key, i))))
    return problems


def _executor(task: Task, job: Job) -> list[Diagnostic]:
    if task.executor == "shell":
        return []
    span = job.document.span((*task.path, "executor"))
    if task.executor == "exec":
        if job.document.value["schema"] != FACTOTUM:
            return []
        words = "the executor `exec` does not exist in Factotum's own schema"
        return [Diagnostic("E106", words, span, hint=f'say "schema": "{FACTC}" to use it')]
    known = ["shell"] if job.document.value["schema"] == FACTOTUM else ["shell", "exec"]
    meant = nearest(task.executor, known)
    hint = f"did you mean `{meant}`?" if meant else "known: " + ", ".join(known)
    return [Diagnostic("E106", f"the executor `{_short(task.executor)}` is not known", span, hint=hint)]


def _body(task: Task, job: Job) -> list[Diagnostic]:
    data = job.document.value["data"]["tasks"][task.path[2]]
    if "script" in data and "command" in data:
        span = job.document.key_span((*task.path, "script"))
        words = f"the task `{_short(task.name)}` has both a command and a script"
        return [Diagnostic("E108", words, span, hint="leave one of them out")]
    if isinstance(task.body, Command) and not task.body.command.strip() and not task.body.arguments:
        span = job.document.span((*task.path, "command"))
        words = f"the command of the task `{_short(task.name)}` is empty: it does nothing and succeeds"
        return [Diagnostic("W108", words, span)]
    if isinstance(task.body, Script) and not task.body.text.strip():
        span = job.document.span((*task.path, "script"))
        return [Diagnostic("W108", f"the script of the task `{_short(task.name)}` is empty", span)]
    return []


def _short(name: str) -> str:
    return name if len(name) <= 80 else name[:79] + "…"
