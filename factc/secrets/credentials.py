"""What looks like a credential: keys, tokens and passwords that stand in a text as they are.

Knows patterns and placeholders; knows no job, and whether a key is good it asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

# A text in quotes, or a word of shell text.
_LITERAL = r"""(?:'(?P<single>[^'\n]+)'|\\?"(?P<double>(?:\\[^"\n]|[^"\\\n])+)\\?"|(?P<bare>[^\s'"\\;|&()]+))"""
_PASSWORD = r"(?:password|passwd|passphrase|api[_-]?key|secret[_-]?(?:access[_-]?)?key|private[_-]?token|" \
    r"(?:access|auth|api|bearer|oauth)[_-]?token)"  # fmt: skip
_PASSWORDS = rf"(?:(?:[\w-]*[_-])?{_PASSWORD}|[\w-]+[_-](?:pass|pwd)|PGPASSWORD)"
_TOKENS = r"(?:(?:[\w-]*[_-])?(?:secret|token))"
_SAME_COMMAND = r"[^\n|;&]{0,2000}?[ \t]"
_USER = r"(?:\{\{[^{}\n]*\}\}|\$\{\w+\}|[^\s:/@'\"{}])*"
_BEGIN, _END = r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----", r"-----END [A-Z0-9 ]*-----"
_SCHEME = r"(?:Bearer|Basic|Token|Digest)"


_Rule = tuple[str, list[str], str, bool]


def _rule(kind: str, words: str, pattern: str, folded: bool = False) -> _Rule:
    """What the literal is; words of which one stands, in whatever case, in any text that has it; how it is found."""
    return kind, words.split(), pattern, folded


def _folded(kind: str, words: str, pattern: str) -> _Rule:
    return _rule(kind, words, pattern, True)


# The literal is the group `token`, or that of `_LITERAL` which matched.
_WORDS = "pass pwd api secret token"
_PASSWORD_KIND, _TOKEN_KIND = "a password", "a token"
_RULES = (
    _rule("an AWS access key id", "akia asia", r"\b(?P<token>(?:AKIA|ASIA)[A-Z0-9]{16})\b"),
    _rule("a private key", "-----begin", rf"(?P<token>{_BEGIN}(?:\s|\\[rn])*[A-Za-z0-9+/]{{4}}[^-]*(?:{_END})?)"),
    _rule("a token of GitHub", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
          r"\b(?P<token>gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})"),
    _rule("a token of GitLab", "glpat- glptt- gldt- glrt- glcbt- glsoat- glft-",
          r"\b(?P<token>gl(?:pat|ptt|dt|rt|cbt|soat|ft)-[\w-]{16,})"),
    _rule("a token of Slack", "xox xapp-", r"\b(?P<token>xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})"),
    _rule("a webhook of Slack", "hooks.slack.com", r"(?P<token>https://hooks\.slack\.com/services/T\w+/B\w+/\w+)"),
    _rule("a key of Stripe", "k_live_ k_test_", r"\b(?P<token>[rs]k_(?:live|test)_[A-Za-z0-9]{10,})"),
    _rule("a webhook secret", "whsec_", r"\b(?P<token>whsec_[A-Za-z0-9+/=_-]{16,})"),
    _rule("an API key", "aiza npm_ pypi- sk-",
          r"\b(?P<token>AIza[\w-]{35}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{40,}|sk-[\w-]{32,})"),
    _rule("a signed token (JWT)", "eyj", r"\b(?P<token>eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"),
    _rule(_PASSWORD_KIND, "mysql mariadb", rf"\b(?:mysql\w*|mariadb(?:-\w+)?)\b{_SAME_COMMAND}['\"]?-p{_LITERAL}"),
    _rule(_PASSWORD_KIND, "sshpass", rf"\bsshpass{_SAME_COMMAND}['\"]?-p(?:['\"]?[ \t]+)?{_LITERAL}"),
    _rule(_PASSWORD_KIND, "curl",
          rf"\bcurl\b{_SAME_COMMAND}['\"]?(?:-u|--user)['\"]?[ \t=]*['\"]?[^\s'\":]*:(?P<token>[^\s'\"]+)"),
    _folded("a password in a URL", "://", rf"\b[a-z][a-z0-9+.-]{{0,30}}://{_USER}:(?P<token>[^\s/@'\"]+)@"),
    _folded(_PASSWORD_KIND, _WORDS, rf"(?<![\w-])--?(?:{_PASSWORDS}|token)(?:=|[ \t]+|['\"] +(?=['\"])){_LITERAL}"),
    _folded(_PASSWORD_KIND, _WORDS, rf"(?<![\w-]){_PASSWORDS}=(?!=){_LITERAL}"),
    _folded(_TOKEN_KIND, _WORDS, rf"(?<![\w-]){_TOKENS}=(?!=){_LITERAL}"),
    _folded(_PASSWORD_KIND, _WORDS, rf"""\\?["']{_PASSWORDS}\\?["'][ \t]*:[ \t]*(?=\\?["']){_LITERAL}"""),
    _folded("a token in a header", "authorization",
            rf"\bAuthorization['\"]?:[ \t]*['\"]?(?:{_SCHEME}[ \t]+)?(?!{_SCHEME}\b)(?P<token>[^\s'\"\\]+)"),
    _folded("a token in a header", "api-key auth-token private-token",
            r"\b(?:X-Api-Key|X-Auth-Token|Private-Token|Api-Key):[ \t]*(?P<token>[^\s'\"\\]+)"),
)  # fmt: skip

# Filled in elsewhere: by the shell, by factc, by another tool's template, or by the reader.
_FILLED = re.compile(
    r"\$[\w({@*#?!$-]|\{\{|\}\}|`|%[sdq(]|%\w+%|^<.*>?$|^[\[(]|\*\*\*|^\.\*|^[.*]+$|\.\.\.|…|"
    r"^(?:[A-Z]+_)*(?:PASSWORD|PASSWD|SECRET|TOKEN|KEY)(?:_[A-Z]+)*$"
)
_NO_VALUE = re.compile(r"(?:true|false|yes|no|on|off|none|null|nil|undefined|stdin|prompt|ask)$", re.IGNORECASE)
# Where a value is to be read: a file, a variable or a store, as curl, openssl and others write it.
_ELSEWHERE = re.compile(r"[@~/]|\.{1,2}/|(?:file|env|fd|stdin|arn|vault|op|ssm):")
_SHORT_TOKEN = 8  # `token=next` is no credential


class Found:
    """A literal at `start` up to `end` of a text, and what it looks like."""

    __slots__ = ("start", "end", "kind")

    def __init__(self, start: int, end: int, kind: str) -> None:
        self.start = start
        self.end = end
        self.kind = kind

    def __repr__(self) -> str:
        return f"Found({self.start}, {self.end}, {self.kind!r})"


def find(text: str) -> list[Found]:
    """The literals of a text that look like credentials, in order, none within another."""
    found = sorted(_all(text), key=lambda f: (f.start, -f.end))
    kept: list[Found] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def named(name: str, value: str) -> bool:
    """Whether a value is a credential by the name it has: a variable's, or a parameter's."""
    if _compiled(_TOKENS, True).fullmatch(name):
        return len(value) >= _SHORT_TOKEN and _meant(value)
    return bool(_compiled(_PASSWORDS, True).fullmatch(name)) and _meant(value)


def opening(literal: str) -> str:
    """So much of a literal that its author knows it again: never all of it."""
    return literal[: min(4, len(literal) // 2)].split("\n")[0] + "…"


def _all(text: str) -> Iterator[Found]:
    folded = text.lower()
    for kind, words, pattern, folding in _RULES:
        if not any(word in folded for word in words):
            continue
        for match in _compiled(pattern, folding).finditer(text):
            group = next(name for name, value in match.groupdict().items() if value is not None)
            literal = match.group(group)
            if (kind != _TOKEN_KIND or len(literal) >= _SHORT_TOKEN) and _meant(literal, group == "token"):
                yield Found(*match.span(group), kind)


@cache
def _compiled(pattern: str, folded: bool) -> re.Pattern[str]:
    """Only where it is needed: most texts hold nothing of most kinds, and all of them take longer than all else."""
    return re.compile(pattern, re.IGNORECASE if folded else 0)


def _meant(literal: str, token: bool = False) -> bool:
    """Whether a literal is the thing itself, not a word that stands for it."""
    end = re.sub(r"[\W_]", "", literal).lower()[-8:]
    if len(literal) < 3 or len(set(end)) == 1 or _FILLED.search(literal) or _NO_VALUE.match(literal):
        return False
    return token or not (literal.startswith("-") or _ELSEWHERE.match(literal))
