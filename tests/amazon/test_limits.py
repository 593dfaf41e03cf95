"""One deadline holds for the whole of a call, however slowly, and in whatever, a server drips."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from sp_connect import errors
from sp_connect.amazon import client, transport
from sp_connect.amazon.client import Amazon, Limits

ADDRESS = "https://api.amazon.com/auth/o2/token"
SHORT = Limits(connect=5.0, silence=5.0, whole=0.5)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "the status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (HEAD, b"X-More: 1\r\n"),
    "one header": (HEAD + b"X-Long: ", b"a"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "a body without a length": (HEAD + b"\r\n", b" "),
    "the size of a chunk": (CHUNKED, b"0"),
    "the extension of a chunk": (CHUNKED + b"1;", b"a"),
    "small chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: 1\r\n"),
}
"""What comes at once, and what then comes piece by piece, each piece sooner than silence would be noticed."""


@contextmanager
def dripping(first: bytes, piece: bytes, *, reads: bool = True) -> Iterator[tuple[int, threading.Event]]:
    """A server that sends `first`, then `piece` again and again; its port, and whether a client has hung up."""
    is_over, hung_up = threading.Event(), threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if reads:
                connection.recv(65536)
            connection.sendall(first)
            for _ in range(400):
                if is_over.wait(0.02):
                    return
                connection.sendall(piece)
        hung_up.set()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], hung_up
        is_over.set()
        server.shutdown(socket.SHUT_RDWR)


def given_up(call: Callable[[], object]) -> errors.Unreachable:
    """How the call ended, which was soon."""
    began = time.monotonic()
    with pytest.raises(errors.Unreachable) as caught:
        call()
    assert time.monotonic() - began < 3
    return caught.value


@pytest.mark.slow
@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips_is_given_up_at_the_deadline(what: str) -> None:
    with dripping(*DRIPS[what]) as (port, hung_up):
        amazon = Amazon(f"http://127.0.0.1:{port}", limits=SHORT)
        error = given_up(lambda: amazon.post_once(ADDRESS, {}))
        assert hung_up.wait(3), "the connection is not kept"
    assert error.message == "Could not reach api.amazon.com: its answer was not complete after 0 seconds."


@pytest.mark.slow
@pytest.mark.parametrize("piece", [b"X-More: 1\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_proxy_that_drips_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    first = b"HTTP/1.1 200 Connection established\r\n" if piece.startswith(b"X") else b""
    with dripping(first, piece) as (port, hung_up):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        given_up(lambda: Amazon(limits=SHORT).post_once(ADDRESS, {}))
        assert hung_up.wait(3)


@pytest.mark.slow
def test_tls_that_drips_is_given_up_at_the_deadline() -> None:
    with dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", b"\0") as (port, hung_up):
        given_up(lambda: Amazon(limits=SHORT).post_once(f"https://127.0.0.1:{port}/x", {}))
        assert hung_up.wait(3)


@pytest.mark.slow
def test_each_try_has_its_own_deadline() -> None:
    pauses: list[float] = []
    with dripping(*DRIPS["headers"]) as (port, _):
        amazon = Amazon(f"http://127.0.0.1:{port}", sleep=pauses.append, limits=SHORT._replace(whole=0.1))
        given_up(lambda: amazon.get(ADDRESS, {}))
    assert len(pauses) == len(client.PAUSES)


def test_silence_is_not_waited_out() -> None:
    with dripping(b"", b"") as (port, _):
        amazon = Amazon(f"http://127.0.0.1:{port}", limits=SHORT._replace(silence=0.2, whole=5.0))
        error = given_up(lambda: amazon.post_once(ADDRESS, {}))
    assert "no answer within 0 seconds" in error.message


@pytest.mark.slow
def test_a_kept_connection_has_a_deadline_for_each_answer() -> None:
    """The second answer comes when the first one's deadline is long over."""
    slept = threading.Event()

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            for _ in range(2):
                connection.recv(65536)
                connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        amazon = Amazon(f"http://127.0.0.1:{server.getsockname()[1]}", limits=SHORT._replace(whole=0.3))
        assert amazon.get(ADDRESS, {}).status == 200
        slept.wait(0.4)
        assert amazon.get(ADDRESS, {}).status == 200


def test_what_comes_of_work_after_the_deadline_is_undone() -> None:
    def late(event: threading.Event) -> None:
        event.wait(5)

    go_on, undone = threading.Event(), threading.Semaphore(0)
    with pytest.raises(TimeoutError):
        transport.within(time.monotonic() + 0.05, lambda: late(go_on), undone.release)
    assert undone.acquire(timeout=5), "at once"
    assert not undone.acquire(blocking=False)
    go_on.set()
    assert undone.acquire(timeout=5), "when it is done after all"


def test_what_fails_in_time_is_raised() -> None:
    def fail() -> None:
        raise ValueError("no such name")

    with pytest.raises(ValueError, match="no such name"):
        transport.within(time.monotonic() + 5, fail, lambda: None)
