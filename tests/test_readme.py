"""What the README tells a newcomer to type is what runs, here and in CI."""

from __future__ import annotations

import re
from pathlib import Path

from sp_connect.commands import ENTRIES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def test_ci_runs_the_very_test_command_of_the_readme() -> None:
    [command] = [block.strip() for block in BLOCKS if "pytest" in block]

    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"^(?:\S*/)?sp-connect (?:--simulate )?([a-z]+)", "\n".join(BLOCKS), re.MULTILINE))
    named |= set(re.findall(r"`(?:\S*/)?sp-connect (?:--simulate )?([a-z]+)", README))

    assert named
    assert named <= {entry.name for entry in ENTRIES}


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]

    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_pictures_hold_nothing_from_outside() -> None:
    for picture in (ROOT / "docs" / "pictures").glob("*.svg"):
        found = set(re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(https?://[^\"')]+)", picture.read_text("utf-8")))
        assert not found
