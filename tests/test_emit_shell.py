"""`factc plan`: the exact lines, and what real interactive shells make of them when they are pasted."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.export.shell import is_simple
from tests.conftest import Ran
from tests.jobs import FACTC, factfile, task

Factc = Callable[..., Ran]


def superset(*tasks: dict[str, object], **data: object) -> str:
    return json.dumps({"schema": FACTC, "data": {"name": "j", "tasks": list(tasks), **data}})


# ---- to the letter


def test_the_whole_of_it(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        """\
job small
param day
## Copies; it's the first.
[noop 3]
stage:
    mkdir -p raw
    cp {{day}}.csv "raw/{{day}} copy.csv"
[ok 0 2, shell bash]
load: stage
    ./load | tee log
[cd out, env A=1 B="x y"]
"check it": stage
    ./check.sh $A
list: load "check it"
    ls -l "$HOME/raw"
[exec]
direct: list
    ./prog 'a b' *
all: direct
""",
    )
    assert factc("plan", "job.fact").out == (
        '# stage · "Copies; it\'s the first." · continues on 0, is a no-op on 3\n'
        "sh -e -c 'mkdir -p raw\n"
        'cp {{day}}.csv "raw/{{day}} copy.csv"\'\n'
        "\n"
        "# load · waits for stage · continues on 0 2\n"
        "bash -e -o pipefail -c './load | tee log'\n"
        "\n"
        "# check it · waits for stage · continues on 0\n"
        "(cd -P ./out && env A=1 B='x y' sh -c './check.sh $A')\n"
        "\n"
        "# list · waits for load, check it · continues on 0\n"
        'ls -l "$HOME/raw"\n'
        "\n"
        "# direct · waits for list · continues on 0\n"
        "env ./prog 'a b' '*'\n"
        "\n"
        "# all · waits for direct · runs nothing\n"
    )
    given = factc("plan", "job.fact", "--set", "day=it's 5 $").out
    assert "cp '\\''it'\\''\\'\\'''\\''s 5 $'\\''.csv \"raw/it'\\''s 5 \\$ copy.csv\"'\n" in given


def test_the_order_is_that_of_one_task_at_a_time(factc: Factc, tmp_path: Path) -> None:
    tasks = [task("lonely"), task("last", "true", "mid"), task("mid", "true", "first"), task("first")]
    (tmp_path / "job.factfile").write_text(factfile(*tasks))
    plan = re.findall(r"(?m)^# (\w+)", factc("plan", "job.factfile").out)
    run = re.findall(r"started   (\w+)", factc("run", "job.factfile", "-j1").err)
    assert plan == run == ["first", "mid", "lonely", "last"]


def test_no_name_ends_the_comment(factc: Factc, tmp_path: Path) -> None:
    names = [
        "a\nrm -rf x",
        "b\r\x1b[2K",
        "c\u2028touch oops",
        "d\x0btouch oops",
        "e; touch oops",
        "$(touch oops)",
        "`x`",
        "f | g",
    ]
    (tmp_path / "job.factfile").write_text(factfile(*(task(n, "true", *names[:i][-1:]) for i, n in enumerate(names))))
    lines = factc("plan", "job.factfile").out.splitlines()
    assert {line for line in lines if not line.startswith("# ")} == {"", "true"}
    assert len(lines) == 3 * len(names) - 1


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("ls", True), ("ls -l 'a b' \"$HOME\" \"${HOME}/x\"", True), ("./run.sh --day=2026-01-31", True), ("aws s3 sync s3://a/b raw/", True),
        ("echo hello", True), ("echo 'a;b'", True), ("git log --format=%H", True),
        ("cd /", False), ("exit", False), ("exec ls", False), ("set -e", False), ("export A=1", False), ("trap x EXIT", False),
        (". ./x", False), ("source x", False), ("eval x", False), ("A=1", False), ("A=1 make", False), ("umask 0", False),
        ("read x", False), ("alias ls=x", False), ("ulimit -n 5", False), ("builtin cd /", False), ("command cd /", False),
        ("return 1", False), ("exit 3", False), ("unset PATH", False), ("kill $$", False), ("wait", False), (": x", False),
        ("a | b", False), ("a && b", False), ("a; b", False), ("a &", False), ("a > b", False), ("a < b", False), ("(a)", False),
        ("{ a; }", False), ("echo $(x)", False), ("echo `x`", False), ("echo $HOME", False), ("echo *", False), ("echo ~", False),
        ("echo hi!", False), ("echo '!x'", False), ("!ls", False), ("echo \"$'x'\"", False), ("a\nb", False), ("a\tb", False),
        ("# x", False), ("", False), (" ", False), ("echo 'open", False), ("echo \\", False), ("echo -n x", False),
        ("printf '%s\\n' x", False), ("if true", False), ("time ls", False), ("echo é", True), ("f() { :; }", False), ("-x", False),
        ("echo {a,b}", False), ("echo a=~", False), ("sudo ls", True), ("noglob ls", False), ("r", False),
    ],
)  # fmt: skip
def test_what_stands_bare(text: str, simple: bool) -> None:
    assert is_simple(text) == simple


# ---- pasted

HOSTILE = [
    "echo plain", "exit 3", "cd /", "export HOSTILE=1", "HOSTILE=1", "set -e", "set -u; set -f", "trap 'echo bye' EXIT", ". ./other",
    "exec ls", "echo hi!", "echo 'a!b' \"c!d\"", "!ls", "!!", "# only a comment", "echo 'not closed", 'echo "not closed', "echo (",
    "f() { echo f; }", "alias ls='echo no'", "ulimit -n 100", "umask 000", ":", "{ cd /; }", "(cd /)", "command cd /", "builtin cd /",
    "eval cd /", "sleep 0.01 &", "echo x > file", "cat <<END\ntext $HOME\nEND", "cd / && false", "unset PATH", "return 5", "kill $$",
    "echo a\tb", "echo a\t\tb\t", "printf '\\033[31m'", "echo \x1b[31m", "echo \x03", "echo \x04", "echo $RANDOM ${HOSTILE:=2}",
    "setopt errexit", "shopt -s nullglob", "hash -r; alias -g x=y", "PS1='gone '", "time true", "echo ~ * ? [a]", "noglob echo *",
    "false", "exec 1>&-", "stty -echo", "logout", "disown -a", "fc -l", "r", "print -l a", "read x < /dev/null", "echo \\",
    "echo a\\\nb", "\necho leading", "echo trailing\n\n", "echo \N{RIGHT SINGLE QUOTATION MARK}é 🎉", "\x15echo x", "echo a\x16b",
]  # fmt: skip

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "dash": ["dash", "-i"],
    "ksh": ["ksh", "-i"],
    "busybox": ["busybox", "sh", "-i"],
}


class Interactive:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        pid, self._master = pty.fork()
        if pid == 0:
            os.chdir(folder)
            environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "PS1": "$ ", "LC_ALL": "C.UTF-8",
                       "PS2": "> ", "ENV": "/dev/null", "HISTFILE": ""}  # fmt: skip
            os.execvpe(SHELLS[name][0], SHELLS[name], environ)
        self._pid = pid
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, b"\x32\x00\xf4\x01\x00\x00\x00\x00")
        self._marks = 0

    def paste(self, text: str) -> None:
        """As a person would: in pieces that the terminal takes, line ends as the return key."""
        data = text.replace("\n", "\r").encode()
        for i in range(0, len(data), 256):
            os.write(self._master, data[i : i + 256])

    def told(self, words: str) -> str:
        """What a command prints, found by a mark that its echo does not show."""
        self._marks += 1
        self.paste(f"echo MA''RK{self._marks}-{words}-EN''D\n")
        data = ""
        while not (found := re.search(rf"MARK{self._marks}-(.*?)-END", data, re.DOTALL)):
            assert select.select([self._master], [], [], 20)[0], f"no answer: {data[-500:]!r}"
            data += os.read(self._master, 65_536).decode("utf-8", "replace")
        return found[1]

    def state(self) -> str:
        """What a pasted command must not change: folder, options, variables, umask, aliases, the shell itself."""
        return self.told(
            '"$PWD:$-:$$:${HOSTILE-none}:$(umask):$(alias | grep -c HOSTILE):$(ulimit -n):${PATH:+path}:$PS1"'
        )

    def close(self) -> None:
        os.close(self._master)
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)


@pytest.mark.parametrize("shell", sorted(SHELLS.keys() - {"ksh"}))  # ksh throws away what is typed while a job ends
def test_pasting_leaves_the_shell_as_it_was(factc: Factc, tmp_path: Path, shell: str) -> None:
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"no {shell} here")
    (tmp_path / "other").write_text("HOSTILE=1; cd /\n")
    tasks: list[dict[str, object]] = [
        {"name": f"{i}", "command": text, "environment": {"HOSTILE": "set"} if i % 7 == 3 else {}, **({"directory": "/"} if i % 5 == 3 else {})}
        for i, text in enumerate(HOSTILE)
    ]  # fmt: skip
    (tmp_path / "job.json").write_text(superset(*tasks))
    blocks = factc("plan", "job.json").out.split("\n# ")
    assert len(blocks) == len(HOSTILE)
    terminal = Interactive(shell, tmp_path)
    try:
        before = terminal.state()
        for block in blocks:
            command = block.partition("\n")[2]
            assert all(c.isprintable() or c == "\n" for c in command), command
            terminal.paste(command)
            assert terminal.state() == before, command
    finally:
        terminal.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_pasted_says_what_the_task_says(factc: Factc, tmp_path: Path, shell: str) -> None:
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"no {shell} here")
    texts = [
        "printf '%s' \"it's\"",
        "printf %s 'a\tb\x1b\x03'",
        "printf %s \"$A\" '$A'; printf %s \\!",
        "echo a!b",
        "printf %s 'x\ny\n'",
    ]
    tasks = [
        {"name": f"t{i}", "command": f"{{ {t}; }} >> said", "environment": {"A": "v 'w' !"}}
        for i, t in enumerate(texts)
    ]
    (tmp_path / "job.json").write_text(superset(*tasks))
    terminal = Interactive(shell, tmp_path)
    try:
        terminal.paste(factc("plan", "job.json").out)
        assert terminal.told("done") == "done"
    finally:
        terminal.close()
    assert (tmp_path / "said").read_text() == "it'sa\tb\x1b\x03v 'w' !$A!a!b\nx\ny\n"
