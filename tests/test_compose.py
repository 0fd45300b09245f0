"""Jobs that use jobs: what the tasks are called, what they wait for, where values come from, and all that goes wrong."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.compiler.pipeline import compile_job, compile_source, read
from factc.diagnostic import CompileError, Diagnostic, RequestError
from factc.export.fact import fact_text
from factc.export.factfiles import fact_files
from factc.load import load
from factc.model.factfile import factfile_text
from factc.plan import Plan, PlanTask, shown
from factc.plan.bind import add, complete
from factc.plan.values import Given
from factc.source import Source
from factc.syntax import read_document
from factc.syntax.source_file import read_source
from tests.conftest import Ran
from tests.draws import draws
from tests.jobs import FACTC, factfile
from tests.test_attributes import marked, needs, told

Factc = Callable[..., Ran]
Folder = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Writes files, `job` as job.fact, into an empty folder that is the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(job: str, **files: str) -> None:
        for name, text in {"job": job, **files}.items():
            path = Path(name.replace("__", "/") + ".fact")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text if text.lstrip()[:1] == "{" else f"job {path.stem}\n{text}")

    return write


def plan(name: str = "job.fact", tags: dict[str, str] | None = None, **values: str) -> Plan:
    return load(name, Given(dict(values), tags or {}, [])).plan


def tasks(**values: str) -> dict[str, PlanTask]:
    return {task.name: task for task in plan(**values).tasks}


def mistakes(**values: str) -> list[Diagnostic]:
    with pytest.raises(CompileError) as caught:
        plan(**values)
    return caught.value.diagnostics


def place(d: Diagnostic) -> tuple[str, int, str]:
    """File, line and marked words."""
    assert d.span
    return d.span.source.name, d.span.source.place(d.span.start)[0], marked(d)


def way(d: Diagnostic) -> list[tuple[str, int, str]]:
    return [(s.source.name, s.source.place(s.start)[0], words) for s, words in d.related]


# ---- names and dependencies

INNER = "first:\n    one\nsecond: first\n    two\nthird: first\n    three\n"


def test_a_job_stands_where_it_is_used(folder: Folder) -> None:
    folder('a:\nuse "inner.fact" as in: a\nb: in\nc: in/first\n', inner=INNER)
    found = tasks()
    assert list(found) == ["a", "in/first", "in/second", "in/third", "b", "c"]
    assert needs(found, "in/first") == ["a"] and needs(found, "in/second") == ["in/first"]
    assert needs(found, "b") == ["in/second", "in/third"] and needs(found, "c") == ["in/first"]
    assert found["in/second"].argv == ("sh", "-c", "two")


def test_a_use_that_waits_for_nothing_and_one_for_another(folder: Folder) -> None:
    folder('use "inner.fact" as a\nuse "inner.fact" as b: a\n', inner=INNER)
    found = tasks()
    assert needs(found, "a/first") == [] and needs(found, "b/first") == ["a/second", "a/third"]


def test_finally_in_a_used_job(folder: Folder) -> None:
    inner = INNER + "[finally]\ntidy:\n    x\n[finally]\nlate: tidy\n    x\n"
    folder('use "inner.fact" as in\nb: in\nc:\n[finally]\nend:\n    x\n', inner=inner)
    found = tasks()
    assert needs(found, "in/tidy") == ["in/second", "in/third"] and needs(found, "in/late") == ["in/tidy"]
    assert needs(found, "b") == ["in/second", "in/third", "in/tidy", "in/late"]
    assert needs(found, "end") == ["b", "c"]
    folder('use "inner.fact" as in\nb: in/tidy\n', inner=inner)
    assert [(d.code, place(d)) for d in mistakes()] == [("E113", ("job.fact", 3, "in/tidy"))]
    folder('use "inner.fact" as in\n[finally]\nb: in/tidy\n', inner=inner)
    assert needs(tasks(), "b") == ["in/tidy"]


def test_a_job_of_nothing_but_finally_tasks(folder: Folder) -> None:
    folder('a:\nuse "inner.fact" as in: a\nb: in\n', inner="[finally]\ntidy:\n    x\n")
    found = tasks()
    assert needs(found, "in/tidy") == ["a"] and needs(found, "b") == ["in/tidy"]


def test_a_job_without_tasks_passes_waiting_on(folder: Folder) -> None:
    folder('a:\nuse "inner.fact" as in: a\nuse "inner.fact" as in2: in\nb: in2\n', inner="")
    assert needs(tasks(), "b") == ["a"]
    folder('use "inner.fact" as x: y\nuse "inner.fact" as y: x\nb: x\n', inner="")
    assert needs(tasks(), "b") == []


def test_each_over_a_job(folder: Folder) -> None:
    text = 'param all = "eu us"\n[each r in {{all}}]\nuse "inner.fact" as in\n    where = {{r}}\nb: in\nc: in[us]\nd: in[eu]/first\n'
    folder(
        text, inner="param where\nfirst:\n    one {{where}}\n[each n in 1 2]\nsecond: first\n    two {{where}} {{n}}\n"
    )
    found = tasks()
    assert list(found)[:3] == ["in[eu]/first", "in[eu]/second[1]", "in[eu]/second[2]"]
    assert needs(found, "b") == [f"in[{r}]/second[{n}]" for r in ("eu", "us") for n in (1, 2)]
    assert needs(found, "c") == ["in[us]/second[1]", "in[us]/second[2]"] and needs(found, "d") == ["in[eu]/first"]
    assert found["in[us]/second[2]"].argv == ("sh", "-c", "two 'us' '2'")


def test_waiting_for_the_one_of_the_same_value(folder: Folder) -> None:
    text = '[each r in eu us]\nload:\n    x\n[each r in eu us]\nuse "inner.fact" as in: load[{{r}}]\n[each r in eu us]\nb: in[{{r}}]\n'
    folder(text, inner="t:\n")
    found = tasks()
    assert needs(found, "in[us]/t") == ["load[us]"] and needs(found, "b[eu]") == ["in[eu]/t"]


def test_paths_count_from_the_file_that_names_them(folder: Folder, factc: Factc, tmp_path: Path) -> None:
    folder('use "sub/a.fact" as a\n', sub__a='use "b.fact" as b\n', sub__b="t:\n    x\n")
    assert list(tasks()) == ["a/b/t"]
    os.mkdir("elsewhere")
    assert factc("plan", "../job.fact", cwd=tmp_path / "elsewhere").out.startswith("# a/b/t ")
    ran = factc("plan", "-", input='job j\nuse "sub/a.fact" as a\n')
    assert ran.out.startswith("# a/b/t "), ran


def test_a_json_job_may_be_used_and_may_use(folder: Folder) -> None:
    inner = factfile({"name": "t", "script": "x {{v}} {{w}}"}, schema=FACTC)
    item = {"name": "in", "use": "inner.fact", "values": {"v": "{{day}}"}, "dependsOn": ["a"]}
    folder(factfile({"name": "a"}, item, schema=FACTC, parameters=[{"name": "day"}]), inner=inner)
    found = load("job.fact", Given({"day": "d"}))
    assert needs({t.name: t for t in found.plan.tasks}, "in/t") == ["a"]
    assert found.plan.tasks[1].argv == ("sh", "-c", "x 'd' ''")
    (warning,) = found.warnings
    assert warning.code == "W202" and place(warning)[0] == "inner.fact" and '"values": {"w": "…"}' in warning.hint


# ---- values


def test_values_are_given_or_defaults(folder: Folder) -> None:
    inner = 'param a\nparam b = "b-{{a}}"\nparam c in x y = y\nt:\n    echo {{a}} "{{b}}" {{c}}\n'
    folder('param day\nuse "inner.fact" as in\n    a = "{{day}} o\'clock"  # why\n', inner=inner)
    (task,) = plan(day="1").tasks
    assert task.argv[-1] == "echo '1 o'\\''clock' \"b-1 o'clock\" 'y'"


def test_what_is_open_outside_is_open_inside(folder: Folder) -> None:
    inner = 'param a\nparam b = "b-{{a}}"\nparam c in x y\nt:\n    echo {{a}} {{b}} {{c}} {{tag:k}}\n'
    folder('param day\nparam c\nuse "inner.fact" as in\n    a = {{day}}\n    c = {{c}}\n', inner=inner)
    found = plan()
    assert [p.name for p in found.parameters] == ["day", "c", "tag:k", "in/b", "in/c"]
    assert shown(found.tasks[0].argv[-1]) == "echo {{day}} {{in/b}} {{in/c}} {{tag:k}}"
    closed, _ = complete(add(found, Given({"day": "it's", "c": "x"}, {"k": "v"})))
    assert closed.tasks[0].argv[-1] == plan(day="it's", c="x", tags={"k": "v"}).tasks[0].argv[-1]
    with pytest.raises(RequestError, match="not allowed"):
        complete(add(found, Given({"day": "1", "c": "z"}, {"k": "v"})))
    (d,) = mistakes(day="1", c="z")
    assert (d.code, place(d)) == ("E503", ("job.fact", 6, "{{c}}")) and "allowed are: x, y" in d.hint


def test_through_three_levels(folder: Folder) -> None:
    folder(
        'param day\nuse "one.fact" as one\n    a = {{day}}\n',
        one='param a\nparam x = "x{{a}}"\nuse "two.fact" as two\n    b = {{a}}\n    c = {{x}}\n    d = "{{x}}!"\n',
        two='param b\nparam c\nparam d\n[env B={{b}}]\n"t":\n    echo {{b}} {{c}} {{d}}\n',
    )
    (task,) = plan(day="1").tasks
    assert (task.name, task.argv[-1], task.environment) == ("one/two/t", "echo '1' 'x1' 'x1!'", (("B", "1"),))
    closed, _ = complete(add(plan(), Given({"day": "1"})))
    assert closed.tasks[0].argv == task.argv and closed.tasks[0].environment == task.environment


def test_objects_and_defaults_that_become_final(folder: Folder) -> None:
    folder(
        'param who\nparam env = dev\nuse "inner.fact" as in\n    w = {{who}}\n    e = "x-{{env}}"\n',
        inner='param w\nparam e\n"in {{e}}":\n    hello {{w.name}}\nb:\n    {{e}}\n',
    )
    found = load("job.fact", Given({"who": {"name": "Zoë"}})).plan
    assert [(t.name, t.argv[-1]) for t in found.tasks] == [("in/in x-dev", "hello 'Zoë'"), ("in/b", "'x-dev'")]
    assert found.parameters == () and found.values == {"who.name": "Zoë", "env": "dev"}


def test_names_inside_need_their_value(folder: Folder) -> None:
    folder('param day\nuse "inner.fact" as in\n    d = "on {{day}}"\n', inner='param d\n"t {{d}}":\n    x\n')
    (d,) = mistakes()
    assert (d.code, place(d)) == ("E501", ("job.fact", 4, "{{day}}"))
    assert list(tasks(day="1")) == ["in/t on 1"]


@pytest.mark.parametrize(
    ("given", "code", "where", "words"),
    [
        ("    dya = 1\n    day = 1\n", "E604", ("job.fact", 3, "dya"), "has no parameter `dya`"),
        ("", "E605", ("job.fact", 2, "in"), "needs `day`"),
        ("    day = 1\n    env = pord\n", "E606", ("job.fact", 4, "pord"), "`pord` is not allowed"),
        ("    day = {{nope}}\n", "E202", ("job.fact", 3, "{{nope}}"), "no parameter is called `nope`"),
        ('    day = "{{nope}} x"\n', "E202", ("job.fact", 3, "{{nope}}"), "no parameter is called `nope`"),
        ("    day = {{.x}}\n", "E201", ("job.fact", 3, "{{.x}}"), "is no parameter's name"),
    ],
)
def test_wrong_values(folder: Folder, given: str, code: str, where: Any, words: str) -> None:
    folder(
        f'use "inner.fact" as in\n{given}', inner="param day\nparam env in dev prod = dev\nt:\n    x {{day}} {{env}}\n"
    )
    (d,) = mistakes()
    assert (d.code, place(d)) == (code, where) and words in d.message
    if code == "E604":
        assert d.hint == "did you mean `day`?"


def test_an_undeclared_variable_of_a_json_job_may_be_given(folder: Folder) -> None:
    inner = factfile({"name": "t", "command": "echo", "arguments": ["{{v}}"]}, schema=FACTC)
    folder('use "inner.fact" as in\n    v = 1\n', inner=inner)
    assert plan().tasks[0].argv[-1] == 'echo "1"'
    folder('use "inner.fact" as in\n    vv = 1\n', inner=inner)
    assert sorted(d.code for d in mistakes()) == ["E604", "W202"]


def test_the_command_line_gives_to_the_outermost_only(folder: Folder) -> None:
    folder('use "inner.fact" as in\n', inner="param v = 1\nt:\n    x {{v}}\n")
    assert plan(v="2").tasks[0].argv[-1] == "x '1'"
    with pytest.raises(RequestError, match="no parameter `v`"):
        load("job.fact", Given(sets=[("v", "2")]))


# ---- where tasks run, and with what


def test_surroundings(folder: Folder) -> None:
    Path("x").write_text("")
    outer = '[env A=use B=use C={{c}}, cd "in {{c}}"]\nuse "inner.fact" as in\nuse "inner.fact" as bare\n'
    folder(outer, inner="")
    Path("job.fact").write_text("[env A=job Z=job, cd outside, shell bash]\njob job\nparam c = 1\n" + outer)
    Path("inner.fact").write_text("[env B=file D=file]\njob inner\n[env D=task]\nt:\n    x\n[cd here]\nu:\n    x\n")
    found = tasks()
    assert dict(found["in/t"].environment) == {"A": "use", "Z": "job", "B": "file", "C": "1", "D": "task"}
    assert dict(found["bare/u"].environment) == {"A": "job", "Z": "job", "B": "file", "D": "file"}
    assert [found[n].directory for n in ("in/t", "in/u", "bare/t")] == ["in 1", "here", "outside"]
    assert found["in/t"].argv == ("sh", "-c", "x")  # what a recipe means is the business of its file
    Path("inner.fact").write_text("[cd mine, shell bash]\njob inner\nt:\n    x\n")
    assert (tasks()["in/t"].directory, tasks()["in/t"].argv[0]) == ("mine", "bash")


def test_pools_are_one_by_name(folder: Folder) -> None:
    inner = "pool disk = 2\n[pool disk]\nt:\n    x\n"
    folder('pool disk = 2\n[pool net]\na:\n    x\nuse "inner.fact" as in\n', inner=inner + "pool net = 1\n")
    assert plan().pools == {"disk": 2, "net": 1}
    folder('pool disk = 3\nuse "inner.fact" as in\n', inner=inner)
    (d,) = mistakes()
    assert (d.code, place(d)) == ("E112", ("inner.fact", 2, "disk")) and way(d)[0] == ("job.fact", 2, "declared here")


def test_secrets_belong_to_their_file(folder: Folder) -> None:
    folder('secret A\na:\n    x\nuse "inner.fact" as in\n', inner="secret B\nsecret A\nt:\n    x\n")
    assert plan().secrets == ("A", "B")
    assert [t.secrets for t in plan().tasks] == [("A",), ("B", "A")]
    folder('secret A\nuse "inner.fact" as in\n    v = {{A}}\n', inner="param v\nt:\n    x {{v}}\n")
    assert [d.code for d in mistakes()] == ["E202"]


def test_the_timeout_of_a_used_job_is_not_that_of_the_run(folder: Folder) -> None:
    folder('use "inner.fact" as in\n', inner="t:\n    x\n")
    Path("inner.fact").write_text("[timeout 1s]\njob inner\nt:\n    x\n")
    assert plan().timeout is None and plan("inner.fact").timeout == 1.0


# ---- mistakes


def test_a_mistake_inside_has_its_file_and_the_way_to_it(folder: Folder) -> None:
    folder('use "a.fact" as a\n', a='use "b.fact" as b\n', b="t: x\n    echo {{y}}\n")
    found = mistakes()
    assert [(d.code, place(d)) for d in found] == [("E102", ("b.fact", 2, "x")), ("E202", ("b.fact", 3, "{{y}}"))]
    for d in found:
        assert way(d) == [("a.fact", 2, "used here as `b`"), ("job.fact", 2, "used here as `a`")]


def test_mistakes_of_a_text_inside(folder: Folder) -> None:
    folder('use "a.fact" as a\nuse "b.fact" as b\n', a="[nope]\nt:\n    x\n", b="t: a,b\na:\n")
    found = mistakes()
    assert [(d.code, place(d)) for d in found] == [
        ("E304", ("a.fact", 2, "nope")), ("E311", ("b.fact", 2, ",")), ("E102", ("b.fact", 2, "b")),
    ]  # fmt: skip
    assert way(found[1]) == way(found[2]) == [("job.fact", 3, "used here as `b`")]


def test_a_mistake_is_told_once_however_often_the_job_is_used(folder: Folder) -> None:
    values = " ".join(map(str, range(50)))
    folder(
        f'[each n in {values}]\nuse "a.fact" as a\n    v = {{{{n}}}}\nuse "a.fact" as b\n    v = 1\n',
        a="param v\nt: x\n    {{y}}\n",
    )
    assert [d.code for d in mistakes()] == ["E102", "E202"]
    folder(f'[each n in {values}]\nuse "a.fact" as a\nuse "a.fact" as b\n', a="t: a,b\n")
    assert [d.code for d in mistakes()] == ["E102", "E311", "E102"]


def test_what_cannot_be_read(folder: Folder) -> None:
    folder(
        'use "ab.fact" as a\nuse "sub" as s\nuse "" as t\nuse "{{x}}.fact" as u\nuse "p.factotum" as p\n', abc="t:\n"
    )
    os.mkdir("sub")
    Path("p.factotum").write_text('{"schema":"iglu:factc/plan/jsonschema/1-0-0"}')
    found = mistakes()
    assert [(d.code, place(d)) for d in found] == [("E601", ("job.fact", i, w)) for i, w in enumerate(
        ('"ab.fact"', '"sub"', '""', '"{{x}}.fact"', '"p.factotum"'), 2)]  # fmt: skip
    assert "No such file" in found[0].message and found[0].hint == "did you mean abc.fact?"
    Path("ab.fact").write_bytes(b"job a\n# \xff\n")
    assert mistakes()[0].code == "E002"


def test_a_job_that_uses_itself(folder: Folder) -> None:
    folder('use "job.fact" as me\n')
    (d,) = mistakes()
    assert (d.code, place(d), d.message) == ("E602", ("job.fact", 2, '"job.fact"'), "this job uses itself")


def test_a_circle_of_uses_is_shown_with_its_places(folder: Folder) -> None:
    folder('use "a.fact" as a\n', a='\nuse "./b.fact" as b\n', b='use "sub/../a.fact" as again\n', sub__x="")
    (d,) = mistakes()
    assert (d.code, place(d)) == ("E602", ("./b.fact", 2, '"sub/../a.fact"'))
    assert d.message == "jobs use each other in a circle: `a.fact` → `b.fact` → `a.fact`"
    assert [(os.path.normpath(f), line) for f, line, _ in way(d)] == [("a.fact", 3)]
    folder('use "a.fact" as a\n', a='use "job.fact" as j\n')
    (d,) = mistakes()
    assert d.message.endswith("`job.fact` → `a.fact` → `job.fact`") and way(d)[0][:2] == ("job.fact", 2)


def test_tasks_that_wait_for_each_other_through_a_use(folder: Folder) -> None:
    folder('use "inner.fact" as in: a\na: in\n', inner="t:\n    x\n")
    (d,) = mistakes()
    assert d.code == "E103" and "`in/t` → `a` → `in/t`" in d.message
    assert place(d) == ("job.fact", 2, "a") and way(d)[0] == ("job.fact", 3, "`a` waits for `in/t`")


def test_names_that_are_taken_or_unknown(folder: Folder) -> None:
    folder('in:\nuse "inner.fact" as in\n', inner="t:\n")
    assert [(d.code, place(d)[1]) for d in mistakes()] == [("E101", 3)]
    folder('use "inner.fact" as in\n"in/t":\n', inner="t:\n")
    assert [(d.code, place(d)[1]) for d in mistakes()] == [("E101", 3)]
    folder('a: in/tt\nuse "inner.fact" as in: nope\n', inner="t: a\n")
    found = mistakes()
    assert [(d.code, place(d)) for d in found] == [("E102", ("inner.fact", 2, "a")), ("E102", ("job.fact", 2, "in/tt")),
                                                   ("E102", ("job.fact", 3, "nope"))]  # fmt: skip
    assert found[1].hint == "did you mean `in/t`?"
    folder(factfile({"name": "a b", "use": "inner.fact"}, schema=FACTC), inner="t:\n")
    assert mistakes()[0].message == "the name of a used job is a word, not `a b`"


def test_deep_and_wide_have_an_end(folder: Folder) -> None:
    deep = {f"f{i}": f'use "f{i + 1}.fact" as u\n' for i in range(60)}
    folder('use "f0.fact" as u\n', **deep, f60="t:\n")
    (d,) = mistakes()
    assert d.code == "E603" and len(way(d)) == 50
    wide = {f"f{i}": f'use "f{i + 1}.fact" as u\nuse "f{i + 1}.fact" as v\n' for i in range(40)}
    folder('use "f0.fact" as u\n', **wide, f40="")
    assert [d.code for d in mistakes()] == ["E118"]
    values = " ".join(map(str, range(2000)))
    folder(f"[each x in {values}]\na:\n    x\n[each x in {values}]\nb: a\n    x\n")
    (d,) = mistakes()
    assert d.code == "E118" and "rule without a recipe" in d.hint


# ---- the whole, and other forms of it

FIFTY = [f"r{i}" for i in range(50)]


def test_three_levels_and_fifty_values_are_the_job_written_out(folder: Folder) -> None:
    """Names, order, dependencies, commands, limits: all that a plan says, but for the text that it came from."""
    folder(
        '[env A=0]\nstart:\n    begin {{day}}\n[each r in {{regions}}]\nuse "one.fact" as one: start\n    where = {{r}}\n'
        "    day = {{day}}\nend: one\n    end\n[finally]\ntidy:\n    tidy\n",
        one='param where\nparam day\npool p = 2\nfetch:\n    fetch {{where}}\n[each k in a b]\nuse "two.fact" as two: fetch\n'
        '    at = "{{where}}/{{k}}"\n    day = {{day}}\nsum: two\n    sum {{where}}\n',
        two="param at\nparam day\n[pool p, retry 1]\nload:\n    load {{at}} {{day}}\n[finally]\ndrop: load\n    drop {{at}}\n",
    )
    text = Path("job.fact").read_text()
    Path("job.fact").write_text(text.replace("job job\n", f'job job\nparam day\nparam regions = "{" ".join(FIFTY)}"\n'))
    flat = ["job job", "param day", f'param regions = "{" ".join(FIFTY)}"', "pool p = 2", "[env A=0]", "start:",
            "    begin {{day}}"]  # fmt: skip
    ends = []
    for r in FIFTY:
        flat += [f'"one[{r}]/fetch": start', f"    fetch '{r}'"]
        for k in "ab":
            two = f"one[{r}]/two[{k}]"
            flat += ["[pool p, retry 1]", f'"{two}/load": "one[{r}]/fetch"', f"    load '{r}/{k}' {{{{day}}}}"]
            flat += ["[finally]", f'"{two}/drop": "{two}/load"', f"    drop '{r}/{k}'"]
        # what waits for a used job waits for its `finally` tasks too, which no rule can say of a task
        flat += [f'"one[{r}]/sum": ' + " ".join(f'"one[{r}]/two[{k}]/load"' for k in "ab"), f"    sum '{r}'"]
        ends.append(f'"one[{r}]/sum"')
    flat += ["end: " + " ".join(ends), "    end", "[finally]", "tidy: end", "    tidy"]
    composed = plan(day="1")
    written = compile_source(Source("flat.fact", "\n".join(flat) + "\n"), Given({"day": "1"})).plan
    numbers = {t.name: i for i, t in enumerate(composed.tasks)}
    assert len(composed.tasks) == 1 + 50 * (2 + 4) + 2
    for task in composed.tasks:
        if task.name.endswith("/sum") or task.name == "end":
            finals = [n for n in task.dependencies if composed.tasks[n].final]
            wanted = [name for name in numbers if name.endswith("/drop") and name.startswith(task.name[:-3])]
            assert [composed.tasks[n].name for n in finals] == (wanted if task.name != "end" else [])
            task.dependencies = tuple(n for n in task.dependencies if n not in finals)
    mine, theirs = (
        {t.name: detail for t, detail in zip(p.tasks, told(p)[-1], strict=True)} for p in (composed, written)
    )
    assert mine.keys() == theirs.keys()
    for name in mine:
        ours, other = mine[name], theirs[name]
        ours["dependencies"] = [composed.tasks[d].name for d in ours["dependencies"]]
        other["dependencies"] = [written.tasks[d].name for d in other["dependencies"]]
        assert ours == other
    assert (composed.pools, composed.parameters, composed.values["day"]) == (written.pools, (), "1")


def test_without_finally_it_is_the_same_to_the_order(folder: Folder) -> None:
    folder(
        f'param day\n[each r in {" ".join(FIFTY)}]\nuse "one.fact" as one\n    where = {{{{r}}}}\n    day = {{{{day}}}}\nend: one\n',
        one='param where\nparam day\nfetch:\n    f {{where}}\nuse "two.fact" as two: fetch\n    at = {{where}}\n    day = {{day}}\n',
        two="param at\nparam day\nload:\n    load {{at}} {{day}}\ncheck: load\n    c {{at}}\n",
    )
    flat = ["job job", "param day"]
    for r in FIFTY:
        flat += [f'"one[{r}]/fetch":', f"    f '{r}'"]
        flat += [f'"one[{r}]/two/load": "one[{r}]/fetch"', f"    load '{r}' {{{{day}}}}"]
        flat += [f'"one[{r}]/two/check": "one[{r}]/two/load"', f"    c '{r}'"]
    flat.append("end: " + " ".join(f'"one[{r}]/two/check"' for r in FIFTY))
    written = compile_source(Source("flat.fact", "\n".join(flat) + "\n"), Given()).plan
    assert told(plan()) == told(written)  # open values and all
    assert [p.name for p in plan().parameters] == [p.name for p in written.parameters] == ["day"]


def test_start_and_to(folder: Folder, factc: Factc) -> None:
    folder('a:\n[each r in eu us]\nuse "inner.fact" as in: a\nb: in\n', inner=INNER)
    names = [t.name for t in load("job.fact", Given(), start="in[eu]/first", to="in[eu]/third").plan.tasks]
    assert names == ["in[eu]/first", "in[eu]/third"]
    ran = factc("plan", "job.fact", "--to", "in[us]/secnd")
    assert ran.code == 3 and "did you mean 'in[us]/second'?" in ran.err


def test_the_factfile_holds_the_jobs_themselves(folder: Folder, tmp_path: Path) -> None:
    folder(
        'param day\n## What it is for.\n[each r in a b, cd x, env A=1]\nuse "one.fact" as one: s\n    v = {{day}}-{{r}}\ns:\n',
        one='param v\nuse "two.fact" as two\n    w = {{v}}\n',
        two="param w\n[retry 1]\nt:\n    echo {{w}}\n    true\n",
    )
    first = read(read_document(read_source("job.fact")))
    text = factfile_text(first)
    value = json.loads(text)
    assert value["data"]["tasks"][0]["use"]["data"]["tasks"][0]["use"]["data"]["name"] == "two"
    original = plan(day="1")
    assert original.factfile == text
    for path in tmp_path.glob("*.fact"):
        path.unlink()
    again = compile_source(Source("elsewhere/job.json", text), Given({"day": "1"})).plan
    assert told(again) == told(original) and again.factfile == text


def test_a_json_job_with_a_path_is_sent_whole(folder: Folder) -> None:
    folder(factfile({"name": "in", "use": "inner.fact"}, schema=FACTC), inner="t:\n    x\n")
    assert json.loads(plan().factfile)["data"]["tasks"][0]["use"]["data"]["tasks"][0]["name"] == "t"


def test_mistakes_in_a_job_inside_another(folder: Folder) -> None:
    inner = {"schema": FACTC, "data": {"name": "i", "tasks": [{"name": "t", "script": "x", "dependsOn": ["u"]}]}}
    folder(factfile({"name": "in", "use": inner}, schema=FACTC))
    (d,) = mistakes()
    assert (d.code, marked(d)) == ("E102", '"u"') and way(d)[0][2] == "used here as `in`"
    for wrong, code in (({"schema": FACTC}, "E022"), ({"schema": "x", "data": {}}, "E020"), (5, "E021")):
        folder(factfile({"name": "in", "use": wrong}, schema=FACTC))
        assert mistakes()[0].code == code


def test_as_text_it_names_the_path(folder: Folder) -> None:
    text = (
        "job job\n\nparam day\n\ns:\n\n## What it is for.\n[each r in a b, cd x, env A=1]\n"
        'use "inner.fact" as in: s\n    v = {{day}}-{{r}}\n    w = "x y"\n\nuse "inner.fact" as bare\n    v = ""\n'
    )
    folder("", inner="param v\nparam w = 1\nt:\n    echo {{v}} {{w}}\n")
    Path("job.fact").write_text(text)
    job = read(read_document(read_source("job.fact")))
    assert fact_text(job) == text
    inside = read(read_document(Source("job.json", factfile_text(job))))
    with pytest.raises(RequestError, match="the job `in` stands inside this one"):
        fact_text(inside)
    assert told(compile_job(inside, Given()).plan) == told(plan())


def test_jobs_inside_another_are_written_as_files_beside_it(folder: Folder, factc: Factc, tmp_path: Path) -> None:
    """The text of a plan's own job: a file for each that it uses, one for those that are the same, and the same plan."""
    folder(
        'param day\nuse "a.fact" as a\n    v = {{day}}\nuse "a.fact" as again: a\n    v = 2\n'
        'use "b.fact" as b\nuse "c.fact" as a.b\n',
        a='param v\nuse "b.fact" as b\nt: b\n    echo {{v}}\n', b="t:\n    echo b\n", c="t:\n    echo c\n",
    )  # fmt: skip
    assert factc("compile", "job.fact", "-o", "job.plan").code == 0
    original = plan()
    for path in tmp_path.glob("*.fact"):
        path.unlink()
    for out in ("-", "/dev/stdout"):
        ran = factc("compile", "job.plan", "--format", "fact", "-o", out)
        assert (ran.code, ran.out) == (3, "") and "-o NAME.fact writes it beside that, as NAME.a.fact" in ran.err
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "job.a.fact").write_text("mine")
    ran = factc("compile", "job.plan", "--format", "fact", "-o", "new/job.fact")
    assert ran.code == 3 and "job.a.fact exists already" in ran.err
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["job.a.fact"], "all of them or none"
    ran = factc("compile", "job.plan", "--format", "fact", "-o", "new/job.fact", "--overwrite")
    assert ran.code == 0 and ran.err.count("holds a job that this one uses") == 3, ran
    files = {path.name for path in (tmp_path / "new").iterdir()}
    assert files == {"job.fact", "job.a.fact", "job.a.b.fact", "job.a.b_.fact"}
    again = load("new/job.fact", Given()).plan
    assert told(again) == told(original) and again.factfile == original.factfile
    assert factc("compile", "job.plan", "--format", "fact", "-o", "new/job.fact").code == 0, "it is the same"


def test_paths_count_from_the_file_that_is_written(folder: Folder, factc: Factc, tmp_path: Path) -> None:
    inside = {"schema": FACTC, "data": {"name": "i", "tasks": [{"name": "x", "use": "sub/inner.fact"}]}}
    folder(factfile({"name": "a", "use": "sub/inner.fact"}, {"name": "b", "use": inside}, schema=FACTC))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner.fact").write_text("job inner\nt:\n    x\n")
    (tmp_path / "far" / "off").mkdir(parents=True)
    source = str(next(tmp_path.glob("job.*")))
    for out in ("new.fact", "far/off/new.fact", "sub/new.fact"):
        ran = factc("compile", source, "--format", "fact", "-o", out)
        assert ran.code == 0, ran
        assert told(load(out, Given()).plan) == told(load(source, Given()).plan), out


# ---- properties

PARAMETERS = ["p", "q", "r"]
TEMPLATES = ["{{e}}", "1", "it's", "{{p}}", "{{q}}", "{{r}}", "{{p}}-{{q}}", "x {{r}}", "{{tag:k}}", ""]


@st.composite
def composed(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A job that uses jobs inside it; parameters p, q and r everywhere, e a variable of some `each`."""
    elements: list[dict[str, Any]] = []
    for i in range(draw(st.integers(1, 3))):
        names = [e["name"] for e in elements]
        element: dict[str, Any] = {"name": f"n{i}"}
        if names and draw(st.booleans()):
            element["dependsOn"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        each = draw(st.booleans())
        if each:
            element["each"] = [{"name": "e", "values": draw(st.sampled_from([["a"], ["a", "b c"], "{{list}}"]))}]
        used = draw(st.sampled_from(TEMPLATES if each else TEMPLATES[1:]))
        if depth and draw(st.booleans()):
            names = draw(st.lists(st.sampled_from(PARAMETERS), unique=True))
            element["use"] = draw(composed(depth - 1))
            element["values"] = {"p": "p", "list": "l m"} | dict.fromkeys(names, used)
            element["environment"] = {"E": used}
        else:
            element["script"] = f"echo {used} '{used}' \"{used}\""
            element |= draw(st.sampled_from([{}, {"retry": {"times": 1}}, {"environment": {"A": used}}]))
        elements.append(element)
    if draw(st.booleans()):
        elements.append({"name": "end", "script": "true", "finally": True})
    defaults = [{"name": "p"}, {"name": "q", "default": draw(st.sampled_from(["q", "{{p}}!"]))},
                {"name": "r", "default": draw(st.sampled_from(["r", "{{q}} {{p}}"]))}]  # fmt: skip
    data = {"name": "j", "parameters": [*defaults, {"name": "list", "default": "x y"}], "tasks": elements}
    return {"schema": FACTC, "data": data}


@settings(max_examples=draws(60), deadline=None)
@given(composed())
def test_a_value_given_later_is_the_same_as_one_given_at_once(value: dict[str, Any]) -> None:
    source, given = Source("job.json", json.dumps(value)), Given({"p": "it's p", "list": "one two"}, {"k": "K"})
    early = complete(compile_source(source, given).plan)[0]
    late = complete(add(compile_source(source, Given({"list": "one two"})).plan, given))[0]
    assert told(late)[:-2] == told(early)[:-2] and told(late)[-1] == told(early)[-1]


@settings(max_examples=draws(60), deadline=None)
@given(composed())
def test_what_is_written_is_the_same_job(value: dict[str, Any]) -> None:
    source, tags = Source("job.json", json.dumps(value)), Given({}, {"k": "K"})
    job = read(read_document(source))
    before = compile_job(job, tags).plan
    again = compile_source(Source("job.json", factfile_text(job)), tags).plan
    assert told(again) == told(before)
    with tempfile.TemporaryDirectory() as place:
        for path, text in fact_files(job, f"{place}/new.fact").items():
            Path(path).write_text(text)
        assert told(load(f"{place}/new.fact", tags).plan) == told(before)
    order = [(i, d) for i, task in enumerate(before.tasks) for d in task.dependencies]
    assert all(d < i for i, d in order)


def test_it_runs(folder: Folder, factc: Factc) -> None:
    folder(
        '[each r in eu us]\nuse "inner.fact" as in\n    v = {{r}}\nend: in\n    echo end\n',
        inner="param v\nt:\n    echo {{v}}\n",
    )
    ran = factc("run", "job.fact", "-j1")
    assert ran.code == 0 and ran.out == "[in[eu]/t] eu\n[in[us]/t] us\n[end] end\n", ran
