"""What may come next on a command line: verbs, options, and the values that each option and argument takes.

Knows what the names of values in the table mean (`TASK`, `RUN` …), and asks job files and records for theirs.
"""

from __future__ import annotations

import os

from factc.shell_completion.answer import FILES, FOLDERS, JOBS, OPEN, WORDS, Answer
from factc.shell_completion.line import ARGUMENT, OPTION, VALUE, VERB, Line
from factc.shell_completion.table import OPTIONS, VERBS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from factc.shell_completion.jobs import Known

Pairs = list[tuple[str, str]]

_GLOBAL = [
    ("-C", "go to this folder first"),
    ("--no-colour", "no colours"),
    ("--version", "print the version"),
    ("--help", "show this and exit"),
]
_OF_THE_ENVIRONMENT = ("--secret", "--webhook-secret-env", "--webhook-header-env")


def candidates(line: Line) -> Answer:
    """What the last word of a line may become."""
    if line.wanted == VERB:
        return _matching(line, [*_GLOBAL] if line.word.startswith("-") else VERBS.items())
    if line.wanted == OPTION:
        return _matching(line, [(name, entry[2]) for entry in OPTIONS[line.verb] for name in entry[0].split()])
    if line.wanted in (VALUE, ARGUMENT):
        return _value(line)
    return Answer()


def _value(line: Line) -> Answer:
    if "|" in line.metavar and line.metavar not in _KINDS:
        words = line.metavar.strip("[=]").split("|")  # `N|auto`: the first stands for any number
        return _matching(line, [(choice, "") for choice in words if not choice.isupper()])
    kind = _KINDS.get(line.metavar)
    answer = kind(line) if kind else Answer()
    if not line.plain:  # a name that begins like an option would be one
        answer.words = [pair for pair in answer.words if not pair[0].startswith("-") or line.before]
    return answer


def _matching(line: Line, pairs: Iterable[tuple[str, str]], kind: str = WORDS) -> Answer:
    return Answer(kind, [(line.before + word, about) for word, about in pairs if word.startswith(line.word)])


# ---- files: the shell knows them best, but not those of another folder, and not behind an `@`


def _files(line: Line) -> Answer:
    return Answer(FILES) if line.directory == "." else _listed(line)


def _folders(line: Line) -> Answer:
    return Answer(FOLDERS) if line.directory == "." else _listed(line, only_folders=True)


def _job_files(line: Line) -> Answer:
    return Answer(JOBS) if line.directory == "." else _listed(line)


def _value_files(line: Line) -> Answer:
    if not line.word.startswith("@"):
        return Answer()
    line.before, line.word = line.before + "@", line.word[1:]
    return _listed(line)


def _listed(line: Line, *, only_folders: bool = False) -> Answer:
    folder, name = os.path.split(line.word)
    try:
        with os.scandir(os.path.join(line.directory, folder)) as entries:
            names = [
                entry.name + "/" * entry.is_dir()
                for entry in entries
                if (name or not entry.name.startswith(".")) and (entry.is_dir() or not only_folders)
            ]
    except OSError:
        return Answer()
    found = _matching(line, [(os.path.join(folder, one), "") for one in sorted(names)])
    if all(word.endswith("/") for word, _ in found.words):
        found.kind = OPEN
    return found


# ---- what a job file or a record says


def _job(line: Line) -> Known:
    """What is known of the job that a line names: a file, or the one of a run."""
    from factc.shell_completion import jobs, runs

    if line.verb == "resume":
        known = jobs.plan(runs.plan(_state_dir(line), line.arguments[0] if line.arguments else "last"))
        open_ones = {name for name, _, _ in known.parameters}
        settled = [(n, f"was {v}", ()) for n, v in known.values.items() if n not in open_ones and ":" not in n]
        known.parameters += settled  # a resumed run may be given other values
        return known
    if not line.arguments or line.arguments[0] == "-":
        return jobs.Known()
    return jobs.look(os.path.join(line.directory, line.arguments[0]), _settings(line))


def _settings(line: Line) -> dict[str, str]:
    pairs = (setting.partition("=") for setting in line.given.get("--set", ()))
    return {name: value for name, _, value in pairs}


def _state_dir(line: Line) -> str:
    said = line.given.get("--state-dir", [os.environ.get("FACTC_STATE_DIR") or ".factc"])
    return os.path.join(line.directory, said[-1])


def _tasks(line: Line) -> Answer:
    if line.verb == "show":
        from factc.shell_completion import runs

        return _matching(line, runs.tasks(_state_dir(line), line.arguments[0]))
    known = _job(line)
    return _matching(line, [*known.tasks, *known.families])


def _runs(line: Line) -> Answer:
    from factc.shell_completion import runs

    return _matching(line, runs.every(_state_dir(line)))


def _settable(line: Line) -> Answer:
    """`NAME=`, and behind it the values that are allowed."""
    known = _job(line)
    name, equals, value = line.word.partition("=")
    if not equals:
        return _matching(line, [(f"{one}=", about) for one, about, _ in known.parameters], OPEN)
    line.before, line.word = f"{line.before}{name}=", value
    allowed = next((values for one, _, values in known.parameters if one == name), ())
    return _matching(line, [(value, "") for value in allowed])


def _tags(line: Line) -> Answer:
    if "," in line.word or "=" in line.word:
        return Answer()
    return _matching(line, [(f"{tag},", "") for tag in _job(line).tags], OPEN)


def _pools(line: Line) -> Answer:
    return _matching(line, [(f"{pool}=", about) for pool, about in _job(line).pools], OPEN)


def _names(line: Line) -> Answer:
    """Variables of the environment, where an option takes one."""
    if line.option not in _OF_THE_ENVIRONMENT:
        return Answer()
    return _matching(line, [(name, "") for name in sorted(os.environ)])


def _secret_files(line: Line) -> Answer:
    if "=" in line.word:
        return Answer(FILES)
    return _matching(line, [(f"{name}=", "") for name in sorted(os.environ)], OPEN)


def _hosts(line: Line) -> Answer:
    return _matching(line, [(f"host,{os.uname().nodename}", "this machine")])


_KINDS: dict[str, Callable[[Line], Answer]] = {
    "FILE": _files,
    "OUT": _files,
    "DIR": _folders,
    "JOB": _job_files,
    "TASK": _tasks,
    "RUN": _runs,
    "NAME=VALUE": _settable,
    "KEY,VALUE": _tags,
    "NAME=N": _pools,
    "NAME": _names,
    "NAME=PATH": _secret_files,
    "JSON|@FILE": _value_files,
    "host,NAME": _hosts,
}
