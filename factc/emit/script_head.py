"""What a standalone script begins and ends with: the functions that its tasks call, each only where one needs it.

Knows POSIX shells; knows no task but by what the plan as a whole asks for.
"""

from __future__ import annotations

import re

from factc.durations import written
from factc.emit.shell import quoted
from factc.version import __version__
from factc.visible import visible

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

succeeded=0 noop=0 failed=0 skipped=0
state='' why='' stopped=''

# Whether all tasks in these states succeeded, and nobody wants the job to stop.
all() {{ [ -z "$stopped" ] || return 1; for one do [ "$one" = SUCCEEDED ] || return 1; done; }}

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
stop() { printf 'stopped by SIG%s\\n' "$1" >&2; [ -z "$stopped" ] || exit "$2"; stopped=$2; }

# outcome NAME BYTES STATE …: what a task that runs in any case is told of those above it. FACTC_FAILED has as many
# lines as are no longer than 65536 bytes, the file has all.
list=''
trap '[ -z "$list" ] || rm -f "$list"' EXIT
outcome() {
  FACTC_OUTCOME=succeeded FACTC_FAILED='' FACTC_FAILED_COUNT=0 FACTC_FAILED_FILE=/dev/null
  room=65537 part=name
  for one do
    case $part in
      name) line=$one part=bytes ;;
      bytes) bytes=$one part=state ;;
      *)
        part=name
        [ "$one" = FAILED ] || continue
        [ "$FACTC_FAILED_COUNT" -gt 0 ] || new_list
        FACTC_FAILED_COUNT=$((FACTC_FAILED_COUNT + 1)) room=$((room - bytes - 1))
        [ -z "$list" ] || printf '%s\n' "$line" >>"$list"
        if [ "$room" -lt 0 ]; then room=0
        else FACTC_FAILED="${FACTC_FAILED:+$FACTC_FAILED
}$line"; fi ;;
    esac
  done
  [ "$FACTC_FAILED_COUNT" -eq 0 ] || FACTC_OUTCOME=failed FACTC_FAILED_FILE=$list
  [ -z "$stopped" ] || FACTC_OUTCOME=stopped
  export FACTC_OUTCOME FACTC_FAILED FACTC_FAILED_COUNT FACTC_FAILED_FILE
}

# new_list: an empty file, the same for all tasks that are told something; gone when the script ends.
new_list() {
  [ -n "$list" ] || list=$(mktemp "${TMPDIR:-/tmp}/factc.XXXXXX") || list=''
  [ -z "$list" ] || : >"$list"
}
"""

_TRAPS = """\
trap 'stop HUP 129' HUP
trap 'stop INT 130' INT
trap 'stop TERM 143' TERM
"""

_LIMIT = """\
# limited SECONDS COMMAND …: stops a command that takes longer (parts of a second are rounded up).
if command -v timeout >/dev/null; then
  limited() { timeout -k 10 "$@"; }
else
  echo 'there is no `timeout` here: no task is stopped for taking too long' >&2
  limited() { shift; "$@"; }
fi
"""

_RETRY = """\
# attempts TIMES EVERY BACKOFF ON OK NOOP COMMAND: at most TIMES more tries, EVERY seconds apart (BACKOFF times that
# each time; both are rounded up to whole numbers); ON lists what is tried again, nothing for everything. Leaves the
# exit code in $code.
attempts() {
  times=$1 every=$2 backoff=$3 on=$4 good=$5 early=$6 command=$7
  FACTC_ATTEMPT=1
  while :; do
    "$command"
    code=$?
    [ "$code" -lt 256 ] || code=$((code - 128))
    if listed "$code" "$good" || listed "$code" "$early" || [ -n "$stopped" ]; then break; fi
    [ "$FACTC_ATTEMPT" -le "$times" ] || break
    [ -z "$on" ] || listed "$code" "$on" || break
    printf 'exit code %s, again in %s s\\n' "$code" "$every" >&2
    sleep "$every"
    every=$((every * backoff))
    [ "$every" -le 3600 ] || every=3600
    FACTC_ATTEMPT=$((FACTC_ATTEMPT + 1))
  done
  FACTC_ATTEMPT=1
}
"""

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
  "$succeeded" "$noop" "$failed" "$skipped" >&2
[ -z "$stopped" ] || exit "$stopped"
[ "$failed" -eq 0 ] || exit 2
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
    for key, value in plan.tags.items():
        name = "FACTC_TAG_" + "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in key)
        lines.append(f"{name}={script_quoted(value)}; export {name}")
    for name in plan.secrets:
        lines.append(
            f'[ -n "${{{name}-}}" ] || {{ echo "the job needs the secret {name}: set that variable" >&2; exit 3; }}'
        )
    return "\n".join(lines) + "\n"
