"""`list`: filters, and statuses as of a day. Local files alone."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any, get_args

import pytest

from sp_connect import errors
from sp_connect.cli.filters import Selection
from sp_connect.commands import list as listing
from sp_connect.models import Status
from sp_connect.terminal import text
from sp_connect.views import csv_output as spreadsheet
from sp_connect.views import data
from tests.agency import NOON, Agency
from tests.commands.given import connected, names, record, selected, shell


def run(agency: Agency, **filters: Any) -> list[str]:
    return names(listing.run(agency.runtime, selected(**filters))[0])


@pytest.fixture(scope="module")
def clients(still: Agency) -> Agency:
    """Connections of every kind, the clock 350 days after the oldest."""
    agency = still
    connected(agency, "acme", "eu")
    agency.clock.pass_by(days=300)
    connected(agency, "acme", "na", app="other")
    connected(agency, "acme", "fe", "JP", standing="unchecked", verified_at=None, marketplaces=())
    connected(agency, "bravo", "eu", standing="rejected")
    connected(agency, "charlie-gmbh", "eu", "IN", standing="missing-token")
    agency.clock.pass_by(days=50)
    return agency


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["acme na", "acme eu", "acme fe-JP", "bravo eu", "charlie-gmbh eu-IN"]),
            ({"seller": "acme"}, ["acme na", "acme eu", "acme fe-JP"]),
            ({"region": "EU"}, ["acme eu", "bravo eu", "charlie-gmbh eu-IN"]),
            ({"country": "jp"}, ["acme fe-JP"]),
            ({"country": "IN"}, ["charlie-gmbh eu-IN"]),
            ({"app": "other"}, ["acme na"]),
            ({"app": "default", "region": "fe", "status": "due"}, []),
            ({"status": "due"}, ["acme eu"]),
            ({"status": "Due"}, ["acme eu"]),
            ({"status": "connected"}, ["acme na"]),
            ({"status": "unchecked"}, ["acme fe-JP"]),
            ({"status": "rejected"}, ["bravo eu"]),
            ({"status": "missing-token"}, ["charlie-gmbh eu-IN"]),
            ({"status": "expired"}, []),
            ({"due": 15}, ["acme eu"]),
            ({"due": 14}, []),
            ({"due": 315}, ["acme na", "acme eu", "acme fe-JP", "bravo eu", "charlie-gmbh eu-IN"]),
            ({"seller": "acme", "region": "eu"}, ["acme eu"]),
            ({"seller": "acme", "status": "rejected"}, []),
            ({"seller": ["acme", "bravo"]}, ["acme na", "acme eu", "acme fe-JP", "bravo eu"]),
            ({"seller": ["bravo", "acme", "bravo"], "region": "eu"}, ["acme eu", "bravo eu"]),
            ({"seller": "*r*"}, ["bravo eu", "charlie-gmbh eu-IN"]),
            ({"seller": ["b?avo", "acme"], "region": ["na", "EU"]}, ["acme na", "acme eu", "bravo eu"]),
            ({"region": ["na", "fe"]}, ["acme na", "acme fe-JP"]),
            ({"region": ["eu", "fe"], "country": ["JP", "in"]}, ["acme fe-JP", "charlie-gmbh eu-IN"]),
            ({"status": ["rejected", "unchecked"]}, ["acme fe-JP", "bravo eu"]),
            ({"app": ["other", "default"], "region": "na"}, ["acme na"]),
        ],
    )
    def test_each_filter_leaves_what_it_says(
        self, clients: Agency, filters: dict[str, Any], expected: list[str]
    ) -> None:
        assert run(clients, **filters) == expected

    @pytest.mark.parametrize(
        "filters",
        [
            {"seller": "ACME"},
            {"seller": "../x"},
            {"region": "asia"},
            {"country": "XX"},
            {"region": "eu", "country": "JP"},
            {"region": ["eu", "na"], "country": ["DE", "JP"]},
            {"seller": ["acme", "ACME"]},
            {"status": ["due", "fine"]},
            {"status": "fine"},
            {"app": "nobody's"},
        ],
    )
    def test_what_cannot_be_meant_is_a_usage_error(self, clients: Agency, filters: dict[str, Any]) -> None:
        with pytest.raises(errors.Usage) as failure:
            run(clients, **filters)

        assert failure.value.hint

    @pytest.mark.parametrize(
        ("seller", "hint"),
        [
            ("nobody", "sp-connect list shows what is connected"),
            (["acme", "nobody"], "sp-connect list shows what is connected"),
            ("acmee", "did you mean acme? sp-connect list shows what is connected"),
            (["bravo", "charlie"], "did you mean charlie-gmbh? sp-connect list shows what is connected"),
            ("x*", "sp-connect list shows what is connected"),
            (["acme", "x*"], "sp-connect list shows what is connected"),
        ],
    )
    def test_a_seller_that_does_not_exist_is_not_found_and_a_near_one_is_named(
        self, clients: Agency, seller: str | list[str], hint: str
    ) -> None:
        with pytest.raises(errors.NoSuchConnection) as failure:
            run(clients, seller=seller)

        assert failure.value.hint == hint

    def test_a_pattern_without_a_match_is_called_a_pattern(self, clients: Agency) -> None:
        with pytest.raises(errors.NoSuchConnection, match=r"^No seller that is connected has a name like x\*\.$"):
            run(clients, seller="x*")

    def test_an_app_that_does_not_exist_is_not_found_and_one_without_connections_is_no_failure(
        self, agency: Agency
    ) -> None:
        connected(agency, app="gone")

        with pytest.raises(errors.NoSuchApp) as failure:
            run(agency, app="nobody")

        assert failure.value.exit_code == 6
        assert failure.value.hint == "known apps: default; for details: sp-connect app list"
        assert run(agency, app="default") == []
        assert run(agency, app="gone") == ["acme eu"]

    def test_an_app_of_which_a_damaged_file_may_tell_is_no_slip(self, agency: Agency) -> None:
        (agency.folder / "connections").mkdir()
        (agency.folder / "connections" / "acme.toml").write_text("= nonsense")

        with pytest.raises(errors.Damaged):
            listing.command(shell(agency).context, app=["nobody"])

    def test_every_status_may_be_asked_for(self, clients: Agency) -> None:
        for status in get_args(Status):
            run(clients, status=status)

    def test_nothing_like_that_is_told_and_no_failure(self, clients: Agency) -> None:
        given = shell(clients)

        listing.command(given.context, status=["expired"])

        assert given.printed() == ""
        assert "No connection matches these filters." in clients.said()

    @pytest.mark.parametrize(("days", "said"), [(14, "Nothing is due within 14 days. "), (0, "Nothing has ended. ")])
    def test_that_nothing_is_due_is_said_so(self, clients: Agency, days: int, said: str) -> None:
        listing.command(shell(clients).context, due=days)

        assert said in clients.said()

    def test_of_a_pattern_the_damaged_files_that_match_it_are_told(self, agency: Agency) -> None:
        connected(agency, "acme")
        for name in ("acme-2", "bravo"):
            (agency.folder / "connections" / f"{name}.toml").write_text("= nonsense")

        with pytest.raises(errors.Damaged, match="acme-2"):
            listing.command(shell(agency).context, seller=["acme*"])

    def test_amazon_is_not_asked(self, clients: Agency) -> None:
        listing.command(shell(clients).context)

        assert not clients.world.requests


def test_an_ended_one_is_due_within_any_days(agency: Agency) -> None:
    connected(agency)
    agency.clock.pass_by(days=370)

    assert run(agency, due=0) == ["acme eu"]
    assert run(agency, status="expired") == ["acme eu"]


def test_uk_means_gb(agency: Agency) -> None:
    connected(agency, "someone-new", "eu", "GB")

    assert run(agency, country="uk") == ["someone-new eu-GB"]


def test_nothing_at_all_names_the_next_step(agency: Agency) -> None:
    given = shell(agency)

    listing.command(given.context)

    assert given.printed() == ""
    assert "sp-connect connect" in agency.said()


def test_json_of_nothing_is_an_empty_array(agency: Agency) -> None:
    given = shell(agency)

    listing.command(given.context, json=True)

    assert given.json() == []


def test_json_has_the_keys_of_the_contract(agency: Agency) -> None:
    connected(agency, "acme", "fe", "JP")
    given = shell(agency)

    listing.command(given.context, json=True)

    [one] = given.json()
    marketplace = one.pop("marketplaces")[0]
    assert one == {
        "seller": "acme",
        "region": "fe",
        "country": "JP",
        "selling_partner_id": "A3NIPPON56789",
        "id_confirmed": False,
        "app": "default",
        "access_level": "default",
        "status": "connected",
        "authorized_at": "2026-11-22T12:00:00Z",
        "renew_by": "2027-11-22T12:00:00Z",
        "verified_at": "2026-11-22T12:00:00Z",
        "last_error": None,
    }
    assert marketplace == {
        "country": "JP",
        "id": "A1VC38T7YXB528",
        "name": "Amazon.JP",
        "domain": "www.amazon.co.jp",
        "currency": "JPY",
        "store_name": "Acme GmbH",
        "participating": True,
        "suspended_listings": False,
    }


@pytest.mark.parametrize(
    ("standing", "days", "status"),
    [
        ("connected", 0, "connected"),
        ("connected", 335, "connected"),
        ("connected", 335.01, "due"),
        ("connected", 364.99, "due"),
        ("connected", 365, "expired"),
        ("unchecked", 350, "unchecked"),
        ("unchecked", 366, "expired"),
        ("rejected", 350, "rejected"),
        ("rejected", 366, "expired"),
        ("missing-token", 366, "missing-token"),
    ],
)
def test_the_status_is_that_of_the_day(standing: str, days: float, status: str) -> None:
    assert record(standing=standing).status(NOON + timedelta(days=days)) == status


class TestCsv:
    def test_a_row_has_what_the_json_has(self, agency: Agency) -> None:
        connected(agency, "acme", "fe", "JP")
        given = shell(agency)

        listing.command(given.context, csv=True)

        assert given.printed().splitlines() == [
            (
                "seller,region,country,selling_partner_id,marketplaces,app,access_level,status,"
                "authorized_at,renew_by,verified_at,id_confirmed"
            ),
            (
                "acme,fe,JP,A3NIPPON56789,JP,default,default,connected,"
                "2026-11-22T12:00:00Z,2027-11-22T12:00:00Z,2026-11-22T12:00:00Z,false"
            ),
        ]

    def test_nothing_connected_is_the_head_alone(self, agency: Agency) -> None:
        given = shell(agency)

        listing.command(given.context, csv=True)

        assert given.printed().count("\n") == 1

    def test_with_json_it_is_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage):
            listing.command(shell(agency).context, csv=True, json=True)

    @pytest.mark.parametrize(
        "level",
        ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|calc", "%0", "＝1", "＋1", "－1", "＠1", "\u200b=1"],  # noqa: RUF001
    )
    def test_no_cell_begins_a_formula(self, level: str) -> None:
        [_, row] = csv.reader(io.StringIO(spreadsheet.connections([record(access_level=level)], NOON)))

        assert row[6][0] in {"'", text.REPLACEMENT}
        assert all(cell[:1] not in {*"=+-@\t\r"} for cell in row)

    def test_commas_quotes_and_line_ends_stay_in_their_cell(self) -> None:
        written = spreadsheet.connections([record(access_level='a,"b"\nc')], NOON)

        [_, row] = csv.reader(io.StringIO(written))
        assert row[6] == 'a,"b" c'
        assert written.count("\n") == 1


def test_due_lists_an_end_that_nobody_knows(agency: Agency) -> None:
    unknown = connected(agency, "acme", authorized_at=None)
    connected(agency, "bravo")

    rows, _ = Selection(due=30).among(agency.runtime.connections, agency.clock())

    assert rows == [unknown]
    assert data.connection(unknown, agency.clock())["renew_by"] is None
