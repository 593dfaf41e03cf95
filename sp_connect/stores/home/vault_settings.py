"""The content of vault.toml: made, read with suspicion, opened by a passphrase. Format: docs/vault-format.md.

Values in, values out: the file itself and the keyring are `vault_key`'s.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores.home import crypto, toml
from sp_connect.stores.home.tables import Table
from sp_connect.stores.secret_store import OPENERS, OpenedBy

VERSION = 1
"""The form of vault.toml and of the sealed files beside it."""

KEY = 32
ID = SALT = 16
"""Lengths in bytes."""

BYTE_ORDER_MARK = "\ufeff"

SET_IT = "set SP_CONNECT_PASSPHRASE_FILE (a file that holds it) or SP_CONNECT_PASSPHRASE"

COST: Mapping[str, int] = MappingProxyType({"n": 2**15, "r": 8, "p": 1})
"""scrypt's cost to make or open a vault by passphrase: a tenth of a second, 32 MiB."""

MOST = {"n": 2**20, "r": 8, "p": 4}
"""The most that a hostile vault.toml may ask of this machine: a gigabyte, and some seconds."""


class Key(NamedTuple):
    """The key of a vault's seals, and the id by which its files and the keyring know it."""

    id: bytes
    key: bytes

    def __repr__(self) -> str:
        return f"Key({self.id.hex()})"


class Settings(NamedTuple):
    """vault.toml, whose checksum is right. `kdf` and `sealed_key` are for a passphrase alone, and not yet looked at."""

    path: Path
    key_id: bytes
    opened_by: OpenedBy
    values: Mapping[str, Any]


def made(key: Key, passphrase: Secret | None, path: Path, cost: Mapping[str, int] = COST) -> Mapping[str, Any]:
    """vault.toml for a key that a passphrase opens, or without one the keyring. Raises StoreLocked for an empty one."""
    values: dict[str, Any] = {"schema": toml.SCHEMA, "key_id": key.id.hex(), "opened_by": "keyring"}
    if passphrase is not None:
        salt = os.urandom(SALT)
        values |= {"opened_by": "passphrase", "kdf": {"name": "scrypt", **cost, "salt": text(salt)}}
        sealed = crypto.seal(_stretched(passphrase, salt, cost, path), key.key, bound(key.id, values["kdf"]))
        values["sealed_key"] = text(sealed)
    return values | {"checksum": checksum(values)}


def read(path: Path, values: Mapping[str, Any]) -> Settings:
    """Reads the values of a vault.toml. Raises Damaged."""
    table = Table(path, "", values)
    if table.text("checksum") != checksum({key: values[key] for key in values if key != "checksum"}):
        raise table.damaged("its checksum does not match")
    opened_by: OpenedBy = "keyring" if table.one_of("opened_by", OPENERS) == "keyring" else "passphrase"
    return Settings(path, key_id(table), opened_by, values)


def key_id(table: Table) -> bytes:
    """The id of a key. Raises Damaged."""
    return _bytes(table, "key_id", ID, bytes.fromhex)


def unsealed(settings: Settings, passphrase: Secret) -> Key:
    """The key that a passphrase opens. Raises Damaged, StoreLocked for a wrong or empty one, StoreUnavailable."""
    key = _unsealed(settings, passphrase)
    if key is None:  # version 0.9 counted the byte order mark of a passphrase file as a letter
        key = _unsealed(settings, Secret(f"{BYTE_ORDER_MARK}{passphrase.reveal()}"))
    if key is None:
        raise errors.StoreLocked(
            f"The passphrase does not open the vault {settings.path.parent}.",
            "it was made with another one: see what SP_CONNECT_PASSPHRASE or SP_CONNECT_PASSPHRASE_FILE holds",
        )
    return Key(settings.key_id, key)


def _unsealed(settings: Settings, passphrase: Secret) -> bytes | None:
    """The bytes of the key; None where the passphrase is another one. Raises as `unsealed`."""
    salt, cost = _kdf(settings)
    sealed = _bytes(Table(settings.path, "", settings.values), "sealed_key", crypto.OVERHEAD + KEY)
    vouched = bound(settings.key_id, {"name": "scrypt", **cost, "salt": text(salt)})
    return crypto.unseal(_stretched(passphrase, salt, cost, settings.path), sealed, vouched)


def begin_to_unseal(settings: Settings, passphrase: Secret) -> None:
    """Does now the greatest part of what `unsealed` will have to do. Raises Damaged."""
    if settings.opened_by == "passphrase" and passphrase:
        crypto.begin_to_stretch(passphrase.reveal(), *_kdf(settings))


def _kdf(settings: Settings) -> tuple[bytes, Mapping[str, int]]:
    """Salt and cost of scrypt. Raises Damaged."""
    kdf = Table(settings.path, "", settings.values).table("kdf")
    kdf.one_of("name", ("scrypt",))
    cost = {key: kdf.number(key, most) for key, most in MOST.items()}
    if cost["n"] < 2 or cost["n"] & (cost["n"] - 1):
        raise kdf.damaged("n is not a power of two")
    return _bytes(kdf, "salt", SALT), cost


def checksum(values: Mapping[str, Any]) -> str:
    """Tells damage from a wrong passphrase. It protects nothing: the seals do."""
    import hashlib

    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def text(data: bytes) -> str:
    """Bytes as a text file and the keyring hold them: base64."""
    import base64

    return base64.b64encode(data).decode()


def data(text: str) -> bytes:
    """Decodes `text`. Raises ValueError."""
    import base64

    return base64.b64decode(text, validate=True)


def bound(key_id: bytes, kdf: Mapping[str, Any]) -> bytes:
    """The context that the seal of the vault's key is bound to."""
    return json.dumps([VERSION, key_id.hex(), kdf], sort_keys=True).encode()


def _stretched(passphrase: Secret, salt: bytes, cost: Mapping[str, int], path: Path) -> bytes:
    if not passphrase:
        raise errors.StoreLocked(f"The passphrase for the vault {path.parent} is empty.", SET_IT)
    try:
        return crypto.stretch(passphrase.reveal(), salt, cost)
    except (ValueError, MemoryError):
        raise errors.StoreUnavailable(
            "This machine has too little memory to open the vault.", "end other programs and run it again"
        ) from None


def _bytes(table: Table, key: str, length: int, decode: Callable[[str], bytes] = data) -> bytes:
    try:
        found = decode(table.text(key))
    except ValueError:
        found = b""
    if len(found) != length:
        raise table.damaged(f"{key} is not what sp-connect wrote")
    return found
