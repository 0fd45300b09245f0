"""What `factc validate` warns of, and what it leaves in peace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.credentials import find
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
