"""Keyrings that put what they were given into what they raise."""

from __future__ import annotations

from keyring.backend import KeyringBackend


class Sudden(BaseException):
    """What no `except Exception` catches."""


class Tattling(KeyringBackend):
    """Fails with the password in its words, and in its arguments."""

    priority = 1
    kind: type[BaseException] = RuntimeError

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002 - KeyringBackend
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.kind(f"cannot store {password!r} for {username} of {service}", password)

    def delete_password(self, service: str, username: str) -> None:
        raise self.kind(f"{service} {username}")


class Abrupt(Tattling):
    kind = Sudden


class Leaving(Tattling):
    kind = SystemExit
