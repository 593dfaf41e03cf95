"""Whatever is run, in whatever folder: a file that sp-connect did not make stays there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.cli.program import Program
from tests.commands.given import connected

pytestmark = pytest.mark.slow

NAMES = (".sp-connect-passphrase", ".sp-connect-0123456789abcdef", ".sp-connect-notes.txt")

ADD = (
    *("app", "add", "second", "--application-id", BUILT_IN.application_id, "--client-id", BUILT_IN.client_id),
    *("--redirect-uri", BUILT_IN.redirect_uris[0], "--client-secret-stdin"),
)


@pytest.fixture
def theirs(office: Agency) -> list[Path]:
    """Files of the user's own in the home, which may be ~, older than an hour."""
    connected(office)
    paths = [office.folder / name for name in NAMES]
    for path in paths:
        path.write_text("the user's own")
        path.chmod(0o600)
        os.utime(path, (0, 0))
    return paths


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--html", "report.html", "--svg", "report.svg", "--ics", "report.ics"),
        ("export", "-s", "acme", "-r", "eu", "--format", "env", "--out", "credentials"),
        ("relay", "--out", "relay.html"),
        ADD,
        ("rename", "acme", "other"),
        ("verify",),
        ("doctor", "--fix"),
        ("revoke", "-s", "acme", "--yes"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_it_is_left_alone(staffed: Program, theirs: list[Path], arguments: tuple[str, ...]) -> None:
    result = staffed.run(*arguments, stdin=BUILT_IN.client_secret, cwd=staffed.home)

    assert "Traceback" not in result.stderr
    assert result.code in {0, 4} if arguments[0] == "doctor" else result.code == 0, result.stderr
    assert [path.read_text() for path in theirs] == ["the user's own"] * len(NAMES)
