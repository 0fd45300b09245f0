"""FACTC: the path of a program that runs this factc, for tasks that want to call it.

Knows how this process was called; makes no file (a run's record, or its scratch folder, does).
"""

from __future__ import annotations

import os
import sys

from factc.record import commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import Plan

PROGRAM = "FACTC"
# The package is found where this one lies, and nothing else is: `-P` keeps the task's own folder out.
_TEXT = """\
#!/bin/sh
exec {python} -P -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); import factc; del sys.path[0]; \
from factc.__main__ import main; sys.exit(main())' {folder} "$@"
"""


def called() -> str:
    """The path of the installed program, if that is how this process was called; else ""."""
    path = commands.called()
    return path if os.path.isfile(path) else ""  # a folder that Python runs is no program


def text() -> bytes:
    """A program that does the same, by this Python; nothing where there is none that could be called."""
    if not sys.executable:
        return b""
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    made = _TEXT.format(python=_word(_absolute(sys.executable)), folder=_word(folder))
    return made.encode("utf-8", "surrogateescape")


def is_named(plan: Plan) -> bool:
    """Whether a task's text names it."""
    import re

    return any(re.search(rf"\b{PROGRAM}\b", str(task.argv[-1])) for task in plan.tasks if task.argv)


def _word(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the working directory is gone
        return path
