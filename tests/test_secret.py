"""Secrets: which are taken, and a run that would show one is refused with the place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from factc.compiler.pipeline import compile_source
from factc.diagnostic import RequestError
from factc.plan import Hole, Parameter, Plan, PlanTask
from factc.plan.values import Given
from factc.session.declared_secrets import Secret, find_secret, read_secrets, refuse_exposed
from factc.source import Source
from tests.jobs import factfile, task

VALUE = "c4nary value"
DB = Secret("DB_PASSWORD", VALUE)


def read(*names: str, files: tuple[str, ...] = (), **environ: str) -> tuple[dict[str, str], list[str]]:
    secrets, warnings = read_secrets(names, files, environ)
    return {secret.name: secret.value for secret in secrets}, warnings


def refused(*names: str, files: tuple[str, ...] = (), **environ: str) -> str:
    """The message of the refusal, which has a way out and shows no value."""
    with pytest.raises(RequestError) as caught:
        read_secrets(names, files, environ)
    assert caught.value.hint
    assert VALUE not in caught.value.message + caught.value.hint
    return caught.value.message


def test_secrets_come_from_variables_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a=b"
    path.write_text("line 1\nline 2\n\n")
    windows = tmp_path / "windows"
    windows.write_bytes("größe 12\r\n".encode())
    found, warnings = read("A", files=(f"B={path}", f"C={windows}"), A="value in a variable\n")
    assert found == {"A": "value in a variable\n", "B": "line 1\nline 2\n", "C": "größe 12"}
    assert warnings == []


def test_a_pipe_is_a_file_too(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, VALUE.encode() + b"\n")
    os.close(writing)
    assert read(files=(f"A=/dev/fd/{reading}",))[0] == {"A": VALUE}
    os.close(reading)


def test_a_short_value_gives_a_warning_that_does_not_show_it() -> None:
    found, warnings = read("PIN", "LONG", PIN="73519", LONG="12345678")
    assert found == {"PIN": "73519", "LONG": "12345678"}
    assert len(warnings) == 1 and "PIN" in warnings[0] and "73519" not in warnings[0]


def test_what_is_no_secret_is_refused(tmp_path: Path) -> None:
    assert refused("A") == "--secret A: the variable is not set"
    assert refused("A", A="") == "--secret A: the variable is empty"
    assert refused("A", A=" \n") == "the secret `A` is empty"
    assert refused("A", A="abc") == "the secret `A` is shorter than 4 characters"
    assert refused("A", A="abc\n") == "the secret `A` is shorter than 4 characters"
    assert refused("A", A="\udcff123456789") == "--secret A: the value is not UTF-8"
    assert refused("A", "A", A=VALUE) == "the secret `A` is given twice"
    assert refused("A", A="x" * 131_070) == (
        "the secret `A` is longer than a variable can be (131,071 bytes with its name)"
    )
    assert refused("FACTC_RUN", FACTC_RUN=VALUE) == "--secret FACTC_RUN: factc itself gives this variable to tasks"


@pytest.mark.parametrize("name", ["", "1A", "A B", "A-B", "ä", VALUE, "A.B", "٣"])
def test_a_name_is_that_of_a_variable(name: str) -> None:
    words = "a secret's name is that of a variable: letters, digits and _, and no digit first"
    assert refused(name, **{name: VALUE}) == f"--secret: {words}"
    assert refused(files=(f"{name}=/dev/null",)) == f"--secret-file: {words}"


def test_a_value_in_place_of_a_name_is_not_shown() -> None:
    assert refused(f"A={VALUE}") == "--secret A=…: it takes the name of a variable, not its value"
    assert refused(files=(VALUE,)) == "--secret-file: it looks like NAME=PATH"
    assert refused(files=(f"A={VALUE}",)) == "--secret-file A=…: cannot read it: No such file or directory"
    assert refused(files=("A=",)) == "--secret-file: it looks like NAME=PATH"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the secret `A` is empty"), (b"\n", "the secret `A` is empty"), (b"abc\n", "the secret `A` is shorter than 4 characters"),
        (b"12345\x006789", "--secret-file A=…: the file holds a NUL character"), (b"1234567\xff", "--secret-file A=…: the file is not UTF-8"),
        (b"x" * 200_000, "the secret `A` is longer than a variable can be (131,071 bytes with its name)"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_secret(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "file").write_bytes(data)
    assert refused(files=(f"A={tmp_path / 'file'}",)) == words


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refused(files=(f"A={tmp_path}",)) == "--secret-file A=…: cannot read it: Is a directory"
    assert refused(files=("A=a\0b",)) == "--secret-file A=…: cannot read it: no file has such a name"
    assert refused(files=("A=/dev/zero",)).startswith("the secret `A` is longer")
    (tmp_path / "a").write_text(VALUE)
    assert refused("A", files=(f"A={tmp_path / 'a'}",), A=VALUE) == "the secret `A` is given twice"


def test_a_secret_does_not_show_itself() -> None:
    assert VALUE not in repr(DB) and VALUE not in f"{[DB]}"
    assert DB.data == VALUE.encode()


def plan(
    *tasks: PlanTask,
    name: str = "j",
    values: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    parameters: tuple[Parameter, ...] = (),
    text: str = "{}",
) -> Plan:
    return Plan(name, tasks, values=values, tags=tags, parameters=parameters, factfile=text)


def one(*argv: str, **more: object) -> PlanTask:
    return PlanTask("load", [], argv or ("sh", "-c", "true"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exposed", "place"),
    [
        (plan(name=f"a {VALUE}"), "the name of the job"),
        (plan(tags={"x": VALUE}), "the tag 'x'"),
        (plan(tags={f"x {VALUE}": "y"}), "the name of the tag 'x ***'"),
        (plan(values={"day": f"is {VALUE}!"}), "the value of the parameter 'day'"),
        (plan(parameters=(Parameter("day", ("a", Hole("b", "bare"), VALUE)),)), "the default of the parameter 'day'"),
        (plan(one("sh", "-c", f"psql '{VALUE}'")), "the command of the task 'load'"),
        (plan(one("psql", VALUE)), "the command of the task 'load'"),
        (plan(one(environment=[("PW", VALUE)])), "the variable 'PW' of the task 'load'"),
        (plan(one(directory=f"/tmp/{VALUE}")), "the directory of the task 'load'"),
        (plan(PlanTask(f"a\n{VALUE}", [], ())), "the name of the task 'a\\n***'"),
        (plan(text=json.dumps({"x": VALUE})), "the text of the Factfile, as events carry it"),
    ],
)
def test_a_plan_that_holds_a_value_is_refused(exposed: Plan, place: str) -> None:
    error = find_secret(exposed, [Secret("OTHER", "something else"), DB])
    assert error is not None
    assert error.message == f"the value of the secret `DB_PASSWORD` stands in the job: {place}"
    assert error.hint == 'write "$DB_PASSWORD" in the command: tasks see it in their environment'
    with pytest.raises(RequestError):
        refuse_exposed(exposed, [DB])


def test_a_plan_without_it_is_not() -> None:
    innocent = plan(one("sh", "-c", 'psql "$DB_PASSWORD"'), tags={"a": "c4nary", "b": "value"}, values={"c": "c4nary"})
    assert find_secret(innocent, [DB]) is None
    assert find_secret(plan(name=VALUE), []) is None
    refuse_exposed(innocent, [DB], Source("job.fact", "job j\n"))


ODD = 'c4"nary\\ $x/é'


@pytest.mark.parametrize(
    ("text", "secret", "place"),
    [
        (f"job j\na:\n    psql '{VALUE}'\n", VALUE, "3:11"),
        (f"job j\n\n# never: {VALUE}\na:\n    true\n", VALUE, "3:10"),
        (f'job j\na:\n    psql "{VALUE}"\n    psql {VALUE}\n', VALUE + "\n", "3:11"),
        ("job j\nparam p = " + json.dumps("  " + ODD) + "\na:\n    true\n", ODD, "2:14"),
        ("job j\nparam p = " + json.dumps(ODD, ensure_ascii=False) + "\na:\n    true\n", ODD, "2:12"),
        ('job j\na:\n    x "c4\\"nary\\\\ \\$x/é"\n', ODD, "3:8"),
        (factfile(task("a", "x", arguments=[ODD])), ODD, '"c4'),
        (factfile(task("a", "x", arguments=[ODD])).replace("/", "\\/"), ODD, '"c4'),
    ],
)
def test_the_place_is_that_in_the_text(text: str, secret: str, place: str) -> None:
    source = Source("job.fact", text)
    if place.startswith('"'):
        line, column = source.place(text.index(place) + 1)
        place = f"{line}:{column}"
    error = find_secret(compile_source(source, Given()).plan, [Secret("S", secret)], source)
    assert error is not None and error.message == f"the value of the secret `S` stands in the job: job.fact:{place}"


def test_a_value_that_is_put_together_is_found_in_the_plan() -> None:
    source = Source(
        "job.fact", f'job j\nparam p = {VALUE[:4]}\nparam q = "{{{{p}}}}{VALUE[4:]}"\na:\n    x {{{{q}}}}\n'
    )
    compiled = compile_source(source, Given({"p": VALUE[:4]}))
    from factc.plan.bind import complete

    error = find_secret(complete(compiled.plan)[0], [DB], source)
    assert error is not None and "parameter 'q'" in error.message


def test_a_name_of_the_file_may_hold_a_secret_too() -> None:
    source = Source(f"{VALUE}/job.fact", f"job j\na:\n    x {VALUE}\n")
    error = find_secret(compile_source(source, Given()).plan, [DB], source)
    assert error is not None and error.message.endswith("in the job: ***/job.fact:3:7")


def test_a_large_plan_is_looked_through() -> None:
    tasks = [PlanTask(f"t{i}", [], ("sh", "-c", f"echo {i}")) for i in range(20_000)]
    tasks.append(one("sh", "-c", VALUE))
    error = find_secret(plan(*tasks), [Secret(f"S{i}", f"something {i} else") for i in range(5)] + [DB])
    assert error is not None and error.message.endswith("the command of the task 'load'")
