"""Explains a system error about a file: a sentence with the cause, and the next step."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sp_connect import errors
from sp_connect.stores.home import placing

_NO_LOCKS = ("its disk has no locks", "set SP_CONNECT_HOME to a folder on another disk")
_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space and run it again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and run it again"),
    errno.EFBIG: ("the file is larger than this process may write", "raise the limit: ulimit -f"),
    errno.EROFS: ("the disk is read-only", "set SP_CONNECT_HOME to a folder that can be written"),
    errno.EACCES: ("permission is denied", "see who owns the file and its folder: ls -la"),
    errno.EPERM: ("permission is denied", "see who owns the file and its folder: ls -la"),
    errno.ENOTDIR: ("a file is where a folder should be", "move that file away"),
    errno.EEXIST: ("a file is where a folder should be", "move that file away"),
    errno.EISDIR: ("a folder is where a file should be", "move that folder away"),
    errno.ELOOP: ("it is a link that leads to itself, or a link where none is allowed", "see where it leads: ls -la"),
    errno.ENOSYS: _NO_LOCKS,
    errno.ENOLCK: _NO_LOCKS,
    errno.EOPNOTSUPP: _NO_LOCKS,
    errno.EBUSY: ("it is mounted as a single file, which cannot be replaced", "mount its folder instead"),
    errno.EIO: ("the disk fails", "check the disk, and restore from a backup"),
    errno.ESTALE: ("the disk is no longer connected", "connect it again"),
}


@contextmanager
def explained(path: Path, done: str) -> Iterator[None]:
    """Turns an OS error of the block into a sentence: which file could not be `done` what, and why.

    Raises StoreUnavailable, and of a read-only disk its kind ReadOnlyDisk.
    """
    try:
        yield
    except OSError as error:
        kind = errors.ReadOnlyDisk if error.errno == errno.EROFS else errors.StoreUnavailable
        raise kind(*told(error, path, done)) from None


def told(error: OSError, path: Path, done: str) -> tuple[str, str]:
    """The sentence, and the next step."""
    if isinstance(error, placing.NoModes):
        hint = "name a file on another disk, or let your shell write it: - >FILE in place of the name"
        return f"{path} could not be {done}: its disk keeps no permissions, so others could read it.", hint
    if error.errno == errno.ENOENT and not path.is_absolute() and not _has_working_folder():
        return f"{path} could not be {done}: the working folder is gone.", errors.NoWorkingFolder.HINT
    unknown = ((error.strerror or type(error).__name__).lower(), "see what is in its folder: ls -la")
    why, hint = _CAUSES.get(error.errno or 0, unknown)
    return f"{path} could not be {done}: {why}.", hint


def why(error: OSError) -> str:
    """A clause that describes a system error."""
    return _CAUSES[error.errno][0] if error.errno in _CAUSES else (error.strerror or type(error).__name__).lower()


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - as cheap as it gets
    except OSError:
        return False
    return True
