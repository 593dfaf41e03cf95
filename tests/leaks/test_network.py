"""What libraries would tell of connections, if somebody asked them to: key logs, debug output, ~/.netrc."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM, SECONDS, Result
from tests.commands.given import connected
from tests.contract.given import Given
from tests.leaks import sentinels
from tests.real_client.proxy import Proxy, proxy

ACME = ("-s", "acme", "-r", "eu")
READ = "import os; print(os.environ.get('SSLKEYLOGFILE'))"
ASK = "import requests; requests.get('https://api.amazon.com/auth/o2/token', timeout=10)"
TALKATIVE = """
import http.client, logging
http.client.HTTPConnection.debuglevel = 1
logging.basicConfig(level=logging.DEBUG)
"""


@pytest.fixture(scope="module", autouse=True)
def _connected(given: Given) -> None:
    connected(given.office)


@pytest.fixture
def way(given: Given, tmp_path: Path) -> Iterator[Proxy]:
    """Amazon behind https."""
    with proxy(given.office.simulator.base_url, tmp_path) as made:
        yield made


def told(given: Given, result: Result) -> list[str]:
    return sentinels.leaks(sentinels.of(given.office), {"stdout": result.stdout, "stderr": result.stderr})


class TestKeyLog:
    def through(self, way: Proxy, log: Path) -> dict[str, str | None]:
        trusted = {"REQUESTS_CA_BUNDLE": str(way.authority), "SP_CONNECT_AMAZON_URL": None}
        return way.environment() | trusted | {"SSLKEYLOGFILE": str(log)}

    def test_no_key_is_logged(self, given: Given, way: Proxy, tmp_path: Path) -> None:
        env = self.through(way, tmp_path / "keys")
        python = [sys.executable, "-c", ASK]
        subprocess.run(python, env=given.program.environment(env), check=True, timeout=SECONDS)
        assert "CLIENT_TRAFFIC_SECRET" in (tmp_path / "keys").read_text(), "the library does log them"
        (tmp_path / "keys").unlink()

        result = given.run("-v", "verify", *ACME, "--json", **env)

        assert result.json()[0]["ok"] is True, result
        assert "SSLKEYLOGFILE is ignored" in result.stderr
        assert not (tmp_path / "keys").exists()

    def test_what_exec_runs_has_the_variable_as_it_was(self, given: Given, tmp_path: Path) -> None:
        env = {"SSLKEYLOGFILE": str(tmp_path / "keys")}

        result = given.run("exec", *ACME, "--", sys.executable, "-c", READ, **env)

        assert result.stdout == f"{tmp_path / 'keys'}\n"


def test_debug_output_that_is_on_for_all_of_python_tells_no_secret(given: Given, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(TALKATIVE)

    result = given.run("verify", *ACME, "--json", PYTHONPATH=str(tmp_path))

    assert result.code == 0
    assert "/auth/o2/token" in result.stderr, "urllib3's own log tells the path"
    assert told(given, result) == []
    assert json.loads(result.stdout), "stdout carries the result alone"


@pytest.mark.parametrize("where", ["~", "NETRC"])
def test_netrc_is_not_even_opened(given: Given, way: Proxy, tmp_path: Path, where: str) -> None:
    (tmp_path / ".netrc").write_text("default login user password word\n")
    (tmp_path / ".netrc").chmod(0o600)
    env = {"HOME": str(tmp_path)} if where == "~" else {"NETRC": str(tmp_path / ".netrc")}
    trusted = {"REQUESTS_CA_BUNDLE": str(way.authority), "SP_CONNECT_AMAZON_URL": None}
    calls = "trace=open,openat,openat2"
    trace = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", calls, "-o", str(tmp_path / "opened")]

    done = subprocess.run(
        [*trace, PROGRAM, "verify", *ACME],
        env=given.program.environment(way.environment() | trusted | env),
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )

    assert done.returncode == 0, done.stderr
    opened = (tmp_path / "opened").read_text()
    assert "authority.pem" in opened
    assert "/.netrc" not in opened
