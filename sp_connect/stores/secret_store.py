"""The contract of a secret store, the check that one fulfils it, and the choice of the active one.

A secret is kept under a `SecretName` whose `ref` is new each time. There is never a silent change of store:
what is not in the chosen one is missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar, get_args, runtime_checkable

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Secret, SecretName
from sp_connect.stores.home import locks

StoreName = Literal["keyring", "vault"]

NAMES: tuple[StoreName, ...] = get_args(StoreName)

OpenedBy = Literal["passphrase", "keyring"]
"""The two ways to open a vault."""

OPENERS: tuple[OpenedBy, ...] = get_args(OpenedBy)

DEFAULT: StoreName = "keyring"
"""The store in use where nobody says anything."""

ELSEWHERE = "use sealed files instead: export SP_CONNECT_STORE=vault SP_CONNECT_PASSPHRASE_FILE=FILE"

PROBE = "sp-connect-probe"
"""The owner of the throwaway secrets with which a store is proved."""

PROOF_SECONDS = 120.0
"""How long one process may wait for another's proof: its keyring may be waiting for a person."""


class StoreDescription(NamedTuple):
    """A store as `sp-connect store` shows it. `opened_by` and `location` are for those that have them."""

    store: str
    backend: str
    opened_by: OpenedBy | None
    location: str | None


class Choice(NamedTuple):
    """Which store is in use, and who says so, as a phrase."""

    store: StoreName
    why: str


class Contents(NamedTuple):
    """The names of all secrets that a store holds. Of the owners (kind and name) in `damages` they cannot be told."""

    names: frozenset[SecretName]
    damages: Mapping[tuple[str, str], errors.Damaged]


class SecretStore(Protocol):
    """A secret store. All methods may raise StoreUnavailable, StoreLocked and Damaged.

    `keep` reads back what it wrote before it returns. `fetch` raises MissingToken for what is absent; to `forget`
    it is fine. `keep_all` and `forget_all` do the same for many, in any order: where they raise, it may be done
    for some.
    """

    @property
    def name(self) -> StoreName: ...

    def keep(self, name: SecretName, value: Secret) -> None: ...

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None: ...

    def fetch(self, name: SecretName) -> Secret: ...

    def forget(self, name: SecretName) -> None: ...

    def forget_all(self, names: Iterable[SecretName]) -> None: ...

    def describe(self) -> StoreDescription: ...


@runtime_checkable
class Listing(Protocol):
    """A secret store that can tell all that it holds; no call of a keyring does. Raises as a SecretStore.

    Of several stores the one in use may be a keyring: then it is None.
    """

    def contents(self) -> Contents | None: ...


@runtime_checkable
class Switching(Protocol):
    """A secret store that stands for several, of which one is in use. Who holds the writers' lock has it look again."""

    def reselect(self) -> None: ...


class Owner(Protocol):
    """A record that stands for a secret: an app, a connection."""

    @property
    def secret_name(self) -> SecretName: ...


OwnerT = TypeVar("OwnerT", bound=Owner)


def together(store: SecretStore, read: Callable[[], OwnerT]) -> tuple[OwnerT, Secret]:
    """The record that `read` gives, with its secret. Raises MissingToken, and what `read` raises.

    Who reads holds no lock: where a writer has replaced record and secret in between, both are read again.
    """
    record = read()
    while True:
        try:
            return record, store.fetch(record.secret_name)
        except errors.MissingToken:
            before, record = record, read()
            if record.secret_name == before.secret_name:
                raise


def choose(variable: str | None, configured: str | None) -> Choice:
    """The store in use: SP_CONNECT_STORE, else config.toml's `store`, else the keyring. Raises Usage."""
    for value, source in ((variable, "SP_CONNECT_STORE"), (configured, "config.toml")):
        if value:
            for known in NAMES:
                if value == known:
                    return Choice(known, f"{source} says so")
            raise errors.Usage(f"Unknown secret store {value!r} in {source}.", "use keyring or vault")
    return Choice(DEFAULT, "it is the default")


def new_ref() -> str:
    """A reference that no secret had before."""
    return os.urandom(6).hex()


def probe(home: Path) -> SecretName:
    """The name of the throwaway secret of a home."""
    import hashlib

    ref = hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:12]
    return SecretName("app", PROBE, "probe", ref)


def prove(store: SecretStore, home: Path) -> None:
    """Keeps, fetches and forgets a throwaway secret: a store that fails does so before it is relied on.

    It has one name in each home, where one process proves at a time: what a killed one left, the next forgets.
    A home that is not there yet is not made. Of several stores the one in use by now is proved.
    """
    if isinstance(store, Switching):
        store.reselect()
    if home.is_dir():
        with locks.held(home / "lock-probe", PROOF_SECONDS):
            _prove(store, probe(home))
    else:
        _prove(store, SecretName("app", PROBE, "probe", new_ref()))


def _prove(store: SecretStore, name: SecretName) -> None:
    value = Secret(os.urandom(16).hex())
    try:
        store.keep(name, value)
        if store.fetch(name) != value:
            raise unfaithful(store.name)
    except errors.ThisMachine as failure:
        with suppress(errors.ThisMachine):  # a second failure would hide the first
            store.forget(name)
        if isinstance(failure, errors.MissingToken):
            raise unfaithful(store.name) from None
        raise
    store.forget(name)
    with suppress(errors.MissingToken):
        store.fetch(name)
        raise errors.StoreUnavailable(f"The {store.name} does not delete what it is told to delete.", ELSEWHERE)


def unfaithful(store: str) -> errors.StoreUnavailable:
    """The error for a store that took a secret and gave back something else, or nothing."""
    return errors.StoreUnavailable(f"The {store} does not return what was stored.", ELSEWHERE)


def missing(name: SecretName, store: str) -> errors.MissingToken:
    """The error for a secret that is not there, with the command that brings a new one."""
    if name.kind == "app":
        return errors.MissingToken(
            f"client secret for the app {name.owner}", store, f"sp-connect app rotate-secret {name.owner}"
        )
    region, _, country = name.item.partition("-access-")[0].partition("-")
    scope = geography.scope(name.owner, region, country or None)
    return errors.MissingToken(f"refresh token for {scope}", store, f"sp-connect connect {scope.flags}")
