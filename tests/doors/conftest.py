"""The program in an agency's home, as the tests of the command line have it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import office as office  # noqa: PLC0414 - fixtures are found by name
from tests.cli.conftest import staffed as staffed  # noqa: PLC0414
from tests.cli.program import PROGRAM


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    assert PROGRAM.exists(), f"{PROGRAM} is not installed: pip install -e ."
