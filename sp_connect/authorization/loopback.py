"""Addresses that never leave this machine, and where the listener may listen. Pure."""

from __future__ import annotations

import ipaddress

from sp_connect import errors


def is_loopback(host: str) -> bool:
    """Whether `host` is a number on the loopback interface; a name never is, whatever it resolves to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_and_port(listen: str) -> tuple[str, int] | None:
    """The parts of "127.0.0.1:8723" or "[::1]:8723"; None for anything that is not loopback with a port.

    Only the form in which browsers write it into their Host header, so that the listener knows its own name.
    """
    host, _, port = listen.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_host = is_loopback(bare) and (":" in bare) == (bare != host)
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535
    if not (is_host and is_port):
        return None
    is_as_written = str(ipaddress.ip_address(bare)) == bare and str(int(port)) == port and port != "80"
    return (bare, int(port)) if is_as_written else None


def check(listen: str) -> None:
    """Raises BadAppField unless `listen` is a loopback address with a port.

    A name such as localhost is none: another program could answer on its other address (hazards.md 1.3).
    """
    if host_and_port(listen) is None:
        raise errors.BadAppField(
            f"Cannot listen on {listen!r}.", "--listen takes 127.0.0.1 with a port, such as 127.0.0.1:8723"
        )
