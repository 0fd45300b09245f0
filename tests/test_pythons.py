"""Every Python from 3.11 on: no construct that one of them reads wrongly, and a suite that runs on each that is there."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factc.highlight import FactLexer
from factc.syntax.fact.grammar import grammar
from tests.conftest import ROOT
from tests.test_architecture import MODULES

_parser: Any = importlib.import_module("re._parser")

CALLS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}

# Patterns that come from somewhere else: from the module's tables, from a schema, from the grammar, from escaped words.
ELSEWHERE = {
    "factc.model.schema_fast",
    "factc.syntax.factfile.reader",
    "factc.syntax.fact.tables",
    "factc.secrets.credentials",
    "factc.secrets.written",
}


def refused(pattern: str | bytes) -> set[str]:
    """What a regular expression holds that Python 3.11.0 to 3.11.4 match wrongly, or that nobody should lean on there."""

    def walk(parsed: Any) -> Iterator[str]:
        if isinstance(parsed, _parser.SubPattern | list | tuple):
            for part in parsed:
                yield from walk(part)
        elif str(parsed) in ("POSSESSIVE_REPEAT", "ATOMIC_GROUP"):
            yield str(parsed)

    return set(walk(_parser.parse(pattern)))


def of_module(name: str, path: Path) -> Iterator[str | bytes]:
    """The patterns of a module: those that its code hands to `re`, and those that its names hold."""
    module = importlib.import_module(name)
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for scope in (tree, *functions):
        nodes = [node for node in ast.walk(scope) if scope is not tree or id(node) not in inside]
        known = {"re": re, **vars(module), **texts(nodes, name)}
        for node in nodes:
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func
            if (
                not called
                or not isinstance(called.value, ast.Name)
                or called.value.id != "re"
                or called.attr not in CALLS
            ):
                continue
            try:
                pattern = evaluated(node.args[0], name, known)
            except NameError:
                assert name in ELSEWHERE, f"{name}:{node.lineno}: what pattern is this?"
                continue
            yield pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    for value in vars(module).values():
        yield from held(value, strings=name in ELSEWHERE)


def texts(nodes: list[ast.AST], name: str) -> dict[str, str]:
    """Names that a function gives to texts of which patterns are made."""
    known: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            with contextlib.suppress(NameError):
                known[ast.unparse(node.targets[0])] = evaluated(node.value, name, known)
    return known


def evaluated(node: ast.expr, name: str, known: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), name, "eval"), dict(known))


def held(value: Any, *, strings: bool) -> Iterator[str | bytes]:
    if isinstance(value, re.Pattern):
        yield value.pattern
    elif isinstance(value, str) and strings:
        yield value
    elif isinstance(value, dict):
        yield from held([*value, *value.values()], strings=strings)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from held(part, strings=strings)


@pytest.mark.parametrize("text, found", [
    ("a*+", {"POSSESSIVE_REPEAT"}), ("(?:ab|[c]){2,3}+", {"POSSESSIVE_REPEAT"}), ("x(?=(?>ab?))", {"ATOMIC_GROUP"}),
    (r"a\*+[*+]+?", set()), ("(?P<n>a|b)(?(n)c*+|d)", {"POSSESSIVE_REPEAT"}),
])  # fmt: skip
def test_what_is_refused(text: str, found: set[str]) -> None:
    assert refused(text) == found


def test_no_regular_expression_repeats_possessively() -> None:
    users = {name: path for name, path in MODULES.items() if "import re\n" in path.read_text()}
    patterns = {name: list(of_module(name, path)) for name, path in users.items()}
    patterns["grammar"] = [terminal.pattern.to_regexp() for terminal in grammar().terminals]
    patterns["highlight"] = [
        rule[0]
        for rules in FactLexer.tokens.values()
        for rule in rules
        if isinstance(rule, tuple) and isinstance(rule[0], str)
    ]
    patterns["schemas"] = [
        match
        for path in (ROOT / "schemas").rglob("*-*-*")
        for match in re.findall(r'"pattern": (".*")', path.read_text())
    ]
    patterns["schemas"] = [json.loads(text) for text in patterns["schemas"]]
    assert sum(map(len, patterns.values())) > 150
    wrong = {(name, text) for name, texts in patterns.items() for text in texts if _parses(text) and refused(text)}
    assert not wrong


def _parses(text: str | bytes) -> bool:
    """Of a table of texts, some are no patterns."""
    try:
        _parser.parse(text)
    except re.error:
        return False
    return True


# ---- the suite itself


def would(*args: str) -> subprocess.CompletedProcess[str]:
    """What `make` would do, nothing of it done, and whatever make has started this suite."""
    if not shutil.which("make"):
        pytest.skip("make is not here")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", "-n", *args], cwd=ROOT, capture_output=True, text=True, timeout=60, env=plain)


def test_an_interpreter_that_is_named_has_an_environment_of_its_own() -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    assert f".venv-{version}/bin/python -m pytest" in would("test", f"PYTHON={sys.executable}").stdout
    assert ".venv/bin/python -m pytest" in would("test").stdout


def test_the_environment_of_the_demo_can_draw() -> None:
    assert re.search(r"pip install .*\[render\]", would("-B", "demo").stdout)


def test_an_interpreter_that_is_not_there_is_no_reason_to_test_another() -> None:
    done = would("test", "PYTHON=/nowhere/python3")
    assert done.returncode != 0
    assert "pytest" not in done.stdout


def test_interpreters_are_found_once_each_oldest_first(tmp_path: Path) -> None:
    def interpreter(name: str, says: str) -> str:
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
        return str(tmp_path / name)

    newer, newest, again = (
        interpreter("a", "echo 3 98 1"),
        interpreter("b", "echo 3 99 0"),
        interpreter("c", "echo 3 98 1"),
    )
    others = [interpreter("old", "echo 3 10 9"), interpreter("bare", "exit 1"), interpreter("odd", "echo"), "/nowhere"]
    command = [sys.executable, "-m", "tests.pythons", newest, *others, newer, sys.executable, again]
    for more, expected in ([], [sys.executable, newer, newest]), (["--ends"], [newest]):
        found = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert found.stdout.split() == expected, found.stderr
