"""What runs the same graphs beside factc: how each is fed, and where it is found.

Knows graphs, files and command lines; measures nothing. Each writer puts a runner's own input into a folder and returns
the words that run all of it, in order, at most so many tasks at once, each through a shell of its own.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.graphs import Graph, command

HERE = Path(__file__).parent
OWN = HERE.parent / ".venv-peers" / "bin"  # where `make bench` puts those that come from PyPI

Command = Callable[[int], str]


class Peer:
    """A runner: its title, the program to look for, how it is fed, the most tasks that it is given, a word on it."""

    def __init__(self, title: str, program: str, write: Callable[..., list[str]], most: int, note: str) -> None:
        self.title = title
        self.program = program
        self.write = write
        self.most = most
        self.note = note

    def found(self) -> str | None:
        """Its file; None where it is not installed."""
        return shutil.which(self.program) or shutil.which(self.program, path=str(OWN))

    def version(self) -> str | None:
        """As it says itself; None where it is not installed."""
        found = self.found()
        return version_of(found) if found else None


def version_of(program: str) -> str:
    """What a program says of itself."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, cwd="/")
    number = re.search(r"\d+(\.\d+)+", done.stdout)
    return number[0] if number else "of an unknown version"


def names(numbers: Sequence[int]) -> str:
    return " ".join(f"t{i}" for i in numbers)


def write_make(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    whole = names(range(len(graph)))
    rules = [f"t{i}: {names(needs)}\n\t@{command(i).replace('$', '$$')}\n" for i, needs in enumerate(graph)]
    (folder / "Makefile").write_text(f".PHONY: all {whole}\nall: {whole}\n" + "".join(rules))
    return ["-s", "-j", str(jobs), "all"]


def write_ninja(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    """No task ever makes the file that it is named after, so all have to be done each time."""
    rules = [
        f"build t{i}: sh {names(needs)}\n  text = {command(i).replace('$', '$$')}\n" for i, needs in enumerate(graph)
    ]
    (folder / "build.ninja").write_text(
        "rule sh\n  command = $text\n" + "".join(rules) + f"build all: phony {names(range(len(graph)))}\ndefault all\n"
    )
    return ["--quiet", "-j", str(jobs)]


def write_just(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    """Without `[parallel]` a recipe's dependencies run one after the other."""
    rules = [f"[parallel]\n@t{i}: {names(needs)}\n    {command(i)}\n" for i, needs in enumerate(graph)]
    (folder / "justfile").write_text(
        f'set shell := ["sh", "-c"]\n[parallel]\nall: {names(range(len(graph)))}\n' + "".join(rules)
    )
    return ["--jobs", str(jobs), "all"]


def write_task(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    """Its own shell would start no process, so it is told to start `sh`."""
    return write_task_plain(folder, graph, jobs, lambda i: f"sh -c {shlex.quote(command(i))}")


def write_task_plain(folder: Path, graph: Graph, jobs: int, command: Command) -> list[str]:
    """`run: once`, or what two need runs twice."""
    lines = ["version: '3'", "silent: true", "run: once", "tasks:"]
    lines.append(f"  all: {{deps: {json.dumps([f't{i}' for i in range(len(graph))])}}}")
    for i, needs in enumerate(graph):
        lines.append(f"  t{i}: {{deps: {json.dumps([f't{d}' for d in needs])}, cmds: [{json.dumps(command(i))}]}}")
    (folder / "Taskfile.yml").write_text("\n".join(lines) + "\n")
    return ["--concurrency", str(jobs), "all"]


def write_doit(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    """Its file is a program, which reads the graph beside it."""
    write_graph(folder / "graph.json", graph, command)
    (folder / "dodo.py").write_text(
        "import json\n\n\ndef task_t():\n    for i, (command, needs) in enumerate(json.load(open('graph.json'))):\n"
        "        yield {'name': str(i), 'actions': [command], 'task_dep': [f't:{d}' for d in needs]}\n"
    )
    return ["-P", "thread", "-n", str(jobs)]


def write_graph(path: Path, graph: Graph, command: Command = command) -> None:
    """What the bare loop reads."""
    path.write_text(json.dumps([(command(i), needs) for i, needs in enumerate(graph)]))


def write_loop(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    write_graph(folder / "graph.json", graph, command)
    return ["-I", "-S", str(HERE / "bare_loop.py"), "graph.json", str(jobs)]


def write_floor(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    lines = [f"{len(needs)} {' '.join(map(str, [*needs, command(i)]))}\n" for i, needs in enumerate(graph)]
    (folder / "graph.txt").write_text(f"{len(graph)}\n" + "".join(lines))
    return ["graph.txt", str(jobs)]


def write_fact(folder: Path, graph: Graph, jobs: int, command: Command = command) -> list[str]:
    """factc's own text, to be compiled first."""
    rules = [f"t{i}:{''.join(f' t{d}' for d in needs)}\n    {command(i)}\n" for i, needs in enumerate(graph)]
    (folder / "job.fact").write_text("job nothing\n\n" + "\n".join(rules))
    return ["run", "job.factotum", "--output", "quiet", "-j", str(jobs)]


LOOP = Peer(
    "bare Python loop", sys.executable, write_loop, 100_000, "posix_spawn, epoll, waitpid; both streams kept in memory"
)
PEERS = (
    Peer("make", "make", write_make, 10_000, "phony targets; output is not captured"),
    Peer("ninja", "ninja", write_ninja, 10_000, "outputs that are never made; one pipe for both streams"),
    Peer("just", "just", write_just, 1_000, "`[parallel]` recipes; output is not captured"),
    Peer("go-task", "task", write_task, 1_000, "`run: once`; output is not captured"),
    Peer("doit", "doit", write_doit, 1_000, "`-P thread`; a pipe for each stream"),
)


def build_floor(folder: Path) -> str | None:
    """The C program, compiled into the folder; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        return None
    words = [compiler, "-O2", "-D_GNU_SOURCE", "-o", str(folder / "floor"), str(HERE / "floor.c")]
    subprocess.run(words, check=True)
    return str(folder / "floor")
