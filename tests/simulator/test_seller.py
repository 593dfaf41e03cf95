"""The simulated seller, against the box and a listener that only notes what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sp_connect import errors
from sp_connect.simulator import seller
from sp_connect.simulator.faults import Fault
from tests.agency import free_port
from tests.simulator.box import REDIRECT_URI, Box
from tests.simulator.conftest import OTHER


@dataclass
class Listener:
    """Stands where sp-connect listens. `box` is where a hop is sent on to."""

    listen: str
    box: str
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def listening(box: Box) -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            noted.asked.append({"path": parts.path, **asked})
            if "amazon_callback_uri" in asked:
                back = {"amazon_state": asked["amazon_state"], "state": "s1", "redirect_uri": REDIRECT_URI}
                self.send_response(302)
                target = asked["amazon_callback_uri"].replace("https:/", noted.box)
                self.send_header("Location", f"{target}?{urlencode(back)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        noted = Listener(f"127.0.0.1:{server.server_address[1]}", box.base)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield noted
        server.shutdown()
        thread.join()


@pytest.fixture
def listener(box: Box) -> Iterator[Listener]:
    with listening(box) as listener:
        yield listener


def test_seller_confirms_and_hands_on_as_the_relay_does(box: Box, listener: Listener) -> None:
    assert seller.confirm(box.consent_address(), "acme", listener.listen) is None
    (asked,) = listener.asked
    assert asked["path"] == "/callback"
    assert (asked["state"], asked["selling_partner_id"]) == ("s1", "A2EXAMPLE1234")
    assert box.exchange(asked["spapi_oauth_code"]).status_code == 200


def test_any_seller_can_be_simulated(box: Box, listener: Listener) -> None:
    seller.confirm(box.consent_address("sellercentral.amazon.co.jp"), "north-star", listener.listen)
    (given,) = box.world.authorizations()
    assert (given.account.company, given.countries) == ("North Star", ("JP",))


def test_seller_follows_the_login_uri_hop(box: Box, listener: Listener) -> None:
    box.world.faults.add(Fault("consent", "hop"))
    assert seller.confirm(box.consent_address(), "acme", listener.listen) is None
    first, second = listener.asked
    assert "amazon_callback_uri" in first
    assert "spapi_oauth_code" in second


def test_seller_hands_a_denial_on(box: Box, listener: Listener) -> None:
    box.world.faults.add(Fault("consent", "denied"))
    assert seller.confirm(box.consent_address(), "acme", listener.listen) is None
    assert listener.asked[0]["error"] == "access_denied"


def test_a_seller_elsewhere_is_left_with_the_address(box: Box, listener: Listener) -> None:
    rest = seller.confirm(box.consent_address(state="away.s1"), "acme", listener.listen)
    assert rest is not None
    assert rest.startswith(f"{box.base}/agency.example/sp-connect?state=away.s1&")
    assert listener.asked == []


def test_a_seller_is_never_led_out_of_the_box(box: Box, listener: Listener) -> None:
    rest = seller.confirm(box.consent_address(app=OTHER), "acme", listener.listen)
    assert rest is not None
    assert rest.startswith("https://other.example/back?a=b&state=s1&")
    assert listener.asked == []


def test_a_seller_without_a_listener_is_left_with_the_address(box: Box) -> None:
    rest = seller.confirm(box.consent_address(), "acme", f"127.0.0.1:{free_port()}")
    assert rest is not None
    assert "spapi_oauth_code" in rest


@pytest.mark.parametrize("application_id", ["unknown", ""])
def test_a_seller_does_no_more_than_read_an_error_page(box: Box, listener: Listener, application_id: str) -> None:
    address = box.consent_address(application_id=application_id)
    assert seller.confirm(address, "acme", listener.listen) is None
    assert listener.asked == []


def test_a_seller_that_does_not_sell_there_confirms_nothing(box: Box, listener: Listener) -> None:
    assert seller.confirm(box.consent_address(), "delta", listener.listen) is None
    assert box.world.authorizations() == ()
    assert listener.asked == []


def test_a_box_that_does_not_answer_is_unreachable() -> None:
    with pytest.raises(errors.Unreachable):
        seller.confirm(f"http://127.0.0.1:{free_port()}/x/apps/authorize/consent", "acme", "127.0.0.1:1")


def test_a_box_that_breaks_off_is_unreachable(box: Box, listener: Listener) -> None:
    box.world.faults.add(Fault("consent", "drop"))
    with pytest.raises(errors.Unreachable):
        seller.confirm(box.consent_address(), "acme", listener.listen)
