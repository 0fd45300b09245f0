"""What `factc validate` warns of, and what it leaves in peace."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.cli import main
from factc.compiler.suppressions import CODES
from factc.secrets.credentials import find
from tests.conftest import ROOT, Ran
from tests.jobs import factfile, task

Factc = Callable[..., Ran]


@pytest.fixture
def factc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Factc:
    """The command as the others have it, but without a process of its own: there are many small cases here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "dumb")

    def run(*args: str | Path, input: str = "") -> Ran:
        (tmp_path / "stdin").write_text(input, newline="")
        words = ["stdin" if arg == "-" else str(arg) for arg in args]
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in "oe")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return Ran(subprocess.CompletedProcess(words, code, out.buffer.getvalue(), err.buffer.getvalue()))  # type: ignore[attr-defined]

    return run


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
        ("echo $((n + 1))", []), ("i=$((i+1)); (( n > 3 )) && true", []), ("if (( n > 3 )); then :; fi", []), ("echo $((a + $(nosuch)))", ["nosuch"]),
        ("nosuch() { :; }\nnosuch", []), ("[[ a == nosuch ]]", []), ("echo a # nosuch", []), ("sh -c nosuch", []), ("`nosuch`", []),
    ],
)  # fmt: skip
def test_a_command_that_is_not_here(factc: Factc, command: str, missing: list[str]) -> None:
    found = [words for code, words in warnings(factc, task("a", command)) if code == "W401"]
    assert found == missing


def test_arithmetic_of_bash_is_no_command(factc: Factc) -> None:
    loop = task("a", "for ((i=0; i<n; i++)); do nosuch; done", shell="bash")
    more = {"schema": "iglu:factc/factfile/jsonschema/1-0-0"}
    assert [pair for pair in warnings(factc, loop, **more) if pair[0] == "W401"] == [("W401", "nosuch")]


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
        ("awk", ["{print}", "{{x}}"], 0), ("awk", ["-F", ":", "-v", "a={{x}}", "{print a}", "{{x}}"], 0), ("awk", ["-f", "p.awk", "{{x}}"], 0),
        ("awk", ["-F:", "{print {{x}}}"], 1), ("sed", ["s/a/b/", "{{x}}"], 0), ("sed", ["-n", "{{x}}", "f"], 1), ("sed", ["-ne", "{{x}}", "f"], 1),
        ("sed", ["-e", "p", "{{x}}"], 0), ("sed", ["-e{{x}}", "f"], 1), ("ssh", ["-p", "22", "{{x}}", "ls"], 0), ("ssh", ["-p", "22", "h", "{{x}}"], 1),
        ("trap", ["rm {{x}}", "EXIT"], 1), ("trap", ["a", "{{x}}"], 0),
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


def credentials(factc: Factc, command: str, **more: object) -> list[str]:
    return [words for code, words in warnings(factc, task("a", command, **more)) if code == "W405"]  # type: ignore[arg-type]


LETTERS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{LETTERS}"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{LETTERS}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("x AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"), (f"echo '{PEM}'", PEM), (f"x ghp_{LETTERS}", f"ghp_{LETTERS}"),
        (f"x --key=github_pat_{LETTERS}", f"github_pat_{LETTERS}"), (f"x glpat-{LETTERS[:20]}", f"glpat-{LETTERS[:20]}"),
        ("x xox" + f"b-1234-{LETTERS}", "xox" + f"b-1234-{LETTERS}"), ("x sk_" + f"live_{LETTERS}", "sk_" + f"live_{LETTERS}"),
        (f"x whsec_{LETTERS}==", f"whsec_{LETTERS}=="), (f"x {JWT} y", JWT),
        ("git clone https://me:pa55word@host/x", "pa55word"), ("psql postgres://$USER:pa55@h/db", "pa55"), ("x redis://:pa55word@h", "pa55word"),
        ("x https://{{user}}:pa55word@host", "pa55word"), ("x --password hunter2", "hunter2"), ("x --password=hunter2 y", "hunter2"),
        ("x --db-password 'a b'", "a b"), ('x --password "a b c"', "a b c"), ("x -password hunter2", "hunter2"), ("x --api-key abcdef", "abcdef"),
        ("PASSWORD=hunter2 x", "hunter2"), ("export DB_PASSWORD='a $ b'", "a $ b"), ("PGPASSWORD=changeme psql", "changeme"),
        ("x 'jdbc:a://h/db?user=a&password=hunter2&b=c'", "hunter2"), ("AWS_SECRET_ACCESS_KEY=abc/def+g x", "abc/def+g"),
        ("API_TOKEN=0123456789abcdef x", "0123456789abcdef"), ("MYSQL_PWD=root x", "root"), ("DB_PASS=hunter2", "hunter2"),
        ("mysql -u root -phunter2 db", "hunter2"), ("mysqldump -h h '-phunter2'", "hunter2"), ("sshpass -p hunter2 ssh h", "hunter2"),
        ("curl -u me:hunter2 http://h", "hunter2"), ("curl -H 'Authorization: Bearer abc123' h", "abc123"),
        ("curl -H \"authorization: Basic bWU6eA==\" h", "bWU6eA=="), ("curl -H 'X-Api-Key: abc123'", "abc123"),
        ("curl -d '{\"user\": \"me\", \"password\": \"hunter2\"}' h", "hunter2"),
    ],
)  # fmt: skip
def test_literals_that_look_like_credentials(text: str, literal: str) -> None:
    (found,) = find(text)
    assert text[found.start : found.end] == literal


@pytest.mark.parametrize(
    "text",
    [
        "x --password $PASS", 'x --password "$PASS"', "x --password={{pw}}", "x --password '{{pw}}'", "x --password ''", "x --password", "x --password ***",
        "x --password <password>", "x --password xxxxxx", "x --password PASSWORD", "x --password --host h", "x --password-file f", "x --password-stdin",
        "x --password $(cat f)", "x --password `cat f`", "x --password /run/secrets/pw", "x --password @f", "x --password | y", "x --password %s",
        "PASSWORD=$1 x", "PASSWORD= x", 'PASSWORD="" x', 'PASSWORD="$(pass show x)"', "PASSWORD=${P:-} x", '[ "$PASSWORD" = x ]', "unset PASSWORD",
        "x --password=true", "read -s PASSWORD", "sed 's/PASSWORD=.*/PASSWORD=***/' f", "grep PASSWORD f", "x --max-token 512", "TOKEN=next x",
        "git clone https://host/me:x@y", "git clone git@github.com:a/b", "git clone https://git@host/x", "x https://$USER:$PASS@host", "x https://u:{{pw}}@host",
        "x https://u:<password>@host", "x https://u:***@host", "x https://u:@host", "x https://{{tag:user}}@host", "x http://h:8080/a@b", "x https://u:${P}@h",
        "mysql -u root -p db", "mysql -p$PASS", 'mysql -p"$PASS"', "mysql -P 3306", "mkdir -pv x", "ls | grep -pattern",
        'curl -H "Authorization: Bearer $TOKEN"', "curl -H 'Authorization: Bearer {{t}}'", "curl -H 'Authorization: Bearer '\"$T\"", "curl -u $U:$P h",
        "curl -u me h", "curl -u {{tag:u}}:{{p}} h", "docker run -u 1000:1000 x", "grep 'BEGIN PRIVATE KEY' f", "x ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "x AKIAXXXXXXXXXXXXXXXX", "x eyJ.eyJ.x", "echo token: next", "aws s3 sync s3://a-secret-bucket/x y", "./whsec_test.sh",
    ],
)  # fmt: skip
def test_what_is_no_literal_is_left_in_peace(text: str) -> None:
    assert find(text) == []


def test_credentials_of_a_factfile_are_warned_of(factc: Factc) -> None:
    assert credentials(factc, "true --password hunter2") == ["hunter2"]
    assert credentials(factc, "true", arguments=["--password", "hunter2", "--x", "y"]) == ["hunter2"]
    assert credentials(factc, "true", arguments=["--password", "{{pw}}", "--password", "$PW"]) == []
    assert credentials(factc, "echo mysql", arguments=["-u", "root", "-phunter2"]) == ["hunter2"]
    assert credentials(factc, "true", arguments=["x", "https://me:pa55word@h", "y"]) == ["pa55word"]


def test_credentials_of_a_text_job_are_warned_of_and_never_shown(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        "[env PGPASSWORD=hunter2hunter]\njob j\n\nparam token = 0123456789abcdef\n"
        'param url = "https://me:s3cr3tword@h"\nparam pin = 12345678\n\n'
        '[env DB_PASSWORD="two words", env DAY=today]\na:\n    nosuch --password hunter2two\n    curl -u me:hunter2three h\n'
    )
    ran = factc("validate", "job.fact")
    assert ran.code == 0 and ran.err.count("W405") == 6, ran
    places = ["1:17", "4:15", "5:25", "8:19", "10:23", "11:16"]
    assert [place for place in places if f"job.fact:{place}\n" not in ran.err] == []
    shown = ran.err + ran.out + factc("validate", "job.fact", "--format", "json").out
    for literal in ("hunter2hunter", "0123456789abcdef", "s3cr3tword", "two words", "hunter2two", "hunter2three"):
        assert literal not in shown and literal[:4] in shown
    assert "`hunt…` looks like a credential" in ran.err and "--secret NAME" in ran.err
    assert "W401" in ran.err and "nosuch --password hunt******" in ran.err


def test_a_short_literal_is_not_shown_whole(factc: Factc) -> None:
    ran = factc("validate", "-", input=factfile(task("a", "true --password root")))
    assert "`ro…` looks like a password" in ran.err and "root" not in ran.err + ran.out


# ---- doubts about text jobs


def doubts(factc: Factc, text: str, *options: str) -> list[tuple[str, str]]:
    """(code, the marked words) of each warning about a text job but W401: whether a command is here is no matter."""
    ran = factc("validate", "-", "--format", "json", *options, input=text)
    assert ran.code == 0, ran
    lines = text.splitlines()
    marked = [(d["code"], lines[d["line"] - 1][d["column"] - 1 :][: _length(d, lines)]) for d in json.loads(ran.out)]
    return [pair for pair in marked if pair[0] != "W401"]


def _length(d: dict[str, int], lines: list[str]) -> int:
    return d["endColumn"] - d["column"] if d["line"] == d["endLine"] else len(lines[d["line"] - 1])


def recipe(factc: Factc, *lines: str, above: str = "", params: str = "param x\n") -> list[tuple[str, str]]:
    text = f"job j\n{params}{above}\na:\n" + "".join(f"    {line}\n" for line in lines)
    return [pair for pair in doubts(factc, text) if pair[0] != "W406"]


def test_parameters_that_are_never_used(factc: Factc) -> None:
    text = (
        "[env A={{aa}}]\njob j\nparam aa\nparam bb\nparam cc = x-{{bb}}\nparam dd\nparam ee\nparam ff\nparam gg\nparam sure in yes\n"
        'param hh\nparam ii\nparam jj\nparam kk\n\n[cd {{dd}}, env B="{{ee}}"]\n"n {{ff}}":\n    echo {{gg}} {{hh.key}}\n'
        '## {{ii}}\nb: "n {{ff}}"\n    # {{cc}}\n[verbatim]\nc:\n    echo {{jj}}\n'
    )
    given = [word for name in ("dd", "ee", "ff") for word in ("--set", f"{name}=1")]
    assert doubts(factc, text, *given) == [("W406", "ii"), ("W406", "jj"), ("W406", "kk")]


def test_a_parameter_of_a_factfile_that_is_never_used(factc: Factc) -> None:
    parameters = [{"name": "a"}, {"name": "b"}, {"name": "command"}]
    tasks = [task("t", "echo {{b}}", environment={"command": "{{command}}"})]
    text = factfile(*tasks, schema="iglu:factc/factfile/jsonschema/1-0-0", parameters=parameters)
    found = json.loads(factc("validate", "-", "--format", "json", input=text).out)
    assert [d["message"] for d in found if d["code"] == "W406"] == [
        "the parameter `a` is never used", "the parameter `b` is never used",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bracket", "body", "why"),
    [
        ("[noop 3]", "exit 3", "always ends with code 3, a no-op"),
        ("[noop 0, ok 1]", "true", "always ends with code 0, a no-op"),
        ("[ok 0]", "false", "always ends with code 1, a failure"),
        ("[ok 300]", "./x", "goes on only with exit code 300, which never happens"),
        ("[ok 0]", "exit 3 || true", ""), ("[ok 3]", "exit 3", ""), ("[noop 3]", "./x; exit 3", ""), ("", "exit {{x}}", ""), ("", "exit", ""),
    ],
)  # fmt: skip
def test_tasks_that_never_run(factc: Factc, bracket: str, body: str, why: str) -> None:
    text = f"job j\nparam x\n{bracket}\na:\n    {body}\nmid: a\nb: mid a\n    true {{{{x}}}}\n"
    found = [d for d in json.loads(factc("validate", "-", "--format", "json", input=text).out) if d["code"] == "W407"]
    assert [d["message"] for d in found] == (
        [f"`mid` never runs: `a` {why}", f"`b` never runs: `a` {why}"] if why else []
    )
    assert [(d["line"], d["column"]) for d in found] == ([(6, 6), (7, 8)] if why else [])


@pytest.mark.parametrize(
    ("lines", "unseen"),
    [
        (["cd {{x}} && make", "b"], ["cd {{x}}"]), (["a && b && c", "d"], ["a"]), (["a &&", "  b", "c"], ["a"]), (["mkdir x && cd x; b", "c"], ["mkdir x"]),
        (["make 2>&1 | tee log"], ["make 2>&1"]), (["a 'x y' | b {{x}} | sort", "c"], ["a 'x y'", "b {{x}}"]), (["cat f | a | sort"], ["a"]),
        (["f() { a; }", "f && b", "c"], ["f"]), (["A=1 a | b"], ["A=1 a"]), (["if a; then b; fi", "c && d", "e"], ["c"]),
        (["while a | b; do c; done", "d && e", "f"], ["d"]), (["cat <<E | a | b", "x && y | z", "E"], ["a"]),
        # the last command counts; one line is no script that stops
        (["a && b"], []), (["a", "b && c"], []), (["a; b"], []),
        # a question is no failure, and an answer to it is meant
        (["[ -f x ] && rm x", "a"], []), (["test -d x && a", "b"], []), (["grep -q x f && a", "b"], []), (["! a && b", "c"], []),
        (["a && exit 0", "b"], []), (["a && b || c", "d"], []), (["a || b", "c"], []), (["a && b &", "c"], []),
        # what stands in a compound command is not looked at
        (["for i in 1 2; do a && b; c | d; done", "e"], []), (["(a && b)", "c"], []), (["case x in a) b && c;; d|e) f | g;; esac", "h"], []),
        (["x=$(a | b)", "c"], []), (["{ a | b; } > f", "c"], []),
        # filters have nothing to lose
        (["ls | wc -l"], []), (["echo {{x}} | a"], []), (["find . | sort | uniq -c"], []), (["a | head -n 1"], []), (["a | grep -q x"], []),
        (["set -o pipefail; a | b"], []), (["set +e", "a && b", "c"], []), (["# a | b"], []), (["echo 'a | b'"], []), (["$A | b"], []),
        (["a > f 2>&1", "b"], []), (["a & b"], []),
    ],
)  # fmt: skip
def test_failures_that_pass_unseen(factc: Factc, lines: list[str], unseen: list[str]) -> None:
    assert recipe(factc, *lines) == [("W408", words) for words in unseen]


def test_a_shell_that_sees_the_left_of_a_pipe(factc: Factc) -> None:
    assert recipe(factc, "a | b", "c && d", "e", above="[shell bash]") == [("W408", "c")]
    assert recipe(factc, "a | b", above="[shell dash]") == [("W408", "a")]
    assert recipe(factc, "a | b", above="[exec]") == [("W416", "|")]


def test_the_commands_of_a_factfile_are_left_alone(factc: Factc) -> None:
    assert [code for code, _ in warnings(factc, task("a", "./a && ./b | ./c; exit; ./d")) if code != "W401"] == []


@pytest.mark.parametrize(
    ("line", "dangerous"),
    [
        ("rm -rf {{x}}/", 1), ("rm -rf {{x}}/*", 1), ("rm -r '{{x}}'/*", 1), ('rm -rf "/{{x}}"', 1), ("rm -rf /{{x}}/tmp", 1), ("rm -Rf -- {{x}}/lib", 1),
        ("sudo rm --recursive {{x}}{{tag:t}}/", 1), ("rm -rf {{x}}*", 1), ("a && rm -fr {{x}}/ /{{x}}", 2), ("find . | xargs rm -rf {{x}}/", 1), ("rm {{x}}/ -r", 1),
        ("rm -rf {{x}}", 0), ("rm -rf data/{{x}}", 0), ("rm -rf /data/{{x}}/", 0), ("rm -f {{x}}/*", 0), ("rm -rf {{only}}/", 0), ("echo rm", 0),
        ("test -n {{x}} && rm -rf {{x}}/", 0), ("[ -n '{{x}}' ] || exit 1; rm -rf {{x}}/", 0), ("rm -rf $X/{{x}}", 0), ("cp -r {{x}}/ y", 0),
        ("rm -rf ./{{x}}/", 0), ("case {{x}} in ?*) rm -rf {{x}}/;; esac", 0),
    ],
)  # fmt: skip
def test_removals_near_the_root(factc: Factc, line: str, dangerous: int) -> None:
    found = recipe(factc, line, params="param x\nparam only in a b\n")
    assert found == [("W409", "{{x}}")] * dangerous


def test_removals_of_a_factfile(factc: Factc) -> None:
    found = warnings(factc, task("a", "rm", arguments=["-rf", "{{ dir }}/"]))
    assert [pair for pair in found if pair[0] == "W409"] == [("W409", "{{ dir }}")]


@pytest.mark.parametrize(
    ("lines", "unreached"),
    [
        (["a", "exit 1", "b c", "d"], ["b c"]), (["exit; b"], ["b"]), (["exec a", "b {{x}} c"], ["b {{x}} c"]),
        (["a || exit 1", "b"], []), (["if a; then exit; fi", "b"], []), (["exec > log", "b"], []), (["f() { exit; }", "f"], []), (["(exit 3)", "b"], []),
        (["exit", "", "# nothing"], []), (["a", "exit 1"], []), (["exit 1 &", "b"], []), (["echo exit", "b"], []),
    ],
)  # fmt: skip
def test_lines_behind_the_end(factc: Factc, lines: list[str], unreached: list[str]) -> None:
    assert recipe(factc, *lines) == [("W410", words) for words in unreached]


def test_lines_behind_a_function_of_bash(factc: Factc) -> None:
    assert recipe(factc, "function f {", " exit", " a && b", "}", "b", above="[shell bash]") == []


def test_places_in_a_script_of_a_factfile(factc: Factc) -> None:
    text = factfile(
        {"name": "a", "script": 'echo "{{x}} ü"\n./a {{x}} | ./b\nexit\nc'},
        name="j",
        schema="iglu:factc/factfile/jsonschema/1-0-0",
    )
    found = json.loads(factc("validate", "-", "--format", "json", input=text).out)
    line = next(line for line in text.splitlines() if "script" in line)
    places = {d["code"]: line[d["column"] - 1 : d["endColumn"] - 1] for d in found}
    assert places["W408"] == "./a {{x}}" and places["W410"] == "c"
    assert next(d["hint"] for d in found if d["code"] == "W408") == '"shell": "bash" sees it'


def test_real_jobs_raise_no_new_doubts(factc: Factc, shared: Path) -> None:
    jobs = [*sorted((shared / "factfiles").rglob("*.factfile")), *sorted((ROOT / "samples").glob("*.fact*"))]
    found = [
        d
        for d in json.loads(factc("validate", "--format", "json", *jobs).out)
        if re.fullmatch("W4(0[6-9]|1.)", d["code"])
    ]
    assert [d["message"] for d in found] == [
        "`this will never run!` never runs: `exit` always ends with code 99, a no-op"
    ]


# ---- warnings that are allowed


def test_every_warning_can_be_allowed() -> None:
    source = "".join(path.read_text() for path in (ROOT / "factc").rglob("*.py") if path.name != "allowed.py")
    assert set(re.findall(r'"(W\d{3})"', source)) | {"W412", "W413"} == CODES


ALLOWED = """\
job j
param a   # factc: allow W406
param b   # factc: allow W201,W406   W203

# factc: allow W406
## A description.
param c
param d
# Another comment.
# factc: allow W408  # because of the checks
[ok 0 1]

b:
    x | y

    # factc: allow W408
    u | v
    u | w

# factc: allow W406

param e
c:
    x \\
      | y # factc: allow W408
    # factc: allow W408

    # more
    q -a \\
      r && s
    echo "# factc: allow W408" '# factc: allow W408'; t | u
    v | w
"""


def test_warnings_that_a_comment_allows(factc: Factc) -> None:
    assert doubts(factc, ALLOWED) == [
        ("W413", "W201"), ("W413", "W203"), ("W406", "d"), ("W413", "W406"), ("W406", "e"),
        ("W408", "t"), ("W408", "v"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# factc: allow", "this comment does not say what it allows"),
        ("# factc: allow W499", "no warning is called `W499`"),
        ("# factc: allow E101", "`E101` is an error: only warnings can be allowed"),
        ("# factc: allow everything", "no warning is called `everything`"),
        ("# factc: allow W405", "`W405` is allowed here, but nothing here causes it"),
        ("# factc: allow W401", None),
        ("# factc: allow W411", None),
        ("# about factc: allowances", None),
        ("## factc: allow W499", None),
    ],
)
def test_comments_that_allow_nothing(factc: Factc, comment: str, said: str | None) -> None:
    for text in (f"job j\n{comment}\na:\n    true\n", f"job j\na:\n    {comment}\n    true\n"):
        found = json.loads(factc("validate", "-", "--format", "json", input=text).out)
        assert [d["message"] for d in found] == ([said] if said else []), text


def test_an_allowed_warning_is_gone_from_every_verb(factc: Factc, tmp_path: Path) -> None:
    job = tmp_path / "job.fact"
    for comment in ("", "# factc: allow W107\n"):
        job.write_text(f"job j\n{comment}[ok 0 300]\na:\n    true\n")
        for verb in ("plan", "compile", "dot", "list"):
            ran = factc(verb, "job.fact")
            assert ran.code == 0 and ("W107" in ran.err) is not bool(comment), ran
            assert factc(verb, "job.fact", "--strict").code == (0 if comment else 1)


def test_with_crlf_and_with_an_error_beside_it(factc: Factc) -> None:
    text = "job j\r\n# factc: allow W107\r\n[ok 0 300]\r\na: b\r\n    true\r\n"
    found = json.loads(factc("validate", "-", "--format", "json", input=text).out)
    assert [d["code"] for d in found] == ["E102"]


def test_what_is_allowed_stays_hidden_where_credentials_are(factc: Factc) -> None:
    text = "job j\n\na:\n    # factc: allow W405\n    x --password hunter2\n    y --password hunter3 | z\n"
    ran = factc("validate", "-", input=text)
    assert ran.err.count("W405") == 1 and "hunter3" not in ran.err and "W408" in ran.err, ran
