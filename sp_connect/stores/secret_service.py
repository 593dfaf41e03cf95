"""The Secret Service of a Linux session, with the three calls that the package keyring has for it.

It is asked through SecretStorage, on which keyring stands here too: to import keyring itself takes as long as all the
rest of a `token`. Items bear the attributes and the label that keyring gives them, so each finds the other's.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TypeVar

import secretstorage

AnswerT = TypeVar("AnswerT")


class SecretService:
    """The default collection over one connection, which is kept from call to call: to agree on its key takes longest.

    All raise whatever SecretStorage and D-Bus raise, LockedException where nobody answers the prompt that unlocks:
    the caller finds the words, and sets the time limit.
    """

    def __init__(self) -> None:
        self._collection = self._opened()

    def get_password(self, service: str, username: str) -> str | None:
        """The secret of an item; None if there is no such item."""

        def get(collection: secretstorage.Collection) -> str | None:
            for item in collection.search_items({"service": service, "username": username}):
                secret = item.get_secret().decode()
                collection.session = item.session
                return secret
            return None

        return self._ask(get)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Makes an item, or replaces what it holds."""
        label = f"Password for '{username}' on '{service}'"
        attributes = {"application": "Python keyring library", "service": service, "username": username}
        self._ask(lambda collection: collection.create_item(label, attributes, password.encode(), replace=True))

    def delete_password(self, service: str, username: str) -> None:
        """Deletes an item, if there is one."""

        def delete(collection: secretstorage.Collection) -> None:
            for item in collection.search_items({"service": service, "username": username}):
                item.delete()

        self._ask(delete)

    def _ask(self, action: Callable[[secretstorage.Collection], AnswerT]) -> AnswerT:
        try:
            return action(_unlocked(self._collection))
        except (secretstorage.LockedException, secretstorage.PromptDismissedException):
            raise
        except Exception:  # noqa: BLE001 - D-Bus raises anything where a session started its keyring anew meanwhile
            self._collection = self._opened()
            return action(_unlocked(self._collection))

    def _opened(self) -> secretstorage.Collection:
        connection = secretstorage.dbus_init()
        weakref.finalize(self, connection.close)
        return secretstorage.get_default_collection(connection)


def _unlocked(collection: secretstorage.Collection) -> secretstorage.Collection:
    if collection.is_locked():
        collection.unlock()
        collection.ensure_not_locked()
    return collection
