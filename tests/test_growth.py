"""Large inputs cost what they are large, and what no kernel takes is found before it is made."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.growth import Wrong, measured
from bench.inputs import INPUTS, Input
from factc.compiler import check
from factc.compiler.pipeline import compile_source
from factc.compiler.suppressions import Allowances
from factc.diagnostic import CompileError, Diagnostic, RequestError
from factc.diagnostic_render import text as excerpt
from factc.fmt.difference import difference
from factc.lsp.lines import Lines
from factc.plan import MAX_TEXT
from factc.plan.bind import add, complete
from factc.plan.values import Given, check_names
from factc.shell.commands import commands, handed_on
from factc.shell.scanner import Scan
from factc.source import Source
from factc.spelling import MOST, Words, nearest, some
from factc.syntax.fact.parser import read_text
from tests.conftest import Ran

Factc = Callable[..., Ran]
RULE = "    true\n"


def mistakes(text: str, values: dict[str, object] | None = None) -> list[Diagnostic]:
    with pytest.raises(CompileError) as caught:
        compile_source(Source("job.fact", text), Given(values))
    return caught.value.diagnostics


# ---- what was meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [("tsk77", "task77"), ("task77x", "task77"), ("TASK77", "task77"), ("atsk77", "task77"), ("lood_eu", "load_eu"),
     ("load_ue", "load_eu"), ("zzzzzz", None), ("task77", "task77"), ("x" * 5000, None)],
)  # fmt: skip
def test_a_slip_is_understood_among_few_words_and_among_many(word: str, meant: str | None) -> None:
    few = ["load_eu", "task77", "report"]
    assert nearest(word, few) == meant
    found = nearest(word, [*few, *(f"{i * 7919 % 100_003:06d}" for i in range(20_000))])
    assert found == meant


def test_of_very_many_questions_the_first_are_answered() -> None:
    words = Words(f"task{i}" for i in range(1000))
    answers = [words.nearest(f"tsk{i}") for i in range(6_000)]
    assert answers[0] == "task0"
    assert answers[-1] is None


def test_a_word_is_not_meant_to_be_itself() -> None:
    assert Words(["load", "laod"]).nearest("load", but="load") == "laod"


def test_a_row_of_names_has_an_end() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some([str(i) for i in range(1020)]).endswith(f", {MOST - 1}, 1,000 more")


@given(
    st.lists(st.sampled_from(["a", "a.b", "ab", "b.c.d", "c"])), st.sampled_from(["a", "a.b", "b", "b.c", "c.d", "x"])
)
def test_a_name_is_known_if_something_is_called_so_or_stands_inside(known: list[str], name: str) -> None:
    wanted = any(one == name or one.startswith(name + ".") for one in known)
    try:
        check_names([name], known)
    except RequestError:
        assert not wanted
    else:
        assert wanted


# ---- what no command takes

DOUBLING = "param d0 = xx\n" + "".join(f'param d{i + 1} = "{{{{d{i}}}}}{{{{d{i}}}}}"\n' for i in range(60))
OPEN = "job j\nparam a = x\n" + 'param b = "{{a}}{{a}}{{a}}{{a}}"\nparam c = "{{b}}{{b}}{{b}}{{b}}"\n'
LONG = "x" * MAX_TEXT


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        (f"job j\n{DOUBLING}t:\n    echo {{{{d60}}}}\n", "E208", 18, "with its values this text has more than 131,071 bytes"),
        (f"job j\n{DOUBLING}[cd {{{{d60}}}}]\nt:\n    true\n", "E208", 18, "with its values"),
        (f"job j\n[env A={LONG}]\nt:\n    true\n", "E208", 2, "the variable `A` has 131,073 bytes; one takes 131,071"),
        (f"[env A={LONG}]\njob j\nt:\n    true\n", "E208", 1, "the variable `A` has 131,073 bytes"),
        (f"job j\n[exec]\nt:\n    echo {LONG}x\n", "E208", 4, "a word of the task `t` has 131,072 bytes"),
        (f"job j\nt:\n    : {LONG}\n", "E208", 3, "the shell text of the task `t` has 131,073 bytes"),
        (f"job j\nparam p\nt:\n    : {{{{p}}}} {LONG}\n", "E208", 4, "more than 131,071 bytes"),
        (f"job j\n{'x' * 5000}:\n    true\n", "E107", 2, "the name of a task has more than 4,096 bytes"),
        ("job j\n" + "".join(f"[env A{i}={LONG[:-9]}]\n" for i in range(50)) + "t:\n    true\n", "E208", 52,
         "a command takes 6,291,456 of both together"),
    ],
    ids=["doubling", "doubling, final", "env", "env of the job", "exec", "recipe", "recipe with holes", "name", "all"],
)  # fmt: skip
def test_what_no_command_takes_is_found_at_its_place(text: str, code: str, line: int, words: str) -> None:
    found = [d for d in mistakes(text) if d.code == code]
    assert found
    assert found[0].span
    assert (found[0].span.source.place(found[0].span.start)[0], words in found[0].message) == (line, True)
    assert found[0].hint or code == "E107"


def test_a_json_word_over_the_limit_is_found_at_its_place(factc: Factc, tmp_path: Path) -> None:
    task = {"name": "t", "executor": "exec", "command": "echo", "arguments": ["a", LONG + "x"]}
    value = {"schema": "iglu:factc/factfile/jsonschema/1-0-0", "data": {"name": "j", "tasks": [task]}}
    (tmp_path / "job.factfile").write_text(json.dumps(value, indent=1))
    ran = factc("validate", "job.factfile")
    assert ran.code == 1
    assert "error[E208]: a word of the task `t` has 131,072 bytes" in ran.err
    assert "job.factfile:12:" in ran.err


def test_what_just_fits_is_taken(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(f"job j\n[env A={LONG[2:]}]\nt:\n    test ${{#A}} = {MAX_TEXT - 2}\n")
    assert factc("run", "job.fact", "--no-record").code == 0


def test_values_that_are_given_may_not_double_either() -> None:
    plan = compile_source(Source("job.fact", OPEN + "t:\n    echo {{c}}\n"), Given()).plan
    with pytest.raises(RequestError, match="default of `b` has more than 131,071 bytes"):
        add(plan, Given({"a": LONG}))
    assert [d.code for d in mistakes(OPEN + "t:\n    echo {{c}}\n", {"a": LONG})] == ["E208"]
    assert complete(plan)[0].tasks[0].argv[-1] == "echo '" + "x" * 16 + "'"


def test_each_and_its_text_have_a_limit_together() -> None:
    values = " ".join(f"v{i}" for i in range(5000))
    found = mistakes(f"job j\n[each x in {values}]\nt:\n    : {'y' * 100_000} {{{{x}}}}\n")
    assert [d.message for d in found] == ["with this task, the plan has more than 256 MB"]


def test_a_tag_is_no_longer_than_its_variable() -> None:
    with pytest.raises(RequestError, match="longer than a variable can be"):
        Given(tags={"k": LONG})


# ---- long ways


def test_a_long_way_of_defaults_is_no_deep_one() -> None:
    way = "".join(f'param p{i + 1} = "{{{{p{i}}}}}"\n' for i in range(5000))
    plan = compile_source(Source("j", f"job j\nparam p0 = here\n{way}[cd {{{{p5000}}}}]\nt:\n    pwd\n"), Given()).plan
    assert plan.tasks[0].directory == "here"


def test_defaults_below_and_in_a_circle_do_not_hang() -> None:
    text = 'job j\nparam a = "{{b}}"\nparam b = "{{a}}"\n[cd "x{{a}}{{b}}"]\nt:\n    true\n'
    assert [d.code for d in mistakes(text)] == ["E202"]


@pytest.mark.parametrize("seed", range(200))
def test_every_task_on_a_cycle_is_in_a_cycle_that_is_told_or_behind_one(seed: int) -> None:
    draw = random.Random(seed)
    size = draw.randint(1, 9)
    needs = [sorted({draw.randrange(size) for _ in range(draw.choice((0, 1, 1, 2)))}) for _ in range(size)]
    told: set[tuple[int, int]] = set()

    def edge(task: int, needed: int) -> None:
        assert needed in needs[task]
        told.add((task, needed))

    found = check.cycles([f"t{i}" for i in range(size)], needs, edge)  # type: ignore[arg-type]
    rest = [[d for d in some if (i, d) not in told] for i, some in enumerate(needs)]
    assert bool(found) == (len(check.order(needs)) < size)
    in_cycles = {i for step in told for i in step}
    free = [[d for d in some if i not in in_cycles and d not in in_cycles] for i, some in enumerate(rest)]
    assert len(check.order(free)) == size, "without the cycles that were told there is none"


def test_a_cycle_of_thousands_is_told_in_short() -> None:
    steps = "".join(f"a{i}: a{(i + 1) % 2000}\n{RULE}" for i in range(2000))
    (found,) = mistakes(f"job j\n{steps}")
    assert found.message.endswith("→ `a11` → 1,988 more → `a0`")


def test_a_case_of_thousands_of_patterns_is_no_deep_one() -> None:
    text = "case $x in " + " | ".join("a" for _ in range(5000)) + ") mytool ;; esac\nother\n"
    assert [name for name, _, _ in commands(Scan([text]))] == ["mytool", "other"]


def test_code_behind_an_option_is_found() -> None:
    assert handed_on(Scan(["sh -x -c 'a ", object(), "' ", object(), "; ssh host ", object()])) == [0, 2]


# ---- as before, but in one pass


@given(st.lists(st.sampled_from("abcde\n"), max_size=30), st.lists(st.sampled_from("abcde\n"), max_size=30))
def test_a_difference_says_both_texts(before: list[str], after: list[str]) -> None:
    old, new = ("\n".join(lines) + "\n" for lines in (before, after))
    shown = difference("f", old, new)
    assert bool(shown) == (old != new)
    at, made, lines = 0, [], old.splitlines(keepends=True)
    for line in shown.splitlines(keepends=True)[2:]:
        if line[0] == "@":
            first, _, length = line.split()[1][1:].partition(",")
            start = int(first) - (length != "0")
            made += lines[at:start]
            at = start
        elif line[0] != "+":
            assert lines[at] == line[1:]
            at += 1
        if line[0] in " +":
            made.append(line[1:])
    assert "".join([*made, *lines[at:]]) == new


def test_a_comment_that_allows_is_used_by_the_warning_in_its_reach() -> None:
    source = Source(
        "j", "job j\n\n# factc: allow W401\nt:\n    a # factc: allow W402\n\n# factc: allow W401\nu:\n    b\n"
    )
    allowances = Allowances()
    document = read_text(source)
    warnings = [Diagnostic("W401", "x", document.span(("data", "tasks", i, "script"))) for i in (0, 1)]
    assert allowances.heard(warnings[:1]) == []
    assert [d.span.source.place(d.span.start)[0] for d in allowances.complaints(source) if d.span] == [5, 7]


@given(st.text(alphabet="aé𝄞\n", max_size=40), st.lists(st.integers(0, 40)))
def test_places_for_an_editor_do_not_depend_on_what_was_asked_before(text: str, offsets: list[int]) -> None:
    lines = Lines(text)
    for offset in offsets:
        at = min(offset, len(text))
        assert lines.position(at) == Lines(text).position(at)


def test_an_excerpt_of_a_long_line_takes_a_piece_of_it() -> None:
    source = Source("j", "x" * 50_000 + "\n")

    class Counting(str):
        taken = 0

        def __getitem__(self, key: object) -> str:
            found = super().__getitem__(key)  # type: ignore[index]
            Counting.taken += len(found)
            return found

    source.text = Counting(source.text)
    from factc.source import Span

    shown = excerpt([Diagnostic("E001", "m", Span(source, at, at + 3)) for at in range(25_000, 25_100)])
    assert "…" + "x" * 50 in shown
    assert Counting.taken < 50_000 + 100 * 1000, "once as a whole, to look for secrets"


# ---- growth

SMALL = ["names unknown", "parameters unknown", "cycles behind a chain",
         "variables made of what is unknown", "one recipe: unsafe places", "pools declared twice"]  # fmt: skip


def seconds(one: Input, size: int) -> float:
    """Processor time of compiling in this process."""
    (text,) = one.files(size).values()
    begun = time.process_time()
    try:
        compile_source(Source("job.fact", text), Given())
    except CompileError as error:
        excerpt(error.diagnostics)
    return time.process_time() - begun


@pytest.mark.parametrize("one", [one for one in INPUTS if one.name in SMALL], ids=lambda one: one.name)
def test_four_times_as_much_takes_no_ten_times_as_long(one: Input) -> None:
    size = one.size // 15
    seconds(one, 10)
    assert min(seconds(one, 4 * size) for _ in range(2)) < 10 * max(0.02, min(seconds(one, size) for _ in range(3)))


@pytest.mark.large
@pytest.mark.parametrize("one", INPUTS, ids=lambda one: one.name)
def test_no_kind_of_large_input_grows_faster_than_it_should(one: Input, tmp_path: Path) -> None:
    found = measured(one, tmp_path, 2)
    if max(found.in_time, found.in_memory) > 6:  # the machine may have had something else to do
        found = measured(one, tmp_path, 3)
    assert (found.in_time <= 6, found.in_memory <= 6) == (True, True), (found.seconds, found.memory)


def test_a_kind_that_ends_otherwise_is_not_measured(tmp_path: Path) -> None:
    one = Input("x", 2, lambda n: {"job.fact": "job j\nt:\n    true\n"}, ("validate", "job.fact"), 7)
    with pytest.raises(Wrong, match="exit code 0 in place of 7"):
        measured(one, tmp_path, 1)


def test_there_are_many_kinds() -> None:
    assert len({one.name for one in INPUTS}) == len(INPUTS) >= 40
