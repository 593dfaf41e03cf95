"""`doctor` as it is typed: lines for people, a table for pipes, JSON for programs, and the exit code of the worst."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sp_connect import checkup, errors, findings
from sp_connect.commands import doctor
from sp_connect.findings import Finding
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores.vault import Vault
from sp_connect.views import checkup as view
from sp_connect.views.screen import Screen
from tests.agency import Agency
from tests.cli.conftest import office, staffed  # noqa: F401 - fixtures
from tests.cli.program import PASSPHRASE, Program, ended, plain
from tests.commands.given import connected, record, shell
from tests.commands.test_views import Terminal
