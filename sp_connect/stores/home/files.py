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
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from sp_connect import errors
from sp_connect.process import threads
from sp_connect.stores.home import disk_errors, leftovers, links, placing
from sp_connect.stores.home.disk_errors import explained

_WRITERS = 16
_PROBES, _PROBE_SIZE = 4, 16 * 1024
_unconfirmed: list[tuple[Path, str, str]] = []
"""Changes that the disk did not confirm: the folder, the clause for the message, and the reason."""

_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)  # a pipe that somebody put there would be waited for


def make_folder(path: Path) -> None:
    """Creates a folder and those above it, 0700 whatever the umask; what exists is left alone."""
    if not path.is_dir():
        links.check(path)
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
                if stat.S_IMODE(folder.stat().st_mode) & 0o777 != 0o700:
                    with suppress(PermissionError):  # a disk without permissions, whose every folder is like that
                        folder.chmod(0o700)  # a strict umask would take our own rights away
                with suppress(OSError):  # what is written into it will say it
                    _sync_folder(folder.parent)


def replace(path: Path, data: bytes, notes: Path | None = None) -> None:
    """Puts `data` in place of a file in one step, 0600 from birth; its folder is made if it is missing.

    A crash leaves the old file or the new one, a failure the old one and nothing else. A symbolic link stays
    one: the file that it points to is replaced. The folder may be the user's, and nothing is swept there: what a kill
    leaves half-written is known by its note in `notes` (`placing`). Raises StoreUnavailable.
    """
    target = _target(path)
    make_folder(target.parent)
    if notes is not None:
        _settle(notes)
    with explained(path, "written"), placing.spot(target) as spot:
        placing.put(spot, data, notes=notes, needs_modes=False)
    confirm(path)


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """Replaces many files of our own folders, as `replace` does: all are on the disk before the first takes its place.

    What is replaced stays so through a power cut once this returns. Where it raises, some may be replaced.
    """
    _confirm(_replace_all(contents), "written")


def _replace_all(contents: Mapping[Path, bytes]) -> dict[Path, Path]:
    """The folders whose names are new, each with a file in it."""
    targets = {path: _target(path) for path in contents}
    for path, target in targets.items():
        make_folder(target.parent)
        if target == path:  # else the folder is that of whoever put a link here
            with explained(target.parent, "written"):
                _sweep(target.parent)
    beside: dict[Path, Path] = {}

    def write(path: Path) -> None:
        beside[path] = targets[path].parent / leftovers.new_name()
        with explained(path, "written"):
            _write(beside[path], contents[path])

    try:
        _at_once(write, list(contents))
        for path, target in targets.items():
            with explained(path, "written"):
                placing.rename(beside[path], target)
    except BaseException:
        for temporary in beside.values():
            with suppress(OSError):
                temporary.unlink()
        raise
    return {target.parent: path for path, target in targets.items()}


def prove(folder: Path) -> None:
    """Writes, reads and removes throwaway files where others will be: as many and as large as a change needs at once.

    Raises StoreUnavailable.
    """
    probes = [folder / leftovers.new_name() for _ in range(_PROBES)]  # swept if we are killed
    data = os.urandom(_PROBE_SIZE)
    try:
        _replace_all(dict.fromkeys(probes, data))
        if any(read(probe) != data for probe in probes):
            raise errors.StoreUnavailable(f"{folder} does not return what was written to it.", "check that disk")
        with explained(folder, "written"):
            _sync_folder(folder)
    finally:
        for probe in probes:
            with suppress(OSError):  # what is wrong was told when they were written
                probe.unlink()


def try_out(folder: Path) -> None:
    """Writes and reads a file in a folder that may be the user's, and leaves nothing there even if it is killed.

    Raises StoreUnavailable.
    """
    data = os.urandom(_PROBE_SIZE)
    with explained(folder, "written"):
        given_back = placing.given_back(folder, data)
    if given_back != data:
        raise errors.StoreUnavailable(f"{folder} does not return what was written to it.", "check that disk")


def move(path: Path, target: Path) -> None:
    """Gives a file or folder another name in the same folder. Raises StoreUnavailable."""
    with explained(path, "moved"):
        path.rename(target)
    _confirm({target.parent: path}, "moved")


def remove(path: Path) -> None:
    """Removes a file; one that is missing is fine. Raises StoreUnavailable."""
    with explained(path, "removed"):
        try:
            path.unlink()
        except FileNotFoundError:
            return
    _confirm({path.parent: path}, "removed")


def confirm(path: Path) -> None:
    """Waits until a file that was put in its place has its name on the disk."""
    _confirm({_target(path).parent: path}, "written")


def unconfirmed() -> int:
    """How many changes of this process hold, though a power cut may undo them: the disk did not confirm them."""
    return len(_unconfirmed)


def see_confirmed() -> None:
    """Raises Unconfirmed once a command has done all it had to: nothing of it is a reason to stop before.

    The last change of each folder is what counts there.
    """
    if _unconfirmed:
        folders = {folder for folder, _, _ in _unconfirmed}
        _, done, why = _unconfirmed[-1]
        _unconfirmed.clear()
        raise errors.Unconfirmed(done, why, more=len(folders) - 1)


def read(path: Path, see: Callable[[Path, int], None] | None = None) -> bytes | None:
    """The bytes of a file, or None where there is none. Raises Unreadable, and Damaged for what is no file.

    `see` raises what is wrong with the open file.
    """
    try:
        with io.FileIO(os.open(path, os.O_RDONLY | _AT_ONCE)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise errors.Damaged(path, "it is a pipe or a device, not a file")
            if see is not None:
                see(path, file.fileno())
            return file.readall()
    except FileNotFoundError:
        links.check(path)
        return None
    except OSError as error:
        raise errors.Unreadable(path, *disk_errors.told(error, path, "read")) from None


def names(folder: Path) -> list[str]:
    """The names in a folder, sorted; hidden ones (our own half-written files among them) are left out."""
    with explained(folder, "read"):
        try:
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208 - far faster
        except FileNotFoundError:
            links.check(folder)
            return []


def half_written(folder: Path) -> list[Path]:
    """Files that killed processes left an hour ago or more in a folder of ours; younger ones may be in use.

    Only what this program certainly made: a file of this user's with 16 hexadecimal digits in its name, in a folder
    that holds nothing else. Raises StoreUnavailable.
    """
    with explained(folder, "read"), suppress(FileNotFoundError):
        return leftovers.in_own(folder)
    return []


def read_text(path: Path, see: Callable[[Path, int], None] | None = None) -> str | None:
    """The text of a file as `read` finds it, or None where there is none. Raises Damaged where it is not UTF-8."""
    data = read(path, see)
    try:
        return None if data is None else data.decode("utf-8-sig")  # Windows editors put a mark in front
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise errors.Damaged(path, f"line {line} is not UTF-8") from None


def absolute(path: Path) -> Path:
    """The whole path. Raises NoWorkingFolder where a relative one leads nowhere any more."""
    try:
        return path.absolute()
    except FileNotFoundError:
        raise errors.NoWorkingFolder(path) from None


def _target(path: Path) -> Path:
    """The file that `path` stands for: itself, or where it leads as a symbolic link. Raises Unreadable.

    A link that leads nowhere is not written to: what was there is on a disk that is not mounted.
    """
    links.check(path)
    return Path(os.path.realpath(path)) if os.path.islink(path) else path  # noqa: PTH114 - Path's own may raise


def _at_once(write: Callable[[Path], None], paths: Sequence[Path]) -> None:
    """Calls `write` for each path, in threads for many: they wait for the disk, and it serves several in one go.

    Raises what one of them raises, once none is at work any more.
    """

    waiting, failures = deque(paths), list[BaseException]()

    def write_some() -> None:
        with suppress(IndexError):  # another one took the last
            while waiting and not failures:
                path = waiting.popleft()
                try:
                    write(path)
                except BaseException as failure:  # noqa: BLE001 - raised again below
                    failures.append(failure)

    helpers = [threads.start(write_some) for _ in range(min(_WRITERS, len(paths)) - 1)]
    write_some()
    for helper in helpers:
        if helper is not None:  # else there are too many threads already, and the others do its work
            helper.join()
    if failures:
        raise failures[0]


def _write(path: Path, data: bytes) -> None:
    """Writes a new file, and waits until it is on the disk. Nothing in a folder of ours is a secret in the clear."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with suppress(placing.NoModes):
            placing.close_to_others(file.fileno(), 0o600)  # a strict umask would take our own rights away
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _confirm(folders: Mapping[Path, Path], done: str) -> None:
    """Waits until new names are on the disk. Where that fails the change holds all the same, and is told at the end."""
    for folder, path in folders.items():
        try:
            _sync_folder(folder)
        except OSError as error:
            _unconfirmed.append((folder, f"{path} is {done}", disk_errors.why(error)))


def _sync_folder(folder: Path) -> None:
    """Makes a rename, a new name or a removal outlive a power cut; Windows has no such call."""
    if sys.platform == "win32":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # one that may be written to and not read cannot be waited for
        return
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


@cache
def _settle(notes: Path) -> None:
    """Removes what notes name, once a process."""
    leftovers.settle(notes)
