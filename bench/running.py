"""Running tasks that do nothing: what a runner adds to them, beside a bare loop, a C program and other runners.

Knows the peers and the graphs; all have the same commands, and the whole process is timed.
"""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from bench.goals import LOOP as TIMES
from bench.goals import row
from bench.graphs import SHAPES, Graph
from bench.measure import Candidate, Weight, take_turns
from bench.peers import LOOP, PEERS, Peer, build_floor, write_fact, write_floor
from bench.rows import Matrix, Row, Section
from bench.where import compiled, factc

JOBS = 2
LIMIT = 60.0  # seconds that a run of a peer may take
FACTC = "factc"
TENTH = "factc, the tenth run of the same job"
FLOOR = "C: spawn and wait"


def running(folder: Path, most: int) -> list[Section]:
    """1,000 and 10,000 tasks in three shapes. most: at most so many runs of each."""
    floor = build_floor(folder)
    return [_section(folder, floor, 1_000, min(5, most)), _section(folder, floor, 10_000, min(5, most))]


def _section(folder: Path, floor: str | None, count: int, runs: int) -> Section:
    shapes: dict[str, list[Candidate]] = {}
    rows: list[Row] = []
    for shape, make in SHAPES.items():
        candidates = _candidates(folder / f"{shape}-{count}", floor, make(count))
        take_turns(candidates, runs, warm=count < 10_000)
        shapes[shape] = candidates
        rows += _rows(count, shape, candidates)
        shutil.rmtree(folder / f"{shape}-{count}")
    return Section(
        f"{count:,} tasks that do nothing",
        f"`: tN` through `sh`, -j {JOBS}; factc runs a compiled plan, with the record and all logs, in a state "
        f"directory without earlier runs. Medians of {runs} runs in turn.",
        rows,
        [
            _matrix("Milliseconds a task, and × the bare loop", shapes, count, lambda one: one.seconds),
            _matrix(
                "Processor time a task in milliseconds, and × the bare loop", shapes, count, lambda one: one.processor
            ),
        ],
    )


def _candidates(folder: Path, floor: str | None, graph: Graph) -> list[Candidate]:
    """In folders of their own; the first is the base."""
    found = [_peer(LOOP, folder, graph)]
    home = folder / "factc"
    words = _written(home, graph)
    found.append(Candidate(FACTC, [*factc(), *words], home, before=lambda: shutil.rmtree(home / ".factc", True)))
    if len(graph) == 1_000:
        found.append(_tenth(folder / "tenth", graph))
    if floor:
        place = folder / "floor"
        place.mkdir(parents=True)
        found.append(Candidate(FLOOR, [floor, *write_floor(place, graph, JOBS)], place))
    return found + [_peer(peer, folder, graph) for peer in PEERS if peer.found() and len(graph) <= peer.most]


def _written(folder: Path, graph: Graph) -> list[str]:
    """factc's words, for a plan that is ready."""
    folder.mkdir(parents=True)
    words = write_fact(folder, graph, JOBS)
    compiled(folder, "job.fact")
    return words


def _peer(peer: Peer, folder: Path, graph: Graph) -> Candidate:
    """A runner whose own notes of its last run are gone before each run."""
    place = folder / peer.title.replace(" ", "-")
    place.mkdir(parents=True)
    words = [str(peer.found()), *peer.write(place, graph, JOBS)]
    given = set(place.iterdir())

    def tidy() -> None:
        for path in set(place.iterdir()) - given:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return Candidate(peer.title, words, place, before=tidy, limit=LIMIT, optional=peer is not LOOP)


def _tenth(folder: Path, graph: Graph) -> Candidate:
    """factc where nine runs have told how long each task takes."""
    words = _written(folder, graph)
    for _ in range(9):
        Candidate("one of nine", [*factc(), *words], folder).run()
    nine = set((folder / ".factc" / "runs").iterdir())

    def tidy() -> None:
        for path in set((folder / ".factc" / "runs").iterdir()) - nine:
            shutil.rmtree(path)

    return Candidate(TENTH, [*factc(), *words], folder, before=tidy)


def _rows(count: int, shape: str, candidates: list[Candidate]) -> list[Row]:
    base = candidates[0]
    rows = []
    for candidate in candidates:
        if candidate.title == FACTC:
            rows.append(row(f"{count:,} tasks, {shape}", candidate.ratio(base), TIMES, candidate.spread(base)))
        if candidate.title == TENTH:
            what = f"{count:,} tasks, {shape}, the tenth run of the same job"
            rows.append(row(what, candidate.ratio(base), TIMES, candidate.spread(base)))
    return rows


def _matrix(title: str, shapes: dict[str, list[Candidate]], count: int, which: object) -> Matrix:
    """A line for each runner, a column for each shape."""
    assert callable(which)
    titles = [candidate.title for candidate in next(iter(shapes.values()))]
    lines = []
    for at, name in enumerate(titles):
        cells = []
        for candidates in shapes.values():
            one, base = candidates[at], candidates[0]
            if one.words:
                cells.append(one.words)
                continue
            median = statistics.median(which(one))
            ratio = statistics.median(a / b for a, b in zip(which(one), which(base), strict=True))
            cells.append(f"{1000 * median / count:.2f} · {ratio:.2f} ×")
        lines.append([name, *cells])
    return Matrix(title, ["", *shapes], lines)


def large(folder: Path, most: int) -> list[Section]:
    """100,000 tasks, once, between runs of 10,000. most: at most so many of those."""
    weights: dict[int, list[Weight]] = {}
    makes = {count: folder / str(count) for count in (1_000, 10_000, 100_000)}
    words = {count: _written(place, SHAPES["flat"](count)) for count, place in makes.items()}
    for count in (1_000, 10_000, *[100_000, 10_000, 10_000][: max(2, most)]):
        shutil.rmtree(makes[count] / ".factc", ignore_errors=True)
        weights.setdefault(count, []).append(Weight([*factc(), *words[count]], makes[count]))
    much, some = weights[100_000][0], weights[10_000]
    rows = [
        row("a task of 100,000 beside one of 10,000", much.seconds / 10 / statistics.median(w.seconds for w in some)),
        row(
            "the same, processor time", much.processor / 10 / statistics.median(w.processor for w in some), "× the time"
        ),
    ]
    for count, ones in weights.items():
        each = statistics.median(w.seconds for w in ones) / count
        rows.append(row(f"{count:,} tasks", 1000 * each, "ms a task"))
        rows.append(row(f"memory of a run, {count:,} tasks", max(w.memory for w in ones)))
    how = (
        f"Tasks that do nothing and wait for nothing, -j {JOBS}, compiled before; 100,000 are run a single time, "
        "10,000 before and after it. Goal for memory: 60 MB and 6 kB a task."
    )
    return [Section("100,000 tasks", how, rows)]
