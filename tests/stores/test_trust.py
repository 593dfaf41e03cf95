"""config.toml names a program and an address: what another user may change is not obeyed, as ssh does it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import permissions
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.journal import Journal
from tests.stores.samples import app

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root alone can give files away"),
]

SOMEBODY = 12345


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config.toml in a folder of ours."""
    path = tmp_path / "home" / "config.toml"
    Apps(path).put(app())
    return path


def link_to(path: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    path.rename(folder / "elsewhere.toml")
    path.symlink_to(folder / "elsewhere.toml")


def link_of_another(path: Path) -> None:
    link_to(path, path.parent / "folder")
    os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)


def link_into_a_folder_for_all(path: Path) -> None:
    link_to(path, path.parent / "folder")
    (path.parent / "folder").chmod(0o777)


def open_to_a_group(path: Path) -> None:
    os.chown(path, -1, SOMEBODY)
    path.chmod(0o660)


REFUSED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "another's file": (
        lambda path: os.chown(path, SOMEBODY, -1),
        "it belongs to the user 12345, who is neither you nor root",
        "if you trust what it says: sudo chown $(id -un) {path}",
    ),
    "a file that everyone may change": (
        lambda path: path.chmod(0o606),
        "everyone on this machine may change it",
        "chmod go-w {path}",
    ),
    "a file that a group may change": (
        open_to_a_group,
        "the group 12345 may change it",
        "chmod go-w {path}",
    ),
    "another's folder": (
        lambda path: os.chown(path.parent, SOMEBODY, -1),
        "it belongs to the user 12345, who is neither you nor root",
        "if you trust what it says: sudo chown $(id -un) {folder}",
    ),
    "a folder that everyone may change": (
        lambda path: path.parent.chmod(0o777),
        "everyone on this machine may change it",
        "chmod go-w {folder}",
    ),
    "another's link": (link_of_another, "it belongs to the user 12345", "sudo chown $(id -un) {path}"),
    "a link into a folder for all": (
        link_into_a_folder_for_all,
        "everyone on this machine may change it",
        "chmod go-w {folder}/folder",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_and_the_hint_can_be_typed(config: Path, case: str) -> None:
    change, why, hint = REFUSED[case]
    change(config)

    for read in (Apps(config).all, Apps(config).browser, Apps(config).store_choice):
        with pytest.raises(errors.Untrusted, match=why) as caught:
            read()

    assert (caught.value.exit_code, caught.value.code) == (4, "unfit")
    assert hint.format(path=config, folder=config.parent) in str(caught.value.hint)


def put_in_a_sticky_folder(path: Path) -> None:
    path.parent.chmod(0o1777)


def give_to_the_group_of_root(path: Path) -> None:
    os.chown(path, -1, 0)
    path.chmod(0o660)
    path.parent.chmod(0o770)


OBEYED: dict[str, Callable[[Path], object]] = {
    "others may read it": lambda path: path.chmod(0o644),
    "each in this folder changes only what is theirs": put_in_a_sticky_folder,
    "a group of nobody else, as OpenShift has it": give_to_the_group_of_root,
    "a link of our own": lambda path: link_to(path, path.parent / "folder"),
}


@pytest.mark.parametrize("case", OBEYED)
def test_it_is_obeyed_where_nobody_else_may_change_it(config: Path, case: str) -> None:
    OBEYED[case](config)

    assert Apps(config).all() == (app(),)


def test_what_belongs_to_the_person_who_typed_sudo_is_obeyed(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(config, SOMEBODY, -1)
    os.chown(config.parent, SOMEBODY, -1)
    monkeypatch.setenv("SUDO_UID", str(SOMEBODY))

    assert Apps(config).all() == (app(),)


def test_what_another_user_would_have_us_do_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "unfinished")
    ours, theirs = (journal.begin("vault", [app(name).secret_name]) for name in ("default", "other"))
    os.chown(theirs.path, SOMEBODY, -1)

    assert list(journal.readable()) == [ours]
    assert [damage.path for damage in journal.damages()] == [theirs.path]


MOUNTS = """\
22 1 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard
90 22 0:64 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync,aname=drvfs;path=C:\\;uid=1000,trans=fd
91 22 0:65 / /mnt/d rw - drvfs D: rw
92 22 0:66 / /shared rw - 9p shared rw,trans=virtio
"""


@pytest.mark.parametrize(("device", "expected"), [("0:64", True), ("0:65", True), ("0:66", False), ("8:32", False)])
def test_the_disks_of_windows_have_no_permissions_to_go_by(device: str, expected: bool) -> None:
    assert permissions.is_of_windows(MOUNTS, device) is expected
