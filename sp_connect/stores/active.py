"""The secret store in use, of those that there are. It follows when another process moves everything to another one.

A consent takes minutes, and what Amazon gives for it is given once: it is kept where the secrets are by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.secret_store import Choice, SecretStore, StoreName


class ActiveStore:
    """One of `stores`, as `choose` says: asked at first, under the writers' lock, and where a secret is missing.

    `choice` is what it said last. Raises what `choose` raises: Usage, Damaged.
    """

    def __init__(self, stores: Mapping[StoreName, SecretStore], choose: Callable[[], Choice]) -> None:
        self._stores = stores
        self._choose = choose
        self.reselect()

    def reselect(self) -> None:
        """Asks which store is in use now."""
        self.choice = self._choose()
        self.name: StoreName = self.choice.store
        self._store = self._stores[self.name]

    def keep(self, name: SecretName, value: Secret) -> None:
        self._store.keep(name, value)

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        self._store.keep_all(values)

    def fetch(self, name: SecretName) -> Secret:
        """A secret, which may have been moved since the store was chosen."""
        before = self._store
        try:
            return before.fetch(name)
        except errors.MissingToken as missing:
            self.reselect()
            if self._store is before:
                missing.hint = f"if sp-connect store names the right one: {missing.hint}"
                raise
        return self._store.fetch(name)

    def forget(self, name: SecretName) -> None:
        self._store.forget(name)

    def forget_all(self, names: Iterable[SecretName]) -> None:
        self._store.forget_all(names)

    def contents(self) -> secret_store.Contents | None:
        """The contents of the active store; None if it cannot be listed."""
        return self._store.contents() if isinstance(self._store, secret_store.Listing) else None

    def describe(self) -> secret_store.StoreDescription:
        return self._store.describe()
