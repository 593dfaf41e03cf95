"""Whose refresh token is it? An index in the data folder answers without reading every secret.

It holds a fingerprint of each token: an HMAC under a random key that is made once for each home. Who reads both can
tell whether a token that they have already is in this home, and nothing else. What is not noted is read from the secret
store, once; an entry names the very reference of its secret, so that it can never be another token's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.models import Connection, Secret
from sp_connect.stores.home import files
from sp_connect.stores.secret_store import SecretStore

SCHEMA = 1
"""The form of the index that this version writes, and the only one that it reads."""

_KEY_BYTES = 32


class TokenIndex:
    """The index at `path`, which is read when it is first asked for."""

    def __init__(self, path: Path, secrets: SecretStore) -> None:
        self._path = path
        self._secrets = secrets
        self._key = b""
        self._noted: dict[str, str] = {}
        self._new = 0

    def of(self, connection: Connection) -> str | None:
        """The fingerprint of a connection's refresh token; None where that is missing or damaged.

        Raises StoreUnavailable, StoreLocked.
        """
        self._read()
        known = self._noted.get(str(connection.secret_name))
        if known is not None:
            return known
        with suppress(errors.MissingToken, errors.Damaged):
            return self.note(connection, self._secrets.fetch(connection.secret_name))
        return None

    def note(self, connection: Connection, token: Secret) -> str:
        """Notes the token with which a connection is kept."""
        found = self.fingerprint(token)
        self._noted[str(connection.secret_name)] = found
        self._new += 1
        return found

    def fingerprint(self, token: Secret) -> str:
        """A text that is equal for equal tokens in this home."""
        self._read()
        value = token.reveal().encode(errors="surrogatepass")
        return hmac.new(self._key, value, hashlib.sha256).hexdigest()[:32]

    def write(self, present: Iterable[Connection]) -> None:
        """Writes down what is new; nothing is kept of connections that are not `present`."""
        if not self._new:
            return
        names = [str(one.secret_name) for one in present]
        kept = {name: self._noted[name] for name in names if name in self._noted}
        written = {"schema": SCHEMA, "key": self._key.hex(), "tokens": kept}
        with suppress(errors.ThisMachine):  # the next one reads the secrets again
            files.replace(self._path, json.dumps(written).encode(), self._path.with_name("unfinished"))
            self._new = 0

    def _read(self) -> None:
        if self._key:
            return
        with suppress(errors.ThisMachine, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self._key, self._noted = _checked(json.loads(files.read(self._path) or b"{}"))
        self._key = self._key or os.urandom(_KEY_BYTES)


def _checked(found: Any) -> tuple[bytes, dict[str, str]]:
    """The key and the fingerprints as read. Raises ValueError, TypeError, LookupError for what was not written here."""
    key, tokens = bytes.fromhex(found["key"]), dict(found["tokens"])
    if found["schema"] != SCHEMA or len(key) != _KEY_BYTES or not all(isinstance(one, str) for one in tokens.values()):
        raise ValueError("no index")
    return key, tokens
