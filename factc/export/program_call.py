"""How a shell is told to start a program: whatever its words are, they reach the program and mean nothing else.

Knows `env` and what it takes for its own; knows no task.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from factc.plan import Text, shown

SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

Word = Callable[[Text], str]  # a text as one word of a shell


def is_shell(argv: Sequence[Text]) -> bool:
    """Whether a program is a shell that is given its text: its name means the same to every shell."""
    return len(argv) > 2 and argv[0] in SHELLS and argv[-2] == "-c"


def program(argv: Sequence[Text], variables: Sequence[tuple[str, Text]], word: Word) -> str:
    """The call by `env`, which runs programs alone (no alias, function or builtin), found on the PATH that it sets.

    `env` reads options up to the first word that does not begin with `-`, then variables as long as there is a `=` in
    them; a `-` alone is one of its options even behind `--`. `nice` takes any name for that of a program.
    """
    name = shown(argv[0])
    words = [*map(word, argv)]
    if "=" in name or name == "-":
        words = ["nice", "-n", "0", "--", *words]
    first = variables[0][0] if variables else words[0] if words[0] == "nice" else name
    return " ".join(["env", *["--"] * first.startswith("-"), *(assignment(*pair, word) for pair in variables), *words])


def assignment(name: str, value: Text, word: Word) -> str:
    """A variable for `env`; where its name is plain, the value alone is quoted."""
    if _NAME.fullmatch(name):
        return f"{name}={word(value)}"
    return word(f"{name}={value}" if isinstance(value, str) else (f"{name}=", *value))


def folder(directory: str, word: Word) -> str:
    """How a shell goes to a folder as the system does: `..` is that on the disk; CDPATH and options mean nothing."""
    return "cd -P " + word(directory if directory.startswith(("/", "./", "../")) else f"./{directory}")
