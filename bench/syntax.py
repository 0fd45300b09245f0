"""What `validate` pays for asking shells: CPU time of 1,000 different right recipes, and of one wrong one more.

.venv/bin/python -m bench.syntax
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

TASKS, ROUNDS = 1000, 3
RULE = """\
[shell {shell}]
load{i}:
    mkdir -p out/{i} && cd out/{i}
    for part in a b c; do
      echo "part $part of {i}: {{{{day}}}}" | sort >"$part.txt"
    done
    if [ -s a.txt ]; then cat a.txt 'b.txt'; else echo "nothing in ${{PWD}}" >&2; fi

"""
ASKING = "import sys; from factc.cli import main; sys.exit(main())"
PLAIN = "from factc.lint import syntax; syntax.findings = lambda recipes: []; " + ASKING


def spent(code: str, job: Path) -> float:
    """CPU seconds of a validate and of all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, "validate", str(job)], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.fact"
        for shell in ("sh", "dash", "bash", "zsh"):
            job.write_text("job many\n\nparam day\n\n" + "".join(RULE.format(shell=shell, i=i) for i in range(TASKS)))
            rounds = [(spent(PLAIN, job), spent(ASKING, job)) for _ in range(ROUNDS)]
            plain, asking = (median(column) for column in zip(*rounds, strict=True))
            ratio = median(b / a for a, b in rounds)
            print(f"{shell:5} without {plain:.2f} s, with {asking:.2f} s of CPU: {ratio:.2f} times", flush=True)


if __name__ == "__main__":
    os.environ["TERM"] = "dumb"
    main()
