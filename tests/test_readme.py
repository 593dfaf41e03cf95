"""What the README tells a newcomer to type is what runs, here and in CI."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
pytestmark = [pytest.mark.slow, pytest.mark.docs]

TRY, TEST = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
IN_TABLES = re.findall(r"^\| `(sp-connect .*?)` \|", README, re.MULTILINE)


SAYS = {
    "connect": "A2EXAMPLE1234",
    "invite": "apps/authorize/consent",
    "list": "A2EXAMPLE1234",
    "show": "A2EXAMPLE1234",
    "verify": "A2EXAMPLE1234",
    "renew": "Nothing is due",
    "exec": "A2EXAMPLE1234",
    "revoke": "Deleted acme in Europe & India here: A2EXAMPLE1234",
    "doctor": "relay",
    "explain": "Amazon has no such app",
    "store": "vault",
}


class Tried(NamedTuple):
    """A copy of the project in which the first block was typed, the home of who typed it, and what it said."""

    folder: Path
    home: Path
    said: str


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    folder, home = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("home")
    for name in ("sp_connect", "docs", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return Tried(folder, home, typed(folder, home, TRY))


def typed(folder: Path, home: Path, commands: str) -> str:
    """All that commands say that somebody types in a folder, without a screen."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HTTPS_PROXY", "PIP_INDEX_URL") if name in os.environ}
    done = subprocess.run(
        ["/bin/sh", "-ec", commands],
        cwd=folder,
        env=kept | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_ci_runs_the_very_test_command() -> None:
    assert TEST.strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_first_block_installs_it_and_shows_a_connected_seller(tried: Tried) -> None:
    assert "A2EXAMPLE1234" in tried.said
    assert "Singapore" in tried.said


def test_each_command_that_it_names_stands_in_a_table() -> None:
    named = set(re.findall(r"`(sp-connect[^`]*)`", README))

    assert named == set(IN_TABLES)
    assert {command.split()[1] for command in named} == SAYS.keys()


@pytest.mark.parametrize("command", IN_TABLES)
def test_each_command_of_the_tables_does_what_it_says(tried: Tried, tmp_path: Path, command: str) -> None:
    home = shutil.copytree(tried.home, tmp_path / "home")
    (tmp_path / "report.py").write_text("import os; print(os.environ['SELLING_PARTNER_ID'])", encoding="utf-8")
    _, name, *rest = shlex.split(command)
    agreed = ["--yes"] if name == "revoke" else []

    said = typed(
        tmp_path, home, shlex.join([f"{tried.folder}/.venv/bin/sp-connect", "--simulate", name, *agreed, *rest])
    )

    assert SAYS[name] in said


def test_every_file_that_it_links_to_exists() -> None:
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]

    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_pictures_hold_nothing_from_outside() -> None:
    for picture in (ROOT / "docs" / "pictures").glob("*.svg"):
        found = set(re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(https?://[^\"')]+)", picture.read_text("utf-8")))
        assert not found
