"""Threads where they can be had. A limit of the user, the container or the memory may leave none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress


def start(work: Callable[[], object], name: str | None = None) -> threading.Thread | None:
    """Begins `work` in a thread that ends with the process; None where no thread can be had."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError):  # RuntimeError is Python's word for it
        return None
    return thread


def help_with(work: Callable[[], object]) -> None:
    """Begins what only saves time: what goes wrong with it is found, and reported, where it is needed."""

    def quietly() -> None:
        with suppress(Exception):
            work()

    start(quietly)


def can_be_had() -> bool:
    """Whether a thread can be started now."""
    return start(lambda: None) is not None
