"""The door: who is let in, what each answer is, and that nobody can hold it up."""

from __future__ import annotations

import re
import socket
import threading
import time
import tracemalloc
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sp_connect import errors, pages
from sp_connect.amazon import consent
from sp_connect.authorization import listener
from sp_connect.authorization.listener import limits
from sp_connect.models import Grant
from tests.agency import free_port
from tests.authorization.listener.visits import CONFIRM, Visited, decide, head, opened, rest, status
from tests.stores.samples import app, connection

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "connection": "close",
}


def is_guarded(answer: bytes) -> bool:
    found = head(answer)
    policy = found["content-security-policy"]
    wanted = ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")
    return HEADERS.items() <= found.items() and all(part in policy for part in wanted) and "script-src" not in policy


# Who is let in


def test_true_callback_is_delivered_as_it_came() -> None:
    with opened() as visited, visited.knock(visited.ask("/callback?state=a%20b&x=&x=2&y=%C3%BC")) as browser:
        arrival = visited.next()
        assert arrival.parameters == [("state", "a b"), ("x", ""), ("x", "2"), ("y", "ü")]
        arrival.conclude(connection())
        assert status(rest(browser)) == 200


@pytest.mark.parametrize(
    "target",
    [
        "/favicon.ico",
        "/",
        "*",
        "/callback/",
        "/Callback?state=x",
        "/callbackx?state=x",
        "//callback?state=x",
        "/x/callback?state=x",
        "/%63allback?state=x",
        "/callback%3Fstate=x",
        "/../callback",
        "callback?state=x",
        "/robots.txt",
        "http://[::1/callback",
        "http://evil.example/callback?state=x",
        "/callback?" + "x" * 20_000,
    ],
)
def test_every_other_address_is_404_and_changes_nothing(target: str) -> None:
    with opened(decide) as visited:
        answer = visited.get(target)
    assert status(answer) == 404
    assert is_guarded(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "DELETE", "CONNECT", "PATCH", "get", "G\xc9T"])
def test_every_other_method_is_404_and_changes_nothing(method: str) -> None:
    with opened() as visited:
        answer = visited.get(visited.callback(), method)
        assert visited.is_untouched()
    assert status(answer) == 404
    assert is_guarded(answer)


def test_head_gets_no_body() -> None:
    with opened() as visited:
        assert visited.get(visited.callback(), "HEAD").endswith(b"\r\n\r\n")


def test_a_preflight_for_the_local_network_is_allowed_nothing() -> None:
    more = "Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n"
    with opened() as visited:
        answer = visited.get("/callback", "OPTIONS", more=more)
    assert not [name for name in head(answer) if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", "127.0.0.1:{port}.evil.example"],
)
def test_another_host_is_404_and_changes_nothing(host: str) -> None:
    with opened() as visited:
        answer = visited.get(visited.callback(), host=host.format(port=visited.place[1]))
        assert visited.is_untouched()
    assert status(answer) == 404


def test_a_missing_host_is_404() -> None:
    with opened() as visited:
        assert status(visited.raw(f"GET {visited.callback()} HTTP/1.1\r\n\r\n")) == 404
        assert visited.is_untouched()


@pytest.mark.parametrize("second", ["evil.example", "{listen}"])
def test_a_host_that_comes_twice_is_404(second: str) -> None:
    with opened() as visited:
        answer = visited.get(visited.callback(), more=f"Host: {second.format(listen=visited.listen)}\r\n")
        assert status(answer) == 404
        assert visited.is_untouched()


@pytest.mark.parametrize(
    "header", ["Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "X-Moz: prefetch"]
)
def test_a_prefetch_is_answered_with_nothing_and_changes_nothing(header: str) -> None:
    with opened() as visited:
        answer = visited.get(visited.callback(), more=f"{header}\r\n")
        assert visited.is_untouched()
    assert status(answer) == 204
    assert answer.endswith(b"\r\n\r\n")
    assert is_guarded(answer)


# What it is told


def test_no_page_may_send_a_form() -> None:
    with opened() as visited:
        assert "form-action 'none'" in head(visited.get("/"))["content-security-policy"]


def test_stranger_is_400_and_the_wait_goes_on() -> None:
    with opened(decide) as visited:
        answer = visited.get(visited.callback(state="forged"))
        assert status(answer) == 400
        assert is_guarded(answer)
        with visited.knock(visited.ask(visited.callback())) as browser:
            visited.next().conclude(connection())
            assert status(rest(browser)) == 200


def test_connection_is_shown_as_connected() -> None:
    with opened() as visited, visited.knock(visited.ask(visited.callback())) as browser:
        visited.next().conclude(connection())
        answer = rest(browser)
    assert is_guarded(answer)
    assert b"<title>acme is connected in Europe &amp; India</title>" in answer
    assert int(head(answer)["content-length"]) == len(answer.partition(b"\r\n\r\n")[2])


def test_error_is_shown_in_the_words_of_the_terminal() -> None:
    with opened() as visited, visited.knock(visited.ask(visited.callback())) as browser:
        visited.next().conclude(errors.WrongAccount(visited.asked.scope, "A1", "A2"))
        answer = rest(browser).decode()
    assert "Amazon gave access to A2, but acme in Europe &amp; India is A1. Nothing was changed." in answer
    assert "connected in" not in answer


def test_hop_is_a_redirect_to_where_amazon_is() -> None:
    with opened(decide, at=lambda address: address.replace("https://", "http://127.0.0.1:9/")) as visited:
        answer = visited.get(f"/callback?amazon_callback_uri={CONFIRM}&amazon_state=x")
        assert status(answer) == 302
        assert is_guarded(answer)
        assert answer.endswith(b"\r\n\r\n")
        assert head(answer)["location"].startswith(CONFIRM.replace("https://", "http://127.0.0.1:9/") + "?")
        assert visited.asked.state not in head(answer)["location"]
        assert visited.is_untouched()


@pytest.mark.parametrize(
    "tail",
    ["%3Fa%0D%0ASet-Cookie:%20x=y", "%3Fa%0AX:y", "%3Fa=%C3%BC", "%3Fa=%E2%98%83", "%3Fa=%00", "%3Fa%20b", "%3F%C2%85"],
)
def test_location_of_a_hop_is_one_header_of_visible_ascii(tail: str) -> None:
    with opened(decide) as visited:
        answer = visited.get(f"/callback?amazon_callback_uri={CONFIRM}{tail}&amazon_state=x%0D%0Ay%E2%98%83")
        assert status(answer) in {302, 400}
        found = head(answer)
        assert "set-cookie" not in found
        assert "x" not in found
        location = found.get("location", "")
        assert location.isascii()
        assert location.isprintable()
        assert " " not in location


@pytest.mark.parametrize("to", ["https://[::1", "https://[x]/", "https://a%E2%84%80b/", "https://evil.example/"])
def test_hop_elsewhere_is_400_and_the_wait_goes_on(to: str) -> None:
    with opened(decide) as visited:
        assert status(visited.get(f"/callback?amazon_callback_uri={to}")) == 400
        with visited.knock(visited.ask(visited.callback())) as browser:
            visited.next().conclude(connection())
            assert status(rest(browser)) == 200


MARK = "qzxjkvmark"


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /callback?{mark}={mark}&state={mark} HTTP/1.1\r\nHost: {listen}\r\nX: {mark}\r\n\r\n",
        "GET /callback?error={mark}&state=x HTTP/1.1\r\nHost: {listen}\r\n\r\n",
        "GET /{mark} HTTP/1.1\r\nHost: {listen}\r\nReferer: http://{mark}/\r\n\r\n",
        "GET /callback?{mark} HTTP/1.1\r\nHost: {mark}\r\n\r\n",
        "{mark} /callback HTTP/1.1\r\nHost: {listen}\r\n\r\n",
        "GET /callback {mark}/1.1\r\nHost: {listen}\r\n\r\n",
        "GET {mark}\r\n\r\n",
        "{mark}\r\n\r\n",
    ],
)
def test_nothing_of_a_request_is_in_its_page(request_text: str) -> None:
    with opened(decide) as visited:
        answer = visited.raw(request_text.format(mark=MARK, listen=visited.listen))
    assert MARK.encode() not in answer
    assert b"<script" not in answer


@pytest.mark.parametrize("request_text", ["GET /", "GET / HTTP/0.9", "\0", "GET /callback?state=x\r\nHost: {listen}"])
def test_what_names_no_version_or_0_9_gets_the_headers_of_every_page(request_text: str) -> None:
    with opened(decide) as visited:
        answer = visited.raw(request_text.format(listen=visited.listen) + "\r\n\r\n")
    assert head(answer).items() >= {name.lower(): value for name, value in pages.headers().items()}.items()


def test_neither_code_nor_state_is_in_the_page_of_a_true_callback() -> None:
    with opened() as visited, visited.knock(visited.ask(visited.callback())) as browser:
        visited.next().conclude(connection())
        answer = rest(browser).decode()
        assert "ANcode" not in answer
        assert visited.asked.state not in answer


def test_a_second_callback_is_held_too_and_answered_at_the_end() -> None:
    with ExitStack() as stack:
        with opened() as visited:
            first = stack.enter_context(visited.knock(visited.ask(visited.callback())))
            held = visited.next()
            second = stack.enter_context(visited.knock(visited.ask(visited.callback(spapi_oauth_code="other"))))
            visited.next()
            assert status(visited.get("/favicon.ico")) == 404, "nobody waits behind the callback that is held"
            held.conclude(connection())
            assert b"acme is connected" in rest(first)
            second.setblocking(False)
            with pytest.raises(BlockingIOError):
                second.recv(1)
            second.settimeout(10)
        assert b"Back to the terminal" in rest(second)


def test_a_connection_serves_one_request() -> None:
    with opened(decide) as visited:
        answer = visited.raw(visited.ask("/favicon.ico", more="Connection: keep-alive\r\n") * 2)
    assert answer.count(b"HTTP/1.") == 1


# Nobody can hold it up


def serves_a_true_callback(visited: Visited) -> float:
    """Seconds until a true callback has its page."""
    began = time.monotonic()
    with visited.knock(visited.ask(visited.callback())) as browser:
        arrival = visited.next()
        assert isinstance(consent.read(arrival.parameters, visited.asked), Grant)
        arrival.conclude(connection())
        assert status(rest(browser)) == 200
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("count", [30, 400])
def test_silent_sockets_hold_nobody_up(count: int) -> None:
    with opened(decide) as visited, ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(visited.knock())
        assert serves_a_true_callback(visited) < 1


@pytest.mark.parametrize(
    "part", ["G", "GET /callback?state=x HTTP/1.1\r\nHost: ", "GET /callback HTTP/1.1\r\nA: b\r\n"]
)
def test_half_requests_hold_nobody_up(part: str) -> None:
    with opened(decide) as visited, ExitStack() as stack:
        slow = [stack.enter_context(visited.knock(part)) for _ in range(50)]
        for connection_ in slow:
            connection_.sendall(b"x")
        assert serves_a_true_callback(visited) < 1


def test_headers_without_end_take_little_memory_and_change_nothing() -> None:
    head_ = f"X: {'a' * 60_000}\r\n" * 90
    with opened() as visited:
        request = visited.ask(visited.callback(), more=head_).encode()
        tracemalloc.start()
        try:
            with ExitStack() as stack:
                browsers = [stack.enter_context(visited.knock()) for _ in range(12)]
                senders = [threading.Thread(target=_send, args=(browser, request)) for browser in browsers]
                for sender in senders:
                    sender.start()
                for sender in senders:
                    sender.join()
            assert tracemalloc.get_traced_memory()[1] < 12 * 8 * limits.LONGEST_HEAD
        finally:
            tracemalloc.stop()
        assert visited.inbox.empty()


def _send(browser: socket.socket, request: bytes) -> None:
    with suppress(OSError):  # the door closes before all of it is written
        browser.sendall(request)


@pytest.mark.slow
def test_one_that_asks_byte_by_byte_is_not_waited_for(capfd: pytest.CaptureFixture[str]) -> None:
    with opened(decide) as visited, visited.knock("GET /callback?") as slow:
        slow.settimeout(0.2)
        began = time.monotonic()
        answer: bytes | None = None
        while answer is None and time.monotonic() - began < 2 * limits.ASKING_SECONDS:
            try:
                answer = slow.recv(65536)
            except TimeoutError:
                slow.sendall(b"x")
        assert answer is not None
        assert time.monotonic() - began > limits.ASKING_SECONDS - 1
        assert serves_a_true_callback(visited) < 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_more_browsers_than_can_be_held_are_told_at_once_and_delivered_all_the_same() -> None:
    with opened() as visited, ExitStack() as stack:
        for _ in range(limits.MOST_HELD):
            stack.enter_context(visited.knock(visited.ask("/callback?state=x")))
            visited.next()
        answer = visited.get("/callback?state=y")
        assert b"<title>Back to the terminal</title>" in answer
        assert is_guarded(answer)
        assert visited.next().parameters == [("state", "y")]


@pytest.mark.slow
def test_what_nobody_looks_at_is_not_piled_up_and_looked_at_again_once_somebody_does() -> None:
    with opened() as visited, ExitStack() as stack:
        for _ in range(limits.MOST_HELD):
            stack.enter_context(visited.knock(visited.ask("/callback?state=x")))
        delivered = [visited.next() for _ in range(limits.MOST_HELD)]
        for _ in range(limits.MOST_UNDECIDED - limits.MOST_HELD + 10):
            assert status(visited.get("/callback?state=x")) == 200
        delivered += [visited.next() for _ in range(limits.MOST_UNDECIDED - limits.MOST_HELD)]
        assert visited.is_untouched()
        for arrival in delivered:
            arrival.turn_away("")
        assert serves_a_true_callback(visited) < 1


@pytest.mark.slow
def test_200_strangers_at_once_hold_nobody_up() -> None:
    found: list[int] = []
    with opened(decide) as visited:
        together = threading.Barrier(200)

        def visit(number: int) -> None:
            together.wait()
            found.append(status(visited.get(visited.callback(state=str(number)))))

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert serves_a_true_callback(visited) < 1
    assert found == [400] * 200


@pytest.mark.slow
def test_200_strangers_that_are_held_hold_nobody_up() -> None:
    with opened() as visited, ExitStack() as stack:
        for number in range(200):
            stack.enter_context(visited.knock(visited.ask(visited.callback(state=str(number)))))
        for _ in range(200):
            visited.next().turn_away("")
        assert serves_a_true_callback(visited) < 1


GARBAGE = {
    "megabyte": b"GET /callback?" + b"x" * (1 << 20) + b" HTTP/1.1\r\n\r\n",
    "megabyte without end": b"x" * (1 << 20),
    "many headers": b"GET /callback HTTP/1.1\r\n" + b"a: b\r\n" * 5000 + b"\r\n",
    "long header": b"GET /callback HTTP/1.1\r\nA: " + b"x" * (1 << 20) + b"\r\n\r\n",
    "zeros": b"\0" * 1000 + b"\r\n\r\n",
    "every byte": bytes(range(256)) + b"\r\n\r\n",
    "TLS hello": bytes.fromhex("16030100c8010000c40303") + b"\x55" * 200 + b"\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /callback?state=x\r\n\r\n",
    "HTTP/9.9": b"GET /callback HTTP/9.9\r\n\r\n",
    "no line": b"\r\n\r\n",
    "folded": b"GET /callback HTTP/1.1\r\n folded\r\n\r\n",
    "no colon": b"GET /callback HTTP/1.1\r\nnonsense\r\n\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_changes_nothing_and_says_nothing_on_the_terminal(
    garbage: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with opened(decide) as visited:
        with visited.knock(garbage) as browser:
            with suppress(OSError):  # the door has hung up already
                browser.shutdown(socket.SHUT_WR)
            answer = rest(browser)
        assert b"<script" not in answer
        assert not answer.startswith(b"HTTP/1.0 200")
        assert visited.is_untouched()
        assert serves_a_true_callback(visited) < 1
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_left_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    with opened() as visited:
        with visited.knock(visited.ask(visited.callback())):
            arrival = visited.next()
        arrival.conclude(connection())
        assert status(visited.get("/")) == 404
    assert capfd.readouterr() == ("", "")


# Opening and closing


def test_it_is_bound_to_loopback_alone() -> None:
    with opened() as visited:
        found = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port = f"{visited.place[1]:04X}"
        assert [row[1] for row in found if row[3] == "0A" and row[1].endswith(":" + port)] == ["0100007F:" + port]


def test_it_opens_on_ipv6_loopback() -> None:
    with opened(listen=f"[::1]:{free_port('::1')}") as visited:
        assert status(visited.get("/")) == 404
        assert serves_a_true_callback(visited) < 1


@pytest.mark.parametrize(
    "listen", ["{port}", ":{port}", "0.0.0.0:{port}", "[::]:{port}", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", ""]
)
def test_it_opens_nowhere_but_on_a_loopback_address_with_a_port(listen: str) -> None:
    of = app(listen=listen.format(port=free_port()))
    with pytest.raises(errors.SpConnectError), listener.door(of, lambda _: None, str):
        pass


def test_a_port_that_is_taken_is_told() -> None:
    with opened() as visited:
        other = app(listen=visited.listen)
        with pytest.raises(errors.PortTaken) as caught, listener.door(other, lambda _: None, str):
            pass
        assert status(visited.get("/")) == 404
    assert caught.value.message == f"Cannot listen on {visited.listen}: address already in use. Nothing was changed."
    assert "--paste" in (caught.value.hint or "")


def test_it_closes_promptly_with_silent_held_and_half_sockets_open() -> None:
    with ExitStack() as stack:
        with opened() as visited:
            for request in ("", "GET /callback", visited.ask("/callback?state=x")) * 20:
                stack.enter_context(visited.knock(request))
            for _ in range(20):
                visited.next()
            began = time.monotonic()
        assert time.monotonic() - began < 3
        with opened(listen=visited.listen) as again:
            assert serves_a_true_callback(again) < 1


def test_the_port_can_be_taken_again_at_once() -> None:
    listen = f"127.0.0.1:{free_port()}"
    for _ in range(5):
        with opened(listen=listen) as visited:
            assert serves_a_true_callback(visited) < 1


def test_it_closes_when_its_block_fails() -> None:
    with pytest.raises(KeyboardInterrupt), opened() as visited:
        raise KeyboardInterrupt
    with opened(listen=visited.listen):
        pass


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with opened(decide) as visited, visited.knock():
        serves_a_true_callback(visited)
    assert set(threading.enumerate()) <= before


def test_arrivals_answer_is_given_once_whoever_asks() -> None:
    arrival = listener.Arrival("", str)
    arrival.turn_away("why")
    code, page = arrival.answer()
    assert code == 400
    assert "why" not in re.sub(r"<[^>]*>", "", page).lower().split()
