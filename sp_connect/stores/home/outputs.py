"""Writes files that a person names: reports, credentials, the relay page. Their folders may belong to anybody.

A file takes its place in one step, a pipe or a terminal is written to as it is. No link is followed, and nothing is
handed to a pipe, that another user has put there: in a folder for all, such as /tmp, anyone can.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from sp_connect import errors
from sp_connect.stores.home import disk_errors, files, leftovers, permissions, placing

STDOUT = "-"
_ITS_NAMES = {STDOUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}
_MOST_LINKS = 40
_PATIENCE = 60.0
"""Seconds in which somebody has to read a pipe."""

_INTO: int = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def is_stdout(path: Path) -> bool:
    """Whether a name means standard output: `-`, /dev/stdout, or the terminal or pipe that it is."""
    if str(path) in _ITS_NAMES:
        return True
    with suppress(OSError):
        named = path.stat()
        return not stat.S_ISREG(named.st_mode) and os.path.samestat(named, os.fstat(1))
    return False


def shows_to_someone(path: Path) -> bool:
    """Whether a name is that of a terminal."""
    with suppress(OSError):
        if stat.S_ISCHR(path.stat().st_mode):
            handle = os.open(path, _INTO)
            try:
                return os.isatty(handle)
            finally:
                os.close(handle)
    return False


def write(path: Path, text: str, notes: Path | None, *, for_all: bool = False) -> None:
    """Writes what a person named, 0600 from birth, or `for_all` as the umask has it; a missing folder is made.

    A file that is there is replaced; `for_all` it keeps its mode. Of what a kill leaves beside it, `notes` has a note.
    Raises CannotWrite, StoreUnavailable.
    """
    data = text.encode()
    try:
        there = path.stat()
    except (OSError, ValueError):
        there = None
    if there is not None and not stat.S_ISREG(there.st_mode):
        _write_into(path, data)
        return
    if notes is not None:
        leftovers.settle(notes)
    mode = None
    if for_all:
        mode = placing.FOR_ALL if there is None else stat.S_IMODE(there.st_mode)
    with disk_errors.explained(path, "written"), _spot(path) as spot:
        placing.put(spot, data, mode, notes)
    files.confirm(path)


def _write_into(path: Path, data: bytes) -> None:
    """Writes into a pipe or a device, which stays what it is."""
    try:
        handle = os.open(path, _INTO)
    except OSError as error:
        is_alone = error.errno == errno.ENXIO
        raise errors.CannotWrite(path, "nobody reads it" if is_alone else disk_errors.why(error)) from None
    try:
        status = os.fstat(handle)
        if not (stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)):
            raise errors.CannotWrite(path, "it is a disk, not a file")
        if not permissions.is_trusted(status.st_uid):
            raise errors.CannotWrite(path, f"it belongs to {permissions.owner(status.st_uid)}")
        rest = memoryview(data)
        while rest:
            if os.name == "posix" and not select.select([], [handle], [], _PATIENCE)[1]:
                raise errors.CannotWrite(path, "nobody reads it")
            with suppress(BlockingIOError):
                rest = rest[os.write(handle, rest) :]
    except BrokenPipeError:
        raise errors.CannotWrite(path, "its reader has closed it") from None
    except OSError as error:
        raise errors.CannotWrite(path, disk_errors.why(error)) from None
    finally:
        os.close(handle)


@contextmanager
def _spot(path: Path) -> Iterator[placing.Spot]:
    """The spot of a file, step by step from the root, so that a link cannot be put there meanwhile."""
    whole = files.absolute(path)
    if not placing.HAS_HANDLES:
        files.make_folder(whole.parent)
        target = Path(os.path.realpath(whole))
        yield placing.Spot(target.parent, target.name, None)
        return
    handle, folder, name = _walked(whole)
    try:
        yield placing.Spot(folder, name, handle)
    finally:
        os.close(handle)


def _walked(path: Path) -> tuple[int, Path, str]:
    """The open folder of a file, its path, and the file's name in it. Raises CannotWrite for a link of another user."""
    folder, handle = Path(path.anchor), os.open(path.anchor, placing.FOLDER)
    left, links = list(reversed(path.parts[1:])), 0
    try:
        while True:
            name = left.pop() if left else ""
            target = _link(path, handle, name)
            if target is not None:
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))  # noqa: TRY301 - the handle is closed below
                if target.anchor:
                    folder, handle = Path(target.anchor), _stepped(handle, target.anchor)
                left += reversed(target.parts[1:] if target.anchor else target.parts)
            elif left:
                handle = _stepped(handle, name)
                folder = folder.parent if name == ".." else folder / name
            else:
                return handle, folder, name
    except BaseException:
        os.close(handle)
        raise


def _link(path: Path, handle: int, name: str) -> PurePath | None:
    """Where a name leads as a link; None where it is none. Raises CannotWrite for a link of another user."""
    try:
        status = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    if not permissions.is_trusted(status.st_uid):
        raise errors.CannotWrite(path, f"{name} in it is a link of {permissions.owner(status.st_uid)}")
    return PurePath(os.readlink(name, dir_fd=handle))


def _stepped(handle: int, name: str) -> int:
    """The open folder of a name in an open folder, which is closed; made if it is missing."""
    flags = placing.FOLDER | os.O_NOFOLLOW
    try:
        found = os.open(name, flags, dir_fd=handle)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=handle)
        found = os.open(name, flags, dir_fd=handle)
    os.close(handle)
    return found
