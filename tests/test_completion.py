"""Completion: what `factc complete` answers, and what bash, zsh and fish make of it.

`python -m tests.test_completion` writes the table of verbs and options anew.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from factc.cli import VERBS, main
from factc.cli.commands.completion import SHELLS
from factc.cli.shared.options import Parser
from factc.shell_completion import table as written
from factc.shell_completion.quotes import unquoted
from tests.conftest import ROOT, Ran, environment
from tests.jobs import FACTC, factfile, task

Factc = Callable[..., Ran]

TABLE = ROOT / "factc" / "shell_completion" / "table.py"

# ---- the table of options


class _Stop(Exception):
    pass


def parser_of(verb: str) -> Parser:
    """The parser that a verb makes."""
    caught: list[Parser] = []

    def parse(self: Parser, arguments: object) -> Any:
        caught.append(self)
        raise _Stop

    kept, Parser.parse = Parser.parse, parse  # type: ignore[method-assign]
    try:
        import_module(f"factc.cli.commands.{verb}").run([])
    except _Stop:
        pass
    finally:
        Parser.parse = kept  # type: ignore[method-assign]
    return caught[0]


def value_of(action: Any) -> str:
    if action.nargs == 0:
        return ""
    if action.choices:
        return "|".join(action.choices)
    metavar: str = action.metavar or action.dest.upper()
    return metavar


def table() -> str:
    options, arguments = {}, {}
    for verb in VERBS:
        made = parser_of(verb)
        named = [a for a in made._actions if a.option_strings]
        named = [*named[3:], *named[:3]]  # what every verb takes comes last
        options[verb] = [(" ".join(a.option_strings), value_of(a), (a.help or "").replace("`", "")) for a in named]
        arguments[verb] = [
            value_of(a) + ("…" if a.nargs in ("+", "*") else "") for a in made._actions if not a.option_strings
        ]
    lines = [
        '"""The verbs with their options and arguments: their names, what they take, what they are for.',
        "",
        "Made by `python -m tests.test_completion` from the verbs' own parsers, which would take too long to import.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "VERBS = {",
        *(f"    {quoted(verb)}: {quoted(about)}," for verb, about in VERBS.items()),
        "}",
        "",
        "# (names, what it takes: a kind of value or the choices, what it is for)",
        "OPTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {",
    ]
    for verb, entries in options.items():
        lines.append(f"    {quoted(verb)}: (")
        for entry in entries:
            lines.append("        (" + ", ".join(map(quoted, entry)) + "),")
        lines.append("    ),")
    lines += [
        "}",
        "",
        "# what stands behind a verb without an option; `…` for what may be repeated",
        "ARGUMENTS: dict[str, tuple[str, ...]] = {",
    ]
    for verb, names in arguments.items():
        lines.append(f"    {quoted(verb)}: (" + "".join(f"{quoted(n)}," for n in names) + "),")
    return "\n".join([*lines, "}", ""])


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def test_the_table_is_what_the_verbs_take() -> None:
    made: dict[str, Any] = {}
    exec(table(), made)
    hint = "python -m tests.test_completion writes it anew"
    assert made["OPTIONS"] == written.OPTIONS and made["ARGUMENTS"] == written.ARGUMENTS, hint
    assert made["VERBS"] == written.VERBS, hint


# ---- what is answered

JOB = """\
job big

param regions = "eu us"
## Which one.
param env in dev "the second" prod = dev   # a comment in here = x
param day
pool wide = 2
use "inner.fact" as inner
[each region in {{regions}}, each n in 1 2]
## Loads one.
load: "clean up"
    true
"clean up":
    echo "{{day}}" {{tag:mood}}
    param: no
# not:
"a:b": load
    true
"it's $x [1]":
    true
"for {{day}}":
    true
"in {{env}}":
    true
param:
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "big.fact").write_text(JOB)
    (tmp_path / "inner.fact").write_text('job inner\nuse "big.fact" as outer\nalpha:\n    true\n"the end": alpha\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "values.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FACTC_STATE_DIR", raising=False)
    return tmp_path


def answer(*words: str) -> tuple[str, dict[str, str]]:
    """The kind of answer, and the words with what they are for."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(out):
        assert main(["complete", *words]) == 0
    kind, *lines = out.buffer.getvalue().decode().splitlines()  # type: ignore[attr-defined]
    return kind, dict(line.split("\t") for line in lines)


def offered(*words: str) -> list[str]:
    return list(answer(*words)[1])


def test_verbs() -> None:
    assert answer("") == (":words", VERBS) and offered() == list(VERBS)
    assert offered("ru") == ["run", "runs"] and "complete" not in VERBS
    assert offered("--v") == ["--version"] and offered("-C", "x", "pl") == ["plan"]
    assert answer("-C", "")[0] == ":folders"
    assert offered("nosuch", "") == [] and offered("nosuch", "--") == []


def test_options_with_what_they_are_for() -> None:
    assert answer("run", "job.fact", "--dr") == (
        ":words",
        {"--dry-run": "execute nothing: show what would be"},
    )
    assert offered("runs", "-") == [
        "--job", "--failed", "--last", "--format", "--state-dir", "--trust-state-dir", "-C", "--no-colour", "--no-color", "-h", "--help",
    ]  # fmt: skip
    assert offered("run", "--", "--dr") == []


@pytest.mark.parametrize(
    ("words", "kind", "values"),
    [
        (["run", "--output", ""], ":words", ["stream", "group", "quiet", "raw"]),
        (["run", "--output=r"], ":words", ["--output=raw"]),
        (["validate", "x", "--format", "g"], ":words", ["github"]),
        (["dot", "--render", "p"], ":words", ["png", "pdf"]),
        (["completion", ""], ":words", list(SHELLS)),
        (["completion", "bash", ""], ":words", []),
        (["run", ""], ":jobs", []),
        (["run", "-j", "4", ""], ":jobs", []),
        (["run", "-j4", ""], ":jobs", []),
        (["run", "--exclusive", ""], ":jobs", []),
        (["run", "job.fact", ""], ":words", []),
        (["validate", "job.fact", ""], ":jobs", []),
        (["compile", "x", "-o", ""], ":files", []),
        (["compile", "x", "--output=a"], ":files", []),
        (["run", "--state-dir", ""], ":folders", []),
        (["run", "-C", ""], ":folders", []),
        (["run", "--jobs", ""], ":words", ["auto"]),
        (["run", "-j", "4"], ":words", []),
        (["run", "--jobserver", ""], ":jobs", []),
        (["run", "--jobserver="], ":words", ["--jobserver=pipe", "--jobserver=fifo"]),
        (["run", "--webhook", ""], ":words", []),
        (["run", "--constraint", ""], ":words", [f"host,{os.uname().nodename}"]),
        (["run", "--env", "@da"], ":open", ["@data/"]),
        (["run", "--env=@data/"], ":words", ["--env=@data/values.json"]),
        (["run", "--env", "{"], ":words", []),
        (["-C", "data", "run", ""], ":words", ["values.json"]),
        (["run", "-C", "data", "--env", "@"], ":words", ["@values.json"]),
        (["-C", "nowhere", "run", ""], ":open", []),
        (["run", "--secret", "FACTC_TEST_"], ":words", ["FACTC_TEST_A"]),
        (["run", "--secret-file", "FACTC_TEST_"], ":open", ["FACTC_TEST_A="]),
        (["run", "--secret-file", "A="], ":files", []),
        (["runs", "--job", ""], ":words", []),
    ],
)  # fmt: skip
def test_values(folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], kind: str, values: list[str]) -> None:
    monkeypatch.setenv("FACTC_TEST_A", "1")
    found, pairs = answer(*words)
    assert list(pairs) == values and (found == kind or not values), found


TASKS = ["load[eu,1]", "load[eu,2]", "load[us,1]", "load[us,2]", "clean up", "a:b", "it's $x [1]", "in dev", "param"]


def test_tasks_of_a_job(folder: Path) -> None:
    found = offered("run", "big.fact", "--start", "")
    assert [name for name in found if not name.startswith("inner")] == [*TASKS, "load"], "a family is behind the tasks"
    inner = [name for name in found if name.startswith("inner")]
    assert inner == ["inner/alpha", "inner/the end", "inner"], "they use each other: that ends at once"
    assert answer("plan", "big.fact", "--to=load[eu")[1] == dict.fromkeys(
        ["--to=load[eu,1]", "--to=load[eu,2]"], "Loads one."
    )
    assert offered("run", "--set", "day=1", "--set=regions=x", "big.fact", "--start", "load") == [
        "load[x,1]",
        "load[x,2]",
        "load",
    ]
    assert offered("run", "--set", "day=1", "big.fact", "--start", "for") == ["for 1"]
    assert offered("-C", "..", "run", f"{folder.name}/big.fact", "--start", "cl") == ["clean up"]
    assert (
        offered("run", "--start", "")
        == offered("run", "-", "--start", "")
        == offered("run", "none.fact", "--start", "")
        == []
    )


def test_parameters_and_their_values(folder: Path) -> None:
    assert answer("run", "big.fact", "--set", "") == (
        ":open", {"regions=": "default: eu us", "env=": "Which one.", "day=": ""},
    )  # fmt: skip
    assert offered("run", "big.fact", "--set", "env=") == ["env=dev", "env=the second", "env=prod"]
    assert (
        offered("run", "big.fact", "--set=env=p") == ["--set=env=prod"]
        and offered("run", "big.fact", "--set", "day=") == []
    )
    assert answer("run", "big.fact", "--tag", "") == (":open", {"mood,": ""})
    assert answer("run", "big.fact", "--pool", "") == (":open", {"wide=": "slots: 2"})


def test_a_factfile_and_a_plan(folder: Path, factc: Factc) -> None:
    tasks = [
        task("a b", "echo", arguments=["{{tag:mood}}"], description="What it does.\nAnd more."),
        {"name": "load", "each": [{"name": "r", "values": ["eu", "us"]}], "script": "x {{r}}"},
        {"name": "other", "use": "inner.fact"},
    ]
    text = factfile(*tasks, schema=FACTC, parameters=[{"name": "day", "values": ["1", "2"], "default": "1"}])
    (folder / "job.json").write_text(text)
    assert answer("run", "job.json", "--start", "a")[1] == {"a b": "What it does."}
    assert offered("run", "job.json", "--to", "l") == ["load[eu]", "load[us]", "load"] and "other/alpha" in offered(
        "run", "job.json", "--to", "o"
    )
    assert answer("run", "job.json", "--set", "") == (":open", {"day=": "default: 1"})
    assert offered("run", "job.json", "--set", "day=") == ["day=1", "day=2"] and offered(
        "run", "job.json", "--tag", "m"
    ) == ["mood,"]
    (folder / "plain.fact").write_text("job p\nparam day\na:\n    echo {{day}}\nb: a\n    true\n")
    assert factc("compile", "plain.fact", "-o", "plain.factotum").code == 0
    assert offered("run", "plain.factotum", "--start", "") == ["a", "b"] and offered(
        "run", "plain.factotum", "--set", ""
    ) == ["day="]


def test_jobs_that_are_being_written(folder: Path) -> None:
    for text, names in (
        ("job j\na:\n    x\nb: a [\n[noop\nc:\n", ["a", "b", "c"]), ("", []), ("{", []), ('{"data": 5}', []), ("\0\n\"\n", []),
        ('{"data": {"tasks": [{"name": "x"}, 5]}}', ["x"]), ("\xef\xbb\xbfé: \n", ["é"]), ("a:\r\n  b:\r\nc:\r\n", ["a", "c"]),
        ("[each x in]\na:\n", ["a"]), ('[each x in "1 2" 3]\na:\n', ["a[1 2]", "a[3]", "a"]), ('"a\\nb":\nc:\n', ["c"]),
    ):  # fmt: skip
        (folder / "new.fact").write_bytes(text.encode("latin-1") if "\xef" in text else text.encode())
        if "\xef" in text:
            (folder / "new.fact").write_bytes(b"\xef\xbb\xbf" + "é: \n".encode())
        assert offered("run", "new.fact", "--start", "") == names, text


def test_runs_and_their_tasks(folder: Path, factc: Factc) -> None:
    assert offered("resume", "") == []
    (folder / "good.fact").write_text(
        'job good\nparam day\nparam how in a b = a\n"the first":\n    echo {{day}}\nlast: "the first"\n    true\n'
    )
    assert factc("run", "good.fact", "--set", "day=1").code == 0
    assert factc("run", "good.fact", "--set", "day=1", "--state-dir", "elsewhere").code == 0
    (name,) = os.listdir(folder / ".factc" / "runs")
    run = name.partition("-")[2]
    kind, words = answer("show", "")
    assert kind == ":words" and list(words) == ["last", "last-failed", "last-died", run]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC  good", words[run])
    for verb in (["resume"], ["events"], ["deliver"], ["run", "good.fact", "--resume"], ["plan", "--resume"]):
        assert offered(*verb, run[:3]) == [run], verb
    assert len(set(offered("show", "--state-dir", "elsewhere", "")) - {"last", "last-failed", "last-died", run}) == 1
    for word in (
        "last",
        run,
        run[:4],
        name,
        (json.loads((folder / ".factc/runs" / name / "events.ndjson").read_text().split("\n")[0]))["run"],
    ):
        assert offered("show", word, "") == ["the first", "last"], word
    assert (
        offered("show", "nosuch", "") == []
        and offered("show", "last-failed", "") == []
        and offered("show", "last", "last", "") == []
    )
    assert answer("resume", "last", "--set", "")[0] == ":open" and offered("resume", "--set", "h") == ["how="]
    assert offered("-C", "..", "show", "") == [] and offered("show", "-C", ".", run[:2]) == [run]


def test_it_never_complains(folder: Path, factc: Factc) -> None:
    (folder / ".factc").mkdir()
    (folder / ".factc" / "runs").write_text("no folder")
    for words in (
        ["show", "last", ""],
        ["run", "data", "--start", ""],
        ["run", "\udcff", "--set", ""],
        ["--bash", "", '"'],
        ["--bash"],
        ["-C"],
        ["run", "--set=x=="],
    ):
        ran = factc("complete", *words)
        assert (ran.code, ran.err) == (0, ""), (words, ran)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("a", "a"), ('"a b', "a b"), ('"a b"', "a b"), ("'a\\'", "a\\"), ("a\\ b", "a b"), ('"a\\"b\\c', 'a"b\\c'), ("a\\", "a"), ("it\\'s", "it's"),
        ("--set='x y'z", "--set=x yz"), ('"$x"', "$x"), ("", ""), ("$'a\\047\\\\b'c", "a'\\bc"), ('$"a', "a"),
    ],
)  # fmt: skip
def test_words_as_they_are_typed(typed: str, word: str) -> None:
    assert unquoted(typed) == word


# ---- how long it takes

START = "import sys; from factc.__main__ import main; sys.exit(main())"


def test_options_are_answered_with_few_imports(folder: Path) -> None:
    loaded = (
        "import sys; from factc.cli import main; main(['complete', 'run', '--']); print(*sys.modules, file=sys.stderr)"
    )
    bare = "import sys; print(*sys.modules, file=sys.stderr)"
    with_it, without = (
        set(
            subprocess.run(
                [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
            ).stderr.split()
        )
        for code in (loaded, bare)
    )
    heavy = {
        "argparse",
        "re",
        "json",
        "enum",
        "typing",
        "dataclasses",
        "pathlib",
        "inspect",
        "lark",
        "factc.load",
        "factc.cli.commands.run",
    }
    assert not (with_it - without) & heavy
    assert "factc.shell_completion.table" in with_it


# ---- the shells


def tools(folder: Path) -> Path:
    """A folder with a `factc` that is this one."""
    made = folder / ".tools"
    made.mkdir()
    (made / "factc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m factc "$@"\n')
    (made / "factc").chmod(0o755)
    return made


class Terminal:
    """A shell at a terminal, in which factc is completed."""

    START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
    LOAD = {
        "bash": 'eval "$(factc completion bash)"',
        "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(factc completion zsh)"',
        "fish": "factc completion fish | source",
    }

    # The terminal is its own, so that it can have jobs.
    OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"

    def __init__(self, shell: str, folder: Path) -> None:
        env = environment(
            PATH=f"{tools(folder)}:{os.environ['PATH']}", HOME=str(folder), PS1="$ ", TERM="xterm", LC_ALL="C.UTF-8"
        )
        self._seen = b""
        self._count = 0
        master, slave = pty.openpty()
        command = [sys.executable, "-c", self.OWN, shell, *self.START[shell]]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=folder, start_new_session=True
        )
        os.close(slave)
        self._master = master
        self._send(self.LOAD[shell] + '; echo REA""DY\r')
        self._until(rb"READY")

    def line(self, typed: str) -> list[str]:
        """The words of a line in which the tabulator was pressed at its end."""
        self._count += 1
        number = self._count
        self._send(f"{typed}\t\x01printf '<%s>' {number}begin \x05 {number}end\r")
        found = self._until(rb"<%dbegin>(.*?)<%dend>" % (number, number))
        return re.findall("<(.*?)>", found[1].decode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def _send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def _until(self, pattern: bytes, patience: float = 20) -> re.Match[bytes]:
        until = time.monotonic() + patience
        while not (found := re.search(pattern, self._seen, re.DOTALL)):
            ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise AssertionError(f"nothing came: {self._seen!r}")
            self._seen += os.read(self._master, 1 << 16)
        self._seen = self._seen[found.end() :]
        return found


@pytest.fixture
def terminal(request: pytest.FixtureRequest, folder: Path) -> Iterator[Terminal]:
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param} here")
    made = Terminal(request.param, folder)
    yield made
    made.close()


CASES = {
    "factc va": "validate",
    "factc run big.fact --dry": "run big.fact --dry-run",
    "factc run big.fact --start cl": "run big.fact --start|clean up",
    'factc run big.fact --start "cl': "run big.fact --start|clean up",
    "factc run big.fact --start clean\\ u": "run big.fact --start|clean up",
    "factc run big.fact --start=cl": "run big.fact|--start=clean up",
    "factc run big.fact --start a:": "run big.fact --start a:b",
    "factc run big.fact --start=a": "run big.fact --start=a:b",
    "factc run big.fact --start it": "run big.fact --start|it's $x [1]",
    'factc run big.fact --start "load[us,1': "run big.fact --start load[us,1]",
    "factc run big.fact --start inner/al": "run big.fact --start inner/alpha",
    "factc run big.fact --set re": "run big.fact --set regions=",
    "factc run big.fact --set env=p": "run big.fact --set env=prod",
    "factc run big.fact --set=env=t": "run big.fact|--set=env=the second",
    "factc run big.fact --tag mo": "run big.fact --tag mood,",
    "factc run bi": "run big.fact",
    "factc compile x --output=data/va": "compile x --output=data/values.json",
    "factc compile x --output data/va": "compile x --output data/values.json",
    "factc run x --env @data/va": "run x --env @data/values.json",
    "factc -C data run va": "-C data run values.json",
    "factc run x --output g": "run x --output group",
}


@pytest.mark.parametrize("terminal", SHELLS, indirect=True)
def test_a_shell(terminal: Terminal) -> None:
    for typed, completed in CASES.items():
        front, _, last = completed.partition("|")
        assert terminal.line(typed) == ["factc", *front.split(" "), *([last] if last else [])], typed


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_shows_what_things_are_for(folder: Path) -> None:
    script = "factc completion fish | source; complete -C 'factc runs --la'; complete -C 'factc run big.fact --to load'"
    env = environment(PATH=f"{tools(folder)}:{os.environ['PATH']}", HOME=str(folder))
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[:2] == ["--last\tonly the newest N of them", "load[eu,1]\tLoads one."]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_are_sound(shell: str, factc: Factc) -> None:
    ran = factc("completion", shell)
    assert ran.code == 0 and "factc" in ran.out
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=ran.out, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    assert factc("completion", "tcsh").code == 3 and factc("completion").code == 3


def test_bash_without_its_newer_words(folder: Path) -> None:
    """As bash 3.2 has it: no compopt."""
    script = """
        eval "$(factc completion bash)"
        enable -n compopt
        COMP_LINE='factc run big.fact --start cl' COMP_POINT=${#COMP_LINE}
        COMP_WORDS=(factc run big.fact --start cl) COMP_CWORD=4
        _factc factc cl --start
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    env = environment(PATH=f"{tools(folder)}:{os.environ['PATH']}")
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("clean\\ up\n", "")


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TABLE)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", str(TABLE)], check=True)
