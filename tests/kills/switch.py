"""The switch that kills a process at a call of its own choosing. Only the launcher beside it sets it.

Counted is every call that changes something outside of the process: files and folders of one home, items of the
keyring, and what Amazon is asked. What is wrapped is the operating system's and other libraries', never the
program's own. A call that only reads changes nothing: to die there is to die after the last change.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

Moment = Literal["before", "half", "after"]
"""When the process dies: before the call, with half of what it writes written, or before it hears how it ended."""

MAKING = os.O_CREAT | os.O_TRUNC
"""The flags with which to open a file changes something."""

CHANGING = frozenset({"CreateItem", "Delete", "SetSecret", "Set", "CreateCollection"})
"""What the Secret Service is told that outlives the process; the rest of a dozen messages only asks."""
BY_PATH = ("mkdir", "rmdir", "unlink", "remove", "chmod", "truncate", "utime")
BY_TWO_PATHS = ("replace", "rename", "link", "symlink")
BY_HANDLE = ("fsync", "fdatasync", "fchmod", "ftruncate", "write", "pwrite")
EVENTS = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "os.link"})
"""Audit events of what changes files: each has to come from within a counted call."""


WHOLE, IN_TWO, FAILED, MISSED = "+ ", "% ", "- ", "! "
"""What is told of: a call, one that can be cut in two, the number of one that failed, a change that was not counted."""


class Kill(NamedTuple):
    """The call at which to die, counted from 1; 0 is none."""

    number: int
    moment: Moment


class Switch:
    """Counts the calls around `home`, tells each to `tell` as it is about to be made, and dies at one of them.

    It is told in a line: a mark, and what the call is; the number of one that failed comes later.
    """

    def __init__(self, home: Path, kill: Kill, tell: Callable[[str], object]) -> None:
        self._home = home
        self._kill = kill
        self._tell = tell
        self._count = 0
        self._turn = threading.Lock()
        self._within = threading.local()

    def call(self, name: str, action: Callable[[], Any], half: Callable[[], object] | None = None) -> Any:
        with self._turn:
            self._count += 1
            number = self._count
            self._tell(f"{IN_TWO if half else WHOLE}{name}")
        dying = self._kill.moment if number == self._kill.number else None
        self._within.it = True
        try:
            if dying == "before":
                die()
            if dying == "half" and half is not None:
                half()
                die()
            return action()
        except BaseException:
            self._tell(f"{FAILED}{number}")
            raise
        finally:
            if dying:
                die()
            self._within.it = False

    def install(self) -> None:
        """From here on everything in this process is counted. There is no way back."""
        for name in BY_PATH:
            self._wrap(os, name, self._inside)
        for name in BY_TWO_PATHS:
            self._wrap(os, name, self._inside_one)
        for name in BY_HANDLE:
            self._wrap(os, name, lambda handle, *_, **__: self._inside(_path_of(handle)))
        self._wrap(os, "open", lambda path, flags, *_, **__: self._inside(path) if flags & MAKING else None)
        self._watch_written_files()
        self._watch_keyring()
        self._watch_amazon()
        sys.addaudithook(self._see_that_it_is_counted)

    def _wrap(self, owner: Any, name: str, told: Callable[..., str | None], words: str = "") -> None:
        """Counts `owner.name` where `told`, given its arguments, says what it changes."""
        action = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            what = told(*arguments, **named)
            if what is None:
                return action(*arguments, **named)
            return self.call(f"{words or name} {what}", lambda: action(*arguments, **named))

        setattr(owner, name, counted)

    def _watch_written_files(self) -> None:
        """What Python's file objects write goes by no function of `os`."""
        switch, opened = self, os.fdopen

        class Counted(io.FileIO):
            def write(self, data: Any) -> int:
                size = len(data)
                name = f"write {switch._inside(_path_of(self.fileno()))}"
                whole = super().write
                return int(switch.call(name, lambda: whole(data), lambda: whole(data[: size // 2])))

        def fdopen(handle: int, mode: str = "r", *arguments: Any, **named: Any) -> Any:
            if mode == "wb" and self._inside(_path_of(handle)) is not None:
                return io.BufferedWriter(Counted(handle, "wb"))
            return opened(handle, mode, *arguments, **named)

        os.fdopen = fdopen  # type: ignore[assignment]

    def _watch_keyring(self) -> None:
        from jeepney import HeaderFields  # type: ignore[import-untyped]
        from jeepney.io.blocking import DBusConnection  # type: ignore[import-untyped]

        def told(_: Any, message: Any, **__: Any) -> str | None:
            member = message.header.fields.get(HeaderFields.member)
            return member if member in CHANGING else None

        self._wrap(DBusConnection, "send_and_get_reply", told, "keyring")

    def _watch_amazon(self) -> None:
        from requests.adapters import HTTPAdapter

        self._wrap(HTTPAdapter, "send", lambda _, request, **__: f"{request.method} {request.path_url}", "Amazon")

    def _inside_one(self, source: Any, target: Any, **_: Any) -> str | None:
        names = self._inside(source), self._inside(target)
        return None if names == (None, None) else " to ".join(name or "elsewhere" for name in names)

    def _inside(self, path: Any, *_: Any, **__: Any) -> str | None:
        """The path as it is called from the home; None for what lies elsewhere."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        whole = Path(os.fsdecode(path)).absolute()
        return str(whole.relative_to(self._home)) if whole.is_relative_to(self._home) else None

    def _see_that_it_is_counted(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or getattr(self._within, "it", False):
            return
        path = self._inside(arguments[0])
        changes = event != "open" or bool(arguments[2] & MAKING)
        if path is not None and changes:
            self._tell(f"{MISSED}{event} {path}")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _path_of(handle: Any) -> str | None:
    try:
        return str(Path(f"/proc/self/fd/{handle}").readlink())
    except OSError:
        return None
