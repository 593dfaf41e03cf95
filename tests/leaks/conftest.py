"""An agency whose Amazon remembers every secret that it gave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import program as program  # noqa: PLC0414 - fixtures are found by name
from tests.contract.given import Given
from tests.contract.given import given as a_home


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """The home that the tests of a module share."""
    with a_home(tmp_path_factory.mktemp("leaks")) as made:
        yield made
