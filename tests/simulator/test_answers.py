"""Every answer of the box, pages and refusals: its headers, nothing from outside, nothing of a garbled request."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from sp_connect import pages
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.server import MOST_BYTES
from sp_connect.simulator.world import BUILT_IN
from tests.pages.test_pages import Reader
from tests.simulator.box import EUROPE, REDIRECT_URI, Box

APP = BUILT_IN.application_id
FORMS = "form-action 'self' https:;"
MARK = "qzxjkvmark"
PAGES = {
    "consent": f"{EUROPE}/apps/authorize/consent?application_id={APP}&state={MARK}&redirect_uri={REDIRECT_URI}",
    "consent of a country": f"sellercentral.amazon.sg/apps/authorize/consent?application_id={APP}",
    "another app": f"{EUROPE}/apps/authorize/consent?application_id={MARK}",
    "another redirect URI": f"{EUROPE}/apps/authorize/consent?application_id={APP}&redirect_uri=https://{MARK}/",
    "a hop that nobody began": f"{EUROPE}/apps/authorize/confirm/{APP}?amazon_state={MARK}",
    "apps to manage": f"{EUROPE}/apps/manage",
    "apps of a country": "sellercentral.amazon.co.jp/apps/manage",
}
OTHERS = {
    "state": "simulator/state",
    "nothing": f"simulator/{MARK}",
    "another host": f"{MARK}.example/",
    "token by GET": "api.amazon.com/auth/o2/token",
    "marketplaces without a token": "sellingpartnerapi-eu.amazon.com/sellers/v1/marketplaceParticipations",
    "many parameters": "simulator/state?" + "&".join(f"a{number}=1" for number in range(200)),
}


def is_guarded(answer: requests.Response) -> bool:
    """Whether it may be neither kept, guessed at, framed nor told of, and brings nothing from outside."""
    policy = answer.headers["Content-Security-Policy"]
    wanted = {
        name: value
        for name, value in pages.headers().items()
        if name not in {"Content-Type", "Content-Security-Policy"}
    }
    parts = ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action")
    closed = all(part in policy for part in parts) and "script-src" not in policy
    return closed and wanted.items() <= dict(answer.headers).items()


@pytest.fixture
def given(box: Box) -> Box:
    """A box where a company has authorized the app, so that there is something to manage."""
    box.tokens()
    return box


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_a_page_has_every_header_and_loads_nothing_from_outside(given: Box, address: str) -> None:
    answer = given.browser.get(f"{given.base}/{address}", timeout=10)
    assert is_guarded(answer)
    assert FORMS in answer.headers["Content-Security-Policy"] + ";"
    reader = Reader(answer.text)
    assert {tag for tag, _ in reader.elements}.isdisjoint({"script", "img", "iframe", "object", "embed", "base"})
    loaded = [a[name] for tag, a in reader.elements for name in ("src", "srcset", "data") if name in a]
    linked = [a["href"] for tag, a in reader.elements if tag == "link"]
    assert (loaded, linked) == ([], ["data:,"])
    assert not re.search(r"@import|url\(", reader.texts["style"])
    assert not [a for tag, a in reader.elements if tag == "form" and not (a["action"] or "").startswith("/")]


@pytest.mark.parametrize("address", OTHERS.values(), ids=OTHERS)
def test_an_answer_that_is_no_page_has_every_header(box: Box, address: str) -> None:
    answer = requests.get(f"{box.base}/{address}", timeout=10)
    assert is_guarded(answer)
    assert not answer.headers["Content-Type"].startswith("text/html")
    assert MARK not in answer.text


def posted(box: Box) -> Iterator[requests.Response]:
    """What is answered to a POST: ways on, tokens, refusals."""
    yield box.press(company="acme")
    yield box.press(company="acme", answer="cancel")
    yield box.press(company="")
    yield box.browser.post(f"{box.base}/{EUROPE}/apps/manage/disable", allow_redirects=False, timeout=10)
    yield box.ask_token(grant_type="authorization_code", code=box.code())
    yield box.ask_token(grant_type="authorization_code", code=MARK)
    yield requests.post(f"{box.base}/simulator/faults", data=MARK, timeout=10)
    yield requests.post(f"{box.base}/simulator/faults", data=b"x" * (MOST_BYTES + 1), timeout=10)
    yield requests.post(f"{box.base}/simulator/faults", data=iter([b"x"]), timeout=10)


def test_whatever_is_posted_is_answered_with_every_header(box: Box) -> None:
    answers = list(posted(box))
    assert {one.status_code for one in answers} == {200, 302, 303, 400, 411, 413, 415}
    assert [one.url for one in answers if not is_guarded(one)] == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("token", "html"),
        Fault("token", "huge", size=10),
        Fault("token", "status", status=503, body="none"),
        Fault("token", "status", status=503, retry_after=3),
    ],
    ids=lambda fault: f"{fault.kind} {fault.body}",
)
def test_a_spoiled_answer_has_every_header(box: Box, fault: Fault) -> None:
    box.world.faults.add(fault)
    assert is_guarded(box.refresh("x"))


def test_the_relay_page_has_its_policy_in_itself(box: Box) -> None:
    answer = requests.get(f"{box.base}/{REDIRECT_URI.removeprefix('https://')}?state={MARK}", timeout=10)
    assert "Content-Security-Policy" not in answer.headers
    assert "default-src 'none'; script-src 'sha256-" in Reader(answer.text).policy()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert MARK not in answer.text


@pytest.mark.parametrize(
    "request_text",
    [
        "{mark} / HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "PUT /{mark} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET /simulator/state HTTP/1.1\r\nHost: {mark}\r\n\r\n",
        "GET / {mark}/1.1\r\nHost: {host}\r\n\r\n",
        "{mark} <script>{mark}</script> {mark} {mark}\r\n\r\n",
        "{mark}\r\n\r\n",
        "GET /{mark}\r\n\r\n",
        "GET /{mark} HTTP/0.9\r\n\r\n",
        "GET / HTTP/1.1\r\n" + "X: {mark}\r\n" * 120 + "\r\n",
    ],
)
def test_nothing_of_a_garbled_request_is_in_its_answer(box: Box, request_text: str) -> None:
    host = box.base.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(request_text.format(mark=MARK, host=host).encode())
        with suppress(OSError):  # it has hung up already
            connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith(("HTTP/1.1 4", "HTTP/1.1 5"))
    assert MARK not in answer
    assert all(f"{name}: {value}" in answer for name, value in pages.headers(kind="text/plain").items())
