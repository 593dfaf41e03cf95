"""An agency, the program in its home, and the way of https to its simulated Amazon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.agency import Agency
from tests.cli.conftest import office as office  # noqa: PLC0414 - fixtures are found by name
from tests.cli.conftest import staffed as staffed  # noqa: PLC0414
from tests.real_client.proxy import Proxy, proxy


@pytest.fixture(scope="session", autouse=True)
def _library() -> None:
    if find_spec("sp_api") is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to have it: pip install python-amazon-sp-api")
        pytest.skip("pip install python-amazon-sp-api")


@pytest.fixture
def way(office: Agency, tmp_path: Path) -> Iterator[Proxy]:
    with proxy(office.simulator.base_url, tmp_path) as made:
        yield made
