"""What completion must not do: load, write, call anywhere; and how it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.completion import installation, shells
from tests.cli.completing import LOAD, furnish
from tests.cli.program import PROGRAM, SECONDS, Program

LINES = [
    "sp-connect ",
    "sp-connect connect --",
    "sp-connect list --seller ",
    "sp-connect list --country ",
    "sp-connect list --app ",
    "sp-connect --simulate list --app ",
]
TOO_MUCH = {"rich", "requests", "keyring", "cryptography", "tomlkit", "filelock", "http.client", "ssl"}
TOO_MUCH |= {"sp_connect.runtime", "sp_connect.simulator"}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "home", {"PYTHONDONTWRITEBYTECODE": "1"})
    furnish(made.home)
    return made


def asking(line: str) -> dict[str, str | None]:
    return {"_SP_CONNECT_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}


@pytest.mark.parametrize("line", LINES)
def test_neither_commands_nor_what_they_are_built_on_is_loaded(program: Program, line: str) -> None:
    loading = [sys.executable, "-X", "importtime", "-m", "sp_connect"]
    env = program.environment(asking(line))
    done = subprocess.run(loading, env=env, capture_output=True, check=True, text=True, timeout=SECONDS)

    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "sp_connect.completion.candidates" in loaded
    assert not loaded & TOO_MUCH
    assert not [name for name in loaded if name.startswith("sp_connect.commands.")]


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_nothing_is_written_and_nobody_is_called(program: Program, tmp_path: Path, line: str) -> None:
    if shutil.which("strace") is None and os.environ.get("CI"):
        pytest.fail("CI has to have strace: apt-get install strace")
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    log = tmp_path / "calls"
    tracing = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(log),
        "-e",
        "trace=network,openat,open,creat,mkdir,mkdirat,rename,unlink",
    ]
    before = program.files()

    subprocess.run(
        [*tracing, str(PROGRAM)],
        env=program.environment(asking(line)),
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )

    calls = log.read_text()
    assert "openat(" in calls
    wrong = ("O_WRONLY", "O_RDWR", "O_CREAT", "socket(", "connect(", "mkdir", "rename", "unlink", "creat(")
    assert [call for call in calls.splitlines() if any(one in call.partition(" ")[2] for one in wrong)] == []
    assert program.files() == before


@pytest.mark.slow
def test_an_empty_home_stays_empty(tmp_path: Path) -> None:
    home = tmp_path / "nobody"
    program = Program(tmp_path / "unused", {"HOME": str(home)})
    for line in LINES:
        result = program.run(env=asking(line) | {"SP_CONNECT_HOME": None})
        assert (result.code, result.stderr) == (0, "")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_a_script_is_printed_for_each_shell(program: Program, shell: str) -> None:
    result = program.run("--show-completion", shell)

    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == shells.script(shell)
    assert result.stdout.isascii()
    family = "powershell" if shell == "pwsh" else shell
    assert f"complete_{family}" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--show-completion", "--install-completion"])
def test_a_shell_that_is_not_known_is_refused(program: Program, flag: str) -> None:
    result = program.run(flag, "csh")

    assert result.code == 2
    assert result.stderr == (
        f"error: There is no completion for 'csh'.\nhint: {flag} takes bash, zsh, fish, powershell\n"
    )


def test_where_the_shell_cannot_be_found_out_it_is_to_be_named() -> None:
    with pytest.raises(errors.Usage) as refused:
        installation.known(None, "--show-completion")

    assert refused.value.hint == "name it: sp-connect --show-completion bash"


@pytest.mark.slow
def test_a_command_of_its_own_may_say_the_flag_last(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    done = program.run("--simulate", "connect", "-s", "acme", "-r", "eu", "--json")
    assert done.code == 0, done

    echoed = program.run("--simulate", "exec", "-s", "acme", "-r", "eu", "--", "echo", "--show-completion")

    assert echoed.stdout == "--show-completion\n"


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "start"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("zsh", "dots/.zshrc")])
def test_what_a_shell_reads_at_its_start_keeps_what_it_had(
    program: Program, tmp_path: Path, shell: str, start: str
) -> None:
    file = tmp_path / start
    file.parent.mkdir(exist_ok=True)
    file.write_text("alias ll='ls -l'")
    file.chmod(0o640)
    home = {"HOME": str(tmp_path), "ZDOTDIR": str(file.parent) if start.startswith("dots") else None}

    for _ in range(2):
        assert program.run("--install-completion", shell, env=home).code == 0

    before, line = file.read_text().splitlines()
    assert (before, line.partition("/")[0]) == ("alias ll='ls -l'", ". ~")
    assert file.stat().st_mode & 0o777 == 0o640


def test_fish_has_a_folder_for_it(program: Program, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "settings")}

    assert program.run("--install-completion", "fish", env=home).code == 0

    file = tmp_path / "settings" / "fish" / "completions" / "sp-connect.fish"
    assert file.read_text() == shells.script("fish")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_powershell_says_where_its_profile_is(program: Program, tmp_path: Path, encoding: str) -> None:
    profile = tmp_path / "Documents" / "profile.ps1"
    profile.parent.mkdir()
    profile.write_bytes("Set-Alias ll ls\n".encode(encoding))
    (tmp_path / "pwsh").write_text(f"#!/bin/sh\n[ \"$4\" = '$PROFILE' ] && echo '{profile}'\n")
    (tmp_path / "pwsh").chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    for _ in range(2):
        assert program.run("--install-completion", "pwsh", env=path).code == 0

    text = profile.read_bytes().decode(encoding)
    assert text == 'Set-Alias ll ls\n. "$PSScriptRoot/sp-connect.completion.ps1"\n'
    assert (profile.parent / "sp-connect.completion.ps1").read_text() == shells.script("powershell")


def test_without_powershell_its_completion_is_not_installed(program: Program, tmp_path: Path) -> None:
    result = program.run("--install-completion", "pwsh", env={"PATH": str(tmp_path)})

    assert result.code == 2
    assert "hint: put it there by hand: sp-connect --show-completion powershell" in result.stderr


def test_a_start_file_that_cannot_be_written_is_named(program: Program, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").mkdir()

    result = program.run("--install-completion", "bash", env={"HOME": str(tmp_path)})

    assert result.code == 4
    assert f"{tmp_path}/.bashrc cannot be written" in result.stderr


def test_the_page_tells_the_lines_that_the_tests_load_it_by() -> None:
    page = (Path(__file__).parents[2] / "docs" / "completion.md").read_text(encoding="utf-8").replace("\\|", "|")

    assert [line for line in LOAD.values() if f"`{line}`" not in page] == []
