"""Sealed files as a secret store, for machines without a keyring and for those who prefer one key.

With the vault's key (`vault_key`) one file an owner is sealed. Whose file it is is bound into its seal, so that
none can stand in for another; any flipped byte is damage. docs/vault-format.md has the form. Nothing but errors of
ours leaves this module, whatever the files hold.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home import crypto, files, leftovers, locks, vault_settings
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault_key import VaultKey
from sp_connect.stores.home.vault_settings import VERSION, Key, Settings

MAGIC = b"sp-connect vault\n"

_HEADER = len(MAGIC) + 1 + 16
_FOLDERS: Mapping[Literal["app", "seller"], str] = {"app": "apps", "seller": "sellers"}
_SUFFIX = ".sealed"


class Vault:
    """Secrets in one folder. Nothing is opened before one is asked for; the first `keep` makes the vault.

    `passphrase` gives what the environment holds, if anything: asked when the vault is made or opened. A
    vault that is made without one keeps its key in `keyring`. `cost` is scrypt's, for a vault that is made here.
    """

    name: secret_store.StoreName = "vault"

    def __init__(
        self,
        folder: Path,
        passphrase: Callable[[], Secret | None],
        keyring: KeyringStore,
        cost: Mapping[str, int] = vault_settings.COST,
    ) -> None:
        self._folder = folder
        self.key = VaultKey(folder, passphrase, keyring, cost)

    def keep(self, name: SecretName, value: Secret) -> None:
        self.keep_all({name: value})

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        """Keeps many, all of an owner's with one write of its file."""
        self._open()  # a person may be asked for the keyring's password: not while others wait for the lock
        paths = self._by_file(values)
        with locks.held(self._folder / "lock"):
            key = self._open() or self.key.make()
            contents = {
                path: self._read(path, names[0], key) | {_entry(name): values[name].reveal() for name in names}
                for path, names in paths.items()
            }
            files.replace_all({path: _sealed(paths[path][0], key, entries) for path, entries in contents.items()})
            if any(self._read(path, paths[path][0], key) != entries for path, entries in contents.items()):
                raise secret_store.unfaithful(self.name)

    def fetch(self, name: SecretName) -> Secret:
        path = self._path(name)
        key = self._open()
        value = self._read(path, name, key).get(_entry(name)) if key else None
        if value is None:
            raise secret_store.missing(name, f"the vault {self._folder}")
        return Secret(value)

    def forget(self, name: SecretName) -> None:
        self.forget_all([name])

    def forget_all(self, names: Iterable[SecretName]) -> None:
        """Forgets many, all of an owner's with one write of its file; the file goes with its last. Damage stops all."""
        paths = self._by_file(names)
        key = self._open() if paths else None
        if key is None or all(files.read(path) is None for path in paths):
            return
        with locks.held(self._folder / "lock"):
            contents: dict[Path, dict[str, str]] = {}
            for path, theirs in paths.items():
                values = self._read(path, theirs[0], key)
                gone = {_entry(name) for name in theirs}
                if not gone.isdisjoint(values):
                    contents[path] = {entry: value for entry, value in values.items() if entry not in gone}
            files.replace_all({path: _sealed(paths[path][0], key, left) for path, left in contents.items() if left})
            for path in [path for path, left in contents.items() if not left]:
                files.remove(path)

    def contents(self) -> secret_store.Contents:
        """The names of all secrets in the sealed files; what is no file of ours is passed over."""
        names: set[SecretName] = set()
        damages: dict[tuple[str, str], errors.Damaged] = {}
        key = self._open()
        if key is None:
            return secret_store.Contents(frozenset(), {})
        for anyone in self._owners():
            try:
                entries = self._read(self._path(anyone), anyone, key)
            except errors.Damaged as damage:
                damages[anyone.kind, anyone.owner] = damage
            else:
                names.update(SecretName(anyone.kind, anyone.owner, *_parts(entry)) for entry in entries)
        return secret_store.Contents(frozenset(names), damages)

    def describe(self) -> secret_store.StoreDescription:
        """The vault as it is on disk; opens nothing. Raises Damaged."""
        settings = self._settings()
        location = str(self._folder)
        if settings is None:
            return secret_store.StoreDescription(self.name, f"sealed files in {location}, none yet", None, location)
        where = "under a passphrase" if settings.opened_by == "passphrase" else "in the keyring"
        words = f"sealed files in {location}, key {where}"
        return secret_store.StoreDescription(self.name, words, settings.opened_by, location)

    def has_passphrase(self) -> bool:
        """Whether the environment gives one. Raises StoreUnavailable."""
        return self.key.has_passphrase()

    def unlock(self, passphrase: Secret | None) -> None:
        """Opens the vault with a passphrase that a person gave, if one did. Raises as `fetch`."""
        self.key.open(passphrase)

    def reseal(self, passphrase: Secret | None) -> None:
        """Puts the vault's key under another passphrase, or without one into the keyring. Raises as `fetch`."""
        with locks.held(self._folder / "lock"):
            self.key.reseal(passphrase)

    def is_empty(self) -> bool:
        """Whether no owner has a sealed file."""
        return not any(self._owners())

    def leave(self) -> bool:
        """Ends a vault that holds nothing, its key too, so that another can be made here; False if it holds something.

        What a killed process left half-written goes along.
        """
        with locks.held(self._folder / "lock"):
            if any(self._owners()):
                return False
            self.key.give_up()
            for folder in map(self._folder.joinpath, _FOLDERS.values()):
                with suppress(OSError):  # there was none, or it holds what is no file of ours
                    for leftover in leftovers.in_own(folder, stale=0):
                        leftover.unlink()
                    folder.rmdir()
        return True

    def unsettled(self) -> Path | None:
        """The file that names a key in the keyring, which a killed process may have left there for nothing."""
        return self.key.unsettled()

    def settle(self) -> None:
        """Forgets such a key."""
        if self.unsettled():
            with locks.held(self._folder / "lock"):
                self.key.settle()

    def _open(self) -> Key | None:
        """The vault's key, or None where there is no vault yet. Raises as `VaultKey.open`."""
        key = self.key.open()
        if key is None and self._settings() is not None:  # it was made just now
            key = self.key.open()
        return key

    def _settings(self) -> Settings | None:
        """vault.toml; None where there is no vault. Raises Damaged, also where vault.toml alone is missing."""
        settings = self.key.settings()
        if settings is None and any(self._owners()):
            settings = self.key.settings()  # unless it was made just now, it is gone
            if settings is None:
                why = "it is missing, and the sealed files beside it need it"
                raise errors.Damaged(self._folder / "vault.toml", why)
        return settings

    def _owners(self) -> Iterator[SecretName]:
        """Whose sealed files there are, as a name of each; what is no file of ours is passed over."""
        for kind, folder in _FOLDERS.items():
            for file in files.names(self._folder / folder):
                owner = file.removesuffix(_SUFFIX)
                if owner != file and errors.is_name(owner):
                    yield SecretName(kind, owner, "", "")

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
            raise errors.Damaged(path, "it is a link or not a file")
        return path

    def _by_file(self, names: Iterable[SecretName]) -> dict[Path, list[SecretName]]:
        owners: dict[tuple[str, str], list[SecretName]] = {}
        for name in names:
            owners.setdefault((name.kind, name.owner), []).append(name)
        return {self._path(theirs[0]): theirs for theirs in owners.values()}

    def _read(self, path: Path, name: SecretName, key: Key) -> dict[str, str]:
        data = files.read(path)
        if data is None:
            return {}
        header = data[:_HEADER]
        if not header.startswith(MAGIC) or len(header) < _HEADER:
            raise errors.Damaged(path, "it is not an encrypted file")
        if header[len(MAGIC)] > VERSION:
            raise errors.StoreUnavailable(
                f"{path} is sealed in a form that is not known here ({header[len(MAGIC)]}). It was left unchanged.",
                "upgrade sp-connect; if no later version wrote it, the file is damaged",
            )
        if header[len(MAGIC)] < VERSION:
            raise errors.Damaged(path, f"no version of sp-connect wrote its form, {header[len(MAGIC)]}")
        if header[len(MAGIC) + 1 :] != key.id:
            raise errors.Damaged(path, "it is encrypted with the key of another vault")
        plain = crypto.unseal(key.key, data[_HEADER:], header + _whose(name))
        if plain is None:
            raise errors.Damaged(path, "it fails authentication: it was changed, or belongs to another owner")
        values: dict[str, str] = json.loads(plain)  # what has this seal, _sealed wrote
        return values


def _sealed(name: SecretName, key: Key, values: Mapping[str, str]) -> bytes:
    """The sealed file of the owner of `name`."""
    header = MAGIC + bytes([VERSION]) + key.id
    return header + crypto.seal(key.key, json.dumps(values).encode(), header + _whose(name))


def _entry(name: SecretName) -> str:
    return f"{name.item}/{name.ref}"


def _parts(entry: str) -> tuple[str, str]:
    """Item and reference of an entry."""
    item, _, ref = entry.partition("/")
    return item, ref


def _whose(name: SecretName) -> bytes:
    return f"{name.kind}/{name.owner}".encode()
