"""The Python door: the credentials without the process, and without the command line's weight."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import sp_connect
from sp_connect import errors
from sp_connect.provider import SpConnectProvider
from tests.agency import Agency
from tests.cli.program import PASSPHRASE, SECONDS, Program
from tests.commands.given import connected, token_of

LIGHT = """
import json, os, sys
import sp_connect
found = sp_connect.credentials("acme", "eu")
heavy = sorted({"typer", "rich", "click", "requests", "sp_connect.cli.main", "sp_connect.commands"} & set(sys.modules))
print(json.dumps({"found": sorted(found), "heavy": heavy, "passphrase": "SP_CONNECT_PASSPHRASE" in os.environ}))
"""


@pytest.fixture
def here(office: Agency, monkeypatch: pytest.MonkeyPatch) -> Agency:
    """The office, with this process as the program that asks."""
    settings = {
        "SP_CONNECT_HOME": str(office.folder),
        "SP_CONNECT_STORE": "vault",
        "SP_CONNECT_PASSPHRASE": PASSPHRASE,
        "SP_CONNECT_AMAZON_URL": office.simulator.base_url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return office


def test_credentials_are_the_connections_own(here: Agency) -> None:
    acme, japan = connected(here), connected(here, "acme", "fe", "JP")

    assert sp_connect.credentials("acme", "eu")["refresh_token"] == token_of(here, acme)
    assert sp_connect.credentials("acme", "fe", "jp")["refresh_token"] == token_of(here, japan)
    assert sorted(sp_connect.credentials("acme", "eu")) == ["lwa_app_id", "lwa_client_secret", "refresh_token"]
    assert sum(here.world.requests.values()) == 0


def test_the_provider_takes_an_account_for_a_connection(here: Agency) -> None:
    acme, japan = connected(here), connected(here, "acme", "fe", "JP")

    assert SpConnectProvider(account="acme/eu", credentials=None)()["refresh_token"] == token_of(here, acme)
    assert SpConnectProvider("acme/fe/JP")()["refresh_token"] == token_of(here, japan)


@pytest.mark.parametrize("account", ["default", "", "acme", "acme/", "/eu", "acme/mars", "acme/fe/JP/x"])
def test_an_account_that_names_no_connection_is_a_usage_error(here: Agency, account: str) -> None:
    with pytest.raises(errors.Usage):
        SpConnectProvider(account)()

    assert sum(here.world.requests.values()) == 0


def test_an_account_in_the_far_east_needs_a_country_where_the_seller_has_several_there(here: Agency) -> None:
    japan = connected(here, "acme", "fe", "JP")
    assert SpConnectProvider("acme/fe")()["refresh_token"] == token_of(here, japan)

    connected(here, "acme", "fe", "AU")
    with pytest.raises(errors.WhichConnection, match="choose one"):
        SpConnectProvider("acme/fe")()


@pytest.mark.parametrize("account", ["acme/fe", "acme/fe/AU", "acme/na"])
def test_an_account_in_a_place_where_the_seller_is_not_connected_is_not_found(here: Agency, account: str) -> None:
    connected(here)

    with pytest.raises(errors.NoSuchConnection):
        SpConnectProvider(account)()

    assert sum(here.world.requests.values()) == 0


def test_an_unknown_seller_is_not_found(here: Agency) -> None:
    connected(here)

    with pytest.raises(errors.NoSuchConnection):
        sp_connect.credentials("nobody", "eu")


def test_a_record_without_its_secret_is_missing_its_token(here: Agency) -> None:
    here.runtime.secrets.forget(connected(here).secret_name)

    with pytest.raises(errors.MissingToken):
        sp_connect.credentials("acme", "eu")


def test_without_the_passphrase_nobody_is_asked(here: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(here)
    monkeypatch.delenv("SP_CONNECT_PASSPHRASE")

    with pytest.raises(errors.StoreLocked):
        sp_connect.credentials("acme", "eu")


def test_the_command_line_is_not_loaded_and_the_environment_left_alone(office: Agency, staffed: Program) -> None:
    connected(office)

    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        env=staffed.environment(),
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )

    assert json.loads(done.stdout) == {
        "found": ["lwa_app_id", "lwa_client_secret", "refresh_token"],
        "heavy": [],
        "passphrase": True,
    }
