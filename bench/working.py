"""Tasks that take a while: what make, other runners and factc add to the time that the tasks take anyway.

Knows the peers; the whole process is timed. Each task is one program, which make and factc start without a shell.
"""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from bench.goals import MAKE, row
from bench.graphs import flat
from bench.measure import Candidate, take_turns
from bench.peers import PEERS, Peer, write_fact, write_task_plain
from bench.rows import Matrix, Row, Section
from bench.where import compiled, factc

SLOTS = (1, 2, 8)
EACH = 200  # tasks for each slot: about five seconds a run
RUNS = 5
FACTC = "factc"


def seconds(i: int) -> float:
    """How long task i takes: 10 to 40 ms, in no order."""
    return (10 + i * 7 % 31) / 1000


def command(i: int) -> str:
    return f"sleep {seconds(i):.3f}"


def working(folder: Path, most: int) -> list[Section]:
    """most: at most so many runs of each."""
    runs = min(RUNS, most)
    columns: dict[str, list[Candidate]] = {}
    rows: list[Row] = []
    for slots in SLOTS:
        candidates = _candidates(folder / str(slots), slots)
        take_turns(candidates, runs, warm=False)
        columns[f"-j {slots}"] = candidates
        ours, base = candidates[0], candidates[1] if len(candidates) > 1 else None
        what = f"tasks of 10 to 40 ms, -j {slots}"
        if base is None or base.title != "make":
            rows.append(row(what, "make is not here"))
        else:
            rows.append(row(what, ours.ratio(base), MAKE, ours.spread(base)))
        shutil.rmtree(folder / str(slots))
    how = (
        f"`sleep` for 10 to 40 ms, {EACH} tasks for each slot; factc runs a compiled plan, with the record and all "
        "logs (the peers record nothing). make and factc start `sleep` themselves, go-task's own shell does, ninja and "
        "just start `sh`. "
        f"Medians of {runs} runs in turn."
    )
    return [Section("Tasks that take a while", how, rows, [_matrix(columns)])]


def _candidates(folder: Path, slots: int) -> list[Candidate]:
    """factc, then make if it is here, then the others."""
    home = folder / "factc"
    home.mkdir(parents=True)
    words = write_fact(home, flat(EACH * slots), slots, command)
    compiled(home, "job.fact")
    ours = Candidate(FACTC, [*factc(), *words], home, before=lambda: shutil.rmtree(home / ".factc", True))
    others = [peer for peer in PEERS if peer.found() and peer.title != "doit"]
    return [ours, *(_peer(peer, folder / peer.title, slots) for peer in others)]


def _peer(peer: Peer, folder: Path, slots: int) -> Candidate:
    folder.mkdir()
    write = write_task_plain if peer.title == "go-task" else peer.write
    words = write(folder, flat(EACH * slots), slots, command)
    return Candidate(peer.title, [str(peer.found()), *words], folder, limit=60.0, optional=peer.title != "make")


def _matrix(columns: dict[str, list[Candidate]]) -> Matrix:
    """A line for each runner: what it adds to a task, and its time beside make's."""
    lines: list[list[str]] = []
    for at, first in enumerate(next(iter(columns.values()))):
        cells = []
        for slots, candidates in zip(SLOTS, columns.values(), strict=True):
            one, base = candidates[at], next((c for c in candidates if c.title == "make"), None)
            count = EACH * slots
            if one.words:
                cells.append(one.words)
                continue
            added = statistics.median(one.seconds) * slots - sum(map(seconds, range(count)))
            beside = f" · {one.ratio(base):.3f} ×" if base else ""
            cells.append(f"{1000 * added / count:.2f}{beside}")
        lines.append([first.title, *cells])
    return Matrix("Milliseconds that a task takes more than by itself, and the whole × make's", ["", *columns], lines)
