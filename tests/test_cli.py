"""The command line itself: verbs, options in any order, folders, standard streams, and what it says to a typo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.cli import VERBS
from factc.cli.shared.examples import EXAMPLES
from factc.version import __version__
from tests.conftest import Ran, environment
from tests.forked import words_of

Factc = Callable[..., Ran]

JOB = """\
job small

param who = world

hello:
    echo hello {{who}}

bye: hello
    echo bye {{tag:mood}}
"""


@pytest.fixture(autouse=True)
def job(tmp_path: Path) -> Path:
    (tmp_path / "job.fact").write_text(JOB)
    return tmp_path / "job.fact"


def test_version_and_help(factc: Factc) -> None:
    assert factc("--version").out == f"factc {__version__}\n"
    assert factc("--help").out == factc("-h").out == factc("help").out
    for verb in VERBS:
        assert f"\n  {verb} " in factc("--help").out
        ran = factc(verb, "--help")
        assert (
            (ran.code, ran.err) == (0, "") and ran.out.startswith(f"usage: factc {verb} ") and "[OPTIONS]\n" in ran.out
        )


def test_nothing_at_all_is_a_mistake(factc: Factc) -> None:
    ran = factc()
    assert (ran.code, ran.out) == (3, "") and ran.err.startswith("usage: factc VERB ")


@pytest.mark.parametrize(
    ("words", "said", "help"),
    [
        (["rnu", "job.fact"], "`rnu` is no verb", "did you mean `run`?"),
        (["frobnicate"], "`frobnicate` is no verb", "verbs are " + ", ".join(VERBS)),
        (["job.fact"], "`job.fact` is no verb", "to run it: factc run job.fact"),
        (["--strict", "run", "job.fact"], "`--strict` is no verb", "an option stands behind the verb: factc run job.fact --strict"),
        (["run"], "the following arguments are required: JOB", "here is job.fact: factc run job.fact"),
        (["show"], "the following arguments are required: RUN", "`factc show --help` shows how to call it"),
        (["run", "job.fact", "hello"], "`hello` is one argument too many", "for one task and all it needs: --to hello"),
        (["run", "job.fact", "who=me"], "`who=me` is one argument too many", "for a value: --set who=me"),
        (["runs", "job"], "`job` is one argument too many", "factc show job tells of one run"),
        (["run", "job.fact", "-n"], "no option `-n`", "--dry-run executes nothing; factc plan prints the commands"),
        (["plan", "job.fact", "-n"], "there is no option `-n`", "`factc plan --help` lists the options"),
        (["run", "job.fact", "-k"], "no option `-k`", "it does so anyway: what does not depend on a failed task goes on"),
        (["run", "job.fact", "--quiet"], "no option `--quiet`", "--output quiet says nothing of a run that succeeds"),
        (["run", "-f", "job.fact"], "no option `-f`", "the job file stands behind the verb, without an option"),
        (["run", "job.fact", "-j"], "-j/--jobs: expected one argument", "-j auto is one for each CPU; without it there is no limit"),
        (["logs", "last"], "`logs` is no verb", "that is factc show RUN TASK"),
        (["check", "job.fact"], "`check` is no verb", "that is factc validate JOB"),
        (["version"], "`version` is no verb", "that is factc --version"),
        (["run", "job.fact", "--exclusive", "nightly"], "`nightly` is one argument too many", "the key stands behind an equals sign: --exclusive=nightly"),
        (["run", "job.fact", "--jobserver", "fifo"], "`fifo` is one argument too many", "the form stands behind an equals sign: --jobserver=fifo"),
        (["run", "--exclusive", "nightly", "job.fact"], "`job.fact` is one argument too many", "the key stands behind an equals sign: --exclusive=nightly"),
        (["-j", "4", "run", "a b"], "`-j` is no verb", "an option stands behind the verb: factc run 'a b' -j 4"),
        (["run", "job.fact", "--jbos", "3"], "there is no option `--jbos`", "did you mean `--jobs`?"),
        (["resume", "--to", "x"], "there is no option `--to`", "factc run JOB --resume RUN takes --to"),
        (["runs", "--older", "3d"], "there is no option `--older`", "that is an option of factc prune"),
        (["show", "last", "-j4"], "there is no option `-j4`", "`factc show --help` lists the options"),
        (["deliver", "--strict"], "there is no option `--strict`", "that is an option of factc compile, validate, list …"),
        (["run", "job.fact", "--xyzzy"], "there is no option `--xyzzy`", "`factc run --help` lists the options"),
        (["run", "job.fact", "other.fact"], "`other.fact` is one argument too many", "factc run JOB [OPTIONS]"),
        (["run", "job.fact", "-j", "0"], "argument -j/--jobs: `0` is no whole number from 1 on", None),
        (["run", "job.fact", "-j", "1.5"], "argument -j/--jobs: `1.5` is no whole number from 1 on", None),
        (["run", "job.fact", "--webhook-drain", "-1"], "argument --webhook-drain: `-1` is no duration", None),
        (["run", "job.fact", "--heartbeat-interval", "0"], "`0` is no duration from 50ms", None),
        (["run", "job.fact", "-j", "outo"], "argument -j/--jobs: `outo` is no whole number from 1 on", "-j auto is one for each CPU; without it there is no limit"),
        (["run", "job.fact", "--output", "loud"], "argument --output: `loud` is none of stream, group, quiet, raw", "`factc run --help` shows how to call it"),
        (["run", "job.fact", "--output", "quite"], "argument --output: `quite` is none of ", "did you mean `quiet`?"),
        (["run", "job.fact", "--jobserver=fifi"], "argument --jobserver: `fifi` is none of pipe, fifo", "did you mean `fifo`?"),
        (["list", "job.fact", "--format", "jsn"], "argument --format: `jsn` is none of text, json", "did you mean `json`?"),
        (["compile", "job.fact", "--format", "factfiel"], "argument --format: `factfiel` is none of ", "did you mean `factfile`?"),
        (["dot", "job.fact", "--render", "pgn"], "argument --render: `pgn` is none of svg, png, pdf", "did you mean `png`?"),
        (["completion", "bsh"], "argument SHELL: `bsh` is none of bash, zsh, fish", "did you mean `bash`?"),
        (["kill", "last"], "`kill` is no verb", "Ctrl-C stops a run, or `kill PID`: factc show RUN"),
        (["inspect", "last"], "`inspect` is no verb", "that is factc show RUN"),
        (["plan", "job.fact", "--start", "helo"], "no task is called 'helo'", "did you mean 'hello'?"),
        (["plan", "job.fact", "--to", "xyzzy"], "no task is called 'xyzzy'", "there are 'hello', 'bye'"),
        (["runs", "last"], "`last` is one argument too many", "factc show last tells of one run"),
        (["plan", "job.fact", "--set", "wo=x"], "the job has no parameter `wo`", "did you mean `who`?"),
        (["plan", "job.fact", "--set", "who"], "--set who: a value looks like NAME=VALUE", ""),
        (["plan", "job.fact", "--tag", "mood"], "--tag mood: a tag looks like KEY,VALUE or KEY=VALUE", ""),
        (["plan", "job.fact", "--tag", ",x"], "--tag ,x: the key is missing", ""),
        (["plan", "job.fact", "--env", "FOO=bar"], "this sets no environment variable", "for a value use --set FOO=bar"),
        (["plan", "job.fact", "--env", "@none.json"], "--env @none.json cannot be read: No such file", None),
        (["plan", "job.fact", "-C", "nowhere"], "-C nowhere: No such file or directory", ""),
        (["compile", "job.fact", "--format", "fact", "--to", "bye"], "--to chooses tasks of a plan", ""),
        (["compile", "job.fact", "-o", "/dev/full"], "/dev/full cannot be written: No space left on device", ""),
        (["compile", "job.fact", "-o", "no/where"], "no/where cannot be written: No such file or directory", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for(factc: Factc, words: list[str], said: str, help: str | None) -> None:
    if "/dev/full" in words and not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    ran = factc(*words)
    assert (ran.code, ran.out) == (3, ""), ran
    first, *rest = ran.err.splitlines()
    assert first.startswith("factc: ") and said in first, ran
    if help is not None:
        assert rest == ([f"  help: {help}"] if help else []), ran


def test_what_every_verb_takes_may_stand_before_it(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "bad.fact").write_text("job bad\na: b\n    true\n")
    colours = {"CLICOLOR_FORCE": "1"}
    assert "\x1b[" in factc("validate", "bad.fact", env=colours).err
    for words in (
        ["--no-colour", "validate"],
        ["--no-color", "-C", ".", "validate"],
        ["-C", ".", "--no-colour", "validate"],
    ):
        ran = factc(*words, "bad.fact", env=colours)
        assert ran.code == 1 and "\x1b[" not in ran.err, words


def test_factotum_s_short_option_for_values(factc: Factc) -> None:
    assert factc("plan", "job.fact", "-e", '{"who": "me"}').out == factc("plan", "job.fact", "--set", "who=me").out


def test_no_file_to_name_no_file(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").unlink()
    assert "`factc run --help` shows how to call it" in factc("run").err
    for name in ("b c.fact", "a.factfile", "z.fact", "x.fact", "\x1b.fact"):
        (tmp_path / name).write_text("")
    assert "here are a.factfile, 'b c.fact', x.fact: factc list a.factfile" in factc("list").err


# ---- what `--help` says


@pytest.mark.parametrize("columns", ["80", "100", "40"])
def test_no_line_of_help_is_wider_than_the_terminal(factc: Factc, columns: str) -> None:
    for words in (["--help"], *([verb, "--help"] for verb in VERBS)):
        lines = factc(*words, env={"COLUMNS": columns}).out.splitlines()
        wide = [line for line in lines if len(line) > max(80, int(columns))]
        assert wide == [], words
    assert max(map(len, factc("run", "--help", env={"COLUMNS": "200"}).out.splitlines())) > 100


def test_help_of_a_verb_asked_in_another_way(factc: Factc) -> None:
    for verb in VERBS:
        assert factc("help", verb).out == factc(verb, "--help").out
    assert factc("help", "me").out == factc("--help").out


@pytest.mark.parametrize("verb", VERBS)
def test_the_examples_of_a_verb_run(verb: str, factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job job\n\nparam day\n\nload:\n    echo {{day}}\n\nend: load\n    true\n")
    command = f'factc() {{ "{sys.executable}" -m factc "$@"; }}\n'
    assert factc("run", "job.fact", "--set", "day=1").code == 0
    for line, _ in EXAMPLES[verb]:
        if verb == "completion":
            line = f"{line.split(' | ')[0]} > script" if "fish" in line else line
        shell = "bash" if "bash" in line else "sh"
        if words := words_of(line):
            done = factc(*words)
        else:
            done = Ran(
                subprocess.run(
                    [shell, "-c", command + line], cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL,
                    capture_output=True,
                )
            )  # fmt: skip
        expected = {5} if verb == "resume" else {0, 1} if "grep" in line else {0}  # nothing has failed
        assert done.code in expected, (line, done)


@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000, "\u00b2", "\u0663", "1000000001"])
def test_numbers_of_any_length_and_script_end_in_words(factc: Factc, tmp_path: Path, digits: str) -> None:
    (tmp_path / "numbers.fact").write_text(f"job numbers\n\npool p = 1\n\n[pool p]\na:\n    exit {digits}\n")
    for words in (
        ["run", "numbers.fact", "--pool", f"p={digits}"],
        ["run", "numbers.fact", "--timeout", f"{digits}d"],
        ["prune", "--older", f"{digits}"],
        ["show", "last", "a", "--attempt", digits],
    ):
        ran = factc(*words)
        assert (ran.code, ran.out) == (3, "") and ran.err.startswith("factc: "), ran
    assert factc("validate", "numbers.fact").code == 0
    assert factc("run", "numbers.fact", "--dry-run", env={"FACTC_JOBS": digits}).code in (0, 3)
    assert factc("runs", "--help", env={"COLUMNS": digits}).code == 0


def test_options_may_stand_before_and_behind_the_file(factc: Factc) -> None:
    ways = (["--set", "who=me", "job.fact", "--start", "bye"], ["--start=bye", "--set=who=me", "job.fact"],
            ["job.fact", "--set", "who=me", "--start", "bye"])  # fmt: skip
    assert len({factc("plan", *way).out for way in ways}) == 1


def test_a_folder_to_go_to_first(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "job.fact").write_text("job there\nwhere:\n    pwd\n")
    for words in (["-C", "a/b", "run", "job.fact"], ["run", "-C", "a/b", "job.fact"]):
        ran = factc(*words, "--output", "raw")
        assert ran.out == f"{(tmp_path / 'a' / 'b').resolve()}\n", ran
    assert (tmp_path / "a" / "b" / ".factc" / "runs").is_dir()


def test_tags_are_parted_once(factc: Factc) -> None:
    for tag in ("mood,a,b=c", "mood=a,b=c", " mood , a,b=c"):
        assert (
            factc("run", "job.fact", "--tag", tag, "--output", "raw", "--no-record").out == "hello world\nbye a,b=c\n"
        )


def test_values_from_a_file(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_bytes(b'\xef\xbb\xbf{"who": "file", "unknown": 1}')
    ran = factc("plan", "job.fact", "--env", "@values.json")
    assert "echo hello 'file'" in ran.out, ran
    assert "echo hello 'set'" in factc("plan", "job.fact", "--env", "@values.json", "--set", "who=set").out


def test_standard_input(factc: Factc, job: Path) -> None:
    assert factc("plan", "-", input=job.read_bytes()).out == factc("plan", "job.fact").out
    ran = factc("validate", "-", input=b"job x\na: b\n    true\n")
    assert ran.code == 1 and "<stdin>:2:4" in ran.err, ran


def test_standard_output_that_nobody_reads(job: Path) -> None:
    lines = "".join(f"t{i}:\n    echo {'x' * 100}\n" for i in range(3000))
    job.write_text("job long\n" + lines)
    command = f"{sys.executable} -m factc plan job.fact | head -n 1; echo done"
    done = subprocess.run(
        ["sh", "-c", command], cwd=job.parent, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("# t0 · continues on 0\ndone\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("verb", ["plan", "dot", "compile", "validate"])
def test_standard_output_that_is_full(job: Path, verb: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "factc", verb, "job.fact"], cwd=job.parent, env=environment(), stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "factc: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(job: Path, closed: str) -> None:
    command = f"{sys.executable} -m factc run job.fact --tag mood=ok {closed}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=job.parent, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done
    logs = sorted(job.parent.glob(".factc/runs/*/logs/*"))
    assert [log.read_text() for log in logs] == ["hello world\n", "bye ok\n"]


def test_a_job_from_a_closed_standard_input(job: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m factc run - <&-"], cwd=job.parent, env=environment(), capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and "E003" in done.stderr, done


def test_a_locale_without_unicode(factc: Factc, job: Path) -> None:
    job.write_text('job "tâche"\n"été 🎉":\n    echo "né"\n', encoding="utf-8")
    for verb in ("plan", "dot", "run"):
        ran = factc(verb, "job.fact", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
        assert ran.code == 0 and ("été 🎉" in ran.out + ran.err), ran
    helps = f"""
from factc.cli import main
for verb in {list(VERBS)}:
    try:
        main([verb, "--help"])
    except SystemExit:
        pass
main(["run", "job.fact", "--r\\xe9ponse"])
"""
    env = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    done = subprocess.run([sys.executable, "-c", helps], env=env, capture_output=True, timeout=60)
    assert done.returncode == 0 and "…" in done.stdout.decode() and "--réponse" in done.stderr.decode(), done


def test_no_interpreter_is_taken_down_under_a_thread_that_still_waits(tmp_path: Path) -> None:
    """What runs at the interpreter's end does not, and what was said is out, with the exit code."""
    script = (
        "import atexit, sys, threading\n"
        "atexit.register(print, 'taken down')\n"
        "waits = threading.Event()\n"
        "if sys.argv.pop(1) == 'thread':\n"
        "    threading.Thread(target=waits.wait, daemon=True).start()\n"
        "from factc.__main__ import main\n"
        "sys.exit(main())\n"
    )
    (tmp_path / "job.fact").write_text("job j\n\na: b\n    true\n")
    for kind, down in (("thread", ""), ("none", "taken down\n")):
        command = [sys.executable, "-c", script, kind, "validate", "job.fact", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=60)
        said, bracket, after = done.stdout.rpartition("]\n")
        assert (done.returncode, bracket, after) == (1, "]\n", down) and '"E102"' in said, done


def test_no_later_signal_changes_how_it_ended(tmp_path: Path) -> None:
    """Ctrl-C while the interpreter is taken down, or while the first one is answered."""
    script = (
        "import os, signal, sys\n"
        "from factc import cli\n"
        "from factc.__main__ import main\n"
        "def ends():\n"
        "    if sys.argv[1] == 'twice':\n"
        "        raise KeyboardInterrupt\n"
        "    return 2\n"
        "cli.main = ends\n"
        "code = main()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(code)\n"
    )
    for kind, code in (("once", 2), ("twice", 130)):
        done = subprocess.run([sys.executable, "-c", script, kind], capture_output=True, text=True, env=environment())
        assert (done.returncode, done.stderr) == (code, ""), done
