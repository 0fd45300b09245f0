"""From statements to the JSON form of a job: descriptions and brackets find their rule, mistakes are collected.

Knows what statements mean; knows no grammar and no schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from factc.diagnostic import CompileError
from factc.document import Document
from factc.front import text_recipe as recipe
from factc.front.text_attributes import ATTRIBUTES, Bracket
from factc.front.text_mistakes import explained
from factc.front.text_places import Clean, Mistake, shortened
from factc.front.text_string import NO_TEXT, value
from factc.front.text_suspicions import suspicions
from factc.front.text_written import Written, locator
from factc.job import FACTC

if TYPE_CHECKING:
    from lark import Token

_SAME_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?\n")
_JOB = re.compile(r"^job\b|\A(?:[ \t]*(?:#[^\n]*)?\n)*+[ \t]+job\b", re.MULTILINE)
_LATER = {"secret": "secrets", "pool": "pools", "use": "other jobs (`use`)"}
_EXAMPLE = 'begin with a line such as: job "nightly"'


class Assembly:
    """Takes the statements of a text in order; `finished` is the document.

    `stops` tells for statements that could not be read how far they could, by where they begin.
    """

    def __init__(self, clean: Clean, read_bracket: Callable[[str], Bracket], stops: dict[int, int]) -> None:
        self.clean = clean
        self.mistakes: list[Mistake] = []
        self.job = Written()
        self.parameters: list[Written] = []
        self.tasks: list[Written] = []
        self.data: dict[str, Any] = {}
        self._read_bracket = read_bracket
        self._stops = stops
        self._brackets: dict[str, Bracket] = {}
        self._above = Written()  # the description and the brackets that wait for what they stand above

    def take(self, statement: Any) -> None:
        """One more statement, or an indented block above the first."""
        if not hasattr(statement, "children"):
            self._astray([statement], "nothing stands above it")
            return
        children = statement.children
        getattr(self, "_" + statement.data)(children)

    def finished(self) -> Document:
        """The document. Raises CompileError if there is any mistake in the text."""
        self._nothing_above("here the text ends")
        if "name" not in self.data and not self._meant_job():
            self._no_job()
        self._forbidden_characters()
        if self.mistakes:
            raise CompileError(self.clean.diagnostics(self.mistakes))
        warnings = self.clean.diagnostics(suspicions(self.tasks))
        data = self.data | {"tasks": [task.members for task in self.tasks]}
        if self.parameters:
            data = self.data | {"parameters": [p.members for p in self.parameters], "tasks": data["tasks"]}
        locate = locator(self.clean, self.job, self.parameters, self.tasks)
        return Document({"schema": FACTC, "data": data}, self.clean.source, locate, textual=True, warnings=warnings)

    # ---- one method for each kind of statement

    def _description(self, children: list[Token]) -> None:
        self._keep_description(_start(children[0]))
        self._above.descriptions.append(children[0])
        self._ended(children[1:])

    def _bracket(self, children: list[Token]) -> None:
        token = children[0]
        self._keep_description(_start(token))
        bracket = self._brackets.get(token)
        if bracket is None:
            bracket = self._brackets[str(token)] = self._read_bracket(str(token))
        self._above.brackets.append((token, bracket))
        self.mistakes += [mistake.moved(_start(token)) for mistake in bracket.mistakes]
        if self._astray(children[1:], "a bracket has no recipe", "attributes stand above the line with the name"):
            self._above = Written()

    def _job(self, children: list[Token]) -> None:
        start, end = _start(children[0]), _end(children[1])
        if self.job.head is not None:
            first = (_start(self.job.head), _end(self.job.head), "first here")
            self.mistakes.append(Mistake("E305", "`job` stands twice", start, end, related=(first,)))
            self._above = Written()
            return
        if self.tasks or self.parameters:
            words = "`job` stands above everything else"
            self.mistakes.append(Mistake("E305", words, start, end, hint="move this line up"))
        self.job = self._written(start, children[1])
        self.data["name"] = value(str(children[1]), _start(children[1]), self.mistakes)
        self._describe(self.job, self.data)
        self._attributes(self.job, self.data, above_job=True)
        self._astray(children[2:], "nothing is indented below `job`")

    def _rule(self, children: list[Token]) -> None:
        head = children[0]
        written = self._written(_start(head), head)
        written.references = [c for c in children[1:] if c.type == "REF"]
        blocks = children[1 + len(written.references) :]
        task = written.members
        task["name"] = value(_name(head), _start(head), self.mistakes)
        self._describe(written, task)
        if written.references:
            mistakes = self.mistakes
            task["dependsOn"] = [value(str(r), _start(r), mistakes) for r in written.references]
        if written.brackets:
            self._attributes(written, task)
        if blocks:
            self._recipe(written, blocks[0])
        if task.keys() & _NEED_BODY:
            self._complete(written)
        self._ended(blocks[1:])
        self.tasks.append(written)

    def _param(self, children: list[Any]) -> None:
        written = self._written(_start(children[0]), children[1])
        self._no_attributes(written, "a parameter")
        written.members["name"] = str(children[1])
        for clause in children[2:]:
            if not hasattr(clause, "children"):
                self._astray([clause], "nothing is indented below `param`")
                break
            texts = [value(str(token), _start(token), self.mistakes) for token in clause.children]
            is_default = clause.data == "default"
            written.references += [] if is_default else clause.children
            written.default = clause.children[0] if is_default else None
            written.members["default" if is_default else "values"] = texts[0] if is_default else texts
        self._describe(written, written.members)
        self.parameters.append(written)

    def _secret(self, children: list[Token]) -> None:
        keyword = children[0]
        self._above = Written()
        words = f"{_LATER[str(keyword)]} are not supported by this version"
        self.mistakes.append(Mistake("E306", words, _start(keyword), _end(keyword)))

    _pool = _use = _secret

    def _wrong(self, children: list[Token]) -> None:
        start = _start(children[0])
        self.mistakes.append(explained(self.clean.text, start, self._stops.get(start, start)))
        self._above = Written()

    # ---- what stands above

    def _written(self, start: int, head: Token) -> Written:
        """A statement with what stood above it."""
        self._keep_description(start)
        written, self._above = self._above, Written()
        written.head = head
        written.start = start
        return written

    def _keep_description(self, start: int) -> None:
        """A description that does not stand directly above is a mere comment."""
        above = self._above
        if above.descriptions:
            end = max(_end(t) for t in (above.descriptions[-1], *(token for token, _ in above.brackets[-1:])))
            if not _SAME_LINE.fullmatch(self.clean.text, end, start):
                above.descriptions.clear()

    def _describe(self, written: Written, members: dict[str, Any]) -> None:
        if written.descriptions:
            lines = [line for token in written.descriptions for line in token.split("\n")]
            members["description"] = "\n".join(line[3:].rstrip() for line in lines)

    def _nothing_above(self, why: str) -> None:
        for token, _ in self._above.brackets:
            words = f"these attributes belong to no rule: {why}"
            self.mistakes.append(Mistake("E304", words, _start(token), _end(token)))

    def _no_attributes(self, written: Written, what: str) -> None:
        for token, _ in written.brackets:
            words = f"{what} takes no attributes"
            hint = "attributes stand above a rule or above `job`"
            self.mistakes.append(Mistake("E304", words, _start(token), _end(token), hint=hint))

    def _attributes(self, written: Written, members: dict[str, Any], *, above_job: bool = False) -> None:
        seen: dict[str, tuple[int, int]] = {}
        for token, bracket in written.brackets:
            for clause in bracket.clauses:
                name, start = clause.name.raw, _start(token) + clause.name.at
                place = (start, start + len(name))
                if above_job and not ATTRIBUTES[name].above_job:
                    words = f"`{name}` stands above a rule, not above `job`"
                    self.mistakes.append(Mistake("E304", words, *place))
                elif name in seen and not ATTRIBUTES[name].repeatable:
                    words, first = f"`{name}` stands twice", (*seen[name], "first here")
                    self.mistakes.append(Mistake("E304", words, *place, related=(first,)))
                else:
                    self._merge(members, clause.members, place)
                seen.setdefault(name, place)
        if "onResult" in members:
            rules = members["onResult"]
            members["onResult"] = {k: rules.get(k, d) for k, d in _RULES.items()}

    def _merge(self, members: dict[str, Any], more: dict[str, Any], place: tuple[int, int]) -> None:
        for key, item in more.items():
            if isinstance(item, dict):
                for name in members.get(key, {}).keys() & item.keys():
                    self.mistakes.append(Mistake("E304", f"`{shortened(name)}` is set twice", *place))
                item = {**members.get(key, {}), **item}
            members[key] = item

    # ---- recipes and other indented lines

    def _recipe(self, written: Written, block: Token) -> None:
        text, mistakes = recipe.dedented(block)
        self.mistakes += [mistake.moved(_start(block)) for mistake in mistakes]
        written.block = block
        other = next((a for a in ("command", "script") if a in written.members), "")
        if other:
            start = _start(block) + len(recipe.indentation(block))
            end = self.clean.text.index("\n", start)
            self.mistakes.append(Mistake("E304", f"a rule has either a recipe or `{other}`", start, end))
        written.members["script"] = text

    def _complete(self, written: Written) -> None:
        """Attributes that say something of a recipe need one."""
        task = written.members
        has_script, has_command = "script" in task, "command" in task
        head = written.head
        assert head is not None
        place = (_start(head), _start(head) + len(_name(head)))
        if "verbatim" in task and not has_script:
            words = "a command is always verbatim" if has_command else "`verbatim` needs a recipe"
            hint = "leave `verbatim` out" if has_command else "indent the recipe below the rule"
            self.mistakes.append(Mistake("E304", words, *place, hint=hint))
        if "executor" in task and not (has_script or has_command):
            words, hint = "`exec` needs a recipe of one line", "indent it below the rule"
            self.mistakes.append(Mistake("E304", words, *place, hint=hint))
        if has_script and has_command and written.block is None:
            self.mistakes.append(Mistake("E304", "a rule has either `command` or `script`", *place))

    def _ended(self, blocks: list[Token]) -> None:
        """Recipes that a comment in the first column, or a description, parted."""
        self.mistakes += [recipe.ended_by_comment(self.clean.text, _start(block)) for block in blocks]

    def _astray(self, blocks: list[Any], words: str, hint: str = "") -> bool:
        """Indented lines where none belong; tells whether there are any but comments."""
        found = [m.moved(_start(block)) for block in blocks if (m := recipe.astray(block, words, hint))]
        self.mistakes += found
        return bool(found)

    # ---- the whole text

    def _meant_job(self) -> bool:
        """Whether there is a `job` line, if a wrong one: that has been said then."""
        return bool(_JOB.search(self.clean.text)) or any("`job`" in m.hint for m in self.mistakes)

    def _no_job(self) -> None:
        text = self.clean.text
        match = re.search(r"(?m)^[ \t]*+(?!#)\S[^\n]*", text)
        if not match:
            empty = not text.strip()
            words = "the file is empty" if empty else "the file holds nothing but comments"
            self.mistakes.append(Mistake("E305", words, 0, 0, hint=_EXAMPLE))
            return
        words = "the job has no name: the `job` line is missing"
        self.mistakes.append(Mistake("E305", words, match.start(), match.end(), hint=_EXAMPLE))

    def _forbidden_characters(self) -> None:
        for match in NO_TEXT.finditer(self.clean.text):
            words = "NUL cannot be part of a job" if match.group() == "\0" else "half a character (a lone surrogate)"
            self.mistakes.append(Mistake("E308", words, match.start(), match.end()))


_RULES = {"continueJob": [0], "terminateJobWithSuccess": []}
_NEED_BODY = {"verbatim", "executor", "command"}


def _name(head: Token) -> str:
    """The name of a rule as written, without the colon."""
    return head[:-1].rstrip(" \t")


def _start(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0
