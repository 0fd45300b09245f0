"""The house stays the house: who may import whom, which rooms are pure, where each library lives."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "factc"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

HOMES = {
    "lark": {"factc.syntax.fact.grammar"},
    "jsonschema": {"factc.model.document"},
    "requests": {"factc.webhooks.client"},
    "urllib3": {"factc.webhooks.connection"},
    "graphviz": {"factc.export.dot"},
    "rich": {"factc.screen.live"},
    "standardwebhooks": {"factc.webhooks.signing"},
    "pygls": {"factc.lsp.server"},
    "lsprotocol": {"factc.lsp.server"},
    "pygments": {"factc.highlight"},
    "ahocorasick_rs": {"factc.secrets.heads"},
}

PURE = {
    "controls", "diagnostic", "digits", "edits", "escape", "events", "lint", "plan", "reach", "source",
    "spelling",
    *(f"compiler.{name}" for name in "check command dependencies expand limits scope suppressions used_scope".split()),
    *(f"events.{name}" for name in "ending payload state".split()),
    *(f"lint.{name}" for name in "checks habits recipe unexpanded warnings".split()),
    *(f"model.{name}" for name in "duration_text job repair reported schema_fast template".split()),
    *(f"plan.{name}" for name in "bind families graph levels selection values".split()),
    *(f"record.{name}" for name in "fields journal reading resume".split()),
    "report.stats", "report.time_spent",
    "runner.outcome", "runner.tail",
    *(f"scheduling.{name}" for name in "pools schedule search simulation starts".split()),
    *(f"secrets.{name}" for name in "credentials forms heads mask written".split()),
    *(f"shell.{name}" for name in "closed flow informing scanner".split()),
    "syntax.planfile.checks",
    "webhooks.policy", "webhooks.replay",
}  # fmt: skip
IMPURE = {"os", "io", "time", "socket", "random", "subprocess", "threading", "selectors", "secrets", "uuid", "tempfile",
          "shutil", "pathlib", "logging", "asyncio"}  # fmt: skip

PURE_PARTS = {"events.payload": {"time"}}  # gmtime and strftime of a given time

# What starting must not pay for, from a compiled plan, from text or from JSON. (`test_startup` looks at whole processes.)
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
    "caller", "cli", "controls", "diagnostic", "digest", "digits", "durations", "engine", "entered", "events",
    "files", "forks", "instant", "jitter", "lint", "load", "loop", "plan", "poller", "reach",
    "record", "resources", "runner", "secrets", "source", "spelling", "syntax",
    *(f"cli.commands.{name}" for name in "list plan run validate".split()),
    *(f"cli.shared.{name}" for name in "deferred errors options output run_options".split()),
    *(f"compiler.{name}" for name in "check command dependencies expand limits pipeline scope sizes suppressions used_scope uses".split()),
    "engine.dry_run",
    *(f"engine.local.{name}" for name in "direct engine guard marks pipes process process_groups procfs shells spare_fds spawn termination waitid".split()),
    *(f"events.{name}" for name in "ending payload state".split()),
    "export.program_call", "export.shell",
    *(f"model.{name}" for name in "document duration_text factfile job schema_fast template".split()),
    *(f"plan.{name}" for name in "bind families graph levels selection values".split()),
    *(f"record.{name}" for name in "ballast beside commands durations journal journal_file logs onward statedir writer".split()),
    *(f"runner.{name}" for name in "above attempt attempts messages outcome runner scratch settings tail term".split()),
    *(f"scheduling.{name}" for name in "pools schedule search simulation starts".split()),
    *(f"screen.{name}" for name in "streams tails terminal".split()),
    *(f"secrets.{name}" for name in "forms heads mask".split()),
    *(f"session.{name}" for name in "components declared_secrets header nested options own_program secrets session".split()),
    "shell.scanner",
    "syntax.source_file",
    *(f"syntax.fact.{name}" for name in "attribute_limits attributes builder clauses declarations locations parser placement positions reader recipe state strings tables warnings".split()),
    *(f"syntax.factfile.{name}" for name in "errors positions reader".split()),
    "syntax.planfile.checks", "syntax.planfile.reader",
}  # fmt: skip

# A room may import the rooms of its own row and of the rows below it. A module goes by its own name, or else by that
# of the nearest package around it.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"__init__", "api"},
    {"load", "lsp", "session.components", "session.continuation", "session.session", "webhooks.redelivery"},
    {"compiler.pipeline", "fmt", "runner", "scheduling.search", "session"},
    {"lint", "shell_completion"},
    {"compiler.suppressions", "lint.checks", "lint.habits", "lint.syntax", "lint.unexpanded"},
    {"lint.recipe", "shell.closed"},
    {"compiler.check", "compiler.command", "compiler.uses", "engine", "export", "model.factfile", "record",
     "report", "screen", "session.host", "syntax", "urls", "webhooks"},
    {"events.ending", "events.payload", "record.resume", "report.stats", "secrets", "session.declared_secrets", "webhooks.policy"},
    {"compiler", "diagnostic_render", "plan.bind", "plan.levels"},
    {"loop", "model.job", "plan.families", "plan.selection", "shell"},
    {"durations", "events.state", "events.steps", "model.document", "model.duration_text", "plan.graph", "plan.values",
     "runner.above", "runner.tail", "scheduling"},
    {"caller", "controls", "diagnostic", "digest", "digits", "edits", "entered",
     "escape", "events", "files", "forks", "highlight", "instant", "jitter",
     "model", "plan", "poller", "reach", "report.time_spent", "resources", "runner.settings",
     "secrets.credentials", "secrets.forms", "secrets.heads", "secrets.mask", "secrets.written", "source", "spelling",
     "version"},
]  # fmt: skip


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path, *, at_run_time: bool = False) -> set[str]:
    """Modules that a file imports, lazily ones too; typing-only ones unless `at_run_time`, top level only then."""
    found: set[str] = set()
    nodes = list(ast.iter_child_nodes(tree(path))) if at_run_time else list(ast.walk(tree(path)))
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


def floor(module: str) -> int:
    """The row of a module, counted from the roof."""
    rows = {name: at for at, names in enumerate(FLOORS) for name in names}
    name = module.removeprefix("factc").removeprefix(".") or "__init__"
    while name not in rows:
        assert "." in name, f"{module}: on which floor does it stand?"
        name = name.rpartition(".")[0]
    return rows[name]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    for other in imports(MODULES[module]):
        if other.startswith("factc"):
            assert floor(module) <= floor(other), f"{module} imports {other}, which stands above it"


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
    used = {i.split(".")[0] for i in imports(MODULES[f"factc.{name}"])} - PURE_PARTS.get(name, set())
    assert not used & IMPURE


@pytest.mark.parametrize("name", sorted(LIGHT))
def test_the_path_of_a_run_is_light(name: str) -> None:
    path = MODULES[f"factc.{name}"]
    assert not imports(path, at_run_time=True) & HEAVY


@pytest.mark.parametrize("module", MODULES)
def test_every_room_says_what_it_is(module: str) -> None:
    text = ast.get_docstring(tree(MODULES[module]))
    assert text and text.splitlines()[0].endswith((".", ":")), module


def test_camel_case_keys_live_where_documents_come_in_and_events_go_out() -> None:
    keys = ("jobReference", "taskStates", "runReference", "taskTransitions")
    users = {m for m, path in MODULES.items() if any(f'"{key}"' in path.read_text() for key in keys)}
    assert users <= {"factc.events.payload"}


OURS = {"CompileError", "RequestError", "Unusable"}  # exceptions whose text is for people


def foreign(node: ast.expr | None) -> bool:
    """Whether an annotation, or what an `except` names, has exceptions of a library or of Python."""
    names = (
        {ast.unparse(n).rpartition(".")[2] for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)}
        if node
        else set()
    )
    return any(name.endswith(("Error", "Exception", "UnexpectedInput")) for name in names - OURS)


@pytest.mark.parametrize("module", MODULES)
def test_nobody_sees_what_an_exception_of_a_library_says(module: str) -> None:
    """It may hold a URL with its password. Shown is what the system says of an errno, or words of our own."""
    bound: list[tuple[str, ast.AST]] = []
    for node in ast.walk(tree(MODULES[module])):
        if isinstance(node, ast.ExceptHandler) and node.name and foreign(node.type):
            bound.append((node.name, node))
        if isinstance(node, ast.FunctionDef):
            bound += [(a.arg, node) for a in [*node.args.args, *node.args.kwonlyargs] if foreign(a.annotation)]
    for name, scope in bound:
        for node in ast.walk(scope):
            shown = node.value if isinstance(node, ast.FormattedValue) else None
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr", "format") and node.args:
                shown = node.args[0]
            assert not (isinstance(shown, ast.Name) and shown.id == name), f"{module}: {ast.unparse(scope)[:300]}"


# Who has to do with what lies in a state directory; `record.statedir` opens, makes and removes it for all of them.
RECORDING = {module for module in MODULES if module.startswith("factc.record")} | {
    f"factc.{name}"
    for name in "session.continuation webhooks.redelivery shell_completion.runs cli.commands.runs cli.shared.run_account cli.commands.show cli.commands.events cli.commands.deliver cli.commands.prune".split()
}
BY_PATH = {
    "open", "mkdir", "makedirs", "unlink", "remove", "removedirs", "rmdir", "listdir", "scandir", "walk", "stat", "lstat",
    "rename", "replace", "chmod", "chown", "truncate", "link", "symlink", "readlink", "utime", "exists", "lexists", "isfile",
    "isdir", "islink", "getsize", "getmtime", "realpath",
}  # fmt: skip


def by_path(path: Path) -> set[str]:
    """Calls that take a file by its path: those of `os`, `os.path` and `shutil`, and `open` of what is no descriptor."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        call, first = ast.unparse(node.func), ast.unparse(node.args[0]) if node.args else ""
        module, _, name = call.rpartition(".")
        if (
            (module in ("os", "os.path") and name in BY_PATH and first != "os.devnull")
            or module == "shutil"
            or (call == "open" and not (first == "descriptor" or ".open(" in first))
        ):
            found.add(call)
    return found


def test_one_room_opens_and_removes_what_lies_in_a_state_directory() -> None:
    for module in RECORDING - {"factc.record.statedir"}:
        assert not by_path(MODULES[module]), f"{module} does that past `record.statedir`"
        assert not {"shutil", "pathlib", "tempfile", "glob"} & imports(MODULES[module]), module
    names = {f"factc.record.{name}" for name in ("JOURNAL", "PLAN", "LOGS", "RUNS", "statedir.RUNS", "ballast.ROOM")}
    for module, path in MODULES.items():
        nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
        used = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
        assert module in RECORDING or not used & names, f"{module} knows what lies in a run's folder"
