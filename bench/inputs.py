"""Large inputs of many kinds, of any size: what a generator might write, a slip of the editor, or malice.

Knows the two forms of a job and the command line; measures nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

JOB, FACTFILE = "job.fact", "job.factfile"
Files = Callable[[int], dict[str, str]]


@dataclass(frozen=True)
class Input:
    """One kind of input: its size, the files for any size, the words of the command, and the code it ends with.

    before: the words of a command that is run first in the same folder, and not measured.
    """

    name: str
    size: int
    files: Files
    words: tuple[str, ...]
    code: int = 0
    before: tuple[str, ...] = ()


def many(line: str, n: int) -> str:
    """A line n times. In it stand for numbers: <i> its own, <j> that of the one above, <k> of the one below."""
    numbers = ((str(i), str(max(0, i - 1)), str((i + 1) % n)) for i in range(n))
    return "".join(line.replace("<i>", i).replace("<j>", j).replace("<k>", k) for i, j, k in numbers)


def text(*parts: str | list[str]) -> Files:
    """A job as text: parts that stand in it once, and, in lists, lines that stand in it n times."""

    def files(n: int) -> dict[str, str]:
        return {JOB: "job j\n\n" + "".join(p if isinstance(p, str) else many(p[0], n) for p in parts)}

    return files


def factfile(task: dict[str, object], *, cut: int | None = None) -> Files:
    """A job as JSON on one line, with a task n times; `cut`: without so many characters at its end."""
    written = json.dumps(task)

    def files(n: int) -> dict[str, str]:
        head = '{"schema":"iglu:factc/factfile/jsonschema/1-0-0","data":{"name":"j","tasks":['
        tasks = ",".join(many(written + "\n", n).splitlines())
        return {FACTFILE: (head + tasks + "]}}")[:cut]}

    return files


def beside(files: Files, name: str, content: Files) -> Files:
    """Files with one more, of any size too."""
    return lambda n: {**files(n), name: content(n)[JOB]}


RULE = "    true\n"
CHAIN = text(["t<i>:\n" + RULE + "\nu<i>: t<i> t<j>\n    ./work <i>\n\n"])
FAILING = text(["t<i>:\n    false\n"])
SKIPPED = text("f:\n    false\n", ["s<i>: f\n" + RULE])
ABOVE = text(["f<i>:\n    false\n"], "all: ", ["f<i> "], "\n", ["s<i>: all\n" + RULE])
RETRIED = text(["[retry 1 every 0s]\nt<i>:\n    false\n"])
DOUBLING = "param d0 = xx\n" + "".join(f'param d{i + 1} = "{{{{d{i}}}}}{{{{d{i}}}}}"\n' for i in range(80))
EACH = text("[each x in ", ["v<i> "], "]\nt:\n    echo {{x}}\n\n[each x in ", ["v<i> "], "]\nu: t[{{x}}]\n" + RULE)
USED = beside(
    text(['use "k.fact" as u<i>\n    p = x<i>\n']),
    "k.fact", lambda n: {JOB: 'job k\nparam p\nparam q = "{{p}}"\nt:\n    echo {{q}}\n'},
)  # fmt: skip
SECRET = beside(text("t:\n    cat secret\n"), "secret", lambda n: {JOB: many("line<i>of\n", n)})
RUN = ("run", JOB, "--output", "quiet")
VALIDATE, PLAN, COMPILE, FMT = ("validate", JOB), ("plan", JOB), ("compile", JOB), ("fmt", JOB)

COMPILED = [
    Input("tasks: compile", 1500, CHAIN, COMPILE),
    Input("tasks: plan", 1500, CHAIN, PLAN),
    Input("tasks: plan --script", 1500, CHAIN, ("plan", JOB, "--script")),
    Input("tasks: list", 1500, CHAIN, ("list", JOB)),
    Input("tasks: fmt", 1000, CHAIN, FMT),
    Input("tasks: validate", 1000, CHAIN, VALIDATE),
    Input(
        "tasks of JSON: as text", 4000,
        factfile({"name": "t<i>", "command": "true", "arguments": ["<i>"]}),
        ("compile", FACTFILE, "--format", "fact"),
    ),
    Input("dependencies: all wait for all of others", 3000, ABOVE, COMPILE),
    Input("names unknown", 1500, text(["task<i>: tsk<i>\n" + RULE]), VALIDATE, 1),
    Input("names unknown, one task", 5000, text("t: ", ["tsk<i> "], "\n" + RULE), VALIDATE, 1),
    Input("parameters unknown", 1000, text(["param name<i> = x\n"], ["t<i>:\n    echo {{nmae<i>}}\n"]), VALIDATE, 1),
    Input(
        "parameters too far down", 1500,
        text(['param a<i> = "{{b<i>}}"\n'], ["param b<i> = x\n"], "t:\n" + RULE),
        VALIDATE, 1,
    ),
    Input(
        "parameters of others, a long way", 3000,
        text("param p0 = x\n", ['param q<i> = "{{p0}}"\n'], ["t<i>:\n    echo {{q<i>}}\n"]),
        PLAN,
    ),
    Input(
        "defaults that double", 4000,
        text(DOUBLING, ['param p<i> = "{{d80}}<i>"\n'], "t:\n    echo {{d80}}\n"),
        PLAN, 1,
    ),
    Input("cycles of two", 1000, text(["a<i>: b<i>\n" + RULE + "b<i>: a<i>\n" + RULE]), VALIDATE, 1),
    Input("a cycle of all", 4000, text(["a<i>: a<k>\n" + RULE]), VALIDATE, 1),
    Input("cycles behind a chain", 1000, text(["a<i>: a<j> b<i>\n" + RULE + "b<i>: b<i>\n" + RULE]), VALIDATE, 1),
    Input("names that stand twice", 1000, text(["t<i>:\n" + RULE], ["t<i>:\n" + RULE]), VALIDATE, 1),
    Input("pools", 1500, text(["pool p<i> = 2\n"], ["[pool p<i>]\nt<i>:\n" + RULE]), COMPILE),
    Input("pools declared twice", 2000, text(["pool p<i> = 2\n"], ["pool p<i> = 2\n"], "t:\n" + RULE), VALIDATE, 1),
    Input("pools unknown", 1000, text(["pool p<i> = 2\n"], ["[pool q<i>]\nt<i>:\n" + RULE]), VALIDATE, 1),
    Input("brackets above one rule", 5000, text(["[env A<i>=x]\n"], "t:\n" + RULE), VALIDATE),
    Input("brackets above one rule: fmt", 2000, text(["[env A<i>=x]\n"], "t:\n" + RULE), FMT),
    Input("variables made of what is unknown", 1500, text("[env ", ["A<i>={{x}} "], "]\nt:\n" + RULE), VALIDATE, 1),
    Input("comments: fmt", 15000, text(["# comment\n"], "t:\n" + RULE), FMT),
    Input("comments that allow", 1500, text(["# factc: allow W401\nt<i>:\n    nosuch<i>\n"]), VALIDATE),
    Input("each", 4000, EACH, COMPILE),
    Input("use", 1500, USED, COMPILE),
    Input("lines that are wrong", 1500, text(["?? <i>\n"]), VALIDATE, 1),
    Input("attributes unknown", 1000, text(["[rtry <i>]\nt<i>:\n" + RULE]), VALIDATE, 1),
    Input("one recipe: commands missing", 2000, text("t:\n", ["    nosuch<i>\n"]), VALIDATE),
    Input("one recipe: unsafe places", 4800, text("param x = 1\nt:\n", ["    echo $({{x}})\n"]), VALIDATE, 1),
    Input("one recipe: pipes and joints", 1500, text("t:\n", ["    a | b && c <i>\n"]), VALIDATE),
    Input("JSON: properties unknown", 800, factfile({"name": "t<i>", "comand": "true"}), ("validate", FACTFILE), 1),
    Input("JSON: commands missing", 1500, factfile({"name": "t<i>", "command": "nosuch<i>"}), ("validate", FACTFILE)),
    Input(
        "JSON that breaks off", 10000,
        factfile({"name": "t<i>", "command": "true"}, cut=-4),
        ("validate", FACTFILE), 1,
    ),
]  # fmt: skip

RUNNING = [
    Input("a dry run", 1500, CHAIN, ("run", JOB, "--dry-run")),
    Input("failures above skips", 200, ABOVE, RUN, 2),
    Input("all skipped", 4000, SKIPPED, RUN, 2),
    Input("all retried", 100, RETRIED, RUN, 2),
    Input("all failing, with --stats", 200, FAILING, (*RUN, "--stats"), 2),
    Input("journals, all failing: show", 300, FAILING, ("show", "last"), 0, RUN),
    Input("journals, all failing: runs", 300, FAILING, ("runs",), 0, RUN),
    Input("journals, all failing: resume, dry", 300, FAILING, ("run", JOB, "--resume", "last", "--dry-run"), 0, RUN),
    Input("journals, all skipped: show", 4000, SKIPPED, ("show", "last"), 0, RUN),
    Input("journals, failures above skips: show", 200, ABOVE, ("show", "last"), 0, RUN),
    Input("masks of many lines", 2500, SECRET, (*RUN, "--secret-file", "S=secret"), 0),
]  # fmt: skip

INPUTS = [*COMPILED, *RUNNING]
