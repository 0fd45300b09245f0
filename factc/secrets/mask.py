"""The mask: bytes as they come, with every secret in them replaced by `***`.

Knows no task, file, screen or network, and forgets what has gone through. A secret is found too where control
sequences part it that no screen shows, and where an encoder has put line ends into it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import chain

from factc.controls import COLOUR, plain, removed, whole
from factc.secrets.forms import CONTEXT, PARTED, WRAPPED, forms
from factc.secrets.heads import REACH, finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from factc.secrets.heads import Finder

STARS = b"***"
SPARE = 65_536  # bytes that no screen shows and that may stand within a secret, before they are thrown away
_HEAD = 4  # bytes by which forms are told apart first; none is shorter
_NEAR = 64  # bytes that are compared first

Span = tuple[int, int]


class Mask:
    """The forms of some secrets. False if there are none: then nothing needs to be masked.

    A secret that is printed again within itself, or into which another one runs, is covered to its very end: what is
    replaced is each stretch in which forms overlap.
    """

    __slots__ = ("longest", "_alike", "_asked", "_beginnings", "_find")

    def __init__(self, secrets: Iterable[bytes], make: Callable[[Sequence[bytes]], Finder] = finder) -> None:
        found = list(dict.fromkeys(chain.from_iterable(map(forms, secrets))))
        self._alike: dict[bytes, list[bytes]] = {}  # by their first bytes
        self._asked: dict[bytes, Alike] = {}  # of these, what output has held: a secret may have thousands of lines
        for form in found:
            self._alike.setdefault(form[:_HEAD], []).append(form)
        self._beginnings = {head[:-1] for head in self._alike}
        for size in range(_HEAD - 2, 0, -1):
            self._beginnings |= {beginning[:size] for beginning in self._beginnings}
        self._find = make(found)
        self.longest = max(map(len, found), default=0)

    def __bool__(self) -> bool:
        return bool(self._alike)

    def stream(self) -> Masker:
        """For one stream of bytes; each needs its own."""
        return Masker(self)

    def text(self, text: str) -> str:
        """A whole text, masked."""
        masker = self.stream()
        data = text.encode("utf-8", "surrogatepass")
        return (masker.feed(data) + masker.rest()).decode("utf-8", "surrogatepass")

    def find(self, data: bytes, more: bool, since: int = 0, again: Iterable[int] = ()) -> tuple[list[Span], list[int]]:
        """Where forms stand, the longest from each place on; and from where on the end may be the beginning of one.

        more: whether more will come. since: what stands before was looked at already, all but the places `again`.
        """
        start, size = max(0, since - REACH), len(data)
        places = {start + at for at in self._find(data[start:] if start else data)}.union(again)
        found: list[Span] = []
        begun: list[int] = []
        if more:
            places.update(range(max(start, size - REACH), size))
            begun = [at for at in range(max(0, size - _HEAD + 1), size) if data[at:] in self._beginnings]
        for at in places:
            head = data[at : at + _HEAD]
            if head not in self._alike:
                continue
            alike = self._asked.get(head)
            if alike is None:
                alike = self._asked[head] = Alike(self._alike[head])
            end, goes_on = alike.longest(data, at)
            if end:
                found.append((at, end))
            if goes_on and more:
                begun.append(at)
        found.sort()
        return found, begun


class Alike:
    """Forms that begin alike, in order."""

    __slots__ = ("_forms", "_inner", "_most")

    def __init__(self, forms: Iterable[bytes]) -> None:
        self._forms = sorted(forms)
        self._inner: list[int] = []  # by form, which other one is the longest that it begins with; -1 for none
        for number, form in enumerate(self._forms):
            other = number - 1
            while other >= 0 and not form.startswith(self._forms[other]):
                other = self._inner[other]
            self._inner.append(other)
        self._most = max(map(len, self._forms))

    def longest(self, data: bytes, at: int) -> tuple[int, bool]:
        """Where the longest form ends that begins there (0 for none), and whether a longer one may."""
        forms = self._forms
        if len(forms) == 1:
            if data.startswith(forms[0], at):
                return at + self._most, False
            return 0, at + self._most > len(data) and forms[0].startswith(data[at:])
        window = data[at : at + _NEAR]
        after = bisect_right(forms, window)
        if len(window) == _NEAR and after < len(forms) and forms[after].startswith(window):
            window = data[at : at + self._most]
            after = bisect_right(forms, window)
        goes_on = at + len(window) == len(data) and after < len(forms) and forms[after].startswith(window)
        number = after - 1
        while number >= 0 and not window.startswith(forms[number]):
            number = self._inner[number]  # what begins a text begins also what stands between both
        return (at + len(forms[number]) if number >= 0 else 0), goes_on


class Masker:
    """One stream on its way through a mask.

    What may be the beginning of a form is held back until more comes, or until `rest`.
    """

    __slots__ = ("_mask", "_held", "_before", "_covered", "_seen", "_found", "_begun")

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = b""
        self._before = 0  # so many of the bytes held have gone on; what comes is read in their light
        self._covered = 0  # up to here the bytes held are part of what was replaced last
        self._seen = 0  # so many were looked at, with what was found there
        self._found: list[Span] = []
        self._begun: list[int] = []

    def feed(self, data: bytes) -> bytes:
        """What may go on, now that more has come."""
        return self._passed(self._held + data, True)

    def rest(self) -> bytes:
        """What is still held back, at the end of the stream."""
        return self._passed(self._held, False)

    def _passed(self, data: bytes, more: bool) -> bytes:
        found, begun = self._mask.find(data, more, self._seen, self._begun)
        found += self._found
        begun = [at for at in begun if at >= self._before]
        held = min(begun, default=len(data))
        simple = plain(data) and not WRAPPED.search(data)
        if not simple:
            found, held = _parted(data, self._mask, more, self._before, found, held)
        out = b""
        if held > self._before:  # else all is held, as far as it was
            found.sort()
            out = self._masked(data, found, held, colours=not simple)
            found = [span for span in found if span[0] >= held]
        self._held = data
        self._seen, self._found, self._begun = (len(data), found, begun) if simple else (0, [], [])
        self._forget(held)
        return out

    def _masked(self, data: bytes, found: Sequence[Span], held: int, colours: bool) -> bytes:
        """What stands before `held`; the colours of what is covered stay, so that none runs on."""
        pieces: list[bytes] = []
        done = max(self._before, self._covered)
        for start, end in found:
            if start >= held:
                break
            if start < self._before or end <= done:
                continue
            if start >= done:
                pieces += (data[done:start], STARS)
                done = start
            if colours:
                pieces += COLOUR.findall(data, done, end)
            done = end
        pieces.append(data[done:held])
        self._covered = done
        return b"".join(pieces)

    def _forget(self, held: int) -> None:
        """What has gone on, but for a little before what is held; all is counted from there."""
        gone = max(0, held - CONTEXT)
        self._before = held - gone
        if gone:
            self._held = self._held[gone:]
            self._covered = max(0, self._covered - gone)
            self._seen = max(0, self._seen - gone)
            self._found = [(start - gone, end - gone) for start, end in self._found]
            self._begun = [at - gone for at in self._begun]
        if len(self._held) > SPARE + 2 * self._mask.longest:
            self._throw_away()

    def _throw_away(self) -> None:
        """What is held is mostly what no screen shows, such as a million NULs: only the rest of it."""
        data, end = self._held, whole(self._held)
        first, last = min(self._before, end), min(max(self._before, self._covered), end)
        covered, rest = removed(data[first:last]), removed(data[last:end])
        self._held = data[:first] + covered + rest + data[end:]
        self._covered = first + len(covered)


def _parted(data: bytes, mask: Mask, more: bool, since: int, found: list[Span], held: int) -> tuple[list[Span], int]:
    """The same for bytes of which a part is not seen: also where forms stand once that is left out.

    What has a secret in its midst and is not seen itself, such as the title of a window, is covered whole.
    """
    cut = whole(data) if more else len(data)
    pieces: list[bytes] = []
    shown: list[int] = []
    gone, done, left_out = [0], 0, 0
    sequences: list[Span] = []
    for match in PARTED.finditer(data, 0, cut):
        start, end = span = match.span()
        pieces.append(data[done:start])
        shown.append(start - left_out)
        done = end
        left_out += end - start
        gone.append(left_out)
        if match.lastgroup:
            sequences.append(span)
    pieces.append(data[done:cut])
    starts = [start for start, _ in sequences]

    def place(at: int) -> int:
        """Of a byte that is seen, in the whole."""
        return at + gone[bisect_right(shown, at)]

    def around(start: int, end: int) -> Span:
        before, behind = bisect_left(starts, start) - 1, bisect_left(starts, end) - 1
        if before >= 0 and sequences[before][1] > start:
            start = sequences[before][0]
        return start, max(end, sequences[behind][1]) if behind >= 0 else end

    apart, begun = mask.find(b"".join(pieces), more)
    found = [around(*span) for span in found] + [(place(start), place(end - 1) + 1) for start, end in apart]
    if more:
        held = min([held, cut, *(at for at in map(place, begun) if at >= since)])
        held = around(held, held)[0]
    return found, max(held, since)
