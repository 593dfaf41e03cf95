"""getMarketplaceParticipations by python-amazon-sp-api, in each way that sp-connect hands credentials on."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.agency import Agency
from tests.cli.program import SECONDS, Program, Result
from tests.commands.given import connected, end_at_amazon
from tests.doors.given import HOSTILE, with_token
from tests.real_client.proxy import Proxy

ASK = """
import json
from sp_api.api import Sellers
from sp_api.base import Marketplaces
{first}
found = Sellers(marketplace=Marketplaces.{country}, {how}).get_marketplace_participation()
print(json.dumps([entry["marketplace"]["countryCode"] for entry in found.payload]))
"""
READ = """
import json
from sp_api.base.credential_provider import FromConfigFileCredentialProvider
print(json.dumps(FromConfigFileCredentialProvider()()))
"""
OF_ACME = ["DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "GB", "IN"]
PATHS = {"api.amazon.com": "/auth/o2/token", "sellingpartnerapi-eu.amazon.com": "/sellers/v1/marketplaceParticipations"}


def script(first: str = "", how: str = "", country: str = "DE") -> str:
    return ASK.format(first=first, how=how, country=country)


def child(program: Program, code: str, env: dict[str, str | None]) -> Result:
    """A Python program that is none of ours."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.environment(env),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def by_the_library(way: Proxy) -> dict[str, str]:
    """Which hosts and paths were asked for through the proxy; by the library itself, and by nobody else."""
    assert {agent for _, _, agent in way.seen} == {f"python-sp-api-{version('python-amazon-sp-api')}"}
    return {host: path for host, path, _ in way.seen}


@pytest.fixture
def settings(way: Proxy, tmp_path: Path) -> dict[str, str | None]:
    """An environment in which the library finds the proxy, and no credentials but those of the test."""
    return way.environment() | {"HOME": str(tmp_path)}


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """Where the library looks: in ~/.config, whatever XDG_CONFIG_HOME says (confuse's `config_dirs`)."""
    return tmp_path / ".config" / "python-sp-api" / "credentials.yml"


def test_under_exec_it_finds_its_environment(
    office: Agency, staffed: Program, way: Proxy, settings: dict[str, str | None]
) -> None:
    connected(office)

    result = staffed.run("exec", "-s", "acme", "-r", "eu", "--", sys.executable, "-c", script(), env=settings)

    assert result.code == 0, result.stderr
    assert result.json() == OF_ACME
    assert by_the_library(way) == PATHS


def test_after_export_it_finds_its_configuration(
    office: Agency, staffed: Program, way: Proxy, settings: dict[str, str | None], configuration: Path
) -> None:
    connected(office)

    made = staffed.run(
        *("export", "-s", "acme", "-r", "eu", "--format", "python-amazon-sp-api", "--out", str(configuration)),
        env=settings,
    )
    result = child(staffed, script(), settings)

    assert made.code == 0, made.stderr
    assert result.code == 0, result.stderr
    assert result.json() == OF_ACME
    assert by_the_library(way) == PATHS


@pytest.mark.parametrize(
    ("first", "how"),
    [
        ("import sp_connect", 'credentials=sp_connect.credentials("acme", "eu")'),
        (
            "from sp_connect.provider import SpConnectProvider",
            'credential_providers=[SpConnectProvider], account="acme/eu"',
        ),
    ],
    ids=["credentials", "provider"],
)
def test_in_python_it_takes_them(
    office: Agency, staffed: Program, way: Proxy, settings: dict[str, str | None], first: str, how: str
) -> None:
    connected(office)

    result = child(staffed, script(first, how), settings)

    assert result.code == 0, result.stderr
    assert result.json() == OF_ACME
    assert by_the_library(way) == PATHS


def test_a_far_east_country_is_an_account_of_its_own(
    office: Agency, staffed: Program, settings: dict[str, str | None]
) -> None:
    connected(office, "acme", "fe", "JP")
    connected(office, "acme", "fe", "AU")
    first = "from sp_connect.provider import SpConnectProvider"
    how = 'credential_providers=[SpConnectProvider], account="acme/fe/AU"'

    result = child(staffed, script(first, how, "AU"), settings)

    assert result.code == 0, result.stderr
    assert result.json() == ["AU"]


def test_what_the_seller_ended_it_is_refused(office: Agency, staffed: Program, settings: dict[str, str | None]) -> None:
    end_at_amazon(office, connected(office))

    result = child(staffed, script("import sp_connect", 'credentials=sp_connect.credentials("acme", "eu")'), settings)

    assert result.code == 1
    assert "AuthorizationError" in result.stderr


@pytest.mark.parametrize("kind", ["together", "line break", "other scripts"])
def test_its_configuration_reads_any_token_as_it_was(
    office: Agency, staffed: Program, settings: dict[str, str | None], configuration: Path, kind: str
) -> None:
    token = "".join(HOSTILE.values()) if kind == "together" else HOSTILE[kind]
    with_token(office, connected(office), token)

    made = staffed.run(
        *("export", "-s", "acme", "-r", "eu", "--format", "python-amazon-sp-api", "--out", str(configuration)),
        env=settings,
    )
    found: dict[str, Any] = json.loads(child(staffed, READ, settings).stdout)

    assert made.code == 0, made.stderr
    assert found["refresh_token"] == token
