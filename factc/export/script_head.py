"""What a standalone script begins and ends with: the functions that its tasks call, each only where one needs it.

Knows POSIX shells; knows no task but by what the plan as a whole asks for.
"""

from __future__ import annotations

import re

from factc.durations import written
from factc.escape import visible
from factc.export.shell import quoted
from factc.plan.values import tag_variable
from factc.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import Plan

_HEAD = """\
#!/bin/sh
# {title}
# Written by factc {version}. Runs the job one task at a time, in any POSIX shell, and needs nothing else.
# Exit code: 0 success or early finish, 2 a task failed, 129, 130 or 143 stopped by a signal (after the
# task that runs then has ended).
# shellcheck disable=SC1003,SC2016,SC2034,SC2089,SC2090

# Its own variables begin with factc_, so that tasks see all others as they were exported.
factc_succeeded=0 factc_noop=0 factc_failed=0 factc_skipped=0
factc_state='' factc_why='' factc_stopped=''

# Whether all tasks in these states succeeded, and nobody wants the job to stop.
all() {{ [ -z "$factc_stopped" ] || return 1; for factc_one do [ "$factc_one" = succeeded ] || return 1; done; }}

# listed CODE CODES: whether a code is among those.
listed() {{ case " $2 " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }}

# settled NAME CODE OK NOOP: what an exit code means.
settled() {{
  factc_code=$2
  [ "$factc_code" -lt 256 ] || factc_code=$((factc_code - 128)) # ksh counts signals from 256
  factc_why="exit code $factc_code"
  if listed "$factc_code" "$3"; then factc_state=succeeded factc_why='' factc_succeeded=$((factc_succeeded + 1))
  elif listed "$factc_code" "$4"; then factc_state=no-op factc_noop=$((factc_noop + 1))
  else factc_state=failed factc_failed=$((factc_failed + 1)); fi
  printf '[%s] %s%s\\n' "$1" "$factc_state" "${{factc_why:+ ($factc_why)}}" >&2
}}

# lost NAME REASON: it could not be started.
lost() {{
  factc_state=failed factc_failed=$((factc_failed + 1))
  printf '[%s] failed (could not start: %s)\\n' "$1" "$2" >&2
}}

skip() {{ factc_state=skipped factc_skipped=$((factc_skipped + 1)); printf '[%s] skipped\\n' "$1" >&2; }}
"""

_FOUND = """\
# found PROGRAM PATH: whether there is such a program.
found() (
  case $1 in */*) [ -f "$1" ] && [ -x "$1" ]; exit ;; esac
  rest=$2:
  while [ -n "$rest" ]; do
    folder=${rest%%:*} rest=${rest#*:}
    [ -f "${folder:-.}/$1" ] && [ -x "${folder:-.}/$1" ] && exit 0
  done
  exit 1
)
"""

_STOP = """\
stop() { printf 'stopped by SIG%s\\n' "$1" >&2; exit "$2"; }
"""

_STOP_WITH_FINAL = """\
# A first signal skips what is left but the tasks that run in any case; a second ends the script.
stop() { printf 'stopped by SIG%s\\n' "$1" >&2; [ -z "$factc_stopped" ] || exit "$2"; factc_stopped=$2; }

# outcome NAME BYTES STATE …: what a task that runs in any case is told of those above it. FACTC_FAILED has as many
# lines as are no longer than 65536 bytes, the file has all.
factc_list=''
trap '[ -z "$factc_list" ] || rm -f "$factc_list"' EXIT
outcome() {
  FACTC_OUTCOME=succeeded FACTC_FAILED='' FACTC_FAILED_COUNT=0 FACTC_FAILED_FILE=/dev/null
  factc_room=65537 factc_part=name
  for factc_one do
    case $factc_part in
      name) factc_line=$factc_one factc_part=bytes ;;
      bytes) factc_bytes=$factc_one factc_part=state ;;
      *)
        factc_part=name
        [ "$factc_one" = failed ] || continue
        [ "$FACTC_FAILED_COUNT" -gt 0 ] || new_list
        FACTC_FAILED_COUNT=$((FACTC_FAILED_COUNT + 1)) factc_room=$((factc_room - factc_bytes - 1))
        [ -z "$factc_list" ] || printf '%s\n' "$factc_line" >>"$factc_list"
        if [ "$factc_room" -lt 0 ]; then factc_room=0
        else FACTC_FAILED="${FACTC_FAILED:+$FACTC_FAILED
}$factc_line"; fi ;;
    esac
  done
  [ "$FACTC_FAILED_COUNT" -eq 0 ] || FACTC_OUTCOME=failed FACTC_FAILED_FILE=$factc_list
  [ -z "$factc_stopped" ] || FACTC_OUTCOME=stopped
  export FACTC_OUTCOME FACTC_FAILED FACTC_FAILED_COUNT FACTC_FAILED_FILE
}

# new_list: an empty file, the same for all tasks that are told something; gone when the script ends.
new_list() {
  [ -n "$factc_list" ] || factc_list=$(mktemp "${TMPDIR:-/tmp}/factc.XXXXXX") || factc_list=''
  [ -z "$factc_list" ] || : >"$factc_list"
}
"""

_TRAPS = """\
trap 'stop HUP 129' HUP
trap 'stop INT 130' INT
trap 'stop TERM 143' TERM
"""

_LIMIT = """\
# limited SECONDS COMMAND …: stops a command that takes longer.
if command -v timeout >/dev/null; then
  limited() { timeout -k 10 "$@"; }
else
  echo 'there is no `timeout` here: no task is stopped for taking too long' >&2
  limited() { shift; "$@"; }
fi
"""

_RETRY = """\
# attempts TIMES EVERY BACKOFF ON OK NOOP COMMAND: at most TIMES more tries, EVERY milliseconds apart (BACKOFF
# thousandths of that each time, at most an hour); ON lists what is tried again, nothing for everything. Leaves the exit
# code in $factc_code.
attempts() {
  factc_times=$1 factc_every=$2 factc_backoff=$3 factc_on=$4 factc_good=$5 factc_early=$6 factc_command=$7
  FACTC_ATTEMPT=1
  while :; do
    "$factc_command"
    factc_code=$?
    [ "$factc_code" -lt 256 ] || factc_code=$((factc_code - 128))
    if listed "$factc_code" "$factc_good $factc_early" || [ -n "$factc_stopped" ]; then break; fi
    [ "$FACTC_ATTEMPT" -le "$factc_times" ] || break
    [ -z "$factc_on" ] || listed "$factc_code" "$factc_on" || break
    factc_pause=$((factc_every / 1000))
    [ $((factc_every % 1000)) -eq 0 ] || factc_pause=$factc_pause.$(printf %03d $((factc_every % 1000)))
    printf 'exit code %s, again in %s s\\n' "$factc_code" "$factc_pause" >&2
    sleep "$factc_pause"
    factc_every=$((factc_every * factc_backoff / 1000))
    [ "$factc_every" -le 3600000 ] || factc_every=3600000
    FACTC_ATTEMPT=$((FACTC_ATTEMPT + 1))
  done
  FACTC_ATTEMPT=1
}
"""

_FACTC = re.compile(r"\bFACTC\b")  # the script itself needs no factc, but what a task says may

_ONLY = """\
# only NAME …: of the secrets, a task sees these.
only() {{
  for factc_secret in {secrets}; do
    case " $* " in *" $factc_secret "*) ;; *) unset "$factc_secret" ;; esac
  done
}}
"""

_FOOT = """
printf '%s: %s succeeded, %s no-op, %s failed, %s skipped\\n' {title} \\
  "$factc_succeeded" "$factc_noop" "$factc_failed" "$factc_skipped" >&2
[ -z "$factc_stopped" ] || exit "$factc_stopped"
[ "$factc_failed" -eq 0 ] || exit 2
"""


def head(plan: Plan) -> str:
    """Everything before the first task."""
    parts = [_HEAD.format(title=visible(plan.name), version=__version__)]
    parts.append((_STOP_WITH_FINAL if any(task.final for task in plan.tasks) else _STOP) + _TRAPS)
    if any(task.timeout is not None for task in plan.tasks):
        parts.append(_LIMIT)
    if any(task.argv and (task.argv[0] != "sh" or "PATH" in dict(task.environment)) for task in plan.tasks):
        parts.append(_FOUND)
    if any(task.retry for task in plan.tasks):
        parts.append(_RETRY)
    if any(len(task.secrets) < len(plan.secrets) for task in plan.tasks):
        parts.append(_ONLY.format(secrets=" ".join(plan.secrets)))
    parts += [*_limit_of_all(plan), _exports(plan)]
    return "\n".join(parts)


def _limit_of_all(plan: Plan) -> list[str]:
    """What a run would do and a script cannot, said by it."""
    if plan.timeout is None:
        return []
    words = f"this script does not keep the limit of the whole job ({written(plan.timeout)}); `timeout` round it does"
    return [f"echo {script_quoted(words)} >&2\n"]


def foot(plan: Plan) -> str:
    return _FOOT.format(title=script_quoted(visible(plan.name)))


def script_quoted(text: str) -> str:
    return quoted(text, kept="\n\t")


def script_word(text: str) -> str:
    return text if re.fullmatch(r"[\w@%+:,./-]+", text, re.ASCII) else script_quoted(text)


def _exports(plan: Plan) -> str:
    lines = ["FACTC_RUN=$(date -u +%Y%m%dT%H%M%SZ)-$$; export FACTC_RUN", "FACTC_ATTEMPT=1; export FACTC_ATTEMPT"]
    if any(_FACTC.search(str(task.argv[-1])) for task in plan.tasks if task.argv):
        lines.append("FACTC=${FACTC:-factc}; export FACTC")
    for key, value in plan.tags.items():
        name = tag_variable(key)
        lines.append(f"{name}={script_quoted(value)}; export {name}")
    wanted = {name for task in plan.tasks if task.argv for name in task.secrets}
    for name in plan.secrets:
        if name not in wanted:
            continue
        lines.append(
            f'[ -n "${{{name}-}}" ] || {{ echo "the job needs the secret {name}: set that variable" >&2; exit 3; }}'
        )
    return "\n".join(lines) + "\n"
