"""All that is wrong with a text, and what it compiles to if nothing is.

Knows the compiler and the doubts of `validate`; does not know editors.
"""

from __future__ import annotations

import os
from functools import cache

from factc.compiler.pipeline import Compiled, compile_source
from factc.diagnostic import CompileError, Diagnostic, RequestError, in_order, veiled
from factc.lint.recipe import recipes
from factc.lint.warnings import lint
from factc.plan.values import Given
from factc.source import Source

ELSEWHERE = {"W401", "W411"}  # warnings that another machine, or ShellCheck, may give


class Analysis:
    """What is wrong with a text, and its plan or None; who waits for whom is worked out when it is asked."""

    __slots__ = ("diagnostics", "compiled", "_neighbours")

    def __init__(self, diagnostics: list[Diagnostic], compiled: Compiled | None) -> None:
        self.diagnostics = diagnostics
        self.compiled = compiled
        self._neighbours: tuple[dict[str, list[str]], dict[str, list[str]]] | None = None

    def names(self) -> list[str]:
        """The names of all tasks of the plan."""
        return [task.name for task in self.compiled.plan.tasks] if self.compiled else []

    def waits(self, name: str) -> list[str]:
        """What the tasks of a rule wait for."""
        return self._of(0, name)

    def waited(self, name: str) -> list[str]:
        """What waits for the tasks of a rule."""
        return self._of(1, name)

    def _of(self, which: int, name: str) -> list[str]:
        if self._neighbours is None:
            self._neighbours = self._graph()
        table = self._neighbours[which]
        begins = (f"{name}[", f"{name}/")
        mine = dict.fromkeys(own for own in table if own == name or own.startswith(begins))
        return [n for n in dict.fromkeys(n for own in mine for n in table[own]) if n not in mine]

    def _graph(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        tasks = self.compiled.plan.tasks if self.compiled else ()
        needs: dict[str, list[str]] = {task.name: [] for task in tasks}
        users: dict[str, list[str]] = {task.name: [] for task in tasks}
        for task in tasks:
            for number in task.dependencies:
                needs[task.name].append(tasks[number].name)
                users[tasks[number].name].append(task.name)
        return needs, users


def analysed(source: Source) -> Analysis:
    """Compiles a text with no values given, and asks what looks wrong with it."""
    try:
        compiled = compile_source(source, Given())
    except CompileError as error:
        return Analysis(error.diagnostics, None)
    except RequestError as error:
        return Analysis([Diagnostic("E501", error.message, hint=error.hint)], None)
    plan = compiled.plan
    still_empty = {p.name for p in plan.parameters if not p.declared}
    empty = [d for name, d in compiled.undeclared.items() if name in still_empty]
    known = {*plan.values, *(p.name for p in plan.parameters)}
    looks_wrong = lint(compiled.job, recipes(compiled.job), cache(_exists), known)
    own = [d for d in looks_wrong if d.span is None or d.span.source.name == source.name]
    doubts = compiled.allowances.heard([*empty, *own])
    silent = compiled.allowances.complaints(source, ELSEWHERE)
    return Analysis(veiled(in_order([*compiled.warnings, *doubts, *silent])), compiled)


def _exists(command: str, directory: str | None) -> bool:
    """Whether this machine has a command, on PATH or at its path."""
    if "/" in command:
        return os.access(os.path.join(directory or ".", command), os.X_OK)
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder or ".", command), os.X_OK) for folder in folders)
