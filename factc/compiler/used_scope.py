"""What names stand for in a job that another one uses: its parameters are given by that one, or are their defaults.

Knows the scope of the job outside; knows no file. What is still open there stays open here: a parameter that is
nothing but an open one outside is that one, any other that depends on one becomes a parameter of the plan under a
name that no job can give (`report/day`).
"""

from __future__ import annotations

from factc.compiler.scope import Scope
from factc.diagnostic import Diagnostic
from factc.model import template
from factc.model.document import Path
from factc.model.job import Declaration, Job, Use
from factc.model.reported import BROKEN, is_broken, may_be
from factc.model.template import Tag
from factc.plan import Parameter, Text
from factc.plan.values import TAG
from factc.source import Span
from factc.spelling import MOST, Words, nearest, some


class InnerScope(Scope):
    """The parameters of a job where it is used; `prefix` is what its names begin with in the plan."""

    def __init__(self, job: Job, use: Use, outer: Scope, prefix: str) -> None:
        self.use = use
        self.outer = outer
        self.prefix = prefix
        self._given = dict(use.values)
        self._same: dict[str, Tag] = {}  # by name, the tag outside that it is nothing but
        self._open: dict[str, Text] = {}
        self._missing: list[Declaration] = []
        self._names: Words | None = None
        self._listed = ""
        super().__init__(job, outer.given, outer)
        if self._missing and BROKEN not in self._given:  # an error node: who knows what is given
            meant = {
                nearest(name, (d.name for d in self._missing)) for name in self._given if name not in self.declared
            }
            self._missing = [d for d in self._missing if d.name not in meant]  # that a name is misspelt is told
            if self._missing:
                outer.problems.append(self._without_value())

    def known_as(self, name: str) -> str:
        if name.startswith(TAG):
            return name
        tag = self._outside(name)
        return self.outer.known_as(tag.name) if tag else self.prefix + name

    def close(self) -> None:
        """Settles what has become final since, and looks for values that nothing takes."""
        for name, text in list(self._open.items()):
            self._set(name, self.filled(text, self.fixed, self._origin(name)))
        for name in self._given:
            if name not in self.declared and name not in self.used and not may_be(name, self.job.document.unread):
                self.outer.problems.append(self._not_taken(name))

    def parameters(self) -> list[Parameter]:
        listed = [name for name in self._open if name in self.used]
        return [self._parameter(name) for name in listed]

    # ---- where values come from

    def _declare(self, declaration: Declaration) -> None:
        name, default = declaration.name, declaration.default
        if default is not None:
            self._check_default(declaration)
        self.declared[name] = declaration
        self._measure(declaration)
        if name in self._given:
            self._give(name)
        elif default is not None:
            self._set(name, self._default(declaration))
        else:
            self._missing.append(declaration)
            self._settle(name, BROKEN)

    def _give(self, name: str) -> None:
        """Takes the value that the `use` gives."""
        text, path = self._given[name], self._path(name)
        tag = None if self._allowed(name) else _single(text)
        if tag and tag.name not in self.outer.each:
            if tag.name not in self.outer.declared:
                self.outer.pieces(text, path)
            if tag.name in self.outer.declared or tag.name in self.outer.used:
                self._same[name] = tag
                return
        self._set(name, self.outer.open(text, path))

    def _set(self, name: str, text: Text) -> None:
        self._open[name] = text
        if isinstance(text, str):
            del self._open[name]
            self._settle(name, text)

    def _settle(self, name: str, value: str) -> None:
        allowed = self._allowed(name)
        if allowed and value not in allowed and not is_broken(value):
            self._refuse(name, value, allowed)
        self.fixed[self.prefix + name] = value
        self.hidden.add(self.prefix + name)

    def _parameter(self, name: str) -> Parameter:
        declaration = self.declared.get(name)
        description = declaration.description if declaration else ""
        return Parameter(self.prefix + name, self._open[name], self._allowed(name), description=description)

    def _allowed(self, name: str) -> tuple[str, ...] | None:
        return self.declared[name].allowed if name in self.declared else None

    def _outside(self, name: str) -> Tag | None:
        """The tag outside that a name is nothing but; `who.name` is that of the object that `who` is outside."""
        if name in self._same:
            return self._same[name]
        head, dot, rest = name.partition(".")
        if not dot or name in self.declared or head not in self._same:
            return None
        tag = self._same[head]
        return Tag(f"{tag.name}.{rest}", tag.start, tag.end)

    # ---- names as they are used

    def _use(self, tag: Tag, path: Path) -> None:
        name = tag.name
        if name in self.used or name in self.each:
            return
        outside = self._outside(name)
        if name.startswith(TAG):
            self._use_tag(tag, path)
        elif outside:
            self.outer._use(outside, self._path(name.split(".")[0] if name not in self._given else name))
        elif name not in self.declared:
            if not self.job.lenient or name in self.job.secret_names:
                self._miss(tag, path)
                return
            if name in self._given:
                self._give(name)
            else:
                self.problems.append(self._empty(tag, path))
                self._settle(name, "")
        self.used[name] = None

    def _use_tag(self, tag: Tag, path: Path) -> None:
        """A tag is the whole run's."""
        if self.job.lenient and tag.name not in self.root.used:
            self.root.undeclared.setdefault(tag.name, (self.job.document, path, tag))
        self.root._mark(tag.name)

    def _fix(self, tag: Tag, path: Path) -> str:
        name = tag.name
        known = self.known_as(name)
        if name in self.each:
            return self.each[name] or ""
        if known in self.fixed:
            return self.fixed[known]
        outside = self._outside(name)
        if outside:
            return self.outer._fix(outside, self._path(name if name in self._given else name.split(".")[0]))
        if name.startswith(TAG):
            self._lack(tag, path)
        elif name in self._open:
            self._set(name, self._final(name))
        return self.fixed.get(known, BROKEN)

    def _final(self, name: str) -> str:
        """The value of an open parameter, with all that it depends on made final."""
        if name in self._given:
            return self.outer.final(self._given[name], self._path(name))
        declaration = self.declared[name]
        self._fix_above(declaration)
        self.fixed[self.prefix + name] = ""  # for defaults in a circle, which has been said
        return self.final(declaration.default or "", (*declaration.path, "default"))

    def _is_open(self, name: str) -> bool:
        return name not in self._given and super()._is_open(name)

    # ---- what is wrong

    def _origin(self, name: str) -> Path:
        """Where a text stands, if it is one of this job."""
        return (*self.declared[name].path, "default") if name in self.declared else ("data", "name")

    def _path(self, name: str) -> Path:
        return (*self.use.path, "values", name)

    def _place(self, name: str) -> Span:
        """Where a value comes from: the line below the `use`, or the default."""
        if name in self._given:
            return self.outer.job.document.span(self._path(name))
        return self.job.document.span((*self.declared[name].path, "default"))

    def _refuse(self, name: str, value: str, allowed: tuple[str, ...]) -> None:
        given = name in self._given
        written = self._given[name] if given else self.declared[name].default or ""
        if not given and "{{" not in written:
            return  # a wrong default has been said
        meant = nearest(value, allowed)
        hint = "allowed are: " + some(allowed) + (f"; did you mean `{meant}`?" if meant else "")
        words = f"`{value}` is not allowed for the parameter `{name}` of `{self.use.name}`"
        related = [(self.job.document.span((*self.declared[name].path, "name")), "declared here")]
        code = "E503" if "{{" in written else "E606"
        problems = self.outer.problems if given else self.problems
        problems.append(Diagnostic(code, words, self._place(name), hint=hint, related=related))

    def _without_value(self) -> Diagnostic:
        names = some([f"`{d.name}`" for d in self._missing], " and ")
        span = self.outer.job.document.span((*self.use.path, "name"))
        related = [(self.job.document.span((*d.path, "name")), "declared here") for d in self._missing[:MOST]]
        first = self._missing[0].name
        words = f"the job used as `{self.use.name}` needs {names}"
        return Diagnostic("E605", words, span, hint=self._how_to_give(first), related=related)

    def _how_to_give(self, name: str) -> str:
        if self.outer.job.lenient:
            return f'give it: "values": {{"{name}": "…"}}'
        return f"give it on an indented line below the `use`: {name} = …"

    def _empty(self, tag: Tag, path: Path) -> Diagnostic:
        span = self.job.document.span(path, tag.start, tag.end)
        words = f"`{tag.name}` has no value: it is empty here"
        return Diagnostic("W202", words, span, hint=self._how_to_give(tag.name))

    def _not_taken(self, name: str) -> Diagnostic:
        if self._names is None:
            names = dict.fromkeys([*self.declared, *(n for n in self.used if not n.startswith(TAG))])
            self._names, self._listed = Words(names), some(list(names))
        meant = self._names.nearest(name)
        listed = f"it has: {self._listed}" if self._listed else "it declares none"
        hint = f"did you mean `{meant}`?" if meant else listed
        words = f"the job used as `{self.use.name}` has no parameter `{name}`"
        return Diagnostic("E604", words, self.outer.job.document.key_span(self._path(name)), hint=hint)


def _single(text: str) -> Tag | None:
    """The tag that a template is nothing but."""
    if not text.startswith("{{"):
        return None
    pieces, _ = template.parse(text)
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], Tag) else None
