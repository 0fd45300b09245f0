"""The one layout: what it looks like, and that a job, its comments and its recipes come through it unchanged."""

from __future__ import annotations

import os
import random
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from factc.compiler.pipeline import compile_source
from factc.diagnostic import CompileError, RequestError
from factc.export.fact import fact_text
from factc.fmt import formatted, layout
from factc.fmt.difference import difference
from factc.source import Source
from factc.syntax.fact.parser import read_text
from factc.syntax.planfile.writer import plan_text
from tests.conftest import ROOT, Ran
from tests.draws import draws
from tests.pages import PAGES, blocks
from tests.test_emit_fact import TAGS, factfiles, supersets
from tests.test_emit_fact import job as job_of

Factc = Callable[..., Ran]

UNTIDY = """\
#!/usr/bin/env -S factc run
# Every night.


[shell bash]
[env TZ=UTC] # for all of them
## The nightly load.
job   "nightly"
param day # which one
param  bucket="s3://acme-events" # a default
param env   in dev prod  =dev
## Loads one day.
[
   noop 3,ok 0 2
]
"load" : "stage"   other # waits for both

\tif true; then
\t  ./load.sh {{day}}
\tfi
# Fetches the day.
stage:
  aws s3 sync {{bucket}}/{{day}} raw/
other:
"""

TIDY = """\
#!/usr/bin/env -S factc run
# Every night.

## The nightly load.
[shell bash]
[env TZ=UTC]  # for all of them
job nightly

param day                          # which one
param bucket = "s3://acme-events"  # a default
param env in dev prod = dev

## Loads one day.
[noop 3, ok 0 2]
load: stage other  # waits for both
    if true; then
      ./load.sh {{day}}
    fi

# Fetches the day.
stage:
    aws s3 sync {{bucket}}/{{day}} raw/

other:
"""


def fmt(text: str) -> str:
    """The layout of a job, whose meaning it keeps and which is laid out as it is afterwards."""
    before = Source("job.fact", text)
    after = formatted(before)
    assert formatted(Source("job.fact", after)) == after
    assert read_text(Source("job.fact", after)).value == read_text(before).value
    return after


def body(text: str) -> str:
    """The layout of what stands below a `job` line."""
    return fmt("job j\n" + text).removeprefix("job j\n").removeprefix("\n")


def plan(text: str) -> str:
    return plan_text(compile_source(Source("job.fact", text), TAGS).plan)


# ---- what it looks like


def test_an_untidy_job() -> None:
    assert fmt(UNTIDY) == TIDY


def dedent(text: str) -> str:
    return re.sub(r"(?m)^ {8}", "", text.removeprefix("\n")).rstrip(" ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\nb: a\n    x\nc:\n", "a:\n\nb: a\n    x\n\nc:\n"),
        ("\n\n\na:\n\n\n\n\n# end\n\n\n", "a:\n\n# end\n"),
        ("a:\n    x\n# of b\nb:\n", "a:\n    x\n\n# of b\nb:\n"),
        ("a:\n    x\n# of a\n\nb:\n", "a:\n    x\n# of a\n\nb:\n"),
        ("a:\n\n# alone\n\n\nb:\n", "a:\n\n# alone\n\nb:\n"),
        ("param a\n\n\nparam b\nparam c\na:\n", "param a\n\nparam b\nparam c\n\na:\n"),
        ("## Of a.\n\n[ok 1]\n\na:\n", "## Of a.\n\n[ok 1]\na:\n"),
        ("[ok 1]\n\n## Of a.\na:\n", "## Of a.\n[ok 1]\na:\n"),
        ("## Of a.\n# no more\na:\n", "## Of a.\n# no more\na:\n"),
        ("##   Indented\n##\n##\tTab  \na:\n", "##   Indented\n##\n## Tab\na:\n"),
        ("[ok 1]\n# why\n\n[env A=1]\na:\n", "[ok 1]\n# why\n[env A=1]\na:\n"),
        ('"a":\n"b-c.d": "a"\n"e f": "b-c.d"   "a"\n', 'a:\n\nb-c.d: a\n\n"e f": b-c.d a\n'),
        ('"\\u0061":\n"étape":\n"1,2": "étape"\n', 'a:\n\nétape:\n\n"1,2": étape\n'),
        ('param a="x y"\nparam b = "z"\na:\n', 'param a = "x y"\nparam b = "z"\n\na:\n'),
        ("param a  # x\nparam bc #  y\n\nparam def # z\na:\n", "param a   # x\nparam bc  #  y\n\nparam def  # z\n\na:\n"),
        ("a:\n\techo\n\t\tb\n\n\t \n\tc  \n", "a:\n    echo\n    \tb\n\n     \n    c  \n"),
        ("a:\n  cat <<END\n    x\n\n  END\n", "a:\n    cat <<END\n      x\n\n    END\n"),
        ("a: \\\n  b # c\n# d\n\n\n  x\nb:\n", "a: b  # c\n# d\n    x\n\nb:\n"),
        ("a: b \\\n   # c\n   x\nb:\n", "a: b\n# c\n    x\n\nb:\n"),
        ("param a =#x\nparam b = c#x\na:\n", 'param a = "#x"\nparam b = c#x\n\na:\n'),
        ("  # of j\n  #  two\na:\n", "# of j\n#  two\n\na:\n"),
    ],
)  # fmt: skip
def test_small_things(before: str, after: str) -> None:
    assert body(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[ok 0]\n[noop 3,]\n[ env A=1   B=2 ]", "[ok 0, noop 3, env A=1 B=2]"),
        ("[]\n[ ok 0 ] # why\n[noop 3]\n[verbatim]", "[ok 0]  # why\n[noop 3, verbatim]"),
        ("[ok 0, # two\n  noop 3]", "[ok 0]  # two\n[noop 3]"),
        (f"[ok 0, env A={'x' * 60}, cd {'y' * 40}]", f"[ok 0]\n[env A={'x' * 60}]\n[cd {'y' * 40}]"),
        (f"[env A={'x' * 60}  B={'y' * 60}]", f"[env\n    A={'x' * 60}\n    B={'y' * 60}\n]"),
        (f"[cd {'y' * 140}]", f"[cd {'y' * 140}]"),
        ("[env\n  A=1 # one\n  B=2 # two\n]", "[env\n    A=1  # one\n    B=2  # two\n]"),
        (
            "[ok 0,\n# own\nenv A=1\n  B=2, # two\n cd x]".replace("\n", "\n "),
            "[\n    ok 0,\n    # own\n    env A=1 B=2,  # two\n    cd x,\n]",
        ),
        (
            "[ok 0, env A=1 # one\n B=2\n ]",
            "[\n    ok 0,\n    env\n        A=1  # one\n        B=2,\n]",
        ),
        (
            "[ok " + " ".join(map(str, range(40))) + "]",
            "[ok\n    " + " ".join(map(str, range(35))) + "\n    35 36 37 38 39\n]",
        ),
        ('[command "a"\n  "# no comment"   "]"]', '[command "a" "# no comment" "]"]'),
    ],
)  # fmt: skip
def test_brackets(before: str, after: str) -> None:
    recipe = "" if "command" in before else "    x\n"
    assert body(f"{before}\na:\n{recipe}") == f"{after}\na:\n{recipe}"


def test_long_lists_go_on_behind_a_backslash() -> None:
    names = [f"a-task-with-a-long-name-{i}" for i in range(7)]
    text = body(f"last: {' '.join(names)} # why\n" + "".join(f"{name}:\n" for name in names))
    assert text.startswith(
        f"last: {' '.join(names[:3])} \\\n    {' '.join(names[3:6])} \\\n    a-task-with-a-long-name-6  # why\n\n"
    )


def test_what_the_layout_does_not_judge() -> None:
    """Statements and attributes that it has never heard of are words like others."""
    before = (
        "job j\nsecret   pw # why\npool w=2\nparam p\n"
        '[each  r in {{p}},retry 2  every 30s]\nuse   "x.fact"  as y :"a" # c\n'
        '\t# given\n\n\n\tday={{p}}   # today\n\twords  = "a = b"\n'
        'use "x.fact" as z\n"y/t[{{r}}]":\n"b": "a/t[x]" "z/{{ no }}"\n[finally]\nend:\n'
    )
    after = (
        "job j\n\nsecret pw  # why\npool w = 2\nparam p\n\n"
        '[each r in {{p}}, retry 2 every 30s]\nuse "x.fact" as y: a  # c\n'
        '    # given\n\n    day = {{p}}  # today\n    words = "a = b"\n\n'
        'use "x.fact" as z\n\n"y/t[{{r}}]":\n\nb: a/t[x] "z/{{ no }}"\n\n[finally]\nend:\n'
    )
    assert layout(Source("job.fact", before)) == layout(Source("job.fact", after)) == after


def test_wide_characters_stand_in_columns() -> None:
    assert body("param 日本 # a\nparam abcde # b\na:\n").startswith("param 日本   # a\nparam abcde  # b\n")


def test_a_long_line_does_not_push_comments_away() -> None:
    long = "x" * 80
    assert body(f"param a # a\nparam b = {long} # b\nparam bc # c\na:\n").startswith(
        f"param a   # a\nparam b = {long}  # b\nparam bc  # c\n"
    )


def test_line_ends_marks_and_the_end() -> None:
    text = "job j\n\na:\n    x\n"
    for untidy in ("\ufeff" + text, text.replace("\n", "\r\n"), text + "\n\n", text[:-1], "\n" + text, text + "   \n"):
        assert fmt(untidy) == text


def test_a_carriage_return_of_the_shell_stays() -> None:
    text = "job j\n\na:\n    x\r\r\n    y\rz\n"
    assert fmt(text) == text
    assert read_text(Source("j", text)).value["data"]["tasks"][0]["script"] == "x\r\ny\rz"


# ---- the same job, whatever the text


def test_samples_and_documentation(factc: Factc) -> None:
    for path in sorted((ROOT / "samples").glob("*.fact")):
        text = path.read_text()
        assert fmt(text) == text, f"factc fmt {path}"
    shown = [block.text for page in PAGES for block in blocks(page) if block.language == "fact"]
    for text in shown:
        try:
            expected = plan(text)
        except CompileError:
            continue
        assert plan(fmt(text)) == expected
    assert len(shown) >= 4


@settings(max_examples=draws(60), deadline=None)
@given(st.one_of(factfiles(), supersets()))
def test_what_factc_writes_itself_is_laid_out(source: str) -> None:
    try:
        text = fact_text(job_of(source))
    except (CompileError, RequestError):
        assume(False)
    assert fmt(text) == text or max(map(len, text.split("\n"))) >= 100


def test_real_factfiles_as_text(shared: Path) -> None:
    for file in sorted([*(shared / "factfiles" / "real").glob("*"), *(shared / "factfiles" / "upstream").glob("*")]):
        text = fact_text(job_of(file.read_text(encoding="utf-8")))
        assert plan(fmt(text)) == plan(text)


GAPS = ["\n", "\n\n\n", "# c{}\n", "\n# c{}\n", "# c{}\n\n", "   \n", "## d{}\n\n", "## d{}\n# c{}\n", "#!c{} é \n"]
BEHIND = ["", "", "  ", " # c{}", "\t# c{}  "]
ABOVE = [
    "", "", "## d{}\n", "##d{}\n", "[ok 0 2]\n", "[ok 0,\n  noop 3] # c{}\n", "[ # c{}\n  ok 0\n ]\n", "[ok # c{}\n  0\n]\n",
    "## d{}\n[env A=1 # c{}\n  B=2,\n  # c{}\n  cd x]\n", "[cd x]\n## d{}\n##  d{}\n", "[env A=1]\n\n[env B=2] # c{}\n# c{}\n[cd y]\n",
    "## d{}\n[]\n", f"[env A={'x' * 50} B={'y' * 50}, cd x] # c{{}}\n", "[ok 0]\n## d{}\n\n[noop 3]\n",
]  # fmt: skip
RECIPES = [
    "", "    x\n", "\tx\n\t\ty\n\n\t \n\tz  \n", "\n\n x # no comment\n\n\n", "# c{}\n\n# c{}\n  x\n", "  # of the shell\n",
    "  cat <<-'END'\n  \tx\n  END\n", "  x \\\n    y\n",
]  # fmt: skip
LINK = [" ", "   ", " \\\n  ", "\t\\  \n\t\t"]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A job in a layout that nobody would choose."""
    some = st.sampled_from
    names = draw(st.lists(some(["a", '"a"', '"b c"', "été", "in", '"x.y"', "job"]), max_size=4, unique=True))
    parts = ["#!/usr/bin/env -S factc run\n"] if draw(st.booleans()) else []
    parts += [
        draw(some(["", *GAPS])),
        draw(some(["", "## d{}\n", "[shell bash] # c{}\n"])),
        "job  'j'\n".replace("'", '"'),
    ]
    for name in draw(st.lists(some("pqr"), max_size=3, unique=True)):
        default = draw(some(["", "=1", ' =  "x y"', " in a \\\n b  = a"]))
        parts += [draw(some(["", *GAPS, "## d{}\n"])), f"param  {name}{default}", draw(some(BEHIND)), "\n"]
    for at, name in enumerate(names):
        needs = draw(st.lists(some(names[:at]), max_size=2, unique=True)) if at else []
        header = name + draw(some(["", "  "])) + ":" + "".join(draw(some(LINK)) + need for need in needs)
        parts += [draw(some(["", *GAPS])), draw(some(ABOVE)), header, draw(some(BEHIND)), "\n", draw(some(RECIPES))]
    text = "".join([*parts, draw(some(["", *GAPS]))])
    text = re.sub(r"\{\}", lambda match: str(match.start()), text)
    return draw(some(["", "\ufeff"])) + (text.replace("\n", "\r\n") if draw(some([0, 0, 1])) else text)


@settings(max_examples=draws(200), deadline=None)
@given(texts())
def test_the_plan_and_the_comments_stay(text: str) -> None:
    try:
        expected = plan(text)
    except CompileError:
        assume(False)
    after = fmt(text)
    assert plan(after) == expected
    marks = re.findall(r"[cd]\d+", text)
    assert sorted(re.findall(r"[cd]\d+", after)) == sorted(marks)
    assert not re.search(r"\n\n\n|\A\n|\n\n\Z", re.sub(r"(?m)^    .*\n\n*(?=    )", "", after))


RICH = UNTIDY.replace(
    "other:\n", "[env A=1 # one\n  B=2 # two\n  ,cd x\n ] # three\n# four\nother: # five\n# six\n  x\n\n    y\n"
)
BITS = [
    *"ab:\"'[]{}#\\ \n\t,=é\r",
    "\n\n",
    "# c\n",
    "## d\n",
    "\n    ",
    " # q",
    "\\\n   ",
    "    ##\n",
    "[ok 1]\n",
    "\r\r\n",
]


@pytest.mark.parametrize("count", [600, pytest.param(20_000, marks=pytest.mark.large)])
def test_a_text_with_slips_is_laid_out_or_left_alone(count: int) -> None:
    choose = random.Random(count)
    good = 0
    for _ in range(count):
        text = RICH
        for _ in range(choose.randint(1, 3)):
            at = choose.randrange(len(text) + 1)
            text = text[:at] + choose.choice(BITS) + text[at + choose.choice([0, 0, 1, 2]) :]
        try:
            read_text(Source("job.fact", text))
        except CompileError:
            continue
        fmt(text)
        good += 1
    assert good > count / 20


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n# comments\n", "job j\na\n", "job j\n[ok\na:\n"])
def test_mistakes_are_told(text: str) -> None:
    with pytest.raises(CompileError):
        formatted(Source("job.fact", text))


# ---- the command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "job.fact").write_text(UNTIDY)
    return tmp_path / "job.fact"


def test_a_file_is_rewritten_once(factc: Factc, file: Path) -> None:
    file.chmod(0o750)
    ran = factc("fmt", "job.fact")
    assert (ran.code, ran.out, ran.err) == (0, "", "job.fact: rewritten\n")
    assert file.read_text() == TIDY and stat.S_IMODE(file.stat().st_mode) == 0o750
    before = file.stat()
    ran = factc("fmt", "job.fact")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert os.listdir(file.parent) == ["job.fact"]


def test_standard_input(factc: Factc) -> None:
    ran = factc("fmt", "-", input="\ufeff" + UNTIDY.replace("\n", "\r\n"))
    assert (ran.code, ran.out, ran.err) == (0, TIDY, "")
    assert factc("fmt", "-", input=TIDY).out == TIDY
    ran = factc("fmt", "-", "--check", input="job j\n\na:  b\n\nb:\n")
    assert ran.code == 1
    assert ran.out == "--- <stdin>\n+++ <stdin>\tformatted\n@@ -1,5 +1,5 @@\n job j\n \n-a:  b\n+a: b\n \n b:\n"


def test_check_changes_nothing(factc: Factc, file: Path) -> None:
    ran = factc("fmt", "--check", "job.fact")
    assert (ran.code, ran.err) == (1, "") and '-job   "nightly"\n' in ran.out and "+job nightly\n" in ran.out
    assert file.read_text() == UNTIDY
    file.write_text(TIDY)
    ran = factc("fmt", "--check", "job.fact")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.mark.skipif(not shutil.which("patch"), reason="there is no patch here")
@pytest.mark.parametrize("text", [UNTIDY, UNTIDY[:-1], "\ufeff" + UNTIDY, UNTIDY.replace("\n", "\r\n")])
def test_patch_takes_the_difference(text: str, file: Path) -> None:
    file.write_bytes(text.encode())
    done = subprocess.run(
        ["patch", "--binary", "-s", file.name], input=difference(file.name, text, TIDY).encode(), cwd=file.parent, timeout=60
    )  # fmt: skip
    assert done.returncode == 0 and file.read_text() == TIDY


def test_a_file_with_mistakes_is_not_touched(factc: Factc, file: Path) -> None:
    (file.parent / "bad.fact").write_text("job  j\na: b,c\nb c:\n")
    (file.parent / "empty.fact").write_text("")
    ran = factc("fmt", "bad.fact", "empty.fact", "none.fact", "job.fact")
    assert (ran.code, ran.out) == (1, "")
    assert "bad.fact:2:5" in ran.err and "2 errors" in ran.err and "the file is empty" in ran.err
    assert "none.fact cannot be read" in ran.err
    assert (file.parent / "bad.fact").read_text() == "job  j\na: b,c\nb c:\n"
    assert file.read_text() == TIDY


def test_json_is_refused(factc: Factc, file: Path) -> None:
    for form, words in (("factfile", "is JSON: fmt is for jobs written as text"), ("plan", "is a compiled plan")):
        out = file.parent / f"job.{form}"
        assert factc("compile", "job.fact", "--format", form, "-o", out.name).code == 0
        before = out.read_bytes()
        ran = factc("fmt", out.name)
        assert (ran.code, ran.out) == (3, "") and f"factc: job.{form} {words}" in ran.err
        assert out.read_bytes() == before


def test_a_link_stays_a_link(factc: Factc, file: Path) -> None:
    link = file.parent / "link.fact"
    link.symlink_to("job.fact")
    assert factc("fmt", "link.fact").code == 0
    assert link.is_symlink() and file.read_text() == TIDY


def test_what_is_no_file_is_not_written(factc: Factc, file: Path) -> None:
    pipe = file.parent / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cp", file, pipe]) as writer:
        ran = factc("fmt", "pipe")
        writer.wait(timeout=60)
    assert ran.code == 3 and "pipe is no regular file" in ran.err
