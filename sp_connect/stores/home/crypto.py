"""The vault's cryptography, bytes in, bytes out: AES-256-GCM seals, scrypt makes a key of a passphrase."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import partial
from importlib import import_module

from sp_connect.process import threads

NONCE = 12
"""The bytes before a seal; fresh for each, for two under one key would give both away."""

OVERHEAD = NONCE + 16
"""The bytes by which a seal is longer than what it seals."""


def seal(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """Seals `plain` under a key of 32 bytes, nonce first; `bound` must be the same when it is opened."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def unseal(key: bytes, sealed: bytes, bound: bytes) -> bytes | None:
    """The plaintext, or None if the key, the data or the bound context differs."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
    except (InvalidTag, ValueError):  # ValueError: cut off within the nonce
        return None


class _Begun:
    """A key derivation in progress: `key` is set once `done` is, unless it failed."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.key: bytes | None = None


_begun: dict[tuple[object, ...], _Begun] = {}


def begin_to_stretch(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> None:
    """Stretches now what `stretch` is asked for soon, by another thread; for any other inputs it changes nothing."""
    _begun[passphrase, salt, *sorted(cost.items())] = begun = _Begun()
    try:
        begun.key = _stretched(passphrase, salt, cost)
    finally:
        begun.done.set()


def stretch(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    """The 32 bytes that a passphrase makes with scrypt's n, r and p. Raises ValueError, MemoryError."""
    # Python runs on while scrypt computes: what the key will be used with is loaded by then.
    threads.help_with(partial(import_module, "cryptography.hazmat.primitives.ciphers.aead"))
    begun = _begun.pop((passphrase, salt, *sorted(cost.items())), None)
    if begun is not None:
        begun.done.wait()
        if begun.key is not None:
            return begun.key
    return _stretched(passphrase, salt, cost)


def _stretched(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    text = passphrase.encode("utf-8", "surrogatepass")  # the environment may hold bytes that are no text
    memory = 128 * cost["r"] * (cost["n"] + cost["p"] + 2) + 2**20
    import hashlib

    return hashlib.scrypt(text, salt=salt, n=cost["n"], r=cost["r"], p=cost["p"], maxmem=memory, dklen=32)
