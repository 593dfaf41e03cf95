"""The session bus of a Linux user, found as libdbus finds it, where no variable names it: in cron, su and tmux."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

VARIABLE = "DBUS_SESSION_BUS_ADDRESS"


@contextmanager
def named(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Names the bus in the environment during the block: jeepney and keyring look nowhere else.

    Afterwards the environment is as it was, so that no child inherits what the user did not set.
    """
    found = None if environ.get(VARIABLE) else _socket(environ)
    before = environ.get(VARIABLE)
    if found is None:
        yield
        return
    environ[VARIABLE] = f"unix:path={_escaped(found)}"
    try:
        yield
    finally:
        if before is None:
            environ.pop(VARIABLE, None)
        else:
            environ[VARIABLE] = before


def _socket(environ: Mapping[str, str]) -> str | None:
    """The bus of this very user: libdbus takes no socket that belongs to another one either."""
    if sys.platform != "linux":
        return None
    user = os.getuid()
    for folder in (environ.get("XDG_RUNTIME_DIR"), f"/run/user/{user}"):
        if folder and folder.startswith("/"):
            path = f"{folder}/bus"
            try:
                status = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISSOCK(status.st_mode) and status.st_uid == user:
                return path
    return None


def _escaped(path: str) -> str:
    """As the addresses of D-Bus have it: all but a few characters as %XX."""
    plain = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz/.\\*"
    return "".join(chr(byte) if byte in plain else f"%{byte:02x}" for byte in os.fsencode(path))
