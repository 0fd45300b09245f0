"""What is allowed in a text and yet probably a slip: recipes that look like something else.

Knows the rules of a text that has no mistakes; judges nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from factc.syntax.fact import recipe
from factc.syntax.fact.locations import Again
from factc.syntax.fact.positions import Mistake, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RULE_INSIDE = re.compile(r"^[ \t]*(\w[\w.\-]*:[ \t]+([^\n]*))\n", re.MULTILINE)


def suspicions(tasks: Sequence[dict[str, Any]], written: Again) -> list[Mistake]:
    """A warning for each recipe that begins with names of tasks or holds what looks like a rule."""
    names = {task["name"] for task in tasks}
    found = []
    for i, task in enumerate(tasks):
        mistake = _forgotten(task, names) or _swallowed(task, names)
        block = written[i].block if mistake else None
        if mistake and block is not None:
            place = (block.start_pos or 0) + recipe.position(block, mistake.start)
            found.append(mistake.moved(place - mistake.start))
    return found


def _forgotten(task: dict[str, Any], names: set[str]) -> Mistake | None:
    """The first line of a recipe may be meant as more dependencies. Places count in the script."""
    line = task.get("script", "").partition("\n")[0]
    words = line.split()
    own = task["name"]
    if not words or not all(word in names and word != own for word in words):
        return None
    if len(words) == 1 and "dependsOn" not in task:
        return None
    hint = "if these are dependencies, end the line above with `\\`"
    return Mistake("W301", f"the recipe of `{shortened(own)}` begins with names of tasks", 0, len(line), hint=hint)


def _swallowed(task: dict[str, Any], names: set[str]) -> Mistake | None:
    """A line like `b: a` with a deeper line below it may be meant as a rule of its own. Places count in the script."""
    script: str = task.get("script", "")
    if ":" not in script or "\n" not in script:
        return None
    for match in _RULE_INSIDE.finditer(script):
        wanted = match.group(2).split()
        if not wanted or not all(word in names for word in wanted):
            continue
        if "<<" in script[: match.start()]:  # it may be the text of a here-document
            return None
        words = f"this line looks like a rule, but belongs to the recipe of `{shortened(task['name'])}`"
        return Mistake("W302", words, *match.span(1), hint="if it is a rule, begin it in the first column")
    return None
