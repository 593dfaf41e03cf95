"""Which browser `connect` opens: the flag, else config.toml, else BROWSER; and what it says where none can be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.program import Program, Result

pytestmark = pytest.mark.slow

CONNECT = ("connect", "-s", "acme", "-r", "eu", "--timeout", "1")


@pytest.fixture
def desk(staffed: Program, tmp_path: Path) -> Program:
    """The program on a desktop whose browsers write down who they are and what they are told."""
    for name in ("by-flag", "by-file", "by-variable", "firefox"):
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\necho "$(basename "$0") $*" >> {tmp_path}/opened\n')
        script.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    staffed.env |= {"PATH": path, "DISPLAY": ":7", "BROWSER": "by-variable"}
    return staffed


def prefer(program: Program, value: str) -> None:
    file = program.home / "config.toml"
    file.write_text(f"{file.read_text()}\n[preferences]\nbrowser = {value}\n")


def opened(folder: Path, ran: Result, once: str = "") -> list[str]:
    """What the browsers wrote, less the address: the one that the program printed, or one that begins with `once`."""
    assert ran.code == 3, ran  # nobody confirms
    [printed] = [line for line in ran.stderr.splitlines() if line.startswith("http://127.0.0.1")]
    [line] = (folder / "opened").read_text().splitlines()
    told, _, address = line.rpartition(" ")
    assert address.startswith(once) if once else address == printed
    assert ("state=" in line) is not bool(once)
    return told.split()


def test_the_flag_counts_before_the_file(desk: Program, tmp_path: Path) -> None:
    prefer(desk, '"by-file --new {url}"')
    assert opened(tmp_path, desk.run(*CONNECT, "--browser", "by-flag")) == ["by-flag"]


def test_the_file_counts_before_the_variable(desk: Program, tmp_path: Path) -> None:
    prefer(desk, '"by-file --new {url}"')
    assert opened(tmp_path, desk.run(*CONNECT)) == ["by-file", "--new"]


@pytest.mark.parametrize("value", ['"default"', '""'])
def test_the_variable_counts_where_the_file_leaves_it_open(desk: Program, tmp_path: Path, value: str) -> None:
    prefer(desk, value)
    assert opened(tmp_path, desk.run(*CONNECT)) == ["by-variable"]


def test_the_flag_can_ask_for_the_default_again(desk: Program, tmp_path: Path) -> None:
    prefer(desk, '"isolated"')
    assert opened(tmp_path, desk.run(*CONNECT, "--browser", "default")) == ["by-variable"]


def test_isolated_can_be_the_preference(desk: Program, tmp_path: Path) -> None:
    prefer(desk, '"isolated firefox"')
    folder = desk.home / "browsers" / "acme" / "firefox"
    once = f"http://{desk.listen}/open/"
    assert opened(tmp_path, desk.run(*CONNECT), once) == ["firefox", "--profile", str(folder), "--new-window"]
    assert folder.is_dir()


def test_no_browser_counts_before_all(desk: Program, tmp_path: Path) -> None:
    prefer(desk, '"isolated"')
    ran = desk.run(*CONNECT, "--no-browser")
    assert "No browser was opened (--no-browser)" in ran.stderr
    assert not (tmp_path / "opened").exists()
    assert not (desk.home / "browsers").exists()


def test_a_preference_that_is_no_text_is_damage(desk: Program) -> None:
    prefer(desk, "true")
    ran = desk.run(*CONNECT, "--json")
    assert ran.code == 4
    assert "in [preferences], browser is not a text in quotes" in ran.error()["message"]


def test_a_preference_that_cannot_be_run_is_told_with_its_file(desk: Program) -> None:
    prefer(desk, '"nothing-here {url}"')
    ran = desk.run(*CONNECT, "--json")
    assert ran.code == 2
    assert ran.error()["message"] == (
        f'browser = "nothing-here {{url}}" in {desk.home / "config.toml"} cannot be run: '
        "no such program 'nothing-here'. Nothing was changed."
    )


def test_a_browser_that_dies_is_told_beside_the_address(desk: Program, tmp_path: Path) -> None:
    (tmp_path / "bin" / "firefox").write_text("#!/bin/sh\nexit 7\n")
    ran = desk.run(*CONNECT, "--browser", "private firefox")
    assert "No browser was opened (Firefox exited with code 7). Open the address above yourself." in ran.stderr


NOTHING: Mapping[str, str | None] = {"DISPLAY": None, "WAYLAND_DISPLAY": None, "SSH_TTY": "/dev/pts/7"}


def test_over_ssh_the_address_is_there_to_be_opened_elsewhere(desk: Program) -> None:
    ran = desk.run(*CONNECT, "--browser", "isolated", env=NOTHING)
    assert "No browser was opened (sp-connect runs over SSH, so your browser is on another machine)" in ran.stderr


def test_in_the_simulation_the_seller_confirms_where_no_browser_can_be_opened(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    ran = program.run("--simulate", *CONNECT[:-1], "20", "--browser", "isolated", env=NOTHING)
    assert ran.code == 0, ran
    why = "sp-connect runs over SSH, so your browser is on another machine"
    assert f"No browser ({why}): the simulated seller of acme confirms." in " ".join(ran.stderr.split())


def test_the_simulation_has_profiles_of_its_own(desk: Program, tmp_path: Path) -> None:
    (tmp_path / "bin" / "firefox").write_text(f'#!/bin/sh\necho "$2" > {tmp_path}/profile\n')
    desk.run("--simulate", *CONNECT, "--browser", "isolated firefox")
    assert (tmp_path / "profile").read_text() == f"{desk.home}/simulated/browsers/acme/firefox\n"
    assert not (desk.home / "browsers").exists()
