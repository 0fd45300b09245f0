"""What shells cannot read: `validate` asks each recipe's own shell, which executes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factc.compiler.pipeline import compile_source
from factc.lint import syntax
from factc.lint.recipe import recipes
from factc.plan.values import Given
from factc.shell import closed
from factc.syntax.source_file import Source
from tests.draws import draws
from tests.jobs import factfile, task

SHELLS = [shell for shell in ("sh", "dash", "bash", "ksh", "zsh") if shutil.which(shell)]
every_shell = pytest.mark.parametrize("shell", SHELLS)


def found(text: str) -> list[tuple[str, str]]:
    """(code, the marked words) of what shells say of the recipes of a job."""
    job = compile_source(Source("job", text), Given()).job
    said = sorted(syntax.findings(recipes(job)), key=lambda d: d.span.start if d.span else -1)
    return [(d.code, text[d.span.start : d.span.end]) for d in said if d.span]


def rules(*texts: str, shell: str = "sh", params: str = "") -> str:
    """A job with a rule for each recipe."""
    blocks = [f"[shell {shell}]\nt{i}:\n" + "".join(f"    {line}\n" for line in text.split("\n")) for i, text in enumerate(texts)]  # fmt: skip
    return f"job j\n{params}\n" + "\n".join(blocks)


def wrong(*texts: str, shell: str = "sh", params: str = "") -> list[tuple[str, str]]:
    return found(rules(*texts, shell=shell, params=params))


# Recipes that no shell can read, and the line that is to blame.
WRONG = [
    ("echo 'half", "echo 'half"), ('echo a\necho "half', 'echo "half'), ("echo )", "echo )"), ("echo a\n( echo", "( echo"),
    ("if true; then\n  echo a", "  echo a"), ("fi", "fi"), ("a\ndone\nb", "done"), ("echo $(a", "echo $(a"), ("echo `a", "echo `a"),
    ("case x in\na) b", "a) b"), ("a | | b", "a | | b"), ("a\nb &&", "b &&"), ("}; touch x; {", "}; touch x; {"), ("f() {", "f() {"), ("cat <", "cat <"),
    ("cat <<E\na", "cat <<E"), ("cat <<E\na\\\nE", "cat <<E"), ("cat <<'E'\nE ", "cat <<'E'"), ("x=$(cat <<E\na\n)", "x=$(cat <<E"), ("cat <<E", "cat <<E"),
    ("echo {{x}} '{{x}}' \"{{x}}\" )", "echo {{x}} '{{x}}' \"{{x}}\" )"), ("for i in {{x}}\necho", None),
]  # fmt: skip


@every_shell
def test_a_recipe_that_its_shell_cannot_read(shell: str) -> None:
    for text, line in WRONG:
        if shell == "zsh" and line in ("b &&", None):
            continue  # it takes the end of the text for the end of these
        (one,) = wrong(text, shell=shell, params="param x\n")
        assert one[0] == "E209", text
        places = {part.strip() for part in text.split("\n")}
        assert one[1] in places, (text, one)
        assert len(places) > 1 or line is None or one[1] == line.strip()


RIGHT = [
    "echo {{x}} '{{x}}' \"{{x}}\"", "for i in {{x}}; do\n  echo $i\ndone", "case {{x}} in\n  {{x}}) a;;\nesac", "cat <<E\n'\nE\necho a", "cat <<'E'\na\\\nE",
    "echo '\n)' \"\n(\"", "f() {\n  a\n}\nf", "if [ {{x}} = a ]; then b; fi", "# '{{x}}", "x=$(case a in a) b;; esac)", "a &&\n  b", "echo \\\n  a", "echo a#b 'c'",
    "( a; b ) | c", "! a", "echo if fi done", "echo \"${a:-b}\"", "cat <<-E\n\ta\n\tE", "cat <<A <<B\nA\nB", "while a; do b; done",
]  # fmt: skip


@every_shell
def test_right_recipes_are_left_alone(shell: str) -> None:
    assert wrong(*RIGHT, shell=shell, params="param x\n") == []


@every_shell
def test_joined_recipes_hide_nothing_from_each_other(shell: str) -> None:
    """Each wrong one among right ones, and pairs that would be right as one text."""
    halves = [("echo 'a", "b'"), ('echo "a', 'b"'), ("if true; then a", "fi"), ("{ a", "}"), ("( a", ")"), ("a |", "b"), ("a &&", "b"), ("f()", "{ a; }"),
              ("case x in x) a", "esac"), ("for i in a; do b", "done"), ("echo $(a", ")"), ("echo `a", "b`"), ("cat <<E\na", "E"), ("while a", "do b; done")]  # fmt: skip
    for first, second in halves:
        text = rules("echo 1", first, "echo 2", second, "echo 3", first, shell=shell)
        alone = [pair for half in (first, second, first) for pair in wrong(half, shell=shell)]
        assert sorted(found(text)) == sorted(alone), (first, second)
        assert len(alone) >= 2 or shell == "zsh", first
    mixed = [text for pair in zip(RIGHT, [text for text, _ in WRONG], strict=False) for text in pair]
    assert len(wrong(*mixed, shell=shell, params="param x\n")) == len(mixed) // 2 - (shell == "zsh")


@every_shell
def test_nothing_of_a_job_is_executed(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched = tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rc").write_text(f"touch {touched}\n")
    monkeypatch.setenv("ENV", str(tmp_path / "rc"))
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "rc"))
    monkeypatch.setenv("ZDOTDIR", str(tmp_path))
    (tmp_path / ".zshenv").write_text(f"touch {touched}\n")
    run = f"touch {touched}"
    parts = [f"}}; {run}; {{", f"'; {run}; '", f'"; {run}; "', f"E\n{run}", f"$({run})", f"`{run}`", f"set +n\n{run}", f"set +o noexec; {run}", f"); {run}; (",
             f";; {run}", f"fi; {run}", f"\\\n{run}", f"<({run})", f"trap '{run}' EXIT DEBUG ERR", f"\n;;)\n' {run}", f"echo \"\n;;)\n\"\n{run}", f"a[$({run})]=1",
             f"(( a[$({run})] ))", f"[[ $({run}) ]]", f"cat <<E\n$({run})\nE", f"alias a='{run}'\na", f"exit; {run}", f". {tmp_path}/rc"]  # fmt: skip
    found(rules(*parts, shell=shell))
    for part in parts:
        found(rules(part, shell=shell))
    assert not touched.exists()


@pytest.mark.parametrize(
    ("shell", "text"),
    [
        ("bash", "shopt -s extglob\nls !(a)"), ("bash", "if a; then shopt -s extglob; fi\nls @(a|b)"), ("sh", "alias b='('\nb a )"), ("sh", "exit 0\nfree ( text"),
        ("sh", ". ./lib\nb a )"), ("zsh", "setopt ksh_glob\na ) b"), ("bash", "set -o posix\na ) b"), ("sh", "exec prog\nfree ( text"),
    ],
)  # fmt: skip
def test_what_depends_on_commands_before_is_a_warning(shell: str, text: str) -> None:
    if shell not in SHELLS:
        pytest.skip(f"no {shell} here")
    assert wrong(text, shell=shell) == [("W414", text.split("\n")[1])]


@pytest.mark.parametrize(
    "text",
    ["ls !(a)\nshopt -s extglob", "shopt -s extglob; ls !(a)", "set -e\na )", "cp a .\na )", "[ a ] || exit 1\na )"],
)
def test_what_does_not_is_an_error(text: str) -> None:
    if "bash" not in SHELLS:
        pytest.skip("no bash here")
    assert [code for code, _ in wrong(text, shell="bash")] == ["E209"]


def test_commands_of_a_factfile() -> None:
    bad, raw = task("a", "echo )", arguments=["x"]), task("b", "echo", arguments=["$(a", "{{{y}}}"])
    assert found(factfile(bad)) == [("E209", "echo )")]
    assert found(factfile(raw)) == [("W414", "echo")]
    assert found(factfile(task("a", "echo", arguments=['"', "\\", "(", "'", "{{x}}"]))) == []


def test_the_shell_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert wrong("echo )", "echo a", shell="zsh") == [("W401", "echo )")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many processes there were so far."""
    count = [0]
    run = subprocess.run

    def counted(*args: object, **more: object) -> object:
        count[0] += 1
        return run(*args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", counted)
    yield count


@every_shell
def test_many_share_a_process_and_a_wrong_one_costs_two(shell: str, asked: list[int]) -> None:
    texts = [f"echo {i} '(' | cat\nif a{i}; then b; fi" for i in range(syntax.BATCH)]
    assert wrong(*texts, shell=shell) == [] and asked == [1]
    for i in (3, 4, 90, 199):
        texts[i] += "\necho )"
    assert len(wrong(*texts, shell=shell)) == 4 and asked[0] <= 1 + 1 + 2 * 4
    asked[0] = 0
    texts[70] = "echo 'half"
    assert len(wrong(*texts, shell=shell)) == 5 and asked[0] <= 1 + 2 * 5


PIECES = ["a", "echo", " ", "  ", "\t", "'x y'", '"x y"', '"$x"', "$x", "=", "x=", "-", "--a", "#", "\n", "/", ":", "%", "@", "+", "é", "'", '"', "\\",
          "if", "fi", "do", "time", "end", "function", "coproc", "select", "in", "!", "{", "}", "(", ")", ";", "&", "|", "<", ">", "[", "]", "*", "~", "`"]  # fmt: skip


@given(
    st.lists(st.lists(st.sampled_from(PIECES[:20] * 5 + PIECES), max_size=8).map("".join), min_size=100, max_size=200)
)
@settings(max_examples=draws(20), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_what_is_plain_every_shell_reads(tmp_path: Path, texts: list[str]) -> None:
    texts = [text for text in texts if closed.plain(text)]
    (tmp_path / "recipe").write_text("\n".join(texts) + "\n")
    for shell in SHELLS:
        done = subprocess.run([shell, "-n", "recipe"], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), texts


def test_a_plain_recipe_is_no_question(asked: list[int]) -> None:
    texts = ["echo a 'b c' \"d $e\"", "make -j 2 all\n# and then\n./run --to=x/{{x}}", "true"]
    assert wrong(*texts, params="param x\n") == [] and asked == [0]
    assert wrong("echo a)", "fi") == [("E209", "echo a)"), ("E209", "fi")] and asked[0] > 0


def test_a_run_asks_no_shell(factc: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    echo a\n    echo )\n")
    ran = factc("validate", "job.fact", "--format", "json")
    said = json.loads(ran.out)  # type: ignore[attr-defined]
    assert [(d["code"], d["severity"], d["line"]) for d in said] == [("E209", "error", 5)]
    assert factc("plan", "job.fact").code == 0  # type: ignore[attr-defined]
