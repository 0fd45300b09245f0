"""What `factc validate` warns of, and what it leaves in peace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran
from tests.jobs import factfile, task

Factc = Callable[..., Ran]


def warnings(factc: Factc, *tasks: dict[str, object], **more: object) -> list[tuple[str, str]]:
    """(code, the marked words) of each warning."""
    text = factfile(*tasks, **more)  # type: ignore[arg-type]
    ran = factc("validate", "-", "--format", "json", input=text)
    assert ran.code == 0, ran
    found = json.loads(ran.out)
    lines = text.splitlines()
    return [(d["code"], lines[d["line"] - 1][d["column"] - 1 : d["endColumn"] - 1]) for d in found]


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("nosuch --x", ["nosuch"]), ("true && nosuch | sort", ["nosuch"]), ("cat x | nosuch2; nosuch3", ["nosuch2", "nosuch3"]),
        ("A=1 nosuch", ["nosuch"]), ("if nosuch; then nosuch2; fi", ["nosuch", "nosuch2"]), ("echo $(nosuch)", ["nosuch"]),
        ("sudo -u me nosuch", ["nosuch"]), ("env A=1 nosuch", ["nosuch"]), ("nice -n 5 nosuch", ["nosuch"]), ("timeout 5 nosuch", ["nosuch"]),
        ("./nosuch.sh", ["./nosuch.sh"]), ("/no/such", ["/no/such"]), ("for i in a; do nosuch; done", ["nosuch"]),
        ("nosuch; nosuch", ["nosuch"]), ("(nosuch)", ["nosuch"]), ("{ nosuch; }", ["nosuch"]), ("! nosuch", ["nosuch"]),
        ("case a in a) nosuch;; esac", ["nosuch"]), ("while nosuch; do :; done", ["nosuch"]), ("exec nosuch", ["nosuch"]),
        ("echo nosuch", []), ("f() { :; }; f", []), ("$nosuch", []), ('"$HOME"/nosuch', []), ("cd x; export A=1; true", []),
        ("[ -f x ] && test x", []), ("echo 'nosuch'", []), ("cat <<E\nnosuch\nE", []), ("# nosuch", []), ("A=nosuch", []),
        ("for nosuch in a; do :; done", []), ("case nosuch in nosuch) ;; esac", []), ("cat > nosuch 2> nosuch", []), ("", []),
        ("nosuch() { :; }\nnosuch", []), ("[[ a == nosuch ]]", []), ("echo a # nosuch", []), ("sh -c nosuch", []), ("`nosuch`", []),
    ],
)  # fmt: skip
def test_a_command_that_is_not_here(factc: Factc, command: str, missing: list[str]) -> None:
    found = [words for code, words in warnings(factc, task("a", command)) if code == "W401"]
    assert found == missing


def test_a_command_of_the_folder_where_the_task_runs(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "prog").write_text("#!/bin/sh\n")
    (tmp_path / "sub" / "prog").chmod(0o755)
    (tmp_path / "job.fact").write_text(
        "job j\n[cd sub]\na:\n    ./prog\n[exec, cd sub]\nb:\n    ./prog x\nc:\n    ./prog\n"
    )
    ran = factc("validate", "job.fact")
    assert ran.err.count("W401") == 1 and "job.fact:9:5" in ran.err, ran


@pytest.mark.parametrize(
    ("command", "arguments", "warned"),
    [
        ("sh", ["-c", "echo {{x}}"], 1), ("bash", ["-ec", "{{x}}"], 1), ("ssh host", ["ls {{x}}"], 1), ("eval", ["a {{x}}"], 1),
        ("python3", ["-c", "print('{{x}}')"], 1), ("perl", ["-e", "{{x}}"], 1), ("xargs", ["sh", "-c", "{{x}}"], 1),
        ("awk", ["{print {{x}}}", "f"], 1), ("ls | xargs -n1 bash", ["-c", "{{x}} $0"], 1),
        ("sh", ["script.sh", "{{x}}"], 0), ("python3", ["prog.py", "-c", "{{x}}"], 1), ("echo", ["{{x}}"], 0), ("bash", ["{{x}}"], 0),
        ("grep", ["-e", "{{x}}"], 0),
    ],
)  # fmt: skip
def test_values_in_the_code_of_a_second_interpreter(
    factc: Factc, command: str, arguments: list[str], warned: int
) -> None:
    found = warnings(factc, task("a", command, arguments=arguments))
    assert [words for code, words in found if code == "W402"] == ["{{x}}"] * warned


def test_raw_values_and_commands_that_are_no_templates(factc: Factc) -> None:
    found = warnings(factc, task("a", "echo {{x}} {{y}}", arguments=["{{{x}}}", "{{& x }}", "{{x}}"]))
    assert [f for f in found if f[0] in ("W403", "W404")] == [
        ("W404", "{{x}}"),
        ("W403", "{{{x}}}"),
        ("W403", "{{& x }}"),
    ]


def test_warnings_never_change_the_exit_code_but_strict_does(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a", "nosuch")))
    assert factc("validate", "job.factfile").code == 0
    ran = factc("validate", "job.factfile", "--strict")
    assert (ran.code, ran.out.splitlines()) == (
        1,
        ["job.factfile is not a valid Factotum Factfile: the command `nosuch` is not on this machine"],
    )
