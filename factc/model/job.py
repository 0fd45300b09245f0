"""The job: what a document says, in our own words; nothing in it has been judged or filled in yet.

Knows no text form and no templates' values: names, dependencies, arguments, scripts and defaults are
still template texts. `path` leads back to the document, and from there to a place in the source.
"""

from __future__ import annotations

from functools import cached_property

from factc.plan import LOST, SIGNAL, TIMEOUT
from factc.spelling import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.diagnostic import Diagnostic
    from factc.model.document import Document, Path

FACTOTUM = "iglu:com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0"
FACTC = "iglu:factc/factfile/jsonschema/1-0-0"
SHELLS = ("sh", "dash", "bash", "ksh", "zsh")
DEFAULT_SHELL = "sh"
RETRIED = (SIGNAL, TIMEOUT, LOST)  # what may be tried again beside exit codes


class Command:
    """Factotum's way: a literal command and arguments, which stand in double quotes in the shell text."""

    __slots__ = ("command", "arguments")

    def __init__(self, command: str, arguments: tuple[str, ...] = ()) -> None:
        self.command = command
        self.arguments = arguments


class Script:
    """A recipe: one line, or several that stop at the first failure."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Again:
    """A retry as written; None where nothing is said."""

    __slots__ = ("times", "every", "backoff", "on")

    def __init__(
        self,
        times: int,
        every: str | None = None,
        backoff: float | None = None,
        on: tuple[int | str, ...] | None = None,
    ) -> None:
        self.times = times
        self.every = every
        self.backoff = backoff
        self.on = on


class Each:
    """A variable and its values: templates one by one, or one template whose value is a list."""

    __slots__ = ("name", "values")

    def __init__(self, name: str, values: tuple[str, ...] | str) -> None:
        self.name = name
        self.values = values


class Task:
    """One task as written. `body` is None for a milestone; `shell` None means the job's.

    `each`: one task for each combination of values. `final`: it is a `finally` one. `secrets`: those
    that it sees alone.
    """

    __slots__ = (
        "name", "path", "dependencies", "body", "ok", "noop", "executor", "shell", "directory", "environment",
        "verbatim", "description", "retry", "timeout", "final", "pools", "secrets", "each",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        dependencies: tuple[str, ...] = (),
        body: Command | Script | None = None,
        ok: tuple[int, ...] = (0,),
        noop: tuple[int, ...] = (),
        executor: str = "shell",
        shell: str | None = None,
        directory: str | None = None,
        environment: tuple[tuple[str, str], ...] = (),
        verbatim: bool = False,
        description: str = "",
        retry: Again | None = None,
        timeout: str | None = None,
        final: bool = False,
        pools: tuple[str, ...] = (),
        secrets: tuple[str, ...] = (),
        each: tuple[Each, ...] = (),
    ) -> None:
        self.name = name
        self.path = path
        self.dependencies = dependencies
        self.body = body
        self.ok = ok
        self.noop = noop
        self.executor = executor
        self.shell = shell
        self.directory = directory
        self.environment = environment
        self.verbatim = verbatim
        self.description = description
        self.retry = retry
        self.timeout = timeout
        self.final = final
        self.pools = pools
        self.secrets = secrets
        self.each = each


class Use:
    """Another job in its place: `job` is what `file` (None for a document inside this one) has been read to.

    `values` are templates over the parameters of the job that says `use`.
    """

    __slots__ = (
        "name", "path", "file", "dependencies", "values", "each", "directory", "environment", "description", "job",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        path: Path,
        file: str | None,
        *,
        dependencies: tuple[str, ...] = (),
        values: tuple[tuple[str, str], ...] = (),
        each: tuple[Each, ...] = (),
        directory: str | None = None,
        environment: tuple[tuple[str, str], ...] = (),
        description: str = "",
        job: Job | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.file = file
        self.dependencies = dependencies
        self.values = values
        self.each = each
        self.directory = directory
        self.environment = environment
        self.description = description
        self.job = job


class Declaration:
    """A declared parameter; `default` is a template text over the parameters above it."""

    __slots__ = ("name", "path", "default", "allowed", "description")

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        default: str | None = None,
        allowed: tuple[str, ...] | None = None,
        description: str = "",
    ) -> None:
        self.name = name
        self.path = path
        self.default = default
        self.allowed = allowed
        self.description = description


class Job:
    """A whole job. `shell`, `directory` and `environment` hold for tasks that say nothing else.

    `elements` are tasks and used jobs in the order written. `timeout` is that of a whole run.
    `secrets` are those that all its tasks see. `mistakes` is what is wrong with how it is written, and those that it
    uses: error nodes stand there then (see `reported`).
    """

    def __init__(
        self,
        name: str,
        document: Document,
        *,
        elements: tuple[Task | Use, ...] = (),
        parameters: tuple[Declaration, ...] = (),
        description: str = "",
        shell: str = DEFAULT_SHELL,
        directory: str | None = None,
        environment: tuple[tuple[str, str], ...] = (),
        timeout: str | None = None,
        pools: tuple[tuple[str, int], ...] = (),
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.document = document
        self.elements = elements
        self.parameters = parameters
        self.description = description
        self.shell = shell
        self.directory = directory
        self.environment = environment
        self.timeout = timeout
        self.pools = pools
        self.secrets = secrets
        self.mistakes: tuple[Diagnostic, ...] = ()

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that it says itself."""
        return tuple(e for e in self.elements if isinstance(e, Task))

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """The jobs that it uses."""
        return tuple(e for e in self.elements if isinstance(e, Use))

    @cached_property
    def declared(self) -> dict[str, Declaration]:
        """Its parameters by name, in order: of two with the same, the first."""
        first: dict[str, Declaration] = {}
        for declaration in self.parameters:
            first.setdefault(declaration.name, declaration)
        return first

    @cached_property
    def order(self) -> dict[str, int]:
        """The places of its parameters by name."""
        return {name: at for at, name in enumerate(self.declared)}

    @cached_property
    def spelling(self) -> Words:
        """The names of its parameters, for questions."""
        return Words(self.declared)

    @cached_property
    def varying(self) -> dict[str, Path]:
        """The variables of `each` by name, with the place of the first of that name."""
        first: dict[str, Path] = {}
        for element in self.elements:
            for i, each in enumerate(element.each):
                first.setdefault(each.name, (*element.path, "each", i))
        return first

    @cached_property
    def all_secrets(self) -> tuple[str, ...]:
        """Those of all its tasks, and those of single ones."""
        return tuple(dict.fromkeys([*self.secrets, *(name for task in self.tasks for name in task.secrets)]))

    @cached_property
    def secret_names(self) -> frozenset[str]:
        return frozenset(self.all_secrets)

    @cached_property
    def size(self) -> int:
        """How much there is of it: every task, parameter, allowed value, pool, secret and variable counts."""
        allowed = sum(len(declaration.allowed or ()) for declaration in self.parameters)
        parts = (self.elements, self.parameters, self.pools, self.secrets, self.environment)
        return allowed + sum(map(len, parts))

    @property
    def lenient(self) -> bool:
        """Whether undeclared variables are empty with a warning, as existing Factfiles expect."""
        return not self.document.textual


def read_job(document: Document) -> Job:
    """The job that a document says; the jobs that it uses are still to be read. The document must fit its schema."""
    data = document.value["data"]
    return Job(
        name=data["name"],
        document=document,
        elements=tuple(_element(value, ("data", "tasks", i)) for i, value in enumerate(data["tasks"])),
        parameters=tuple(_declaration(p, ("data", "parameters", i)) for i, p in enumerate(data.get("parameters", ()))),
        description=data.get("description", ""),
        shell=data.get("shell", DEFAULT_SHELL),
        directory=data.get("directory"),
        environment=tuple(data.get("environment", {}).items()),
        timeout=data.get("timeout"),
        pools=tuple((name, int(slots)) for name, slots in data.get("pools", {}).items()),
        secrets=tuple(data.get("secrets", ())),
    )


def _element(value: dict[str, Any], path: Path) -> Task | Use:
    return _use(value, path) if "use" in value else _task(value, path)


def _use(use: dict[str, Any], path: Path) -> Use:
    return Use(
        name=use["name"],
        path=path,
        file=use["use"] if isinstance(use["use"], str) else None,
        dependencies=tuple(use.get("dependsOn", ())),
        values=tuple(use.get("values", {}).items()),
        each=_each(use),
        directory=use.get("directory"),
        environment=tuple(use.get("environment", {}).items()),
        description=use.get("description", ""),
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
        retry=_retry(task["retry"]) if "retry" in task else None,
        timeout=task.get("timeout"),
        final=task.get("finally", False),
        pools=tuple(task.get("pools", ())),
        secrets=tuple(task.get("secrets", ())),
        each=_each(task) if "each" in task else (),
    )


def _retry(retry: dict[str, Any]) -> Again:
    on = retry.get("on")
    return Again(int(retry["times"]), retry.get("every"), retry.get("backoff"), None if on is None else tuple(on))


def _each(value: dict[str, Any]) -> tuple[Each, ...]:
    return tuple(
        Each(e["name"], e["values"] if isinstance(e["values"], str) else tuple(e["values"]))
        for e in value.get("each", ())
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
