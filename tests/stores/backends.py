"""Keyrings as one meets them: a small one like Windows', and those that fail in ways of their own."""

from __future__ import annotations

import threading
from typing import ClassVar

import keyring.backend
import keyring.errors


class Dictionary(keyring.backend.KeyringBackend):
    """Keeps what it is given, in this process."""

    priority = 1
    items: ClassVar[dict[tuple[str, str], str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.items.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("No such password!")


class Small(Dictionary):
    """Takes 1,280 characters, as Windows does, and fails with an error that is none of keyring's."""

    items: ClassVar[dict[tuple[str, str], str]] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        super().set_password(service, username, password)


class Silent(Dictionary):
    """Waits for a password that nobody types; `answered` ends the wait."""

    answered: ClassVar[threading.Event] = threading.Event()
    asked: ClassVar[list[str]] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(service)
        self.answered.wait(60)
        return super().get_password(service, username)


class Locked(Dictionary):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002 - keyring's signature
        raise keyring.errors.KeyringLocked("Failed to unlock the collection!")


class Forgetful(Dictionary):
    """Says nothing when it is given a secret, and has none."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Clinging(Dictionary):
    """Does not delete."""

    items: ClassVar[dict[tuple[str, str], str]] = {}

    def delete_password(self, service: str, username: str) -> None:
        pass


class Talkative(Dictionary):
    """Puts the secret into its error."""

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002 - keyring's signature
        raise ValueError(f"cannot write {password!r}")


class PlainTextKeyring(Dictionary):
    pass


class InDisguise(PlainTextKeyring):
    pass


class NoKeyring:
    """A class, but not one of keyring's."""
