"""Text as a person may see it: control characters and line separators as escapes.

Knows characters; knows no terminal.
"""

from __future__ import annotations

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def visible(words: str) -> str:
    """The text in one line that no terminal takes for an order."""
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() or c == "\u3000" else _escape(c) for c in words)


def _escape(character: str) -> str:
    code = ord(character)
    escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return _SHORT.get(character, escape)
