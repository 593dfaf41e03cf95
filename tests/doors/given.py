"""What the tests of the doors begin with: kept access tokens, and a look at what the store holds of a seller."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.models import Connection, Secret, SecretName
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import World
from sp_connect.stores.home.vault import Vault
from tests import agency as agencies
from tests.agency import Agency, Clock
from tests.cli.program import PASSPHRASE, Program
from tests.commands.given import connected

HOSTILE = {
    "plain": "Atza|IwEBIA-_.~+/=",
    "single quotes": "a'b''c'",
    "double quotes": 'a"b""c"&echo d',
    "backslashes": r"a\b\\c\n\'d" + "\\",
    "dollar": "$HOME ${HOME} $(id) $1 $$",
    "braces alone": "${HOME}",
    "backtick": "`id` a`b",
    "percent": "%PATH% 100% %%",
    "caret": "^ ^^ a^&b",
    "exclamation": "!! !id a!b",
    "spaces": "  two  words \t ",
    "hash": "a #b",
    "redirections": "a|b>c<d&e;f(g)h*?[i]",
    "equals and tilde": "=ls:=ls:~",
    "equals": "=ls",
    "tilde": "~root",
    "dash": "-n",
    "curly quotes": "\u2018a\u2019b\u201ac\u201bd \u201ce\u201d",
    "other scripts": "\u00e9\u4e16 \U0001f511",
    "line break": "a\nb\n\nc",
    "carriage return": "a\rb\r\nc",
    "bell and delete": "\x07\x7f\x1a\x1b[31m",
    "line separators": "a\u2028b\u0085c",
    "empty": "",
    "long": "x'" * 1024,
}
"""What no shell takes as it is, each under its name."""


@contextmanager
def ready_program(folder: Path, refresh_token: str) -> Iterator[Program]:
    """The program in a home where acme has this refresh token and a kept access token: Amazon need not be asked."""
    clock = Clock(datetime.now(UTC))
    with Simulator(World()) as simulator:
        office = agencies.build(folder / "home", simulator, clock, "127.0.0.1:8723", io.StringIO(), io.StringIO())
        with_token(office, connected(office), refresh_token)
        settings = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
        yield Program(office.folder, settings | {"SP_CONNECT_AMAZON_URL": simulator.base_url}, simulator)


def requests_of(program: Program) -> int:
    """How many requests Amazon had from a program."""
    assert program.simulator is not None
    return sum(program.simulator.world.requests.values())


def keep_access(agency: Agency, connection: Connection, value: str, **life: float) -> None:
    """Keeps an access token that lives for `life`, an hour unless it is said, without asking Amazon."""
    end = agency.clock() + timedelta(**life or {"hours": 1})
    keep_raw(agency, connection, json.dumps({"access_token": value, "expires_at": end.isoformat()}))


def keep_raw(agency: Agency, connection: Connection, value: str) -> None:
    """Puts anything where an access token is kept."""
    agency.runtime.secrets.keep(connection.access_name, Secret(value))


def with_token(agency: Agency, connection: Connection, refresh_token: str) -> None:
    """Makes this the connection's refresh token, with an access token kept beside it: Amazon is not asked."""
    agency.runtime.secrets.keep(connection.secret_name, Secret(refresh_token))
    keep_access(agency, connection, "Atza|kept")


def is_kept(agency: Agency, name: SecretName) -> bool:
    try:
        agency.runtime.secrets.fetch(name)
    except errors.MissingToken:
        return False
    return True


def entries(agency: Agency, seller: str) -> set[str]:
    """The names of everything that the vault holds of a seller."""
    vault: Any = agency.runtime.secrets
    assert isinstance(vault, Vault)
    name = SecretName("seller", seller, "", "")
    key = vault._open()
    assert key is not None
    return set(vault._read(vault._path(name), name, key))


def entries_of(*names: SecretName) -> set[str]:
    return {f"{name.item}/{name.ref}" for name in names}
