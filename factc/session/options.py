"""What the caller wants of a run, checked before anything is done.

Knows the options of a run; knows no plan and starts nothing.
"""

from __future__ import annotations

from factc.diagnostic import RequestError
from factc.digits import size
from factc.durations import given
from factc.entered import enter, named
from factc.plan import MAX_SLOTS
from factc.record import STATE_DIR
from factc.record.statedir import StateDir
from factc.runner.settings import GRACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DRAIN = 30.0  # seconds that the exit waits for webhooks
TAIL = 10_000  # characters of output per stream that events carry
SHORTEST, LONGEST = 0.001, 1_000_000_000  # seconds that a time may take: some thirty years
HEARTBEAT = 0.05  # seconds between two heartbeats at the least
AUTO = "auto"  # as many tasks at once as there are CPUs
STYLES = ("pipe", "fifo")  # of a jobserver
QUIET = "quiet"
OUTPUTS = ("stream", "group", QUIET, "raw")


class Wishes:
    """What the caller wants of a run.

    jobs: at most so many tasks at once (None: no limit; AUTO: the number of CPUs, which it is then). jobserver: False,
    True or one of STYLES: tasks share the run's slots, with each other and with what they start. pools: other
    numbers of slots for these pools. levels: Factotum's order. timeout: seconds for the whole run. grace: seconds
    between SIGTERM and SIGKILL. heartbeat: seconds, or None. tail: characters of output in events.
    drain: seconds that the end waits for webhooks; required: what they do not get is an error.
    webhook_secret, webhook_headers: the variables that hold signing secrets, and headers such as Authorization.
    secrets, secret_files: variables that hold secrets, and NAME=PATH pairs.
    output: one of OUTPUTS. state_dir: where the record goes, None for no record; trust_state_dir: it is believed
    whoever owns it; keep: how many runs of the job stay
    there; keep_size: how many bytes of them. exclusive: False, True, or a key; wait: seconds for another
    run to end. rehearse: execute nothing. stats: say at the end what the run spent where.
    start, to, arguments: what the record says of how the run was asked for. again: options to resume it with.
    files: those that the plan was made from, as the record names them.
    alone: this process does nothing but this run.
    Raises RequestError for what cannot be done.
    """

    def __init__(
        self,
        *,
        jobs: int | str | None = None,
        jobserver: bool | str = False,
        levels: bool = False,
        fail_fast: bool = False,
        timeout: float | str | None = None,
        grace: float | str = GRACE,
        webhooks: Sequence[str] = (),
        webhook_secret: str | None = None,
        webhook_headers: Sequence[str] = (),
        required: bool = False,
        heartbeat: float | str | None = None,
        drain: float | str = DRAIN,
        tail: int = TAIL,
        secrets: Sequence[str] = (),
        secret_files: Sequence[str] = (),
        output: str = "stream",
        colour: bool | None = None,
        state_dir: str | None = STATE_DIR,
        trust_state_dir: bool = False,
        keep: int | None = None,
        keep_size: int | str | None = None,
        pools: Mapping[str, int] | None = None,
        exclusive: bool | str = False,
        wait: float | str | None = None,
        rehearse: bool = False,
        stats: bool = False,
        start: str | None = None,
        to: str | None = None,
        arguments: Sequence[str] = (),
        again: str = "",
        files: Sequence[dict[str, str]] = (),
        alone: bool = False,
    ) -> None:
        self.jobs = _jobs(jobs)
        self.jobserver = STYLES[0] if jobserver is True else jobserver or None
        self.levels = levels
        self.fail_fast = fail_fast
        self.timeout = None if timeout is None else _seconds("timeout", timeout, SHORTEST)
        self.grace = _seconds("grace", grace, 0)
        self.webhooks = several("webhooks", webhooks)
        self.webhook_secret = webhook_secret
        self.webhook_headers = several("webhook_header_env", webhook_headers)
        self.required = required
        self.heartbeat = None if heartbeat is None else _seconds("heartbeat_interval", heartbeat, HEARTBEAT)
        self.drain = _seconds("webhook_drain", drain, 0)
        self.tail = tail
        self.secrets = several("secrets", secrets)
        self.secret_files = several("secret_files", secret_files)
        self.output = output
        self.colour = colour
        self.state_dir = state_dir
        self.trust_state_dir = trust_state_dir
        self.keep = keep
        self.keep_size = size(keep_size) if isinstance(keep_size, str) else keep_size
        if keep_size is not None and self.keep_size is None:
            raise RequestError(f"keep_size cannot be {keep_size!r}", "it is bytes, or a text such as 500M or 2G")
        self.pools = named("pools", pools)
        self.exclusive = exclusive
        self.wait = None if wait is None else _seconds("wait", wait, 0)
        self.rehearse = rehearse
        self.stats = stats
        self.start = start
        self.to = to
        self.arguments = list(arguments)
        self.again = again
        self.files = list(files)
        self.alone = alone
        self._check()

    @property
    def silent(self) -> bool:
        """Whether nothing is said of a run that succeeds; who asks for figures or a rehearsal wants to see them."""
        return self.output == QUIET and not (self.stats or self.rehearse)

    @property
    def keeps_some(self) -> bool:
        """Whether earlier runs may go at the end."""
        return self.keep is not None or self.keep_size is not None

    @property
    def home(self) -> StateDir:
        """Where the record goes, if one is kept."""
        return StateDir(self.state_dir or STATE_DIR, self.trust_state_dir)

    def _check(self) -> None:
        self._check_words()
        self._check_numbers()
        if self.output not in OUTPUTS:
            raise RequestError(f"`{self.output}` is no way to show output", "there are " + ", ".join(OUTPUTS))
        if self.jobserver not in (None, *STYLES):
            raise RequestError(f"`{self.jobserver}` is no way to share slots", "there are " + ", ".join(STYLES))
        if self.rehearse and self.webhooks:
            raise RequestError("webhooks do not go with a dry run: a rehearsal sends nothing")
        if self.rehearse and self.stats:
            raise RequestError("--stats does not go with a dry run: a rehearsal takes no time")
        if self.state_dir is None and (self.exclusive or self.keeps_some):
            option = "--exclusive" if self.exclusive else "--keep" if self.keep is not None else "--keep-size"
            raise RequestError(f"{option} needs a state directory: it does not go with --no-record")
        if self.wait is not None and not self.exclusive:
            raise RequestError("--wait waits for another run of the job: it goes with --exclusive")
        if not self.webhooks and (self.webhook_secret or self.webhook_headers or self.required):
            raise RequestError("there is no webhook to which this belongs", "give --webhook URL too")
        self._check_urls()

    def _check_words(self) -> None:
        enter([
            ("start", self.start), ("to", self.to), ("state_dir", self.state_dir), ("output", self.output),
            ("webhook_secret_env", self.webhook_secret),
            *(("webhook_header_env", name) for name in self.webhook_headers),
            *(("webhooks", url) for url in self.webhooks), *(("secrets", name) for name in self.secrets),
            *(("secret_files", pair) for pair in self.secret_files), *(("pools", name) for name in self.pools),
        ])  # fmt: skip
        if not isinstance(self.exclusive, bool):
            enter([("exclusive", self.exclusive)])

    def _check_numbers(self) -> None:
        """What the command line cannot say, a caller of the API can."""
        _whole("jobs", self.jobs, 1, none=True)
        _whole("keep", self.keep, 0, none=True)
        _whole("keep_size", self.keep_size, 0, none=True)
        _whole("max_stdouterr_size", self.tail, 0)
        for name, slots in self.pools.items():
            _whole(f"the pool {name}", slots, 1, MAX_SLOTS)

    def _check_urls(self) -> None:
        if self.webhooks:
            from factc.urls import check_url, shown_url

            for url in self.webhooks:
                if reason := check_url(url):
                    raise RequestError(f"the webhook URL {shown_url(url)} cannot be used: {reason}")


def several(name: str, words: Sequence[str]) -> list[str]:
    """A list of words. One word is a sequence of its letters, too, which nobody means."""
    if isinstance(words, (str, bytes)):
        raise RequestError(f"{name} takes a list, not one word", f"write {name}=[…]")
    return list(words)


def _whole(name: str, value: object, least: int, most: int | None = None, *, none: bool = False) -> None:
    if none and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most and value > most):
        words = f"from {least} to {most:,}" if most else f"from {least} on"
        raise RequestError(f"{name} cannot be {value!r}", f"it is a whole number {words}{' or None' * none}")


def _seconds(name: str, value: object, least: float) -> float:
    seconds = given(value)
    if seconds is None or not least <= seconds <= LONGEST:
        words = f"it is seconds, or a text such as 90s or 1h30m, from {least:g} to {LONGEST:,} seconds"
        raise RequestError(f"{name} cannot be {value!r}", words)
    return seconds


def _jobs(value: int | str | None) -> int | None:
    """The number that is meant."""
    if value == AUTO:
        from factc.session.cpus import available

        return available()
    if isinstance(value, str):
        raise RequestError(f"jobs cannot be {value!r}", f"it is a whole number from 1 on, {AUTO!r} or None")
    return value
