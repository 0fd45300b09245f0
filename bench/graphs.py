"""Graphs of tasks that do nothing: the shapes that every runner has to walk.

Knows numbers alone: a graph is, for each task, the earlier ones that it waits for. Task N is called `tN`.
"""

from __future__ import annotations

from collections.abc import Callable

Graph = list[tuple[int, ...]]


def flat(count: int) -> Graph:
    """No task waits for any other."""
    return [() for _ in range(count)]


def chain(count: int) -> Graph:
    """Each task waits for the one before."""
    return [(i - 1,) if i else () for i in range(count)]


def layers(count: int) -> Graph:
    """Rows of 50 tasks (of 100 from 10,000 tasks on); each waits for two of the row above."""
    width = min(count, 100 if count >= 10_000 else 50)
    return [
        (i - width, i - width - i % width + (i + 1) % width) if i >= width and width > 1 else () for i in range(count)
    ]


SHAPES: dict[str, Callable[[int], Graph]] = {"flat": flat, "chain": chain, "layers": layers}


def command(i: int) -> str:
    """What task i does, through `sh`: nothing. (make passes over a bare `:`, so the name follows it.)"""
    return f": t{i}"
