"""When events are cut and how they are merged, by a clock that the test holds; what answers mean."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factc.events import (
    Fact,
    RunCreated,
    RunFinished,
    RunStarted,
    RunStopped,
    Step,
    TaskEnded,
    TaskSkipped,
    TaskStarted,
)
from factc.events.state import FAILED, SUCCEEDED
from factc.events.steps import is_job, transitions
from factc.webhooks import policy
from factc.webhooks.policy import NEVER, Backoff, Pace, retry_after, verdict

CREATED: Step = (RunCreated(0.0),)
BEGUN: Step = (RunStarted(0.0),)
FINISHED: Step = (RunFinished(9.0, FAILED),)


def started(task: int) -> Step:
    return (TaskStarted(1.0, task),)


def ended(task: int, state: str = SUCCEEDED) -> Step:
    return (TaskEnded(2.0, task, state, 0, 1.0), TaskSkipped(2.0, 99, "x"))


def delivered(at: Pace, now: float, size: int = 100, seconds: float = 0.0) -> list[Step]:
    """Cuts the next event and has it answered after so many seconds."""
    steps = at.cut(now)
    at.sent(size)
    at.answered(now + seconds)
    return steps


def paced(size: int = 128_000, seconds: float = 0.0) -> Pace:
    """An endpoint that has had its first megabyte, the last `size` of it at time 0."""
    at = Pace()
    at.put(CREATED)
    delivered(at, -100.0, policy.FREELY)
    at.put(BEGUN)
    delivered(at, 0.0, size, seconds)
    return at


def test_nothing_waits_so_nothing_is_due() -> None:
    at = Pace()
    assert at.due() == NEVER
    assert at.cut(1e9) == []


def test_each_step_is_an_event_while_the_endpoint_answers_promptly() -> None:
    at = Pace()
    steps = [CREATED, BEGUN, *(started(i) for i in range(50)), FINISHED]
    for step in steps:
        at.put(step)
    assert [delivered(at, 0.0, 1000, 1.0) for _ in steps] == [[step] for step in steps]
    assert at.due() == NEVER


def test_one_event_is_under_way_at_a_time() -> None:
    at = Pace()
    at.put(CREATED)
    at.put(BEGUN)
    assert at.cut(0.0) == [CREATED]
    at.sent(100)
    assert at.due() == NEVER
    assert at.cut(1000.0) == []
    at.answered(1000.0)
    assert at.cut(1000.0) == [BEGUN]


def test_a_step_that_changes_no_state_makes_no_event() -> None:
    at = Pace()
    at.put((RunStopped(1.0, "the run was stopped"),))
    assert at.due() == NEVER


def test_after_a_late_answer_what_waited_goes_together_and_in_order() -> None:
    at = Pace()
    at.put(CREATED)
    delivered(at, 0.0)
    at.put(started(0))
    assert at.cut(1.0) == [started(0)]
    at.sent(100)
    waiting = [started(1), ended(0), started(2)]
    for step in waiting:
        at.put(step)
    at.answered(2.01)
    assert at.cut(2.01) == waiting  # the pace of 0.25 s is up already


def test_after_the_first_megabyte_the_pace_holds() -> None:
    at = paced(128_000)
    at.put(started(0))
    at.put(started(1))
    assert at.due() == 1.0
    assert at.cut(0.99) == []
    assert at.cut(1.0) == [started(0), started(1)]


@pytest.mark.parametrize(("size", "seconds"), [(1, 0.25), (64_000, 0.5), (1_280_000, 10.0), (10**9, 30.0)])
def test_the_pace_is_that_of_the_last_event_within_bounds(size: int, seconds: float) -> None:
    at = paced(size)
    at.put(started(0))
    assert at.due() == seconds


def test_a_post_longer_than_its_pace_is_followed_at_once() -> None:
    at = paced(128_000, seconds=5.0)
    at.put(started(0))
    assert at.cut(5.0) == [started(0)]


def test_the_first_failure_does_not_wait_for_the_pace_and_later_ones_do() -> None:
    at = paced(1_280_000)
    at.put(started(0))
    at.put(ended(0, FAILED))
    assert delivered(at, 0.1, 1_280_000) == [started(0), ended(0, FAILED)]
    at.put(ended(1, FAILED))
    assert at.due() == pytest.approx(10.1)


def test_a_failure_behind_events_that_go_singly_keeps_its_right() -> None:
    at = Pace()
    for step in (started(0), ended(0, FAILED), started(1)):
        at.put(step)
    assert delivered(at, 0.0, policy.FREELY) == [started(0)]
    assert delivered(at, 0.0) == [ended(0, FAILED), started(1)]
    at.put(started(2))
    assert at.due() > 0.0


def test_the_end_of_the_run_does_not_wait_for_the_pace() -> None:
    at = paced(1_280_000)
    for step in (started(0), ended(0), FINISHED):
        at.put(step)
    assert delivered(at, 0.0, 1_280_000) == [started(0), ended(0)]
    assert delivered(at, 0.0) == [FINISHED]


def test_hurry_ends_the_pace_for_what_waits() -> None:
    at = paced(1_280_000)
    at.put(started(0))
    at.hurry()
    assert at.cut(0.0) == [started(0)]


facts = st.sampled_from([started(0), ended(0), ended(1, FAILED), (started(1)[0], started(2)[0])])
sizes = st.integers(1, 2_000_000)


@given(st.lists(facts, max_size=30), st.lists(st.tuples(sizes, st.floats(0, 3), st.floats(0, 3)), min_size=1))
def test_every_step_goes_once_in_order_and_the_job_goes_alone(
    middle: list[Step], course: list[tuple[int, float, float]]
) -> None:
    at, now, cut = Pace(), 0.0, []
    waiting = [CREATED, BEGUN, *middle, FINISHED]
    for size, arrival, answer in itertools.cycle(course):
        if waiting:
            at.put(waiting.pop(0))
        now += arrival
        if at.due() <= now:
            cut.append(delivered(at, now, size, answer))
            now += answer
        if not waiting and at.due() == NEVER:
            break
        if not waiting:
            now = max(now, at.due())
    assert [step for steps in cut for step in steps] == [CREATED, BEGUN, *middle, FINISHED]
    assert all(len(steps) == 1 for steps in cut if any(map(is_job, steps)))


def test_a_step_counts_its_changes_of_state() -> None:
    stop: Fact = RunStopped(1.0, "the run was stopped")
    assert transitions((stop,)) == 0
    assert transitions((stop, TaskSkipped(1.0, 0, "x"), TaskSkipped(1.0, 1, "x"))) == 2


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((200, 201, 202, 204, 299), policy.DELIVERED),
        ((None, 408, 425, 429, 500, 502, 503, 504, 599), policy.RETRY),
        ((301, 302, 303, 304, 307, 308, 401, 403, 404, 410), policy.STOP),
        ((400, 402, 405, 415, 418, 422, 451), policy.POISON),
        ((413,), policy.SMALLER),
    ],
)
def test_what_an_answer_means(statuses: tuple[int | None, ...], expected: str) -> None:
    assert {verdict(status) for status in statuses} == {expected}


def test_backoff_grows_to_its_bound_with_full_jitter() -> None:
    backoff = Backoff(base=0.5, most=30.0)
    assert [backoff.delay(retry, 1.0) for retry in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.delay(3, 0.0) == 0.0
    assert backoff.delay(3, 0.25) == 1.0
    assert backoff.delay(10**6, 0.5) == 15.0


NOON = 1_750_000_000.0  # Sun, 15 Jun 2025 15:06:40 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("9" * 5000, policy.LONGEST_WISH),
        ("Sun, 15 Jun 2025 15:07:00 GMT", 20.0),
        ("Sunday, 15-Jun-25 15:07:00 GMT", 20.0),
        ("Sun Jun 15 15:07:00 2025", 20.0),
        ("Sun, 15 Jun 2025 15:07:00 -0000", 20.0),
        ("Sun, 15 Jun 2025 15:00:00 GMT", 0.0),
        ("Sun, 15 Jun 2099 15:00:00 GMT", policy.LONGEST_WISH),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("²", None),
        ("Sun, 99 Jun 2025 99:99:99 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("UTC", "XYZ-9"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert retry_after(header, NOON) == seconds
    monkeypatch.undo()
    time.tzset()


@given(st.text(max_size=40))
def test_no_retry_after_header_does_harm(header: str) -> None:
    seconds = retry_after(header, NOON)
    assert seconds is None or 0 <= seconds <= policy.LONGEST_WISH
