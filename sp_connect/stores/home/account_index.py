"""Which accounts each seller's file names, so that the guard of a consent need not read ten thousand records.

A file counts as known only while it is the very same, by inode, size and both of its times; one that was changed
just before it was read is not noted, because another change in the same tick of the clock would not show (git's rule
for its own index). So this is never out of date. Lost, damaged or not writable, it costs time and nothing else.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.stores.home import files

TICK_NS = 3 * 10**9
"""Nanoseconds for which a changed file is not noted: no file system in use tells times more coarsely."""

FEW = 32
"""Files that are read each time rather than noted: to write the index takes longer."""

SCHEMA = 1
"""The form of the index that this version writes, and the only one that it reads."""

_BEGINNING = b'{"schema": '
"""How every index begins that this program wrote."""

_Noted = tuple[list[int], list[str]]
"""Of one file: what it was by its status, and the Selling Partner IDs in it."""


class AccountIndex:
    """The index at `path`, which is read when it is first asked for."""

    def __init__(self, path: Path, tick_ns: int = TICK_NS) -> None:
        self._path = path
        self._tick_ns = tick_ns
        self._noted: dict[str, _Noted] | None = None
        self._new = 0

    def of(self, folder: Path, name: str, read: Callable[[], Iterable[str]]) -> Sequence[str]:
        """The Selling Partner IDs in a file of a folder: as noted, else by `read`, whose errors are raised."""
        noted = self._all()
        file = f"{folder}{os.sep}{name}"  # to make a Path of it would take longer than all the rest
        seen, now = _status(file), time.time_ns()
        known = noted.get(name)
        if known is not None and known[0] == seen:
            return known[1]
        accounts = sorted(set(read()))
        if seen is not None and seen == _status(file) and max(seen[2:]) < now - self._tick_ns:
            noted[name] = (seen, accounts)
            self._new += 1
        return accounts

    def write(self, present: Callable[[], Iterable[str]]) -> None:
        """Writes down what is new, if it is worth it; of files that are not `present` then nothing is kept."""
        if self._new <= FEW:
            return
        noted = self._all()
        kept = {name: noted[name] for name in present() if name in noted}
        with suppress(errors.ThisMachine):
            if not (files.read(self._path) or _BEGINNING).startswith(_BEGINNING):
                return  # somebody's own file of that name: the home may be a folder of anything
            written = json.dumps({"schema": SCHEMA, "files": kept}).encode()
            files.replace(self._path, written, self._path.with_name("unfinished"))
            self._new = 0

    def _all(self) -> dict[str, _Noted]:
        if self._noted is None:
            self._noted = {}
            with suppress(errors.ThisMachine, ValueError, LookupError, TypeError, AttributeError, RecursionError):
                found = json.loads(files.read(self._path) or b"{}")
                if found["schema"] == SCHEMA:
                    self._noted = {name: _checked(noted) for name, noted in found["files"].items()}
        return self._noted


def _checked(noted: Any) -> _Noted:
    """One entry as read. Raises ValueError, TypeError for what this module has not written."""
    seen, accounts = noted
    if not all(isinstance(account, str) for account in accounts):
        raise ValueError("no account")
    return list(seen), list(accounts)


def _status(file: str) -> list[int] | None:
    """A value that changes whenever the file is replaced or modified; None if it is no regular file."""
    try:
        found = os.lstat(file)
    except OSError:  # what is wrong with it is told where it is read
        return None
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns] if stat.S_ISREG(found.st_mode) else None
