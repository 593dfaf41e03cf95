"""The passphrase file of a vault: a file, a pipe or /dev/stdin, read once in a process and never without a limit."""

from __future__ import annotations

import os
import select
import shlex
import stat
import threading
import time
from pathlib import Path

from sp_connect import errors, words
from sp_connect.models import Secret

MOST = 64 * 1024
"""Bytes that a passphrase file may hold. /dev/zero has no end."""

PATIENCE = 60.0
"""Seconds until the end of a pipe: a password manager behind it may be asking a person."""

_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)  # to open a pipe would wait for whoever writes to it
_guard = threading.Lock()
_read_once: dict[str, Secret | errors.StoreUnavailable] = {}


def read(file: str, named_by: str, patience: float = PATIENCE) -> Secret:
    """The passphrase in a file, without the line end and the byte order mark that editors add.

    What can be read only once, a pipe or a device, is read by the first who asks, and kept for the others.
    `named_by` is the variable or flag that names the file. Raises StoreUnavailable.
    """
    with _guard:
        found = _read_once.get(file)
        if found is None:
            found, lasts = _tried(file, named_by, patience)
            if not lasts:
                _read_once[file] = found
    if isinstance(found, errors.StoreUnavailable):
        raise found
    return found


def _tried(file: str, named_by: str, patience: float) -> tuple[Secret | errors.StoreUnavailable, bool]:
    """The passphrase, or why there is none; and whether the file can be read again."""
    lasts = True
    try:
        handle = os.open(Path(file).expanduser(), os.O_RDONLY | _AT_ONCE)
        try:
            kind = os.fstat(handle).st_mode
            lasts = stat.S_ISREG(kind) or stat.S_ISDIR(kind)
            if os.isatty(handle):
                raise ValueError("it is a terminal, which shows what is typed")
            text = _text(_bytes(handle, patience, waits=not lasts and os.name == "posix"))
        finally:
            os.close(handle)
    except OSError as error:
        return _unreadable(file, named_by, error.strerror or type(error).__name__), lasts
    except (ValueError, RuntimeError) as error:  # RuntimeError: ~SOMEBODY is not known here
        return _unreadable(file, named_by, str(error)), lasts
    return Secret(text.rstrip("\r\n")), lasts


def _bytes(handle: int, patience: float, *, waits: bool) -> bytes:
    """All that a file holds. Raises ValueError where that is too much, or where its end does not come."""
    data, deadline = b"", time.monotonic() + patience
    while len(data) <= MOST:
        if waits and not select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise ValueError(f"it did not end within {words.span(patience)}")
        try:
            part = os.read(handle, MOST)
        except BlockingIOError:  # another reader of the pipe was faster
            continue
        if not part:
            return data
        data += part
    raise ValueError(f"it is longer than {MOST:,} bytes")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise ValueError("it is UTF-16: save it as UTF-8" if is_wide else "it is no file of text") from None


def _unreadable(file: str, named_by: str, why: str) -> errors.StoreUnavailable:
    return errors.StoreUnavailable(
        f"The passphrase file {file} cannot be read: {why}.", f"{named_by} names it; see: ls -lL {shlex.quote(file)}"
    )
