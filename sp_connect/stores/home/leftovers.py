"""Finds the half-written files that killed processes certainly left, and no others.

In a folder that holds nothing but what this program makes they are known by their names. In any other there is a
note of each, with path, device and inode, which is locked while its process lives. Raises OSError.
"""

from __future__ import annotations

import json
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

OWN = frozenset({"connections", "invites", "unfinished", "vault", "apps", "sellers", "browsers"})
"""The names of the folders that hold nothing but what this program makes."""

STALE = 3600.0
"""Seconds after which nobody is at work any more on what is half-written."""

_PREFIX = ".sp-connect-"
_NAME = re.compile(rf"{re.escape(_PREFIX)}[0-9a-f]{{16}}")
_NO_TRAP: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # no link is followed, no pipe waited for
_NOTE = ".half-written"
"""How the name of a note ends."""


def new_name() -> str:
    """A name that nobody has, for the time in which a file is not whole."""
    return f"{_PREFIX}{os.urandom(8).hex()}"


def in_own(folder: Path, stale: float = STALE) -> list[Path]:
    """Files left `stale` seconds ago or more in a folder of ours; younger ones may be in use."""
    found = []
    for entry in folder.iterdir() if folder.name in OWN else ():
        if _NAME.fullmatch(entry.name):
            with suppress(OSError):
                status = entry.lstat()
                if _is_our_file(status) and status.st_mtime < time.time() - stale:
                    found.append(entry)
    return found


@contextmanager
def noted(path: Path, status: os.stat_result, notes: Path | None) -> Iterator[None]:
    """Has a note of a half-written file while the block runs, which is ours as long as we live: it is locked."""
    note = None
    if notes is not None:
        file = notes / f"{os.urandom(8).hex()}{_NOTE}"
        with suppress(OSError):  # a read-only home keeps nobody from writing elsewhere
            notes.mkdir(mode=0o700, parents=True, exist_ok=True)
            note = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            _is_ours(note)
            known = {"path": str(path.absolute()), "device": status.st_dev, "inode": status.st_ino}
            os.write(note, json.dumps(known).encode())
    try:
        yield
    finally:
        if note is not None:
            with suppress(OSError):
                file.unlink()
            os.close(note)


def settle(notes: Path) -> list[Path]:
    """Removes what killed processes left half-written, as their notes say; returns it. Raises nothing."""
    return [left for note in _notes(notes) if (left := _settled(note, remove=True)) is not None]


def unsettled(notes: Path) -> list[Path]:
    """The files that `settle` would remove."""
    return [left for note in _notes(notes) if (left := _settled(note, remove=False)) is not None]


def _notes(notes: Path) -> list[Path]:
    try:
        return [notes / name for name in os.listdir(notes) if name.endswith(_NOTE)]  # noqa: PTH208 - far faster
    except OSError:
        return []


def _settled(note: Path, *, remove: bool) -> Path | None:
    """The file that a note of a dead process names, if it is still that very file; with `remove` both are gone then."""
    with suppress(OSError):
        handle = os.open(note, os.O_RDWR | _NO_TRAP)
        try:
            is_old = os.fstat(handle).st_mtime < time.time() - STALE
            if not _is_our_file(os.fstat(handle)) or (not _is_ours(handle) and not is_old):
                return None
            named = _read(os.read(handle, 64 * 1024))
            if named is None and not is_old:  # its process has made it just now
                return None
            left = named if named is not None and _is_that_file(*named) else None
            if remove:
                if left is not None:
                    left[0].unlink()
                note.unlink()
            return left[0] if left is not None else None
        finally:
            os.close(handle)
    return None


def _is_ours(handle: int) -> bool:
    """Locks an open note; False where its process lives, and where there are no locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _read(text: bytes) -> tuple[Path, int, int] | None:
    try:
        values: dict[str, Any] = json.loads(text)
        return Path(values["path"]), int(values["device"]), int(values["inode"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_that_file(path: Path, device: int, inode: int) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return (
        bool(_NAME.fullmatch(path.name)) and _is_our_file(status) and (status.st_dev, status.st_ino) == (device, inode)
    )


def _is_our_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and (os.name != "posix" or status.st_uid == os.geteuid())
