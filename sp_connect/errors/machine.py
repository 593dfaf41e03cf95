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
    """A change that is done, as `done` says, though a power cut may undo it. `more` others are like it."""

    def __init__(self, done: str, why: str, more: int = 0) -> None:
        others = f" So it is in {words.count(more, 'more folder')}." if more else ""
        super().__init__(
            f"{done}, but the disk did not confirm it ({why}): a power cut may undo that.{others}",
            "test that disk: sp-connect doctor",
        )


class NoWorkingFolder(ThisMachine):
    """A relative path, and the folder that it begins in was deleted."""

    code = "store-unavailable"
    HINT = "cd ~, then run it again with a whole path"

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"{path} is a relative path, and the working folder is gone.", self.HINT)


class ReadOnlyDisk(StoreUnavailable):
    """Nothing can be written to a disk; what is on it can be read."""


class StoreLocked(ThisMachine):
    code = "store-locked"


class CodeWaits(ThisMachine):
    """The seller has confirmed, and the code is not sent yet: what it gives could not be kept. Said while it lives."""

    code = "store-unavailable"

    def __init__(self, scope: Scope, trouble: ThisMachine) -> None:
        super().__init__(
            f"The confirmation of {scope} is here, but what Amazon would give for it cannot be kept now. "
            f"{trouble.message}",
            f"{_step(trouble)}. It is tried again for five minutes, as long as the confirmation is good; "
            "Ctrl-C gives it up",
        )
        self.code = trouble.code


class TokenWaits(ThisMachine):
    """Amazon has given a refresh token that cannot be kept now: it is in memory, and nowhere else."""

    code = "store-unavailable"

    def __init__(self, scope: Scope, trouble: ThisMachine, *, changed: bool) -> None:
        super().__init__(
            f"{_given(scope, changed=changed)}, and it cannot be kept now. {trouble.message}",
            f"{_step(trouble)}. It is tried again until it is kept; Ctrl-C gives up, and loses the token",
        )
        self.code = trouble.code


def code_unused(scope: Scope, trouble: ThisMachine) -> ThisMachine:
    """The trouble that `CodeWaits` told of, with what it means once the code is too old."""
    trouble.message = f"The confirmation of {scope} could not be used within its five minutes. {trouble.message}"
    trouble.hint = f"{_step(trouble)}; then: sp-connect connect {scope.flags}"
    return trouble


def token_lost(scope: Scope, trouble: ThisMachine, *, changed: bool) -> ThisMachine:
    """The trouble that `TokenWaits` told of, once nobody waits any more: the token before may be dead."""
    trouble.message = f"{_given(scope, changed=changed)}, and it cannot be kept. {trouble.message}"
    trouble.hint = f"{_step(trouble)}; then: sp-connect connect {scope.flags}"
    return trouble


def _given(scope: Scope, *, changed: bool) -> str:
    return f"Amazon has changed the refresh token of {scope}" if changed else f"Amazon has given a token for {scope}"


def _step(trouble: ThisMachine) -> str:
    return trouble.hint or "see: sp-connect doctor"


class NoHome(StoreUnavailable):
    """A user without a home folder, as in a container that runs under a number alone."""

    def __init__(self) -> None:
        super().__init__(
            "This user has no home folder: HOME is not set, and the system has no entry for the user.",
            "name a folder for sp-connect's files: export SP_CONNECT_HOME=FOLDER",
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
            "config.toml": "mend it by hand, or move it away and register the app again: sp-connect app add",
            "home.toml": "bring back a copy of it; or delete it, if no copy of its folder is in use",
            "vault.toml": "bring back a copy of it; without one, move the vault away and connect again",
            "invites": "move it away, and invite the seller again",
            "unfinished": "move it away, then: sp-connect doctor --fix",
            "apps": "move it away, then: sp-connect app rotate-secret {name}",
            "sellers": "move it away and connect again",
        }
    )
    """What mends a file, by its own name or that of its folder."""

    def __init__(self, path: Path, why: str, hint: str | None = None) -> None:
        known = self.MENDS.get(path.name) or self.MENDS.get(path.parent.name)
        mend = known.format(name=path.stem) if known else "mend it by hand, or move it away and connect again"
        super().__init__(f"{path} is damaged: {why}. It was left as it is.", hint or mend)
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
    """A file that is obeyed, or its folder, and that another user may change."""

    code = "unfit"

    def __init__(self, path: Path, why: str, hint: str) -> None:
        self.path = path
        super().__init__(path, f"{path} is not obeyed: {why}. It was left as it is.", hint)


class MissingToken(ThisMachine):
    code = "missing-token"

    def __init__(self, owner: str, store: str, hint: str) -> None:
        super().__init__(f"The secret of {owner} is not in {store}.", hint)


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
            f"{listen} cannot be listened on: {why}. Nothing was changed.",
            "if another sp-connect connect waits there, finish or stop it; without the port: add --paste. "
            f"The address is the setting listen of the app {app}",
        )


class SimulatorPortTaken(ThisMachine):
    code = "port-taken"

    def __init__(self, port: int, why: str) -> None:
        super().__init__(f"127.0.0.1:{port} cannot be listened on: {why}.", "--port 0 takes a free one")


class Exhausted(ThisMachine):
    """Memory or threads that a limit of this machine, user or container does not give."""

    code = "unfit"

    def __init__(self, what: Literal["memory", "threads"]) -> None:
        if what == "memory":
            message = "There is not enough memory for this."
            hint = "raise the limit: ulimit -v unlimited; of a container: --memory"
        else:
            message = "No more threads or processes can be started: a limit of this user or container is reached."
            hint = "raise the limits: ulimit -u unlimited -v unlimited; of a container: --pids-limit and --memory"
        super().__init__(message, hint)


class Unfit(ThisMachine):
    """What `doctor` found on this machine that no command has met yet."""

    code = "unfit"
