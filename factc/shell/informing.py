"""Whether a task surely does nothing but tell: it mails, posts, logs or prints, and takes nothing away.

Knows programs by their names; where it is not certain, the answer is no.
"""

from __future__ import annotations

from factc.shell.commands import simple_commands
from factc.shell.scanner import Scan, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import PlanTask

_SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
_PROGRAMS = frozenset(
    "[ [[ : true false test echo printf cat date head tail cut sort uniq tr wc grep egrep fgrep sed awk jq fold fmt "
    "hostname uname whoami id basename dirname sleep exit return export local readonly unset set read shift "
    "mail mailx s-nail bsd-mailx sendmail msmtp mutt neomutt swaks curl wget http https xh logger systemd-cat "
    "notify-send wall write ntfy apprise".split()
)
_FACTC = ("$FACTC", '"$FACTC"', "${FACTC}", '"${FACTC}"')
_TELLING = frozenset("show events deliver runs list plan validate".split())
_TAKING = ("DELETE", "-XDELETE", "--request=DELETE")  # words that make one of these programs take something away


def only_tells(task: PlanTask) -> bool:
    argv = [word for word in task.argv if isinstance(word, str)]
    if not argv or len(argv) < len(task.argv):
        return False
    if argv[0] not in _SHELLS or argv[-2:-1] != ["-c"]:
        return argv[0].rpartition("/")[2] in _PROGRAMS and not any(map(_takes, argv[1:]))
    text = argv[-1]
    if "`" in text or ("<<" in text and "$(" in text):  # what stands there is not taken apart
        return False
    scan = Scan([text])
    return all(_tells(words, scan.text) for tokens in scan.lists for words in simple_commands(tokens))


def _tells(words: list[Word], text: str) -> bool:
    first, *rest = words
    if text[first.start : first.end] in _FACTC or first.value == "factc":
        return bool(rest) and rest[0].value in _TELLING
    name = (first.value or "").rpartition("/")[2]
    return name in _PROGRAMS and not any(_takes(word.begins) for word in rest)


def _takes(word: str) -> bool:
    return word in _TAKING or word.startswith("-i") or word == "--in-place"
