"""An account whose every name is an attack, from its consent to each file: the whole program shows it as text."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree as ET

import icalendar
import pytest

from sp_connect.simulator import lwa
from sp_connect.simulator.messages import Answer, Request, data
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import agency as agencies
from tests.agency import Agency, Clock
from tests.cli.program import PASSPHRASE, Program, plain
from tests.leaks.hostile import obeyed
from tests.leaks.test_hostile_views import Shape

NAME = "\x1b]0;owned\x07\u202egnp.[/]\r\n=HYPERLINK(1)<script>alert(1)</script>\x9b2J\u200b\ud800"
ACCOUNT = "=1+1;|'<img/src=x>[bold]$title"
REFUSED = f"invalid_{NAME}"


class Hostile(Simulator):
    """An Amazon in whose answers every word is chosen by somebody who means harm. `refuses` says that it refuses."""

    refuses = False

    def answer(self, request: Request) -> Answer:
        if self.refuses and request.host == lwa.HOST:
            words = {"error": "invalid_grant", "error_description": NAME, "request_id": NAME}
            return data(words, 400)
        if self.refuses and "sellingpartnerapi" in request.host:
            return data({"errors": [{"code": NAME, "message": NAME, "details": NAME}]}, 403)
        answer = super().answer(request)
        if b'"payload"' in answer.body:
            return dataclasses.replace(answer, body=json.dumps(_renamed(json.loads(answer.body))).encode())
        location = urlsplit(answer.headers.get("Location", ""))
        query = [(key, ACCOUNT if key == "selling_partner_id" else value) for key, value in parse_qsl(location.query)]
        if (("selling_partner_id", ACCOUNT)) in query:
            headers = {**answer.headers, "Location": location._replace(query=urlencode(query)).geturl()}
            return dataclasses.replace(answer, headers=headers)
        return answer


def _renamed(answer: dict[str, Any]) -> dict[str, Any]:
    """The account's marketplaces under other names, and one that nobody knows yet."""
    for entry in answer["payload"]:
        entry["storeName"] = NAME
        entry["marketplace"] |= {"name": NAME, "domainName": NAME, "defaultCurrencyCode": NAME, "countryCode": NAME}
    unknown = {"id": NAME, "name": NAME, "domainName": f"www.amazon.{NAME}", "countryCode": NAME}
    answer["payload"].append({"marketplace": unknown, "participation": {}, "storeName": NAME})
    return answer


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    home = tmp_path_factory.mktemp("hostile") / "home"
    listen = f"127.0.0.1:{agencies.free_port()}"
    with Hostile(World(), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        yield agencies.build(home, simulator, Clock(datetime.now(UTC)), listen, io.StringIO(), io.StringIO())


@pytest.fixture(scope="module")
def program(office: Agency) -> Program:
    """The program once it has connected the account."""
    env = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
    env |= {"SP_CONNECT_AMAZON_URL": office.simulator.base_url}
    made = Program(office.folder, env, office.simulator, office.app.listen)
    connected = made.connect("-s", "acme", "-r", "eu", "--app", "default")
    assert connected.code == 0, connected
    assert ACCOUNT in connected.stdout, "the account is shown as it is called"
    assert obeyed(connected.stdout + connected.stderr) == []
    with (office.folder / "config.toml").open("a") as config:
        config.write(
            f'\n[apps.other]\nsecret_ref = "x"\nsecret_set_at = 2026-11-22T10:00:00Z\nlisten = {_toml(NAME)}\n'
        )
        config.write("".join(f"{key} = {_toml(NAME)}\n" for key in ("application_id", "client_id", "redirect_uri")))
        config.write(f"access_level = {_toml(NAME)}\n")
    return made


def _toml(text: str) -> str:
    return json.dumps(text.replace("\ud800", ""))


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--matrix"),
        ("list", "--csv"),
        ("show", "-s", "acme"),
        ("verify",),
        ("app", "show", "other"),
        ("app", "show", "other", "--json"),
    ],
    ids=" ".join,
)
def test_nothing_that_is_told_is_obeyed(program: Program, arguments: tuple[str, ...]) -> None:
    result = program.run("-v", *arguments)

    assert result.code == 0, result
    assert obeyed(result.stdout + result.stderr) == []


def test_nor_is_what_a_terminal_shows(program: Program) -> None:
    with program.terminal("show", "-s", "acme") as child:
        shown = plain(str(child.read()))

    assert obeyed(shown) == []
    assert ACCOUNT in shown


def test_what_amazon_says_of_a_failure_is_text(office: Agency, program: Program) -> None:
    simulator = office.simulator
    assert isinstance(simulator, Hostile)
    simulator.refuses = True
    try:
        result = program.run("-v", "verify", "--json")
    finally:
        simulator.refuses = False

    assert result.code == 3, result.stderr
    assert obeyed(result.stdout + result.stderr) == []
    said = result.error()["amazon"]
    assert (said["error_description"], said["request_id"]) == (NAME, NAME)
    assert result.stderr.splitlines()[-3].startswith("error: ")
    assert "gnp.[/]  =HYPERLINK(1)" in result.stderr.splitlines()[-3]
    assert program.run("verify").code == 0


def test_files_have_the_form_that_they_always_have(program: Program, tmp_path: Path) -> None:
    files = {ending: tmp_path / f"list.{ending}" for ending in ("html", "svg", "ics")}
    flags = [part for ending, path in files.items() for part in (f"--{ending}", str(path))]

    result = program.run("list", "--csv", *flags)

    assert result.code == 0, result
    [head, row] = csv.reader(io.StringIO(result.stdout))
    assert dict(zip(head, row, strict=True))["selling_partner_id"] == f"'{ACCOUNT.replace(';', ';' + chr(39))}"
    page = files["html"].read_text()
    assert not {"script", "img"} & {tag for tag, _ in Shape(page).elements}
    assert ACCOUNT in Shape(page).text
    assert ET.parse(files["svg"]).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert len(icalendar.Calendar.from_ical(files["ics"].read_text()).walk("VEVENT")) == 3
    assert obeyed(files["svg"].read_text() + files["ics"].read_text().replace("\r\n", "\n")) == []


def test_what_is_written_down_is_what_amazon_said(office: Agency, program: Program) -> None:
    assert program.run("verify").code == 0

    record = tomllib.loads((office.folder / "connections" / "acme.toml").read_text())

    [one] = record["connection"]
    assert record.keys() == {"schema", "seller", "connection"}
    assert one["selling_partner_id"] == ACCOUNT
    assert {m["store_name"] for m in one["marketplaces"]} == {NAME.replace("\ud800", "?")}
