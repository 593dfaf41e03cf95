"""The callback as a target: a query that arrived, a whole request at the listener's door, an address that was pasted.

What is believed had our state, and exactly once. The check of that reads the query in its own, plainer way.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit

from sp_connect import errors
from sp_connect.amazon import addresses, consent, geography
from sp_connect.amazon.services import protocol
from sp_connect.authorization import listener
from sp_connect.models import Connection, Consent, Grant
from sp_connect.terminal import prompt
from tests.agency import free_port
from tests.authorization.listener.visits import rest
from tests.fuzz.target import APP, CONSENT, Ready, Target, check
from tests.stores.samples import connection


@dataclass
class Said:
    """An arrival of the pure kind, and what it was told."""

    parameters: consent.Parameters
    told: list[object] = field(default_factory=list)

    def turn_away(self, why: str) -> None:
        self.told.append(why)

    def send_on(self, address: str) -> None:
        self.told.append(protocol.Hop(address))

    def conclude(self, outcome: Connection | errors.SpConnectError) -> None:
        self.told.append(outcome)


def values_of(query: str, name: str) -> list[str]:
    """What a query says of `name`, each time that it does."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    return [unquote_plus(value, errors="replace") for key, _, value in pairs if unquote_plus(key) == name]


def check_meaning(meaning: object, query: str, asked: Consent) -> None:
    """Whether what was made of a query is what stands in it."""
    states = values_of(query, "state")
    if isinstance(meaning, Grant):
        assert states == [asked.state]
        assert values_of(query, "spapi_oauth_code") == [meaning.code.reveal()] != [""]
        assert values_of(query, "selling_partner_id") == [meaning.selling_partner_id] != [""]
        assert meaning.selling_partner_id.isascii()
        assert meaning.selling_partner_id.isprintable()
        assert not values_of(query, "amazon_callback_uri")
        assert not values_of(query, "error")
    elif isinstance(meaning, errors.Refused):
        assert states == [asked.state]
        assert len(values_of(query, "error")) == 1
        check(meaning)
    elif isinstance(meaning, protocol.Hop):
        check_hop(meaning.address, asked)
    else:
        assert isinstance(meaning, str)
        assert not is_true(query, asked)


def is_true(query: str, asked: Consent) -> bool:
    """Whether a query is, beyond doubt, what Amazon sends after Confirm."""
    names = [unquote_plus(part.partition("=")[0]) for part in query.split("&")]
    return (
        sorted(names) == ["selling_partner_id", "spapi_oauth_code", "state"]
        and values_of(query, "state") == [asked.state]
        and values_of(query, "selling_partner_id")[0].isalnum()
        and values_of(query, "selling_partner_id")[0].isascii()
        and len(values_of(query, "selling_partner_id")[0]) <= 64
        and 0 < len(values_of(query, "spapi_oauth_code")[0]) <= 4096
    )


def check_hop(address: str, asked: Consent) -> None:
    """A browser is only sent to Amazon's confirmation of our app, with one state that is good and is not the first."""
    assert address.isascii()
    assert address.isprintable()
    assert " " not in address
    parts = urlsplit(address)
    assert parts.scheme == "https"
    assert parts.netloc in geography.NAMED_HOSTS
    assert unquote_plus(parts.path).removesuffix("/") == f"/apps/authorize/confirm/{asked.app.application_id}"
    assert not parts.fragment
    [state] = values_of(parts.query, "state")
    assert asked.state not in address
    assert consent.is_answered_by(asked.state, state)
    assert values_of(parts.query, "redirect_uri") == [asked.app.redirect_uri]


def meaning_of(parameters: consent.Parameters, asked: Consent) -> object:
    """What `first_grant` makes of one arrival: the grant, or what the arrival was told."""
    arrival = Said(parameters)
    found = None
    with suppress(errors.Refused):  # the arrival was told
        found = consent.first_grant([arrival], asked)
    if found is not None:
        assert found[0] is arrival
        assert not arrival.told
        return found[1]
    [told] = arrival.told
    return told


@contextmanager
def _query(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        text = data.decode("latin-1")  # as a request's first line is read
        check_meaning(meaning_of(consent.query(text), CONSENT), text, CONSENT)

    yield Ready(read)


@contextmanager
def _pasted(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        taken: list[str] = []
        source, sink = os.pipe()
        try:
            os.write(sink, data)
            os.close(sink)
            prompt._read_lines(source, taken.append, threading.Event())
        finally:
            os.close(source)
        for text in taken or [data.decode("utf-8", "replace")]:
            with suppress(errors.BadState):
                consent.sent(text)
            parameters = consent.pasted(text, APP)
            query = urlsplit(addresses.cleaned(text)).query
            check_meaning(meaning_of(parameters, CONSENT), query, CONSENT)

    yield Ready(read)


@dataclass
class Visits:
    """What the door delivered of one request; its thread decides at once, as `connect` does."""

    asked: Consent
    meanings: list[object] = field(default_factory=list)

    def deliver(self, arrival: listener.Arrival) -> None:
        told: object = "it was turned away"
        try:
            found = consent.first_grant([arrival], self.asked)
            if found is not None:
                told = found[1]
                arrival.conclude(connection())
        except errors.Refused as refused:
            told = refused
        except Exception as error:  # noqa: BLE001 - it is told where the request was made
            arrival.leave()
            told = error
        self.meanings.append(told)


@contextmanager
def _request(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    port = free_port()
    app = APP._replace(listen=f"127.0.0.1:{port}")
    visits = Visits(CONSENT._replace(app=app))

    def read(data: bytes) -> None:
        visits.meanings.clear()
        request = data.replace(APP.listen.encode(), app.listen.encode())
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            with suppress(OSError):  # the door may close before all of it is read
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
            answer = rest(client)
        check_answer(answer, request, visits.meanings, visits.asked)

    with listener.door(app, visits.deliver, str):
        yield Ready(read)


def check_answer(answer: bytes, request: bytes, meanings: list[object], asked: Consent) -> None:
    """Every request gets one whole page or nothing, and only a GET of our path at our address is delivered."""
    first = request.split(b"\n", 1)[0].decode("latin-1")
    if not answer:
        assert not meanings
        assert not first.split()
        return
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0].startswith("HTTP/1.0 ")
    status = int(lines[0].split()[1])
    assert headers["Cache-Control"] == "no-store"
    assert headers["Connection"] == "close"
    assert len(lines) == len(headers) + 1
    if status != 302:
        assert "Location" not in headers
    if not meanings:
        assert status in {404, 204}
        return
    [meaning] = meanings
    method, target = first.split()[:2]
    path, _, query = target.partition("?")
    assert method == "GET"
    assert path == "/callback"
    fields = re.split(rb"\r\n|\n|\r", re.split(rb"\r?\n\r?\n", request, maxsplit=1)[0])
    hosts = [one[5:].strip() for one in fields if one[:5].lower() == b"host:"]
    assert hosts[0] == asked.app.listen.encode()  # behind a line that is no header, http.server reads none
    if status == 302:
        check_hop(headers["Location"], asked)
    else:
        check_meaning(meaning, query, asked)
        assert status == (400 if isinstance(meaning, str) else 200)
        assert int(headers["Content-Length"]) == len(body)


QUERY = Target("query", _query, (), "query")
PASTED = Target("pasted", _pasted, (errors.BadState,), "query")
REQUEST = Target("request", _request, (), "request")
