"""One home for all tests of a module: a start of the program is what these tests spend their time on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.given import Given
from tests.contract.given import given as a_home


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    with a_home(tmp_path_factory.mktemp("contract")) as made:
        yield made
