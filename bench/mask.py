"""What masking costs: CPU time to make a mask, and megabytes a second through it. `python -m bench.mask`."""

from __future__ import annotations

import importlib.util
import random
import time
from base64 import b64encode
from collections.abc import Callable

from factc.secrets.heads import Automaton, Blocks
from factc.secrets.mask import Mask

PIECE = 65_536


def log(lines: int) -> bytes:
    """Ordinary lines of a log."""
    some = random.Random(1)
    return b"".join(
        b"2024-05-%02d 12:%02d:%02d,%03d INFO [worker-%d] module/part_%d.py: copied %d files to s3://b/%s in %.1f s\n"
        % (
            some.randrange(1, 30), some.randrange(60), some.randrange(60), some.randrange(1000), some.randrange(9),
            some.randrange(40), some.randrange(9999), some.randbytes(4).hex().encode(), some.random() * 90,
        )
        for _ in range(lines)
    )  # fmt: skip


def cost(work: Callable[[], object]) -> float:
    """CPU seconds, the least of three."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(3))


def through(mask: Mask, data: bytes) -> None:
    stream = mask.stream()
    for at in range(0, len(data), PIECE):
        stream.feed(data[at : at + PIECE])
    stream.rest()


def main() -> None:
    data, some = log(40_000), random.Random(2)
    secrets = {
        "one word": b"hunter22-and-more",
        "one short word": b"hunt",
        "1,000 lines": b"\n".join(b64encode(some.randbytes(9)) for _ in range(1000)),
        "10,000 lines": b"\n".join(b64encode(some.randbytes(9)) for _ in range(10_000)),
    }
    finders = {"standard library": Blocks}
    if importlib.util.find_spec("ahocorasick_rs"):
        finders["ahocorasick_rs"] = Automaton
    for by, finder in finders.items():
        for name, secret in secrets.items():
            made = cost(lambda secret=secret, finder=finder: Mask([secret], finder))
            mask = Mask([secret], finder)
            rate = len(data) / cost(lambda mask=mask: through(mask, data)) / 1e6
            print(f"{by:18} {name:16} made in {made:6.3f} s, {rate:6.1f} MB/s")


if __name__ == "__main__":
    main()
