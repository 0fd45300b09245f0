"""`factc dot`: the job as a graph, as DOT text or as a picture."""

from __future__ import annotations

from factc.cli.shared.errors import report
from factc.cli.shared.options import load, output, parser
from factc.cli.shared.output import tell, write_out, write_output
from factc.diagnostic import RequestError


def run(arguments: list[str]) -> int:
    made = parser("dot", "Draws the job: DOT text, or with --render a picture.")
    output(made.add_argument, "FILE")
    made.add_argument("--render", choices=("svg", "png", "pdf"), help="a picture (needs Graphviz or graphviz-pure)")
    options = made.parse(arguments)
    loaded = load(options)
    report(loaded.warnings, options.colour)
    from factc.export.dot import dot_text, is_drawn, rendered

    text = dot_text(loaded.plan)
    to_file = options.output not in (None, "-")
    if options.render is None and not to_file:
        write_out(text)
        return 0
    data = rendered(text, options.render) if options.render else text.encode()
    if not to_file:
        _write_picture(data)
        return 0
    if write_output(options.output, [data], is_drawn, overwrite=options.overwrite):
        tell("File written successfully")
    return 0


def _write_picture(data: bytes) -> None:
    import sys

    if sys.stdout.isatty() and not data.startswith(b"<"):
        raise RequestError("a picture is nothing for a terminal", "write it to a file with -o FILE")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
