"""Random graphs of tasks with skewed durations, the same for the same seed.

Knows chance alone. A graph is, for each task, the earlier ones that it waits for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

Graph = list[tuple[int, ...]]


class Dag:
    """A graph with its seconds a task, and what it was made by: the shape of the graph, the kind of the durations."""

    def __init__(self, shape: str, kind: str, needs: Graph, seconds: list[float]) -> None:
        self.shape = shape
        self.kind = kind
        self.needs = needs
        self.seconds = seconds


def dags(count: int, smallest: int = 20, largest: int = 200) -> Iterator[Dag]:
    """So many, of that many tasks or a few more: every shape with every kind of durations in turn."""
    pairs = [(shape, kind) for kind in KINDS for shape in SHAPES]
    for seed in range(count):
        shape, kind = pairs[seed % len(pairs)]
        chance = random.Random(seed)
        needs = SHAPES[shape](chance, chance.randint(smallest, largest))
        yield Dag(shape, kind, needs, [KINDS[kind](chance) for _ in needs])


def _leaning(chance: random.Random, count: int) -> Graph:
    """Tasks that lean on a few of those just before them."""
    needs: Graph = []
    for i in range(count):
        recent = range(max(0, i - 12), i)
        wanted = 0 if i < count // 8 else chance.choice((1, 1, 1, 2, 2, 3))
        needs.append(tuple(sorted(chance.sample(recent, min(wanted, len(recent))))))
    return needs


def _layered(chance: random.Random, count: int) -> Graph:
    """Rows of tasks, each of which waits for some of the row above."""
    needs: Graph = []
    above: list[int] = []
    while len(needs) < count:
        row = range(len(needs), len(needs) + min(chance.randint(4, 20), count - len(needs)))
        needs += [tuple(sorted(chance.sample(above, min(len(above), chance.choice((1, 1, 2, 3)))))) for _ in row]
        above = list(row)
    return needs


def _any(chance: random.Random, count: int) -> Graph:
    """Every earlier task is waited for with the same small probability: one to three a task at the end."""
    share = chance.uniform(1, 3) / count
    return [tuple(d for d in range(i) if chance.random() < share) for i in range(count)]


def _forked(chance: random.Random, count: int) -> Graph:
    """One task, then many short chains side by side, then one that waits for all of them, and so on."""
    needs: Graph = [()]
    while len(needs) < count:
        fork, ends = len(needs) - 1, []
        for _ in range(chance.randint(3, 16)):
            last = fork
            for _ in range(chance.choice((1, 1, 2, 3))):
                needs.append((last,))
                last = len(needs) - 1
            ends.append(last)
        needs.append(tuple(ends))
    return needs


def _nested(chance: random.Random, count: int) -> Graph:
    """Series and parallels, one in another."""
    needs: Graph = []

    def build(size: int, after: tuple[int, ...]) -> tuple[int, ...]:
        if size == 1:
            needs.append(after)
            return (len(needs) - 1,)
        some = chance.randint(1, size - 1)
        if chance.random() < 0.45:
            return build(size - some, build(some, after))
        return build(some, after) + build(size - some, after)

    build(count, ())
    return needs


SHAPES: dict[str, Callable[[random.Random, int], Graph]] = {
    "leaning": _leaning, "layered": _layered, "any": _any, "forked": _forked, "nested": _nested,
}  # fmt: skip
KINDS: dict[str, Callable[[random.Random], float]] = {
    "log-normal": lambda chance: chance.lognormvariate(0, 1),
    "Pareto": lambda chance: min(50.0, chance.paretovariate(1.5)),
    "one in five long": lambda chance: chance.uniform(5, 12) if chance.random() < 0.2 else chance.uniform(0.4, 1.6),
}
