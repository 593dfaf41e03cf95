"""The one way a file is read and written.

A file is placed beside the old one, synced, and renamed over it, private from birth; so a reader sees the old
one or the new one and needs no lock. Every OS error becomes a sentence here. Knows nothing of what is kept.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from sp_connect import errors

_PREFIX = ".sp-connect-"
_STALE = 3600.0
_WRITERS = 16
_PROBES, _PROBE_SIZE = 4, 16 * 1024
_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)  # a pipe that somebody put there would be waited for
_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space and run it again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and run it again"),
    errno.EFBIG: ("the file is larger than this process may write", "raise the limit: ulimit -f"),
    errno.EROFS: ("the disk is read-only", "set SP_CONNECT_HOME to a folder that can be written"),
    errno.EACCES: ("permission is denied", "see who owns the file and its folder: ls -la"),
    errno.EPERM: ("permission is denied", "see who owns the file and its folder: ls -la"),
    errno.ENOTDIR: ("a file stands where a folder belongs", "move that file away"),
    errno.EEXIST: ("a file stands where a folder belongs", "move that file away"),
    errno.EISDIR: ("a folder stands where a file belongs", "move that folder away"),
    errno.ELOOP: ("a link stands there that leads to itself, or where none may be", "see where it leads: ls -la"),
    errno.ENOSYS: ("its disk has no locks", "set SP_CONNECT_HOME to a folder on another disk"),
    errno.EIO: ("the disk fails", "see to that disk, and bring back a copy"),
    errno.ESTALE: ("the disk is not there any more", "connect it again"),
}


def make_folder(path: Path) -> None:
    """Creates a folder and those above it, 0700 whatever the umask; what exists is left alone."""
    with explained(path, "created"):
        missing = []
        while not path.is_dir():
            missing.append(path)
            if path == path.parent:
                break
            path = path.parent
        for folder in reversed(missing):
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                if not folder.is_dir():  # else another process was faster
                    raise
            else:
                folder.chmod(0o700)  # a strict umask would take our own rights away
                _sync_folder(folder.parent)


def replace(path: Path, data: bytes) -> None:
    """Puts `data` in place of a file in one step, 0600 from birth; its folder is made if it is missing.

    A crash leaves the old file or the new one, a failure the old one and nothing else. A symbolic link stays
    one: the file that it points to is replaced. Raises StoreUnavailable.
    """
    replace_all({path: data})


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """The same for many files, which wait for the disk together: all are on it before the first takes its place.

    What is replaced stays so through a power cut once this returns. Where it raises, some may be replaced.
    """
    targets = {path: _target(path) for path in contents}
    folders = {target.parent for target in targets.values()}
    for folder in folders:
        make_folder(folder)
        with explained(folder, "written"):
            _sweep(folder)
    beside: dict[Path, Path] = {}

    def write(path: Path) -> None:
        beside[path] = targets[path].parent / f"{_PREFIX}{os.urandom(8).hex()}"
        with explained(path, "written"):
            _write(beside[path], contents[path])

    try:
        _at_once(write, list(contents))
        for path, target in targets.items():
            with explained(path, "written"):
                _rename(beside[path], target)
    except BaseException:
        for temporary in beside.values():
            with suppress(OSError):
                temporary.unlink()
        raise
    for folder in folders:
        with explained(folder, "written"):
            _sync_folder(folder)


def prove(folder: Path) -> None:
    """Writes, reads and removes throwaway files where others will be: as many and as large as a change needs at once.

    Raises StoreUnavailable.
    """
    probes = [folder / f"{_PREFIX}{os.urandom(8).hex()}" for _ in range(_PROBES)]  # they are swept if we are killed
    data = os.urandom(_PROBE_SIZE)
    try:
        replace_all(dict.fromkeys(probes, data))
        if any(read(probe) != data for probe in probes):
            raise errors.StoreUnavailable(f"{folder} does not give back what is written.", "see to that disk")
    finally:
        for probe in probes:
            with suppress(OSError):  # what is wrong was told when they were written
                probe.unlink()


def write_out(path: Path, text: str) -> None:
    """Writes a file that a person named, 0600 from birth; its folder is made, as that of another program may be.

    A device is not written to: as root, it would be replaced by a file. Raises CannotWrite, StoreUnavailable.
    """
    if path.exists() and not path.is_file():
        raise errors.CannotWrite(path, "it is no regular file")
    replace(path, text.encode())


def move(path: Path, target: Path) -> None:
    """Gives a file or folder another name in the same folder. Raises StoreUnavailable."""
    with explained(path, "moved"):
        path.rename(target)
        _sync_folder(target.parent)


def remove(path: Path) -> None:
    """Removes a file; one that is missing is fine. Raises StoreUnavailable."""
    with explained(path, "removed"), suppress(FileNotFoundError):
        path.unlink()
        _sync_folder(path.parent)


def read(path: Path) -> bytes | None:
    """The bytes of a file, or None where there is none. Raises Unreadable, and Damaged for what is no file."""
    try:
        with io.FileIO(os.open(path, os.O_RDONLY | _AT_ONCE)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise errors.Damaged(path, "it is a pipe or a device, and no file")
            return file.readall()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.Unreadable(path, *_told(error, path, "read")) from None


def names(folder: Path) -> list[str]:
    """The names in a folder, sorted; hidden ones (our own half-written files among them) are left out."""
    with explained(folder, "read"):
        try:
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208 - far faster
        except FileNotFoundError:
            return []


def half_written(folder: Path) -> list[Path]:
    """What killed processes left in a folder an hour ago or more; somebody may be at work on younger ones.

    Raises StoreUnavailable.
    """
    found = []
    with explained(folder, "read"), suppress(FileNotFoundError):
        for entry in folder.iterdir():
            if entry.name.startswith(_PREFIX):
                with suppress(OSError):
                    if entry.stat().st_mtime < time.time() - _STALE:
                        found.append(entry)
    return found


def read_text(path: Path) -> str | None:
    """The text of a file, or None where there is none. Raises Damaged where it is not UTF-8."""
    data = read(path)
    try:
        return None if data is None else data.decode("utf-8-sig")  # Windows editors put a mark in front
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise errors.Damaged(path, f"line {line} is not UTF-8") from None


@contextmanager
def explained(path: Path, done: str) -> Iterator[None]:
    """Turns an OS error of the block into a sentence: which file could not be `done` what, and why.

    Raises StoreUnavailable.
    """
    try:
        yield
    except OSError as error:
        raise errors.StoreUnavailable(*_told(error, path, done)) from None


def _told(error: OSError, path: Path, done: str) -> tuple[str, str]:
    """The sentence, and the next step."""
    unknown = ((error.strerror or type(error).__name__).lower(), "see what is in its folder: ls -la")
    why, hint = _CAUSES.get(error.errno or 0, unknown)
    return f"{path} could not be {done}: {why}.", hint


def _target(path: Path) -> Path:
    """The file that `path` stands for: itself, or where it leads as a symbolic link."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else path  # noqa: PTH114 - Path's own may raise


def _at_once(write: Callable[[Path], None], paths: Sequence[Path]) -> None:
    """Calls `write` for each path, in threads for many: they wait for the disk, and it serves several in one go.

    Raises what one of them raises, once none is at work any more.
    """

    def write_some(some: Sequence[Path]) -> None:
        for path in some:
            write(path)

    if len(paths) < 2:
        write_some(paths)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_WRITERS) as writers:
        for _ in writers.map(write_some, [paths[first::_WRITERS] for first in range(min(_WRITERS, len(paths)))]):
            pass


def _write(path: Path, data: bytes) -> None:
    """Writes a new file, and waits until it is on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        path.chmod(0o600)  # a strict umask would take our own rights away
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _rename(source: Path, target: Path) -> None:
    """os.replace; on Windows a virus scanner may hold the target for a moment."""
    deadline = time.monotonic() + (2.0 if sys.platform == "win32" else 0.0)
    while True:
        try:
            source.replace(target)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _sync_folder(folder: Path) -> None:
    """Makes a rename, a new name or a removal outlive a power cut; Windows has no such call."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network disks cannot; the file itself is there
            raise
    finally:
        os.close(handle)


@cache
def _sweep(folder: Path) -> None:
    """Removes what is half-written in a folder.

    Once a process for each: with ten thousand sellers a look at all of them costs more than a write.
    """
    for leftover in half_written(folder):
        with suppress(OSError):
            leftover.unlink()
