"""The house stays the house: who may import whom, which rooms are pure, where each library lives."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "factc"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

TYPED = "statements written kept above declarations".split()  # these know its tokens as types
HOMES = {
    "lark": {"factc.front.text", *(f"factc.front.text_{name}" for name in TYPED)},
    "jsonschema": {"factc.document"},
    "requests": {"factc.sink.post"},
    "urllib3": {"factc.sink.post"},
    "graphviz": {"factc.emit.dot"},
    "rich": {"factc.sink.live"},
    "standardwebhooks": {"factc.sink.signing"},
    "pygls": {"factc.lsp.server"},
    "lsprotocol": {"factc.lsp.server"},
    "pygments": {"factc.highlight"},
}

PURE = {
    "template", "shelltext", "scope", "command", "check", "lint", "plan", "schedule", "levels", "outcome", "events",
    "pools", "state", "selection", "bind", "values", "wire", "pace", "tail", "source", "diagnostic", "job", "outbox",
    "inner", "flatten", "links", "limits", "timespan", "record/journal", "resume", "mask", "credentials", "allowed", "doubts", "shellflow",
}  # fmt: skip
IMPURE = {"os", "io", "time", "socket", "random", "subprocess", "threading", "selectors", "secrets", "uuid", "tempfile",
          "shutil", "pathlib", "logging", "asyncio"}  # fmt: skip

PURE_PARTS = {"wire": {"time"}}  # gmtime and strftime of a given time

# What starting a compiled plan must not pay for.
HEAVY = {
    "dataclasses",
    "typing",
    "enum",
    "pathlib",
    "subprocess",
    "asyncio",
    "tempfile",
    "datetime",
    "logging",
    "inspect",
}
LIGHT = {
    "plan", "events", "state", "schedule", "levels", "outcome", "runner", "loop", "launch", "wishes", "rules", "record",
    "runheader", "confidential",
    "record.writer", "record.journal", "record.journalfile", "record.logs", "record.ballast", "tail", "bind",
    "selection", "values", "load", "source", "diagnostic", "front", "front.planfile", "front.file", "engine", "engine.local",
    "engine.group", "engine.rehearsal", "engine.ended", "engine.guard", "engine.marks", "engine.pipes", "engine.proc",
    "engine.process", "engine.spare", "engine.spawn", "engine.stopping", "cli", "cli.run", "cli.options", "cli.complain",
    "cli.running", "sink.terminal", "sink.streams", "mask", "secret", "wire", "durations", "digest",
}  # fmt: skip

# A room may import the rooms of its own row and of the rows below it.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"__init__", "api"},
    {"launch", "load", "deliver", "earlier", "lsp"},
    {"compiler", "runner", "running", "remarks", "wishes", "confidential", "runheader", "pasted"},
    {"fmt"},
    {"lint", "shellcheck", "complete"},
    {"doubts", "allowed"},
    {"front", "emit", "sink", "engine", "record", "outbox", "check", "command", "constraint", "reading"},
    {"wire", "pace", "resume", "secret"},
    {"scope", "inner", "flatten", "links", "limits", "excerpt", "bind", "levels"},
    {"job", "selection", "shellcommands", "shellflow", "shelltext", "loop", "outcome"},
    {"document", "schedule", "pools", "tail", "durations", "timespan", "state", "values"},
    {"template", "resources", "plan", "rules", "chance", "events", "diagnostic", "version", "source", "digest", "visible", "mask",
     "credentials", "highlight"},
]  # fmt: skip


def imports(path: Path, *, at_run_time: bool = False) -> set[str]:
    """Modules that a file imports, lazily ones too; typing-only ones unless `at_run_time`, top level only then."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    nodes = list(ast.iter_child_nodes(tree)) if at_run_time else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    floor = {name: at for at, names in enumerate(FLOORS) for name in names}
    assert room(module) in floor, f"{module}: on which floor does it stand?"
    for other in imports(MODULES[module]):
        if other.startswith("factc"):
            assert floor[room(module)] <= floor[room(other)], f"{module} imports {other}, which stands above it"


def test_no_circles() -> None:
    graph = {module: {other for other in imports(path) if other in MODULES} for module, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module not in done:
            for other in graph[module]:
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("library", HOMES)
def test_each_library_has_one_home(library: str) -> None:
    users = {m for m, path in MODULES.items() if any(i.split(".")[0] == library for i in imports(path))}
    assert users <= HOMES[library]


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_rooms_touch_nothing(name: str) -> None:
    used = {i.split(".")[0] for i in imports(PACKAGE / f"{name}.py")} - PURE_PARTS.get(name, set())
    assert not used & IMPURE


@pytest.mark.parametrize("name", sorted(LIGHT))
def test_the_path_of_a_run_is_light(name: str) -> None:
    path = MODULES[f"factc.{name}"]
    assert not imports(path, at_run_time=True) & HEAVY


@pytest.mark.parametrize("module", MODULES)
def test_every_room_says_what_it_is(module: str) -> None:
    text = ast.get_docstring(ast.parse(MODULES[module].read_text()))
    assert text and text.splitlines()[0].endswith((".", ":")), module


def test_camel_case_keys_live_where_documents_come_in_and_events_go_out() -> None:
    keys = ("jobReference", "taskStates", "runReference", "taskTransitions")
    users = {m for m, path in MODULES.items() if any(f'"{key}"' in path.read_text() for key in keys)}
    assert users <= {"factc.wire"}
