"""The table of a dry run: tasks and exact commands, in the order in which they would start.

Knows plans; the answer is a string.
"""

from __future__ import annotations

from factc.escape import visible
from factc.export.shell import quoted
from factc.plan import shown
from factc.screen.summary import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from factc.plan import Plan, PlanTask

MOST = 40  # columns of the first column


def table(plan: Plan, order: Sequence[int]) -> str:
    """Two columns; a command of several lines goes on below itself."""
    names = [short(plan.tasks[i].name) for i in order]
    width = min(MOST, max([4, *map(len, names)]))
    lines = [f"{'TASK':{width}}  COMMAND"]
    for name, i in zip(names, order, strict=True):
        first, *rest = _command(plan.tasks[i]).split("\n")
        if len(name) > width:
            lines.append(name)
            name = ""
        lines.append(f"{name:{width}}  {first}".rstrip())
        lines += [f"{'':{width}}  {line}".rstrip() for line in rest]
    return "\n".join(lines) + "\n\n"


def _command(task: PlanTask) -> str:
    """What is executed, as shell would write it; the text of a shell stands as it is."""
    if not task.argv:
        return "(nothing)"
    words = [shown(text) for text in task.argv]
    text = words[-1] if len(words) > 2 and words[-2] == "-c" else " ".join(map(_word, words))
    prefix = "" if words[:2] == ["sh", "-c"] or text != words[-1] else " ".join(words[:-1]) + "\n"
    return "\n".join(_visible(line) for line in (prefix + text).split("\n"))


def _word(text: str) -> str:
    return text if text and all(c.isalnum() or c in "@%+=:,./_-" for c in text) else quoted(text)


def _visible(line: str) -> str:
    return visible(line.replace("\t", "    "))
