"""Who else may read or change a file: POSIX modes, looked at and mended. Follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sp_connect import errors

OTHERS_READ = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Loose(NamedTuple):
    """A file or folder that is not this user's alone. `mode` holds its permissions."""

    path: Path
    mode: int
    is_ours: bool

    def may_be_changed(self) -> bool:
        """Whether others may write to it, which is worse than reading."""
        return bool(self.mode & OTHERS_WRITE)


def are_known() -> bool:
    """Whether this system has them; Windows keeps a user's folders to the user by other means."""
    return os.name == "posix"


def look(paths: Iterable[Path]) -> tuple[int, list[Loose]]:
    """How many of `paths` there are, and those that others may read or change, or that belong to somebody else.

    A link is its owner's own doing, and is passed over.
    """
    there, found = 0, []
    for path in paths:
        try:
            status = path.lstat()
        except OSError:  # that it cannot be looked at is told by whatever reads it
            continue
        if stat.S_ISLNK(status.st_mode):
            continue
        there += 1
        mode, is_ours = stat.S_IMODE(status.st_mode), status.st_uid == os.geteuid()
        if mode & OTHERS_READ or not is_ours:
            found.append(Loose(path, mode, is_ours))
    return there, found


def tighten(path: Path) -> None:
    """Leaves a file or folder to its owner alone: 0600 or 0700. Raises StoreUnavailable."""
    try:
        # O_NONBLOCK: a pipe that somebody put there would be waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchmod(handle, stat.S_IMODE(os.fstat(handle).st_mode) & stat.S_IRWXU)
        finally:
            os.close(handle)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise errors.StoreUnavailable(
            f"The permissions of {path} could not be changed: {why}.", "see whose it is: ls -la"
        ) from None
