"""Where in some bytes a form may begin: the home of `ahocorasick_rs`, and what does its work where that is missing.

Both look for the first bytes of forms, for all of them at once; whether a form stands there others find out.
"""

from __future__ import annotations

from itertools import compress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal, Protocol

    Code = Literal["Q", "I"]

    class Finder(Protocol):
        """Finds at the least each place where a whole form begins, and may find others."""

        def __call__(self, data: bytes) -> Iterable[int]: ...


HEAD = 8  # bytes of a form that the automaton knows
FEW = 2000  # forms for which more memory buys speed
REACH = 15  # so many bytes of a form are enough to be found by

# The bytes are cut into blocks, and these are looked up. A form of at least so many bytes covers a whole block wherever
# it stands, and that block begins in one of the form's first `step` bytes; `step` is also how far two cuts are apart.
# Long forms are found fastest; what a row is for ends where the row above begins.
_ROWS: tuple[tuple[Code, int, int, int], ...] = (
    ("Q", 8, 8, 15), ("I", 4, 4, 7), ("I", 4, 1, 4),
)  # fmt: skip  # code and size of a block, step, bytes of a form


def finder(forms: Sequence[bytes]) -> Finder:
    """The fastest one that can be had here. No form may have less than 4 bytes."""
    try:
        import ahocorasick_rs  # noqa: F401
    except ImportError:
        return Blocks(forms)
    return Automaton(forms)


class Blocks:
    """By the standard library alone."""

    __slots__ = ("_rows",)

    def __init__(self, forms: Sequence[bytes]) -> None:
        self._rows: list[tuple[Code, int, int, dict[int, tuple[int, ...]]]] = []
        left = forms
        for code, size, step, least in _ROWS if len(forms) <= FEW else _ROWS[-1:]:
            blocks = _blocks([form for form in left if len(form) >= least], code, size, step)
            left = [form for form in left if len(form) < least]
            if blocks:
                self._rows.append((code, size, step, blocks))

    def __call__(self, data: bytes) -> Iterable[int]:
        return [at for row in self._rows for at in _found(data, *row)]


def _blocks(forms: Sequence[bytes], code: Code, size: int, step: int) -> dict[int, tuple[int, ...]]:
    """By each block, how many bytes of a form stand before it."""
    found: dict[int, tuple[int, ...]] = {}
    if step == 1:
        return dict.fromkeys(memoryview(b"".join({form[:size] for form in forms})).cast(code), (0,))
    for offset in range(step):
        heads = b"".join({form[offset : offset + size] for form in forms})
        for block in memoryview(heads).cast(code):
            found[block] = (*found.get(block, ()), offset)
    return found


def _found(data: bytes, code: Code, size: int, step: int, blocks: dict[int, tuple[int, ...]]) -> Iterator[int]:
    whole, known = memoryview(data), blocks.keys()
    for start in range(0, size, step):
        end = start + (len(data) - start) // size * size
        if end <= start:
            return
        view = whole[start:end].cast(code)
        if known.isdisjoint(view):  # as nearly always
            continue
        for at in compress(range(len(view)), map(blocks.__contains__, view)):
            for offset in blocks[view[at]]:
                if (begin := start + at * size - offset) >= 0:
                    yield begin


class Automaton:
    """By Aho and Corasick's, in native code."""

    __slots__ = ("_automaton",)

    def __init__(self, forms: Sequence[bytes]) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        size = HEAD if len(forms) <= FEW else 5  # quickly made
        self._automaton = BytesAhoCorasick(list({form[:size] for form in forms}))

    def __call__(self, data: bytes) -> Iterable[int]:
        return [at for _, at, _ in self._automaton.find_matches_as_indexes(data, overlapping=True)]
