"""What a command line that cannot be understood was meant to be: Make's habits, and words of other tools.

Knows verbs and options by their names; imported only when something is wrong.
"""

from __future__ import annotations

import os
from itertools import pairwise

from factc.escape import visible
from factc.record.commands import path, word
from factc.session.options import STYLES
from factc.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_JOBS = (".fact", ".factfile", ".factotum")  # as files with jobs are called

# Verbs of other tools.
_VERBS = {
    **dict.fromkeys(("logs", "log", "output", "cat", "tail"), "factc show RUN TASK"),
    **dict.fromkeys(("describe", "inspect", "info"), "factc show RUN"),
    **dict.fromkeys(("check", "lint", "verify"), "factc validate JOB"),
    **dict.fromkeys(("history", "ps", "status"), "factc runs"),
    **dict.fromkeys(("tasks", "targets", "ls"), "factc list JOB"),
    **dict.fromkeys(("make", "build", "exec", "start"), "factc run JOB"),
    **dict.fromkeys(("continue", "retry", "rerun"), "factc resume"),
    **dict.fromkeys(("clean", "gc", "rm"), "factc prune"),
    **dict.fromkeys(("graph", "draw"), "factc dot JOB"),
    **dict.fromkeys(("script", "print", "dry-run"), "factc plan JOB"),
    **dict.fromkeys(("format",), "factc fmt FILE"),
    "version": "factc --version",
}

# Verbs of other tools for what no verb of ours does, and how it is done.
_OTHERWISE = {
    **dict.fromkeys(("stop", "kill", "cancel", "abort"), "Ctrl-C stops a run, or `kill PID`: factc show RUN"),
}

# Options of other tools: for which of ours the hint is about, and so has to be there, and the hint.
_OPTIONS = {
    "-n --just-print --dry": ("--dry-run", "--dry-run executes nothing; factc plan prints the commands"),
    "-k --keep-going": ("--fail-fast", "it does so anyway: what does not depend on a failed task goes on"),
    "-s -q --silent --quiet": ("--fail-fast", "--output quiet says nothing of a run that succeeds"),
    "-B --always-make": ("--fail-fast", "it does so anyway: a run leaves nothing out"),
    "-i --ignore-errors": ("--fail-fast", "`|| true` behind a command, or [ok 0 1] above its rule"),
    "-v --verbose": ("--fail-fast", "all output is shown anyway; factc show RUN TASK shows it again"),
    "-f --file --makefile": ("--to", "the job file stands behind the verb, without an option"),
    "-D --define --var --param -p": ("--set", "a value for a parameter: --set NAME=VALUE"),
    "--only --task --target": ("--to", "--to TASK: it and all it needs"),
    "--from": ("--start", "--start TASK: it and all that depends on it"),
    "-P --parallel --workers": ("--jobs", "-j N: at most N tasks at once; without it there is no limit"),
}


def verb(arguments: Sequence[str], verbs: Collection[str]) -> str:
    """The hint for a command line that begins with no verb."""
    first = arguments[0]
    if first.startswith("-"):
        at = next((i for i, one in enumerate(arguments) if one in verbs), None)
        if at is None:
            return "an option stands behind the verb"
        words = [*arguments[at:], *arguments[:at]]
        return "an option stands behind the verb: factc " + " ".join(map(word, words))
    if first in _VERBS:
        return f"that is {_VERBS[first]}"
    if first in _OTHERWISE:
        return _OTHERWISE[first]
    meant = nearest(first, verbs)
    if meant:
        return f"did you mean `{meant}`?"
    if os.path.exists(first) or "." in first:
        return f"to run it: factc run {path(first)}"
    return "verbs are " + ", ".join(verbs)


def option(name: str, known: Collection[str], prog: str) -> str:
    """The hint for an option that there is not."""
    short = name[:2] if name[:1] == "-" and name[1:2] != "-" else name
    for names, (ours, words) in _OPTIONS.items():
        if short in names.split() and ours in known:
            return words
    if verbs := _verbs_with(name):
        if prog == "factc resume" and "run" in verbs:
            return f"factc run JOB --resume RUN takes {name}"
        return f"that is an option of factc {', '.join(verbs[:3])}" + " …" * (len(verbs) > 3)
    meant = nearest(name, known)
    return f"did you mean `{meant}`?" if meant else f"`{prog} --help` lists the options"


def _verbs_with(name: str) -> list[str]:
    from factc.shell_completion.table import OPTIONS

    return [verb for verb, options in OPTIONS.items() if any(name in names.split() for names, *_ in options)]


def extra(text: str, arguments: Sequence[str], known: Collection[str], usage: str) -> str:
    """The hint for an argument too many."""
    for one, behind in pairwise(arguments):
        if one == "--exclusive=\0" and not behind.startswith("-"):
            return f"the key stands behind an equals sign: --exclusive={word(behind)}"
        if one.startswith("--jobserver=") and behind in STYLES:
            return f"the form stands behind an equals sign: --jobserver={behind}"
    name, equals, _ = text.partition("=")
    if equals and name and "--set" in known:
        return f"for a value: --set {word(text)}"
    if usage.startswith("factc runs "):
        return f"factc show {word(text)} tells of one run"
    if "--to" not in known or text.endswith(_JOBS) or "/" in text or os.path.exists(text):
        return usage
    return f"for one task and all it needs: --to {word(text)}"


def usage(message: str, prog: str) -> str:
    """The hint for what argparse has to say."""
    if message == "the following arguments are required: JOB":
        found = _jobs_here()
        if found:
            return f"here {'is' if len(found) == 1 else 'are'} {', '.join(found)}: {prog} {found[0]}"
    if message.startswith("argument -j/--jobs: "):
        return "-j auto is one for each CPU; without it there is no limit"
    given, none_of, choices = message.rpartition("` is none of ")
    if none_of and (choice := nearest(given.partition(": `")[2], choices.split(", "))):
        return f"did you mean `{choice}`?"
    return f"`{prog} --help` shows how to call it"


def _jobs_here() -> list[str]:
    """Some files with jobs in this folder, as they are pasted."""
    try:
        with os.scandir() as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(_JOBS) and entry.is_file())
    except OSError:
        return []
    return [path(name) for name in names if visible(name) == name][:3]
