"""`relay --out`: a web server reads the page at any moment, and finds it whole."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from tests.cli.program import Program


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page that a web server has open."""
    path = tmp_path / "www" / "relay.html"
    path.parent.mkdir()
    path.write_text("before")
    path.chmod(0o664)
    return path


def test_the_page_is_replaced_in_one_step_and_keeps_its_mode(staffed: Program, page: Path) -> None:
    with page.open() as before:
        result = staffed.run("relay", "--out", str(page))
        assert before.read() == "before"

    assert result.code == 0, result.stderr
    assert page.read_text().startswith("<!doctype html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o664
    assert list(page.parent.iterdir()) == [page]


def test_a_new_page_is_for_all_to_read(staffed: Program, tmp_path: Path) -> None:
    path = tmp_path / "relay.html"

    assert staffed.run("relay", "--out", str(path), preexec_fn=lambda: os.umask(0o022)).code == 0

    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_disk_without_room_leaves_the_page_before(staffed: Program, page: Path) -> None:
    result = staffed.run(
        "relay", "--out", str(page), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    )

    assert result.code == 4
    assert page.read_text() == "before"
    assert list(page.parent.iterdir()) == [page]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_is_a_file_like_any_other(staffed: Program, tmp_path: Path, name: str) -> None:
    result = staffed.run("relay", "--out", name, cwd=tmp_path)

    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == staffed.run("relay").stdout
    assert not (tmp_path / "-").exists()


def test_a_pipe_that_nobody_reads_is_told(staffed: Program, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    result = staffed.run("relay", "--out", str(tmp_path / "pipe"))

    assert result.code == 4
    assert "cannot be written: nobody reads it." in result.stderr
