"""Retries saving tokens from Amazon while this machine cannot save them, and says so.

An authorization code lives five minutes and is good once; a refresh token that Amazon has changed is dead. A keyring
that locked itself is unlocked by a person, a full disk is emptied: until then nothing is thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from sp_connect import errors
from sp_connect.models import Scope
from sp_connect.process import signals
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store

CODE_SECONDS = 290.0
"""How long the store may fail before a code is sent: it lives for 300 seconds after the seller's Confirm."""

ALONE_SECONDS = 600.0
"""How long what Amazon has given is tried to be kept where no terminal is there: nobody could press Ctrl-C."""

PAUSE = 2.0
"""Seconds between two tries."""

Kept = TypeVar("Kept")


def prove(runtime: Runtime, sellers: Iterable[str] = ()) -> None:
    """Raises ThisMachine where a secret or a record could not be kept now, of `sellers` the records that they have."""
    secret_store.prove(runtime.secrets, runtime.home.data)
    runtime.changes.prove(sellers)


def before_code(runtime: Runtime, scope: Scope, look: Callable[[], None]) -> None:
    """Calls `look` until nothing of this machine is in the way any more, as long as the code that has come lives.

    Raises what `look` raises: ThisMachine once the code is too old.
    """
    trying = _Trying(runtime, lambda error: errors.CodeWaits(scope, error), CODE_SECONDS)
    while True:
        try:
            look()
        except errors.ThisMachine as error:
            if not trying.goes_on(error):
                raise errors.code_unused(scope, error) from None
        else:
            return


def kept(runtime: Runtime, scope: Scope, keep: Callable[[], Kept], *, changed: bool = False) -> Kept:
    """The result of `keep`, which is retried while this machine fails, until a person presses Ctrl-C.

    Between two tries the store has to prove itself, so that no try leaves more behind than it must. Without a
    terminal it ends after ALONE_SECONDS. `changed` says that Amazon gave the token in place of another. Raises what
    `keep` raises: ThisMachine then, with what it means.
    """
    seconds = None if runtime.prompt.is_there() else ALONE_SECONDS
    trying = _Trying(runtime, lambda error: errors.TokenWaits(scope, error, changed=changed), seconds)
    while True:
        try:
            if trying.has_failed:
                prove(runtime, [scope.seller])
            return keep()
        except errors.ThisMachine as error:
            try:
                goes_on = trying.goes_on(error)
            except KeyboardInterrupt:
                runtime.screen.error(errors.token_lost(scope, error, changed=changed))
                raise
            if not goes_on:
                raise errors.token_lost(scope, error, changed=changed) from None


class _Trying:
    """How often, and for how long, something is tried again; what is in the way is said once, as `told` words it."""

    def __init__(
        self, runtime: Runtime, told: Callable[[errors.ThisMachine], errors.ThisMachine], seconds: float | None
    ) -> None:
        self._runtime = runtime
        self._told = told
        self._seconds = seconds
        self._began: float | None = None
        self._paused = 0.0
        self._said = ""

    @property
    def has_failed(self) -> bool:
        return self._began is not None

    def goes_on(self, error: errors.ThisMachine) -> bool:
        """Whether there is time for another try: then it says what is in the way, and pauses. Raises on Ctrl-C."""
        now = time.monotonic()
        self._began = self._began or now
        if self._seconds is not None and max(now - self._began, self._paused) >= self._seconds:
            return False
        if error.message != self._said:
            self._said = error.message
            self._runtime.screen.error(self._told(error))
        with signals.allowed(earlier=False):
            self._runtime.sleep(PAUSE)
        self._paused += PAUSE
        return True
