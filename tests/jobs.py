"""Makes Factfiles for tests: as values, as text, and at random."""

from __future__ import annotations

import json
import random
from typing import Any

FACTOTUM = "iglu:com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0"
FACTC = "iglu:factc/factfile/jsonschema/1-0-0"


def task(
    name: str,
    command: str = "true",
    *needs: str,
    arguments: list[str] | None = None,
    ok: list[int] | None = None,
    noop: list[int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One task of a Factfile."""
    return {
        "name": name,
        "executor": "shell",
        "command": command,
        "arguments": arguments or [],
        "dependsOn": list(needs),
        "onResult": {"terminateJobWithSuccess": noop or [], "continueJob": [0] if ok is None else ok},
        **more,
    }


def factfile(*tasks: dict[str, Any], name: str = "a job", schema: str = FACTOTUM, **more: Any) -> str:
    """A whole Factfile, as text."""
    return json.dumps({"schema": schema, "data": {"name": name, "tasks": list(tasks), **more}}, indent=2)


class RandomJob:
    """A job whose tasks end as `ends` says: a code, a negative signal number, or MILESTONE (runs nothing)."""

    MILESTONE = 1000

    def __init__(self, seed: int, largest: int = 30) -> None:
        choose = random.Random(seed)
        count = choose.randint(1, largest)
        self.needs = [choose.sample(range(i), min(i, choose.choice((0, 1, 1, 2, 3)))) for i in range(count)]
        self.ends = [choose.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 7, -9, -15, 137)) for _ in range(count)]
        self.ok = [choose.choice(([0], [0], [0], [0, 2], [0, 137], [0, 1, 143])) for _ in range(count)]
        self.noop = [choose.choice(([], [], [3], [3, 7])) for _ in range(count)]
        for i in range(count):
            if choose.random() < 0.1:
                self.ends[i], self.ok[i], self.noop[i] = self.MILESTONE, [0], []
        self.declared = list(range(count))
        choose.shuffle(self.declared)

    def code(self, task: int) -> int:
        """The exit code as a shell reports it."""
        end = self.ends[task]
        return 0 if end == self.MILESTONE else 128 - end if end < 0 else end

    def text(self) -> str:
        """The Factfile; tasks are declared in a shuffled order."""
        tasks = []
        for i in self.declared:
            end = self.ends[i]
            needs = [f"t{d}" for d in self.needs[i]]
            command = f"exit {end}" if end >= 0 else f"kill {end} $$"
            made = task(f"t{i}", command, *needs, ok=self.ok[i], noop=self.noop[i])
            tasks.append({"name": f"t{i}", "dependsOn": needs} if end == self.MILESTONE else made)
        return factfile(*tasks, name="random", schema=FACTC)

    def model(self) -> dict[str, str]:
        """The final states, worked out task by task from the rules alone."""
        states: list[str] = []
        for i, needs in enumerate(self.needs):
            if any(states[d] != "SUCCEEDED" for d in needs):
                states.append("SKIPPED")
            elif self.code(i) in self.ok[i]:
                states.append("SUCCEEDED")
            else:
                states.append("SUCCEEDED_NO_OP" if self.code(i) in self.noop[i] else "FAILED")
        return {f"t{i}": state for i, state in enumerate(states)}
