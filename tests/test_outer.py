"""A run inside a task: what belonged to the outer run's attempt does not reach the tasks of the inner one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Ran

OUTER = f"""\
job outer
secret TOKEN
secret KEY
pool db = 1

a:
    exit 3

[finally]
[pool db]
z:
    : $TOKEN $KEY; {sys.executable} -m factc run inner.fact --no-record
"""
INNER = """\
job inner
secret KEY

see:
    env | sed -n '/^FACTC_/p; /^TOKEN/p; /^PLAIN/p'; echo "key of ${#KEY}"
"""


def test_what_belongs_to_an_attempt_ends_with_it(factc: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "outer.fact").write_text(OUTER)
    (tmp_path / "inner.fact").write_text(INNER)
    env = {"TOKEN": "tok-4711-abcdef", "KEY": "key-0815-abcdef", "PLAIN": "yes", "FACTC_JOBS": "3"}
    ran = factc("run", "outer.fact", "--tag", "stage=live", env=env)
    lines = [line.removeprefix("[z] ").removeprefix("[see] ") for line in ran.out.splitlines()]
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    assert set(found) == {"FACTC_RUN", "FACTC_TASK", "FACTC_ATTEMPT", "FACTC_GRACE", "FACTC_MARK", "FACTC_SECRETS",
                          "FACTC_JOBS", "PLAIN"}, ran  # fmt: skip
    assert found["FACTC_TASK"] == "see" and found["FACTC_SECRETS"] == "KEY" and "key of 15" in lines, ran
    assert len(found["FACTC_MARK"].split()) == 2 and found["FACTC_RUN"] in found["FACTC_MARK"].split()[1], ran
