"""Whose browser it is: found out by the system, and another user's is turned away."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sp_connect.authorization.listener import peers
from tests.agency import free_port
from tests.authorization.listener.visits import decide, head, opened, status

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says whose a socket is")

NOBODY = 65534

GET = """
import encodings.idna, os, socket, sys
os.setuid(int(sys.argv[1]))
with socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=10) as browser:
    browser.sendall(sys.argv[4].encode())
    sys.stdout.buffer.write(b"".join(iter(lambda: browser.recv(65536), b"")))
"""

CLIENTS = {"IPv4": ("127.0.0.1", "127.0.0.1"), "IPv6": ("::1", "::1"), "mapped": ("127.0.0.1", "::ffff:127.0.0.1")}


@pytest.mark.parametrize(("at", "to"), CLIENTS.values(), ids=CLIENTS)
def test_it_is_found_out_whose_a_socket_is(at: str, to: str) -> None:
    with (
        socket.create_server((at, 0), family=socket.AF_INET6 if ":" in at else socket.AF_INET) as server,
        socket.create_connection((to, server.getsockname()[1]), timeout=10),
    ):
        accepted, _ = server.accept()
        with accepted:
            assert peers.user_of(accepted) == os.getuid()
            assert peers._looked_up(accepted.getpeername(), accepted.getsockname()) == os.getuid()


def test_a_socket_that_is_closed_is_nobodys() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=10).close()
        accepted, _ = server.accept()
        with accepted:
            assert peers.user_of(accepted) is None
            assert peers._looked_up(accepted.getpeername(), accepted.getsockname()) is None


@pytest.mark.parametrize(
    ("environ", "more"),
    [({}, set()), ({"SUDO_UID": "1234"}, {1234}), ({"SUDO_UID": "x"}, set()), ({"SUDO_UID": ""}, set())],
)
def test_ours_are_our_own_root_and_who_became_us(environ: dict[str, str], more: set[int]) -> None:
    logged_in = int(Path("/proc/self/loginuid").read_text("ascii"))
    known = {0, os.getuid(), os.geteuid(), *more} | ({logged_in} - {2**32 - 1})
    assert peers.ours(environ) == known


OTHERS = frozenset({os.getuid() + 1})
"""Users of whom this process is none."""


def test_another_users_browser_is_turned_away_and_the_terminal_hears_of_it() -> None:
    with opened(decide, users=OTHERS) as visited:
        opening = visited.door.opening("https://sellercentral.amazon.com/")
        path = "/" + opening.take().split("/", 3)[3]
        for target in (visited.callback(), visited.hop(), path, "/callback"):
            answer = visited.get(target)
            assert status(answer) == 403
            assert b"<title>This browser belongs to another user</title>" in answer
            assert "location" not in head(answer)
            assert "set-cookie" not in head(answer)
        assert visited.is_untouched()
        assert {notice.what for notice in visited.notices} == {
            f"A browser came that belongs to another user of this machine, {peers.name_of(os.getuid())}."
        }
        assert status(visited.get("/")) == 404


def test_another_user_of_ipv6_is_turned_away() -> None:
    with opened(decide, users=OTHERS, listen=f"[::1]:{free_port('::1')}") as visited:
        assert status(visited.get(visited.callback())) == 403


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user too")
@pytest.mark.parametrize("to", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_a_process_of_another_user_gets_no_state(to: str) -> None:
    with opened(decide) as visited:
        for target in (visited.hop(), visited.callback()):
            words = [str(NOBODY), to, str(visited.place[1]), visited.ask(target)]
            done = subprocess.run([sys.executable, "-Sc", GET, *words], capture_output=True, timeout=30, check=False)
            assert status(done.stdout) == 403, done.stderr
        assert visited.is_untouched()
        assert status(visited.get(visited.hop())) == 302
        [notice] = set(visited.notices)
        assert peers.name_of(NOBODY) in notice.what
