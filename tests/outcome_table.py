"""The table of outcomes in the docs, made by running the runner; `python -m tests.outcome_table` writes it anew.

Knows the runner by its fake clock and engine; each cell is what a run came to.
"""

from __future__ import annotations

from itertools import product

from factc.events.ending import WORDS, ending
from factc.events.state import FAILED, NO_OP, SUCCEEDED, RunState
from factc.plan import PlanTask, Retry
from tests.conftest import ROOT
from tests.fake_engine import run

PAGE = ROOT / "docs" / "outcomes.md"
OK, EARLY, WRONG, KILLED, SLOW, NOT = range(6)
RESULTS = [
    "its code is in `ok`",
    "its code is in `noop`",
    "another code",
    "killed by a signal",
    "timed out",
    "could not start",
]
ENDS: list[tuple[float, int | None]] = [(2.0, 0), (2.0, 3), (2.0, 1), (2.0, 137), (100.0, 0), (2.0, None)]
ONCE, AGAIN, MENDED, OTHER = range(
    4
)  # no retry; retried in vain; the second attempt is good; retried on other codes only
STOPS: dict[str, list[float]] = {"": [], "before": [0.5], "during": [2.0], "twice": [2.0, 2.1]}


class Outcome:
    """What one combination came to: the task, what depends on it, a final task below, the job."""

    def __init__(self, result: int, attempts: int, *, final: bool = False, stop: str = "", **rules: bool) -> None:
        retry = {ONCE: None, OTHER: Retry(1, 1.0, on=(99,))}.get(attempts, Retry(1, 1.0))
        tested = PlanTask("task", (0,), ("x",), noop=(3,), timeout=10.0, retry=retry, final=final, declared=1)
        below = PlanTask("below", (1,), ("x",), final=final, declared=2)
        last = PlanTask("last", (2,), ("x",), final=True, declared=3)
        tasks = [PlanTask("first", (), ("x",)), tested, below, last]

        def ends(number: int, attempt: int) -> tuple[float, int | None]:
            if number != 1:
                return 1.0, 0
            return ENDS[OK] if attempts == MENDED and attempt == 2 else ENDS[result]

        groups = [[0], [1], [2], [3]] if rules.pop("levels", False) else None
        self.state, _, self.engine = run(tasks, ends, stop=STOPS[stop], levels=groups, **rules)
        self.states = [task.state for task in self.state.tasks[1:]]
        self.attempts = self.engine.attempts.get(1, 0)

    @property
    def job(self) -> str:
        return str(self.state.job)


def exit_code(state: RunState, stop: str) -> int:
    return 143 if stop else 2 if FAILED in (task.state for task in state.tasks) else 0


def table() -> str:
    """Both tables as Markdown."""
    lines = [
        "| the last attempt | the task | what depends on it | `finally` below | the run | exit code |",
        "|---|---|---|---|---|---|",
    ]
    for result, words in enumerate(RESULTS):
        lines.append(_row(words, Outcome(result, ONCE), ""))
    lines += ["", "| while it … | a signal comes | the task | what depends on it | `finally` below | the run | exit code |",
              "|---|---|---|---|---|---|---|"]  # fmt: skip
    for (when, words), final in product((("before", "waits"), ("during", "runs"), ("twice", "runs")), (False, True)):
        kind = "`finally`, " if final else ""
        lines.append(
            _row(f"{kind}{words}", Outcome(OK, ONCE, final=final, stop=when), "twice" if when == "twice" else "once")
        )
    return "\n".join(lines) + "\n"


def _row(words: str, outcome: Outcome, stop: str) -> str:
    code = exit_code(outcome.state, stop)
    states = [WORDS[state] for state in outcome.states]
    cells = [words, *([stop] if stop else []), *states, ending(outcome.state), str(code)]
    return "| " + " | ".join(cells) + " |"


def page(text: str) -> str:
    """The page with the tables as they are now."""
    begin, end = "<!-- tables -->\n\n", "\n<!-- end -->"
    return text[: text.index(begin) + len(begin)] + table() + text[text.index(end) :]


def expected(result: int, attempts: int, final: bool, stop: str) -> tuple[str, int]:
    """By the rules alone: the task's state, and how many attempts it has had."""
    if stop == "before":
        return (
            SUCCEEDED if final and (result == OK or (attempts == MENDED and result not in (OK, EARLY))) else "?",
            -1,
        )
    if stop:
        return "?", -1
    if result in (OK, EARLY):
        return (SUCCEEDED if result == OK else NO_OP), 1
    if attempts == MENDED:
        return SUCCEEDED, 2
    return FAILED, 2 if attempts == AGAIN else 1


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
