"""`factc dot`: the text to the letter, names of all kinds as Graphviz reads them back, files and pictures."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from factc.diagnostic import RequestError
from factc.export import dot
from factc.plan import Plan, PlanTask
from factc.reach import MAX_DEPTH
from tests.conftest import Ran
from tests.jobs import factfile, task

Factc = Callable[..., Ran]

NAMES = ["a:b", "<b>bold</b>", 'say "hi"', "back\\slash", "end\\", "\\N", "two\nlines", "&amp;", "tâche 🎉", "t1", "node",
         "{a|b}", "x;y", "->", " ", "%", "\\l\\n", "<", "label=x]"]  # fmt: skip


def test_the_text(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        "job nightly\nload: stage\n    true\nstage:\n    true\n## Ends.\nend: load stage\n"
    )
    assert factc("dot", "job.fact").out == (
        'digraph "nightly" {\n'
        '\tnode [fontname=Helvetica shape=box style=rounded]\n'
        "\tt0 [label=stage]\n"
        "\tt1 [label=load]\n"
        "\tt2 [label=end tooltip=\"Ends.\"]\n"
        "\tt0 -> t1\n"
        "\tt1 -> t2\n"
        "\tt0 -> t2\n"
        "}\n"
    )  # fmt: skip


def test_used_jobs_have_a_frame_and_finally_a_dashed_line(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "deep.fact").write_text("job deep\nt:\n    x\n")
    (tmp_path / "in.fact").write_text('job in\na:\n    x\nuse "deep.fact" as deep: a\n')
    text = 'job j\n"s3://x/y":\n    x\n[each r in eu us]\nuse "in.fact" as in\n[finally]\nend: in[eu]\n    x\n'
    (tmp_path / "job.fact").write_text(text)
    assert factc("dot", "job.fact").out == (
        'digraph "j" {\n'
        "\tnode [fontname=Helvetica shape=box style=rounded]\n"
        '\tt0 [label="s3://x/y"]\n'
        "\tsubgraph cluster_1_1 {\n"
        '\t\tcolor=gray fontname=Helvetica label="in[eu]" style=rounded\n'
        '\t\tt1 [label="in[eu]/a"]\n'
        "\t\tsubgraph cluster_2_1 {\n"
        "\t\t\tcolor=gray fontname=Helvetica label=deep style=rounded\n"
        '\t\t\tt2 [label="in[eu]/deep/t"]\n'
        "\t\t}\n"
        "\t}\n"
        "\tsubgraph cluster_3_1 {\n"
        '\t\tcolor=gray fontname=Helvetica label="in[us]" style=rounded\n'
        '\t\tt3 [label="in[us]/a"]\n'
        "\t\tsubgraph cluster_4_1 {\n"
        "\t\t\tcolor=gray fontname=Helvetica label=deep style=rounded\n"
        '\t\t\tt4 [label="in[us]/deep/t"]\n'
        "\t\t}\n"
        "\t}\n"
        "\tt5 [label=end]\n"
        "\tt1 -> t2\n"
        "\tt3 -> t4\n"
        "\tt2 -> t5 [style=dashed]\n"
        "}\n"
    )


def test_a_name_of_thousands_of_parts_is_drawn() -> None:
    """Frames stand for used jobs, which use each other a limited number of times; a name may look like more."""
    names = ["x/" * 5000 + "y", "x/" * 5000 + "z", "/" * 3000, "a[b]/" * 3000 + "c"]
    text = dot.dot_text(Plan("j", [PlanTask(name, (), ("true",)) for name in names]))
    assert text.count("subgraph") <= 2 * MAX_DEPTH and all(name in text for name in names)


def test_start_leaves_no_edge_from_outside(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a"), task("b", "true", "a"), task("c", "true", "b")))
    assert factc("dot", "job.factfile", "--start", "b").out.splitlines()[2:] == [
        "\tt0 [label=b]", "\tt1 [label=c]", "\tt0 -> t1", "}",
    ]  # fmt: skip


def test_graphviz_reads_every_name_back(factc: Factc, tmp_path: Path) -> None:
    program = next((path for name in dot.PROGRAMS if (path := dot._found(name))), None)
    if not program:
        pytest.skip("no Graphviz here")
    tasks = [task(name, "true", *NAMES[:i][-1:]) for i, name in enumerate(NAMES)]
    (tmp_path / "job.factfile").write_text(factfile(*tasks, name='a "job" {<b>\\'))
    text = factc("dot", "job.factfile").raw_out
    done = subprocess.run([program, "-Tsvg"], input=text, capture_output=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if b"no value for width" not in line]  # fonts differ
    assert complaints == [] and done.returncode == 0
    groups = [g for g in ElementTree.fromstring(done.stdout).iter() if g.get("class") in ("node", "edge")]
    drawn = {
        g.findtext("{*}title"): "".join(t.text or "" for t in g.iter("{http://www.w3.org/2000/svg}text"))
        for g in groups
        if g.get("class") == "node"
    }
    assert [drawn[f"t{i}"].replace("\xa0", " ") for i in range(len(NAMES))] == [n.replace("\n", "\\n") for n in NAMES]
    assert len(groups) - len(drawn) == len(NAMES) - 1


def test_a_file_is_not_overwritten_by_accident(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a")))
    (tmp_path / "job.dot").write_text("mine")
    ran = factc("dot", "job.factfile", "-o", "job.dot")
    assert (ran.code, ran.err) == (3, "factc: job.dot exists already\n  help: --overwrite replaces it\n")
    assert (tmp_path / "job.dot").read_text() == "mine"
    for words in (["-o", "job.dot", "--overwrite"], ["--output", "new.dot"], ["--overwrite", "-o", "newer.dot"]):
        ran = factc("dot", "job.factfile", *words)
        assert (ran.code, ran.out) == (0, "File written successfully\n"), ran
    assert (
        (tmp_path / "job.dot").read_text() == (tmp_path / "newer.dot").read_text() == factc("dot", "job.factfile").out
    )


@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures(factc: Factc, tmp_path: Path, form: str, start: bytes) -> None:
    (tmp_path / "job.factfile").write_text(factfile(task("a"), task("b", "true", "a")))
    ran = factc("dot", "job.factfile", "--render", form)
    if "could not be drawn" in ran.err and not shutil.which("dot"):
        pytest.skip(f"no Graphviz here that draws {form}")
    if "nothing here can draw" in ran.err:
        pytest.skip("no Graphviz here")
    assert ran.code == 0 and ran.raw_out.startswith(start), ran
    ran = factc("dot", "job.factfile", "--render", form, "-o", f"job.{form}")
    assert ran.out == "File written successfully\n"
    assert (tmp_path / f"job.{form}").read_bytes().startswith(start)


def test_without_graphviz_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dot, "_found", lambda name: None)
    with pytest.raises(RequestError) as caught:
        dot.rendered("digraph {}", "svg")
    assert "apt install graphviz" in caught.value.hint and "graphviz-pure" in caught.value.hint


def test_what_graphviz_says_is_passed_on(factc: Factc, tmp_path: Path) -> None:
    program = next((path for name in dot.PROGRAMS if (path := dot._found(name))), None)
    if not program:
        pytest.skip("no Graphviz here")
    with pytest.raises(RequestError, match=r"the picture could not be drawn: .*syntax error"):
        dot.rendered("no graph at all", "svg")
