"""Threads where they can be had. A limit of the user, the container or the memory may leave none."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_ROOM = 192 * 2**20
"""Bytes of addresses that a thread may need: glibc maps up to 128 MiB for a thread's heap, and 8 MiB for its stack."""


def start(work: Callable[[], object], name: str | None = None) -> threading.Thread | None:
    """Begins `work` in a thread that ends with the process; None where no thread can be had."""
    if not _has_room():
        return None
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError):  # RuntimeError is Python's word for it
        return None
    return thread


def _has_room() -> bool:
    """Whether a limit of the address space (`ulimit -v`) leaves enough for a thread.

    A thread that has no memory left for its first exception goes round in Python's interpreter for ever, and whoever
    waits for it waits as long. Such a thread must not be started.
    """
    if sys.platform == "win32":
        return True
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return True
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except OSError:  # no Linux: what is used cannot be told, and the limit is not enforced on macOS
        return True
    return limit - pages * resource.getpagesize() >= _ROOM


def help_with(work: Callable[[], object]) -> None:
    """Begins what only saves time: what goes wrong with it is found, and reported, where it is needed."""

    def quietly() -> None:
        with suppress(Exception):
            work()

    start(quietly)


def can_be_had() -> bool:
    """Whether a thread can be started now."""
    return start(lambda: None) is not None
