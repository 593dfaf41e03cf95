"""A user without a home folder: no HOME, and no entry in the system's list, as in a container under a number alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM, SECONDS, Result

NUMBER = "54321"
AS_A_NUMBER = ["setpriv", f"--reuid={NUMBER}", f"--regid={NUMBER}", "--clear-groups"]
AS_A_NUMBER += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
"""The tests' folders are root's alone."""


def run(*arguments: str, **env: str) -> Result:
    done = subprocess.run(
        [*AS_A_NUMBER, PROGRAM, *arguments],
        env={"PATH": os.environ["PATH"], **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "line",
    [
        "list --json",
        "--simulate list --json",
        "token -s acme -r eu --json",
        "connect -s acme -r eu --json",
        "doctor --json",
        "app list --json",
        "store --json",
    ],
)
def test_a_command_that_needs_a_home_says_how_to_name_one(line: str) -> None:
    result = run(*line.split())

    assert (result.code, result.error()["code"]) == (4, "store-unavailable"), result
    assert "HOME is not set" in result.error()["message"]
    assert result.error()["hint"] == "choose a folder for sp-connect's files: export SP_CONNECT_HOME=FOLDER"
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("line", ["--version", "--help", "connect --help", "regions", "explain MD9100", "marketplaces"])
def test_what_needs_no_home_works(line: str) -> None:
    result = run(*line.split())

    assert (result.code, result.stderr) == (0, "")
    assert result.stdout


def test_completion_of_a_shell_is_not_installed_and_says_where_it_goes() -> None:
    result = run("--install-completion", "bash")

    assert result.code == 2
    assert "sp-connect --show-completion bash" in result.stderr


@pytest.mark.parametrize("line", ["list --json", "--simulate list --json", "doctor --json"])
def test_with_a_folder_named_everything_works(tmp_path: Path, line: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, int(NUMBER), int(NUMBER))

    result = run(
        *line.split(), SP_CONNECT_HOME=str(home), SP_CONNECT_STORE="vault", SP_CONNECT_PASSPHRASE="correct horse"
    )

    assert "defect" not in result.stderr
    assert json.loads(result.stdout) is not None
    if "list" in line:
        assert result.code == 0


def test_a_home_named_from_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()

    done = subprocess.run(
        ["sh", "-c", f'cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && exec "{PROGRAM}" list --json'],
        env={"PATH": os.environ["PATH"], "SP_CONNECT_HOME": "home"},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert done.returncode == 4
    assert "was deleted" in Result(4, done.stdout, done.stderr).error()["message"]
