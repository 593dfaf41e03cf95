"""Ctrl-C while what Amazon has just given is on its way to the store: it waits, so that nothing is lost.

A refresh token that Amazon changes is dead from then on, and an authorization code is good once: between the request
and the keeping a program that stops loses them for good.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _Held:
    pressed = False

    def hear(self, _signal: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


_now: _Held | None = None


@contextmanager
def held() -> Iterator[None]:
    """Puts Ctrl-C off until the block is left; pressed a second time, it is heard at once.

    Nothing changes within another `held`, in other threads, which never hear it, and where somebody else listens.
    """
    global _now  # noqa: PLW0603 - a process has one Ctrl-C
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if _now is not None or not is_ours or threading.current_thread() is not threading.main_thread():
        yield
        return
    _now = holding = _Held()
    signal.signal(signal.SIGINT, holding.hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _now = None
        if holding.pressed:
            raise KeyboardInterrupt


@contextmanager
def heard() -> Iterator[None]:
    """Within `held`: lets Ctrl-C through, one that was pressed already too, where nothing would be lost by it."""
    holding = _now
    if holding is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    if holding.pressed:
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, holding.hear)
