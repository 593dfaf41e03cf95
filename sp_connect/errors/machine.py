"""This machine is in the way: a store, a file or a port (exit 4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from sp_connect import words
from sp_connect.errors.base import SpConnectError

if TYPE_CHECKING:
    from sp_connect.models import Scope


class ThisMachine(SpConnectError):
    """A store, a file or a port of this machine."""

    exit_code = 4


class StoreUnavailable(ThisMachine):
    code = "store-unavailable"


class Unconfirmed(StoreUnavailable):
    """A change that is done but that a power cut may undo. `done` describes it; `more` counts others like it."""

    def __init__(self, done: str, why: str, more: int = 0) -> None:
        others = f" The same is true in {words.count(more, 'more folder')}." if more else ""
        super().__init__(
            f"{done}, but the disk did not confirm it ({why}): a power cut may undo the change.{others}",
            "test the disk: sp-connect doctor",
        )


class NoWorkingFolder(ThisMachine):
    """A relative path was given, but the working folder was deleted."""

    code = "store-unavailable"
    HINT = "cd ~, then run the command again with an absolute path"

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"{path} is a relative path, but the working folder was deleted.", self.HINT)


class ReadOnlyDisk(StoreUnavailable):
    """A disk that can be read but not written."""


class StoreLocked(ThisMachine):
    code = "store-locked"


class CodeWaits(ThisMachine):
    """The seller has confirmed, but this machine cannot save the tokens now, so the code is not sent yet.

    Printed while the code is still valid.
    """

    code = "store-unavailable"

    def __init__(self, scope: Scope, trouble: ThisMachine) -> None:
        super().__init__(
            f"The confirmation of {scope} has arrived, but its tokens cannot be saved now. {trouble.message}",
            f"{_step(trouble)}. sp-connect retries for five minutes, while the confirmation is valid; Ctrl-C gives up",
        )
        self.code = trouble.code


class TokenWaits(ThisMachine):
    """Amazon has given a refresh token that cannot be saved now: it exists only in memory."""

    code = "store-unavailable"

    def __init__(self, scope: Scope, trouble: ThisMachine, *, changed: bool) -> None:
        super().__init__(
            f"{_given(scope, changed=changed)}, but it cannot be saved now. {trouble.message}",
            f"{_step(trouble)}. sp-connect retries until it is saved; Ctrl-C gives up and loses the token",
        )
        self.code = trouble.code


def code_unused(scope: Scope, trouble: ThisMachine) -> ThisMachine:
    """The trouble that `CodeWaits` reported, reworded once the code has expired."""
    trouble.reword(
        message=f"The confirmation of {scope} could not be used within its five minutes. {trouble.message}",
        hint=f"{_step(trouble)}; then: sp-connect connect {scope.flags}",
    )
    return trouble


def token_lost(scope: Scope, trouble: ThisMachine, *, changed: bool) -> ThisMachine:
    """The trouble that `TokenWaits` reported, reworded once sp-connect gives up: the old token may be dead."""
    trouble.reword(
        message=f"{_given(scope, changed=changed)}, but it cannot be saved. {trouble.message}",
        hint=f"{_step(trouble)}; then: sp-connect connect {scope.flags}",
    )
    return trouble


def _given(scope: Scope, *, changed: bool) -> str:
    return f"Amazon has changed the refresh token of {scope}" if changed else f"Amazon has given a token for {scope}"


def _step(trouble: ThisMachine) -> str:
    return trouble.hint or "see: sp-connect doctor"


class NoHome(StoreUnavailable):
    """A user without a home folder, as in a container that runs under a user id without a name."""

    def __init__(self) -> None:
        super().__init__(
            "This user has no home folder: HOME is not set, and the system has no entry for the user.",
            "choose a folder for sp-connect's files: export SP_CONNECT_HOME=FOLDER",
        )


class CannotWrite(ThisMachine):
    """A file that the user asked for, not one of ours."""

    code = "store-unavailable"

    def __init__(self, path: Path | str, why: str) -> None:
        hint = "name another file" if isinstance(path, Path) else "see what it leads to, and whether that is full"
        super().__init__(f"{path} cannot be written: {why.lower()}.", hint)


class Damaged(ThisMachine):
    """A file that cannot be read as what it should be. It is named and never overwritten."""

    code = "damaged"

    MENDS: Mapping[str, str] = MappingProxyType(
        {
            "config.toml": "fix it by hand, or move it away and register the app again: sp-connect app add",
            "home.toml": "restore it from a backup; if no copy of its folder is in use, delete it",
            "vault.toml": "bring back a copy of it; without one, move the vault away and connect again",
            "invites": "move it away, and invite the seller again",
            "unfinished": "move it away, then: sp-connect doctor --fix",
            "apps": "move it away, then: sp-connect app rotate-secret {name}",
            "sellers": "move it away and connect again",
        }
    )
    """The fix for a damaged file, by its name or that of its folder."""

    def __init__(self, path: Path, why: str, hint: str | None = None) -> None:
        known = self.MENDS.get(path.name) or self.MENDS.get(path.parent.name)
        mend = known.format(name=path.stem) if known else "fix it by hand, or move it away and connect again"
        super().__init__(f"{path} is damaged: {why}. It was left unchanged.", hint or mend)
        self.path = path


class Unreadable(Damaged):
    """A file that is whole, for all that is known, and closed to this user or beyond this version. It is left alone.

    It says what a damaged one says of those that are beside it: nothing.
    """

    code = "store-unavailable"

    def __init__(self, path: Path, sentence: str, hint: str) -> None:
        ThisMachine.__init__(self, sentence, hint)
        self.path = path


class Untrusted(Unreadable):
    """A settings file that another user may change, or whose folder another user may change."""

    code = "unfit"

    def __init__(self, path: Path, why: str, hint: str) -> None:
        self.path = path
        super().__init__(path, f"{path} is not trusted: {why}. It was not read.", hint)


class MissingToken(ThisMachine):
    """`what` is the secret, `store` the place that lacks it: "the keyring"."""

    code = "missing-token"

    def __init__(self, what: str, store: str, hint: str) -> None:
        super().__init__(f"{store[:1].upper()}{store[1:]} has no {what}.", hint)


class NothingThere(ThisMachine):
    """A store that is to be left and has nothing: it is more likely another user's, or another session's."""

    code = "missing-token"

    def __init__(self, store: str, count: int) -> None:
        super().__init__(
            f"The {store} has none of the {words.count(count, 'secret')} that the records name. Nothing was changed.",
            "run it as the user, and in the session, that connected the sellers",
        )


class PortTaken(ThisMachine):
    code = "port-taken"

    def __init__(self, listen: str, app: str, why: str) -> None:
        super().__init__(
            f"Cannot listen on {listen}: {why}. Nothing was changed.",
            "if another sp-connect connect waits there, finish or stop it; without the port: add --paste. "
            f"The address is the setting listen of the app {app}",
        )


class SimulatorPortTaken(ThisMachine):
    code = "port-taken"

    def __init__(self, port: int, why: str) -> None:
        super().__init__(f"Cannot listen on 127.0.0.1:{port}: {why}.", "--port 0 takes a free one")


class Exhausted(ThisMachine):
    """A limit of this machine, user or container leaves too little memory or too few threads."""

    code = "unfit"

    def __init__(self, what: Literal["memory", "threads"]) -> None:
        if what == "memory":
            message = "There is not enough memory for this."
            hint = "raise the limit: ulimit -v unlimited; for a container: --memory"
        else:
            message = "No more threads or processes can be started: a limit of this user or container is reached."
            hint = "raise the limits: ulimit -u unlimited -v unlimited; for a container: --pids-limit and --memory"
        super().__init__(message, hint)


class Unfit(ThisMachine):
    """A problem that `doctor` found before any command met it."""

    code = "unfit"
