"""The machine of docs/scripts.md, with one client: acme in Europe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.machine import Machine, switched_on

NEEDED = ("curl", "jq", "flock")
INSTALL = "apt-get install curl jq util-linux; pip install python-amazon-sp-api"


@pytest.fixture(scope="session")
def programs() -> None:
    """What the page's blocks call."""
    if all(map(shutil.which, NEEDED)) and find_spec("sp_api"):
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI has to have them: {INSTALL}")
    pytest.skip(f"needs {', '.join(NEEDED)} and sp_api: {INSTALL}")


@pytest.fixture(scope="session")
def set_up(programs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - it skips
    """The folder of a machine that nothing has been done with since."""
    folder = tmp_path_factory.mktemp("set-up")
    with switched_on(folder) as machine:
        machine.set_up()
        machine.connect("acme", "eu")
    return folder


@pytest.fixture
def machine(set_up: Path, tmp_path: Path) -> Iterator[Machine]:
    shutil.copytree(set_up, tmp_path / "machine")
    with switched_on(tmp_path / "machine") as made:
        yield made
