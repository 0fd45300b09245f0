"""From a job to the list of all its tasks: one for each value of an `each`, and those of the jobs that it uses.

Knows names and values; does not know what tasks do or wait for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from factc.compiler.scope import Scope
from factc.compiler.used_scope import InnerScope
from factc.diagnostic import Diagnostic
from factc.model import template
from factc.model.document import Path
from factc.model.job import Each, Job, Task, Use
from factc.model.reported import BROKEN, is_broken
from factc.plan import Family
from factc.plan.values import Given
from factc.reach import MAX_TASKS, Reach
from factc.source import Span


class Part:
    """One job in its place: the whole one, or one that is used.

    own:   the numbers of the tasks that it says itself.
    uses:  the jobs that it uses, a part for each value of an `each`.
    first, end: its tasks, with those of the jobs that it uses, have the numbers from `first` up to `end`.
    origin: for a used one, where the `use` stands.
    """

    __slots__ = ("job", "scope", "origin", "prefix", "own", "uses", "first", "end")

    def __init__(self, job: Job, scope: Scope, prefix: str = "", origin: Origin | None = None) -> None:
        self.job = job
        self.scope = scope
        self.prefix = prefix
        self.origin = origin
        self.own: list[int] = []
        self.uses: list[Part] = []
        self.first = self.end = 0


class Origin:
    """Where a used job comes in: the part that uses it, its `use`, and the scope there, with the values of `each`."""

    __slots__ = ("part", "use", "scope")

    def __init__(self, part: Part, use: Use, scope: Scope) -> None:
        self.part = part
        self.use = use
        self.scope = scope


class Unit:
    """A task that will be one of the plan."""

    __slots__ = ("task", "part", "scope", "name")

    def __init__(self, task: Task, part: Part, scope: Scope, name: str) -> None:
        self.task = task
        self.part = part
        self.scope = scope
        self.name = name


class Whole:
    """A job with all that it uses.

    numbers: of single tasks by name. groups: what a name for several means: the numbers of an `each`, or parts.
    vague: those of them whose values could not be told, so that nobody knows which single tasks there are.
    full: whether there are more tasks than may be, so that the rest are left out.
    """

    def __init__(self, job: Job, given: Given) -> None:
        self.root = Part(job, Scope(job, given))
        self.parts: list[Part] = []
        self.units: list[Unit] = []
        self.numbers: dict[str, int] = {}
        self.groups: dict[str, list[int] | list[Part]] = {}
        self.vague: set[str] = set()
        self.full = False
        self._places: dict[str, tuple[Part, Path]] = {}  # of groups
        self._reach = Reach()
        self._add(self.root)

    # ---- one after the other

    def _add(self, part: Part) -> None:
        self.parts.append(part)
        part.first = len(self.units)
        for element in part.job.elements:
            if isinstance(element, Use):
                self._add_use(part, element)
            elif element.each:
                self._add_each(part, element)
            else:
                name = part.prefix + part.scope.final(element.name, (*element.path, "name"))
                self._add_task(part, Unit(element, part, part.scope, name))
        part.end = len(self.units)

    def _add_task(self, part: Part, unit: Unit) -> None:
        number, name = len(self.units), unit.name
        if name in self.numbers or name in self.groups or name == part.prefix:
            self._refuse(part, unit.task.path, name)
        self.numbers.setdefault(name, number)
        part.own.append(number)
        self.units.append(unit)

    def _add_each(self, part: Part, task: Task) -> None:
        name = part.prefix + _base(task, part.scope)
        numbers: list[int] = []
        self._add_group(part, task.path, name, numbers)
        for label, values in self._instances(part, task):
            numbers.append(len(self.units))
            self._add_task(part, Unit(task, part, part.scope.inside(values), f"{name}[{label}]"))
            if is_broken(label):
                self.vague.add(name)
        if not numbers:
            self.vague.add(name)

    def _add_use(self, part: Part, use: Use) -> None:
        name = part.prefix + use.name
        parts: list[Part] = []
        self._add_group(part, use.path, name, parts)
        if use.job is None:
            self.vague.add(name)
            return
        if not use.each:
            parts += self._add_used(part, part.scope, use, name)
        for label, values in self._instances(part, use) if use.each else ():
            some = self._add_used(part, part.scope.inside(values), use, f"{name}[{label}]")
            self._add_group(part, use.path, f"{name}[{label}]", some)
            parts += some
            if is_broken(label):
                self.vague.add(name)
        if not parts:
            self.vague.add(name)

    def _add_used(self, part: Part, scope: Scope, use: Use, name: str) -> list[Part]:
        """A used job in its place, as a list; none where there is no room for it."""
        assert use.job is not None
        if not self._has_room(part, use.path, 1 + use.job.size):
            return []
        inner = InnerScope(use.job, use, scope, name + "/")
        used = Part(use.job, inner, name + "/", Origin(part, use, scope))
        part.uses.append(used)
        self._add(used)
        return [used]

    def families(self) -> list[Family]:
        """The names for several tasks, each behind those that it lies in: of used jobs, and of all of an `each`."""
        used = {part.prefix[:-1] for part in self.parts}
        found = [Family(part.prefix[:-1], part.first, part.end - 1, True) for part in self.parts if part.origin]
        for name, group in self.groups.items():
            if name not in used and group:
                one, other = group[0], group[-1]
                first = one if isinstance(one, int) else one.first
                found.append(Family(name, first, other if isinstance(other, int) else other.end - 1))
        found = [family for family in found if family.first <= family.last]
        return sorted(found, key=lambda family: (family.first, -family.last, len(family.name)))

    def _add_group(self, part: Part, path: Path, name: str, group: list[int] | list[Part]) -> None:
        if name in self.numbers or name in self.groups or name == part.prefix:
            self._refuse(part, path, name)
        self.groups.setdefault(name, group)
        self._places.setdefault(name, (part, path))

    # ---- each

    def _instances(self, part: Part, element: Task | Use) -> Iterator[tuple[str, dict[str, str]]]:
        """The values of each combination: as they stand in the name, and by variable."""
        lists = [_values(each, part.scope, (*element.path, "each", i)) for i, each in enumerate(element.each)]
        if not self._has_room(part, element.path, prod(map(len, lists))):
            return
        names = [each.name for each in element.each]
        for values in product(*lists):
            yield ",".join(values), dict(zip(names, values, strict=True))

    def _has_room(self, part: Part, path: Path, more: int) -> bool:
        if not self._reach.made(more) and not self.full:
            self.full = True
            words = f"with this, `each` and `use` make more than {MAX_TASKS:,} tasks"
            span = part.job.document.span((*path, "name"))
            part.scope.problems.append(Diagnostic("E118", words, span))
        return not self.full

    # ---- names

    def _refuse(self, part: Part, path: Path, name: str) -> None:
        """A name that is empty or taken."""
        if is_broken(name):
            return
        span = part.job.document.span((*path, "name"))
        if name == part.prefix:
            part.scope.problems.append(Diagnostic("E107", "a task has an empty name", span))
            return
        words = f"two tasks are called `{short(name)}`"
        related = [(self._place(name), "first defined here")]
        part.scope.problems.append(Diagnostic("E101", words, span, related=related))

    def _place(self, name: str) -> Span:
        """Where a name is defined."""
        part, path = self._places.get(name) or self._unit_place(name)
        return part.job.document.span((*path, "name"))

    def _unit_place(self, name: str) -> tuple[Part, Path]:
        unit = self.units[self.numbers[name]]
        return unit.part, unit.task.path


def uses(part: Part) -> list[tuple[Span, str]]:
    """How a part came in: the place of each `use`, the innermost first."""
    places = []
    while origin := part.origin:
        span = origin.part.job.document.span((*origin.use.path, "name"))
        places.append((span, f"used here as `{short(origin.use.name)}`"))
        part = origin.part
    return places


def short(name: str) -> str:
    return name if len(name) <= 80 else name[:79] + "…"


def _base(task: Task, scope: Scope) -> str:
    """The name of a rule with `each`, which its values are added to."""
    path = (*task.path, "name")
    own = {each.name for each in task.each} & set(template.names(task.name))
    if not own:
        return scope.final(task.name, path)
    words = f"`{min(own)}` has a value only below its rule's name"
    hint = "the values stand in the name anyway: a rule `load` has the tasks `load[…]`"
    scope.problems.append(Diagnostic("E116", words, scope.job.document.span(path), hint=hint))
    return task.name


def _values(each: Each, scope: Scope, path: Path) -> list[str]:
    """The values of one variable."""
    place = (*path, "values")
    if isinstance(each.values, str):
        values = scope.final(each.values, place).split()
        span = scope.job.document.span(place) if not values else None
        if not values:
            words = f"there is no value for `{each.name}`: {each.values} is empty"
            hint = f"give {each.values} at least one word"
            scope.problems.append(Diagnostic("E502", words, span, hint=hint))
            values = [BROKEN]
    else:
        values = [scope.final(text, (*place, i)) for i, text in enumerate(each.values)]
    if (len(set(values)) < len(values) or "" in values) and not any(map(is_broken, values)):
        scope.problems.append(_not_distinct(each, values, scope, place))
    return list(dict.fromkeys(values))


def _not_distinct(each: Each, values: list[str], scope: Scope, place: Path) -> Diagnostic:
    first = {value: i for i, value in reversed(list(enumerate(values)))}
    at = next(i for i, value in enumerate(values) if not value or first[value] < i)
    words = f"`{short(values[at])}` stands twice among the values of `{each.name}`" if values[at] else "an empty value"
    span = scope.job.document.span((*place, at) if not isinstance(each.values, str) else place)
    return Diagnostic("E116", words, span, hint="each value makes one task with a name of its own")
