"""Whether a job can be executed: exit codes, executors, declarations, cycles.

Knows the job and the graph of its tasks; knows no shell, no file and no process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from factc.diagnostic import Diagnostic
from factc.model.document import Path
from factc.model.job import FACTC, FACTOTUM, Command, Job, Script, Task
from factc.model.reported import is_broken
from factc.source import Span
from factc.spelling import nearest

Edge = Callable[[int, int], Span]  # where it is said that one task waits for another
_WORD = re.compile(r"\w[\w.\-]*")
_GIVEN = re.compile(
    r"FACTC(?:_(?:RUN|RECORD|TASK|ATTEMPT|MARK|SLOT|SECRETS|OUTCOME|FAILED(?:_COUNT|_FILE)?|TAG_.*))?", re.DOTALL
)
_LIST = re.compile(r"\{\{[^{}\n]*\}\}")
MAX_STEPS = 12  # of a cycle that are shown
MAX_CODE = 255  # the highest exit code that POSIX systems report


def check_tasks(job: Job) -> list[Diagnostic]:
    """What is wrong with single tasks, whatever they are called, and with what holds for several."""
    problems = [d for name, _ in job.environment for d in _variable(name, ("data", "environment", name), job)]
    for element in job.elements:
        for name, _ in element.environment:
            problems += _variable(name, (*element.path, "environment", name), job)
    return problems + [d for task in job.tasks for d in (*_codes(task, job), *_executor(task, job), *_body(task, job))]


def _variable(name: str, path: Path, job: Job) -> list[Diagnostic]:
    """What cannot be the name of a variable of a task."""
    if name and "=" not in name and not _GIVEN.fullmatch(name):
        return []
    words, hint = f"`{_short(name)}` is no name of a variable: it holds a `=`", "the value stands behind the name"
    if not name:
        words = "a variable has no name"
    elif "=" not in name:
        words, hint = f"factc itself gives the variable {name} to tasks", "choose another name"
    return [Diagnostic("E119", words, job.document.key_span(path), hint=hint)]


def check_declarations(job: Job) -> list[Diagnostic]:
    """Secrets and variables of `each` that are called like something else."""
    problems = []
    path: Path
    taken: dict[str, tuple[str, Path]] = {p.name: ("a parameter", (*p.path, "name")) for p in job.parameters}
    for i, name in enumerate(job.secrets):
        path = ("data", "secrets", i)
        if name in taken and not is_broken(name):
            problems.append(_taken("secret", name, path, taken[name], job))
        taken.setdefault(name, ("a secret", path))
    problems += [d for task in job.tasks if task.secrets for d in _own_secrets(task, taken, job)]
    for element in job.elements:
        if element.each:
            own = dict(taken)
            for i, each in enumerate(element.each):
                path = (*element.path, "each", i, "name")
                if each.name in own and not is_broken(each.name):
                    problems.append(_taken("variable of `each`", each.name, path, own[each.name], job))
                own.setdefault(each.name, ("another one", path))
                if isinstance(each.values, str) and not is_broken(each.values) and not _LIST.fullmatch(each.values):
                    span = job.document.span((*path[:-1], "values"))
                    hint = 'one parameter, as in "{{regions}}", or a list of values: ["eu", "us"]'
                    problems.append(Diagnostic("E116", "the values of an `each` are a list", span, hint=hint))
    return problems


def _own_secrets(task: Task, taken: dict[str, tuple[str, Path]], job: Job) -> list[Diagnostic]:
    """Secrets of one task that are called like something else, or that all tasks of the job see anyway."""
    problems = []
    seen = {name: ("a variable that the task sets", (*task.path, "environment", name)) for name, _ in task.environment}
    for i, name in enumerate(task.secrets):
        path = (*task.path, "secrets", i)
        other = taken.get(name) or seen.get(name)
        if other and other[0] == "a secret" and name in taken:
            words = f"all tasks of this job see the secret `{_short(name)}` already"
            hint = "declare it above all, or for the tasks that may see it: one of the two"
            related = [(job.document.span(other[1]), "declared here")]
            problems.append(Diagnostic("E117", words, job.document.span(path), related=related, hint=hint))
        elif other:
            problems.append(_taken("secret", name, path, other, job))
        seen.setdefault(name, ("a secret", path))
    return problems


def _taken(what: str, name: str, path: Path, other: tuple[str, Path], job: Job) -> Diagnostic:
    related = [(job.document.span(other[1]), "first here")]
    words = f"the {what} `{_short(name)}` is called like {other[0]}"
    if other[0] == f"a {what}":
        words = f"the {what} `{_short(name)}` is declared twice"
    return Diagnostic("E117", words, job.document.span(path), related=related, hint="give one of them another name")


def check_pools(jobs: Sequence[Job]) -> tuple[dict[str, int], list[Diagnostic]]:
    """The pools of all files, which are one by name, and those that have two sizes."""
    problems = []
    pools: dict[str, int] = {}
    first: dict[str, Job] = {}
    for job in jobs:
        for name, slots in job.pools:
            path = ("data", "pools", name)
            if not _WORD.fullmatch(name) and not is_broken(name):
                words = f"`{_short(name)}` is no name of a pool"
                hint = "letters, digits, `_`, `.` and `-`"
                problems.append(Diagnostic("E115", words, job.document.key_span(path), hint=hint))
            if pools.setdefault(name, slots) != slots:
                words = f"the pool `{name}` has {slots} slot{'s' * (slots != 1)} here and {pools[name]} elsewhere"
                hint = "a pool is one by name over all files: give it one size, or two names"
                related = [(first[name].document.span(path), "declared here")]
                problems.append(Diagnostic("E112", words, job.document.span(path), hint=hint, related=related))
            first.setdefault(name, job)
    return pools, problems


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


def cycles(names: Sequence[str], dependencies: Sequence[Sequence[int]], edge: Edge) -> list[Diagnostic]:
    """Each cycle as the path round it, with the place of every step (`edge`); [] if there is none."""
    ordered = order(dependencies)
    if len(ordered) == len(names):
        return []
    left = _Left(dependencies, ordered)
    problems = []
    way: list[int] = []  # from a task along its dependencies; what is behind a cycle stays for the next one
    places: dict[int, int] = {}
    for start in left.tasks:
        at = start
        while way or left.holds[at]:
            while at not in places:
                places[at] = len(way)
                way.append(at)
                at = left.first(at)
            path = way[places[at] :]
            lowest = path.index(min(path))
            problems.append(_cycle(names, path[lowest:] + path[:lowest], edge))
            left.take(path)
            while way and not left.holds[way[-1]]:
                del places[way.pop()]
            at = left.first(way[-1]) if way else start
    return problems


class _Left:
    """The tasks on cycles, and those behind one, as long as their cycle is not known; each task and edge goes once."""

    def __init__(self, dependencies: Sequence[Sequence[int]], ordered: Sequence[int]) -> None:
        self._needs = dependencies
        self.holds = [True] * len(dependencies)
        for i in ordered:
            self.holds[i] = False
        self.tasks = [i for i, held in enumerate(self.holds) if held]
        self._at = [0] * len(dependencies)  # the first of a task's dependencies that may still be left
        self._users: dict[int, list[int]] = {i: [] for i in self.tasks}
        self._missing = [0] * len(dependencies)
        for i in self.tasks:
            for d in dependencies[i]:
                if self.holds[d]:
                    self._users[d].append(i)
                    self._missing[i] += 1

    def first(self, task: int) -> int:
        """The first of a task's dependencies that is left."""
        needs = self._needs[task]
        while not self.holds[needs[self._at[task]]]:
            self._at[task] += 1
        return needs[self._at[task]]

    def take(self, path: list[int]) -> None:
        """Takes a cycle away, and every task that is on none without it."""
        free = [*path]
        for i in free:
            self.holds[i] = False
        for i in free:
            for user in self._users[i]:
                self._missing[user] -= 1
                if not self._missing[user] and self.holds[user]:
                    self.holds[user] = False
                    free.append(user)


def _cycle(names: Sequence[str], path: list[int], edge: Edge) -> Diagnostic:
    """`a` needs `b` needs `c` needs `a`; of a long one the beginning."""
    round_trip = [*path, path[0]]
    steps = list(pairwise(round_trip))[:MAX_STEPS]
    spans = [edge(a, b) for a, b in steps]
    if len(path) == 1:
        return Diagnostic("E103", f"task `{_short(names[path[0]])}` depends on itself", spans[0])
    shown = [f"`{_short(names[i])}`" for i in round_trip]
    if len(path) > MAX_STEPS:
        shown[MAX_STEPS:-1] = [f"{len(path) - MAX_STEPS:,} more"]
    words = " → ".join(shown)
    related = [
        (span, f"`{_short(names[a])}` waits for `{_short(names[b])}`")
        for (a, b), span in zip(steps[1:], spans[1:], strict=True)
    ]
    label = f"`{_short(names[path[0]])}` waits for `{_short(names[path[1]])}`"
    return Diagnostic("E103", f"tasks wait for each other: {words}", spans[0], label=label, related=related[:20])


def _codes(task: Task, job: Job) -> list[Diagnostic]:
    problems = []
    rules = (*task.path, "onResult")
    name = _short(task.name)
    if not task.ok:
        words = f"the task '{name}' has no way to continue successfully"
        problems.append(Diagnostic("E104", words, job.document.span((*rules, "continueJob")), hint="list 0, usually"))
    both = set(task.ok) & set(task.noop)
    places = [{code: i for i, code in reversed(list(enumerate(codes)))} for codes in (task.ok, task.noop) if both]
    for code in sorted(both):
        words = f"the task '{name}' has conflicting actions: exit code {code} both continues the job and ends it early"
        span = job.document.span((*rules, "terminateJobWithSuccess", places[1][code]))
        first = job.document.span((*rules, "continueJob", places[0][code]))
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
    if task.executor == "exec" and job.document.value["schema"] != FACTOTUM:
        return []
    span = job.document.span((*task.path, "executor"))
    if task.executor == "exec":
        words = "the executor `exec` does not exist in Factotum's own schema"
        return [Diagnostic("E106", words, span, hint=f'say "schema": "{FACTC}" to use it')]
    known = ["shell"] if job.document.value["schema"] == FACTOTUM else ["shell", "exec"]
    if is_broken(task.executor):
        return []
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
