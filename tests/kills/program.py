"""Runs the real program again and again, each time in a process of its own: `python -m tests.kills.program HANDLE`.

Everything is imported once; each run is a fork of that, with its own command line, environment and streams. HANDLE
is a socket: an order comes with the run's stdin, stdout, stderr and the pipe that hears of its calls; the exit code
goes back, negative for a signal.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import pkgutil
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sp_connect
from tests.kills.switch import Kill, Moment, Switch

LARGEST = 64 * 1024
LIBRARIES = (
    "concurrent.futures.thread",
    "cryptography.hazmat.primitives.ciphers.aead",
    "ctypes",
    "fractions",
    "filelock",
    "http.server",
    "keyring.backends.SecretService",
    "pickle",
    "platformdirs",
    "requests",
    "rich.console",
    "rich.panel",
    "rich.progress",
    "rich.table",
    "tomli_w",
    "tomlkit",
)
"""What commands import when they need it."""


def stretch(password: bytes, *, salt: bytes, **cost: int) -> bytes:
    """In place of scrypt, which takes five times as long as all else in a run, and touches nothing outside."""
    return hashlib.blake2b(password, key=salt, digest_size=cost["dklen"]).digest()


class Order(NamedTuple):
    """One run. `home` is what is watched."""

    arguments: Sequence[str]
    env: dict[str, str]
    home: str
    number: int
    moment: Moment


def serve(door: socket.socket) -> None:
    """Takes orders until the other end is closed."""
    for module in pkgutil.walk_packages(sp_connect.__path__, "sp_connect."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for library in LIBRARIES:
        importlib.import_module(library)
    hashlib.scrypt = stretch  # type: ignore[assignment]
    gc.freeze()  # else each fork copies all of this to look through it
    while True:
        message, handles, _, _ = socket.recv_fds(door, LARGEST, 4)
        if not message:
            return
        order = Order(**json.loads(message))
        child = os.fork()
        if child == 0:
            _run(order, handles)
        for handle in handles:
            os.close(handle)
        _, status = os.waitpid(child, 0)
        door.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())


def _run(order: Order, handles: Sequence[int]) -> None:
    """Becomes the program, and never returns."""
    code: Any = 70
    try:
        *streams, calls = handles
        for number, handle in enumerate(streams):
            os.dup2(handle, number)
            os.close(handle)
        os.environ.clear()
        os.environ.update(order.env)
        sys.argv = ["sp-connect", *order.arguments]
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a stream of this process
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
        write = os.write  # as it is now: what is told is no call of the program
        told: Callable[[str], object] = lambda line: write(calls, f"{line}\n".encode())  # noqa: E731
        Switch(Path(order.home), Kill(order.number, order.moment), told).install()
        from sp_connect.cli import main

        try:
            main.main()
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as door:
        serve(door)
