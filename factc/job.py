"""The job: what a document says, in our own words; nothing in it has been judged or filled in yet.

Knows no text form and no templates' values: names, dependencies, arguments, scripts and defaults are
still template texts. `path` leads back to the document, and from there to a place in the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from factc.document import Document, Path

FACTOTUM = "iglu:com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0"
FACTC = "iglu:factc/factfile/jsonschema/1-0-0"
SHELLS = ("sh", "dash", "bash", "ksh", "zsh")
DEFAULT_SHELL = "sh"


@dataclass(frozen=True, slots=True)
class Command:
    """Factotum's way: a literal command and arguments, which stand in double quotes in the shell text."""

    command: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A recipe: one line, or several that stop at the first failure."""

    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """One task as written. `body` is None for a milestone; `shell` None means the job's."""

    name: str
    path: Path
    dependencies: tuple[str, ...] = ()
    body: Command | Script | None = None
    ok: tuple[int, ...] = (0,)
    noop: tuple[int, ...] = ()
    executor: str = "shell"
    shell: str | None = None
    directory: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    verbatim: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared parameter; `default` is a template text over the parameters above it."""

    name: str
    path: Path
    default: str | None = None
    allowed: tuple[str, ...] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A whole job. `shell`, `directory` and `environment` hold for tasks that say nothing else."""

    name: str
    document: Document
    tasks: tuple[Task, ...] = ()
    parameters: tuple[Declaration, ...] = ()
    description: str = ""
    shell: str = DEFAULT_SHELL
    directory: str | None = None
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def lenient(self) -> bool:
        """Whether undeclared variables are empty with a warning, as existing Factfiles expect."""
        return not self.document.textual


def read_job(document: Document) -> Job:
    """The job that a document says. The document must fit its schema."""
    data = document.value["data"]
    return Job(
        name=data["name"],
        document=document,
        tasks=tuple(_task(task, ("data", "tasks", i)) for i, task in enumerate(data["tasks"])),
        parameters=tuple(_declaration(p, ("data", "parameters", i)) for i, p in enumerate(data.get("parameters", ()))),
        description=data.get("description", ""),
        shell=data.get("shell", DEFAULT_SHELL),
        directory=data.get("directory"),
        environment=tuple(data.get("environment", {}).items()),
    )


def _task(task: dict[str, Any], path: Path) -> Task:
    rules = task.get("onResult", {})
    return Task(
        name=task["name"],
        path=path,
        dependencies=tuple(task.get("dependsOn", ())),
        body=_body(task),
        ok=tuple(rules.get("continueJob", (0,))),
        noop=tuple(rules.get("terminateJobWithSuccess", ())),
        executor=task.get("executor", "shell"),
        shell=task.get("shell"),
        directory=task.get("directory"),
        environment=tuple(task.get("environment", {}).items()),
        verbatim=task.get("verbatim", False),
        description=task.get("description", ""),
    )


def _body(task: dict[str, Any]) -> Command | Script | None:
    if "script" in task:
        return Script(task["script"])
    if "command" in task:
        return Command(task["command"], tuple(task.get("arguments", ())))
    return None


def _declaration(parameter: dict[str, Any], path: Path) -> Declaration:
    allowed = parameter.get("values")
    return Declaration(
        name=parameter["name"],
        path=path,
        default=parameter.get("default"),
        allowed=None if allowed is None else tuple(allowed),
        description=parameter.get("description", ""),
    )
