"""The vault as a target: its sealed files, and the file that says how they are opened."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores.home import crypto, files, vault_key, vault_settings
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.fuzz.target import Ready, Target
from tests.stores import backends
from tests.stores.samples import EU

REFUSALS = (errors.Damaged, errors.StoreUnavailable, errors.StoreLocked, errors.MissingToken)

KEY, KEY_ID, SALT, PASSPHRASE = bytes(32), bytes(16), bytes(16), "correct horse"
CHEAP = {"n": 2, "r": 1, "p": 1}
DEAREST = 2**12
"""n * r * p, at most, for an input: what the program allows to a vault takes seconds."""

MENDED = b"\x00"
"""Begins a vault.toml whose checksum is put right, so that what lies behind it is reached."""

TOKEN = Secret("Atzr|hush")


def _settings(opened_by: str) -> dict[str, Any]:
    """A vault.toml as the vault writes it, with a passphrase that costs nothing to stretch."""
    settings: dict[str, Any] = {"schema": 1, "key_id": KEY_ID.hex(), "opened_by": opened_by}
    if opened_by == "passphrase":
        settings["kdf"] = {"name": "scrypt", **CHEAP, "salt": vault_settings.text(SALT)}
        sealed = crypto.seal(
            crypto.stretch(PASSPHRASE, SALT, CHEAP), KEY, vault_settings.bound(KEY_ID, settings["kdf"])
        )
        settings["sealed_key"] = vault_settings.text(sealed)
    return settings


def _written(settings: dict[str, Any]) -> bytes:
    return tomli_w.dumps(settings | {"checksum": vault_settings.checksum(settings)}).encode()


def _made(folder: Path) -> Vault:
    """A vault whose key is the same each time, as it is opened by another process."""
    return Vault(folder, lambda: Secret(PASSPHRASE), KeyringStore("tests.stores.backends.Small", patience=30))


@contextmanager
def _sealed(folder: Path) -> Iterator[Ready]:
    files.replace(folder / "vault.toml", _written(_settings("passphrase")))
    vault, path = _made(folder), folder / "sellers" / "acme.sealed"
    good: dict[bytes, Secret] = {}
    for value in (TOKEN, Secret("Atzr|hush" * 200)):
        vault.keep(EU, value)
        good[path.read_bytes()] = value

    def read(data: bytes) -> None:
        path.write_bytes(data)
        if data in good:
            assert vault.fetch(EU) == good[data]
            return
        assert vault.contents().damages.keys() == {("seller", "acme")}
        found = vault.fetch(EU)
        raise AssertionError(f"what nobody sealed was opened: {found}")

    yield Ready(read, tuple(good))


@contextmanager
def _opened(folder: Path) -> Iterator[Ready]:
    path = folder / "vault.toml"
    files.replace(path, _written(_settings("passphrase")))
    _made(folder).keep(EU, TOKEN)
    key_name = vault_key.item(KEY_ID)
    KeyringStore("tests.stores.backends.Small", patience=30).keep(key_name, Secret(vault_settings.text(KEY)))

    def read(data: bytes) -> None:
        if data.startswith(MENDED):
            data = _mended(data.removeprefix(MENDED))
        path.write_bytes(data)
        vault = _made(folder)
        try:
            found = vault.fetch(EU)
        finally:
            assert path.read_bytes() == data
        assert found == TOKEN
        assert vault.describe().opened_by in {"passphrase", "keyring"}

    samples = [_written(_settings(by)) for by in ("passphrase", "keyring")]
    yield Ready(read, (*samples, *(MENDED + sample for sample in samples)))
    backends.Small.items.clear()


def _mended(data: bytes) -> bytes:
    """The same settings with the checksum that they should have, and no passphrase that takes long to stretch."""
    try:
        settings = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        return data
    settings.pop("checksum", None)
    kdf = settings.get("kdf")
    if isinstance(kdf, dict):
        cost = [kdf[key] for key in CHEAP if type(kdf.get(key)) is int and 0 < kdf[key] <= vault_settings.MOST[key]]
        if len(cost) == len(CHEAP) and math.prod(cost) > DEAREST:
            kdf |= CHEAP
    return _written(settings)


SEALED = Target("sealed", _sealed, REFUSALS, "sealed")
VAULT = Target("vault", _opened, REFUSALS, "vault")
