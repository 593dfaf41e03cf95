"""`doctor` as a program: on a terminal, in an empty home, around the simulated Amazon, and silent about secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.cli.program import PASSPHRASE, Program, ended, plain
from tests.commands.given import connected
from tests.secret_service import Session, lock

pytestmark = pytest.mark.slow


def test_on_a_terminal_of_80_columns_each_check_is_a_line(office: Agency, staffed: Program) -> None:
    connected(office)

    with staffed.terminal("doctor", columns=80) as child:
        code, shown = ended(child)

    lines = plain(shown).splitlines()
    assert code == 0
    assert max(map(len, lines)) <= 80
    assert [line.split()[1] for line in lines if line.startswith("●")][:4] == [
        "permissions",
        "configuration",
        "app",
        "disk",
    ]
    assert lines[-1].startswith("23 checks: ")


def test_an_empty_home_is_no_failure_but_for_an_amazon_that_is_silent(program: Program) -> None:
    before = program.files()

    result = program.run("doctor", "--json")

    assert (result.code, result.error()["code"]) == (5, "unreachable")
    found = {one["name"]: one for one in result.json()["checks"]}
    assert found["configuration"]["mend"] == "sp-connect app add"
    assert [name for name, one in found.items() if one["result"] == "failed"] == ["endpoint"]
    assert program.files() == before
    assert not (program.home / "vault").exists()


def test_around_the_simulated_amazon_all_is_well_and_quick(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")

    result = program.run("--simulate", "doctor", "--json")

    # The simulated app's port is always the same, and another sp-connect of this machine may have it.
    found = [one for one in result.json()["checks"] if one["name"] != "port"]
    assert {one["result"] for one in found} == {"ok"}, found
    assert sum(one["seconds"] for one in found) < 5
    assert program.run("--simulate", "doctor").stdout.startswith("SIMULATED")


def test_a_setting_that_cannot_be_meant_is_a_finding(program: Program) -> None:
    result = program.run("doctor", "--json", env={"SP_CONNECT_AMAZON_URL": "https://evil.example"})

    assert (result.code, result.error()["code"]) == (2, "usage")
    [check] = result.json()["checks"]
    assert check["name"] == "configuration"
    assert "loopback" in check["finding"] or "this machine alone" in check["finding"]


def test_a_browser_that_config_toml_names_must_be_there(office: Agency, staffed: Program) -> None:
    with (office.folder / "config.toml").open("a") as file:
        file.write('[preferences]\nbrowser = "netscape {url}"\n')

    result = staffed.run("doctor", "--json")

    assert (result.code, result.error()["code"]) == (2, "usage")
    assert "no such program 'netscape'" in result.error()["message"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_the_passphrase_file_is_among_what_is_looked_at(office: Agency, staffed: Program, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    file.chmod(0o602)
    env = {"SP_CONNECT_PASSPHRASE": None, "SP_CONNECT_PASSPHRASE_FILE": str(file)}

    assert (result := staffed.run("doctor", "--json", env=env)).code == 4, result
    assert str(file) in result.error()["message"]
    assert staffed.run("doctor", "--fix", "--json", env=env).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert office.folder.is_dir()


def test_a_real_keyring_that_is_locked_is_told_within_seconds(program: Program, ring: Session) -> None:
    lock(ring)
    session = {**ring, "SP_CONNECT_STORE": "keyring", "SP_CONNECT_HOME": str(program.home)}

    result = program.run("doctor", "--json", env=session)

    found = {one["name"]: one for one in result.json()["checks"]}
    assert (result.code, found["secret-store"]["result"]) == (4, "failed")
    assert found["tokens"]["result"] == "skipped"
    assert found["secret-store"]["seconds"] < 10


def test_no_secret_is_seen_whatever_it_does(office: Agency, staffed: Program) -> None:
    connected(office)
    connected(office, "bravo", standing="missing-token")
    (office.folder / "connections" / "bravo.toml").unlink()

    results = [staffed.run("-v", "doctor", *flags) for flags in ((), ("--json",), ("--fix", "--yes", "--json"))]

    assert [result.code for result in results] == [0, 0, 0]
    assert [one["name"] for one in results[2].json()["checks"] if one["fixed"]] == ["unclaimed"]
    assert BUILT_IN.client_secret is not None
    secrets = [BUILT_IN.client_secret, PASSPHRASE, "Atzr|", "Atza|"]
    assert [secret for secret in secrets for one in results if secret in one.stdout + one.stderr] == []
