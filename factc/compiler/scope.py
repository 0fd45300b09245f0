"""What each name in a job's templates stands for: final when compiled, or still open in the plan.

Knows no shell and no graph. A name that must be final (in a task's name, a dependency, a directory) takes
its value or default now; everywhere else a parameter without a given value stays open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice

from factc.diagnostic import ERROR, Diagnostic, RequestError
from factc.model import template
from factc.model.document import Document, Path
from factc.model.job import Declaration, Job
from factc.model.reported import BROKEN, is_broken, may_be
from factc.model.template import Tag
from factc.plan import MAX_TEXT, VERBATIM, Hole, Parameter, Text, TooLong, filled, quoted
from factc.plan.values import TAG, Given, allowed, check_names, how_to_give
from factc.spelling import FEW, nearest, some

_hole = lru_cache(maxsize=1000)(Hole)  # the same few stand in all recipes


class Scope:
    """The parameters of a job that is being compiled.

    `fixed` holds what is final by now, by the name that it has in the plan; `each` the variables of the one task or
    used job that is looked at; `undeclared` the first place of each variable that a JSON Factfile uses without
    declaring it; `problems` all that was found wrong with names and values. `outer` is the scope of the job that uses
    this one; all share what is fixed, and `hidden`, the names of what is fixed and no parameter of the whole job.
    """

    def __init__(self, job: Job, given: Given, outer: Scope | None = None) -> None:
        self.job = job
        self.given = given
        self.root: Scope = outer.root if outer else self
        self.declared: dict[str, Declaration] = {}
        self.fixed: dict[str, str] = outer.fixed if outer else {}
        self.hidden: set[str] = outer.hidden if outer else set()
        self.each: dict[str, str | None] = {}
        self.made: dict[int, Sequence[Text]] = {}  # words of tasks with `each`, whose values are still to be put in
        self.undeclared: dict[str, tuple[Document, Path, Tag]] = {}
        self.used: dict[str, None] = {}
        self._lengths: dict[str, int] = {}  # of defaults
        self.problems: list[Diagnostic] = []
        self.refused: RequestError | None = None  # of the outermost: a value that a default came to and must not have
        for declaration in job.parameters:
            if self._is_new(declaration):
                self._declare(declaration)

    def inside(self, each: Mapping[str, str | None]) -> Scope:
        """The same scope where some variables of `each` have a value."""
        if not each:
            return self
        scope = object.__new__(type(self))
        scope.__dict__.update(self.__dict__)
        scope.each = dict(each)
        return scope

    def with_each(self, words: Sequence[Text], path: Path) -> tuple[Text, ...]:
        """Words that were made `inside` variables without values, with the values that these have here."""
        values = {_variable(name): value for name, value in self.each.items() if value is not None}
        return tuple(self.filled(self.filled(text, values, path), self.fixed, path) for text in words)

    def hole(self, name: str, quote: str) -> str | Hole:
        """The place of a name in a text of the plan: open, unless `each` says what stands there."""
        if name in self.each:
            value = self.each[name]
            return _hole(_variable(name), quote) if value is None else quoted(value, quote)
        return _hole(self.known_as(name), quote)

    def known_as(self, name: str) -> str:
        """The name that a parameter has in the plan."""
        return name

    def pieces(self, text: str, path: Path) -> template.Pieces:
        """A template taken apart; what is wrong with it, and names that do not exist, become problems."""
        if "{{" not in text:
            return [text]
        pieces, problems = template.parse(text)
        self.problems += [d for p in problems if (d := self._judge(p, text, path))]
        for tag in [p for p in pieces if isinstance(p, Tag)]:
            self._use(tag, path)
        return pieces

    def final(self, text: str, path: Path) -> str:
        """A template whose every name must have a value now; BROKEN is in what nobody knows for a mistake."""
        if "{{" not in text:
            return text
        said = len(self.problems)
        whole = self._whole(self.pieces(text, path), path)
        return BROKEN if any(d.severity == ERROR for d in self.problems[said:]) else whole

    def open(self, text: str, path: Path) -> Text:
        """A template that is filled as far as values were given; the rest stays open, verbatim."""
        pieces = self.pieces(text, path)
        return self.text([p if isinstance(p, str) else self.hole(p.name, VERBATIM) for p in pieces], path)

    def text(self, pieces: Sequence[str | Hole], path: Path) -> Text:
        """Pieces with every hole filled whose value is known now; what is too long becomes a problem."""
        return self.filled(tuple(pieces), self.fixed, path)

    def filled(self, text: Text, values: Mapping[str, str], path: Path) -> Text:
        """A text with these values in it."""
        try:
            return filled(text, values)
        except TooLong:
            self.problems.append(self.too_long(path))
            return ""

    def _whole(self, pieces: template.Pieces, path: Path) -> str:
        """A template with the value of every name in it."""
        parts: list[str] = []
        length = 0
        for piece in pieces:
            part = piece if isinstance(piece, str) else self._fix(piece, path)
            parts.append(part)
            length += len(part)
            if length > MAX_TEXT and len(pieces) > 1:
                self.problems.append(self.too_long(path))
                return ""
        return "".join(parts)

    def too_long(self, path: Path) -> Diagnostic:
        words = f"with its values this text has more than {MAX_TEXT:,} bytes, which no command takes"
        return Diagnostic("E208", words, self.job.document.span(path), hint="put it into a file and give its path")

    def values(self) -> dict[str, str]:
        """What has been settled, by name."""
        return {name: value for name, value in self.fixed.items() if name not in self.hidden}

    def close(self) -> None:
        """Everything has been looked at."""

    def parameters(self) -> list[Parameter]:
        """What is still open: the declared ones in order, then variables in order of first use."""
        dotted = {name.split(".")[0] for name in self.used if "." in name and name.split(".")[0] in self.declared}
        names = [n for n in self.declared if n in self.used or n not in dotted]
        names += [n for n in self.used if n not in self.declared]
        return [self._parameter(name) for name in names if name not in self.fixed]

    def check_names(self) -> None:
        """Raises RequestError for a name given by `--set` that nothing in the job is called."""
        check_names(self.given.named, [*self.declared, *self.used])

    # ---- declared parameters

    def _is_new(self, declaration: Declaration) -> bool:
        name = declaration.name
        if name not in self.declared:
            return True
        first = self.job.document.span((*self.declared[name].path, "name"))
        span = self.job.document.span((*declaration.path, "name"))
        words = f"the parameter `{name}` is declared twice"
        self.problems.append(Diagnostic("E205", words, span, related=[(first, "first here")]))
        return False

    def _declare(self, declaration: Declaration) -> None:
        name = declaration.name
        if declaration.default is not None:
            self._check_default(declaration)
        self.declared[name] = declaration
        self._measure(declaration)
        value = self.given.text(name) if not isinstance(self.given.values.get(name), dict) else None
        if value is not None:
            self.fixed[name] = allowed(name, value, declaration.allowed)

    def _check_default(self, declaration: Declaration) -> None:
        path, default = (*declaration.path, "default"), declaration.default or ""
        pieces = self.pieces(default, path)
        constant = all(isinstance(p, str) for p in pieces)
        if constant and not is_broken(default) and declaration.allowed and default not in declaration.allowed:
            words = f"the default of `{declaration.name}` is not one of its allowed values"
            hint = "allowed are: " + some(declaration.allowed)
            self.problems.append(Diagnostic("E206", words, self.job.document.span(path), hint=hint))

    def _measure(self, declaration: Declaration) -> None:
        """Looks how long a default gets by those above it, before any is made."""
        pieces = template.parse(declaration.default or "")[0]
        length = sum(len(p) if isinstance(p, str) else self._lengths.get(p.name, 0) for p in pieces)
        if length > MAX_TEXT and len(pieces) > 1:
            self.problems.append(self.too_long((*declaration.path, "default")))
            length = 0
        self._lengths[declaration.name] = length

    def _parameter(self, name: str) -> Parameter:
        declaration = self.declared.get(name)
        if declaration:
            default = None if declaration.default is None else self._default(declaration)
            return Parameter(name, default, declaration.allowed, description=declaration.description)
        if self.job.lenient or name in self.undeclared:
            return Parameter(name, "", declared=False)
        return Parameter(name)

    def _default(self, declaration: Declaration) -> Text:
        pieces, _ = template.parse(declaration.default or "")
        holes = [p if isinstance(p, str) else self.hole(p.name, VERBATIM) for p in pieces]
        return self.text(holes, (*declaration.path, "default"))

    # ---- names as they are used

    def _use(self, tag: Tag, path: Path) -> None:
        name = tag.name
        if name in self.used or name in self.each:
            return
        if name not in self.declared and name.split(".")[0] not in self.declared:
            if self.job.lenient and name not in self.job.secret_names:
                self.undeclared.setdefault(name, (self.job.document, path, tag))
            elif not name.startswith(TAG):
                self._miss(tag, path)
                return
        self._mark(name)

    def _mark(self, name: str) -> None:
        """A name is used: the value that was given for it is final."""
        self.used[name] = None
        value = self.given.text(name) if name not in self.fixed else None
        if value is not None:
            self.fixed[name] = value

    def _fix(self, tag: Tag, path: Path) -> str:
        """The value that a name has when compiled; a default makes it final."""
        name = tag.name
        if name in self.each:
            return self.each[name] or ""
        if name in self.fixed:
            return self.fixed[name]
        if name not in self.used:  # unknown, and said so already
            return BROKEN
        declaration = self.declared.get(name)
        if declaration and declaration.default is not None:
            self._fix_above(declaration)
            pieces, _ = template.parse(declaration.default)
            self.fixed[name] = ""  # for defaults in a circle, which has been said
            self.fixed[name] = self._permitted(declaration, self._whole(pieces, (*declaration.path, "default")))
            return self.fixed[name]
        self._lack(tag, path)
        return self.fixed[name]

    def _permitted(self, declaration: Declaration, value: str) -> str:
        """The value that a default has come to; BROKEN for one that is not allowed."""
        if is_broken(value) or declaration.allowed is None or value in declaration.allowed:
            return value
        if "{{" in (declaration.default or ""):  # else it has been said of the default itself
            try:
                allowed(declaration.name, value, declaration.allowed)
            except RequestError as error:
                self.root.refused = self.root.refused or error
        return BROKEN

    def _fix_above(self, declaration: Declaration) -> None:
        """Makes those final that a default is made of, the topmost first: a long way up is no deep one."""
        order = self.job.order
        waiting = [declaration]
        while waiting:
            last = waiting[-1]
            names = template.names(last.default or "") if self._is_open(last.name) else []
            above = [n for n in names if n in order and order[n] < order[last.name] and self._is_open(n)]
            waiting += [self.declared[n] for n in above]
            if not above and waiting.pop() is not declaration:
                self._fix(Tag(last.name, 0, 0), last.path)

    def _is_open(self, name: str) -> bool:
        """Whether a parameter has a default that is not final yet."""
        return self.known_as(name) not in self.fixed and self.declared[name].default is not None

    def _lack(self, tag: Tag, path: Path) -> None:
        """A name of the whole job has no value: a JSON Factfile's variable is empty then, a parameter unknown."""
        empty = tag.name in self.root.undeclared
        self.problems.append(self.root.empty(tag.name) if empty else self._needed(tag, path))
        self.fixed[tag.name] = "" if empty else BROKEN

    def _needed(self, tag: Tag, path: Path) -> Diagnostic:
        span = self.job.document.span(path, tag.start, tag.end)
        words = f"`{tag.name}` has no value, and this place needs one when the job is compiled"
        return Diagnostic("E501", words, span, hint=how_to_give([tag.name]))

    def empty(self, name: str) -> Diagnostic:
        """The warning that a variable without a value is empty."""
        document, path, tag = self.undeclared[name]
        span = document.span(path, tag.start, tag.end)
        return Diagnostic("W202", f"`{name}` has no value: it is empty here", span, hint=how_to_give([name]))

    def _miss(self, tag: Tag, path: Path) -> None:
        """A name is not known: a problem, unless it may stand in what could not be read."""
        if not may_be(tag.name, self.job.document.unread) and tag.name.split(".")[0] not in self.job.document.unread:
            self.problems.append(self._unknown(tag, path))

    def _unknown(self, tag: Tag, path: Path) -> Diagnostic:
        span = self.job.document.span(path, tag.start, tag.end)
        if tag.name in self.job.secret_names:
            words = f"`{tag.name}` is a secret: its value never enters the text"
            return Diagnostic("E202", words, span, hint=f'write "${tag.name}": it is an environment variable')
        later = self.job.declared.get(tag.name)
        if later:
            place = self.job.document.span((*later.path, "name"))
            words = f"the parameter `{tag.name}` is declared further down"
            return Diagnostic("E202", words, span, hint="move its `param` up", related=[(place, "declared here")])
        elsewhere = self.job.varying.get(tag.name)
        if elsewhere:
            words = f"`{tag.name}` has a value only in the rules that stand below its `each`"
            place = self.job.document.span((*elsewhere, "name"))
            hint = f"write [each {tag.name} in …] above this one, too"
            return Diagnostic("E202", words, span, hint=hint, related=[(place, "here it has values")])
        meant = nearest(tag.name, islice(self.each, FEW)) or self.job.spelling.nearest(tag.name)
        hint = f"did you mean `{meant}`?" if meant else f"declare it: param {tag.name}"
        return Diagnostic("E202", f"no parameter is called `{tag.name}`", span, hint=hint)

    # ---- what is no proper tag

    def _judge(self, problem: template.Problem, text: str, path: Path) -> Diagnostic | None:
        if self.job.lenient and problem.kind == template.COMMENT:
            return None
        span = self.job.document.span(path, problem.start, problem.end)
        if problem.kind == template.NO_NAME and (self.job.lenient or "arguments" in path):
            written = text[problem.start : problem.end]
            return Diagnostic("W201", f"`{written}` is no variable: it stays as it stands", span)
        words = _WORDS[problem.kind]
        hint = "" if self.job.lenient else "use [verbatim] for a recipe whose `{{` is not factc's, or pass it by `env`"
        if problem.kind in (template.SECTION, template.PARTIAL, template.DELIMITER) and self.job.lenient:
            hint = "a job has no conditions and no loops: write two tasks, or decide inside the command"
        return Diagnostic("E201", words, span, hint=hint)


def _variable(name: str) -> str:
    """What a variable of `each` is called in a text that waits for its values: no parameter's name."""
    return f"{{{name}}}"


_WORDS = {
    template.UNCLOSED: "this `{{` is never closed",
    template.EMPTY: "a name is missing between `{{` and `}}`",
    template.SECTION: "sections (`{{#x}}`, `{{^x}}`, `{{/x}}`) do not exist here",
    template.PARTIAL: "partials (`{{> x}}`) do not exist here",
    template.DELIMITER: "changing the delimiters (`{{=…=}}`) does not exist here",
    template.COMMENT: "a template comment does not belong here",
    template.NO_NAME: "what stands between `{{` and `}}` is no parameter's name",
}
