"""Disks that have no locks, no permissions, or a single file of which is mounted: each is told for what it is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import files, leftovers

TELL = """
import os, sys; from pathlib import Path
from sp_connect import errors
from sp_connect.stores.home import files, locks, outputs
path = Path(sys.argv[1])
def lock():
    with locks.held(path, 1):
        pass
deeds = {"lock": lock, "own": lambda: files.replace_all({path: b"x"}), "config": lambda: files.replace(path, b"x"),
         "named": lambda: outputs.write(path, "x", None),
         "noted": lambda: outputs.write(path, "x", path.parent.with_name("unfinished"))}
if sys.argv[2] != "noted":
    os.umask(0o477)  # as if every file came with permissions that have to be changed
try:
    deeds[sys.argv[2]]()
    print("done")
except errors.SpConnectError as error:
    print(error.code, error.message, error.hint, sep="|")
"""


def told(path: Path, deed: str, call: str, number: str) -> str:
    """What a deed says on a disk that refuses a call of the system."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"inject={call}:error={number}",
        sys.executable,
        "-c",
        TELL,
    ]
    done = subprocess.run([*command, str(path), deed], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize("number", ["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def test_a_disk_without_locks_is_told_with_the_way_out(tmp_path: Path, number: str) -> None:
    path = tmp_path / "lock"

    why = f"{path} could not be locked: its disk has no locks."
    assert told(path, "lock", "flock", number) == (
        f"store-unavailable|{why}|set SP_CONNECT_HOME to a folder on another disk"
    )


@pytest.mark.parametrize("deed", ["own", "config"])
def test_where_there_are_no_permissions_our_own_files_are_written_all_the_same(tmp_path: Path, deed: str) -> None:
    path = tmp_path / "folder" / "file"

    assert told(path, deed, "fchmod,chmod,fchmodat", "EPERM") == "done"
    assert path.read_bytes() == b"x"


def test_where_there_are_no_permissions_what_has_to_be_private_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"

    code, why, hint = told(path, "named", "fchmod", "EPERM").split("|")

    assert (code, why) == (
        "store-unavailable",
        f"{path} could not be written: its disk keeps no permissions, so others could read it.",
    )
    assert "- >FILE" in hint
    assert list(tmp_path.iterdir()) == []


QUIET = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # Python renames there, too
NO_NAMELESS = ("-e", "inject=linkat:error=EPERM")
"""As on a disk without files that have no name."""


def test_where_every_file_has_a_name_from_birth_it_is_written_too(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"

    assert told(path, "noted", "linkat", "EPERM") == "done"

    assert path.read_bytes() == b"x"
    assert list(path.parent.iterdir()) == [path]
    assert list((tmp_path / "unfinished").iterdir()) == []


# The first sync is of the file that gets no name, the second of the one that has one.
@pytest.mark.parametrize("kill", ["fsync:signal=KILL:when=2", "rename,renameat,renameat2:signal=KILL:when=1"])
def test_what_a_kill_leaves_there_is_removed_by_its_note_and_nothing_else_is(tmp_path: Path, kill: str) -> None:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    others = {path.parent / name for name in (".sp-connect-passphrase", ".sp-connect-0123456789abcdef")}
    for other in others:
        other.write_text("the user's own")
        os.utime(other, (0, 0))
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", *NO_NAMELESS, "-e", f"inject={kill}"]
    done = subprocess.run([*strace, sys.executable, "-c", TELL, str(path), "noted"], env=QUIET, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    [left] = {*path.parent.iterdir()} - others
    assert leftovers.unsettled(tmp_path / "unfinished") == [left]

    assert leftovers.settle(tmp_path / "unfinished") == [left]

    assert {*path.parent.iterdir()} == others
    assert list((tmp_path / "unfinished").iterdir()) == []


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file that is mounted alone, as `docker --volume config.toml:…/config.toml` does it."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount")
    path, outside = tmp_path / "config.toml", tmp_path / "outside.toml"
    for file in (path, outside):
        file.write_text("before")
    subprocess.run(["mount", "--bind", outside, path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_single_file_that_is_mounted_cannot_be_replaced_and_says_so(mounted: Path) -> None:
    with pytest.raises(errors.StoreUnavailable) as caught:
        files.replace(mounted, b"after")

    assert caught.value.message == (
        f"{mounted} could not be written: it is mounted as a single file, which cannot be replaced."
    )
    assert caught.value.hint == "mount its folder instead"
    assert mounted.read_text() == "before"
    assert {path.name for path in mounted.parent.iterdir()} == {"config.toml", "outside.toml"}
