"""Words as they are typed in bash, and what is written into one so that it becomes what was meant.

Knows the quotes of bash, and that the last may still be open; expands nothing.
"""

from __future__ import annotations

from factc.shell_completion.answer import Answer

BARE, SINGLE, DOUBLE, DOLLAR = "", "'", '"', "$'"

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
# `!` calls history up in double quotes, and to be sure where the reader of history has lost count of the quotes.
_DOUBLE = {**{character: "\\" + character for character in '\\"$`'}, "!": '"\\!"'}
_LAST = {'"': '"\\"', "!": '"\\!""'}
_DOLLAR = {character: f"\\{ord(character):03o}" for character in "\\'!"}


def unquoted(word: str) -> str:
    """What bash would make of a word that it expands nothing in."""
    return read(word)[0]


def read(word: str) -> tuple[str, str]:
    """What a word means so far, and the quote that is open at its end. A backslash at the end means nothing yet."""
    plain, quote, at = "", BARE, 0
    while at < len(word):
        character = word[at]
        if character == "\\" and quote != SINGLE:
            text, at = _escaped(word, at, quote)
            plain += text
        elif quote:
            if character == quote[-1]:
                quote = BARE
            else:
                plain += character
            at += 1
        elif word.startswith((DOLLAR, '$"'), at):
            quote = DOLLAR if word[at + 1] == "'" else DOUBLE
            at += 2
        else:
            quote = character if character in (SINGLE, DOUBLE) else BARE
            plain += "" if quote else character
            at += 1
    return plain, quote


def written(text: str, quote: str) -> str:
    """A text as it is typed where that quote is open: nothing in it is expanded, called up or executed.

    readline closes the quote behind it, unless there stands such a quote already.
    """
    if quote == SINGLE:
        return text.replace("'", "'\\''") if text[-1:] != "'" else written(text[:-1], quote) + "'\\'"
    if quote == DOUBLE:
        last = _LAST.get(text[-1:])
        return "".join(_DOUBLE.get(c, c) for c in (text[:-1] if last else text)) + (last or "")
    if quote == DOLLAR:
        return "".join(_DOLLAR.get(character, character) for character in text)
    return "".join(c if c in _PLAIN or not c.isascii() else "\\" + c for c in text)


def _escaped(word: str, at: int, quote: str) -> tuple[str, int]:
    """What a backslash and what is behind it mean, and where that ends."""
    behind = word[at + 1 : at + 2]
    if quote == DOLLAR and behind and behind in "01234567":
        digits = word[at + 1 : at + 4]
        return chr(
            int(digits, 8) if len(digits) == 3 and digits.isdecimal() and max(digits) < "8" else 0
        ), at + 1 + len(digits)
    if quote and behind and behind not in ("\\'" if quote == DOLLAR else '\\"$`'):
        return "\\" + behind, at + 2
    return behind, at + 2


def as_typed(answer: Answer, typed: str, replaced: str) -> Answer:
    """An answer as it is typed in the place of `replaced`, the end of the word that was typed so far."""
    if not typed.endswith(replaced):
        return Answer(answer.kind)
    kept, quote = read(typed[: len(typed) - len(replaced)])
    words = [(word, about) for word, about in answer.words if word.startswith(kept)]
    return Answer(answer.kind, [(written(word[len(kept) :], quote), about) for word, about in words])
