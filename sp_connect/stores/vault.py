"""Sealed files as a secret store, for machines without a keyring and for those who prefer one key.

`vault.toml` says how the vault's random key is opened: sealed under a passphrase, or kept in the keyring.
With that key one file an owner is sealed. Whose file it is is bound into its seal, so that none can stand in
for another; any flipped byte is damage. Nothing but errors of ours leaves this module, whatever the files
hold.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores import files, seals, secrets
from sp_connect.stores.keyring import KeyringStore
from sp_connect.stores.tables import Table

MAGIC = b"sp-connect vault\n"
VERSION = 1

_HEADER = len(MAGIC) + 1 + 16
_COST = {"n": 2**15, "r": 8, "p": 1}
_MOST = {"n": 2**20, "r": 8, "p": 4}
"""What a hostile vault.toml may ask of this machine: a gigabyte, and some seconds."""
_FOLDERS: Mapping[Literal["app", "seller"], str] = {"app": "apps", "seller": "sellers"}
_SUFFIX = ".sealed"
_SET_IT = "set SP_CONNECT_PASSPHRASE_FILE (a file that holds it) or SP_CONNECT_PASSPHRASE"


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    id: bytes
    key: bytes


class Vault:
    """Secrets in one folder. Nothing is opened before one is asked for; the first `keep` makes the vault.

    `passphrase` gives what the environment holds, if anything: asked when the vault is made or opened. A
    vault that is made without one keeps its key in `keyring`.
    """

    name: secrets.StoreName = "vault"

    def __init__(self, folder: Path, passphrase: Callable[[], Secret | None], keyring: KeyringStore) -> None:
        self._folder = folder
        self._settings = folder / "vault.toml"
        self._passphrase = passphrase
        self._keyring = keyring
        self._opening = threading.Lock()
        self._key: _Key | None = None

    def keep(self, name: SecretName, value: Secret) -> None:
        self.keep_all({name: value})

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        """Keeps many, all of an owner's with one write of its file."""
        self._open()  # a person may be asked for the keyring's password: not while others wait for the lock
        paths = self._by_file(values)
        with files.lock(self._folder / "lock"):
            key = self._open() or self._make()
            contents = {
                path: self._read(path, names[0], key) | {_entry(name): values[name].reveal() for name in names}
                for path, names in paths.items()
            }
            files.replace_all({path: _sealed(paths[path][0], key, entries) for path, entries in contents.items()})
            if any(self._read(path, paths[path][0], key) != entries for path, entries in contents.items()):
                raise secrets.unfaithful(self.name)

    def fetch(self, name: SecretName) -> Secret:
        path = self._path(name)
        key = self._open()
        value = self._read(path, name, key).get(_entry(name)) if key else None
        if value is None:
            raise secrets.missing(name, f"the vault {self._folder}")
        return Secret(value)

    def forget(self, name: SecretName) -> None:
        self.forget_all([name])

    def forget_all(self, names: Iterable[SecretName]) -> None:
        """Forgets many, all of an owner's with one write of its file; the file goes with its last. Damage stops all."""
        paths = self._by_file(names)
        key = self._open() if paths else None
        if key is None or all(files.read(path) is None for path in paths):
            return
        with files.lock(self._folder / "lock"):
            contents: dict[Path, dict[str, str]] = {}
            for path, theirs in paths.items():
                values = self._read(path, theirs[0], key)
                gone = {_entry(name) for name in theirs}
                if not gone.isdisjoint(values):
                    contents[path] = {entry: value for entry, value in values.items() if entry not in gone}
            files.replace_all({path: _sealed(paths[path][0], key, left) for path, left in contents.items() if left})
            for path in [path for path, left in contents.items() if not left]:
                files.remove(path)

    def contents(self) -> secrets.Contents:
        """The names of all secrets in the sealed files; what is no file of ours is passed over."""
        names: set[SecretName] = set()
        damages: dict[tuple[str, str], errors.Damaged] = {}
        key = self._open()
        if key is None:
            return secrets.Contents(frozenset(), {})
        for kind, folder in _FOLDERS.items():
            for file in files.names(self._folder / folder):
                owner = file.removesuffix(_SUFFIX)
                if owner == file or not errors.is_name(owner):
                    continue
                anyone = SecretName(kind, owner, "", "")
                try:
                    entries = self._read(self._path(anyone), anyone, key)
                except errors.Damaged as damage:
                    damages[kind, owner] = damage
                else:
                    names.update(SecretName(kind, owner, *_parts(entry)) for entry in entries)
        return secrets.Contents(frozenset(names), damages)

    def describe(self) -> secrets.StoreDescription:
        """The vault as it is on disk; opens nothing. Raises Damaged."""
        table = self._load()
        location = str(self._folder)
        if table is None:
            return secrets.StoreDescription(self.name, f"sealed files in {location}, none yet", None, location)
        if table.text("opened_by") == "passphrase":
            words = f"sealed files in {location}, key under a passphrase"
            return secrets.StoreDescription(self.name, words, "passphrase", location)
        words = f"sealed files in {location}, key in the keyring"
        return secrets.StoreDescription(self.name, words, "keyring", location)

    def _open(self) -> _Key | None:
        """The vault's key, or None where there is no vault yet; a passphrase is stretched once a process."""
        with self._opening:
            if self._key is None and (table := self._load()) is not None:
                key_id = table.text("key_id")
                by_passphrase = table.text("opened_by") == "passphrase"
                key = self._unseal_key(table) if by_passphrase else self._key_of_keyring(key_id)
                self._key = _Key(bytes.fromhex(key_id), key)
            return self._key

    def _make(self) -> _Key:
        """A new vault, under the passphrase if there is one, else with its key in the keyring."""
        key = _Key(os.urandom(16), os.urandom(32))
        settings: dict[str, Any] = {"schema": files.SCHEMA, "key_id": key.id.hex(), "opened_by": "keyring"}
        passphrase = self._passphrase()
        if passphrase is None:
            self._keyring.keep(_key_name(key.id.hex()), Secret(_b64(key.key)))
        else:
            salt = os.urandom(16)
            settings |= {"opened_by": "passphrase", "kdf": {"name": "scrypt", **_COST, "salt": _b64(salt)}}
            sealed = seals.seal(self._stretch(passphrase, salt, _COST), key.key, _bound(settings))
            settings["sealed_key"] = _b64(sealed)
        files.write_toml(self._settings, settings | {"checksum": _checksum(settings)})
        self._key = key
        return key

    def _load(self) -> Table | None:
        """vault.toml, whose checksum is right; None where there is no vault."""
        values = files.read_toml(self._settings)
        if values is None:
            if any(files.names(self._folder / kind) for kind in _FOLDERS.values()):
                raise errors.Damaged(self._settings, "it is missing, and the sealed files beside it need it")
            return None
        table = Table(self._settings, "", values)
        if table.text("checksum") != _checksum({key: values[key] for key in values if key != "checksum"}):
            raise table.damaged("its checksum does not match")
        if len(_bytes(table, "key_id", bytes.fromhex)) != 16:
            raise table.damaged("key_id is not 32 hexadecimal digits")
        table.one_of("opened_by", ("passphrase", "keyring"))
        return table

    def _unseal_key(self, table: Table) -> bytes:
        passphrase = self._passphrase()
        if passphrase is None:
            raise errors.StoreLocked(f"The vault {self._folder} is opened by a passphrase.", _SET_IT)
        kdf = table.table("kdf")
        name = kdf.one_of("name", ("scrypt",))
        cost = {key: kdf.number(key, most) for key, most in _MOST.items()}
        if cost["n"] < 2 or cost["n"] & (cost["n"] - 1):
            raise kdf.damaged("n is not a power of two")
        salt, sealed = _bytes(kdf, "salt", _unb64), _bytes(table, "sealed_key", _unb64)
        bound = _bound({"key_id": table.text("key_id"), "kdf": {"name": name, **cost, "salt": _b64(salt)}})
        key = seals.unseal(self._stretch(passphrase, salt, cost), sealed, bound)
        if key is None or len(key) != 32:
            raise errors.StoreLocked(
                f"The passphrase does not open the vault {self._folder}.",
                "it was made with another one: see what SP_CONNECT_PASSPHRASE or SP_CONNECT_PASSPHRASE_FILE holds",
            )
        return key

    def _stretch(self, passphrase: Secret, salt: bytes, cost: Mapping[str, int]) -> bytes:
        if not passphrase:
            raise errors.StoreLocked(f"The passphrase for the vault {self._folder} is empty.", _SET_IT)
        try:
            return seals.stretch(passphrase.reveal(), salt, cost)
        except (ValueError, MemoryError):
            raise errors.StoreUnavailable(
                "This machine has too little memory to open the vault.", "end other programs and run it again"
            ) from None

    def _key_of_keyring(self, key_id: str) -> bytes:
        hint = "run it where the vault was made, as the same user; else move the vault away and connect again"
        try:
            key = _unb64(self._keyring.fetch(_key_name(key_id)).reveal())
        except errors.MissingToken:
            raise errors.MissingToken(f"the vault {self._folder} (its key)", "the keyring", hint) from None
        except ValueError:
            key = b""
        if len(key) != 32:
            raise errors.StoreUnavailable(f"The keyring's key for the vault {self._folder} was altered.", hint)
        return key

    def _path(self, name: SecretName) -> Path:
        """The sealed file of an owner. What is no plain file was put there by somebody else."""
        if not errors.is_name(name.owner):
            raise errors.BadName("an owner of secrets", name.owner)
        path = self._folder / _FOLDERS[name.kind] / f"{name.owner}{_SUFFIX}"
        try:
            is_plain = stat.S_ISREG(path.lstat().st_mode)
        except OSError:
            return path  # absent, or for files.read to explain
        if not is_plain:
            raise errors.Damaged(path, "it is a link or no file at all")
        return path

    def _by_file(self, names: Iterable[SecretName]) -> dict[Path, list[SecretName]]:
        owners: dict[tuple[str, str], list[SecretName]] = {}
        for name in names:
            owners.setdefault((name.kind, name.owner), []).append(name)
        return {self._path(theirs[0]): theirs for theirs in owners.values()}

    def _read(self, path: Path, name: SecretName, key: _Key) -> dict[str, str]:
        data = files.read(path)
        if data is None:
            return {}
        header = data[:_HEADER]
        if not header.startswith(MAGIC) or len(header) < _HEADER:
            raise errors.Damaged(path, "it is not a sealed file")
        if header[len(MAGIC)] != VERSION:
            raise errors.Damaged(path, f"its version is {header[len(MAGIC)]}, and only {VERSION} is known")
        if header[len(MAGIC) + 1 :] != key.id:
            raise errors.Damaged(path, "it is sealed with the key of another vault")
        plain = seals.unseal(key.key, data[_HEADER:], header + _whose(name))
        if plain is None:
            raise errors.Damaged(path, "its seal is broken: it was altered, or is the file of another owner")
        values: dict[str, str] = json.loads(plain)  # what has this seal, _sealed wrote
        return values


def _sealed(name: SecretName, key: _Key, values: Mapping[str, str]) -> bytes:
    """The sealed file of the owner of `name`."""
    header = MAGIC + bytes([VERSION]) + key.id
    return header + seals.seal(key.key, json.dumps(values).encode(), header + _whose(name))


def _entry(name: SecretName) -> str:
    return f"{name.item}/{name.ref}"


def _parts(entry: str) -> tuple[str, str]:
    """Item and reference of an entry."""
    item, _, ref = entry.partition("/")
    return item, ref


def _whose(name: SecretName) -> bytes:
    return f"{name.kind}/{name.owner}".encode()


def _key_name(key_id: str) -> SecretName:
    return SecretName("app", "sp-connect-vault", "key", key_id)


def _bound(settings: Mapping[str, Any]) -> bytes:
    """What the seal of the vault's key vouches for."""
    return json.dumps([VERSION, settings["key_id"], settings["kdf"]], sort_keys=True).encode()


def _checksum(settings: Mapping[str, Any]) -> str:
    """Tells damage from a wrong passphrase. It protects nothing: the seals do."""
    import hashlib

    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def _bytes(table: Table, key: str, decode: Callable[[str], bytes]) -> bytes:
    try:
        return decode(table.text(key))
    except ValueError:
        raise table.damaged(f"{key} is not what sp-connect wrote") from None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
