"""The operating system's keyring as a secret store.

The backend is chosen by platform and imported directly: keyring's own search takes whatever package claims
the highest priority, plain-text ones included. A call has a time limit, for keyring has none, and every
exception of a backend becomes one of ours without its words, which may hold the secret.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sp_connect import errors, words
from sp_connect.models import Secret, SecretName
from sp_connect.process import threads
from sp_connect.stores import secret_store
from sp_connect.stores.home import session_bus
from sp_connect.stores.home.identity import Identity

USER = "sp-connect"
"""The one user name of all our items: two under one service make Windows rename items (hazards.md 3.5)."""

ROOM = 1200
"""UTF-16 code units that one item holds; Windows refuses more than 1,280."""

_MARK = "sp-connect/parts "
_MOST_PARTS = 99
_BACKENDS = {
    "darwin": ("keyring.backends.macOS.Keyring", "macOS Keychain"),
    "win32": ("keyring.backends.Windows.WinVaultKeyring", "Windows Credential Manager"),
}
_SECRET_SERVICE = (
    "sp_connect.stores.home.secret_service.SecretService",
    "Secret Service (GNOME Keyring, KWallet, KeePassXC)",
)
_REFUSED = ("keyring.backends.null.", "keyring.backends.fail.", "keyring.backends.chainer.", "keyrings.alt.")
_NO_SERVICE = "no keyring runs in this session"
_NO_COLLECTION = "it has no collection to keep secrets in, or the prompt that makes one was dismissed"
_CAUSES = {
    "NoKeyringError": _NO_SERVICE,
    "SecretServiceNotAvailableException": _NO_SERVICE,
    "FileNotFoundError": _NO_SERVICE,
    "ConnectionRefusedError": _NO_SERVICE,
    "InitError": _NO_COLLECTION,  # keyring's own word for it
    "ItemNotFoundException": _NO_COLLECTION,
    "PromptDismissedException": "its prompt was dismissed",
}


class KeyringStore:
    """Secrets as items of the keyring, each under a service of its own.

    `backend` is the dotted class name that PYTHON_KEYRING_BACKEND gives, `patience` the seconds that one call
    may take. `home` says which secrets may be deleted, where a copy of a home shares the keyring. Nothing is imported
    or opened before a secret is asked for.
    """

    name: secret_store.StoreName = "keyring"

    def __init__(
        self, backend: str | None, patience: float, platform: str = sys.platform, home: Identity | None = None
    ) -> None:
        self._path, self._words = _BACKENDS.get(platform, _SECRET_SERVICE)
        if backend:
            self._path = self._words = backend
        self._patience = patience
        self._home = home
        self._turn = threading.Lock()
        self._call: threading.Thread | None = None
        self._is_awaited = False
        self._ring: Any = None

    def keep(self, name: SecretName, value: Secret) -> None:
        """Keeps a secret: its parts first, so that the base item never promises one that is not there."""
        if self._home is not None:
            self._home.before_keeping(self, name, is_there=lambda: self._get(_service(name)) is not None)
        parts, base = _packed(value.reveal())
        for number, part in enumerate(parts, 1):
            self._set(_service(name, number), part)
        self._set(_service(name), base)
        self._forget_parts(name, after=len(parts), upto=len(parts))
        if self._get(_service(name)) != base or self._parts(name, len(parts)) != parts:
            raise secret_store.unfaithful("keyring")
        if self._home is not None:
            self._home.after_keeping(self, name)

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        """Keeps one after another: a keyring takes single items."""
        for name, value in values.items():
            self.keep(name, value)

    def fetch(self, name: SecretName) -> Secret:
        base = self._get(_service(name))
        if not base:
            raise secret_store.missing(name, "the keyring")
        if not base.startswith(_MARK):
            return Secret(base)
        parts = self._parts(name, _count(base))
        if None in parts:
            raise secret_store.missing(name, "the keyring")
        value = "".join(part or "" for part in parts)
        if _packed(value)[1] != base:
            missing = secret_store.missing(name, "the keyring")
            raise errors.StoreUnavailable("An item of the keyring was altered: its parts do not add up.", missing.hint)
        return Secret(value)

    def forget(self, name: SecretName) -> None:
        """Forgets a secret, its parts from the last to the first: after a kill a second try finds them.

        A home that is a copy leaves what the home that owns it may use.
        """
        if self._home is not None and not self._home.may_delete(self, name):
            return
        base = self._get(_service(name))
        self._forget_parts(name, after=0, upto=_count(base or ""))
        if base is not None:
            self._delete(_service(name))

    def forget_all(self, names: Iterable[SecretName]) -> None:
        """Forgets one after another."""
        for name in names:
            self.forget(name)

    def owner(self) -> Path | None:
        """The folder of the home that owns the secrets, where this home is a copy of it. Changes nothing."""
        return self._home.owner(self) if self._home is not None else None

    def describe(self) -> secret_store.StoreDescription:
        """The backend in words; nothing is asked of it. Raises StoreUnavailable for one that is refused by name."""
        if _is_refused(self._path):
            raise self._refused()
        return secret_store.StoreDescription("keyring", self._words, None, None)

    def _parts(self, name: SecretName, count: int) -> list[str | None]:
        return [self._get(_service(name, number)) for number in range(1, count + 1)]

    def _forget_parts(self, name: SecretName, after: int, upto: int) -> None:
        """Forgets the parts after a number: up to another, where some may be gone, and all that follow."""
        last = upto
        while last < _MOST_PARTS and self._get(_service(name, last + 1)) is not None:
            last += 1
        for number in range(last, after, -1):
            if self._get(_service(name, number)) is not None:
                self._delete(_service(name, number))

    def _get(self, service: str) -> str | None:
        value = self._ask(lambda ring: ring.get_password(service, USER))
        return value if isinstance(value, str) else None

    def _set(self, service: str, value: str) -> None:
        self._ask(lambda ring: ring.set_password(service, USER, value))

    def _delete(self, service: str) -> None:
        self._ask(lambda ring: ring.delete_password(service, USER))

    def _ask(self, action: Callable[[Any], object]) -> object:
        """One call of the backend, one at a time, in a thread that is left behind when its time is over."""
        answer: list[object] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                with session_bus.named():
                    if self._ring is None:
                        self._ring = self._open()
                    answer.append(action(self._ring))
            except BaseException as error:  # noqa: BLE001 - backends raise anything; it is sorted below
                failure.append(error)

        with self._turn:
            if self._call is None or not self._call.is_alive():  # one that hangs is not asked again
                self._is_awaited = True
                self._call = threads.start(run, "keyring")
                if self._call is None:  # there are too many: it is asked in turn, for as long as it takes
                    run()
                else:
                    self._call.join(self._patience)
                self._is_awaited = False
            if self._call is not None and self._call.is_alive():
                raise errors.StoreLocked(
                    f"The keyring did not answer within {words.span(self._patience)}; "
                    "it may be waiting for its password.",
                    f"unlock it, or {secret_store.ELSEWHERE}",
                )
        if failure:
            # Outside of any except, so that the backend's exception is no context of ours.
            raise self._explained(failure[0])
        return answer[0]

    def _open(self) -> Any:
        """The backend, made from its class. Raises StoreUnavailable for one that keeps no secret."""
        module, _, name = self._path.rpartition(".")
        if not module or _is_refused(self._path):
            raise self._refused()
        found: Any = getattr(importlib.import_module(module), name, None)
        if self._path == _SECRET_SERVICE[0]:
            return found(lambda: self._is_awaited)
        import keyring.backend

        if not (isinstance(found, type) and issubclass(found, keyring.backend.KeyringBackend)):
            raise self._refused()
        if any(_is_refused(f"{base.__module__}.{base.__qualname__}") for base in found.__mro__):
            raise self._refused()
        ring: Any = found()
        if self._path == _BACKENDS["win32"][0]:
            ring.persist = "local machine"  # its default roams to the domain's other machines
        return ring

    def _refused(self) -> errors.StoreUnavailable:
        return errors.StoreUnavailable(
            f"PYTHON_KEYRING_BACKEND names {self._path}, which is not a keyring that keeps secrets.",
            secret_store.ELSEWHERE,
        )

    def _explained(self, error: BaseException) -> errors.SpConnectError:
        """One of our errors for any of a backend's, by its kind and number alone."""
        if isinstance(error, errors.SpConnectError):
            return error
        kind = type(error).__name__
        if kind in {"KeyringLocked", "LockedException"}:  # keyring's own and secretstorage's
            return errors.StoreLocked("The keyring is locked.", f"unlock it, or {secret_store.ELSEWHERE}")
        if isinstance(error, ImportError | ValueError | TypeError) and self._ring is None:
            return errors.StoreUnavailable(
                f"The keyring {self._words} cannot be loaded ({kind}).", secret_store.ELSEWHERE
            )
        number = f" {error.args[0]}" if error.args and type(error.args[0]) is int else ""
        why = _CAUSES.get(kind, f"{kind}{number}")
        return errors.StoreUnavailable(f"The keyring {self._words} cannot be used: {why}.", secret_store.ELSEWHERE)


def _service(name: SecretName, part: int = 0) -> str:
    return f"sp-connect/{name} part {part}" if part else f"sp-connect/{name}"


def _is_refused(path: str) -> bool:
    return path.startswith(_REFUSED) or "plaintext" in path.lower()


def _packed(value: str) -> tuple[list[str], str]:
    """A value's parts and its base item. A short one is its own base, unless it looks like one of ours."""
    if _units(value) <= ROOM and not value.startswith(_MARK):
        return [], value
    parts = list(_cut(value))
    import hashlib

    checksum = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return parts, f"{_MARK}{len(parts)} {checksum}"


def _cut(value: str) -> Iterator[str]:
    start = used = 0
    for end, character in enumerate(value):
        if used + _units(character) > ROOM:
            yield value[start:end]
            start, used = end, 0
        used += _units(character)
    yield value[start:]


def _count(base: str) -> int:
    """How many parts a base item names; none if it is a value itself, or names more than anybody wrote."""
    number = base.removeprefix(_MARK).partition(" ")[0] if base.startswith(_MARK) else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 2 else 0


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
