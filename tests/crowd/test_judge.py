"""The judge of the crowd finds each kind of untruth, and nothing where all is true."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program, Result
from tests.crowd import town as towns
from tests.crowd.deeds import KILLED, Answer, Command, Seller
from tests.crowd.judge import Judge
from tests.crowd.town import Town

ACME = Seller("acme", ("acme",), "app-0", turns=False)
BRAVO = Seller("bravo", ("bravo", "bravo-ltd"), "app-0", turns=False)
SELLERS = (ACME, BRAVO)
NOW = datetime.now(UTC).timestamp()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    apps = {"app-0": towns.app(0)}
    return Town(Program(tmp_path), towns.TurningWorld(tuple(apps.values()), frozenset()), apps, {})


def row(town: Town, of: Seller, since: float, **more: Any) -> dict[str, Any]:
    when = datetime.fromtimestamp(int(since), UTC).isoformat()
    account = town.account(of.company, "na").selling_partner_id
    known = {"seller": of.names[0], "region": "na", "selling_partner_id": account}
    return known | {"status": "connected", "authorized_at": when, "app": "app-0"} | more


def answer(kind: str, of: Seller, at: float, printed: object = None, error: str | None = None, code: int = 0) -> Answer:
    """What a command of two seconds said."""
    command = Command(kind, of.company, of.names[0], "na", of.app, (kind,), to=of.names[-1] if kind == "rename" else "")
    told = json.dumps({"error": {"code": error, "message": "", "hint": None, "amazon": None}}) if error else ""
    result = Result(code or (4 if error else 0), "" if printed is None else json.dumps(printed), told)
    return Answer(command, NOW + at, NOW + at + 2, result)


def connected(town: Town, of: Seller, at: float) -> Answer:
    return answer("connect", of, at, [row(town, of, NOW + at + 1)])


def complaints(town: Town, *answers: Answer) -> list[str]:
    return Judge(town, SELLERS, answers).complaints()


def bravo(town: Town) -> dict[str, Any]:
    return row(town, BRAVO, NOW + 1)


def test_what_is_true_finds_no_complaint(town: Town) -> None:
    made = row(town, ACME, NOW + 1)
    told = [
        connected(town, BRAVO, 0),
        connected(town, ACME, 0),
        answer("list", ACME, 5, [made, bravo(town)]),
        answer("revoke", ACME, 10, [made]),
        answer("list", ACME, 15, [bravo(town)]),
        answer("rename", BRAVO, 20, [row(town, BRAVO, NOW + 1, seller="bravo-ltd")]),
        answer("show", BRAVO, 25, error="not-found", code=6),
    ]
    assert complaints(town, *told) == []


def test_a_list_without_what_was_connected_is_untrue(town: Town) -> None:
    [found] = complaints(
        town, connected(town, BRAVO, 0), connected(town, ACME, 0), answer("list", ACME, 5, [bravo(town)])
    )
    assert "acme na was never Absent" in found


def test_a_list_with_what_was_revoked_is_untrue(town: Town) -> None:
    made = row(town, ACME, NOW + 1)
    revoked = answer("revoke", ACME, 5, [made])
    listed = answer("list", ACME, 10, [made, bravo(town)])
    [found] = complaints(town, connected(town, BRAVO, 0), connected(town, ACME, 0), revoked, listed)
    assert "acme na was never Present" in found


@pytest.mark.parametrize("names", [(), ("bravo", "bravo-ltd")])
def test_a_list_with_a_seller_twice_or_not_at_all_is_untrue(town: Town, names: tuple[str, ...]) -> None:
    rows = [row(town, BRAVO, NOW + 1, seller=name) for name in names]
    [found] = complaints(town, connected(town, BRAVO, 0), answer("list", ACME, 5, rows))
    assert found.startswith("bravo as ")


def test_a_name_that_nobody_gave_is_untrue(town: Town) -> None:
    moved = row(town, BRAVO, NOW + 1, seller="bravo-ltd")
    [found] = complaints(town, connected(town, BRAVO, 0), answer("list", ACME, 5, [moved]))
    assert "bravo name was never Named(name='bravo-ltd')" in found


@pytest.mark.parametrize("company", ["acme", "bravo"])
def test_a_token_is_the_sellers_own_or_untrue(town: Town, company: str) -> None:
    given = town.give(company, "na", "app-0")
    token = town.world.access_token(given)
    at = given.authorized_at.timestamp() - NOW - 1
    found = complaints(town, connected(town, ACME, at), answer("token", ACME, at + 5, {"access_token": token}))
    assert [one.partition(":")[0] for one in found] == (
        [] if company == "acme" else [f"a token of {given.account.selling_partner_id}"]
    )


def test_a_token_that_amazon_never_gave_is_untrue(town: Town) -> None:
    made = answer("token", ACME, 5, {"access_token": "Atza|made-up"})
    assert [one.partition(":")[0] for one in complaints(town, connected(town, ACME, 0), made)] == [
        "a token that Amazon never gave"
    ]


def test_a_connection_of_another_account_is_untrue(town: Town) -> None:
    other = town.account("bravo", "na").selling_partner_id
    wrong = answer("connect", ACME, 0, [row(town, ACME, NOW + 1, selling_partner_id=other)])
    [found] = complaints(town, wrong)
    assert found.startswith(f"a connection of acme ({other})")


def test_a_good_connection_that_is_called_rejected_is_untrue(town: Town) -> None:
    checked = answer("verify", ACME, 5, [row(town, ACME, NOW + 1, status="rejected")])
    [found] = complaints(town, connected(town, ACME, 0), checked)
    assert found.startswith("a connection that is rejected")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("token", "missing-token"), ("verify", "rejected"), ("connect", "store-locked"), ("import", "duplicate-account")],
)
def test_an_answer_that_no_command_must_give_is_found(town: Town, kind: str, error: str) -> None:
    [found] = complaints(town, answer(kind, ACME, 0, error=error))
    assert found.startswith(f"an answer that it must not give ({error})")


@pytest.mark.parametrize(("kind", "error"), [("connect", "port-taken"), ("revoke", "refused"), ("accept", "not-found")])
def test_who_says_that_another_was_in_its_way_needs_that_other(town: Town, kind: str, error: str) -> None:
    told = answer(kind, ACME, 0, error=error)
    beside = connected(town, ACME, 1)
    if kind == "accept":
        beside = replace(beside, command=replace(beside.command, kind="accept"))
    assert complaints(town, told, beside) == []
    [found] = complaints(town, told, replace(beside, began=NOW + 3, ended=NOW + 4))
    assert found.startswith("nobody was in its way")


@pytest.mark.parametrize("code", [1, KILLED])
def test_a_defect_and_a_command_that_hung_are_found(town: Town, code: int) -> None:
    [found] = complaints(town, answer("show", ACME, 0, error="bug", code=code))
    assert found.startswith("a defect")


def test_what_is_left_is_held_against_what_was_said_last(town: Town) -> None:
    judge = Judge(town, SELLERS, [connected(town, BRAVO, 0), connected(town, ACME, 0)])
    assert judge.ends([bravo(town)], NOW + 20) == []
    [found] = judge.complaints()
    assert "acme na was never Absent" in found
