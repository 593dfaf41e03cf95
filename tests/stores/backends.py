"""Keyrings as one meets them: a small one like Windows', and those that fail in ways of their own."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
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


class Files(keyring.backend.KeyringBackend):
    """Keeps each item in a file of the folder that TESTS_RING names, so that other processes have it too."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        try:
            found = json.loads(self._path(service, username).read_bytes())["password"]
        except FileNotFoundError:
            return None
        assert isinstance(found, str)
        return found

    def set_password(self, service: str, username: str, password: str) -> None:
        path = self._path(service, username)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"service": service, "password": password}))
        beside.replace(path)

    def delete_password(self, service: str, username: str) -> None:
        try:
            self._path(service, username).unlink()
        except FileNotFoundError:
            raise keyring.errors.PasswordDeleteError("No such password!") from None

    @staticmethod
    def items(folder: Path) -> dict[str, str]:
        """What the keyring of a folder holds, by service."""
        found = [json.loads(path.read_bytes()) for path in folder.glob("*.item")]
        return {one["service"]: one["password"] for one in found}

    @staticmethod
    def _path(service: str, username: str) -> Path:
        folder = Path(os.environ["TESTS_RING"])
        folder.mkdir(exist_ok=True)
        return folder / f"{hashlib.sha256(f'{service} {username}'.encode()).hexdigest()}.item"


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
