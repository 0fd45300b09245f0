"""A run's figures as a person reads them, in 80 columns.

Knows the figures; the answer is a string that ends with what to do about it.
"""

from __future__ import annotations

from textwrap import wrap

from factc import durations
from factc.report.stats import NO_LIMIT, heaviest, saved
from factc.screen.colour import BOLD, DIM, painted
from factc.screen.summary import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from factc.report.stats import Stats

MOST_TASKS = 10  # in the table
WIDTH = 80
LABEL = 15  # columns before the figures
NAME = 26  # columns of a name, at most
LEAST = 0.01  # of the run: what saves less saves nothing
HEAVY = 0.25  # of the critical path: a task worth splitting


def text(stats: Stats, colour: bool) -> str:
    """The whole account, from a blank line to a last line feed."""
    lines = [""]
    for label, words in _overview(stats):
        first, *rest = _folded(words)
        lines.append(painted(f"{label:{LABEL}}", BOLD, colour) + first)
        lines += [f"{'':{LABEL}}{line}" for line in rest]
    table = _table(stats, colour)
    lines += ["", *table] if table else []
    lines.append("")
    for sentence in advice(stats):
        whole = sentence.replace(" %", "\0%")  # a number and its sign stay together
        lines += [
            line.replace("\0", " ") for line in wrap(whole, WIDTH, break_long_words=False, break_on_hyphens=False)
        ]
    return "\n".join(lines) + "\n"


# ---- the overview


def _overview(stats: Stats) -> list[tuple[str, list[str]]]:
    """Each row's label, and the parts of what stands behind it."""
    rows = [("run", _run(stats))]
    if not stats.ran:
        return rows
    rows += [
        ("at once", _at_once(stats)),
        ("running", [f"{_seconds(stats.total('running'))}, all tasks together"]),
        ("waiting", _waits(stats)),
    ]
    if cpu := stats.cpu:
        rows.append(("CPU time", [_seconds(sum(cpu)), f"user {_seconds(cpu[0])}", f"system {_seconds(cpu[1])}"]))
    if stats.path:
        rows.append(("critical path", _path(stats)))
    if stats.finished:
        rows.append(("simulated", _simulated(stats)))
    return rows


def _run(stats: Stats) -> list[str]:
    slots = {None: "the record does not say on how many slots", NO_LIMIT: "no limit of slots"}
    words = [
        f"{_seconds(stats.whole)}{'' if stats.finished else ' so far'}",
        slots.get(stats.slots) or _count(stats.slots or 0, "slot"),
    ]
    courses = stats.courses.tasks
    for number, how in (
        (sum(one.carried for one in courses), "carried over"),
        (sum(one.skipped for one in courses), "skipped"),
    ):
        words += [f"{_count(number, 'task')} {how}"] if number else []
    return words


def _at_once(stats: Stats) -> list[str]:
    words = [f"{stats.at_once:.1f} tasks on average", f"{stats.most} at the most"]
    if stats.used is not None:
        words.append(f"{_share(stats.used)} of the slots used")
    if stats.slots != 1 and len(stats.ran) > 1:
        words.append(f"one alone for {_share(stats.alone, stats.whole)} of the run")
    if stats.slots and stats.slots > 1:
        words.append(f"all slots taken for {_share(stats.busy, stats.whole)}")
    return words


def _waits(stats: Stats) -> list[str]:
    words = [f"{_seconds(stats.total('for_tasks'))} for other tasks", f"{_seconds(stats.total('for_slot'))} for a slot"]
    words += [f"{_seconds(seconds)} for the pool {short(name, NAME)}" for name, seconds in stats.pool_waits.items()]
    paused = stats.total("pausing")
    return [*words, f"{_seconds(paused)} between attempts"] if paused else words


def _path(stats: Stats) -> list[str]:
    """Its share, and its names; of a long one the first and the last."""
    names = [_name(stats, i) for i in stats.path]
    more = len(names) - 2 * MOST_TASKS
    if more > 0:
        names = [*names[:MOST_TASKS], f"{more} more", *names[-MOST_TASKS:]]
    words = f"{_seconds(stats.path_seconds)}, {_share(stats.path_seconds, stats.whole)} of the run: "
    return [words + names[0], *(f"→ {name}" for name in names[1:])]


def _simulated(stats: Stats) -> list[str]:
    now = stats.simulated(stats.slots or NO_LIMIT)
    if not stats.slots:
        return [f"{_seconds(now)} without a limit of slots"]
    words = [f"{_seconds(now)} on {_count(stats.slots, 'slot')}"]
    for slots, where in ((stats.slots + 1, f"on {stats.slots + 1}"), (NO_LIMIT, "without a limit")):
        saving = saved(stats, slots)
        less = f" ({_share(saving, now)} less)" if saving else ""
        words.append(f"{_seconds(now - saving)} {where}{less}")
    return words


def _folded(parts: Sequence[str]) -> list[str]:
    """The parts with commas (or arrows of their own) between them, in lines that are not too long."""
    lines, room = [parts[0]], WIDTH - LABEL - 2
    for part in parts[1:]:
        link = " " if part.startswith("→ ") else ", "
        if len(lines[-1]) + len(link) + len(part) > room:
            lines[-1] += link.rstrip()
            lines.append(part)
        else:
            lines[-1] += link + part
    return lines


# ---- the table


def _table(stats: Stats, colour: bool) -> list[str]:
    """The heaviest tasks; columns in which nothing would stand are left out."""
    listed = heaviest(stats, MOST_TASKS)
    if not listed:
        return []
    on_path = set(stats.path)
    rows = [["RUNNING", "OF RUN", "CPU", "FOR SLOT", "FOR POOL", "PAUSED", "TRIES"]]
    for i in listed:
        one, tries, cpu = stats.tasks[i], len(stats.courses.tasks[i].attempts), stats.cpu_of(i)
        rows.append([
            _brief(one.running), _share(one.running, stats.whole), "" if cpu is None else _brief(cpu),
            _some(one.for_slot), _some(one.for_pool), _some(one.pausing), str(tries) if tries > 1 else "",
        ])  # fmt: skip
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    room = min(NAME, WIDTH - sum(widths) - 2 * len(widths) - 2)
    names = ["TASK", *(_name(stats, i, room) + (" *" if i in on_path else "") for i in listed)]
    first = max(map(len, names))
    lines = [
        f"{name:{first}}  {'  '.join(f'{cell:>{width}}' for cell, width in zip(row, widths, strict=True))}".rstrip()
        for name, row in zip(names, zip(*columns, strict=True), strict=True)
    ]
    lines = [painted(lines[0], BOLD, colour), *lines[1:]]
    more = sum(bool(stats.plan.tasks[i].argv) for i in stats.ran) - len(listed)
    notes = [f"and {more} more"] if more else []
    notes += ["* on the critical path"] if on_path & set(listed) else []
    return [*lines, painted("; ".join(notes), DIM, colour)] if notes else lines


# ---- what to do


def advice(stats: Stats) -> list[str]:
    """Sentences, the most useful first."""
    if not stats.ran:
        return ["No task has run."]
    if not stats.finished:
        return ["What more slots would bring can be told of a run that has come to its end."]
    now = stats.simulated(stats.slots or NO_LIMIT)
    if not now:
        return ["The tasks took no time."]
    pairs = [(0.1 * now, _to_split(stats)), *_more_slots(stats, now), *_more_room(stats, now)]
    return [sentence for _, sentence in sorted(pairs, key=lambda pair: -pair[0])]


def _more_slots(stats: Stats, now: float) -> list[tuple[float, str]]:
    """What more slots would bring, in seconds and in words."""
    if not stats.slots:
        return []
    one, many = saved(stats, stats.slots + 1), saved(stats, NO_LIMIT)
    if many < LEAST * now:
        return [(0.0, f"More slots{' alone' if stats.pool_waits else ''} would not help.")]
    lots = f"as many as it can use, {_share(many, now)} ({_seconds(many)})"
    if one < LEAST * now:
        return [(many, f"One slot more would save nothing; {lots}.")]
    words = f"One slot more (-j {stats.slots + 1}) would save about {_share(one, now)} ({_seconds(one)})"
    return [(many, f"{words}; {lots}." if many - one >= LEAST * now else f"{words}.")]


def _more_room(stats: Stats, now: float) -> list[tuple[float, str]]:
    """What a slot more in each pool would bring, or, where that alone brings nothing, with one more beside it."""
    pairs = []
    slots = stats.slots or NO_LIMIT
    for name in stats.narrow:
        where = f"the pool {short(name, NAME)}"
        room = f"--pool {short(name, NAME)}={stats.pools[name] + 1}"
        words, saving = f"One slot more in {where} ({room})", saved(stats, slots, name)
        if saving < LEAST * now and slots:
            both = saved(stats, slots + 1, name)
            if both - saved(stats, slots + 1) >= LEAST * now:
                words, saving = f"One slot more and one more in {where} (-j {slots + 1} {room})", both
        if saving >= LEAST * now:
            pairs.append((saving, f"{words} would save about {_share(saving, now)} ({_seconds(saving)})."))
    return pairs


def _to_split(stats: Stats) -> str:
    heavy = max(stats.path, key=lambda i: stats.tasks[i].seconds)
    name, one = _name(stats, heavy), stats.tasks[heavy]
    share = one.seconds / stats.path_seconds
    what = "split it first" if one.pausing < one.running else "it waits between attempts for most of that time"
    if len(stats.path) == 1:
        return f"`{name}` alone is the critical path: {what}."
    if share >= HEAVY:
        return f"`{name}` takes {_share(share)} of the critical path: {what}."
    return f"No task of the critical path is heavy: `{name}`, the heaviest, takes {_share(share)} of it."


# ---- words


def _seconds(seconds: float) -> str:
    return durations.shown(seconds)


def _some(seconds: float) -> str:
    return _brief(seconds) if seconds >= 0.0005 else ""


def _brief(seconds: float) -> str:
    """In few columns: of what takes hours the seconds do not matter."""
    words = _seconds(seconds)
    return words[: -len(" 00s")] if "h" in words else words


def _share(part: float, whole: float = 1.0) -> str:
    share = 100 * part / whole if whole else 0.0
    return "<1 %" if 0 < share < 0.5 else f"{share:.0f} %"


def _name(stats: Stats, task: int, most: int = NAME) -> str:
    words = short(stats.plan.tasks[task].name)
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
