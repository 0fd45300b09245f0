"""The record of runs: a directory for each, with its journal, its plan and the logs of its tasks.

`writer` keeps it while a run goes on; `history` reads it, `prune` removes it; `journal` is the form of its lines.
"""

from __future__ import annotations

STATE_DIR = ".factc"
JOURNAL = "events.ndjson"
PLAN = "plan.factotum"
LOGS = "logs"
PROGRAM = "factc"  # for tasks of a run that no installed program began
