"""A simple command is started without its shell, and nothing shows it: both ways are run and compared."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.engine import Attempt, End, Exited, NotStarted, Output, Post
from factc.engine.local import spawn
from factc.engine.local.direct import OWN, Direct, words
from factc.engine.local.engine import Local
from factc.loop import Loop
from factc.plan import BARE, DOUBLE, SINGLE, quoted
from tests.draws import draws

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shells are known on Linux alone")

SHELLS = {
    "dash": (["dash", "-c"], ["dash", "-e", "-c"]),
    "bash": (["bash", "-c"], ["bash", "-e", "-o", "pipefail", "-c"]),
}
KNOWN = [name for name in SHELLS if shutil.which(name)]
FOLDER = "/usr/bin:/bin"


def _real(shell: str) -> str:
    """What a shell's name stands for here."""
    return os.path.basename(os.path.realpath(shutil.which(shell) or ""))


# Tells all that it was given, and ends with as many as it has words, or of the signal in its name.
SHOW = """\
#!/bin/sh
cat /proc/$$/environ /proc/$$/cmdline
echo
pwd -P
umask
echo /proc/$$/fd/*
while read -r line; do case $line in SigBlk*|SigIgn*) echo "$line" ;; esac; done </proc/$$/status
echo "$0 was here" >&2
case $0 in *die-*) kill -"${0##*-}" $$ ;; esac
exit $#
"""


class Den:
    """A folder with programs, and the ways to run texts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "show"
        program.write_text(SHOW)
        program.chmod(0o755)
        for name in ("SEGV", "KILL", "TERM", "INT", "PIPE", "USR1"):
            (folder / f"die-{name}").symlink_to(program)

    def run(self, attempts: Sequence[Attempt], direct: bool = True) -> list[tuple[object, ...]]:
        """What shows of each, and the path of what was started first."""
        paths: list[bytes] = []
        posts: list[Post] = []

        def posix_spawn(path: bytes, *rest: object, **more: Any) -> int:
            pid = real(path, *rest, **more)
            paths.append(path)
            return pid

        real, command = os.posix_spawn, Direct.command
        with pytest.MonkeyPatch.context() as patch, Loop() as loop:
            patch.setattr(spawn.os, "posix_spawn", posix_spawn)
            patch.setattr(Direct, "command", command if direct else lambda *_: None)
            engine = Local("", variables={"FACTC_RUN": "r"})
            engine.open(posts.append, loop)
            self.started: list[bytes] = []
            for attempt in attempts:
                before = len(paths)
                engine.submit(attempt)
                self.started += paths[before:] or [b""]
            deadline = time.monotonic() + 60
            while sum(isinstance(post, End) for post in posts) < len(attempts):
                assert time.monotonic() < deadline
                loop.wait(0.05)
            engine.close()
        return [_shown(posts, attempt.id) for attempt in attempts]

    def alike(self, attempts: Sequence[Attempt]) -> list[bytes]:
        """Both ways show the same; what was started where it could be done without a shell."""
        through = self.run(attempts, direct=False)
        straight = self.run(attempts)
        for attempt, one, other in zip(attempts, through, straight, strict=True):
            assert one == other, attempt.argv
        return self.started


def _shown(posts: Sequence[Post], id: int) -> tuple[object, ...]:
    mine = [post for post in posts if post.id == id]
    end = mine[-1]
    if isinstance(end, NotStarted):
        return (end.reason, end.busy)
    assert isinstance(end, Exited)
    out, err = (b"".join(p.data for p in mine if isinstance(p, Output) and p.stream == n) for n in (1, 2))
    *variables, rest = out.split(b"\0") if b"\0" in out else [out]
    given = [word for word in variables if b"=" in word.split(b"/")[0]]
    rest = rest.replace(b"/proc/%d/" % _pid(rest), b"/proc/PID/")
    if end.code > 128 and not _dash_tells():
        err = err.removesuffix(f"{signal.strsignal(end.code - 128)}\n".encode())
    return (end.code, sorted(given), [word for word in variables if word not in given], rest, err)


@cache
def _dash_tells() -> bool:
    """Whether the dash here waits for its last command, as most do, and so tells of its signal."""
    words = ["dash", "-c", "sh -c 'ulimit -c 0; kill -SEGV $$'"]
    return "dash" not in KNOWN or bool(subprocess.run(words, capture_output=True).stderr)


def _pid(rest: bytes) -> int:
    found = rest.partition(b"/proc/")[2].partition(b"/")[0]
    return int(found) if found.isdigit() else -1


@pytest.fixture(scope="module")
def den(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Den]:
    folder = tmp_path_factory.mktemp("den")
    before = os.getcwd()
    os.chdir(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if not name.isidentifier() or name[:3] in ("LC_", "BAS", "PS1")]:
            patch.delenv(name)
        patch.setenv("PATH", f"{folder}:{FOLDER}")
        patch.setenv("OLDPWD", "/")
        patch.setenv("SHLVL", "2")
        yield Den(folder)
    os.chdir(before)


def attempts(texts: Sequence[str], shell: Sequence[str], **more: Any) -> list[Attempt]:
    return [Attempt(i, (*shell, text), {"FACTC_TASK": "t"}, **more) for i, text in enumerate(texts)]


# ---- which texts

SIMPLE = {
    "./work --day 2026-01-01 a=b,c 100%": ["./work", "--day", "2026-01-01", "a=b,c", "100%"],
    " \tls  -l\t": ["ls", "-l"],
    "cp 'a b' \"c d\" e\\ f": ["cp", "a b", "c d", "e f"],
    "x '' \"\" ''\"\"": ["x", "", "", ""],
    "x 'a\nb' \"c\nd\"": ["x", "a\nb", "c\nd"],
    'x "\\"\\\\\\$\\`\\a\'" \'a\\"$`\'\\\'b': ["x", '"\\$`\\a\'', 'a\\"$`\'b'],
    "'x'y\"z\" -- --o='a b'": ["xyz", "--", "--o=a b"],
    "x '~' '*' '#' \"{a,b}\" '!' \\~ \\* \\#": ["x", "~", "*", "#", "{a,b}", "!", "~", "*", "#"],
    "x 'ä' \"€\"": ["x", "ä", "€"],
}  # fmt: skip

OTHER = [
    "", " ", "x; y", "x & y", "x &", "x | y", "x > y", "x < y", "x && y", "x 2>&1", "(x)", "{ x; }", "! x", "x $y", "x \"$y\"",
    "x `y`", "x \"`y`\"", "x $(y)", "x $'y'", "x ~", "x ~/y", "x a=~", "x *", "x ?", "x [a]", "x {a,b}", "x a{1..2}", "x # y",
    "a=b", "a=b x", "a+=b x", "x\ny", "x\n", "\nx", "x 'a", "x \"a", "x \\", "x \\\ny", "x \"a\\\nb\"", "'a b' c", "'' x", "-x",
    "+x", "%1", "x!y", "x 'a\rb'", "x 'a\x01b'", "x a\x7fb", "x\vy", "x ä", "ä", "x ^y", "setsid x", "nice setsid x", "x 'a\0b'",
    "if x", "'if' x", "\\if", "time x", "\"echo\" a", "e'ch'o a", ".", "..", ". x", ":", "[ a ]", "[[ a ]]", "~x", "~/x",
]  # fmt: skip


@pytest.mark.parametrize("text", SIMPLE)
def test_simple_commands_are_known_by_their_text(text: str) -> None:
    assert words(text.encode()) == [word.encode() for word in SIMPLE[text]]


@pytest.mark.parametrize("text", OTHER)
def test_all_else_is_the_shells(text: str) -> None:
    assert words(text.encode()) is None


def test_what_shells_have_themselves_is_theirs() -> None:
    for name in OWN:
        assert words(name + b" x") is words(b"'" + name + b"'") is words(name) is None


@pytest.mark.parametrize("shell", KNOWN)
def test_what_a_shell_has_itself_is_never_started(shell: str) -> None:
    """bash lists them; dash is asked for each name that any of them may have."""
    text = "compgen -bk"
    if shell == "dash":
        tried = {name for name in os.listdir("/usr/bin") if name.isalnum()}
        tried |= {name.decode() for name in OWN if name.isalnum()}
        text = "".join(f"type {name};" for name in sorted(tried))
    told = subprocess.run([shell, "-c", text], capture_output=True).stdout.splitlines()
    found = {line.split()[0] for line in told if shell == "bash" or line.endswith((b"builtin", b"keyword"))}
    assert len(found) > 30 and found <= OWN


def test_time_grows_with_the_text() -> None:
    for text in (
        "x " + "a" * 100_000 + "*",
        "x " + "'a'" * 30_000 + "'",
        'x "' + "\\a" * 50_000,
        "x " + "\\a" * 50_000 + "$",
    ):
        assert words(text.encode()) is None
    assert words(b"x " + b"'a'\\b" * 20_000) == [b"x", b"ab" * 20_000]


# ---- both ways

_HOSTILE = "ab -'\"\\$`~*?[]{}!#%&|;<>()=:,^@+./\t\nä€\U0001f600"
_values = st.text(st.sampled_from(_HOSTILE), max_size=8)
_plain = st.text(st.sampled_from("abZ09%+,-./:=@_"), min_size=1, max_size=6)
_parts = st.one_of(
    _plain,
    st.builds(lambda value, quote: _hole(value, quote), _values, st.sampled_from([BARE, DOUBLE, SINGLE])),
    st.text(st.sampled_from("ab-'!~*#{} \n\\x/"), max_size=5).map(lambda text: f'"{text}"'),
    st.text(st.sampled_from('ab-"!~*#{} \n\\x$`'), max_size=5).map(lambda text: f"'{text}'"),
    st.sampled_from(" ab'\"\\$*~#;").map(lambda character: "\\" + character),
)
_words = st.lists(_parts, min_size=1, max_size=3).map("".join)
_commands = st.tuples(
    st.sampled_from(["./show", "show", "'sh'ow", '"show"', "./die-SEGV", " show", "die-TERM"]),
    st.lists(_words | st.text(st.sampled_from(_HOSTILE), max_size=4), max_size=4),
    st.sampled_from(["", " "]),
).map(lambda command: " ".join([command[0], *command[1]]) + command[2])


def _hole(value: str, quote: str) -> str:
    around = {BARE: "", DOUBLE: '"', SINGLE: "'"}[quote]
    return around + quoted(value, quote) + around


@pytest.mark.parametrize("shell", KNOWN)
def test_random_commands_show_the_same_both_ways(den: Den, shell: str) -> None:
    direct = []

    @settings(max_examples=draws(200), deadline=None)
    @given(st.lists(_commands, min_size=1, max_size=6), st.sampled_from(SHELLS[shell]), st.booleans())
    def both(texts: list[str], start: list[str], moved: bool) -> None:
        texts = [text for text in texts if words(text.encode())]  # others may do anything
        found = den.alike(attempts(texts, start, directory="/tmp" if moved else None, leave=range(256)))
        direct.extend(path for path in found if not path.endswith(shell.encode()))

    both()
    assert len(direct) > 40


def test_a_signal_is_told_in_the_shells_words(den: Den) -> None:
    """dash says which it was, but for SIGINT and SIGPIPE; bash, having become the program, says nothing."""
    texts = ["die-SEGV", "die-KILL x", "die-TERM", "die-INT", "die-PIPE", "die-USR1"]
    for shell in KNOWN:
        assert set(map(os.path.dirname, den.alike(attempts(texts, [shell, "-c"])))) == {os.fsencode(den.folder)}
        assert [shown[0] for shown in den.run(attempts(texts, [shell, "-c"]))] == [
            128 + signal.Signals[f"SIG{text.split()[0][4:]}"] for text in texts
        ]


@pytest.mark.parametrize("shell", KNOWN)
def test_what_cannot_be_started_is_told_by_the_shell(den: Den, shell: str) -> None:
    for name, text, mode in (
        ("no-right", "#!/bin/sh\nexit 3\n", 0o644), ("no-head", "echo here; exit 4\n", 0o755), ("empty", "", 0o755),
        ("no-reader", "#!/no/such/file\n", 0o755), ("no-program", "\x7fELF", 0o755),
    ):  # fmt: skip
        (den.folder / name).write_text(text)
        (den.folder / name).chmod(mode)
    (den.folder / "folder").mkdir(exist_ok=True)
    names = ["no-right", "no-head", "empty", "no-reader", "no-program", "folder", "nothing", "show/x"]
    texts = [f"{dots}{name} 'a b'" for name in names for dots in ("", "./")]
    assert {os.path.basename(path) for path in den.alike(attempts(texts, [shell, "-c"]))} == {shell.encode()}
    huge = {f"V{i}": "x" * 130_000 for i in range(60)}
    den.alike([Attempt(0, (shell, "-c", "show"), huge)])


# ---- what a shell makes of its environment

NAMES = """
    _ A BASHOPTS BASH_ENV BASH_FUNC_show%% BASH_XTRACEFD CDPATH CHILD_MAX COLUMNS COMP_WORDBREAKS DIRSTACK EDITOR ENV
    EUID EXECIGNORE FCEDIT FIGNORE FUNCNAME FUNCNEST GLOBIGNORE GROUPS HISTCMD HISTFILE HISTSIZE HOME
    HOSTNAME HOSTTYPE IFS IGNOREEOF INPUTRC LANG LANGUAGE LC_ALL LC_CTYPE LC_TIME LINENO LINES LOGNAME MACHTYPE MAIL
    MAILCHECK MAILPATH MAPFILE OLDPWD OPTARG OPTERR OPTIND OSTYPE PATH PIPESTATUS POSIXLY_CORRECT PPID PROMPT_COMMAND
    PS1 PS2 PS3 PS4 PWD REPLY SECONDS SHELL SHELLOPTS SHLVL SSH2_CLIENT SSH_CLIENT TERM TEXTDOMAIN
    TIMEFORMAT TMOUT TMPDIR TZ UID auto_resume histchars a-b a.b 1a é
""".split()
VALUES = ["", "1", "x y", "/", "C.UTF-8", "xtrace"]


@pytest.mark.parametrize("shell", KNOWN)
def test_every_variable_shows_the_same_both_ways(den: Den, shell: str) -> None:
    pairs = [(name, value) for name in NAMES for value in VALUES]
    if draws(1000) < 1000:
        pairs = [(name, value) for i, (name, value) in enumerate(pairs) if i % 3 == len(name) % 3]
    tried = [Attempt(i, (shell, "-c", "./show a"), {name: value}) for i, (name, value) in enumerate(pairs)]
    started = den.alike(tried)
    assert started.count(b"./show") > len(pairs) / 4


@pytest.mark.parametrize("shell", KNOWN)
@pytest.mark.parametrize(
    ("name", "value", "direct"),
    [
        ("A", "1", True), ("PWD", "/", True), ("PWD", "/tmp/../{folder}", True), ("PWD", None, True), ("PATH", None, False),
        ("PATH", "", False), ("PATH", ".", False), ("PATH", "{folder}:/bin:", False), ("PATH", "bin:{folder}:/bin", False),
        ("PATH", "{folder}/:/bin", False),
        ("PATH", "/nowhere:{folder}:/bin", True), ("PATH", "{folder}%func:/bin", False), ("PATH", "~:{folder}:/bin", False), ("a-b", "1", False),
        ("BASH_FUNC_show%%", "() {{ echo shadowed; }}", False), ("IFS", "s", False), ("OPTIND", "7", False),
        ("PPID", "7", False), ("_", "/old", True), ("OLDPWD", None, True),
    ],
)  # fmt: skip
def test_what_factc_itself_was_given(
    den: Den, monkeypatch: pytest.MonkeyPatch, shell: str, name: str, value: str | None, direct: bool
) -> None:
    if value is None:
        monkeypatch.delenv(name, raising=False)
    else:
        monkeypatch.setenv(name, value.format(folder=den.folder))
    path = shutil.which(shell, path="/bin:/usr/bin")
    assert path
    started = den.alike([Attempt(0, (path, "-c", "show a"), {"B": "1"})])
    started += den.alike(attempts(["show a"], [shell, "-c"]))
    assert (started[-1] == os.fsencode(den.folder / "show")) == direct


@pytest.mark.skipif("bash" not in KNOWN, reason="no bash here")
@pytest.mark.parametrize(
    ("variables", "direct"),
    [
        ({"SHLVL": "0"}, True), ({"SHLVL": None}, True), ({"SHLVL": "07"}, False), ({"SHLVL": "x"}, False),
        ({"SHLVL": "-1"}, False), ({"SHLVL": "999"}, False), ({"SHLVL": "1", "SSH_CLIENT": "::1"}, True),
        ({"SHLVL": None, "SSH_CLIENT": "::1"}, False), ({"OLDPWD": "/nowhere"}, False), ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "no_NO"}, False), ({"BASH_ENV": "{folder}/show"}, False), ({"PS1": "$ "}, False),
    ],
)  # fmt: skip
def test_what_bash_was_given(
    den: Den, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None], direct: bool
) -> None:
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value.format(folder=den.folder))
    assert (den.alike(attempts(["show a"], ["bash", "-c"])) == [os.fsencode(den.folder / "show")]) == direct


@pytest.mark.parametrize("shell", KNOWN)
def test_a_directory_that_has_been_moved(tmp_path: Path, den: Den, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PWD", str(here))
    real = Local.open

    def moved(self: Local, *rest: Any) -> None:
        real(self, *rest)
        here.rename(tmp_path / "there") if here.exists() else (tmp_path / "there").rename(here)

    monkeypatch.setattr(Local, "open", moved)
    shown = den.run(attempts(["show"], [shell, "-c"]))
    assert f"PWD={tmp_path}/there".encode() in shown[0][1]  # type: ignore[operator]
    assert os.path.basename(den.started[0]) == shell.encode()


@pytest.mark.parametrize("shell", KNOWN)
def test_sh_may_be_any_of_them(tmp_path: Path, den: Den, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    (tmp_path / "sh").symlink_to(str(shutil.which(shell)))
    monkeypatch.setenv("PATH", f"{tmp_path}:{den.folder}:{FOLDER}")
    for options in (["-c"], ["-e", "-c"]):
        texts = ["show 'a b' c", "./show", "die-SEGV", "nothing x", "cd /"]
        moved = Attempt(5, ("sh", *options, "show"), {}, "/tmp")
        found = den.alike([*attempts(texts, ["sh", *options]), moved])
        assert [os.path.basename(path) for path in found] == [b"show", b"show", b"die-SEGV", b"sh", b"sh", b"show"]


def test_a_shell_of_ones_own_is_asked(tmp_path: Path, den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever name it goes: only programs are known, not scripts."""
    for name in ("sh", "bash", "dash"):
        own = tmp_path / name
        own.write_text("#!/bin/sh\necho mine\n")
        own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{FOLDER}")
    for name in ("sh", "bash", "dash"):
        assert den.run(attempts(["show"], [name, "-c"]))[0][3] == b"mine\n"


def test_other_options_and_shells_are_asked(den: Den) -> None:
    for start in (
        ["sh", "-x", "-c"],
        ["sh", "-u", "-c"],
        ["bash", "-c", "show a"],
        ["bash", "-l", "-c"],
        ["zsh", "-c"],
    ):
        if shutil.which(start[0]):
            assert os.path.basename(den.alike(attempts(["show"], start))[0]) == start[0].encode()


# ---- the whole way


@pytest.mark.skipif(_real("sh") not in KNOWN, reason="sh is none of the shells that are known")
def test_a_task_leads_its_session_itself(factc: Any, tmp_path: Path) -> None:
    """With values in it, which stay words; what is shown of it names the shell as ever."""
    leads = tmp_path / "leads"
    leads.write_text('#!/bin/sh\nread -r pid name state parent group session rest </proc/$$/stat\n'
                     '[ "$pid" = "$session" ] && [ "$#" = 2 ] && echo "$1|$2"\n')  # fmt: skip
    leads.chmod(0o755)
    (tmp_path / "job.fact").write_text('job j\nparam v\nt:\n    ./leads {{v}} "x {{v}}"\n')
    done = factc("run", "job.fact", "--set", "v=a 'b' $c;")
    assert done.code == 0 and "a 'b' $c;|x a 'b' $c;" in done.out
    assert "sh -c" in factc("plan", "job.fact", "--set", "v=1", "--script").out
