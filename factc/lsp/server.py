"""The language server: the protocol's requests as questions to the other modules, their answers as its replies.

Knows pygls; knows nothing about jobs that the other modules could tell.
"""

from __future__ import annotations

import asyncio
import os
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from factc.diagnostic import CompileError, Diagnostic, RequestError
from factc.fmt import formatted
from factc.lsp import completion, symbols
from factc.lsp.hover import hover
from factc.lsp.index import JOB, PARAM, POOL, RULE, SECRET, USE
from factc.lsp.library import File, Library
from factc.lsp.lines import Lines
from factc.lsp.symbols import EACH, TASK, Occurrence
from factc.source import Source, Span
from factc.syntax import is_json
from factc.syntax.fact.strings import WORD
from factc.version import __version__

PAUSE = 0.15  # seconds without a key pressed before a text is compiled

SYMBOLS = {
    JOB: types.SymbolKind.Module,
    USE: types.SymbolKind.Package,
    RULE: types.SymbolKind.Function,
    PARAM: types.SymbolKind.Variable,
    SECRET: types.SymbolKind.Key,
    POOL: types.SymbolKind.Constant,
}
KINDS = {
    completion.TASK: types.CompletionItemKind.Function,
    completion.PARAMETER: types.CompletionItemKind.Variable,
    completion.ATTRIBUTES: types.CompletionItemKind.Property,
    completion.VALUE: types.CompletionItemKind.Value,
    completion.FILE: types.CompletionItemKind.File,
    completion.WORDS: types.CompletionItemKind.Keyword,
}
Asked = (
    types.DefinitionParams
    | types.ReferenceParams
    | types.HoverParams
    | types.CompletionParams
    | types.PrepareRenameParams
    | types.RenameParams
)
RENAMED = (TASK, PARAM, POOL, EACH)


class Server(LanguageServer):
    """The server with its files; diagnostics wait until nobody has typed for a moment."""

    def __init__(self) -> None:
        super().__init__("factc", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.library = Library()
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def take(self, uri: str) -> File:
        """The file of a document as the editor has it."""
        encoding = self.workspace.position_encoding
        self.library.encoding = str(getattr(encoding, "value", encoding))
        return self.library.open(_path(uri), self.workspace.get_text_document(uri).source)

    def here(self, params: Asked) -> tuple[File, int]:
        file = self.take(params.text_document.uri)
        return file, file.lines.offset(params.position.line, params.position.character)

    # ---- diagnostics

    def check_soon(self, uri: str) -> None:
        self.no_check(uri)
        self._waiting[uri] = asyncio.get_running_loop().call_later(PAUSE, self.check, uri)

    def no_check(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting:
            waiting.cancel()

    def check(self, uri: str) -> None:
        self.no_check(uri)
        file = self.take(uri)
        version = self.workspace.get_text_document(uri).version
        found = [_diagnostic(file, d, self.library.encoding) for d in file.analysis.diagnostics]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def saved(self) -> None:
        """Compiles every open file again: one that they use may be another now."""
        for uri in list(self.workspace.text_documents):
            self.take(uri).forget()
            self.check(uri)


def serve() -> None:
    """Answers on standard input and output until the editor leaves."""
    with os.fdopen(os.dup(1), "wb") as out:  # pygls closes it at the end, and standard output is still wanted then
        made().start_io(stdout=out)


def made() -> Server:
    """The server with all that it can do."""
    server = Server()
    _documents(server)
    _questions(server)
    _changes(server)
    return server


def _documents(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.check(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.check_soon(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveTextDocumentParams) -> None:
        server.saved()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.no_check(uri)
        server.library.close(_path(uri))
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


def _questions(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        here = symbols.at(server.library, *server.here(params))
        found = symbols.definition(server.library, here.key) if here else None
        return _location(found) if found else None

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def references(params: types.ReferenceParams) -> list[types.Location]:
        here = symbols.at(server.library, *server.here(params))
        found = symbols.everywhere(server.library, here.key) if here else []
        with_declaration = params.context.include_declaration
        return [_location(one) for one in found if with_declaration or not one.statement]

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        file, offset = server.here(params)
        found = hover(server.library, file, offset)
        if found is None:
            return None
        words = types.MarkupContent(types.MarkupKind.Markdown, found[0])
        return types.Hover(words, _range(file.lines, found[1], found[2]))

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["{", "[", ",", " ", ":", "/", '"'])
    )
    def completed(params: types.CompletionParams) -> list[types.CompletionItem]:
        file, offset = server.here(params)
        return [_item(file, one, offset) for one in completion.proposals(server.library, file, offset)]

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        file = server.take(params.text_document.uri)
        return [
            types.DocumentSymbol(
                s.name.text or "?", SYMBOLS[s.kind], _range(file.lines, s.start, s.end),
                _range(file.lines, s.name.start, s.name.end), detail=s.about.split("\n")[0],
            )
            for s in file.index.statements
        ]  # fmt: skip


def _changes(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def laid_out(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        file = server.take(params.text_document.uri)
        if is_json(file.source):
            return None
        try:
            text = formatted(file.source)
        except (CompileError, RequestError):  # the diagnostics say why
            return None
        whole = _range(file.lines, 0, len(file.index.text))
        return [] if text == file.source.factfile else [types.TextEdit(whole, text)]

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def renamable(params: types.PrepareRenameParams) -> types.Range | None:
        file, offset = server.here(params)
        here = symbols.at(server.library, file, offset)
        return _range(file.lines, here.start, here.end) if here and here.key[0] in RENAMED else None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def renamed(params: types.RenameParams) -> types.WorkspaceEdit | None:
        here = symbols.at(server.library, *server.here(params))
        if here is None or here.key[0] not in RENAMED or not WORD.fullmatch(params.new_name):
            return None
        changes: dict[str, list[types.TextEdit]] = {}
        for one in symbols.everywhere(server.library, here.key):
            edit = types.TextEdit(_range(one.file.lines, one.start, one.end), params.new_name)
            changes.setdefault(_uri(one.file.path), []).append(edit)
        return types.WorkspaceEdit(changes=changes)


# ---- into the protocol's words


def _diagnostic(file: File, found: Diagnostic, encoding: str) -> types.Diagnostic:
    """A diagnostic at its place; one of another file where that is used, with its place beside it."""
    message = found.message + (f"\n{found.hint}" if found.hint else "")
    places = list(found.related)
    span = found.span
    if span and span.source.name != file.path:
        message = f"{os.path.basename(span.source.name)}:{span.source.place(span.start)[0]}: {message}"
        places.insert(0, (span, found.label or "here"))
        span = next((s for s, _ in found.related if s.source.name == file.path), None)
    return types.Diagnostic(
        _span(span, encoding) if span else _range(file.lines, 0, 0),
        message,
        severity=_severity(found),
        code=found.code,
        source="factc",
        related_information=[
            types.DiagnosticRelatedInformation(types.Location(_uri(s.source.name), _span(s, encoding)), words)
            for s, words in places
        ],
    )


def _severity(found: Diagnostic) -> types.DiagnosticSeverity:
    """What only lacks a value, as it may while a job is written, is no mistake of the text."""
    if found.code.startswith("E5"):
        return types.DiagnosticSeverity.Information
    return types.DiagnosticSeverity.Error if found.severity == "error" else types.DiagnosticSeverity.Warning


def _item(file: File, found: completion.Proposal, offset: int) -> types.CompletionItem:
    edit = types.TextEdit(_range(file.lines, found.start, offset), found.text)
    return types.CompletionItem(
        found.label, kind=KINDS[found.kind], detail=found.detail or None, text_edit=edit, filter_text=found.text
    )


def _location(found: Occurrence) -> types.Location:
    return types.Location(_uri(found.file.path), _range(found.file.lines, found.start, found.end))


def _span(span: Span, encoding: str) -> types.Range:
    """The place of a span, whose offsets count carriage returns too."""
    return _range(_lines(span.source, encoding), span.start, span.end)


@lru_cache(maxsize=8)
def _lines(source: Source, encoding: str) -> Lines:
    return Lines(source.text, encoding)


def _range(lines: Lines, start: int, end: int) -> types.Range:
    return types.Range(types.Position(*lines.position(start)), types.Position(*lines.position(end)))


def _path(uri: str) -> str:
    """The path of a document; of one that is in no file, a name that no file has."""
    parts = urlsplit(uri)
    return os.path.normpath(uris.to_fs_path(uri) or uri) if parts.scheme == "file" else unquote(uri)


def _uri(path: str) -> str:
    return (uris.from_fs_path(os.path.normpath(path)) or path) if os.path.isabs(path) else path
