"""`factc events`: the events of a run, told again from its journal."""

from __future__ import annotations

import os
import sys
import time
from itertools import chain

from factc.cli.shared.errors import say
from factc.cli.shared.options import bare_parser, home, state_dir, whole
from factc.cli.shared.output import write_out
from factc.diagnostic import RequestError
from factc.escape import visible, visible_json
from factc.record import JOURNAL, history
from factc.record.journal_file import is_locked
from factc.record.statedir import read_whole
from factc.webhooks.replay import Retelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from factc.record.recorded import Recorded
    from factc.record.statedir import Folder
    from factc.webhooks.replay import Event

POLL = 0.2  # seconds between two looks at a journal that grows
LATE = 2.0  # seconds: a fact is in the journal that long after its time at the latest


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "events",
        "Prints the events of a run, one a line, byte for byte as they went to a webhook (or would have gone).",
        "RUN [OPTIONS]",
    )
    made.add_argument(
        "run",
        metavar="RUN",
        help="a reference or its beginning, a folder's name, `last`, `last-failed`, `last-died`",
    )
    made.add_argument("--endpoint", type=whole(1), metavar="N", default=1, help="those of its Nth webhook (default: 1)")
    made.add_argument("--follow", action="store_true", help="go on until the run has ended")
    state_dir(made.add_argument)
    options = made.parse(arguments)
    found = history.find(home(options), options.run)
    count = len(found.header.endpoints)
    if options.endpoint > max(1, count):
        raise RequestError(
            f"the run {found.short} has {count} webhook{'s' * (count != 1)}, no number {options.endpoint}",
            "without --endpoint, its events are those of the first, or as they would have been",
        )
    telling = Retelling(found.journal, options.endpoint)
    if found.doubt:
        say(f"factc: {found.doubt}; only shown")
    plain = not found.doubt and not sys.stdout.isatty()
    if options.follow and found.live is not False:
        try:
            with found.folder() as folder:
                _follow(found, folder, telling, plain)
        except FileNotFoundError:
            raise RequestError(f"the record of the run {found.short} was removed meanwhile") from None
    for event in chain(telling.sealed(), telling.unsealed()):
        _print(event, plain)
    if found.journal.damage:
        say(f"factc: {visible(found.directory)}: {found.damage}")
    return 0


def _follow(found: Recorded, folder: Folder, telling: Retelling, plain: bool) -> None:
    """Prints what comes, until the run has let go of its journal; what nobody has got by then is left."""
    descriptor = folder.open(JOURNAL)
    offset = found.size
    going = True
    while going:
        live = is_locked(folder)  # asked first: what it wrote before it went is read once more
        going = live is True or (live is None and not found.journal.finished)
        for event in _certain(telling, sent=bool(found.header.endpoints)):
            _print(event, plain)
        time.sleep(POLL if going else 0)
        data = read_whole(descriptor, offset)
        whole_lines = data[: data.rfind(b"\n") + 1]
        offset += len(whole_lines)
        found.journal.feed(whole_lines)
    os.close(descriptor)
    found.journal.end()


def _certain(telling: Retelling, *, sent: bool) -> Iterator[Event]:
    """The events that will not change any more: those that were settled; where none are sent, those that are due."""
    return telling.sealed(settled=True) if sent else telling.unsealed(time.time() - LATE)


def _print(event: Event, plain: bool) -> None:
    """Byte for byte; on a terminal, and of the runs of others, with escapes for what is not printable."""
    text = event.body.decode()
    write_out((text if plain else visible_json(text)) + "\n")
