"""A plan as a standalone POSIX shell script: the same tasks, the same final states, the same exit code.

Knows plans and shells; the script needs nothing of factc.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from factc.emit.shell import quoted
from factc.plan import Plan, PlanTask, shown
from factc.version import __version__
from factc.visible import visible

_HEAD = """\
#!/bin/sh
# {title}
# Written by factc {version}. Runs the job one task at a time, in any POSIX shell, and needs nothing else.
# Exit code: 0 success or early finish, 2 a task failed, 129, 130 or 143 stopped by a signal (after the
# task that runs then has ended).
# shellcheck disable=SC1003,SC2016,SC2034,SC2089,SC2090

succeeded=0 noop=0 failed=0 skipped=0
state='' why=''

# Whether all tasks in these states succeeded.
all() {{ for one do [ "$one" = SUCCEEDED ] || return 1; done; }}

# listed CODE CODES: whether a code is among those.
listed() {{ case " $2 " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }}

# settled NAME CODE OK NOOP: what an exit code means.
settled() {{
  code=$2
  [ "$code" -lt 256 ] || code=$((code - 128)) # ksh counts signals from 256
  why="exit code $code"
  if listed "$code" "$3"; then state=SUCCEEDED why='' succeeded=$((succeeded + 1))
  elif listed "$code" "$4"; then state=SUCCEEDED_NO_OP noop=$((noop + 1))
  else state=FAILED failed=$((failed + 1)); fi
  printf '[%s] %s%s\\n' "$1" "$state" "${{why:+ ($why)}}" >&2
}}

# lost NAME REASON: it could not be started.
lost() {{ state=FAILED failed=$((failed + 1)); printf '[%s] FAILED (could not start: %s)\\n' "$1" "$2" >&2; }}

skip() {{ state=SKIPPED skipped=$((skipped + 1)); printf '[%s] SKIPPED\\n' "$1" >&2; }}

stop() {{ printf 'stopped by SIG%s\\n' "$1" >&2; exit "$2"; }}
trap 'stop HUP 129' HUP
trap 'stop INT 130' INT
trap 'stop TERM 143' TERM
"""

_FOOT = """
printf '%s: %s succeeded, %s no-op, %s failed, %s skipped\\n' {title} \\
  "$succeeded" "$noop" "$failed" "$skipped" >&2
[ "$failed" -eq 0 ] || exit 2
"""


def script(plan: Plan, order: Sequence[int]) -> str:
    """The script of a plan whose texts are all final; tasks run in that order."""
    title = visible(plan.name)
    parts = [_HEAD.format(title=title, version=__version__), _exports(plan)]
    parts += [_block(plan, i) for i in order]
    parts.append(_FOOT.format(title=_quoted(title)))
    return "\n".join(part for part in parts if part)


def _exports(plan: Plan) -> str:
    lines = ["FACTC_RUN=$(date -u +%Y%m%dT%H%M%SZ)-$$; export FACTC_RUN", "FACTC_ATTEMPT=1; export FACTC_ATTEMPT"]
    for key, value in plan.tags.items():
        name = "FACTC_TAG_" + "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in key)
        lines.append(f"{name}={_quoted(value)}; export {name}")
    return "\n".join(lines) + "\n"


def _block(plan: Plan, number: int) -> str:
    task = plan.tasks[number]
    name = _quoted(visible(task.name))
    needs = " ".join(f'"$t{d}"' for d in task.dependencies)
    body = [f"settled {name} 0 0 ''"] if not task.argv else _run(task, name)
    if needs:
        body = [f"if all {needs}; then", *(f"  {line}" for line in body), f"else skip {name}; fi"]
    return "\n".join([f"# {visible(task.name)}", *body, f"t{number}=$state"]) + "\n"


def _run(task: PlanTask, name: str) -> list[str]:
    """The lines that run one task and settle it; the text of a task is never indented."""
    words = [_word(str(text)) for text in task.argv]
    direct = len(task.argv) < 3 or task.argv[-2] != "-c"
    variables = "".join(f" {_quoted(f'{key}={value}')}" for key, value in task.environment)
    if variables or direct:  # `env` runs programs, never what the shell calls the same
        words = [f"env{variables}", *words]
    rules = f"{_quoted(' '.join(map(str, task.ok)))} {_quoted(' '.join(map(str, task.noop)))}"
    call = f"FACTC_TASK={_quoted(task.name)} {' '.join(words)} </dev/null"
    code = f'settled {name} "$?" {rules}'
    checks: list[tuple[str, str]] = []
    there = ""
    if task.directory is not None:
        folder = _quoted(_folder(str(task.directory)))
        there = f"cd {folder} && "
        checks.append((f"(cd {folder}) 2>/dev/null", f"no folder {shown(task.directory)}"))
    if task.argv[0] != "sh":
        found = f"({there}command -v {_word(str(task.argv[0]))}) >/dev/null"
        checks.append((found, f"no {shown(task.argv[0])} here"))
    if there:
        call = f"({there}{call})"
    if not checks:
        return [call, code]
    lines = []
    for i, (check, reason) in enumerate(checks):
        lines.append(f"{'elif' if i else 'if'} ! {check}; then lost {name} {_quoted(visible(reason))}")
    return [*lines, "else", f"  {call}", f"  {code}", "fi"]


def _folder(directory: str) -> str:
    return directory if directory.startswith(("/", "./", "../")) else f"./{directory}"


def _word(text: str) -> str:
    return text if re.fullmatch(r"[\w@%+:,./-]+", text, re.ASCII) else _quoted(text)


def _quoted(text: str) -> str:
    return quoted(text, kept="\n\t")
