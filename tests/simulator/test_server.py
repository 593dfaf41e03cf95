"""The box itself: where it listens, what it lets in, and how it ends."""

from __future__ import annotations

import json
import socket
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from sp_connect.simulator.faults import Fault
from sp_connect.simulator.server import MOST_BYTES, Simulator
from sp_connect.simulator.world import World
from tests.simulator.box import Box, Clock


def raw(box: Box, request: str) -> bytes:
    """The whole answer to a request as it is typed."""
    port = int(box.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def test_every_answer_tells_the_time_of_its_own_clock(box: Box, clock: Clock) -> None:
    for moment in (datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)):
        clock.now = moment

        answer = requests.get(f"{box.base}/nowhere.example/", timeout=10)

        assert parsedate_to_datetime(answer.headers["Date"]) == moment


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/www.amazon.com/",
        "/api.amazon.com/auth/o2/token",
        "/api.amazon.com/user/profile",
        "/sellingpartnerapi-eu.amazon.com/sellers/v1/account",
        "/sellercentral.amazon.com/",
        "/sellercentral.amazon.com/apps/manage/other",
        "/simulator/faults",
        "/simulator/other",
        "/agency.example/",
    ],
)
def test_anything_else_is_not_there(box: Box, path: str) -> None:
    assert requests.get(box.base + path, timeout=10).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_host_header_is_misdirected(box: Box, host: str) -> None:
    answer = raw(box, f"GET /simulator/state HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421 ")


def test_a_host_header_that_comes_twice_is_misdirected(box: Box) -> None:
    host = box.base.removeprefix("http://")
    answer = raw(box, f"GET /simulator/state HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421 ")


def test_a_body_that_is_too_long_is_refused(box: Box) -> None:
    address = f"{box.base}/api.amazon.com/auth/o2/token"
    assert requests.post(address, data=b"x" * MOST_BYTES, timeout=10).status_code == 400
    assert requests.post(address, data=b"x" * (MOST_BYTES + 1), timeout=10).status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "1_0", "9" * 30])
def test_a_length_that_is_none_is_refused(box: Box, length: str) -> None:
    host = box.base.removeprefix("http://")
    answer = raw(box, f"POST /simulator/faults HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_is_refused(box: Box) -> None:
    answer = requests.post(f"{box.base}/simulator/faults", data=iter([b"x"]), timeout=10)
    assert answer.status_code == 411


def test_too_many_parameters_are_refused(box: Box) -> None:
    query = "&".join(f"a{number}=1" for number in range(200))
    assert requests.get(f"{box.base}/simulator/state?{query}", timeout=10).status_code == 400


def test_an_idle_connection_holds_nobody_up(box: Box) -> None:
    port = int(box.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        assert requests.get(f"{box.base}/simulator/state", timeout=10).status_code == 200


def test_it_listens_on_loopback_alone(box: Box) -> None:
    assert box.base.startswith("http://127.0.0.1:")


def test_state_shows_what_happened_and_no_secret(box: Box) -> None:
    tokens = box.tokens()
    box.participations(tokens["access_token"])
    code = box.code()
    answer = requests.get(f"{box.base}/simulator/state", timeout=10)
    state = answer.json()
    assert state["requests"] == {"consent": 2, "token": 1, "sellers": 1, "simulator": 1}
    assert [given["selling_partner_id"] for given in state["authorizations"]] == ["A2EXAMPLE1234"] * 2
    assert state["authorizations"][0]["authorized_at"] == "2026-11-22T10:00:00+00:00"
    assert {account["slug"] for account in state["accounts"]} == {"acme", "bravo", "charlie-gmbh", "delta"}
    keys = [given.key for given in box.world.authorizations()]
    secrets = [tokens["access_token"], tokens["refresh_token"], code, *keys]
    secrets += [app.client_secret for app in box.world.apps if app.client_secret]
    assert not [secret for secret in secrets if secret in answer.text]


def test_a_client_secret_is_not_in_an_apps_repr(box: Box) -> None:
    assert "amzn1.oa2-cs" not in repr(box.world.apps)


def test_many_clients_at_once_are_served(box: Box) -> None:
    codes = [box.code(company=f"seller-{number}") for number in range(24)]
    found: list[int] = []
    threads = [threading.Thread(target=lambda c=code: found.append(box.exchange(c).status_code)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 24


def test_it_ends_in_the_middle_of_a_delay_and_frees_its_port() -> None:
    world = World(now=Clock())
    world.faults.add(Fault("token", "delay", seconds=3600))
    with Simulator(world) as simulator:
        port = int(simulator.base_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /api.amazon.com/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
    with Simulator(World(), port=port) as again:
        assert again.base_url == f"http://127.0.0.1:{port}"


def test_a_simulator_that_never_started_can_be_stopped() -> None:
    Simulator(World()).stop()


def test_relays_name_their_own_listener() -> None:
    relays = {"https://me.example/a": "127.0.0.1:9001", "https://you.example/b": "127.0.0.1:9002"}
    with Simulator(World(), relays=relays, relay_page=json.dumps) as simulator:
        assert requests.get(f"{simulator.base_url}/me.example/a?x=1", timeout=10).json() == "127.0.0.1:9001"
        assert requests.get(f"{simulator.base_url}/you.example/b", timeout=10).json() == "127.0.0.1:9002"
        assert requests.get(f"{simulator.base_url}/agency.example/sp-connect", timeout=10).status_code == 404
