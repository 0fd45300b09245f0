"""`factc lsp`: a language server for editors, on standard input and output."""

from __future__ import annotations

import sys

from factc.cli.shared import SUCCESS
from factc.cli.shared.options import bare_parser
from factc.diagnostic import RequestError
from factc.record.commands import word


def run(arguments: list[str]) -> int:
    words = "Answers an editor on standard input and output, in the Language Server Protocol. Editors start it."
    made = bare_parser("lsp", words, "[OPTIONS]")
    made.anywhere = True
    made.add_argument("--stdio", action="store_true", help="what it does anyway; some editors say so")
    made.parse(arguments)
    try:
        from factc.lsp.server import serve
    except ModuleNotFoundError as problem:
        if (problem.name or "").split(".")[0] not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        words = f"`factc lsp` needs the library {problem.name}, which is not installed"
        raise RequestError(words, f"{word(sys.executable)} -m pip install 'pygls>=2,<3'") from None
    serve()
    return SUCCESS
