"""What is allowed in a text and yet probably a slip: recipes that look like something else.

Knows the rules of a text that has no mistakes; judges nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from factc.front import text_recipe as recipe
from factc.front.text_places import Mistake, shortened
from factc.front.text_written import Written

_RULE_INSIDE = re.compile(r"^[ \t]*(\w[\w.\-]*+:[ \t]+([^\n]*))\n", re.MULTILINE)


def suspicions(tasks: Sequence[Written]) -> list[Mistake]:
    """A warning for each recipe that begins with names of tasks or holds what looks like a rule."""
    names = {task.members["name"] for task in tasks}
    return [m for task in tasks if task.block is not None for m in _forgotten(task, names) or _swallowed(task, names)]


def _forgotten(task: Written, names: set[str]) -> list[Mistake]:
    """The first line of a recipe may be meant as more dependencies."""
    assert task.block is not None
    script = task.members["script"]
    line = script.partition("\n")[0]
    words = line.split()
    own = task.members["name"]
    if not words or not all(word in names and word != own for word in words):
        return []
    if len(words) == 1 and not task.references:
        return []
    start = (task.block.start_pos or 0) + len(recipe.indentation(task.block))
    hint = "if these are dependencies, end the line above with `\\`"
    message = f"the recipe of `{shortened(own)}` begins with names of tasks"
    return [Mistake("W301", message, start, start + len(line), hint=hint)]


def _swallowed(task: Written, names: set[str]) -> list[Mistake]:
    """A line like `b: a` with a deeper line below it may be meant as a rule of its own."""
    assert task.block is not None
    script: str = task.members["script"]
    if ":" not in script or "\n" not in script:
        return []
    for match in _RULE_INSIDE.finditer(script):
        wanted = match.group(2).split()
        if not wanted or not all(word in names for word in wanted):
            continue
        if "<<" in script[: match.start()]:  # it may be the text of a here-document
            return []
        start = (task.block.start_pos or 0) + recipe.position(task.block, match.start(1))
        words = f"this line looks like a rule, but belongs to the recipe of `{shortened(task.members['name'])}`"
        hint = "if it is a rule, begin it in the first column"
        return [Mistake("W302", words, start, start + len(match.group(1)), hint=hint)]
    return []
