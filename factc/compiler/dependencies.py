"""What each task waits for: names of tasks, of all tasks of an `each` and of used jobs become numbers.

Knows names and the graph that they make; knows no shell and no file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

from factc.compiler.expand import Origin, Part, Whole, short
from factc.compiler.scope import Scope
from factc.diagnostic import Diagnostic
from factc.model.document import Path
from factc.model.job import Task, Use
from factc.model.reported import is_broken, may_be
from factc.source import Span
from factc.spelling import Words

MAX_EDGES = 3_000_000  # that names for several tasks make: more is a slip, and would take minutes


_INSIDE = re.compile(r"[\[/]")  # what stands before these is a name for several


class _Full(Exception):
    """There are more dependencies than may be, which has been said: the rest are left out."""


class Links:
    """`dependencies`: for each task the numbers of those that it waits for, each once in the order written."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.dependencies: list[list[int]] = [[] for _ in whole.units]
        self._edges = 0
        self._listed: list[str] = []  # every name, sorted: those of a part stand together
        self._words: dict[str, Words] = {}  # by the prefix of a part: its names, for questions
        self._exits: dict[int, list[int]] = {}  # by id of a part; present and empty while it is being worked out
        try:
            for part in reversed(whole.parts):  # used ones before those that use them
                self._link(part)
        except _Full:
            pass

    def _link(self, part: Part) -> None:
        finals = []
        for i in part.own:
            unit = self.whole.units[i]
            task = unit.task
            if task.dependencies:
                self.dependencies[i] = self._resolved(part, task, unit.scope, unit.name)
            elif task.final:
                finals.append(i)
        for used in part.uses:
            self._link_first(used)
        if finals:
            waited = self._waited(part)
            ends = [i for i in range(part.first, part.end) if i not in waited and not self._is_final(i)]
            self._count(part, self.whole.units[finals[0]].task, len(finals) * len(ends))
            for i in finals:
                self.dependencies[i] = ends

    def _link_first(self, used: Part) -> None:
        """The first tasks of a used job wait for what the `use` waits for."""
        if used.origin and used.origin.use.dependencies:
            needed = self._before(used, used.origin)
            first = [i for i in range(used.first, used.end) if not self.dependencies[i]]
            self._count(used.origin.part, used.origin.use, len(first) * len(needed))
            for i in first:
                self.dependencies[i] = needed

    def _before(self, used: Part, origin: Origin) -> list[int]:
        return self._resolved(origin.part, origin.use, origin.scope, used.prefix[:-1])

    def _resolved(self, part: Part, element: Task | Use, scope: Scope, name: str) -> list[int]:
        """The numbers that the written dependencies mean; unknown ones become problems."""
        found: dict[int, None] = {}
        numbers, prefix = self.whole.numbers, part.prefix
        ordinary = isinstance(element, Use) or not element.final
        if scope.each:  # the same words once more for each value
            self._count(part, element, len(element.dependencies))
        for k, text in enumerate(element.dependencies):
            wanted = prefix + scope.final(text, (*element.path, "dependsOn", k))
            if is_broken(wanted):
                continue  # nobody knows which task is meant
            if wanted in numbers:
                meant: Sequence[int] = (numbers[wanted],)
            elif wanted in self.whole.groups:
                meant = self._group(wanted)
                self._count(part, element, len(meant))
            elif self._may_be(wanted, part):
                continue
            else:
                part.scope.problems.append(self._unknown(part, (*element.path, "dependsOn", k), name, wanted))
                continue
            if ordinary and self._names_final(wanted):
                self._refuse_final(part, element, k, name, wanted)
            else:
                found.update(dict.fromkeys(meant))
        return list(found)

    def _group(self, name: str) -> list[int]:
        """The tasks that a name for several means."""
        found: dict[int, None] = {}
        for one in self.whole.groups[name]:
            found.update(dict.fromkeys([one] if isinstance(one, int) else self._last(one)))
        return list(found)

    def _last(self, part: Part) -> list[int]:
        """What waiting for a used job waits for; for one without tasks, what that waits for."""
        if id(part) not in self._exits:
            self._exits[id(part)] = []
            waited = self._waited(part)
            ends = [i for i in range(part.first, part.end) if i not in waited]  # its `finally` tasks are among them
            if part.first == part.end and part.origin:
                ends = self._before(part, part.origin)
            self._exits[id(part)] = ends
        return self._exits[id(part)]

    def _waited(self, part: Part) -> set[int]:
        """The tasks that an ordinary task of the same part waits for."""
        tasks = range(part.first, part.end)
        return {d for i in tasks if not self._is_final(i) for d in self.dependencies[i]}

    def _is_final(self, number: int) -> bool:
        return self.whole.units[number].task.final

    def _names_final(self, name: str) -> bool:
        """Whether a name is that of a `finally` rule. (A used job is waited for whole, with such tasks.)"""
        group = self.whole.groups.get(name)
        first = self.whole.numbers.get(name) if group is None else next(iter(group), None)
        return isinstance(first, int) and self._is_final(first)

    # ---- what is wrong

    def _may_be(self, wanted: str, part: Part) -> bool:
        """Whether a name that is unknown may be one of those that could not be told, or not be read."""
        inside = (wanted[: match.start()] for match in _INSIDE.finditer(wanted, len(part.prefix)))
        if self.whole.full or any(one in self.whole.vague for one in inside):
            return True
        if not self._unread:
            return False
        owner = part
        while inner := next((used for used in owner.uses if wanted.startswith(used.prefix)), None):
            owner = inner
        return may_be(wanted[len(owner.prefix) :], owner.job.document.unread)

    @cached_property
    def _unread(self) -> bool:
        return any(part.job.document.unread for part in self.whole.parts)

    def _unknown(self, part: Part, path: Path, name: str, wanted: str) -> Diagnostic:
        span = part.job.document.span(path)
        missing = wanted[len(part.prefix) :]
        meant = self._named(part.prefix).nearest(missing, but=name)
        words = f"task `{short(name)}` depends on `{short(missing)}`, which does not exist"
        hint = f"did you mean `{meant}`?" if meant else ""
        return Diagnostic("E102", words, span, label="no task has this name", hint=hint)

    def _named(self, prefix: str) -> Words:
        """The names of a part and of all that it uses, as they are written in it."""
        if prefix not in self._words:
            if not self._listed:
                self._listed = sorted({*self.whole.numbers, *self.whole.groups})
            names, at = [], bisect_left(self._listed, prefix)
            while at < len(self._listed) and self._listed[at].startswith(prefix):
                names.append(self._listed[at][len(prefix) :])
                at += 1
            self._words[prefix] = Words(names)
        return self._words[prefix]

    def _refuse_final(self, part: Part, element: Task | Use, position: int, name: str, wanted: str) -> None:
        span = part.job.document.span((*element.path, "dependsOn", position))
        words = f"`{short(name)}` waits for `{short(wanted[len(part.prefix) :])}`, which is a `finally` task"
        hint = "only a `finally` task may wait for one; what others need is an ordinary task"
        part.scope.problems.append(Diagnostic("E113", words, span, hint=hint))

    def _count(self, part: Part, element: Task | Use, more: int) -> None:
        self._edges += more
        if self._edges > MAX_EDGES:
            span = part.job.document.span((*element.path, "name"))
            words = f"with this, tasks wait for each other in more than {MAX_EDGES:,} ways"
            hint = "put a rule without a recipe between: it waits for all of them, and the others for it"
            part.scope.problems.append(Diagnostic("E118", words, span, hint=hint))
            raise _Full

    def edge(self, task: int, needed: int) -> Span:
        """Where it is said that a task waits for another."""
        unit = self.whole.units[task]
        origin: Origin | None = unit.part.origin
        place = self._said(unit.part, unit.task, unit.scope, needed)
        while place is None and origin:
            place = self._said(origin.part, origin.use, origin.scope, needed)
            origin = origin.part.origin
        return place or unit.part.job.document.span((*unit.task.path, "name"))

    def _said(self, part: Part, element: Task | Use, scope: Scope, needed: int) -> Span | None:
        for k, text in enumerate(element.dependencies):
            name = part.prefix + scope.final(text, (*element.path, "dependsOn", k))
            group: Sequence[int] = self._group(name) if name in self.whole.groups else ()
            if self.whole.numbers.get(name) == needed or needed in group:
                return part.job.document.span((*element.path, "dependsOn", k))
        return None
