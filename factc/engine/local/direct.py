"""Shell texts that are one simple command: the command itself can be started, where a shell would do no more than that.

Knows words and quotes, and what dash and bash make of the environment that they get; starts nothing. Whatever is not
certain is left to the shell. (A value in a text is a word or a part of one there, by the quotes around it.)
"""

from __future__ import annotations

import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DASH, BASH = b"dash", b"bash"  # shells that are known
SHELLS = frozenset((b"sh", DASH, BASH))
STRICT = (b"-e", b"-o", b"pipefail", b"-c")
OPTIONS = {DASH: ((b"-c",), (b"-e", b"-c")), BASH: ((b"-c",), (b"-e", b"-c"), STRICT)}  # a single command heeds none

# What begins no simple command, or is no program of its own: in sh, dash, bash, ksh, zsh or busybox. (Nor is `setsid`
# started directly: what leads a session cannot leave it, so it would go to the background.)
OWN = frozenset(
    b"""
    . .. : ! { } [ [[ ]] alias autoload bg bind break builtin caller case cd chdir command compgen complete compopt
    continue coproc declare dirs disown do done echo elif else emulate enable end esac eval exec exit export false fc
    fg fi float for foreach function functions getln getopts hash help hist history if in integer jobs kill let limit
    local log logout mapfile nameref noglob nocorrect popd print printf pushd pushln pwd read readarray readonly
    rehash repeat return sched select set setopt setsid shift shopt source suspend test then time times trap true
    ttyctl type typeset ulimit umask unalias unfunction unhash unlimit unset unsetopt until vared wait whence where
    which while zle zmodload
    """.split()
)

PWD, OLDPWD, PATH, LEVEL, LAST = b"PWD", b"OLDPWD", b"PATH", b"SHLVL", b"_"

# Variables that a shell changes, drops or obeys. The rest it hands on as they are, if their names are such as it knows.
CHANGED = {
    DASH: frozenset("IFS LINENO OPTIND PPID".split()),
    BASH: frozenset(
        """
        CHILD_MAX COMP_WORDBREAKS COPROC DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID EXECIGNORE FUNCNAME FUNCNEST
        GLOBIGNORE GROUPS HISTCMD IFS LINENO MAPFILE OPTERR OPTIND PIPESTATUS POSIXLY_CORRECT POSIX_PEDANTIC PPID
        PS1 PS2 PS4 RANDOM SECONDS SHELLOPTS SRANDOM TEXTDOMAIN TEXTDOMAINDIR UID
        """.split()
    ),
}
PLAIN_LOCALES = (b"", b"C", b"POSIX")  # bash warns of others that the machine does not have

_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_"
_BLANK = b" \t"
_NAME = _PLAIN.translate(None, b"%=:")
_NO_FIRST = b"-+,@"

# Control characters mean something inside some shells; of those only a tab and, in quotes, a line end are taken.
# (A plain character is a part of its own: a repeat of repeats would try every way to part a word that fits nowhere.)
_PART = (
    rb"[A-Za-z0-9%+,\-./:=@_]"
    rb"|'[^'\x00-\x08\x0b-\x1f\x7f]*'"
    rb'|"(?:[^"\\$`\x00-\x08\x0b-\x1f\x7f]|\\[ -~])*"'
    rb"|\\[ -~]"
)


class _Quotes:
    """Patterns that are made when the first text with a quote comes: most have none."""

    text: re.Pattern[bytes] | None = None
    word: re.Pattern[bytes]
    part: re.Pattern[bytes]
    escaped: re.Pattern[bytes]

    @classmethod
    def made(cls) -> re.Pattern[bytes]:
        cls.word = re.compile(rb"(?:" + _PART + rb")+")
        cls.part = re.compile(_PART)
        cls.escaped = re.compile(rb'\\([\\"$`])')
        cls.text = re.compile(rb"[ \t]*(?:(?:" + _PART + rb")+(?:[ \t]+|\Z))+")
        return cls.text


def words(text: bytes) -> list[bytes] | None:
    """The words of a text that is one simple command without expansions; None for any other."""
    if not text.translate(None, _PLAIN + _BLANK):
        found = text.split()
    elif (_Quotes.text or _Quotes.made()).fullmatch(text):
        found = [b"".join(map(_unquoted, _Quotes.part.findall(word))) for word in _Quotes.word.findall(text)]
    else:
        return None
    if not found or not (first := found[0]) or first.translate(None, _NAME) or first[:1] in _NO_FIRST or first in OWN:
        return None
    return None if b"setsid" in text else found


def _unquoted(part: bytes) -> bytes:
    quote = part[:1]
    if quote == b"'":
        return part[1:-1]
    if quote == b'"':
        return _Quotes.escaped.sub(rb"\1", part[1:-1])
    return part[1:] if quote == b"\\" else part


class Command:
    """What is started in a shell's place. speaks: whether the shell would say which signal ended it."""

    __slots__ = ("path", "words", "environment", "speaks")

    def __init__(self, path: bytes, words: list[bytes], environment: Mapping[bytes, bytes], speaks: bool) -> None:
        self.path = path
        self.words = words
        self.environment = environment
        self.speaks = speaks


class Direct:
    """Says what to start in place of a shell. inherited: the variables that attempts have beside their own."""

    def __init__(self, inherited: Mapping[bytes, bytes]) -> None:
        names = [name.decode("ascii", "replace") for name in inherited]
        self._handed_on = {kind: _handed_on(names, kind) for kind in (DASH, BASH)}
        self._kinds: dict[bytes, bytes] = {}
        self._folders: dict[bytes, list[bytes]] = {}
        lent = os.getuid() != os.geteuid() or os.getgid() != os.getegid()  # rights that shells give up
        self._known = sys.platform == "linux" and not lent

    def command(
        self, argv: Sequence[bytes], shell: bytes, environment: Mapping[bytes, bytes], own: Iterable[str]
    ) -> Command | None:
        """What this shell would start, once in its directory, and nothing else; None if that is not certain.

        argv: its words; shell: its path; own: the names of the attempt's own variables.
        """
        if len(argv) < 3 or argv[0] not in SHELLS:
            return None
        found = words(argv[-1])
        if found is None or not self._known:
            return None
        kind = self._kind(shell)
        if not kind or tuple(argv[1:-1]) not in OPTIONS[kind]:
            return None
        if not self._handed_on[kind] or not _handed_on(own, kind) or "PWD" in own:
            return None
        if not argv[-1].isascii() and not _is_utf8(argv[-1], environment):
            return None
        path = self._found(found[0], environment.get(PATH, b""))
        if path is None or not _is_here(environment.get(PWD, b"")):
            return None
        if kind == DASH:
            return Command(path, found, environment, speaks=True)
        changed = _by_bash(environment, path)
        return Command(path, found, changed, speaks=False) if changed is not None else None

    def _kind(self, shell: bytes) -> bytes:
        """DASH or BASH, or nothing for one that is not known: its file goes by its name, and is no script."""
        kind = self._kinds.get(shell)
        if kind is None:
            self._kinds[shell] = kind = _kind(shell)
        return kind

    def _found(self, name: bytes, search: bytes) -> bytes | None:
        """The file that all shells would take for that name."""
        if b"/" in name:
            return name
        folders = self._folders.get(search)
        if folders is None:
            folders = search.split(b":")
            self._folders[search] = folders = folders if all(map(_is_plain_folder, folders)) else []
        for folder in folders:
            path = folder + b"/" + name
            if os.access(path, os.X_OK):
                return path if os.path.isfile(path) else None
        return None


def _kind(shell: bytes) -> bytes:
    try:
        path = os.path.realpath(shell)
        kind = os.path.basename(path)
        if kind not in OPTIONS:
            return b""
        with open(path, "rb") as file:
            return kind if file.read(4) == b"\x7fELF" else b""
    except OSError:
        return b""


def _handed_on(names: Iterable[str], kind: bytes) -> bool:
    """Whether a shell of that kind hands on variables of these names."""
    changed = CHANGED[kind]
    return all(
        name.isidentifier() and name.isascii() and name not in changed and (kind == DASH or name[:4] != "BASH")
        for name in names
    )


def _is_plain_folder(folder: bytes) -> bool:
    """Whether an entry of PATH is a folder's name to every shell, and to bash the beginning of the program's."""
    return folder[:1] == b"/" and folder[-1:] != b"/" and b"%" not in folder


def _is_utf8(text: bytes, environment: Mapping[bytes, bytes]) -> bool:
    """Whether a text is UTF-8 to a shell, too, or bytes that mean nothing."""
    locale = environment.get(b"LC_ALL") or environment.get(b"LC_CTYPE") or environment.get(b"LANG") or b""
    if locale not in PLAIN_LOCALES and not locale.lower().endswith((b".utf-8", b".utf8")):
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_here(folder: bytes) -> bool:
    """Whether a shell takes that for its directory, which it was told in PWD."""
    try:
        return folder[:1] == b"/" and os.path.samestat(os.stat(folder), os.stat("."))
    except OSError:
        return False


def _by_bash(environment: Mapping[bytes, bytes], path: bytes) -> Mapping[bytes, bytes] | None:
    """As bash hands it on to the last program that it starts; None if that is not certain."""
    level = environment.get(LEVEL, b"0")
    if not (level.isdigit() and len(level) < 3 and (level[:1] != b"0" or level == b"0")):
        return None
    if level == b"0" and (b"SSH_CLIENT" in environment or b"SSH2_CLIENT" in environment):  # it may read a file
        return None
    if OLDPWD in environment and not os.path.isdir(environment[OLDPWD]):
        return None
    if any(environment[name] not in PLAIN_LOCALES for name in environment if name[:3] == b"LC_"):
        return None
    return {**environment, LEVEL: level, LAST: path}
