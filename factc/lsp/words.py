"""Words about the language itself, for completion and hovering: what attributes and keywords are for.

Knows how attributes are written from their table; knows no job.
"""

from __future__ import annotations

from factc.syntax.fact.attributes import ATTRIBUTES

ATTRIBUTE = {
    "ok": "exit codes that continue the job",
    "noop": "exit codes of a no-op: what depends on the task is skipped, and nothing is wrong",
    "retry": "more attempts after one that failed",
    "timeout": "an attempt that takes longer is stopped, and has failed",
    "finally": "it runs whatever came of the others",
    "each": "one task for each value",
    "pool": "it takes a slot of a pool",
    "secret": "an environment variable that this task alone sees",
    "shell": "the shell of the recipe: sh, dash, bash, ksh or zsh",
    "cd": "the working directory",
    "env": "environment variables",
    "verbatim": "braces mean nothing in this recipe",
    "exec": "no shell: the one line of the recipe is split into words",
    "command": "a command and its arguments in place of a recipe",
    "script": "the text of a recipe in place of one",
}
KEYWORD = {
    "job": 'the name of the job: job "nightly"',
    "param": "a parameter: param day = monday",
    "secret": "an environment variable that the tasks of this file see: secret TOKEN",
    "pool": "a pool and its slots: pool disk = 2",
    "use": 'another job in this place: use "report.fact" as report: load',
}


def attribute(name: str) -> str:
    """What an attribute is for, and an example."""
    return f"{ATTRIBUTE.get(name, '')}, as in `[{ATTRIBUTES[name].usage}]`" if name in ATTRIBUTES else ""
