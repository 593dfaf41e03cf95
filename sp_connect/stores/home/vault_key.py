"""The random key of a vault, and its home: sealed under a passphrase in vault.toml, or an item of the keyring.

While an item of the keyring is made or given up, `key.toml` names it: after a kill it is known by that, and
forgotten unless vault.toml needs it. Whoever changes anything holds the vault's lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores.home import files, leftovers, toml, vault_settings
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.tables import Table
from sp_connect.stores.home.vault_settings import ID, KEY, SET_IT, Key, Settings


class VaultKey:
    """The key of the vault in `folder`, which is opened when it is asked for, once.

    `passphrase` gives what the environment holds, if anything, and is dropped once it has opened or made the vault.
    `cost` is scrypt's, for a vault that is made here; one that exists says its cost itself.
    """

    def __init__(
        self,
        folder: Path,
        passphrase: Callable[[], Secret | None],
        keyring: KeyringStore,
        cost: Mapping[str, int] = vault_settings.COST,
    ) -> None:
        self._folder = folder
        self._path = folder / "vault.toml"
        self._note = folder / "key.toml"
        self._passphrase: Callable[[], Secret | None] | None = passphrase
        self._keyring = keyring
        self._cost = cost
        self._opening = threading.Lock()
        self._key: Key | None = None
        self._seen: object = None

    def open(self, passphrase: Secret | None = None) -> Key | None:
        """The key, or None where there is no vault; by `passphrase`, if it is given, instead of the environment's.

        vault.toml is read again once it is another file: the vault may be left and made anew while this runs.
        Raises Damaged, StoreLocked, StoreUnavailable, and MissingToken where the keyring has no such key.
        """
        with self._opening:
            seen = _stamp(self._path)
            if self._key is None or seen != self._seen:
                settings = self.settings()
                if settings is None:
                    self._key = None
                elif self._key is None or self._key.id != settings.key_id:
                    self._key = self._opened(settings, passphrase)
                self._seen = seen
            return self._key

    def settings(self) -> Settings | None:
        """vault.toml; None where there is no vault. Raises Damaged."""
        values = toml.read(self._path)
        return None if values is None else vault_settings.read(self._path, values)

    def is_in_keyring(self) -> bool:
        """Whether there is a vault whose key the keyring has. Raises Damaged."""
        settings = self.settings()
        return settings is not None and settings.opened_by == "keyring"

    def has_passphrase(self) -> bool:
        """Whether the environment gives one. Raises StoreUnavailable."""
        return self._given() is not None

    def make(self) -> Key:
        """A new vault: under the passphrase if there is one, else with its key in the keyring."""
        key, passphrase = Key(os.urandom(ID), os.urandom(KEY)), self._given()
        if passphrase is None:
            self._see_keyring(SET_IT)
        values = vault_settings.made(key, passphrase, self._path, self._cost)
        with nullcontext() if passphrase is not None else self._noted(key.id):
            if passphrase is None:
                self._keep(key)
            toml.write(self._path, values)
        self._passphrase = None
        self._key, self._seen = key, _stamp(self._path)
        return key

    def reseal(self, passphrase: Secret | None) -> None:
        """Puts the key under another passphrase, or without one into the keyring; the key itself stays.

        The new vault.toml is written beside the old one and opened, and only then takes its place; the keyring's
        key is forgotten after that. Raises as `open`, and StoreLocked for an empty passphrase.
        """
        key, was_in_keyring = self.open(), self.is_in_keyring()
        assert key is not None, "the caller has seen that there is a vault"
        if passphrase is None and not was_in_keyring:
            self._see_keyring("nothing was changed; for another passphrase: --new-passphrase-file FILE")
        values = vault_settings.made(key, passphrase, self._path, self._cost)
        with self._noted(key.id) if was_in_keyring or passphrase is None else nullcontext():
            if passphrase is None:
                self._keep(key)
            self._try_out(values, passphrase, key)
            toml.write(self._path, values)

    def give_up(self) -> None:
        """Ends the vault, whose files are gone: first vault.toml, and the keyring's key last."""
        settings = self.settings()
        if settings is not None:
            with self._noted(settings.key_id) if settings.opened_by == "keyring" else nullcontext():
                files.remove(self._path)
        self._key = None
        self.settle()

    def unsettled(self) -> Path | None:
        """key.toml, if there is one: a key of the keyring that may be there for nothing."""
        return self._note if files.read(self._note) is not None else None

    def settle(self) -> None:
        """Forgets the keyring's key that key.toml names, unless it opens the vault; then key.toml."""
        values = toml.read(self._note)
        if values is None:
            return
        key_id = vault_settings.key_id(Table(self._note, "", values))
        settings = self.settings()
        if settings is None or settings.opened_by != "keyring" or settings.key_id != key_id:
            try:
                self._keyring.forget(item(key_id))
            except errors.ThisMachine as error:
                error.reword(
                    message=f"A key of the vault {self._folder} is still in the keyring: {error.message}",
                    hint="unlock the keyring, then: sp-connect doctor --fix",
                )
                raise
        files.remove(self._note)

    @contextmanager
    def _noted(self, key_id: bytes) -> Iterator[None]:
        """Around what makes or gives up the keyring's item of a key, however it ends."""
        self.settle()
        toml.write(self._note, {"schema": toml.SCHEMA, "key_id": key_id.hex()})
        try:
            yield
        except BaseException:
            with suppress(errors.ThisMachine):  # a second failure would hide the first
                self.settle()
            raise
        self.settle()

    def _see_keyring(self, hint: str) -> None:
        """Raises what keeps the keyring from taking a key, before any trace of one is left here."""
        try:
            with suppress(errors.MissingToken):
                self._keyring.fetch(item(bytes(ID)))
        except errors.ThisMachine as error:
            error.reword(message=f"Without a passphrase a vault has its key in the keyring. {error.message}", hint=hint)
            raise

    def _try_out(self, values: Mapping[str, Any], passphrase: Secret | None, key: Key) -> None:
        """Writes vault.toml as it will be beside the one that is there, reads it and opens it."""
        beside = self._folder / leftovers.new_name()  # swept if we are killed
        try:
            toml.write(beside, values)
            read = vault_settings.read(beside, toml.read(beside) or {})
            if self._opened(read, passphrase) != key:
                raise errors.StoreUnavailable(f"{beside} does not return what was written.", "check that disk")
        finally:
            files.remove(beside)

    def _opened(self, settings: Settings, passphrase: Secret | None) -> Key:
        if settings.opened_by == "keyring":
            return self._fetched(settings.key_id)
        if passphrase is None and self._passphrase is None:
            raise errors.StoreLocked(f"The vault {self._folder} was replaced while this ran.", "run it again")
        given = passphrase if passphrase is not None else self._given()
        if given is None:
            raise errors.StoreLocked(f"The vault {self._folder} is opened by a passphrase.", SET_IT)
        key = vault_settings.unsealed(settings, given)
        self._passphrase = None  # it has done its work, and stays in memory no longer than it must
        return key

    def _given(self) -> Secret | None:
        return self._passphrase() if self._passphrase is not None else None

    def _keep(self, key: Key) -> None:
        self._keyring.keep(item(key.id), Secret(vault_settings.text(key.key)))

    def _fetched(self, key_id: bytes) -> Key:
        hint = "run it where the vault was made, as the same user; else move the vault away and connect again"
        try:
            key = vault_settings.data(self._keyring.fetch(item(key_id)).reveal())
        except errors.MissingToken:
            raise errors.MissingToken(f"key for the vault {self._folder}", "the keyring", hint) from None
        except ValueError:
            key = b""
        if len(key) != KEY:
            raise errors.StoreUnavailable(f"The keyring's key for the vault {self._folder} was altered.", hint)
        return Key(key_id, key)


def item(key_id: bytes) -> SecretName:
    """Where the keyring keeps the key of a vault."""
    return SecretName("app", "sp-connect-vault", "key", key_id.hex())


def _stamp(path: Path) -> object:
    """A value that changes whenever the file is replaced."""
    try:
        status = path.stat()
    except OSError:  # what is wrong with it is told where it is read
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
