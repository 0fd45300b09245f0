"""The state directory and what lies in it: opened by descriptor, never through a link, and whether it may be believed.

Knows folders, owners and modes; knows no journal. Nothing else opens, makes or removes a file there. What others own,
or could have written, may be shown; to be believed it must be the caller's.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from factc.diagnostic import RequestError
from factc.digits import number
from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

RUNS = "runs"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe that lies there holds nobody up
_NEW = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL


class Doubt:
    """Why something in the state directory is not to be believed: path, owner and mode as they are, and in words."""

    __slots__ = ("path", "uid", "mode", "why")

    def __init__(self, path: str, found: os.stat_result, why: str) -> None:
        self.path = path
        self.uid = found.st_uid
        self.mode = stat.S_IMODE(found.st_mode)
        self.why = why

    def __str__(self) -> str:
        return f"{visible(self.path)} belongs to {user(self.uid)}, mode {self.mode:04o}: {self.why}"

    @property
    def way_out(self) -> str:
        from factc.record.commands import word

        mend = f"chown -R {os.geteuid()}" if self.uid not in _callers() else "chmod -R go-w"
        return f"if it is yours: {mend} {word(self.path)}; or believe it for this call: --trust-state-dir"


class Doubtful(RequestError):
    """Something would have to be believed that others own, or could have written."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(f"{doubt}: what it records is not believed", doubt.way_out)


class Folder:
    """An open folder; the names in it go by its descriptor. A context manager.

    path: as it is shown. doubt: why what lies in it is not to be believed, or None.
    """

    __slots__ = ("path", "descriptor", "doubt")

    def __init__(self, path: str, descriptor: int, doubt: Doubt | None = None) -> None:
        self.path = path
        self.descriptor = descriptor
        self.doubt = doubt

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def believed(self) -> Self:
        """Itself. Raises Doubtful."""
        if self.doubt:
            self.close()
            raise Doubtful(self.doubt)
        return self

    def of(self, name: str) -> str:
        """The path of a name in it, to be shown."""
        return os.path.join(self.path, name)

    def names(self) -> list[str]:
        return os.listdir(self.descriptor)

    def status(self, name: str = ".") -> os.stat_result:
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    # ---- files

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A regular file in it. Raises OSError, also for what is none."""
        descriptor = os.open(name, flags | _FILE, 0o600, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is no file")
        return descriptor

    def new(self, name: str) -> int:
        """A file that was not there, to be written at its end. Raises OSError."""
        return self.open(name, _NEW)

    def read(self, name: str) -> bytes:
        """All of a file. Raises OSError."""
        descriptor = self.open(name)
        try:
            return read_whole(descriptor)
        finally:
            os.close(descriptor)

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file. Raises OSError."""
        descriptor = self.open(name)
        try:
            return os.pread(descriptor, size, 0)
        finally:
            os.close(descriptor)

    def tail(self, name: str, size: int) -> bytes:
        """The last bytes of a file. Raises OSError."""
        descriptor = self.open(name)
        try:
            return os.pread(descriptor, size, max(0, os.fstat(descriptor).st_size - size))
        finally:
            os.close(descriptor)

    def write_program(self, name: str, data: bytes) -> None:
        """A file that was not there, to be executed by its owner. Raises OSError."""
        self.write_new(name, data)
        os.chmod(name, 0o700, dir_fd=self.descriptor)

    def write_new(self, name: str, data: bytes) -> None:
        """A file that was not there. Raises OSError."""
        descriptor = self.new(name)
        try:
            write_all(descriptor, data)
        finally:
            os.close(descriptor)

    def unlink(self, name: str) -> None:
        """Takes a file's name away. Raises OSError."""
        os.unlink(name, dir_fd=self.descriptor)

    def sync(self, name: str = ".") -> None:
        """Brings a file, or its own names, to the disk, where the system can."""
        with suppress(OSError):  # some file systems cannot, or it is gone
            descriptor = os.open(name, os.O_RDONLY | _FILE, dir_fd=self.descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    # ---- folders

    def again(self) -> int:
        """A descriptor of its own on the same folder, whose lock is nobody else's. Raises OSError."""
        return os.open(".", _FOLDER, dir_fd=self.descriptor)

    def folder(self, name: str) -> Folder:
        """A folder in it. Raises OSError, also where that is a link."""
        descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.descriptor)
        return Folder(self.of(name), descriptor, self.doubt)

    def make(self, name: str) -> Folder:
        """A folder that was not there. Raises OSError."""
        os.mkdir(name, 0o700, dir_fd=self.descriptor)
        return self.folder(name)

    def has(self, name: str) -> Folder:
        """A folder, made if need be. Raises OSError."""
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self.descriptor)
        return self.folder(name)

    def remove(self, name: str) -> None:
        """An empty folder. Raises OSError."""
        os.rmdir(name, dir_fd=self.descriptor)


class StateDir:
    """Where runs are recorded. path: as it was given. trusted: the caller vouches for it, whoever owns it."""

    __slots__ = ("path", "trusted")

    def __init__(self, path: str, trusted: bool = False) -> None:
        self.path = path
        self.trusted = trusted

    @property
    def runs_path(self) -> str:
        return os.path.join(self.path, RUNS)

    def open(self) -> Folder:
        """Itself. Raises OSError; RequestError for a link, which anybody may have planted."""
        try:
            descriptor = os.open(self.path, _FOLDER | (0 if self.trusted else os.O_NOFOLLOW))
        except OSError:
            if not self.trusted and os.path.islink(self.path):
                words = f"the state directory {visible(self.path)} is a symbolic link, which is not followed"
                raise RequestError(words, "name the place to which it leads, or add --trust-state-dir") from None
            raise
        return self._judged(Folder(self.path, descriptor), None, whole=False)

    def made(self) -> Folder:
        """Itself, made if need be; git is to ignore all of it. Raises as `open` does."""
        try:
            return self.open()
        except FileNotFoundError:
            os.makedirs(self.path, 0o700, exist_ok=True)
        folder = self.open()
        with suppress(FileExistsError):  # another run was quicker
            folder.write_new(".gitignore", b"*\n")
        return folder

    def runs(self) -> Folder:
        """The folder of all runs. Raises as `open` does."""
        with self.open() as place:
            return self._judged(place.folder(RUNS), place.doubt, whole=False)

    def made_runs(self) -> Folder:
        """The folder of all runs, made if need be. Raises as `open` does."""
        with self.made() as place:
            return place.has(RUNS)

    def run(self, runs: Folder, name: str) -> Folder:
        """The folder of one run. Raises OSError."""
        return self._judged(runs.folder(name), runs.doubt, whole=True)

    def _judged(self, folder: Folder, doubt: Doubt | None, *, whole: bool) -> Folder:
        folder.doubt = doubt
        if not self.trusted and doubt is None:
            found = os.fstat(folder.descriptor)
            if why := _doubt(found, whole=whole):
                folder.doubt = Doubt(folder.path, found, why)
        return folder


def _doubt(found: os.stat_result, *, whole: bool) -> str:
    """Why a folder is not to be believed, "" if it is.

    whole: it is that of a run, and so must be the caller's. The folders around that may be a group's, who share them.
    """
    shared = bool(found.st_mode & stat.S_IWGRP)
    if found.st_mode & stat.S_IWOTH:
        return "anybody can write there"
    if shared and found.st_gid not in _groups():
        return f"the group {found.st_gid} can write there, and you are not in it"
    if found.st_uid not in _callers() and (whole or not shared):
        return f"you are {user(os.geteuid())}"
    return ""


def _callers() -> set[int]:
    """Whose files the caller may believe: the effective user's; for root under sudo, also those of who called it."""
    return {os.geteuid(), *_behind("SUDO_UID")}


def _groups() -> set[int]:
    return {os.getegid(), *os.getgroups(), *_behind("SUDO_GID")}


def _behind(variable: str) -> list[int]:
    """What sudo tells root of who called it. Others could say so themselves."""
    told = number(os.environ.get(variable, "")) if os.geteuid() == 0 else None
    return [] if told is None else [told]


def user(uid: int) -> str:
    """`alice (uid 1000)`."""
    try:
        from pwd import getpwuid

        return f"{visible(getpwuid(uid).pw_name)} (uid {uid})"
    except (KeyError, OverflowError, ImportError):
        return f"uid {uid}"


def read_whole(descriptor: int, offset: int = 0) -> bytes:
    """An open file from an offset to its end."""
    parts = []
    while data := os.pread(descriptor, 1 << 20, offset):
        parts.append(data)
        offset += len(data)
    return b"".join(parts)


def write_all(descriptor: int, data: bytes) -> None:
    """All of it, or OSError: a short write is followed by the rest."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])
