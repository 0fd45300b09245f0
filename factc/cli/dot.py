"""`factc dot`: the job as a graph, as DOT text or as a picture."""

from __future__ import annotations

import os

from factc.cli.complain import report
from factc.cli.options import load, parser
from factc.cli.output import write_file, write_out
from factc.diagnostic import RequestError


def run(arguments: list[str]) -> int:
    made = parser("dot", "Draws the job: DOT text, or with --render a picture.")
    made.add_argument("-o", "--output", metavar="FILE", help="the file to write; standard output if left out")
    made.add_argument("--overwrite", action="store_true", help="replace FILE if it exists")
    made.add_argument("--render", choices=("svg", "png", "pdf"), help="a picture (needs Graphviz or factc[render])")
    options = made.parse(arguments)
    if options.output and os.path.exists(options.output) and not options.overwrite:
        raise RequestError(f"{options.output} exists already", "--overwrite replaces it")
    loaded = load(options)
    report(loaded.warnings, options.colour)
    from factc.emit.dot import dot_text, rendered

    text = dot_text(loaded.plan)
    if options.render is None and not options.output:
        write_out(text)
        return 0
    data = rendered(text, options.render) if options.render else text.encode()
    if not options.output:
        _write_picture(data)
        return 0
    write_file(options.output, data)
    print("File written successfully")
    return 0


def _write_picture(data: bytes) -> None:
    import sys

    if sys.stdout.isatty() and not data.startswith(b"<"):
        raise RequestError("a picture is nothing for a terminal", "write it to a file with -o FILE")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
