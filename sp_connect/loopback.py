"""Addresses that never leave this machine. Pure."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host` is a number on the loopback interface; a name never is, whatever it resolves to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_and_port(listen: str) -> tuple[str, int] | None:
    """The parts of "127.0.0.1:8723" or "[::1]:8723"; None for anything that is not loopback with a port."""
    host, _, port = listen.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_host = is_loopback(bare) and (":" in bare) == (bare != host)
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535
    return (bare, int(port)) if is_host and is_port else None
