"""The vault's cryptography, bytes in, bytes out: AES-256-GCM seals, scrypt makes a key of a passphrase."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from importlib import import_module

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
    """What was sealed, or None if the key, a byte of the seal or what is bound to it is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
    except (InvalidTag, ValueError):  # ValueError: cut off within the nonce
        return None


def stretch(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    """The 32 bytes that a passphrase makes with scrypt's n, r and p. Raises ValueError, MemoryError."""
    text = passphrase.encode("utf-8", "surrogatepass")  # the environment may hold bytes that are no text
    memory = 128 * cost["r"] * (cost["n"] + cost["p"] + 2) + 2**20
    import hashlib

    # Python runs on while scrypt computes: what the key will be used with is loaded by then.
    threading.Thread(target=import_module, args=("cryptography.hazmat.primitives.ciphers.aead",), daemon=True).start()
    return hashlib.scrypt(text, salt=salt, n=cost["n"], r=cost["r"], p=cost["p"], maxmem=memory, dklen=32)
