"""Many files written together: each as whole and private as one alone, and on the disk before any takes its place."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import files, toml
from tests.stores.conftest import open_files

MANY = 50


def contents(folder: Path, data: bytes = b"new") -> dict[Path, bytes]:
    return {folder / f"{number}.toml": data + b" %d" % number for number in range(MANY)}


def found(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


def test_each_is_replaced_or_made(tmp_path: Path) -> None:
    wanted = contents(tmp_path)
    for path in list(wanted)[::2]:
        path.write_bytes(b"old, and longer than what comes")

    files.replace_all(wanted)

    assert found(tmp_path) == wanted


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_they_are_private_in_folders_of_their_own(tmp_path: Path, umask: int) -> None:
    wanted = contents(tmp_path / "one" / "two") | contents(tmp_path / "other")
    before = os.umask(umask)
    try:
        files.replace_all(wanted)
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in wanted}
    folders = {stat.S_IMODE(path.parent.stat().st_mode) for path in wanted}
    assert (modes, folders) == ({0o600}, {0o700})
    assert {path: path.read_bytes() for path in wanted} == wanted


def test_links_among_them_stay_links(tmp_path: Path) -> None:
    wanted = contents(tmp_path / "here")
    link, target = tmp_path / "here" / "7.toml", tmp_path / "there" / "7.toml"
    link.parent.mkdir()
    target.parent.mkdir()
    target.write_bytes(b"old 7")
    link.symlink_to(target)

    files.replace_all(wanted)

    assert link.is_symlink()
    assert target.read_bytes() == b"new 7"
    assert found(tmp_path / "there") == {target: b"new 7"}


def test_none_is_fine(tmp_path: Path) -> None:
    files.replace_all({})
    toml.write_all({})

    assert list(tmp_path.iterdir()) == []


def test_many_tables_come_back(tmp_path: Path) -> None:
    wanted = {path: {"number": number} for number, path in enumerate(contents(tmp_path))}

    toml.write_all(wanted)

    assert {path: toml.read(path) for path in wanted} == wanted


def test_a_disk_that_is_full_on_the_way_leaves_every_old_file_and_nothing_else(tmp_path: Path) -> None:
    before = contents(tmp_path, b"old")
    files.replace_all(before)
    write = (
        "import resource, signal, sys; from pathlib import Path; from sp_connect import errors\n"
        "from sp_connect.stores.home import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "paths = sorted(Path(sys.argv[1]).iterdir())\n"
        "wanted = {path: b'x' * (8192 if path.name == '33.toml' else 3) for path in paths}\n"
        "try: files.replace_all(wanted)\n"
        "except errors.StoreUnavailable as error: print(error.message)\n"
    )

    run = subprocess.run([sys.executable, "-c", write, tmp_path], capture_output=True, text=True, check=True)

    why = "the file is larger than this process may write"
    assert run.stdout == f"{tmp_path / '33.toml'} could not be written: {why}.\n"
    assert found(tmp_path) == before


def test_where_one_cannot_be_replaced_the_others_are_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    before = contents(tmp_path, b"old")
    files.replace_all(before)
    (tmp_path / "33.toml").unlink()
    (tmp_path / "33.toml").mkdir()
    wanted = contents(tmp_path)

    with pytest.raises(errors.StoreUnavailable, match=r"33\.toml could not be written: a folder is where"):
        files.replace_all(wanted)

    (tmp_path / "33.toml").rmdir()
    left = found(tmp_path)
    assert left.keys() == before.keys() - {tmp_path / "33.toml"}
    assert all(left[path] in (before[path], wanted[path]) for path in left)


@pytest.mark.slow
def test_no_thread_and_no_open_file_is_left(tmp_path: Path) -> None:
    opened, threads = open_files(), threading.active_count()

    files.replace_all(contents(tmp_path))
    with pytest.raises(errors.StoreUnavailable):
        files.replace_all({tmp_path / "0.toml" / "none": b"", **contents(tmp_path)})

    assert open_files() <= opened
    assert threading.active_count() <= threads


WRITE = (
    "import sys; from pathlib import Path; from sp_connect.stores.home import files\n"
    "files.replace_all({path: b'new' for path in sorted(Path(sys.argv[1]).iterdir())})\n"
)


def traced(folder: Path, log: Path, *options: str) -> int:
    """How a process ends that replaces every file of a folder, with what it asks of the disk in `log`."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    command = ["strace", "-f", "-qq", "-y", "-o", str(log), *options, sys.executable, "-c", WRITE, str(folder)]
    return subprocess.run(command, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, check=False).returncode


@pytest.mark.slow
def test_all_are_on_the_disk_before_one_is_replaced_and_the_folder_after_the_last(tmp_path: Path) -> None:
    folder, log = tmp_path / "many", tmp_path / "log"
    files.replace_all(contents(folder, b"old"))

    assert traced(folder, log, "-e", "trace=fsync,rename,renameat,renameat2") == 0

    # A call that another thread's interrupts is told in two lines: it begins in one and ends in the other.
    steps = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    written = [number for number, step in enumerate(steps) if "fsync" in step and step.rstrip().endswith("= 0")]
    renamed = [number for number, step in enumerate(steps) if step.startswith("rename")]
    assert (len(written), len(renamed)) == (MANY + 1, MANY)
    assert written[-2] < renamed[0]
    assert written[-1] > renamed[-1]
    assert str(folder) + ">" in steps[written[-1]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_kill_while_they_are_written_leaves_every_old_file(tmp_path: Path, count: int) -> None:
    folder = tmp_path / "many"
    before = contents(folder, b"old")
    files.replace_all(before)

    # Each thread counts its own.
    kill = ["-e", "trace=fsync", "-e", f"inject=fsync:signal=KILL:when={count}"]

    assert traced(folder, tmp_path / "log", *kill) == -9
    assert {path: path.read_bytes() for path in before} == before
    assert files.names(folder) == sorted(path.name for path in before)
