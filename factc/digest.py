"""SHA-256 in hex, without loading OpenSSL: that alone would take a third of the time of a start.

Python's own implementation gives the same digests; where it is not built in, `hashlib` does the work.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def sha256_hex(parts: Iterable[bytes]) -> str:
    """The digest over all parts, one after the other: 64 lower-case hex digits."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return str(digest.hexdigest())
