"""The benchmarks' own parts: rows, the page, and that each runner is given the graph that it is said to be given."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench import page, results
from bench.__main__ import PARTS
from bench.goals import GOALS, row
from bench.graphs import SHAPES, Graph
from bench.machine import machine
from bench.measure import Candidate, take_turns
from bench.peers import LOOP, PEERS, Peer, build_floor, write_fact, write_floor
from bench.render import markdown, over, reasons, terminal
from bench.rows import Matrix, Row, Section
from bench.where import compiled, factc
from bench.working import command, seconds, working
from tests.conftest import ROOT, environment

GOAL = Row("run", 1.2, "× the loop", 1.15, "It writes a journal.", (1.1, 1.3))
MET = replace(GOAL, value=1.15)
WORDS = replace(GOAL, value="not here", spread=None)
PLAIN = Row("plain", 12_345.6, "tasks")
SECTION = Section("A title", "How it is done.", [GOAL, MET, PLAIN], [Matrix("Cells", ["", "a"], [["make", "1.0"]])])

shapes = pytest.mark.parametrize("shape", SHAPES)


# ---- rows and their looks


def test_a_goal_is_met_up_to_its_bound_and_not_beyond() -> None:
    assert (GOAL.reached, MET.reached, WORDS.reached, PLAIN.reached) == (False, True, False, None)


def test_a_missed_goal_says_by_how_much_and_why() -> None:
    assert over(GOAL) == "run: 1.200 × the loop, 4 % above the goal of 1.15"
    assert "less than 1 %" in over(replace(GOAL, value=1.1501))
    other = replace(WORDS, why="It is not here.")
    assert reasons([GOAL, other, replace(GOAL, what="walk")]) == (
        "- It writes a journal.\n"
        "  - run: 1.200 × the loop, 4 % above the goal of 1.15\n"
        "  - walk: 1.200 × the loop, 4 % above the goal of 1.15\n"
        "- It is not here.\n"
        "  - run: not here"
    )


def test_the_terminal_shows_value_spread_and_goal() -> None:
    assert terminal(SECTION) == (
        "A title\n"
        "  run    1.200 × the loop (1.100 to 1.300)  (goal: at most 1.15, MISSED)\n"
        "  run    1.150 × the loop (1.100 to 1.300)  (goal: at most 1.15)\n"
        "  plain  12,346 tasks\n"
        "  Cells\n"
        "          a\n"
        "    make  1.0\n"
    )


def test_markdown_has_a_table_of_rows_and_one_of_cells() -> None:
    assert markdown(SECTION) == (
        "### A title\n\nHow it is done.\n\n"
        "| what | measured | goal | |\n| --- | --- | --- | --- |\n"
        "| run | 1.200 × the loop (1.100 to 1.300) | ≤ 1.15 | **missed** |\n"
        "| run | 1.150 × the loop (1.100 to 1.300) | ≤ 1.15 | reached |\n"
        "| plain | 12,346 tasks | | |\n\n"
        "Cells:\n\n| | a |\n| --- | --- |\n| make | 1.0 |\n"
    )


def test_a_row_finds_its_goal_by_what_it_is_of() -> None:
    found = row("JSON, 10,000 tasks", 2.0)
    assert (found.unit, found.goal, found.reached) == ("s", 1.0, False)
    assert found.why.endswith(".")
    assert row("of nothing known", 2.0, "s") == Row("of nothing known", 2.0, "s")


def test_goals_belong_to_parts_and_give_a_reason() -> None:
    assert {goal.part for goal in GOALS.values()} == PARTS.keys() - {"shares"}  # it says where, not how much
    assert all(goal.why.endswith(".") and goal.at_most > 0 for goal in GOALS.values())


# ---- results and the page


def test_results_are_read_back_and_merged(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    one = results.Part("2026-01-31", "0.1", {"Python": "3.11"}, [SECTION])
    two = replace(one, date="2026-02-01", sections=[])
    assert results.read(path) == {}
    results.save("run", one, path)
    results.save("compile", one, path)
    results.save("compile", two, path)
    assert results.read(path) == {"run": one, "compile": two}


def test_a_page_wants_all_of_its_parts() -> None:
    part = results.Part("2026-01-31", "0.1", {"Python": "3.11"}, [SECTION])
    text = "# Title\n\n{{machine}}\n\n{{goals}}\n\n## One\n\n{{run}}\n\n## Two\n\n{{compile}}\n"
    with pytest.raises(page.Missing, match=r"^compile$"):
        page.page({"run": part}, text)
    later = replace(part, date="2026-02-01", machine={"Python": "3.12"})
    whole = page.page({"run": part, "compile": later}, text)
    assert "| Python | 3.12 |" in whole
    assert "2 of 4 goals are reached. Why others are not, and by how much:\n\n- It writes a journal.\n  - run" in whole
    assert "Measured on 2026-01-31, on: Python 3.11 (load before: 0.1)." in whole
    assert "Measured on 2026-02-01 (load before: 0.1)." in whole
    assert "{{" not in whole


def test_the_text_of_the_page_has_a_place_for_each_part() -> None:
    assert sorted(page.places(page.TEXT.read_text())) == sorted(PARTS)


def test_the_committed_page_shows_each_goal_with_its_value() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (.+?) \| (.+?) \| ≤ ([\d,.]+) \| (reached|\*\*missed\*\*) \|$", text)
    shown = {what: (float(goal.replace(",", "")), word) for what, _, goal, word in rows}
    assert {what: bound for what, (bound, _) in shown.items()} == {w: goal.at_most for w, goal in GOALS.items()}
    missed = [what for what, (_, word) in shown.items() if word != "reached"]
    explained = text.split("## Goals")[1].split("\n## ")[0]
    assert [what for what in missed if f"- {what}: " not in explained] == []
    count = re.search(r"(?:(\d+) of|All) (\d+) goals", explained)
    assert count
    assert int(count[1] or count[2]) == len(shown) - len(missed)


def test_the_command_line_knows_its_parts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nothing"], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert all(part in done.stderr for part in PARTS)


# ---- taking turns


def test_candidates_take_turns_and_the_first_round_does_not_count(tmp_path: Path) -> None:
    told = tmp_path / "told"
    said = [Candidate(name, ["sh", "-c", f"echo {name} >> told"], tmp_path, before=told.touch) for name in "ab"]
    take_turns(said, 2)
    assert told.read_text().split() == ["a", "b"] * 3
    assert [len(one.seconds) for one in said] == [2, 2]
    assert said[0].ratio(said[0]) == 1.0


def test_a_peer_that_fails_or_hangs_drops_out_with_a_word(tmp_path: Path) -> None:
    fails = Candidate("fails", ["sh", "-c", "echo x >> ran; exit 7"], tmp_path, optional=True)
    hangs = Candidate("hangs", ["sh", "-c", "sleep 60 & wait"], tmp_path, limit=0.2, optional=True)
    take_turns([fails, hangs], 3)
    assert (fails.words, hangs.words) == ("fails (7)", "over 0 s")
    assert (tmp_path / "ran").read_text() == "x\n"
    with pytest.raises(subprocess.CalledProcessError):
        take_turns([Candidate("ours", ["false"], tmp_path)], 1)


# ---- the same graph for all


def in_order(folder: Path, graph: Graph, words: list[str]) -> None:
    """Runs words that make each task append its number to a file, and looks whether each came after what it needs."""
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, timeout=60)
    assert done.returncode == 0, done
    order = [int(word) for word in (folder / "order").read_text().split()]
    assert sorted(order) == list(range(len(graph)))
    at = {task: place for place, task in enumerate(order)}
    assert all(at[need] < at[i] for i, needs in enumerate(graph) for need in needs)


def tells(i: int) -> str:
    return f"echo {i} >> order"


def small(shape: str) -> Graph:
    """Layers are wider than twenty tasks, so there it is a hundred and twenty."""
    return SHAPES[shape](120 if shape == "layers" else 20)


def test_layers_need_two_of_the_row_before() -> None:
    graph = SHAPES["layers"](1_000)
    assert all(needs == () for needs in graph[:50])
    assert all(
        len({*needs}) == 2 and {n // 50 for n in needs} == {i // 50 - 1} for i, needs in enumerate(graph[50:], 50)
    )
    assert {len(needs) for needs in SHAPES["layers"](10_000)[100:]} == {2}


@shapes
@pytest.mark.parametrize("peer", [LOOP, *PEERS], ids=lambda peer: peer.title.replace(" ", "-"))
def test_peers_run_every_task_in_order(peer: Peer, shape: str, tmp_path: Path) -> None:
    graph = small(shape)
    words = peer.write(tmp_path, graph, 2, tells)
    found = peer.found()
    if not found:
        pytest.skip(f"{peer.title} is not here")
    in_order(tmp_path, graph, [found, *words])


@shapes
def test_the_floor_runs_every_task_in_order(shape: str, tmp_path: Path) -> None:
    floor = build_floor(tmp_path)
    if not floor:
        pytest.skip("no C compiler is here")
    graph = small(shape)
    in_order(tmp_path, graph, [floor, *write_floor(tmp_path, graph, 2, tells)])


@shapes
def test_factc_runs_the_same_graph(shape: str, tmp_path: Path) -> None:
    graph = small(shape)
    words = write_fact(tmp_path, graph, 2, tells)
    compiled(tmp_path, "job.fact")
    in_order(tmp_path, graph, [*factc(), *words])


def test_tasks_that_work_are_timed_beside_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {round(1000 * seconds(i)) for i in range(100)} == set(range(10, 41)) and command(0) == "sleep 0.010"
    monkeypatch.setattr("bench.working.EACH", 2)
    monkeypatch.setattr("bench.working.SLOTS", (2,))
    monkeypatch.setattr("bench.working.PEERS", [peer for peer in PEERS if peer.title == "make"])
    (section,) = working(tmp_path, 1)
    (one,), (matrix,) = section.rows, section.matrices
    assert one.goal == GOALS["tasks of 10 to 40 ms, -j 2"].at_most
    assert [line[0] for line in matrix.lines] == ["factc", *(["make"] if shutil.which("make") else [])]
    assert one.value == "make is not here" or f"{one.value:.3f} ×" in matrix.lines[0][1]


@pytest.mark.parametrize("which", ["loop", "floor"])
def test_a_task_that_fails_is_told(which: str, tmp_path: Path) -> None:
    graph: Graph = [(), (0,)]
    if which == "floor":
        if not (floor := build_floor(tmp_path)):
            pytest.skip("no C compiler is here")
        words = [floor, *write_floor(tmp_path, graph, 2, lambda i: f"exit {i}")]
    else:
        words = [sys.executable, *LOOP.write(tmp_path, graph, 2, lambda i: f"exit {i}")]
    assert subprocess.run(words, cwd=tmp_path, timeout=60).returncode == 1


def test_the_machine_is_named_with_every_peer() -> None:
    found = machine()
    assert {"processor", "kernel", "Python", "factc", *(peer.title for peer in PEERS)} <= found.keys()
    if shutil.which("make"):
        assert re.match(r"\d+\.\d+", found["make"])
