"""The one session: tries, pauses, bounds, and what of the environment it heeds."""

from __future__ import annotations

import gzip
import ipaddress
import re
import socket
import ssl
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.amazon import client
from sp_connect.amazon.client import Amazon
from sp_connect.models import AmazonWords
from tests.amazon.tiny import BREAK, Reply, Tiny, serving, watched, within

PATH = "https://sellingpartnerapi-eu.amazon.com/sellers/v1/marketplaceParticipations"
TOKEN_ADDRESS = "https://api.amazon.com/auth/o2/token"
SECRET = "Atza|verysecret"
FORM = {"grant_type": "refresh_token", "refresh_token": SECRET}
PASSING = [Reply(429), Reply(500), Reply(502), Reply(503), Reply(599), BREAK]


# Where it goes and what it says


def test_a_base_takes_the_place_of_amazon(tiny: Tiny) -> None:
    Amazon(tiny.base + "/").get(PATH, {})
    assert tiny.asked == [("GET", "/sellingpartnerapi-eu.amazon.com/sellers/v1/marketplaceParticipations")]


def test_without_a_base_an_address_is_itself() -> None:
    assert Amazon().at(PATH) == PATH


def test_the_host_of_an_answer_is_amazons_own_with_a_base_too(tiny: Tiny) -> None:
    assert Amazon(tiny.base).get(PATH, {}).host == "sellingpartnerapi-eu.amazon.com"


def test_user_agent_has_the_form_that_amazon_asks_for(tiny: Tiny) -> None:
    Amazon(tiny.base).get(PATH, {})
    agent = tiny.headers[0]["user-agent"]
    assert re.fullmatch(r"sp-connect/[\w.+-]+ \(Language=Python/\d+\.\d+\.\d+\S*; Platform=\w+\)", agent)
    assert len(agent) <= 500


def test_a_form_is_sent_as_a_form(tiny: Tiny) -> None:
    Amazon(tiny.base).post(TOKEN_ADDRESS, {"refresh_token": "Atzr|a&b=c"})
    assert tiny.bodies == [b"refresh_token=Atzr%7Ca%26b%3Dc"]
    assert tiny.headers[0]["content-type"].startswith("application/x-www-form-urlencoded")


def test_many_threads_share_one_amazon(tiny: Tiny) -> None:
    amazon, found = Amazon(tiny.base), list[int]()
    threads = [threading.Thread(target=lambda: found.append(amazon.get(PATH, {}).status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 20


# Trying again


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("reply", PASSING, ids=lambda reply: str(reply.status))
def test_get_and_post_are_tried_again_after_a_passing_trouble(method: str, reply: Reply) -> None:
    with serving(reply, reply, Reply(200, b'{"a": 1}')) as tiny:
        seen = watched(tiny.base)
        answer = seen.amazon.get(PATH, {}) if method == "GET" else seen.amazon.post(TOKEN_ADDRESS, FORM)
    assert answer.json() == {"a": 1}
    assert len(tiny.asked) == 3
    assert len(set(tiny.bodies)) == 1
    assert within(seen.pauses, client.PAUSES[:2])


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404])
def test_every_other_answer_is_the_answer(status: int) -> None:
    with serving(Reply(status, b"")) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).status == status
    assert (len(tiny.asked), seen.pauses) == (1, [])


def test_a_passing_trouble_that_stays_is_the_answer() -> None:
    with serving(Reply(503, b"down")) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).body == "down"
    assert len(tiny.asked) == 4
    assert within(seen.pauses, client.PAUSES)


def test_a_connection_that_stays_broken_is_unreachable() -> None:
    with serving(BREAK) as tiny:
        seen = watched(tiny.base)
        with pytest.raises(errors.Unreachable, match=r"Could not reach sellingpartnerapi-eu\.amazon\.com"):
            seen.amazon.get(PATH, {})
    assert len(tiny.asked) == 4


def test_nothing_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    seen = watched(f"http://127.0.0.1:{port}")
    with pytest.raises(errors.Unreachable, match="there is no connection") as caught:
        seen.amazon.get(PATH, {})
    assert within(seen.pauses, client.PAUSES)
    assert caught.value.exit_code == 5


def test_retry_after_in_seconds_is_waited_for() -> None:
    with serving(Reply(429, headers={"Retry-After": "7"}), Reply()) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).status == 200
    assert within(seen.pauses, [7])


def test_retry_after_as_a_date_is_waited_for() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)
    with serving(Reply(503, headers={"Retry-After": then}), Reply()) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).status == 200
    assert 5 < seen.pauses[0] < 12.5


def test_retry_after_in_the_past_is_no_wait() -> None:
    with serving(Reply(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), Reply()) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).status == 200
    assert seen.pauses == [0]


@pytest.mark.parametrize("wait", ["21", "3600", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_long_retry_after_is_not_waited_for(wait: str) -> None:
    with serving(Reply(429, headers={"Retry-After": wait})) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).status == 429
    assert (len(tiny.asked), seen.pauses) == (1, [])


@pytest.mark.parametrize("wait", ["", "soon", "-5", "1.5", "\N{SUPERSCRIPT TWO}", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_that_says_nothing_is_not_heeded(wait: str) -> None:
    with serving(Reply(503, headers={"Retry-After": wait}), Reply()) as tiny:
        seen = watched(tiny.base)
        assert seen.amazon.get(PATH, {}).status == 200
    assert within(seen.pauses, client.PAUSES[:1])


@pytest.mark.slow
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    text=st.text(st.characters(max_codepoint=255), max_size=20)
    | st.lists(st.sampled_from(["Wed, ", "21 ", "Oct ", "2015 ", "07:28:00 ", "GMT", "-0000", "+9", "1", ":"])).map(
        "".join
    )
)
def test_any_retry_after_is_a_pause_or_nothing(text: str) -> None:
    wait = client._retry_after(client.Answer("host", 429, {"Retry-After": text}, ""))
    assert wait is None or wait >= 0


@pytest.mark.parametrize("reply", [*PASSING, Reply(200, b"<html>"), Reply(302, headers={"Location": "/"})])
def test_a_post_that_is_good_once_is_sent_once(reply: Reply) -> None:
    with serving(reply) as tiny:
        seen = watched(tiny.base)
        with suppress(errors.Unreachable):
            seen.amazon.post_once(TOKEN_ADDRESS, FORM)
    assert (len(tiny.asked), seen.pauses) == (1, [])


def test_a_post_that_is_good_once_has_a_connection_of_its_own() -> None:
    def answer_twice(server: socket.socket) -> None:
        """The first connection stays open and is never answered again."""
        kept, _ = server.accept()
        with kept:
            kept.recv(65536)
            kept.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            server.settimeout(5)
            fresh, _ = server.accept()
        with fresh:
            fresh.recv(65536)
            fresh.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer_twice, args=(server,), daemon=True).start()
        amazon = Amazon(f"http://127.0.0.1:{server.getsockname()[1]}")
        amazon.get(PATH, {})
        assert amazon.post_once(TOKEN_ADDRESS, FORM).status == 200


# Bounds


def test_redirects_are_not_followed(tiny: Tiny) -> None:
    with serving(Reply(302, headers={"Location": f"{tiny.base}/elsewhere"})) as first:
        answer = watched(first.base).amazon.get(PATH, {"x-amz-access-token": SECRET})
    assert answer.status == 302
    assert tiny.asked == []


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_body_over_one_megabyte_is_refused(is_packed: bool) -> None:
    body = b" " * (client.LARGEST_ANSWER + 1)
    reply = Reply(200, gzip.compress(body), {"Content-Encoding": "gzip"}) if is_packed else Reply(200, body)
    with serving(reply) as tiny, pytest.raises(errors.UnexpectedAnswer, match="more than 1 MB"):
        watched(tiny.base).amazon.get(PATH, {})


@pytest.mark.slow
def test_a_body_that_is_packed_twice_is_refused_before_it_is_unpacked() -> None:
    body = gzip.compress(gzip.compress(bytes(64 << 20)))
    with serving(Reply(200, body, {"Content-Encoding": "gzip, gzip"})) as tiny:
        amazon = watched(tiny.base).amazon
        tracemalloc.start()
        try:
            with pytest.raises(errors.UnexpectedAnswer, match="more than 1 MB"):
                amazon.get(PATH, {})
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()


def test_a_body_of_one_megabyte_is_read() -> None:
    with serving(Reply(200, b" " * client.LARGEST_ANSWER)) as tiny:
        assert len(watched(tiny.base).amazon.get(PATH, {}).body) == client.LARGEST_ANSWER


def test_a_body_without_end_is_refused() -> None:
    def write(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b" " * 65536)

    with serving(Reply(write=write)) as tiny, pytest.raises(errors.UnexpectedAnswer, match="more than 1 MB"):
        watched(tiny.base).amazon.get(PATH, {})


def test_a_body_that_breaks_off_is_unreachable() -> None:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"{")

    with (
        serving(Reply(headers={"Content-Length": "10"}, write=write)) as tiny,
        pytest.raises(errors.Unreachable, match="the connection broke during the answer"),
    ):
        watched(tiny.base).amazon.get(PATH, {})


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"1", b'{"a":', b"[" * 100_000, b"\xff\xfe", b"NaN", b'"{}"'])
def test_anything_but_a_json_object_is_unexpected(body: bytes) -> None:
    headers = {"Content-Type": "text/html; charset=utf-8", "x-amzn-RequestId": "id-1"}
    with serving(Reply(200, body, headers)) as tiny:
        answer = watched(tiny.base).amazon.get(PATH, {})
    with pytest.raises(errors.UnexpectedAnswer, match="200 with text/html where JSON was expected") as caught:
        answer.json()
    assert caught.value.amazon == AmazonWords(request_id="id-1")


def test_an_answer_that_is_no_http_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        seen = watched(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(errors.Unreachable):
            seen.amazon.post_once(TOKEN_ADDRESS, FORM)
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, errors.Throttled), (500, errors.Unreachable), (503, errors.Unreachable), (404, errors.UnexpectedAnswer)],
)
def test_trouble_is_told_by_its_status(status: int, kind: type[errors.AmazonTrouble]) -> None:
    words = AmazonWords("QuotaExceeded", "You exceeded your quota for the requested resource.", "id-1")
    found = client.trouble(client.Answer("api.amazon.com", status, {}, ""), words)
    assert type(found) is kind
    assert found.told().endswith("quota for the requested resource. (request id-1).")


# What must not be told


@pytest.mark.parametrize(
    "reply", [*PASSING, Reply(403, b"no"), Reply(200, b"<html>")], ids=lambda reply: str(reply.status)
)
def test_no_token_is_in_the_story_or_in_an_error(reply: Reply) -> None:
    with serving(reply) as tiny:
        seen = watched(tiny.base)
        texts = []
        calls: list[Callable[[], object]] = [
            lambda: seen.amazon.get(f"{PATH}?q={SECRET}", {"x-amz-access-token": SECRET}).json(),
            lambda: seen.amazon.post(TOKEN_ADDRESS, FORM).json(),
            lambda: seen.amazon.post_once(TOKEN_ADDRESS, FORM).json(),
        ]
        for call in calls:
            try:
                call()
            except errors.SpConnectError as error:
                texts.append("".join(traceback.format_exception(error)) + repr(error) + error.told())
    assert not [text for text in [*texts, *seen.story] if "verysecret" in text]


def test_story_tells_each_step(tiny: Tiny) -> None:
    tiny.replies[:] = [Reply(503), Reply()]
    seen = watched(tiny.base)
    seen.amazon.get(PATH, {})
    shapes = [re.sub(r"[0-9]+\.[0-9] s", "N s", line) for line in seen.story]
    assert shapes == [
        f"GET {PATH} answered 503 in N s",
        "sellingpartnerapi-eu.amazon.com answered 503; trying again in N s",
        f"GET {PATH} answered 200 in N s",
    ]


def test_body_is_not_in_the_repr_of_an_answer() -> None:
    assert SECRET not in repr(client.Answer("host", 200, {}, f'{{"access_token": "{SECRET}"}}'))


@pytest.mark.parametrize("value", ["Atza|a\nb", "Atza|\N{SNOWMAN}", " Atza|a"])
def test_a_token_that_is_no_header_is_one_of_our_errors(tiny: Tiny, value: str) -> None:
    with pytest.raises(errors.SpConnectError) as caught:
        watched(tiny.base).amazon.get(PATH, {"x-amz-access-token": value})
    assert value not in "".join(traceback.format_exception(caught.value))


# The environment


def netrc(folder: Path) -> None:
    (folder / ".netrc").write_text("default login user password word\n")
    (folder / ".netrc").chmod(0o600)


def test_netrc_is_ignored(tiny: Tiny, tmp_path: Path) -> None:
    netrc(tmp_path)
    requests.get(tiny.base, timeout=10)
    assert "authorization" in tiny.headers[0], "requests itself does read this file"
    Amazon(tiny.base).get(PATH, {})
    Amazon().get(f"{tiny.base}/x", {})
    assert not [headers for headers in tiny.headers[1:] if "authorization" in headers]


def test_a_cookie_of_one_answer_is_not_sent_with_the_next_call() -> None:
    with serving(Reply(200, headers={"Set-Cookie": "session=acme; Path=/"})) as tiny:
        amazon = Amazon(tiny.base)
        amazon.get(PATH, {})
        amazon.get(PATH, {})

    assert "cookie" not in tiny.headers[1]


def test_an_authorization_of_ours_survives_netrc(tiny: Tiny, tmp_path: Path) -> None:
    netrc(tmp_path)
    Amazon().get(f"{tiny.base}/x", {"Authorization": "Bearer ours"})
    assert tiny.headers[0]["authorization"] == "Bearer ours"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_for_https_is_asked_to_connect(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with serving(Reply(502)) as proxy:
        monkeypatch.setenv(name, proxy.base)
        with pytest.raises(errors.Unreachable, match=r"the proxy 127\.0\.0\.1:\d+ answered 502 Bad Gateway"):
            Amazon(sleep=lambda _: None).post_once(TOKEN_ADDRESS, FORM)
    assert proxy.asked == [("CONNECT", "api.amazon.com:443")]
    assert b"verysecret" not in b"".join(proxy.bodies)


def test_a_proxy_for_http_is_honoured(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> None:
    monkeypatch.setenv("HTTP_PROXY", tiny.base)
    assert Amazon().get("http://amazon.invalid/x", {}).status == 200
    assert tiny.asked == [("GET", "http://amazon.invalid/x")]


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> None:
    with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        Amazon().get(f"{tiny.base}/x", {})
    assert (len(proxy.asked), len(tiny.asked)) == (0, 1)


def test_proxies_are_ignored_with_a_base(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> None:
    with serving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base)
        Amazon(tiny.base).get(PATH, {})
    assert (len(proxy.asked), len(tiny.asked)) == (0, 1)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://[::1",
        "http://127.0.0.1:x",
        "socks5://127.0.0.1:1",
        "http://a..b:1",
        "http://\N{SNOWMAN}..x/",
        "http://:@",
    ],
)
def test_a_proxy_that_is_none_is_one_of_our_errors(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(errors.Unreachable) as failure:
        Amazon().post_once(TOKEN_ADDRESS, FORM)
    assert "HTTPS_PROXY" in (failure.value.hint or "")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, as a company's proxy might bring along."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tiny")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "tiny.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Tiny]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context=context) as tiny:
        yield tiny


def test_an_unknown_certificate_is_not_trusted(secure: Tiny) -> None:
    with pytest.raises(errors.Unreachable, match="its certificate is not trusted here") as caught:
        Amazon().post_once(f"{secure.base}/x", FORM)
    assert "REQUESTS_CA_BUNDLE" in (caught.value.hint or "")
    assert secure.asked == []


def test_a_ca_bundle_is_honoured(monkeypatch: pytest.MonkeyPatch, secure: Tiny, certificate: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert Amazon().post_once(f"{secure.base}/x", FORM).status == 200


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_a_ca_bundle_that_is_none_is_one_of_our_errors(
    monkeypatch: pytest.MonkeyPatch, secure: Tiny, tmp_path: Path, content: bytes | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(errors.Unreachable) as caught:
        Amazon().post_once(f"{secure.base}/x", FORM)
    assert "REQUESTS_CA_BUNDLE" in (caught.value.hint or "")
