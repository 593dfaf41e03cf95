"""The Python programs of docs/scripts.md and the file for those that cannot be changed, run as they are written."""

from __future__ import annotations

import stat
from importlib.metadata import version

from tests.docs import page
from tests.docs.machine import OF_ACME, Machine, countries


def test_under_exec_the_program_finds_its_credentials(machine: Machine) -> None:
    machine.put("report.py", page.REPORT_PY)
    command = page.REPORT_PY.splitlines()[0].partition(": ")[2]

    result = machine.typed(command)

    assert (result.code, result.stderr) == (0, "")
    assert countries(result) == OF_ACME
    assert {agent for _, _, agent in machine.way.seen} == {f"python-sp-api-{version('python-amazon-sp-api')}"}


def test_the_program_asks_by_itself(machine: Machine) -> None:
    machine.put("one_client.py", page.ONE_CLIENT_PY)

    result = machine.typed("python one_client.py")

    assert (result.code, result.stderr) == (0, "")
    assert countries(result) == OF_ACME


def test_the_program_ends_as_the_command_line_would(machine: Machine) -> None:
    machine.put("one_client.py", page.ONE_CLIENT_PY)
    (machine.home / ".config/sp-connect.passphrase").unlink()

    result = machine.typed("python one_client.py")

    assert (result.code, result.stdout) == (4, "")
    assert "passphrase file" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_provider_opens_each_client_with_its_own_credentials(machine: Machine) -> None:
    machine.connect("acme", "fe", "JP")
    machine.put("clients.py", page.CLIENTS_PY)

    result = machine.typed("python clients.py")

    assert (result.code, result.stderr) == (0, "")
    assert countries(result, 1) == [*OF_ACME, "JP"]


def test_after_export_a_program_needs_nothing_but_its_file(machine: Machine) -> None:
    machine.put("report.py", page.REPORT_PY)
    assert machine.typed(page.EXPORT).code == 0
    written = machine.home / ".config" / "python-sp-api" / "credentials.yml"

    result = machine.shell("python report.py")

    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert (result.code, result.stderr) == (0, "")
    assert countries(result) == OF_ACME


def test_what_was_exported_opens_the_account_until_the_seller_ends_it(machine: Machine) -> None:
    machine.put("report.py", page.REPORT_PY)
    assert machine.typed(page.EXPORT).code == 0

    assert machine.typed("sp-connect --quiet revoke --seller acme --region eu --yes").code == 0
    assert machine.shell("python report.py").code == 0

    machine.end_at_amazon("A2EXAMPLE1234")
    refused = machine.shell("python report.py")
    assert refused.code == 1
    assert "AuthorizationError" in refused.stderr
