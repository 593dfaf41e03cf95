"""Whose socket is at the other end of a loopback connection, where the system says so: Linux does.

Any user of the machine may connect to the listener. One who is known to be somebody else is not answered.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_SOCK_DIAG, _BY_FAMILY, _REQUEST, _ERROR = 4, 20, 1, 2
"""The protocol of netlink that knows sockets, and numbers of its messages (sock_diag(7), netlink(7))."""

_DIAG_SECONDS = 1.0

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Every TCP socket of this network namespace, with its owner (proc(5)). A socket of IPv6 may be the client of one of
IPv4, under a mapped address."""

_NOBODY_LOGGED_IN = 2**32 - 1
_ALL_USERS = ["0", "0", str(2**32 - 1)]


def ours(environ: Mapping[str, str]) -> frozenset[int]:
    """The users whose browsers are answered: our own, root, and the person who became us through sudo or su."""
    if sys.platform == "win32":
        return frozenset()
    found = {0, os.getuid(), os.geteuid()}
    told = [environ.get("SUDO_UID", "")]
    with suppress(OSError):
        told.append(Path("/proc/self/loginuid").read_text("ascii"))
    numbers = {int(text) for text in told if text.strip().isascii() and text.strip().isdecimal()}
    return frozenset(found | (numbers - {_NOBODY_LOGGED_IN}))


def user_of(client: socket.socket) -> int | None:
    """The user at the other end of a connection; None where that is not known, or nobody any more.

    The kernel is asked for the one socket, in a tenth of a millisecond. Where it takes no such questions, all are read
    from /proc, which takes a hundred times as long.
    """
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, ValueError):
        theirs, mine = client.getpeername(), client.getsockname()
        try:
            uid = _asked(client.family, theirs, mine)
        except OSError:
            uid = _looked_up(theirs, mine)
        return None if uid is None or _is_stand_in(uid) else uid
    return None


def name_of(uid: int) -> str:
    """A user's name, or the number where there is none."""
    with suppress(KeyError, ImportError):
        import pwd

        return pwd.getpwuid(uid).pw_name
    return f"number {uid}"


def _asked(family: int, theirs: tuple[Any, ...], mine: tuple[Any, ...]) -> int | None:
    """The owner of one socket, by netlink. Raises OSError where the kernel does not say."""
    packed = [socket.inet_pton(family, address[0]).ljust(16, b"\0") for address in (theirs, mine)]
    wanted = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 2**32 - 1)
    wanted += struct.pack("!HH16s16s", theirs[1], mine[1], *packed) + struct.pack("=I8s", 0, b"\xff" * 8)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.settimeout(_DIAG_SECONDS)
        kernel.send(struct.pack("=IHHII", 16 + len(wanted), _BY_FAMILY, _REQUEST, 0, 0) + wanted)
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR:
        number = -struct.unpack_from("=i", answer, 16)[0]
        if number == errno.ENOENT:
            return None
        raise OSError(number, "no such question")
    # After its head of 16 bytes: 4 of state, 48 of addresses, three numbers, the uid and the inode.
    uid, inode = struct.unpack_from("=II", answer, 16 + 4 + 48 + 12)
    return uid if inode else None


def _looked_up(theirs: tuple[Any, ...], mine: tuple[Any, ...]) -> int | None:
    for table, is_mapped in zip(_TABLES, (False, True), strict=True):
        with suppress(OSError):
            rows = table.read_bytes()
            wanted = f" {_written(theirs, is_mapped=is_mapped)} {_written(mine, is_mapped=is_mapped)} ".encode()
            at = rows.find(wanted)
            if at >= 0:
                # local remote state queues timer retransmits uid timeout inode: without an inode it is closed.
                fields = rows[at : rows.find(b"\n", at)].split()
                return int(fields[6]) if fields[8] != b"0" else None
    return None


def _written(address: tuple[Any, ...], *, is_mapped: bool) -> str:
    """An address as the tables have it: words of 32 bits in the machine's own order, then the port."""
    host, port = address[:2]
    if ":" in host:
        packed = socket.inet_pton(socket.AF_INET6, host)
    else:
        packed = (b"\0" * 10 + b"\xff" * 2 if is_mapped else b"") + socket.inet_aton(host)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _is_stand_in(uid: int) -> bool:
    """Whether `uid` stands for all users that a container does not know: then nobody knows who it is."""
    with suppress(OSError):
        unknown = Path("/proc/sys/kernel/overflowuid").read_text("ascii").strip()
        return str(uid) == unknown and Path("/proc/self/uid_map").read_text("ascii").split() != _ALL_USERS
    return False
