"""Shared, cached inputs of the checks; a failed read is reported once and skips the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from sp_connect import errors, words
from sp_connect.models import App, Connection, SecretName
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store

FIX = "sp-connect doctor --fix"
SET_CLOCK = "set the clock; on Linux: sudo timedatectl set-ntp true"


class Settings(NamedTuple):
    """The apps of config.toml, or why they cannot be read."""

    apps: Sequence[App] = ()
    trouble: errors.SpConnectError | None = None


class Records(NamedTuple):
    """The connections that could be read, the files that could not, and why none could, if that is so."""

    rows: Sequence[Connection] = ()
    damages: Sequence[errors.Damaged] = ()
    trouble: errors.SpConnectError | None = None


class Context:
    """Everything once, unless a check changes it. What cannot be read one check tells; the others are skipped.

    `clocks` is what Amazon's hosts said the time was, with our own time then.
    """

    def __init__(self, runtime: Runtime, *, fix: bool, yes: bool) -> None:
        self.runtime = runtime
        self.fix = fix
        self.yes = yes
        self.clocks: dict[str, tuple[datetime, datetime]] = {}

    @cached_property
    def settings(self) -> Settings:
        """The apps that config.toml registers."""
        try:
            return Settings(self.runtime.apps.all())
        except errors.SpConnectError as error:
            return Settings(trouble=error)

    @property
    def apps(self) -> Sequence[App]:
        """The apps; none where config.toml cannot be read."""
        return self.settings.apps

    @cached_property
    def records(self) -> Records:
        """All connections."""
        try:
            return Records(*self.runtime.connections.whole())
        except errors.SpConnectError as error:
            return Records(trouble=error)

    def read_again(self) -> None:
        """After a change of what is written down, or before one that relies on it."""
        for name in ("settings", "records", "contents"):
            self.__dict__.pop(name, None)

    def blind(self, *, apps: bool = False, store: bool = False) -> str | None:
        """Why a check cannot be made that needs the connections, and these besides; another one tells what is wrong."""
        if self.records.trouble:
            return "the connections cannot be read"
        if apps and self.settings.trouble:
            return "config.toml cannot be read"
        return "the secret store cannot be asked" if store and self.store_trouble else None

    @cached_property
    def described(self) -> secret_store.StoreDescription:
        """Raises StoreUnavailable, Damaged."""
        return self.runtime.secrets.describe()

    def is_made(self) -> bool:
        """Whether the store is there: the first secret makes a vault."""
        return self.described.store != "vault" or self.described.opened_by is not None

    @cached_property
    def store_trouble(self) -> errors.SpConnectError | None:
        """Why the store cannot be relied on, if it cannot: it keeps, fetches and forgets a throwaway secret."""
        try:
            if self.is_made():
                secret_store.prove(self.runtime.secrets, self.runtime.home.data)
        except errors.SpConnectError as error:
            return error
        return None

    @cached_property
    def contents(self) -> secret_store.Contents | None:
        """The contents of the store; None if it cannot be listed."""
        store = self.runtime.secrets
        return store.contents() if isinstance(store, secret_store.Listing) else None

    def has(self, name: SecretName) -> bool:
        """Whether the store has a secret. Raises Damaged where that cannot be told."""
        if self.contents is None:
            try:
                self.runtime.secrets.fetch(name)
            except errors.MissingToken:
                return False
            return True
        damage = self.contents.damages.get((name.kind, name.owner))
        if damage is not None:
            raise damage
        return name in self.contents.names


def several(things: Iterable[object], most: int = 3) -> str:
    """Things by name, the first of many: "acme in Japan, bravo in Japan and 7 more"."""
    named = [str(thing) for thing in things]
    left = len(named) - most
    return words.listed(named if left <= 0 else [*named[:most], f"{left} more"])
