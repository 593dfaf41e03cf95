"""POSIX permissions: checked for other users, and fixed where the files are ours."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sp_connect import errors
from sp_connect.stores.home import placing

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


def is_trusted(uid: int) -> bool:
    """Whether what belongs to a user may be obeyed: to ourselves, to root, or to the person who typed sudo."""
    if not are_known():
        return True
    return uid in {os.geteuid(), 0} or (os.geteuid() == 0 and str(uid) == os.environ.get("SUDO_UID"))


def owner(uid: int) -> str:
    """A user as a sentence names them."""
    import pwd

    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"


def see_trusted(path: Path, handle: int) -> None:
    """Raises Untrusted where an open file that is obeyed may be another user's word: ssh's rule for its own settings.

    The file and its folder belong to whom `is_trusted` names, and nobody else may write to either; where `path` is a
    link, the folder that it leads to counts as well.
    """
    if not are_known():
        return
    _see_trusted(path, os.fstat(handle))
    link = path.lstat()
    if stat.S_ISLNK(link.st_mode):
        _see_trusted(path, link)
        _see_trusted(folder := Path(os.path.realpath(path)).parent, folder.stat())
    _see_trusted(path.parent, path.parent.stat())


def see_owner(path: Path, handle: int) -> None:
    """Raises Untrusted where an open file belongs to another user than `is_trusted` names."""
    if are_known():
        _see_owner(path, os.fstat(handle))


def _quoted(path: Path) -> str:
    """A path as a shell takes it."""
    import shlex

    return shlex.quote(str(path))


def _see_owner(path: Path, status: os.stat_result) -> None:
    if not is_trusted(status.st_uid):
        raise errors.Untrusted(
            path,
            f"it belongs to {owner(status.st_uid)}, who is neither you nor root",
            f"if you trust what it says: sudo chown $(id -un) {_quoted(path)}",
        )


def _see_trusted(path: Path, status: os.stat_result) -> None:
    _see_owner(path, status)
    loose = _loose(status)
    if loose and not _is_exempt(path, status):
        fix = f"chmod go-w {_quoted(path)}"
        raise errors.Untrusted(path, f"{loose} may change it", fix if status.st_uid == os.geteuid() else f"sudo {fix}")


def _loose(status: os.stat_result) -> str:
    """Other users who may write to a file or folder; empty if none. In a sticky folder each changes only their own."""
    if stat.S_ISLNK(status.st_mode) or (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "everyone on this machine"
    if status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid):
        return f"the group {_group(status.st_gid)}"
    return ""


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _is_private_group(gid: int) -> bool:
    """Whether nobody but ourselves and root is in a group, as it is where each user has one of their own."""
    import grp
    import pwd

    ours = {"root"}
    try:
        ours.add(pwd.getpwuid(os.geteuid()).pw_name)
        members = {*grp.getgrgid(gid).gr_mem, *(one.pw_name for one in pwd.getpwall() if one.pw_gid == gid)}
    except KeyError:  # a container's user, or group, that has no name
        return gid in {0, os.getegid()}
    return members <= ours


def _is_exempt(path: Path, status: os.stat_result) -> bool:
    """Whether modes say nothing there: nobody can write to a read-only disk, and Windows' disks under WSL have none."""
    with suppress(OSError):
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return True
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        return is_of_windows(mounts, f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}")
    return False


def is_of_windows(mounts: str, device: str) -> bool:
    """Whether a device is a disk of Windows in WSL, by what /proc/self/mountinfo says."""
    for line in mounts.splitlines():
        mount, _, kind = line.partition(" - ")
        if device in mount.split(" ")[2:3]:
            return kind.startswith("drvfs ") or (kind.startswith("9p ") and "aname=drvfs" in kind)
    return False


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
            placing.close_to_others(handle, stat.S_IMODE(os.fstat(handle).st_mode) & stat.S_IRWXU)
        finally:
            os.close(handle)
    except placing.NoModes:
        raise errors.StoreUnavailable(
            f"The permissions of {path} could not be changed: its disk keeps none.",
            "set SP_CONNECT_HOME to a folder on another disk, or mount that one with umask=077",
        ) from None
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise errors.StoreUnavailable(
            f"The permissions of {path} could not be changed: {why}.",
            f"see whose it is: ls -ld {_quoted(path)}",
        ) from None
