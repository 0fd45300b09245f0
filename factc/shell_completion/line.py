"""A command line that is being written: its verb, the options and arguments so far, and what its last word is.

Knows the table of options; knows neither jobs nor runs.
"""

from __future__ import annotations

from factc.shell_completion.table import ARGUMENTS, OPTIONS

VERB = "verb"
OPTION = "option"
VALUE = "value"
ARGUMENT = "argument"
NOTHING = "nothing"


class Line:
    """What the words say.

    wanted: VERB, OPTION, VALUE (of `option`, which takes `metavar`), ARGUMENT (`metavar`) or NOTHING.
    before, word: the last word, parted where completion begins (`--set=`, `da`).
    given: the values of each option so far, by its first name. arguments: the words that are no options.
    directory: the folder that -C says. plain: whether no option can follow, because `--` went before.
    """

    __slots__ = ("verb", "wanted", "option", "metavar", "before", "word", "given", "arguments", "directory", "plain")

    def __init__(self, words: list[str]) -> None:
        *rest, self.word = words or [""]
        self.before = self.option = self.metavar = self.verb = ""
        self.given: dict[str, list[str]] = {}
        self.arguments: list[str] = []
        self.directory = "."
        self.plain = False
        self.wanted = self._begin(rest)

    def _begin(self, rest: list[str]) -> str:
        while rest and (rest[0] in ("--no-colour", "--no-color") or (rest[0] == "-C" and len(rest) > 1)):
            if rest[0] == "-C":
                self.directory = _inside(self.directory, rest[1])
            rest = rest[2 if rest[0] == "-C" else 1 :]
        if rest == ["-C"]:
            self.option, self.metavar = "-C", "DIR"
            return VALUE
        if not rest:
            return VERB
        self.verb = rest[0]
        return self._go_on(rest[1:]) if self.verb in OPTIONS else NOTHING

    def _go_on(self, rest: list[str]) -> str:
        waiting = ""
        for word in rest:
            if waiting:
                self._give(waiting, word)
                waiting = ""
            elif self.plain or not word.startswith("-") or word == "-":
                self.arguments.append(word)
            elif word == "--":
                self.plain = True
            else:
                waiting = self._option(word)
        for folder in self.given.get("-C", ()):
            self.directory = _inside(self.directory, folder)
        if waiting:
            return self._value(waiting)
        if self.plain or not self.word.startswith("-"):
            return self._argument()
        name, equals, value = self.word.partition("=")
        if equals and _metavar(self.verb, name):
            self.before, self.word = f"{name}=", value
            return self._value(name)
        return OPTION

    def _option(self, word: str) -> str:
        """Takes an option; answers its name if its value is still to come."""
        name, equals, value = word.partition("=")
        if equals and name.startswith("--"):
            self._give(name, value)
            return ""
        if metavar := _metavar(self.verb, word):
            return "" if metavar.startswith("[") else word  # `[=KEY]`: the value may be left out
        if not word.startswith("--") and len(word) > 2 and _metavar(self.verb, word[:2]):
            self._give(word[:2], word[2:])
        return ""

    def _give(self, name: str, value: str) -> None:
        self.given.setdefault(_first(self.verb, name), []).append(value)

    def _value(self, name: str) -> str:
        self.option, self.metavar = _first(self.verb, name), _metavar(self.verb, name)
        return VALUE

    def _argument(self) -> str:
        names = ARGUMENTS[self.verb]
        number = len(self.arguments)
        if number >= len(names) and not (names and names[-1].endswith("…")):
            return NOTHING
        self.metavar = names[min(number, len(names) - 1)].rstrip("…")
        return ARGUMENT


def _entry(verb: str, name: str) -> tuple[str, str, str]:
    return next((entry for entry in OPTIONS[verb] if name in entry[0].split()), ("", "", ""))


def _metavar(verb: str, name: str) -> str:
    return _entry(verb, name)[1]


def _first(verb: str, name: str) -> str:
    """The first name of an option: `-j` for `--jobs`."""
    return (_entry(verb, name)[0] or name).split()[0]


def _inside(folder: str, path: str) -> str:
    return path if path.startswith("/") or folder == "." else f"{folder}/{path}"
