"""What a step is: whether it changes the job itself, ends the run, or has a failure in it.

Asked by all who cut steps into events, while a run goes on and when its journal is read.
"""

from __future__ import annotations

from factc.events import RunCreated, RunFinished, RunStarted, RunStopped, Step, TaskCarried, TaskEnded
from factc.events.state import FAILED


def transitions(step: Step) -> int:
    """How many changes of state a step makes."""
    return sum(type(fact) is not RunStopped and type(fact) is not TaskCarried for fact in step)


def is_job(step: Step) -> bool:
    """Whether a step changes the job itself: such a step shares its event with no other."""
    return any(isinstance(fact, (RunCreated, RunStarted, RunFinished)) for fact in step)


def is_end(step: Step) -> bool:
    """Whether a step ends the run."""
    return any(isinstance(fact, RunFinished) for fact in step)


def has_failure(step: Step) -> bool:
    """Whether a task failed in a step."""
    return any(isinstance(fact, TaskEnded) and fact.state == FAILED for fact in step)
