"""The language server, as an editor talks to it: over the standard streams of a real process."""

from __future__ import annotations

import importlib.util
import json
import queue
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from factc.lsp.index import Index
from factc.lsp.lines import UTF8, UTF16, UTF32, Lines
from factc.lsp.words import ATTRIBUTE
from factc.source import Source
from tests.conftest import ROOT, Ran, environment

if importlib.util.find_spec("pygls") is None:
    pytest.skip("pygls is not here", allow_module_level=True)

INNER = """\
job report

param day

## Collects what came.
collect:
    ./collect.sh {{day}}

make: collect
    ./make.sh
"""
OUTER = """\
job daily

param day
pool disk = 2

## Loads one day.
[pool disk]
load:
    echo {{day}}

[each region in eu us]
check: load
    echo {{region}} {{day}}

"clean up": check[eu]
    true

use "report.fact" as report: load
    day = {{day}}

publish: report report/make "clean up"
    true
"""


class Editor:
    """A client of the protocol: sends requests, waits for their answers, keeps the diagnostics."""

    def __init__(self, folder: Path, *, encodings: list[str] | None = None) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "factc", "lsp", "--stdio"]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(PYTHONWARNINGS="default"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._complaints)]
        for thread in self._threads:
            thread.start()
        self._number = 0
        self._versions: dict[str, int] = {}
        self.published: dict[str, list[dict[str, Any]]] = {}
        general = {"general": {"positionEncodings": encodings}} if encodings else {}
        answer = self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": general})
        self.capabilities = answer["capabilities"]
        self.tell("initialized", {})

    def enter(self, folder: Path) -> None:
        """From now on files lie there, and nothing was heard of them."""
        self.folder = folder
        self.published.clear()
        self.errors.clear()

    def leave(self) -> None:
        """Closes what is open."""
        for name in self._versions:
            self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})
        self._versions.clear()

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Opens a file and waits for what is said of it."""
        document = {"uri": self.uri(name), "languageId": "fact", "version": 1, "text": text}
        self._versions[name] = 1
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(name)

    def change(self, name: str, text: str) -> None:
        self._versions[name] += 1
        document = {"uri": self.uri(name), "version": self._versions[name]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def diagnostics(self, name: str) -> list[dict[str, Any]]:
        """Waits for the next diagnostics of a file."""
        uri = self.uri(name)
        self.published.pop(uri, None)
        while uri not in self.published:
            self._next()
        return self.published[uri]

    def at(self, method: str, name: str, text: str, words: str, *, after: bool = False, **more: Any) -> Any:
        """Asks about the place of `words` in a text: its first character, or behind it."""
        offset = text.index(words) + (len(words) if after else 0)
        before = text[:offset].split("\n")
        position = {"line": len(before) - 1, "character": len(before[-1])}
        params = {"textDocument": {"uri": self.uri(name)}, "position": position, **more}
        return self.ask(f"textDocument/{method}", params)

    def labels(self, name: str, text: str, words: str) -> list[str]:
        """What is proposed behind `words`."""
        return [item["label"] for item in self.at("completion", name, text, words, after=True)]

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def close(self) -> int:
        self.ask("shutdown", None)
        self.tell("exit", None)
        code = self.process.wait(20)
        self.end()
        return code

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        message = self._heard.get(timeout=30)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.published[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def _listen(self) -> None:
        out = self.process.stdout
        assert out
        while line := out.readline():
            length = 0
            while line.strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                line = out.readline()
            self._heard.put(json.loads(out.read(length)))

    def _complaints(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.errors.append(line.decode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One for all tests: to start it takes longer than what any of them asks."""
    made = Editor(tmp_path_factory.mktemp("editor"))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def editor(server: Editor, tmp_path: Path) -> Iterator[Editor]:
    """The server, with files of its own for each test."""
    (tmp_path / "report.fact").write_text(INNER)
    server.enter(tmp_path)
    yield server
    server.leave()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Editor]:
    """A server that the test may end."""
    (tmp_path / "report.fact").write_text(INNER)
    made = Editor(tmp_path)
    try:
        yield made
    finally:
        made.end()


def spot(text: str, words: str, nth: int = 0) -> dict[str, int]:
    """The position of the nth occurrence of words."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(words, at + 1)
    before = text[:at].split("\n")
    return {"line": len(before) - 1, "character": len(before[-1])}


def taken(found: dict[str, Any], text: str) -> str:
    """The words of a range."""
    start, end = found["start"], found["end"]
    assert start["line"] == end["line"]
    return text.split("\n")[start["line"]][start["character"] : end["character"]]


def applied(edits: list[dict[str, Any]], text: str) -> str:
    lines = Lines(text)
    for edit in sorted(
        edits, key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]), reverse=True
    ):
        start = lines.offset(line=edit["range"]["start"]["line"], column=edit["range"]["start"]["character"])
        end = lines.offset(line=edit["range"]["end"]["line"], column=edit["range"]["end"]["character"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


# ---- one session for each thing that it can do


def test_a_whole_session_ends_well(session: Editor) -> None:
    assert session.open("daily.fact", OUTER) == []
    wanted = ["definitionProvider", "referencesProvider", "hoverProvider", "completionProvider", "renameProvider",
              "documentSymbolProvider", "documentFormattingProvider"]  # fmt: skip
    assert [name for name in wanted if not session.capabilities.get(name)] == []
    assert session.close() == 0, session.errors
    assert session.errors == []


def test_it_ends_with_its_editor(session: Editor) -> None:
    session.open("daily.fact", OUTER)
    assert session.process.stdin
    session.process.stdin.close()
    assert session.process.wait(20) == 0


def test_diagnostics_come_while_typing(editor: Editor) -> None:
    assert editor.open("daily.fact", OUTER) == []
    editor.change(
        "daily.fact",
        OUTER.replace('"clean up": check[eu]', '"clean up": chek').replace("report: load", "report: publish"),
    )
    found = {d["code"]: d for d in editor.diagnostics("daily.fact")}
    assert found["E102"]["severity"] == 1 and "did you mean `check`?" in found["E102"]["message"]
    text = OUTER.replace('"clean up": check[eu]', '"clean up": chek')
    assert found["E102"]["range"]["start"] == spot(text, "chek\n")
    assert found["E103"]["relatedInformation"], "the other steps of the cycle"
    editor.change("daily.fact", OUTER)
    assert editor.diagnostics("daily.fact") == []


def test_diagnostics_have_the_doubts_of_validate(editor: Editor) -> None:
    text = "job j\n\nparam spare\n\na:\n    no-such-command-here 1\n\na:\n    true\n"
    found = editor.open("j.fact", text.replace("\na:\n    true\n", ""))
    assert len(found) == 2 and {d["severity"] for d in found} == {2}
    assert next(d for d in found if d["code"] == "W401")["range"]["start"] == {"line": 5, "character": 4}
    editor.change("j.fact", text)
    (twice,) = editor.diagnostics("j.fact")
    assert twice["relatedInformation"][0]["location"]["range"]["start"] == {"line": 4, "character": 0}


def test_what_is_wrong_with_a_used_file_is_shown_where_it_is_used(editor: Editor) -> None:
    (editor.folder / "report.fact").write_text(INNER.replace("make: collect", "make: colect"))
    (found,) = editor.open("daily.fact", OUTER)
    assert found["code"] == "E102" and found["message"].startswith("report.fact:9: ")
    assert found["range"]["start"] == spot(OUTER, "report: load")
    assert found["relatedInformation"][0]["location"]["uri"] == editor.uri("report.fact")
    (editor.folder / "report.fact").write_text(INNER)
    editor.tell("textDocument/didSave", {"textDocument": {"uri": editor.uri("daily.fact")}})
    assert editor.diagnostics("daily.fact") == []


def test_a_missing_value_is_no_mistake_of_the_text(editor: Editor) -> None:
    found = editor.open("v.fact", 'job v\n\nparam x\n\n"a {{x}}":\n    true\n')
    assert [(d["code"][:2], d["severity"]) for d in found] == [("E5", 3)]


@pytest.mark.parametrize(
    ("words", "file", "place"),
    [
        ("load\n    echo {{region}}", "daily.fact", ("load:", 0)),
        ("check[eu]", "daily.fact", ("check:", 0)),
        ("report/make", "daily.fact", ("report: load", 0)),
        ("make \"clean", "report.fact", ("make:", 0)),
        ("report.fact", "report.fact", ("job", 0)),
        ('"clean up"\n    true\n', "daily.fact", ('"clean up":', 0)),
        ("region}}", "daily.fact", ("region in", 0)),
        ("day}}\n\n[each", "daily.fact", ("day\n", 0)),
        ("day = {{", "report.fact", ("day", 0)),
        ("disk]", "daily.fact", ("disk =", 0)),
    ],
)  # fmt: skip
def test_definition(editor: Editor, words: str, file: str, place: tuple[str, int]) -> None:
    editor.open("daily.fact", OUTER)
    found = editor.at("definition", "daily.fact", OUTER, words)
    assert found["uri"] == editor.uri(file)
    assert found["range"]["start"] == spot(OUTER if file == "daily.fact" else INNER, *place)


def test_definition_of_nothing_and_in_a_broken_text(editor: Editor) -> None:
    text = OUTER + "\nbroken: [[ load\n    true\n"
    editor.open("daily.fact", text)
    assert editor.at("definition", "daily.fact", text, "true") is None
    found = editor.at("definition", "daily.fact", text, "check[eu]")
    assert found["range"]["start"] == spot(text, "check:")


def test_references_go_over_files(editor: Editor) -> None:
    editor.open("daily.fact", OUTER)
    editor.open("report.fact", INNER)
    found = editor.at("references", "report.fact", INNER, "make:", context={"includeDeclaration": True})
    assert [(Path(f["uri"]).name, taken(f["range"], OUTER if "daily" in f["uri"] else INNER)) for f in found] == [
        ("daily.fact", "make"), ("report.fact", "make"),
    ]  # fmt: skip
    found = editor.at("references", "daily.fact", OUTER, "load:", context={"includeDeclaration": False})
    assert [f["range"]["start"] for f in found] == [spot(OUTER, "load\n"), spot(OUTER, "load\n", 1)]
    found = editor.at("references", "daily.fact", OUTER, "day\n", context={"includeDeclaration": True})
    assert len(found) == 4


def test_hover_tells_what_a_task_does_and_who_waits(editor: Editor) -> None:
    editor.open("daily.fact", OUTER)
    shown = editor.at("hover", "daily.fact", OUTER, "load\n    echo {{region}}")["contents"]["value"]
    assert "Loads one day." in shown and "```sh\necho {{day}}\n```" in shown and "[pool disk]" in shown
    assert "waited for by: `check[eu]`, `check[us]`, `report/collect`" in shown
    shown = editor.at("hover", "daily.fact", OUTER, "publish:")["contents"]["value"]
    assert "waits for: `report/make`, `clean up`" in shown
    shown = editor.at("hover", "daily.fact", OUTER, 'make "clean')["contents"]["value"]
    assert "./make.sh" in shown and "waits for: `collect`" in shown
    assert "a slot of a pool" in editor.at("hover", "daily.fact", OUTER, "pool disk]")["contents"]["value"]
    assert "tasks: `load`" in editor.at("hover", "daily.fact", OUTER, "disk]")["contents"]["value"]
    assert editor.at("hover", "daily.fact", OUTER, "true") is None


def test_hover_in_a_broken_text_goes_by_what_is_written(editor: Editor) -> None:
    text = OUTER + "\n[[\n"
    editor.open("daily.fact", text)
    shown = editor.at("hover", "daily.fact", text, "load:")["contents"]["value"]
    assert "waited for by: `check`, `report`" in shown


def test_secrets_of_single_tasks(editor: Editor) -> None:
    text = "job j\n\n[secret TOKEN, ok 0]\na:\n    x $TOKEN\n\n[ok 0, secret KEY TOKEN]\nb:\n    y\n"
    editor.open("daily.fact", text)
    shown = editor.at("hover", "daily.fact", text, "TOKEN]")["contents"]["value"]
    assert shown == "`TOKEN`: a secret that only these tasks see: `a`, `b`"
    assert "this task alone sees" in editor.at("hover", "daily.fact", text, "secret KEY")["contents"]["value"]
    found = editor.at("references", "daily.fact", text, "TOKEN,", context={"includeDeclaration": True})
    assert [taken(one["range"], text) for one in found] == ["TOKEN", "TOKEN"]
    editor.change("daily.fact", text + "\n[secret ")
    assert editor.labels("daily.fact", text + "\n[secret ", text + "\n[secret ") == ["TOKEN", "KEY"]


def test_completion_of_tasks(editor: Editor) -> None:
    text = OUTER + "\nlast: load re"
    editor.open("daily.fact", text)
    found = {item["label"]: item for item in editor.at("completion", "daily.fact", text, "last: load re", after=True)}
    assert {"load", "check", "clean up", "report", "report/collect", "report/make", "publish"} <= found.keys()
    assert "last" not in found
    assert found["clean up"]["textEdit"]["newText"] == '"clean up"'
    assert found["load"]["detail"] == "Loads one day."
    assert found["report/make"]["textEdit"]["range"]["start"] == spot(text, "re", text.count("re") - 1)
    assert editor.labels("daily.fact", text, "as report: ") != []


def test_completion_knows_the_last_text_that_compiled(editor: Editor) -> None:
    editor.open("daily.fact", OUTER)
    broken = OUTER.replace("check: load", "check load").replace("param day", "param")
    text = broken + "\nlast: "
    editor.change("daily.fact", text)
    assert editor.diagnostics("daily.fact")
    assert {"check[eu]", "check[us]", "load"} <= set(editor.labels("daily.fact", text, "last: "))
    text = broken + "\nlast:\n    echo {{"
    editor.change("daily.fact", text)
    assert "day" in editor.labels("daily.fact", text, "last:\n    echo {{")


def test_completion_of_parameters_attributes_and_words(editor: Editor) -> None:
    text = OUTER.replace("echo {{region}} {{day}}", "echo {{region}} {{d")
    editor.open("daily.fact", text)
    assert editor.labels("daily.fact", text, "echo {{region}} {{d") == ["region", "day"]
    for bracket, wanted in [("[", list(ATTRIBUTE)), ("[ok 0, re", list(ATTRIBUTE)), ("[ok 0,\n    ", list(ATTRIBUTE)),
                            ("[shell ", ["sh", "dash", "bash", "ksh", "zsh"]), ("[pool ", ["disk"]),
                            ("[ok ", []), ('use "', ["report.fact"]), ("pa", ["job", "param", "secret", "pool", "use"]),
                            ("x: load # ", []), ("x: load \\\n    ", None)]:  # fmt: skip
        text = f"{OUTER}\n{bracket}"
        editor.change("daily.fact", text)
        found = editor.labels("daily.fact", text, text)
        assert found == wanted if wanted is not None else "check" in found, bracket


def test_symbols(editor: Editor) -> None:
    editor.open("daily.fact", OUTER)
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri("daily.fact")}})
    assert [s["name"] for s in found] == ["daily", "day", "disk", "load", "check", "clean up", "report", "publish"]
    load = found[3]
    assert load["range"]["start"] == spot(OUTER, "## Loads") and taken(load["selectionRange"], OUTER) == "load"
    assert load["detail"] == "Loads one day."


def test_formatting(editor: Editor) -> None:
    untidy = OUTER.replace("check: load", "check :   load").replace("    true", "  true")
    editor.open("daily.fact", untidy)
    params = {"textDocument": {"uri": editor.uri("daily.fact")}, "options": {"tabSize": 4, "insertSpaces": True}}
    edits = editor.ask("textDocument/formatting", params)
    assert applied(edits, untidy) == OUTER
    editor.change("daily.fact", OUTER)
    assert editor.ask("textDocument/formatting", params) == []
    editor.change("daily.fact", "[[")
    assert editor.ask("textDocument/formatting", params) is None


def test_rename_goes_over_files(editor: Editor) -> None:
    editor.open("daily.fact", OUTER)
    edit = editor.at("rename", "daily.fact", OUTER, 'make "clean', newName="draw")
    assert applied(edit["changes"][editor.uri("report.fact")], INNER) == INNER.replace("make:", "draw:")
    assert applied(edit["changes"][editor.uri("daily.fact")], OUTER) == OUTER.replace("report/make", "report/draw")
    edit = editor.at("rename", "daily.fact", OUTER, '"clean up":', newName="tidy")
    assert applied(edit["changes"][editor.uri("daily.fact")], OUTER) == OUTER.replace('"clean up"', "tidy")
    edit = editor.at("rename", "daily.fact", OUTER, "region in", newName="part")
    assert applied(edit["changes"][editor.uri("daily.fact")], OUTER) == OUTER.replace("region", "part")
    assert editor.at("rename", "daily.fact", OUTER, "load:", newName="two words") is None
    assert editor.at("prepareRename", "daily.fact", OUTER, "daily") is None


@pytest.mark.parametrize("encoding", [UTF8, UTF16, UTF32])
def test_columns_count_as_agreed(tmp_path: Path, encoding: str) -> None:
    editor = Editor(tmp_path, encodings=[encoding])
    try:
        text = 'job j\n\n"é😀": x\n    true\n'
        assert editor.capabilities["positionEncoding"] == encoding
        (found,) = editor.open("j.fact", text)
        assert found["range"]["start"]["character"] == {UTF8: 10, UTF16: 7, UTF32: 6}[encoding]
    finally:
        editor.end()


def test_carriage_returns_and_files_that_are_not_saved(editor: Editor) -> None:
    text = OUTER.replace("\n", "\r\n").replace('use "report.fact" as report: load\r\n    day = {{day}}\r\n\r\n', "")
    text = text.replace("report report/make ", "nothing ")
    (found,) = editor.open("daily.fact", text)
    assert found["range"]["start"] == spot(text, "nothing")
    found = editor.at("definition", "daily.fact", text, "check[eu]")
    assert found["range"]["start"] == spot(text, "check:")


# ---- beside the protocol


def test_without_pygls_it_says_how_to_get_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pygls'] = None; from factc.cli import main; sys.exit(main(['lsp']))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and done.stdout == ""
    assert "-m pip install 'pygls>=2,<3'" in done.stderr and "pygls" in done.stderr


def test_the_verb_takes_no_job(factc: Callable[..., Ran]) -> None:
    assert factc("lsp", "job.fact").code == 3
    assert "Language Server Protocol" in " ".join(factc("lsp", "--help").out.split())


def test_there_are_words_for_every_attribute() -> None:
    from factc.syntax.fact.attributes import ATTRIBUTES

    assert list(ATTRIBUTE) == list(ATTRIBUTES)


def test_the_index_reads_samples_whole_and_cut_anywhere() -> None:
    for path in sorted((ROOT / "samples").glob("*.fact")):
        text = path.read_text()
        for end in range(0, len(text), 37):
            Index(Source("x", text[:end]))
        for statement in Index(Source("x", text)).statements:
            assert statement.start <= statement.head <= statement.name.start < statement.name.end <= statement.end


def test_braces_of_other_tools_are_no_tags() -> None:
    text = "job j\n\nparam x\n\n[ok 0, verbatim]\na:\n    echo {{x}}\n\nb:\n    echo {{x}}\n"
    tags = [(s.name.text, [tag.text for tag in s.tags]) for s in Index(Source("x", text)).statements]
    assert tags == [("j", []), ("x", []), ("a", []), ("b", ["x"])]


@pytest.mark.parametrize("encoding", [UTF8, UTF16, UTF32])
def test_lines_there_and_back(encoding: str) -> None:
    lines = Lines("aé😀b\n\n😀\nend", encoding)
    for offset in range(len(lines.text) + 1):
        assert lines.offset(*lines.position(offset)) == offset
    assert lines.offset(0, 99) == 4 and lines.offset(99, 0) == len(lines.text)


@pytest.mark.large
def test_a_thousand_tasks_are_answered_at_once(tmp_path: Path) -> None:
    """Median answer right after a change, each kind of question; printed with `-s`."""
    rules = "".join(
        f"\n## Number {i}.\nt{i}: {f't{i - 1} t{i // 2}' if i else ''}\n    echo {{{{day}}}} {i}\n" for i in range(1000)
    )
    text = f"job big\n\nparam day\n{rules}"
    editor = Editor(tmp_path)
    try:
        editor.open("big.fact", text)
        times: dict[str, list[float]] = {}
        for n in range(15):
            now = f"{text}\nlast{n}: t5"
            for method, more in [("definition", {}), ("references", {"context": {"includeDeclaration": True}}),
                                 ("hover", {}), ("completion", {}), ("prepareRename", {})]:  # fmt: skip
                now += " "
                editor.change("big.fact", now)
                began = time.perf_counter()
                editor.at(method, "big.fact", now, "t998 t499", **more)
                times.setdefault(method, []).append(time.perf_counter() - began)
            began = time.perf_counter()
            editor.change("big.fact", now + "\n")
            editor.diagnostics("big.fact")
            times.setdefault("diagnostics", []).append(time.perf_counter() - began)
        medians = {method: statistics.median(some) for method, some in times.items()}
        print({method: f"{1000 * median:.0f} ms" for method, median in medians.items()})
        assert len(medians) == 6
    finally:
        editor.end()
