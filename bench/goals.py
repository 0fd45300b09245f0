"""The goals: what each figure should be at most, and why it is more where it is.

Knows names and numbers alone. A part of the benchmarks makes its rows with `row`, which finds the goal by what the row
is of; the sentences are shown only beside goals that are missed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.rows import Row


@dataclass(frozen=True)
class Goal:
    """What a figure should be at most. `what` is the row's; no two goals have the same."""

    part: str
    what: str
    at_most: float
    unit: str
    why: str


LOOP = "× the bare loop"
PASS = "× `python -c pass`"
MAKE = "× make"
COMPILED = "× the same compiled"

VERBS = ("run", "validate", "plan", "list")
FORMS = {"JSON": 1.6, "text": 2.5}  # what starting with a job as it is written may cost, beside the same one compiled

_RUN = (
    "Most of it is Python: factc's own steps at each start and end (its pipes, what the process left, the journal, "
    "what comes next) take about 0.1 ms a task, those of the bare loop 0.03 ms; "
    "starting and reading the plan come once."
)
_LONG = (
    f"{_RUN} In some runs of 10,000, flat or in layers, starting a shell takes twice as long, with the same processor "
    "time; why is not known."
)
_KNOWN = f"{_RUN} Here it also reads how long each task took in the journals of five runs."
_LARGE = "What the run holds no longer fits the caches of the processor, so each look at it takes longer."
_MEMORY = "Each task keeps its name, its dependencies, its words and its state as objects of Python."
_COMPILE_MEMORY = "The text, its parsed form and the plan are in memory together."
_START = "Starting Python is the unit, so what is left are the modules that the command cannot do without."
_WRITTEN = "The modules that compile are loaded, with their regular expressions; of a text also those that read it."
_COMPILE = "It is Python code that looks at each task several times: its shape, its names, its shell text, its plan."
_TEXT = f"{_COMPILE} A text is parsed in Python, too, where JSON is parsed in C."
_GROWS = "What is in memory no longer fits the caches of the processor, so each look at it takes longer."
_FASTER = "Some kind of input takes more than n log n."
_ORDER = "On two slots a single long task that comes late cannot be made good by any of the others."
_SEARCH = "The search ends after a fixed number of attempts, and its rules do not find every good order."
_BARRIER = "Where the levels are few and wide, waiting for each of them costs little."
_POSTS = "An event is cut when a post is under way, so a fast receiver is sent more, smaller ones."
_SENT = "Every event names every task that has changed, and its output as far as it fits."
_WORKS = "Starting Python and reading the plan come once; each task's output is captured and its course is recorded."
_EXIT = "The last events go out when the job has ended; each needs an answer."
_FAILS = (
    "Each failure is told on the screen, when it happens and in the account at the end, and says in the journal why."
)
_WATCHED = "The screen and the events are made by the same process that starts the tasks."


def _all() -> list[Goal]:
    goals = [
        Goal("run", f"{count:,} tasks, {shape}", 1.15, LOOP, _LONG if count > 1_000 and shape != "chain" else _RUN)
        for count in (1_000, 10_000)
        for shape in ("flat", "chain", "layers")
    ]
    goals += [Goal("work", f"tasks of 10 to 40 ms, -j {slots}", 1.05, MAKE, _WORKS) for slots in (1, 2, 8)]
    goals += [
        Goal("run", "1,000 tasks, layers, the tenth run of the same job", 1.15, LOOP, _KNOWN),
        Goal("large", "a task of 100,000 beside one of 10,000", 1.1, "× the time", _LARGE),
    ]
    for count in (1_000, 10_000, 100_000):
        most = 60 + 0.006 * count
        goals += [
            Goal("large", f"memory of a run, {count:,} tasks", most, "MB", _MEMORY),
            Goal("compile", f"memory, JSON, {count:,} tasks", most, "MB", _COMPILE_MEMORY),
            Goal("compile", f"memory, text, {count:,} tasks", most, "MB", _COMPILE_MEMORY),
        ]
    goals += [
        Goal("startup", "factc --version", 3.0, PASS, _START),
        Goal("startup", "factc --help", 3.0, PASS, _START),
        Goal("startup", "completion of a command", 3.0, PASS, _START),
        Goal("startup", "completion of an option", 3.0, PASS, _START),
        Goal("startup", "completion of a task's name", 10.0, PASS, f"{_START} The job is read for it."),
        Goal("startup", "factc run, one compiled task", 4.0, PASS, _START),
        *(
            Goal("startup", f"{verb}, {form}", most, COMPILED, _WRITTEN)
            for verb in VERBS
            for form, most in FORMS.items()
        ),
        Goal("compile", "JSON, 10,000 tasks", 1.0, "s", _COMPILE),
        Goal("compile", "text, 10,000 tasks", 1.5, "s", _TEXT),
        Goal("compile", "JSON, 100,000 tasks beside 10,000", 10.0, "× the time", _GROWS),
        Goal("compile", "text, 100,000 tasks beside 10,000", 10.0, "× the time", _GROWS),
    ]
    goals += [
        Goal("growth", f"growth of {what}, the worst kind", 6.0, "times", _FASTER)
        for what in ("processor time", "memory")
    ]
    goals.append(Goal("failing", "20,000 tasks that fail, beside as many that succeed", 1.3, "× the time", _FAILS))
    for slots in (2, 4, 8):
        goals += [
            Goal("schedule", f"{slots} slots", 1.05, "× the shortest possible", _ORDER),
            Goal("schedule", f"{slots} slots, graphs behind the best order", 5.0, "%", _SEARCH),
        ]
    goals += [
        Goal("schedule", "4 slots, beside level by level", 0.85, "× the time", _BARRIER),
        Goal("schedule", "8 slots, beside level by level", 0.85, "× the time", _BARRIER),
        Goal("schedule", "longest path, 100,000 tasks", 500.0, "ms", "It visits each task and each dependency once."),
        Goal("schedule", "durations of 5 runs, 1,000 tasks", 50.0, "ms", "Each journal is read as a whole."),
        Goal("screen", "1,000 tasks of 50 ms, -j 8, with all of it", 1.03, "× the time", _WATCHED),
        Goal("delivery", "1,000 tasks, posts at most", 60.0, "", _POSTS),
        Goal("delivery", "1,000 tasks, sent at most", 25.0, "MB", _SENT),
        Goal("delivery", "1,000 tasks, exit delayed by", 0.5, "s", _EXIT),
        Goal("delivery", "10,000 tasks, sent at most", 150.0, "MB", _SENT),
        Goal(
            "record",
            "the journal's own share of a run",
            3.0,
            "%",
            "Its lines are made and written one by one, before anybody else hears of it.",
        ),
        Goal("record", "journal, without the Factfile", 600.0, "bytes a task", "Each line is JSON with names."),
        Goal("record", "reading 10,000 tasks back", 0.3, "s", "Each line is parsed and applied, one after the other."),
    ]
    return goals


GOALS = {goal.what: goal for goal in _all()}


def row(what: str, value: float | str, unit: str = "", spread: tuple[float, float] | None = None) -> Row:
    """A row with the goal that it has, if it has one: then the goal's unit counts."""
    goal = GOALS.get(what)
    if goal is None:
        return Row(what, value, unit, spread=spread)
    return Row(what, value, goal.unit, goal.at_most, goal.why, spread)
