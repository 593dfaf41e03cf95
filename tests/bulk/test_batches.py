"""Connections kept a batch of sellers at a time: what is wrong with one seller stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.bulk import batches
from sp_connect.bulk.batches import Found
from sp_connect.bulk.known_accounts import Accounts
from sp_connect.bulk.reading import Outcome, Row
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home.transactions import Transactions
from tests.agency import Agency, writing
from tests.commands.given import kept, record, token_of

NAMES = [f"c-{number}" for number in range(9)]


def found(line: int, name: str, region: str = "eu") -> Found:
    made = record(name, region, selling_partner_id=f"A{line}")
    token = Secret(f"Atzr|{line}")
    return Found(Row(line, made.scope, made.selling_partner_id, None, token), made, token)


def keep(agency: Agency, some: Sequence[Found]) -> tuple[Outcome, int]:
    """What becomes of rows, and how often somebody was told of one that is done."""
    outcome = Outcome()
    advanced: list[bool] = []
    batches.keep(agency.runtime, Accounts(agency.runtime), some, outcome, lambda: advanced.append(True))
    return outcome, len(advanced)


def test_all_are_kept_with_their_tokens(agency: Agency) -> None:
    places = [(name, region) for name in NAMES for region in ("na", "eu")]
    some = [found(line, *place) for line, place in enumerate(places, 2)]

    outcome, advanced = keep(agency, some)

    assert outcome.connections == [one.connection for one in some]
    assert [kept(agency, one.connection) for one in some] == [one.connection for one in some]
    assert [token_of(agency, one.connection) for one in some] == [one.token.reveal() for one in some]
    assert (outcome.failures, advanced) == ([], len(some))
    assert agency.runtime.changes.unfinished() == ()


@pytest.mark.parametrize("damaged", [NAMES[:1], NAMES[-1:], NAMES[2:4], NAMES[1::3], NAMES])
def test_damaged_files_stop_their_sellers_alone(agency: Agency, damaged: list[str]) -> None:
    sealed = agency.folder / "vault" / "sellers"
    sealed.mkdir(exist_ok=True)
    for name in damaged:
        (sealed / f"{name}.sealed").write_bytes(b"?")

    outcome, advanced = keep(agency, [found(line, name) for line, name in enumerate(NAMES, 2)])

    assert [failure.lines for failure in outcome.failures] == [(NAMES.index(name) + 2,) for name in damaged]
    assert {failure.code for failure in outcome.failures} == {"damaged"}
    good = [name for name in NAMES if name not in damaged]
    assert [one.scope.seller for one in agency.runtime.connections.all()] == good
    assert [token_of(agency, one)[:5] for one in outcome.connections] == ["Atzr|"] * len(good)
    assert all((sealed / f"{name}.sealed").read_bytes() == b"?" for name in damaged)
    assert advanced == len(NAMES)

    [entry] = agency.runtime.changes.unfinished()
    assert [name for name in NAMES if f'"{name}"' in entry.read_text()] == damaged
    for name in damaged:
        (sealed / f"{name}.sealed").unlink()
    with writing(agency.runtime):
        assert agency.runtime.changes.unfinished() == ()


class Broken:
    """A secret store that is damaged itself, though every owner's file is sound."""

    def __init__(self, behind: secret_store.SecretStore) -> None:
        self.name, self.fetch, self.describe = behind.name, behind.fetch, behind.describe
        self.keep, self.forget, self.forget_all = behind.keep, behind.forget, behind.forget_all

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:  # noqa: ARG002 - the store's signature
        raise errors.Damaged(Path("vault.toml"), "its checksum does not match")


def test_what_is_wrong_with_the_whole_store_is_told_once_for_all_that_is_left(agency: Agency) -> None:
    home, runtime = agency.folder, agency.runtime
    store = Broken(runtime.secrets)
    broken = Transactions(home / "unfinished", home / "lock", runtime.apps, runtime.connections, runtime.invites, store)
    outcome = Outcome()

    batches.keep(
        replace(runtime, changes=broken),
        Accounts(runtime),
        [found(line, name) for line, name in enumerate(NAMES, 2)],
        outcome,
        lambda: None,
    )

    [failure] = outcome.failures
    assert (failure.code, failure.exit_code, len(failure.lines)) == ("damaged", 4, len(NAMES))
    assert runtime.connections.all() == ()


def test_what_another_process_connected_meanwhile_is_seen_under_the_lock(agency: Agency) -> None:
    accounts = Accounts(agency.runtime)
    accounts.refresh()
    with writing(agency.runtime):
        agency.runtime.changes.keep_connection(record("faster", selling_partner_id="A2"), Secret("Atzr|faster"))
    outcome = Outcome()

    batches.keep(agency.runtime, accounts, [found(2, "a"), found(3, "b")], outcome, lambda: None)

    assert [(failure.code, failure.message) for failure in outcome.failures] == [
        ("duplicate-account", "Line 2: A2 is already connected, as faster in Europe & India.")
    ]
    assert [one.scope.seller for one in agency.runtime.connections.all()] == ["b", "faster"]


def test_an_app_that_was_removed_meanwhile_keeps_nothing_of_its_own(agency: Agency) -> None:
    one = found(2, "a")
    gone = one._replace(connection=one.connection._replace(app="gone"))

    outcome, _ = keep(agency, [gone, found(3, "b")])

    [failure] = outcome.failures
    assert (failure.code, failure.lines) == ("not-found", (2,))
    assert [made.scope.seller for made in outcome.connections] == ["b"]


def test_trouble_is_told_and_the_row_kept(agency: Agency) -> None:
    one = found(2, "a")
    trouble = errors.KeptUnchecked(one.row.scope, errors.Throttled("amazon.example"))

    outcome, _ = keep(agency, [one._replace(trouble=trouble)])

    assert [(failure.code, failure.exit_code, failure.lines) for failure in outcome.failures] == [
        ("throttled", 5, (2,))
    ]
    assert outcome.connections == [one.connection]
