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
LockableT = TypeVar("LockableT", secretstorage.Collection, secretstorage.Item)


class SecretService:
    """The default collection over one connection, which is kept from call to call: to agree on its key takes longest.

    A prompt that unlocks may wait for ever, so the caller sets a limit; `is_awaited` says whether it is still kept to.
    All raise whatever SecretStorage and D-Bus raise, LockedException where a prompt cannot be shown or is dismissed.
    """

    def __init__(self, is_awaited: Callable[[], bool]) -> None:
        self._is_awaited = is_awaited
        self._close: Callable[[], object] = lambda: None
        self._collection = self._opened()
        self._has_answered = False

    def get_password(self, service: str, username: str) -> str | None:
        """The secret of an item; None if there is no such item."""

        def get(collection: secretstorage.Collection) -> bytes | None:
            item = _first(collection, service, username)
            if item is None:
                return None
            secret: bytes = item.get_secret()
            collection.session = item.session
            return secret

        found = self._ask(get)
        return None if found is None else found.decode()

    def set_password(self, service: str, username: str, password: str) -> None:
        """Makes an item, or replaces what it holds."""
        label = f"Password for '{username}' on '{service}'"
        attributes = {"application": "Python keyring library", "service": service, "username": username}
        secret = password.encode()
        self._ask(lambda collection: collection.create_item(label, attributes, secret, replace=True))

    def delete_password(self, service: str, username: str) -> None:
        """Deletes an item, if there is one."""

        def delete(collection: secretstorage.Collection) -> None:
            item = _first(collection, service, username)
            if item is not None:
                item.delete()

        self._ask(delete)

    def _ask(self, action: Callable[[secretstorage.Collection], AnswerT]) -> AnswerT:
        """One call; once more where a session has started its keyring anew since the last, as in a long consent."""
        try:
            answer = action(_unlocked(self._collection))
        except (secretstorage.LockedException, secretstorage.PromptDismissedException):
            raise
        except Exception:  # D-Bus raises anything when the other side is gone
            if not self._has_answered or not self._is_awaited():  # what was told to have failed must not happen later
                raise
            self._close()
            self._collection = self._opened()
            answer = action(_unlocked(self._collection))
        self._has_answered = True
        return answer

    def _opened(self) -> secretstorage.Collection:
        connection = secretstorage.dbus_init()
        try:
            collection = secretstorage.get_default_collection(connection)
        except BaseException:
            connection.close()
            raise
        self._close = weakref.finalize(self, connection.close)
        return collection


def _first(collection: secretstorage.Collection, service: str, username: str) -> secretstorage.Item | None:
    """The item of that name, unlocked: KeePassXC locks each by itself, and asks for it."""
    for item in collection.search_items({"service": service, "username": username}):
        return _unlocked(item)
    return None


def _unlocked(it: LockableT) -> LockableT:
    if it.is_locked():
        it.unlock()
        it.ensure_not_locked()
    return it
