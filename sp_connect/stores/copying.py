"""Secrets on their way from one store to another: copied and compared, and then forgotten where they were.

A reference is random and good for one value, so what lies in both stores under one name is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.secret_store import SecretStore, StoreName

AT_ONCE: Mapping[StoreName, int] = {"keyring": 1, "vault": 100}
"""How many secrets a store takes in one go: files wait for the disk together."""


class Direction(NamedTuple):
    """From which store to which. Everything here raises as the two stores do."""

    old: SecretStore
    new: SecretStore

    def back(self) -> Direction:
        """From the new store to the old one, for a move that is given up."""
        return Direction(self.new, self.old)

    def copied(
        self, wanted: Sequence[SecretName], before: Collection[SecretName], advance: Callable[[], None]
    ) -> Iterator[SecretName]:
        """Keeps secrets in the new store, reads them back and compares; yields those that it has.

        Some of `before` it may have already: they are not kept again. `advance` is called for each that is wanted.
        """
        for some in _in_parts(wanted, AT_ONCE[self.new.name]):
            values = {name: value for name in some if (value := fetched(self.old, name)) is not None}
            there = {name for name in values if name in before and fetched(self.new, name) == values[name]}
            self.new.keep_all({name: value for name, value in values.items() if name not in there})
            for name in some:
                found = fetched(self.new, name)
                if name in values and found != values[name]:
                    raise secret_store.unfaithful(self.new.name)
                if found is not None:
                    yield name
                advance()

    def forget(
        self, names: Sequence[SecretName], unsure: Collection[SecretName], advance: Callable[[], None]
    ) -> Iterator[SecretName]:
        """Forgets secrets in the old store; of `unsure` those alone that the new one has. Yields what it keeps."""
        for some in _in_parts(names, AT_ONCE[self.old.name]):
            asked = [name for name in some if name in unsure and fetched(self.new, name) is None]
            only = [name for name in asked if fetched(self.old, name) is not None]
            self.old.forget_all([name for name in some if name not in only])
            yield from only
            for _ in some:
                advance()


def fetched(store: SecretStore, name: SecretName) -> Secret | None:
    """A secret, or None where it is missing."""
    try:
        return store.fetch(name)
    except errors.MissingToken:
        return None


def contents(store: SecretStore) -> secret_store.Contents:
    """The contents of a store; None for a keyring, which cannot be listed."""
    found = store.contents() if isinstance(store, secret_store.Listing) else None
    return found if found is not None else secret_store.Contents(frozenset(), {})


def _in_parts(names: Sequence[SecretName], length: int) -> Iterator[Sequence[SecretName]]:
    return (names[first : first + length] for first in range(0, len(names), length))
