"""What the program says of itself."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from sp_connect import __version__
from sp_connect.cli import main
from sp_connect.cli.entries import ENTRIES
from sp_connect.commands import app as app_commands
from sp_connect.commands import store as store_commands
from tests.cli.program import Program

SECTIONS = ("Connect", "Look", "Set up", "For scripts")


GROUPS = {"app": app_commands.app, "store": store_commands.app}


def commands() -> list[tuple[str, ...]]:
    """Every command that can be typed, groups opened."""
    alone = [entry.name for entry in ENTRIES if entry.name not in GROUPS]
    found: list[tuple[str, ...]] = [(name,) for name in [*alone, "store"]]  # which does something by itself
    return found + [(group, str(one.name)) for group, app in GROUPS.items() for one in app.registered_commands]


def test_version_is_one_line_on_stdout(program: Program) -> None:
    result = program.run("--version")

    assert (result.code, result.stdout, result.stderr) == (0, f"sp-connect {__version__}\n", "")


def test_help_has_its_sections_and_where_to_start(program: Program) -> None:
    result = program.run("-h")

    assert result.code == 0
    assert [line for line in result.stdout.splitlines() if line in SECTIONS] == list(SECTIONS)
    assert "sp-connect --simulate connect --seller acme --region eu" in result.stdout
    assert result.stderr == ""
    assert not program.home.exists()


def test_help_shows_no_type_for_a_switch(program: Program) -> None:
    assert "<bool>" not in program.run("--help").stdout


def test_a_switch_that_turns_something_off_stands_without_a_slash(program: Program) -> None:
    lines = program.run("import", "--help").stdout.splitlines()

    assert "  --no-check               Save without asking Amazon; verify checks later." in lines


def test_without_a_command_the_help_is_shown(program: Program) -> None:
    result = program.run()

    assert (result.code, result.stdout) == (2, "")
    assert "Usage: sp-connect" in result.stderr
    assert "error:" not in result.stderr


def test_a_group_without_a_command_shows_its_help_on_stderr(program: Program) -> None:
    result = program.run("app")

    assert (result.code, result.stdout) == (2, "")
    assert "rotate-secret" in result.stderr
    assert "error:" not in result.stderr


@pytest.mark.slow
def test_help_is_plain_text_in_a_pipe_and_has_bold_headings_on_a_terminal(program: Program) -> None:
    with program.terminal("--help") as child:
        shown = child.read()

    assert "\x1b[1mOptions\x1b[0m" in shown
    assert "\x1b" not in program.run("--help").stdout


def test_no_summary_of_a_command_is_cut(program: Program) -> None:
    assert not re.search(r"\w\.\.\.", program.run("--help", env={"COLUMNS": "60"}).stdout)


def test_an_example_is_one_line_however_narrow_the_terminal(program: Program) -> None:
    result = program.run("connect", "--help", env={"COLUMNS": "60"})

    assert "\n  sp-connect connect --seller acme --region fe --country JP --country AU\n" in result.stdout


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_each_command_has_a_summary_and_an_example(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main.app, [*command, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})

    assert result.exit_code == 0
    assert re.search(rf"(?m)^(Example:|  ).*sp-connect (--\S+ )?{' '.join(command)}", result.output)
    assert re.search(r"(?m)^  [A-Z][^.]+[.]", result.output)


def test_a_paragraph_of_help_is_not_broken_in_the_middle(program: Program) -> None:
    result = program.run("connect", "--help", env={"COLUMNS": "80"})

    assert not re.search(r"one for each *\n *country", result.stdout)
