"""The one way a file is written: whole or not at all, private, and with a sentence where it fails."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import disk_errors, files, locks
from tests.stores.conftest import open_files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert files.read(tmp_path / "none" / "none") is None
    assert files.names(tmp_path / "none") == []


@pytest.mark.usefixtures("umask")
def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "file"
    files.replace(path, b"secret")
    with locks.held(tmp_path / "one" / "lock"):
        assert mode(tmp_path / "one" / "lock") & 0o077 == 0
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert path.read_bytes() == b"secret"


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    files.make_folder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "config.toml"
    link = tmp_path / "config.toml"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    files.replace(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_nothing_is_written_past_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    """The disk that it leads to may not be mounted: what is written there would be hidden by what is on it."""
    link = tmp_path / "config.toml"
    (tmp_path / "mounted").mkdir()
    for target in (tmp_path / "mounted" / "config.toml", tmp_path / "disk" / "folder" / "config.toml"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        with pytest.raises(errors.Unreadable, match=f"the link {link} leads to {target}, which is not there"):
            files.replace(link, b"new")
        with pytest.raises(errors.Unreadable, match="which is not there"):
            files.read(link)
        with pytest.raises(errors.Unreadable, match="which is not there"):
            files.make_folder(link / "below")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "mounted"]
    assert list((tmp_path / "mounted").iterdir()) == []


def test_removing_what_is_missing_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.replace(path, b"data")
    files.remove(path)
    files.remove(path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write = (
        "import resource, signal, sys; from pathlib import Path; from sp_connect import errors\n"
        "from sp_connect.stores.home import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: files.replace(Path(sys.argv[1]), b'x' * 8192)\n"
        "except errors.StoreUnavailable as error: print(error.message, error.hint)\n"
    )
    run = subprocess.run([sys.executable, "-c", write, path], capture_output=True, text=True, check=True)
    why = "the file is larger than this process may write. raise the limit: ulimit -f"
    assert run.stdout == f"{path} could not be written: {why}\n"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_without_room_is_a_full_disk() -> None:
    full = Path("/dev/full")
    with pytest.raises(errors.StoreUnavailable, match="disk is full"), disk_errors.explained(full, "written"):
        full.write_bytes(b"x")


def test_a_file_where_a_folder_belongs_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(errors.StoreUnavailable, match="a file is where a folder should be"):
        files.replace(tmp_path / "data" / "file", b"")
    with pytest.raises(errors.StoreUnavailable, match="a file is where a folder should be"):
        files.make_folder(tmp_path / "data")


def test_a_folder_where_a_file_belongs_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(errors.StoreUnavailable, match="a folder is where a file should be"):
        files.replace(tmp_path / "file", b"")
    with pytest.raises(errors.Unreadable, match="a folder is where a file should be"):
        files.read(tmp_path / "file")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


HALF, YOUNG = ".sp-connect-0123456789abcdef", ".sp-connect-fedcba9876543210"
NOT_OURS = (".another", ".sp-connect-passphrase", ".sp-connect-0123456789ABCDEF", ".sp-connect-0123456789abcdef0")


def put_old(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (0, 0))


def test_what_a_killed_process_left_an_hour_ago_in_a_folder_of_ours_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / "connections"
    put_old(folder, HALF, *NOT_OURS)
    (folder / YOUNG).write_bytes(b"half")
    files.replace_all({folder / "file": b"whole"})
    assert {entry.name for entry in folder.iterdir()} == {*NOT_OURS, YOUNG, "file"}


def test_a_folder_or_a_link_with_such_a_name_is_not_swept(tmp_path: Path) -> None:
    folder = tmp_path / "connections"
    put_old(folder, "theirs")
    (folder / HALF).symlink_to(folder / "theirs")
    put_old(folder / YOUNG)
    os.utime(folder / YOUNG, (0, 0))
    files.replace_all({folder / "file": b"whole"})
    assert {entry.name for entry in folder.iterdir()} == {HALF, YOUNG, "theirs", "file"}


@pytest.mark.parametrize("write", [files.replace, lambda path, data: files.replace_all({path: data})])
def test_nothing_is_swept_in_a_folder_of_the_users(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    folder = tmp_path / "home"
    put_old(folder, HALF, *NOT_OURS)
    write(folder / "config.toml", b"whole")
    assert {entry.name for entry in folder.iterdir()} == {HALF, *NOT_OURS, "config.toml"}


def test_nothing_is_swept_where_a_link_of_the_users_leads(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "apps", tmp_path / "connections"
    put_old(elsewhere, HALF, "acme.toml")
    folder.mkdir()
    (folder / "acme.toml").symlink_to(elsewhere / "acme.toml")
    files.replace_all({folder / "acme.toml": b"whole"})
    assert {entry.name for entry in elsewhere.iterdir()} == {HALF, "acme.toml"}


def test_reading_needs_no_library_of_ours() -> None:
    look = "import sys, sp_connect.stores.home.transactions, sp_connect.stores.home.vault\n"
    look += "print({'keyring', 'cryptography', 'filelock', 'tomlkit', 'tomli_w'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


@pytest.mark.slow
def test_no_more_files_are_open_than_before(tmp_path: Path) -> None:
    before = open_files()
    for number in range(20):
        files.replace(tmp_path / "file", b"%d" % number)
        with locks.held(tmp_path / "lock"):
            pass
    assert open_files() <= before
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > before


def test_a_pipe_is_damage_and_is_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.Damaged, match="it is a pipe or a device, not a file"):
        files.read(tmp_path / "pipe")


def test_what_may_not_be_read_is_no_reason_to_stop_reading_others(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(errors.Damaged, match="it is a link that leads to itself") as caught:
        files.read(tmp_path / "loop")
    assert isinstance(caught.value, errors.Unreadable)
    assert (caught.value.code, caught.value.path) == ("store-unavailable", tmp_path / "loop")


def test_a_folder_is_proven_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    files.prove(tmp_path)
    files.prove(tmp_path / "new")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "file", tmp_path / "new"]


def test_a_folder_that_is_a_file_is_not_proven(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    with pytest.raises(errors.StoreUnavailable, match="a file is where a folder should be"):
        files.prove(tmp_path / "file")
