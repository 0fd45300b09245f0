"""From statements to the JSON form of a job: descriptions and brackets find their rule, mistakes are collected.

Knows what statements mean; knows no grammar and no schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from factc.diagnostic import Diagnostic
from factc.model.document import Document
from factc.model.job import FACTC
from factc.model.reported import BROKEN, Told, sound
from factc.model.reported import words as names
from factc.source import Source, Span
from factc.syntax.fact import declarations, placement, recipe
from factc.syntax.fact.clauses import Bracket
from factc.syntax.fact.locations import Again, Lists, Written, locator
from factc.syntax.fact.positions import Clean, Mistake, shortened
from factc.syntax.fact.state import Kept, end_of, start_of
from factc.syntax.fact.strings import NO_TEXT, value
from factc.syntax.fact.warnings import suspicions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.syntax.fact.reader import Token

_JOB = re.compile(r"^job\b|\A(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]+job\b", re.MULTILINE)
_EXAMPLE = 'begin with a line such as: job "nightly"'


class Assembly(Kept):
    """Takes the statements of a text in order; `finished` is the document.

    `stops` tells for statements that could not be read how far they could, by where they begin. `wrong` has those: from
    where, up to where the next one begins, and where reading stopped. `unread` has names that may stand in what could
    not be read.
    """

    def __init__(self, clean: Clean, read_bracket: Callable[[str], Bracket], stops: dict[int, int]) -> None:
        super().__init__(clean)
        self._read_bracket = read_bracket
        self._stops = stops
        self.wrong: list[tuple[int, int, int]] = []
        self.unread: set[str] = set()

    def take(self, statement: Any) -> None:
        """One more statement, or an indented block above the first."""
        if not hasattr(statement, "children"):
            self.astray([statement], "nothing stands above it")
            return
        children = statement.children
        if statement.data in _DECLARATIONS:
            _DECLARATIONS[statement.data](self, children)
        else:
            getattr(self, "_" + statement.data)(children)

    def finished(self, rule_at: Callable[[int], Written], told: list[Diagnostic], unread: set[str]) -> Document:
        """The document, with all that is wrong with it; `rule_at` reads a rule once more.

        `told` is what was wrong with statements that have been repaired, `unread` what was left out of them.
        """
        self._nothing_above("here the text ends")
        if "name" not in self.data and not self._meant_job(told):
            self._no_job()
        self.data.setdefault("name", BROKEN)
        found = [m for m in self.mistakes if self.clean.is_written(m.start, m.end)]
        mistakes = [*told, *_forbidden_characters(self.clean.source)]
        mistakes += Told(mistakes).news(self.clean.diagnostics(found))
        written = Again(self.tasks.starts, rule_at)
        warnings = [] if mistakes else self.clean.diagnostics(suspicions(self.tasks.members, written))
        lists: dict[str, list[Any]] = {
            "parameters": [p.members for p in self.parameters],
            "secrets": [str(s.head) for s in self.secrets],
        }
        data = self.data | {key: items for key, items in lists.items() if items}
        data["tasks"] = self.tasks.members
        places: Lists = {"parameters": self.parameters, "secrets": self.secrets, "pools": self.pools, "tasks": written}
        locate = locator(self.clean, self.job, places)
        return Document(
            {"schema": FACTC, "data": sound(data) if mistakes else data}, self.clean.source, locate,
            textual=True, warnings=warnings, mistakes=mistakes, unread=unread | self.unread,
        )  # fmt: skip

    # ---- one method for each kind of statement

    def _description(self, children: list[Token]) -> None:
        self.keep_description(start_of(children[0]))
        self.above.descriptions.append(children[0])
        self._ended(children[1:])

    def _bracket(self, children: list[Token]) -> None:
        token = children[0]
        self.keep_description(start_of(token))
        bracket = self._read_bracket(str(token))
        self.above.brackets.append((token, bracket))
        self.mistakes += [mistake.moved(start_of(token)) for mistake in bracket.mistakes]
        self.unread |= bracket.unread
        if self.astray(children[1:], "a bracket has no recipe", "attributes stand above the line with the name"):
            self.above = Written()

    def _job(self, children: list[Token]) -> None:
        start, end = start_of(children[0]), end_of(children[1])
        if self.job.head is not None:
            first = (start_of(self.job.head), end_of(self.job.head), "first here")
            self.mistakes.append(Mistake("E305", "`job` stands twice", start, end, related=(first,)))
            self.above = Written()
            return
        if self.tasks or self.parameters or self.secrets or self.pools:
            words = "`job` stands above everything else"
            self.mistakes.append(Mistake("E305", words, start, end, hint="move this line up"))
        self.job = self.written(start, children[1])
        self.data["name"] = value(str(children[1]), start_of(children[1]), self.mistakes)
        self.describe(self.job, self.data)
        placement.attributes(self.job, self.data, placement.JOB, self.mistakes)
        self.astray(children[2:], "nothing is indented below `job`")

    def _rule(self, children: list[Token]) -> None:
        head = children[0]
        written = self.written(start_of(head), head)
        written.references = [c for c in children[1:] if c.type == "REF"]
        blocks = children[1 + len(written.references) :]
        task = written.members
        task["name"] = value(_name(head), start_of(head), self.mistakes)
        self.describe(written, task)
        if written.references:
            mistakes = self.mistakes
            task["dependsOn"] = [value(str(r), start_of(r), mistakes) for r in written.references]
        if written.brackets:
            placement.attributes(written, task, placement.RULE, self.mistakes)
        if blocks:
            self._recipe(written, blocks[0])
        if task.keys() & _NEED_BODY:
            self._complete(written)
        self._ended(blocks[1:])
        self.tasks.add(written)

    def _wrong(self, children: list[Token]) -> None:
        start = start_of(children[0])
        self.wrong.append((start, end_of(children[-1]), self._stops.get(start, start)))
        self.above = Written()

    # ---- what stands above

    def _nothing_above(self, why: str) -> None:
        for token, _ in self.above.brackets:
            words = f"these attributes belong to no rule: {why}"
            self.mistakes.append(Mistake("E304", words, start_of(token), end_of(token)))

    # ---- recipes and other indented lines

    def _recipe(self, written: Written, block: Token) -> None:
        text, mistakes = recipe.dedented(block)
        self.mistakes += [mistake.moved(start_of(block)) for mistake in mistakes]
        written.block = block
        other = next((a for a in ("command", "script") if a in written.members), "")
        if other:
            start = start_of(block) + len(recipe.indentation(block))
            end = self.clean.text.index("\n", start)
            self.mistakes.append(Mistake("E304", f"a rule has either a recipe or `{other}`", start, end))
            written.members.pop("command", None)
            written.members.pop("arguments", None)
        written.members["script"] = text

    def _complete(self, written: Written) -> None:
        """Attributes that say something of a recipe need one."""
        task = written.members
        has_script, has_command = "script" in task, "command" in task
        head = written.head
        assert head is not None
        place = (start_of(head), start_of(head) + len(_name(head)))
        if "verbatim" in task and not has_script:
            words = "a command is always verbatim" if has_command else "`verbatim` needs a recipe"
            hint = "leave `verbatim` out" if has_command else "indent the recipe below the rule"
            self.mistakes.append(Mistake("E304", words, *place, hint=hint))
        if "executor" in task and not (has_script or has_command):
            words, hint = "`exec` needs a recipe of one line", "indent it below the rule"
            self.mistakes.append(Mistake("E304", words, *place, hint=hint))
        for key, word in (("retry", "retry"), ("timeout", "timeout"), ("pools", "pool"), ("secrets", "secret")):
            if key in task and not (has_script or has_command):
                words, hint = f"`{word}` needs a recipe: this rule runs nothing", "indent the recipe below the rule"
                self.mistakes.append(Mistake("E304", words, *place, hint=hint))
        if has_script and has_command and written.block is None:
            self.mistakes.append(Mistake("E304", "a rule has either `command` or `script`", *place))
            del task["command"], task["arguments"]
        if not has_script and not has_command:
            task["script"] = BROKEN  # so that nobody says it once more

    def _ended(self, blocks: list[Token]) -> None:
        """Recipes that a comment in the first column, or a description, parted."""
        self.mistakes += [recipe.ended_by_comment(self.clean.text, start_of(block)) for block in blocks]

    # ---- the whole text

    def _meant_job(self, told: Sequence[Diagnostic]) -> bool:
        """Whether there is a `job` line, if a wrong one: that has been said then."""
        hints = [*(m.hint for m in self.mistakes), *(d.hint for d in told)]
        return bool(_JOB.search(self.clean.text)) or any("`job`" in hint for hint in hints)

    def _no_job(self) -> None:
        text = self.clean.text
        match = re.search(r"(?m)^[ \t]*(?!#)\S[^\n]*", text)
        if not match:
            empty = not text.strip()
            words = "the file is empty" if empty else "the file holds nothing but comments"
            self.mistakes.append(Mistake("E305", words, 0, 0, hint=_EXAMPLE))
            return
        words, hint = "the job has no name: the `job` line is missing", _EXAMPLE
        if meant := re.match(r"(?:name|job)[ \t]*[:=][ \t]*(\S.*)", match.group()):
            hint = f"write job {json.dumps(shortened(meant[1].strip(chr(34) + chr(39))), ensure_ascii=False)}"
            self.unread |= names(match.group())
        self.mistakes.append(Mistake("E305", words, match.start(), match.end(), hint=hint))


_NEED_BODY = {"verbatim", "executor", "command", "retry", "timeout", "pools", "secrets"}
_DECLARATIONS: dict[str, Callable[[Kept, list[Any]], None]] = {
    "param": declarations.param,
    "secret": declarations.secret,
    "pool": declarations.pool,
    "use": declarations.use,
}


def _name(head: Token) -> str:
    """The name of a rule as written, without the colon."""
    return head[:-1].rstrip(" \t")


def _forbidden_characters(source: Source) -> list[Diagnostic]:
    found = []
    for match in NO_TEXT.finditer(source.text):
        words = "NUL cannot be part of a job" if match.group() == "\0" else "half a character (a lone surrogate)"
        found.append(Diagnostic("E308", words, Span(source, *match.span())))
    return found
