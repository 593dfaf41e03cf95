"""Puts one file into a folder that may be anybody's, in one step, so that a kill leaves nothing that is not known.

Where the disk has files without a name (Linux: O_TMPFILE), the file gets its name once it is whole. Where it must
have another name first, a note says which file that is (`leftovers`).
Raises OSError; the sentences are `files`'.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sp_connect.stores.home import leftovers

_NAMELESS: int | None = getattr(os, "O_TMPFILE", None)
_HAS_NONE = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.ENOENT}
"""How a disk, or a system without /proc, says that it has no files without a name."""

FOR_ALL = 0o666
"""The mode of a file that others may read, before the umask."""

FOLDER: int = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
"""How a folder is opened that need not be read."""

HAS_HANDLES = {os.open, os.link, os.rename, os.unlink} <= os.supports_dir_fd
"""Whether a file can be named beside an open folder, whatever happens to the folder's own name meanwhile."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL
_HAS_NO_LINKS = {errno.EPERM, errno.EACCES, errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENOENT}
"""How a system says that it gives such a file no name: a sandbox may."""

_LACKS_MODES = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}


class NoModes(OSError):
    """The disk keeps no permissions: others may read or change what is written there."""


class Spot(NamedTuple):
    """A folder, and the name of a file in it. `handle` is the open folder; None on systems that cannot use one."""

    folder: Path
    name: str
    handle: int | None

    def beside(self) -> Spot:
        """A name that nobody has, for the time in which a file is not whole."""
        return self._replace(name=leftovers.new_name())

    @property
    def path(self) -> Path:
        """The whole path."""
        return self.folder / self.name

    @property
    def at(self) -> str | Path:
        """The arguments for system calls: the name if the folder is open, else the whole path."""
        return self.path if self.handle is None else self.name


@contextmanager
def spot(path: Path) -> Iterator[Spot]:
    """The spot of a path, whose folder is open while the block runs."""
    if not HAS_HANDLES:
        yield Spot(path.parent, path.name, None)
        return
    handle = os.open(path.parent, FOLDER)
    try:
        yield Spot(path.parent, path.name, handle)
    finally:
        os.close(handle)


def put(
    target: Spot, data: bytes, mode: int | None = None, notes: Path | None = None, *, needs_modes: bool = True
) -> None:
    """Puts a file in its place: 0600 from birth, or with `mode`; FOR_ALL is what the umask leaves of it.

    `notes` is the folder of notes; without one, or where none can be written, none is. A file that is there is
    replaced. The name is not yet sure to outlive a power cut. Where a private file cannot be one, it is written only
    if it `needs_modes` not; else NoModes is raised before anything is.
    """

    def fill(handle: int) -> None:
        if mode is None and os.name == "posix":
            try:
                close_to_others(handle, 0o600)  # a strict umask would take our own rights away
            except NoModes:
                if needs_modes:
                    raise
        elif mode not in {None, FOR_ALL} and stat.S_IMODE(os.fstat(handle).st_mode) != mode:
            with suppress(OSError):
                os.fchmod(handle, mode)
        _fill(handle, data)

    birth = 0o600 if mode is None else mode
    if not _put_nameless(target, fill, birth, notes):
        _put_named(target, fill, birth, notes)


def given_back(folder: Path, data: bytes) -> bytes:
    """Writes to a folder's disk and reads back, through a file without a name or one that is removed at once."""
    with spot(folder / leftovers.new_name()) as target:
        handle = _nameless(target, 0o600)
        beside = target.beside()
        if handle is None:
            handle = os.open(beside.at, _NEW, 0o600, dir_fd=beside.handle)
            if os.name == "posix":
                os.unlink(beside.at, dir_fd=beside.handle)
        try:
            _fill(handle, data)
            os.lseek(handle, 0, os.SEEK_SET)
            return os.read(handle, len(data) + 1)
        finally:
            os.close(handle)
            if os.name != "posix":
                beside.path.unlink()


def close_to_others(handle: int, mode: int) -> None:
    """Leaves an open file or folder to its owner, who has the rights of `mode`. Changes nothing where that is so.

    Raises NoModes where the disk has no permissions.
    """
    if _is_closed(handle, mode):
        return
    try:
        os.fchmod(handle, mode)
    except OSError as error:
        if error.errno not in _LACKS_MODES:
            raise
        raise NoModes(errno.EPERM, "its disk keeps no permissions") from None
    if not _is_closed(handle, mode):
        raise NoModes(errno.EPERM, "its disk keeps no permissions")


def rename(source: str | Path, target: str | Path, handle: int | None = None) -> None:
    """os.replace; on Windows a virus scanner may hold the target for a moment."""
    deadline = time.monotonic() + (2.0 if sys.platform == "win32" else 0.0)
    while True:
        try:
            os.replace(source, target, src_dir_fd=handle, dst_dir_fd=handle)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _is_closed(handle: int, mode: int) -> bool:
    now = stat.S_IMODE(os.fstat(handle).st_mode)
    return os.name != "posix" or (not now & 0o077 and now & mode == mode)


def _nameless(target: Spot, mode: int) -> int | None:
    """A file without a name in the folder of a spot, open for writing; None where there are none."""
    if _NAMELESS is None or target.handle is None or not os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - cheaper
        return None
    try:
        return os.open(".", _NAMELESS | os.O_RDWR, mode, dir_fd=target.handle)
    except OSError as error:
        if error.errno in _HAS_NONE:
            return None
        raise


def _put_nameless(target: Spot, fill: Callable[[int], None], mode: int, notes: Path | None) -> bool:
    """Puts a file in its place that has no name until it is whole; False where there is no such way."""
    handle = _nameless(target, mode)
    if handle is None:
        return False
    try:
        fill(handle)
        try:
            _link(handle, target)
        except FileExistsError:
            beside = target.beside()
            with leftovers.noted(beside.path, os.fstat(handle), notes):
                _link(handle, beside)
                _take_place(beside, target)
    except OSError as error:
        if error.errno in _HAS_NO_LINKS and not isinstance(error, NoModes):
            return False
        raise
    finally:
        os.close(handle)
    return True


def _link(handle: int, target: Spot) -> None:
    """Gives a file without a name one. Raises FileExistsError where another file has it."""
    os.link(f"/proc/self/fd/{handle}", target.at, dst_dir_fd=target.handle, follow_symlinks=True)


def _put_named(target: Spot, fill: Callable[[int], None], mode: int, notes: Path | None) -> None:
    beside = target.beside()
    handle = os.open(beside.at, _NEW, mode, dir_fd=beside.handle)
    try:
        with leftovers.noted(beside.path, os.fstat(handle), notes):
            try:
                fill(handle)
            finally:
                os.close(handle)
            _take_place(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside.at, dir_fd=beside.handle)
        raise


def _fill(handle: int, data: bytes) -> None:
    """Writes all, and waits until it is on the disk."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)


def _take_place(beside: Spot, target: Spot) -> None:
    try:
        rename(beside.at, target.at, target.handle)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside.at, dir_fd=beside.handle)
        raise
