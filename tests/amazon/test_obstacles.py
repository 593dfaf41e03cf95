"""What is wrong on the way to Amazon is told for what it is: certificates, TLS, proxies, names."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from sp_connect import errors
from sp_connect.amazon.client import Amazon
from tests.amazon.tiny import Reply, Tiny, serving, watched

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the authority's certificate, which REQUESTS_CA_BUNDLE names."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return bundle


def certified(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def failing(address: str) -> tuple[errors.Unreachable, list[float]]:
    """How a call fails that would be tried again, and the pauses that it made."""
    seen = watched(None)
    with pytest.raises(errors.Unreachable) as caught:
        seen.amazon.get(address, {})
    return caught.value, seen.pauses


WITHOUT_SOCKS = """
import sys
sys.modules["socks"] = None
from sp_connect import errors
from sp_connect.amazon.client import Amazon
try:
    Amazon(sleep=sys.exit).get("https://api.amazon.com/", {})
except errors.Unreachable as error:
    print(error.message, error.hint, sep="\\n")
"""
"""The package is installed with the tests."""


class TestCertificates:
    def test_one_that_nobody_vouches_for(self, authority: trustme.CA) -> None:
        with serving(context=certified(authority.issue_cert("127.0.0.1"))) as tiny:
            error, pauses = failing(tiny.base)
        assert error.message == (
            "Could not reach 127.0.0.1: its certificate is not trusted here "
            "(OpenSSL: unable to get local issuer certificate)."
        )
        assert error.hint is not None
        assert error.hint.endswith("export REQUESTS_CA_BUNDLE=FILE.pem")
        assert (pauses, tiny.asked) == ([], [])

    def test_where_a_bundle_is_named_already_the_hint_names_it(self, trusting: Path) -> None:
        with serving(context=certified(trustme.CA().issue_cert("127.0.0.1"))) as tiny:
            error, _ = failing(tiny.base)
        assert error.hint is not None
        assert "REQUESTS_CA_BUNDLE names" in error.hint
        assert str(trusting) in error.hint

    @pytest.mark.usefixtures("trusting")
    def test_one_of_another_host(self, authority: trustme.CA) -> None:
        with serving(context=certified(authority.issue_cert("login.hotel.example"))) as tiny:
            error, pauses = failing(tiny.base)
        assert "its certificate is for another host (OpenSSL: ip address mismatch" in error.message
        assert pauses == []

    @pytest.mark.usefixtures("trusting")
    def test_one_that_has_expired(self, authority: trustme.CA) -> None:
        leaf = authority.issue_cert("127.0.0.1", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
        with serving(context=certified(leaf)) as tiny:
            error, pauses = failing(tiny.base)
        assert f"its certificate has expired; here it is {NOW:%Y-%m-%d}" in error.message
        assert error.message.endswith("(OpenSSL: certificate has expired).")
        assert error.hint == "compare this machine's clock with the right time: date -u"
        assert pauses == []

    @pytest.mark.usefixtures("trusting")
    def test_one_that_is_not_valid_yet_points_to_the_clock(self, authority: trustme.CA) -> None:
        leaf = authority.issue_cert("127.0.0.1", not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=9))
        with serving(context=certified(leaf)) as tiny:
            error, pauses = failing(tiny.base)
        assert f"its certificate is not valid yet; here it is {NOW:%Y-%m-%d}" in error.message
        assert error.hint == "compare this machine's clock with the right time: date -u"
        assert pauses == []

    def test_behind_a_proxy_it_is_still_the_certificate_of_the_host(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(context=certified(authority.issue_cert("127.0.0.1"))) as tiny, tunnel() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            error, pauses = failing(tiny.base)
        assert "its certificate is not trusted here" in error.message
        assert pauses == []

    @pytest.mark.usefixtures("trusting")
    def test_a_good_one_is_known_after_its_file_is_gone(self, authority: trustme.CA, trusting: Path) -> None:
        with serving(context=certified(authority.issue_cert("127.0.0.1"))) as tiny:
            amazon = Amazon()
            assert amazon.get(f"{tiny.base}/x", {}).status == 200
            trusting.unlink()
            assert amazon.post_once(f"{tiny.base}/x", {}).status == 200

    @pytest.mark.parametrize("is_folder", [False, True])
    def test_ssl_cert_file_is_heeded(
        self, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_folder: bool
    ) -> None:
        bundle = tmp_path / "other.pem"
        authority.cert_pem.write_to_path(str(bundle))
        if is_folder:
            subprocess.run([shutil.which("openssl") or "openssl", "rehash", tmp_path], check=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path if is_folder else bundle))
        with serving(context=certified(authority.issue_cert("127.0.0.1"))) as tiny:
            assert Amazon().get(f"{tiny.base}/x", {}).status == 200

    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    @pytest.mark.parametrize("content", [None, b"", b"nonsense"])
    def test_a_bundle_that_cannot_be_used_is_named_with_its_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, content: bytes | None
    ) -> None:
        bundle = tmp_path / "bundle.pem"
        if content is not None:
            bundle.write_bytes(content)
        monkeypatch.setenv(variable, str(bundle))
        error, pauses = failing("https://127.0.0.1:1/")
        assert f"the certificates in {bundle}, which {variable} names, cannot be used: " in error.message
        assert error.hint == f"correct it, or: unset {variable}"
        assert pauses == []


class TestTls:
    def test_a_server_that_speaks_only_old_versions(self, trusting: Path, authority: trustme.CA) -> None:  # noqa: ARG002
        with old_server(authority.issue_cert("127.0.0.1")) as address:
            error, pauses = failing(address)
        assert "offers only old versions of TLS (OpenSSL: " in error.message
        assert pauses == []

    def test_a_server_that_answers_in_plain_http(self, tiny: Tiny) -> None:
        error, pauses = failing(tiny.base.replace("http:", "https:"))
        assert "it answers without TLS (OpenSSL: " in error.message
        assert pauses == []

    def test_plain_http_through_a_proxy(self, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
        with tunnel() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            error, pauses = failing(tiny.base.replace("http:", "https:"))
        assert "it answers without TLS (OpenSSL: " in error.message
        assert pauses == []

    def test_a_proxy_that_takes_plain_http_alone(self, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", tiny.base.replace("http:", "https:"))
        error, pauses = failing("https://api.amazon.com/")
        assert "the proxy answers without TLS (OpenSSL: " in error.message
        assert error.hint == f"export HTTPS_PROXY={tiny.base}, if the proxy takes plain HTTP"
        assert pauses == []


class TestProxies:
    @pytest.mark.parametrize(
        ("status", "phrase", "hint"),
        [
            (407, "Proxy Authentication Required", "export HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT"),
            (403, "Forbidden", "let api.amazon.com:443 through"),
        ],
    )
    def test_a_refusal_is_told_by_its_status_and_not_tried_again(
        self, monkeypatch: pytest.MonkeyPatch, status: int, phrase: str, hint: str
    ) -> None:
        with serving(Reply(status)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.base.replace("//", "//name:hunter2@"))
            error, pauses = failing("https://api.amazon.com/")
        assert error.message == (
            f"Could not reach api.amazon.com: the proxy {proxy.address} answered {status} {phrase}."
        )
        assert hint in (error.hint or "")
        assert "hunter2" not in error.told() + (error.hint or "")
        assert pauses == []

    @pytest.mark.parametrize(("status", "phrase"), [(502, "Bad Gateway"), (503, "Service Unavailable")])
    def test_trouble_of_a_proxy_is_told_by_its_status_and_tried_again(
        self, monkeypatch: pytest.MonkeyPatch, status: int, phrase: str
    ) -> None:
        with serving(Reply(status)) as proxy:
            monkeypatch.setenv("https_proxy", proxy.base)
            error, pauses = failing("https://api.amazon.com/")
        assert f"answered {status} {phrase}." in error.message
        assert len(pauses) == 3

    def test_a_status_that_nobody_knows_has_no_phrase(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(Reply(499)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.base)
            error, _ = failing("https://api.amazon.com/")
        assert "answered 499." in error.message

    def test_one_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        error, _ = failing("https://api.amazon.com/")
        assert error.message == "Could not reach api.amazon.com: the proxy 127.0.0.1:1 did not answer."

    def test_one_whose_name_is_not_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
        error, _ = failing("https://api.amazon.com/")
        assert "the name of the proxy proxy.invalid:3128 is not found" in error.message

    @pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:x", "http://:@"])
    def test_an_address_that_is_none_is_named_with_its_variable(
        self, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", address)
        error, pauses = failing("https://api.amazon.com/")
        assert "ALL_PROXY is not the address of a proxy" in error.message
        assert error.hint == "export ALL_PROXY=http://HOST:PORT, or: unset ALL_PROXY"
        assert pauses == []

    def test_socks_without_its_package(self) -> None:
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT_SOCKS],
            env={"HTTPS_PROXY": "socks5h://127.0.0.1:1080"},
            capture_output=True,
            text=True,
            check=True,
        )
        message, hint = ended.stdout.splitlines()
        assert "HTTPS_PROXY names a SOCKS proxy, for which a package is missing" in message
        assert hint.startswith("pipx inject sp-connect pysocks")


class TestTheLine:
    def test_a_name_that_is_not_found(self) -> None:
        error, pauses = failing("https://amazon.invalid/")
        assert "its name is not found" in error.message
        assert len(pauses) == 3

    def test_a_port_on_which_nobody_listens(self) -> None:
        error, _ = failing("https://127.0.0.1:1/")
        assert "there is no connection: connection refused" in error.message

    def test_a_connection_that_ends_without_an_answer(self) -> None:
        with serving(Reply(0)) as tiny:
            error, _ = failing(tiny.base)
        assert "the connection broke before the answer" in error.message


@contextmanager
def tunnel() -> Iterator[str]:
    """A proxy that connects to wherever it is told; its address."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            head = client.recv(65536)
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port)), timeout=5) as far:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=carry, args=(far, client), daemon=True)
                back.start()
                carry(client, far)
                back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def old_server(leaf: trustme.LeafCert) -> Iterator[str]:
    """A server that offers TLS 1.0 alone, which this machine's OpenSSL may no longer do: it says no for it."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                with client:
                    client.recv(65536)
                    client.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # the alert "protocol version" (RFC 5246, 7.2)

    certified(leaf)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
