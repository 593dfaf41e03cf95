"""What Amazon, or whoever stands in its place, answers, as a target: records, pages, and bytes on the wire.

An input is an answer as HTTP has it: the status alone on the first line, headers, a blank line, the body.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from requests.structures import CaseInsensitiveDict

from sp_connect import errors, pages
from sp_connect.amazon import client, lwa, sellers
from sp_connect.checkup import relay
from sp_connect.models import Grant, Secret, Tokens
from sp_connect.stores.home.connections import Connections
from tests.fuzz.target import APP, CONSENT, Ready, Target
from tests.stores.samples import connection

TROUBLE = (errors.Throttled, errors.Unreachable, errors.UnexpectedAnswer)
HUSH = Secret("Atzr|hush")
SCOPE = CONSENT.scope


def answer_of(data: bytes, host: str = "api.amazon.com") -> client.Answer:
    """The answer that an input stands for; what is no status is 200."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    pairs = (line.partition(":") for line in lines)
    headers = CaseInsensitiveDict({name: value.strip() for name, _, value in pairs})
    status = int(first) if first.isascii() and first.isdigit() and len(first) == 3 else 200
    return client.Answer(host, status, headers, body.decode("utf-8", "replace"))


class Answering(client.Amazon):
    """An Amazon that gives the same answer to everything."""

    def __init__(self, answer: client.Answer) -> None:
        super().__init__()
        self.answer = answer

    def get(self, address: str, headers: Mapping[str, str | Secret]) -> client.Answer:  # noqa: ARG002 - Amazon's signature
        return self.answer

    def post(self, address: str, form: Mapping[str, str | Secret]) -> client.Answer:  # noqa: ARG002 - Amazon's signature
        return self.answer

    post_once = post


@contextmanager
def _tokens(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        answer = answer_of(data)
        amazon = Answering(answer)
        with suppress(errors.Rejected, errors.ClientRejected, *TROUBLE):
            check_tokens(lwa.refresh(amazon, APP, HUSH, SCOPE, HUSH), answer)
        tokens = lwa.exchange(amazon, APP, HUSH, SCOPE, Grant(HUSH, "A2EXAMPLE1234"))
        check_tokens(tokens, answer)
        assert tokens.refresh_token

    yield Ready(read)


def check_tokens(tokens: Tokens, answer: client.Answer) -> None:
    """Tokens are those of the answer, and such that a header, a variable and a store can hold them."""
    said = json.loads(answer.body)
    assert answer.status == 200
    assert tokens.access_token.reveal() == said["access_token"] != ""
    assert tokens.expires_in > 0
    assert tokens.refresh_token is None or tokens.refresh_token.reveal() == said["refresh_token"]
    for token in (tokens.access_token, tokens.refresh_token or HUSH):
        assert token.reveal().isascii()
        assert token.reveal().isprintable()


@contextmanager
def _marketplaces(folder: Path) -> Iterator[Ready]:
    records = Connections(folder)

    def read(data: bytes) -> None:
        answer = answer_of(data, "sellingpartnerapi-eu.amazon.com")
        found = sellers.marketplaces(Answering(answer), SCOPE, HUSH)
        assert answer.status == 200
        assert found
        assert not sellers.PSEUDO & {place.id for place in found}
        is_text = all(_is_text(value) for place in found for value in place if isinstance(value, str))
        records.put(connection(marketplaces=found))
        kept = records.get(SCOPE)
        assert kept is not None
        assert len(kept.marketplaces) == len(found)
        assert kept.marketplaces == found or not is_text

    yield Ready(read)


def _is_text(value: str) -> bool:
    """Whether UTF-8 can hold it: JSON may hold half a surrogate pair."""
    return value == value.encode("utf-8", "replace").decode()


@contextmanager
def _relay(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        finding = relay.judge(APP, answer_of(data, "agency.example"))
        assert finding.result in {"ok", "warning"}
        assert len(finding.found) < 1000

    page = b"200\nContent-Type: text/html; charset=utf-8\n\n" + pages.relay(APP.listen).encode()
    yield Ready(read, (page,))


@contextmanager
def _wire(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    with socket.create_server(("127.0.0.1", 0)) as server:
        says: list[bytes] = [b""]
        serving = threading.Thread(target=_serve, args=(server, says), daemon=True)
        serving.start()
        amazon = client.Amazon(f"http://127.0.0.1:{server.getsockname()[1]}", sleep=lambda _: None)

        def read(data: bytes) -> None:
            says[0] = data
            amazon.post_once(lwa.TOKEN_ADDRESS, {"refresh_token": HUSH.reveal()}).json()

        yield Ready(read)
        says[0] = b""
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


def _serve(server: socket.socket, says: list[bytes]) -> None:
    """Answers every connection with the bytes at hand, once it has been asked."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client, suppress(OSError):
            asked = b""
            while not asked.endswith(b"hush"):
                part = client.recv(65536)
                if not part:
                    break
                asked += part
            client.sendall(says[0])


REFUSED = (errors.CodeExpired, errors.ClientRejected, *TROUBLE)
TOKENS = Target("tokens", _tokens, REFUSED, "json")
MARKETPLACES = Target("marketplaces", _marketplaces, (errors.NotPermitted, *TROUBLE), "json")
RELAY = Target("relay", _relay, (errors.WrongRelay,), "relay")
WIRE = Target("wire", _wire, TROUBLE, "wire")
