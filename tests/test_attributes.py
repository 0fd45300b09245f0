"""Retries, timeouts, pools, secrets, `finally` and `each`: what they become in a plan, from text and from JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from factc.compiler.pipeline import compile_job, compile_source, read
from factc.diagnostic import CompileError, Diagnostic
from factc.export.fact import fact_text
from factc.model.factfile import factfile_text
from factc.model.job import FACTC, FACTOTUM
from factc.plan import Plan, PlanTask
from factc.plan.values import Given
from factc.source import Source
from factc.syntax import read_document


def plan(text: str, **values: str) -> Plan:
    return compile_source(Source("job.fact", text), Given(dict(values), {}, [])).plan


def tasks(text: str, **values: str) -> dict[str, PlanTask]:
    return {task.name: task for task in plan("job j\n" + text, **values).tasks}


def factfile(*items: dict[str, Any], schema: str = FACTC, **data: Any) -> str:
    return json.dumps({"schema": schema, "data": {"name": "j", **data, "tasks": list(items)}}, indent=1)


def mistakes(text: str, **values: str) -> list[Diagnostic]:
    with pytest.raises(CompileError) as caught:
        plan(text, **values)
    return caught.value.diagnostics


def one(text: str, **values: str) -> tuple[str, str, str]:
    """Code, message and marked words of the only mistake."""
    (d,) = mistakes(text, **values)
    return d.code, d.message, marked(d)


def marked(d: Diagnostic) -> str:
    assert d.span
    return d.span.source.text[d.span.start : d.span.end]


def needs(found: dict[str, PlanTask], name: str) -> list[str]:
    return [list(found)[d] for d in found[name].dependencies]


# ---- how attempts are made


def test_retry_and_timeout() -> None:
    text = "[retry 2 every 30s backoff 1.5 on 75 signal lost, timeout 1h30m]\na:\n    x\n[retry 1]\nb:\n    x\n"
    found = tasks(text)
    retry = found["a"].retry
    assert retry and (retry.times, retry.every, retry.backoff, retry.on) == (2, 30.0, 1.5, (75, "signal", "lost"))
    assert found["a"].timeout == 5400.0
    retry = found["b"].retry
    assert retry and (retry.times, retry.every, retry.backoff, retry.on) == (1, 1.0, 1.0, None)
    assert found["b"].timeout is None


def test_the_same_in_json() -> None:
    retry = {"times": 2, "every": "30s", "backoff": 2, "on": [75, "timeout"]}
    found = plan(factfile({"name": "a", "script": "x", "retry": retry, "timeout": "90s", "finally": True,
                           "pools": ["disk"]}, pools={"disk": 2}, secrets=["KEY"], timeout="2h"))  # fmt: skip
    (task,) = found.tasks
    assert task.retry and (task.retry.times, task.retry.every, task.retry.on) == (2, 30.0, (75, "timeout"))
    assert (task.timeout, task.final, task.pools, task.secrets) == (90.0, True, ("disk",), ("KEY",))
    assert (found.timeout, found.pools, found.secrets) == (7200.0, {"disk": 2}, ("KEY",))


def test_durations_may_be_parameters() -> None:
    text = "param limit = 90s\n[timeout {{limit}}, retry 1 every {{limit}}]\na:\n    x\n"
    assert tasks(text)["a"].timeout == 90.0
    assert tasks(text, limit="2m")["a"].timeout == 120.0
    found = mistakes("job j\n" + text, limit="30")
    assert [(d.code, d.message, marked(d)) for d in found] == [("E110", "missing unit: `30`", "{{limit}}")] * 2


def test_the_timeout_of_a_run() -> None:
    assert plan("[timeout 2h]\njob j\n").timeout == 7200.0
    assert plan("job j\n").timeout is None


@pytest.mark.parametrize(
    ("item", "code", "words", "place"),
    [
        ({"timeout": "30"}, "E110", "missing unit: `30`", '"30"'),
        ({"timeout": "0s"}, "E110", "no time at all", '"0s"'),
        ({"retry": {"times": 1, "every": "soon"}}, "E110", "`soon` is no duration", '"soon"'),
        ({"retry": {"times": 1, "on": ["sigterm"]}}, "E114", "`sigterm` is nothing", '"sigterm"'),
        ({"retry": {"times": 1, "on": [0]}}, "E114", "exit code 0 is no failure", "0"),
        ({"retry": {"times": 0}}, "E024", "must be at least 1", "0"),
        ({"retry": {"every": "1s"}}, "E022", "`times` is missing", "{"),
        ({"pools": ["disc"]}, "E111", "no pool is called `disc`", '"disc"'),
        ({"pools": ["disk", "disk"]}, "E111", "stands twice", '"disk"'),
        ({"each": [{"name": "x", "values": []}]}, "E024", "must not be empty", "[]"),
        ({"each": [{"name": "x", "values": ["a", "a"]}]}, "E116", "`a` stands twice", '"a"'),
        ({"each": [{"name": "x", "values": ["a", ""]}]}, "E116", "an empty value", '""'),
        ({"each": [{"name": "x", "values": "a b"}]}, "E116", "are a list", '"a b"'),
        ({"use": "x.fact"}, "E601", "`script` does not go together", '"script"'),
        ({"values": {"x": "1"}}, "E024", "needs another property beside it", None),
    ],
)
def test_mistakes_in_json(item: dict[str, Any], code: str, words: str, place: str | None) -> None:
    found = mistakes(factfile({"name": "a", "script": "x", **item}, pools={"disk": 1}))
    also = "use" in item  # the file is not there
    assert (found[0].code, len(found)) == (code, 1 + also) and words in found[0].message
    assert place is None or marked(found[0]) == place


@pytest.mark.parametrize("key", ["retry", "timeout", "pools", "secrets"])
def test_what_runs_nothing_has_no_attempts(key: str) -> None:
    value = {"retry": {"times": 1}, "timeout": "1s", "pools": ["disk"], "secrets": ["KEY"]}[key]
    assert one(factfile({"name": "a", key: value}, pools={"disk": 1}))[0] == "E109"


def test_a_retry_on_what_continues_the_job() -> None:
    code, words, place = one("job j\n[ok 0 2, retry 1 on 3 2]\na:\n    x\n")
    assert (code, place) == ("E114", "2") and "exit code 2 is no failure" in words


# ---- pools and secrets


def test_pools() -> None:
    found = plan("job j\npool disk = 2\npool net = 1\n[pool disk, pool net]\na:\n    x\n")
    assert found.pools == {"disk": 2, "net": 1} and found.tasks[0].pools == ("disk", "net")
    assert one("job j\npool disk = 2\n[pool disc]\na:\n    x\n") == ("E111", "no pool is called `disc`", "disc")
    (wrong,) = mistakes("job j\npool disk = 2\n[pool disc]\na:\n    x\n[pool cpu]\nb:\n    x\n")[:1]
    assert wrong.hint == "did you mean `disk`?"
    assert mistakes("job j\n[pool cpu]\nb:\n    x\n")[0].hint == "declare it: pool cpu = 2"


def test_a_pool_for_each_value() -> None:
    text = "pool db-eu = 1\npool db-us = 2\n[each r in eu us, pool db-{{r}}]\na:\n    x\n"
    assert [task.pools for task in tasks(text).values()] == [("db-eu",), ("db-us",)]


def test_secrets() -> None:
    found = plan("job j\nsecret KEY\nsecret password\na:\n    x $KEY\n")
    assert found.secrets == found.tasks[0].secrets == ("KEY", "password")
    code, words, place = one("job j\nsecret KEY\na:\n    x {{KEY}}\n")
    assert (code, place) == ("E202", "{{KEY}}") and "is a secret" in words
    assert one(factfile({"name": "a", "script": "x {{KEY}}"}, secrets=["KEY"]))[0] == "E202"


def test_secrets_of_single_tasks() -> None:
    found = plan("job j\nsecret ALL\na:\n    x\n[secret OWN, secret MORE]\nb: a\n    x\n[secret OWN]\nc:\n    x\n")
    assert found.secrets == ("ALL", "OWN", "MORE")
    assert {t.name: t.secrets for t in found.tasks} == {"a": ("ALL",), "b": ("ALL", "OWN", "MORE"), "c": ("ALL", "OWN")}
    assert one("job j\n[secret OWN]\na:\n    x {{OWN}}\n")[::2] == ("E202", "{{OWN}}")
    item = {"name": "a", "script": "x", "secrets": ["OWN"]}
    assert plan(factfile(item, secrets=["ALL"])).tasks[0].secrets == ("ALL", "OWN")
    assert mistakes(factfile({**item, "secrets": ["my-own"]}))[0].code == "E024"


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("[secret]\na:\n    x\n", "`secret` needs the name of an environment variable", "secret"),
        ("[secret KEY my-key]\na:\n    x\n", "this is no name of an environment variable", "my-key"),
        ('[secret "KEY"]\na:\n    x\n', "this is no name of an environment variable", '"KEY"'),
        ("[secret KEY=1234]\na:\n    x\n", "a secret has no value in the text", "KEY=1234"),
        ("[secret KEY]\na:\n", "`secret` needs a recipe: this rule runs nothing", "a"),
    ],
)
def test_mistakes_of_a_secret_of_one_task(text: str, words: str, place: str) -> None:
    assert one("job j\n" + text) == ("E304", words, place)


def test_a_secret_of_one_task_stands_above_no_use() -> None:
    wrong, missing = mistakes('job j\n[secret KEY]\nuse "x.fact" as x\n')
    assert (wrong.message, marked(wrong)) == ("`secret` stands above a rule, not above `use`", "secret")
    assert (missing.code, marked(missing)) == ("E601", '"x.fact"')


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("param KEY = 1\nsecret KEY\n", "the secret `KEY` is called like a parameter", "KEY"),
        ("secret KEY\nsecret KEY\n", "the secret `KEY` is declared twice", "KEY"),
        ("secret KEY\n[secret OWN KEY]\nt:\n    x\n", "all tasks of this job see the secret `KEY` already", "KEY"),
        ("param KEY = 1\n[secret KEY]\nt:\n    x\n", "the secret `KEY` is called like a parameter", "KEY"),
        ("[secret A, secret KEY A]\nt:\n    x\n", "the secret `A` is declared twice", "A"),
        (
            "[secret KEY, env KEY=1]\nt:\n    x\n",
            "the secret `KEY` is called like a variable that the task sets",
            "KEY",
        ),
        ("param r = 1\n[each r in a b]\nt:\n    x\n", "the variable of `each` `r` is called like a parameter", "r"),
        ("[each r in a b, each r in c]\nt:\n    x\n", "the variable of `each` `r` is called like another one", "r"),
    ],
)
def test_names_that_are_taken(text: str, words: str, place: str) -> None:
    (d,) = mistakes("job j\n" + text)
    assert (d.code, d.message, marked(d)) == ("E117", words, place) and d.related


# ---- finally


def test_finally_waits_for_all_that_nothing_else_waits_for() -> None:
    text = "[finally]\nend:\n    x\na:\n    x\nb: a\n    x\nc:\n    x\n[finally]\nlast: end b\n    x\n"
    found = tasks(text)
    assert needs(found, "end") == ["c", "b"] or set(needs(found, "end")) == {"b", "c"}
    assert [name for name, task in found.items() if task.final] == ["end", "last"]
    assert needs(found, "last") == ["end", "b"]


def test_only_finally_tasks_wait_for_one() -> None:
    code, words, place = one("job j\n[finally]\nend:\n    x\nb: end\n    x\n")
    assert (code, place) == ("E113", "end") and "`b` waits for `end`" in words
    assert one("job j\n[finally, each r in a b]\nend:\n    x\nb: end\n    x\n")[0] == "E113"
    assert one("job j\n[finally, each r in a b]\nend:\n    x\nb: end[a]\n    x\n")[0] == "E113"


def test_finally_alone() -> None:
    assert tasks("[finally]\nend:\n    x\n")["end"].dependencies == ()


# ---- each


def test_each_makes_a_task_of_each_value() -> None:
    text = '[each r in eu us, env R={{r}}, cd "in {{r}}"]\nload: a\n    get {{r}} \'{{r}}\' "{{r}}"\na:\n'
    found = tasks(text)
    assert list(found) == ["a", "load[eu]", "load[us]"]
    load = found["load[us]"]
    assert load.argv == ("sh", "-c", "get 'us' 'us' \"us\"") and load.directory == "in us"
    assert (load.environment, needs(found, "load[us]")) == ((("R", "us"),), ["a"])


def test_depending_on_all_on_one_and_on_its_own() -> None:
    text = """\
[each r in eu us]
load:
    x
[each r in eu us]
check: load[{{r}}]
    x
all: load
one: load[us] check
"""
    found = tasks(text)
    assert needs(found, "check[eu]") == ["load[eu]"] and needs(found, "check[us]") == ["load[us]"]
    assert needs(found, "all") == ["load[eu]", "load[us]"]
    assert needs(found, "one") == ["load[us]", "check[eu]", "check[us]"]


def test_several_variables() -> None:
    found = tasks("[each r in eu us, each y in 1 2]\na:\n    x {{r}}{{y}}\nb: a[us,1]\n")
    assert list(found)[:4] == ["a[eu,1]", "a[eu,2]", "a[us,1]", "a[us,2]"]
    assert found["a[us,2]"].argv[2] == "x 'us''2'" and needs(found, "b") == ["a[us,1]"]


def test_a_list() -> None:
    text = 'param regions = "eu us"\n[each r in {{regions}}]\na:\n    x {{r}}\n'
    assert list(tasks(text)) == ["a[eu]", "a[us]"]
    assert list(tasks(text, regions=" ap\n ")) == ["a[ap]"]
    (d,) = mistakes("job j\n" + text, regions="")
    assert (d.code, marked(d)) == ("E502", "{{regions}}") and "{{regions}} is empty" in d.message and d.hint
    open_list = (
        "job j\nparam regions\n[each r in {{regions}}]\na:\n    x\n[each r in {{regions}}]\nb: a[{{r}}]\nc: b[eu]\n"
    )
    assert one(open_list)[0] == "E501"  # and nothing of the tasks that nobody can know
    assert [d.code for d in mistakes(open_list, regions=" ")] == ["E502", "E502"]


def test_values_are_templates() -> None:
    text = 'param x = "a b"\n[each r in "{{x}}"]\na:\n    x {{r}}\n[each r in {{x}}-1 c]\nb:\n'
    assert list(tasks(text)) == ["a[a b]", "b[a b-1]", "b[c]"]


def test_values_cannot_become_code() -> None:
    (task,) = tasks('[each r in "\'; rm -rf ~"]\na:\n    echo {{r}}\n').values()
    assert task.argv == ("sh", "-c", "echo ''\\''; rm -rf ~'")


def test_a_mistake_is_told_once() -> None:
    values = " ".join(f"v{i}" for i in range(50))
    text = f"job j\n[each r in {values}, env A={{{{nope}}}}]\na: missing\n    echo {{{{r}}}} {{{{x}}}} $({{{{r}}}})\n"
    found = mistakes(text)
    assert sorted((d.code, marked(d)) for d in found) == [
        ("E102", "missing"), ("E202", "{{nope}}"), ("E202", "{{x}}"), ("E204", "{{r}}"),
    ]  # fmt: skip


def test_the_variable_is_known_in_its_rule_only() -> None:
    assert one("job j\n[each r in a]\na:\n    x {{r}}\nb:\n    x {{r}}\n")[0] == "E202"
    code, _, place = one('job j\n[each r in a]\n"load {{r}}":\n    x\n')
    assert (code, place) == ("E116", '"load {{r}}"')


def test_names_of_an_each_are_taken() -> None:
    assert one("job j\n[each r in x y]\na:\n    x\na:\n    x\n")[0] == "E101"
    assert one('job j\n[each r in x y]\na:\n    x\n"a[x]":\n    x\n')[0] == "E101"


def test_a_cycle_through_an_each() -> None:
    (d,) = mistakes("job j\n[each r in x y]\na: b\n    x\nb: a\n    x\n")
    assert d.code == "E103" and marked(d) == "b" and "`a[x]` → `b` → `a[x]`" in d.message


def test_too_many() -> None:
    values = " ".join(map(str, range(100)))
    each = ", ".join(f"each {name} in {values}" for name in "abcdef")
    assert one(f"job j\n[{each}]\nt:\n    x\n")[0] == "E118"


# ---- the three forms say the same

EVERYTHING = """\
[shell bash, cd out, env A=1, timeout 3h]
job everything

param regions = "eu us"
param limit = 2m
secret KEY
pool disk = 2
pool net = 1

[each r in {{regions}}, each y in 1 "2 3", retry 2 every 30s backoff 2 on 75 signal, timeout {{limit}}, pool disk]
[pool net]
a:
    echo {{r}} {{y}}

[each r in "{{limit}}", timeout 1h30m]
b: a a[eu,1]
    true

[each r in {{regions}}, finally]
c: b
    echo {{r}}

[finally, retry 1]
d:
    true
"""


def fields(value: object) -> object:
    """All that an object of plain classes holds, to be compared."""
    if isinstance(value, tuple | list):
        return [fields(one) for one in value]
    names = getattr(type(value), "__slots__", None)
    return (type(value).__name__, [fields(getattr(value, name)) for name in names]) if names else value


def test_text_to_json_and_back_keeps_everything() -> None:
    first = read(read_document(Source("job.fact", EVERYTHING)))
    text = factfile_text(first)
    second = read(read_document(Source("job.json", text)))
    assert second.document.value["schema"] == FACTC
    assert (second.pools, second.secrets, second.timeout) == (first.pools, first.secrets, first.timeout)
    again = fact_text(second)
    third = read(read_document(Source("job.fact", again)))
    assert fields(third.elements) == fields(first.elements)
    assert factfile_text(third) == text and fact_text(third) == again == fact_text(first)
    plans = [compile_job(job, Given({}, {}, [])).plan for job in (first, second, third)]
    assert told(plans[0]) == told(plans[1]) == told(plans[2])


def told(plan: Plan) -> list[Any]:
    tasks = []
    for task in plan.tasks:
        members = {name: getattr(task, name) for name in PlanTask.__slots__}
        retry = task.retry
        members["retry"] = retry and (retry.times, retry.every, retry.backoff, retry.on)
        tasks.append(members)
    return [plan.name, plan.pools, plan.secrets, plan.timeout, plan.values, tasks]


@pytest.mark.parametrize(
    "line",
    ["[retry 1]", "[timeout 1s]", "[finally]", "[each x in a]", "[pool p]"],
)
def test_what_factotum_does_not_know_is_never_written_as_its_own(line: str) -> None:
    text = f"job j\npool p = 1\n{line}\na:\n    true\n"
    for one in (text, text.replace("pool p = 1\n", "").replace("[pool p]\n", "[timeout 1s]\n")):
        assert json.loads(factfile_text(read(read_document(Source("job.fact", one)))))["schema"] == FACTC
    plain = read(read_document(Source("job.fact", "job j\na:\n    true\n")))
    assert json.loads(factfile_text(plain))["schema"] == FACTOTUM
    for above in ("secret K\n", "pool p = 1\n"):
        job = read(read_document(Source("job.fact", f"job j\n{above}a:\n    true\n")))
        assert json.loads(factfile_text(job))["schema"] == FACTC


@pytest.mark.parametrize(
    "rule",
    ["b:\n    x {{r}}\n", "b: a[{{r}}]\n    x\n", "[env A={{r}}]\nb:\n    x\n", "c:\n    y\nb: c[{{r}}]\n    x\n"],
)
def test_a_variable_of_each_in_another_rule(rule: str) -> None:
    """One mistake, and what it says can be followed: a declaration of that name would be the next one."""
    (only,) = mistakes(f"job j\n[each r in p q]\na:\n    x {{{{r}}}}\n{rule}")
    assert (only.code, only.hint) == ("E202", "write [each r in …] above this one, too") and only.related
    assert only.message == "`r` has a value only in the rules that stand below its `each`"


def test_a_pool_that_is_named_twice_in_one() -> None:
    assert "write [pool r]" in mistakes("job j\npool r = 2\n[pool r r]\na:\n    x\n")[0].hint
