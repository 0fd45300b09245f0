"""A plan as a graph: DOT text through the `graphviz` package, and pictures of it.

Knows names and dependencies; runs nothing but a program that draws.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from factc.diagnostic import RequestError
from factc.plan import Plan
from factc.reach import MAX_DEPTH
from factc.visible import visible

PROGRAMS = ("dot", "graphviz-pure")
NODES = {"shape": "box", "style": "rounded", "fontname": "Helvetica"}
FRAME = {"style": "rounded", "color": "gray", "fontname": "Helvetica"}
_USED = re.compile(r"(\w[\w.\-]*(?:\[[^\[\]]+\])?)/(?=.)", re.DOTALL)  # what `use` puts before a name
_ENTITY = re.compile(r"&(?=#?\w+;)")
HOW_TO_GET = "install Graphviz (apt install graphviz, brew install graphviz), or the extra: pip install 'factc[render]'"


def dot_text(plan: Plan) -> str:
    """The DOT of a plan: a node a line in plan order, then an edge a line; a frame round the tasks of each used job.

    What a `finally` task waits for is dashed: it runs whatever comes of that. Nodes are called t0, t1 …: the package
    would read a name such as `a:b` as a port and `<b>` as HTML.
    """
    import graphviz

    name = graphviz.escape(visible(plan.name))
    graph = graphviz.Digraph(name=name, node_attr=NODES)
    _draw(graph, [(i, _inside(task.name)) for i, task in enumerate(plan.tasks)], plan)
    for i, task in enumerate(plan.tasks):
        dashed = {"style": "dashed"} if task.final else {}
        for dependency in task.dependencies:
            graph.edge(f"t{dependency}", f"t{i}", **dashed)
    text: str = graph.source
    return text if text.startswith('digraph "') else text.replace(f"digraph {name} {{", f'digraph "{name}" {{', 1)


Node = tuple[int, list[str]]  # the number of a task, and the used jobs that it is in, the outermost first


def _draw(graph: Any, nodes: list[Node], plan: Plan) -> None:
    """Nodes and frames; a frame stands where its first task would."""
    frames: dict[str, list[Node]] = {}
    for i, inside in nodes:
        if inside:
            frames.setdefault(inside[0], []).append((i, inside[1:]))
    for i, inside in nodes:
        if not inside:
            task = plan.tasks[i]
            more = {"tooltip": _label(task.description)} if task.description else {}
            graph.node(f"t{i}", label=_label(task.name), **more)
        elif inside[0] in frames:
            with graph.subgraph(name=f"cluster_{i}_{len(inside)}") as frame:
                frame.attr(label=_label(inside[0]), **FRAME)
                _draw(frame, frames.pop(inside[0]), plan)


def _inside(name: str) -> list[str]:
    """The used jobs that the name of a task begins with."""
    inside: list[str] = []
    at = 0
    while len(inside) < MAX_DEPTH and (match := _USED.match(name, at)):
        inside.append(match[1])
        at = match.end()
    return inside


def _label(words: str) -> str:
    """Words that Graphviz draws as they are: it reads backslashes and HTML's entities."""
    import graphviz

    escaped: str = graphviz.escape(_ENTITY.sub("&amp;", visible(words)))
    return escaped


def rendered(text: str, form: str) -> bytes:
    """A picture of DOT text: svg, png or pdf. Raises RequestError where no program here can draw it."""
    programs = [path for name in PROGRAMS if (path := _found(name))]
    if not programs:
        raise RequestError("nothing here can draw a picture", HOW_TO_GET)
    problem = ""
    for program in programs:
        done = _drawn([program, f"-T{form}"], text)
        if isinstance(done, bytes):
            return done
        problem = problem or done
    raise RequestError(f"the picture could not be drawn: {problem}")


def _found(name: str) -> str | None:
    """A program on PATH, or beside the Python that runs this (in a virtual environment)."""
    return shutil.which(name) or shutil.which(name, path=os.path.dirname(sys.executable))


def _drawn(command: Sequence[str], text: str) -> bytes | str:
    """The picture, or what the program said instead."""
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    except OSError as problem:
        return f"{command[0]}: {problem.strerror}"
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return f"{command[0]}: {said[0] if said else f'exit code {done.returncode}'}"
    return done.stdout
