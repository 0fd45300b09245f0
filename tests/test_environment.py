"""What a run remembers of the variables that its recipes name, and what is said when it is continued with others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.plan import PlanTask
from factc.record.inherited import differences, hashes, named
from tests.conftest import Ran

JOB = """\
job env

secret TOKEN

ok:
    echo "$CARRIED" >ok

[env OWN=1]
load:
    echo "$REGION ${DAY:-x} $OWN $TOKEN $LATER $UPLOAD_PASSWORD" >said; test -e mended
"""
THEN = {"TOKEN": "c4nary-then", "REGION": "eu", "DAY": "mon", "CARRIED": "1", "OWN": "2", "UPLOAD_PASSWORD": "c4nary"}
NOW = {"TOKEN": "c4nary-now", "REGION": "us", "LATER": "x", "CARRIED": "2", "OWN": "3", "UPLOAD_PASSWORD": "other"}
SAID = "the environment is not that of the run: $DAY is not set now; $LATER was not set then; $REGION has another value now"


def header(folder: Path) -> dict[str, object]:
    (journal,) = (folder / ".factc" / "runs").glob("*/events.ndjson")
    found: dict[str, object] = json.loads(journal.read_text().splitlines()[0])
    return found


@pytest.fixture
def failed(factc: Callable[..., Ran], tmp_path: Path) -> str:
    (tmp_path / "env.fact").write_text(JOB)
    assert factc("run", "env.fact", env=THEN).code == 2
    return str(header(tmp_path)["run"])


def test_every_way_to_go_on_says_which_variables_are_others(
    factc: Callable[..., Ran], tmp_path: Path, failed: str
) -> None:
    plan = factc("plan", "env.fact", "--resume", "last", env=NOW)
    assert f"warning: {SAID}" in plan.out.replace("'", ""), plan
    assert f"  warning: {SAID}\n" in factc("run", "env.fact", "--resume", "last", "--dry-run", env=NOW).err
    same = factc("resume", "--dry-run", env=THEN)
    assert "warning" not in same.err, same
    ran = factc("resume", env=NOW)
    assert f"  warning: {SAID}\n" in ran.err and ran.code == 2, ran


def test_the_record_holds_no_value(tmp_path: Path, failed: str) -> None:
    kept = header(tmp_path)["inherited"]
    assert isinstance(kept, dict) and set(kept) == {"CARRIED", "REGION", "DAY", "LATER"} and kept["LATER"] == ""
    text = json.dumps(header(tmp_path))
    assert "c4nary" not in text and '"eu"' not in text and kept["CARRIED"] != kept["REGION"]


def test_a_run_whose_recipes_name_none_keeps_none(factc: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "a.fact").write_text(
        "job a\n\nx:\n    echo $PWD $1 $? $$; x=1; echo $x\n\n[exec]\ny:\n    echo '$REGION'\n"
    )
    assert factc("run", "a.fact", env={"REGION": "eu"}).code == 0
    assert "inherited" not in header(tmp_path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("echo $A ${B} ${C:-x} ${#D} \"$E\" '$F' ${!G}", "A B C D E F G"), ("echo \\$A $$ $1 $* $@", ""), ("echo $PWD $RANDOM $FACTC_RUN $IFS", ""),
        ("A=1; echo $A", ""), ("A=${A:-1}; echo $A", "A"), ("A=1 B=$A cmd $B", ""), ("echo $A; A=1", "A"), ("A=$B; echo $A", "B"),
        ("for f in $L; do echo $f; done", "L"), ("while read -r a b; do echo $a $b $c; done", "c"), ("x --A=1 $A", "A"),
        ("echo $API_TOKEN $my_password $SSH_AUTH_SOCK", ""), ("n=$((n+1)); echo $n", ""), ("echo ${A}_$B.txt", "A B"),
    ],
)  # fmt: skip
def test_names_that_a_recipe_reads(text: str, names: str) -> None:
    assert named([PlanTask("t", (), ("sh", "-c", text))]) == set(names.split())


def test_hashes_are_salted_with_the_run() -> None:
    task = PlanTask("t", (), ("sh", "-c", "echo $A $B"), environment=[("B", "1")])
    one, two = (hashes(run, [task], {"A": "x", "B": "y"}, ()) for run in ("r1", "r2"))
    assert set(one) == {"A"} and one != two
    assert differences("r1", one, [task], {"A": "x"}) == "" != differences("r2", one, [task], {"A": "x"})
    assert hashes("r", [task], {"A": "\udcff"}, ()) and hashes("r", [task], {}, {"A"}) == {}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("postgres://me:c4nary@db/shop", False), ("redis://:c4nary@db", False), ("host=a url=amqp://u:c4/n@ry@db", False),
        ("https://token@host/x", False), ("https://host/x@1", True), ("me@host:/srv", True), ("https://host:80/a", True), ("", True),
    ],
)  # fmt: skip
def test_no_hash_is_kept_of_an_address_with_a_user(value: str, kept: bool) -> None:
    """Its password would be the only thing that is not known."""
    task = PlanTask("t", (), ("sh", "-c", "psql $A"))
    then = hashes("r", [task], {"A": value}, ())
    assert bool(then) == kept and not differences("r", then or {"B": ""}, [task], {"A": value})
