"""Ctrl-C, and the end of a session, while what Amazon has just given is on its way to the store: they wait.

A refresh token that Amazon changes is dead from then on, and an authorization code is good once: between the request
and the keeping a program that stops loses them for good.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals of `kill`, `docker stop`, a closed window and a lost connection; Windows has no SIGHUP."""

OURS = {signal.SIGINT: signal.default_int_handler} | dict.fromkeys(ENDS, signal.SIG_DFL)
"""Deferred signals with their handlers. Another listener's handler is left alone."""

NOTICE = b"\nSaving Amazon's answer. Press Ctrl-C again to quit now and lose it.\n"


class _Held:
    """Deferred signals; the second one acts at once."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.numbers = [number for number, own in OURS.items() if signal.getsignal(number) is own]

    def hold(self) -> None:
        for number in self.numbers:
            signal.signal(number, self.hear)

    def release(self) -> None:
        for number in self.numbers:
            signal.signal(number, OURS[number])

    def hear(self, number: int, _frame: FrameType | None) -> None:
        if self.first is not None:
            self.end(number)
        self.first = number
        with suppress(OSError):
            if os.isatty(2):
                os.write(2, NOTICE)

    def interrupt(self, number: int, _frame: FrameType | None) -> None:
        """Within `heard`: every one is a KeyboardInterrupt, so that what has been given already is kept first."""
        self.first = number
        raise KeyboardInterrupt

    def end(self, number: int) -> None:
        self.release()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        signal.raise_signal(number)


_now: _Held | None = None


@contextmanager
def deferred() -> Iterator[None]:
    """Puts Ctrl-C, SIGTERM and SIGHUP off until the block is left; the second is heard at once.

    Nothing changes within another `held`, in other threads, which never hear them, and where somebody else listens.
    """
    global _now  # noqa: PLW0603 - a process has one Ctrl-C
    if _now is not None or threading.current_thread() is not threading.main_thread():
        yield
        return
    _now = holding = _Held()
    holding.hold()
    try:
        yield
    finally:
        holding.release()
        _now = None
        if holding.first is not None:
            holding.end(holding.first)


@contextmanager
def allowed(*, earlier: bool = True) -> Iterator[None]:
    """Within `held`: lets them through as KeyboardInterrupt, and with `earlier` one that came already, too."""
    holding = _now
    if holding is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    if earlier and holding.first is not None:
        raise KeyboardInterrupt
    for number in holding.numbers:
        signal.signal(number, holding.interrupt)
    try:
        yield
    finally:
        holding.hold()
