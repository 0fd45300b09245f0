"""The architecture: which package may import which, which modules are pure, where each library lives."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "factc"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
PACKAGES = {module for module, path in MODULES.items() if path.name == "__init__.py"}

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
    *(f"events.{name}" for name in "ending payload state steps".split()),
    *(f"lint.{name}" for name in "checks habits recipe unexpanded warnings".split()),
    *(f"model.{name}" for name in "duration_text job repair reported schema_fast template".split()),
    *(f"plan.{name}" for name in "bind families graph levels selection values".split()),
    *(f"record.{name}" for name in "fields journal reading resume".split()),
    "report.stats", "report.time_spent",
    "runner.outcome", "runner.tail",
    *(f"scheduling.{name}" for name in "pools schedule search simulation starts".split()),
    *(f"secrets.{name}" for name in "credentials forms heads mask written".split()),
    *(f"shell.{name}" for name in "closed commands flow informing scanner".split()),
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

# From the top down. A package imports only packages of rows below its own. A module goes by its package; one that lies
# beside the packages counts as a package of its own.
LEVELS = [
    {"__main__"},
    {"cli"},
    {"__init__", "cli.commands"},
    {"api", "cli.shared"},
    {"lsp", "session"},
    {"lint", "load", "screen"},
    {"export", "shell_completion", "webhooks"},
    {"compiler", "fmt", "record"},
    {"syntax"},
    {"report", "runner", "syntax.planfile"},
    {"engine.local", "syntax.fact", "syntax.factfile"},
    {"engine", "model", "scheduling", "shell"},
    {"loop", "plan"},
    {"caller", "diagnostic_render", "entered"},
    {"diagnostic"},
    {"source"},
    {"events", "secrets", "urls"},
    {"controls", "digest", "digits", "durations", "edits", "escape", "files", "forks",
     "highlight", "instant", "jitter", "poller", "reach", "resources", "spelling", "version"},
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
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
            beginning = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if isinstance(beginning, ast.Constant):  # of a package whose modules are imported by name
                found.add(str(beginning.value).rstrip("."))
    return found


def package(module: str) -> str:
    """The package that a module belongs to; a module beside the packages counts as one of its own."""
    return module if module in PACKAGES or module.count(".") < 2 else module.rpartition(".")[0]


def short(module: str) -> str:
    """The name that the table has for a package."""
    return module.removeprefix("factc").removeprefix(".") or "__init__"


ROWS = {name: row for row, names in enumerate(LEVELS) for name in names}


def test_the_table_of_levels_has_each_package_once_and_nothing_else() -> None:
    assert sorted(name for names in LEVELS for name in names) == sorted({short(package(module)) for module in MODULES})


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    own = package(module)
    for other in {package(name) for name in imports(MODULES[module]) if name in MODULES} - {own}:
        assert ROWS[short(own)] < ROWS[short(other)], f"{module} imports {other}, which is not below {own}"


def circle(graph: dict[str, set[str]]) -> str:
    """A way in a graph that comes back to where it was; "" if there is none."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> str:
        if name in trail:
            return " → ".join((*trail[trail.index(name) :], name))
        if name in done:
            return ""
        found = next(filter(None, (visit(other, (*trail, name)) for other in sorted(graph[name]))), "")
        done.add(name)
        return found

    return next(filter(None, (visit(name, ()) for name in graph)), "")


def test_no_circles_of_modules() -> None:
    assert not circle({m: {other for other in imports(path) if other in MODULES} - {m} for m, path in MODULES.items()})


def test_no_circles_of_packages() -> None:
    graph: dict[str, set[str]] = {package(module): set() for module in MODULES}
    for module, path in MODULES.items():
        graph[package(module)] |= {package(other) for other in imports(path) if other in MODULES} - {package(module)}
    assert not circle(graph)


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b", "d"}, "b": {"c"}, "c": {"b"}, "d": set()}) == "b → c → b"
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == ""


def test_the_page_describes_every_package_from_the_top_down() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    described = [name.replace("/", ".") for name in re.findall(r"^\| `([\w/]+)` \|", text, re.MULTILINE)]
    assert sorted(described) == sorted(short(name) for name in PACKAGES - {"factc"})
    assert [ROWS[name] for name in described] == sorted(ROWS[name] for name in described)
    beside = {short(m) for m in MODULES if m.count(".") == 1} - set(described) - {"__main__"}
    assert beside <= set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("library", HOMES)
def test_each_library_has_one_home(library: str) -> None:
    users = {m for m, path in MODULES.items() if any(i.split(".")[0] == library for i in imports(path))}
    assert users <= HOMES[library]


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_touch_nothing(name: str) -> None:
    used = {i.split(".")[0] for i in imports(MODULES[f"factc.{name}"])} - PURE_PARTS.get(name, set())
    assert not used & IMPURE


@pytest.mark.parametrize("name", sorted(LIGHT))
def test_the_path_of_a_run_is_light(name: str) -> None:
    path = MODULES[f"factc.{name}"]
    assert not imports(path, at_run_time=True) & HEAVY


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is(module: str) -> None:
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


def test_one_module_opens_and_removes_what_lies_in_a_state_directory() -> None:
    for module in RECORDING - {"factc.record.statedir"}:
        assert not by_path(MODULES[module]), f"{module} does that past `record.statedir`"
        assert not {"shutil", "pathlib", "tempfile", "glob"} & imports(MODULES[module]), module
    names = {f"factc.record.{name}" for name in ("JOURNAL", "PLAN", "LOGS", "RUNS", "statedir.RUNS", "ballast.ROOM")}
    for module, path in MODULES.items():
        nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
        used = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
        assert module in RECORDING or not used & names, f"{module} knows what lies in a run's folder"
