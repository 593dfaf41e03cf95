"""The program in an agency's home, as the tests of the command line have it."""

from __future__ import annotations

from tests.cli.conftest import _installed as _installed  # noqa: PLC0414 - fixtures are found by name
from tests.cli.conftest import office as office  # noqa: PLC0414
from tests.cli.conftest import staffed as staffed  # noqa: PLC0414
