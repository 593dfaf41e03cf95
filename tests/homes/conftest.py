"""One agency for all tests of a module, and a disk of its own for each. Root alone can mount one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.homes.given import Disk, Estate, disk
from tests.homes.given import estate as an_estate

PROGRAMS = ("mount", "umount", "setpriv", "faketime")


@pytest.fixture(scope="session", autouse=True)
def _machine() -> None:
    """Where something is missing: skipped, but a failure in CI."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        why = f"needs root, and {', '.join(missing) or 'that is all'}: apt-get install faketime"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with an_estate(tmp_path_factory.mktemp("homes")) as made:
        yield made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    """A disk of half a megabyte."""
    with disk(tmp_path / "disk") as made:
        yield made
