"""Locks between processes: each is a file that one holds at a time, and a process that dies gives it back.

Knows nothing of what is done meanwhile. Threads of one process queue before they come here (`changes`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sp_connect import errors, words
from sp_connect.stores.home import disk_errors, files

if TYPE_CHECKING:
    import filelock

MOST_PATIENCE = 120.0
"""Seconds in a queue of writers that moves."""


@contextmanager
def held(path: Path, wait: float = 10.0, most: float = MOST_PATIENCE) -> Iterator[None]:
    """Holds the lock that one writer has at a time; a process that dies gives it back.

    `wait` is how many seconds one other may hold it: as long as it changes hands the queue moves, and is worth
    waiting in for `most` seconds. The file is 0600 and is never deleted: that would let two in. Raises StoreLocked,
    and StoreUnavailable where nobody can lock it.
    """
    import filelock

    files.make_folder(path.parent)
    lock = filelock.FileLock(path, mode=0o600, preserve_lock_file=True)
    with disk_errors.explained(path, "locked"):
        _wait_for(lock, path, wait, most)
    try:
        with suppress(OSError):  # those who wait may lose patience, and nothing else
            _take_turn(path)
        yield
    finally:
        lock.release()


@contextmanager
def held_saying(path: Path, wait: float, busy: str) -> Iterator[None]:
    """Holds another lock than the writers'. Raises StoreLocked with the message `busy`."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(path, wait))
        except errors.StoreLocked:
            raise errors.StoreLocked(busy, "wait for it, then run this again") from None
        yield


def _wait_for(lock: filelock.BaseFileLock, path: Path, wait: float, most: float) -> None:
    """Acquires a lock; raises StoreLocked where it stayed in one hand for `wait`, or the queue was endless."""
    from filelock import Timeout

    most = max(wait, most)
    end = time.monotonic() + most
    turn = _turn(path)
    while True:
        try:
            lock.acquire(timeout=min(wait, max(0.0, end - time.monotonic())))
        except Timeout:
            before, turn = turn, _turn(path)
            if turn == before:
                why = f"Another sp-connect has been writing for {words.span(wait)} and holds {path}."
            elif time.monotonic() >= end:
                why = f"Other processes have been writing for {words.span(most)} and hold {path}."
            else:
                continue
            raise errors.StoreLocked(why, "wait for it or end it, then run this again") from None
        else:
            return


def _turn(path: Path) -> int | None:
    """A value that changes whenever the lock changes hands: its file's access time, which nobody reads."""
    try:
        return path.stat().st_atime_ns
    except FileNotFoundError:
        return None


def _take_turn(path: Path) -> None:
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
