"""An Amazon that repeats all it was ever sent, in its refusals and in the names of stores: nobody is told it."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl

import pytest

from sp_connect.simulator import lwa, seller
from sp_connect.simulator.messages import Answer, Request, data
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN
from tests import agency as agencies
from tests.agency import Clock
from tests.cli.program import PASSPHRASE, Program, Result
from tests.commands.given import connected
from tests.contract.given import Given, leaks
from tests.leaks.sentinels import Remembering

Manner = Literal["names", "grant", "client", "denied", "type"]


class Echoing(Simulator):
    """`manner` is how: in the names of stores, in a refusal of the one host or the other, or in the Content-Type."""

    manner: Manner = "names"
    heard = ""

    def answer(self, request: Request) -> Answer:
        is_token, is_check = request.host == lwa.HOST, "sellingpartnerapi" in request.host
        if not (is_token or is_check):
            return super().answer(request)
        form = request.body.decode()
        now = " ".join([form, *(value for _, value in parse_qsl(form)), str(request.headers)])
        # A code of another request is of no form that is known, and spent.
        self.heard += now if is_check or "code=" not in form else ""
        said = f"you said {now} {self.heard}"
        if self.manner in {"grant", "client"} and is_token:
            word = "invalid_grant" if self.manner == "grant" else "invalid_client"
            return data({"error": word, "error_description": said, "request_id": said}, 400)
        if self.manner == "type":
            return Answer(200, b"<html>", {"Content-Type": f"text/{said}", "x-amzn-RequestId": said})
        if self.manner == "denied" and is_check:
            head = {"x-amzn-RequestId": said}
            return data({"errors": [{"code": said, "message": said, "details": said}]}, 403, head)
        answer = super().answer(request)
        if is_check:
            content = json.loads(answer.body)
            for entry in content["payload"]:
                entry["storeName"] = said
                entry["marketplace"] |= {"name": said, "domainName": said, "defaultCurrencyCode": said}
            return dataclasses.replace(answer, body=json.dumps(content).encode())
        return answer


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    folder = tmp_path_factory.mktemp("echoing")
    listen = f"127.0.0.1:{agencies.free_port()}"
    with Echoing(Remembering(), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        clock = Clock(datetime.now(UTC))
        office = agencies.build(folder / "home", simulator, clock, listen, io.StringIO(), io.StringIO())
        env = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
        env |= {"SP_CONNECT_AMAZON_URL": simulator.base_url}
        yield Given(office, Program(office.folder, env, simulator, listen), folder)


@pytest.fixture
def echo(given: Given) -> Echoing:
    assert isinstance(given.office.simulator, Echoing)
    return given.office.simulator


def connect(given: Given, name: str) -> Result:
    return given.program.connect("-s", name, "-r", "eu", "--json", company=name)


def accept(given: Given, name: str) -> Result:
    [invite] = given.run("invite", "-s", name, "-r", "eu", "--json").json()
    return given.run("-v", "accept", str(seller.confirm(invite["url"], name, given.program.listen)), "--json")


def verify(given: Given, name: str) -> Result:
    connected(given.office, name)
    return given.run("-v", "verify", "-s", name, "--json")


def token(given: Given, name: str) -> Result:
    connected(given.office, name)
    return given.run("-v", "token", "-s", name, "-r", "eu", "--json")


WAYS = {"connect": connect, "accept": accept, "verify": verify, "token": token}


@pytest.mark.parametrize(
    ("way", "manner", "code"),
    [
        ("connect", "names", 0),
        ("connect", "grant", 3),
        ("accept", "denied", 3),
        ("verify", "denied", 0),
        ("verify", "type", 5),
        ("token", "client", 3),
    ],
)
def test_nothing_of_it_is_told_or_kept(given: Given, echo: Echoing, way: str, manner: Manner, code: int) -> None:
    echo.manner = manner

    result = WAYS[way](given, f"{way}-{manner}")

    assert result.code == code, result
    if (way, manner) != ("verify", "denied"):  # its note for each app quotes nothing
        assert "***" in json.dumps([result.stdout, result.stderr]), "what was said is shown, but for the secrets"
    assert leaks(given, result) == []
    if manner == "names":
        listed = given.run("list", "--json", "-s", f"{way}-{manner}")
        assert "***" in listed.stdout
        assert leaks(given, listed) == []
