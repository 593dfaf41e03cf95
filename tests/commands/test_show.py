"""`show`: one seller's page, connected or not in each place."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from sp_connect import errors
from sp_connect.commands import show, verify
from sp_connect.models import Standing
from sp_connect.terminal.screen import Screen
from tests.agency import Agency
from tests.commands.given import connected, end_at_amazon, shell
from tests.commands.office import LONGEST
from tests.commands.test_invites import one as invited
from tests.commands.test_views import Ascii, Terminal, bare


def test_every_place_has_a_tile_in_the_order_of_the_map(agency: Agency) -> None:
    connected(agency, "acme", "fe", "JP")

    tiles = show.run(agency.runtime, "acme")

    assert [t.scope.item for t in tiles] == ["na", "eu", "fe-JP", "fe-AU", "fe-SG"]
    assert [t.connection is not None for t in tiles] == [False, False, True, False, False]


def test_a_separate_country_has_a_tile_beside_its_region(agency: Agency) -> None:
    connected(agency, "charlie-gmbh", "eu", "IN")

    assert [t.scope.item for t in show.run(agency.runtime, "charlie-gmbh")][1:3] == ["eu", "eu-IN"]


def test_a_tile_names_the_command_that_connects_it(agency: Agency) -> None:
    connected(agency)
    given = shell(agency)

    show.command(given.context, ["acme"])

    assert "sp-connect connect --seller acme --region fe --country SG" in given.printed()
    assert "A2EXAMPLE1234" in given.printed()
    assert "DE  FR  GB" in given.printed()


def test_json_is_one_object(agency: Agency) -> None:
    connected(agency)
    given = shell(agency)

    show.command(given.context, ["acme"], json=True)

    found = given.json()
    assert found["seller"] == "acme"
    assert found["tiles"][0] == {
        "region": "na",
        "country": None,
        "place": "North America",
        "connect_command": "sp-connect connect --seller acme --region na",
        "connection": None,
        "invite": None,
    }
    assert found["tiles"][1]["connection"]["selling_partner_id"] == "A2EXAMPLE1234"


@pytest.mark.parametrize("name", ["nobody", "bravo"])
def test_a_seller_without_connections_is_not_found(agency: Agency, name: str) -> None:
    connected(agency)

    with pytest.raises(errors.NoSuchConnection) as failure:
        show.run(agency.runtime, name)

    assert failure.value.exit_code == 6


@pytest.mark.parametrize("name", ["ACME", "../acme", "", "a" * 65])
def test_a_name_that_is_none_is_a_usage_error(agency: Agency, name: str) -> None:
    with pytest.raises(errors.BadName):
        show.run(agency.runtime, name)


class TestTiles:
    """As on a page of settings: a box for each place, what is there, and what may be done."""

    def seen(
        self, agency: Agency, monkeypatch: pytest.MonkeyPatch, width: int, seller: str = "acme", **flags: Any
    ) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm-256color")
        terminal = Terminal()
        around = replace(agency.runtime, screen=Screen(terminal, terminal, **flags))
        show.command(shell(agency, around).context, [seller])
        return bare(terminal.getvalue()).splitlines()

    def test_at_eighty_columns_one_stands_below_the_other(
        self, agency: Agency, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connected(agency)

        lines = self.seen(agency, monkeypatch, 80)

        assert max(map(len, lines)) <= 80
        assert [line.split("─")[1].strip() for line in lines if line.startswith("╭")] == [
            "North America",
            "Europe & India",
            "Japan",
            "Australia",
            "Singapore",
        ]

    @pytest.mark.parametrize(
        ("width", "rows"),
        [
            (113, [1, 1, 1, 1, 1]),
            (114, [2, 2, 1]),
            (120, [2, 2, 1]),
            (172, [3, 2]),
            (400, [5]),
        ],
    )
    def test_side_by_side_where_there_is_room(
        self, agency: Agency, monkeypatch: pytest.MonkeyPatch, width: int, rows: list[int]
    ) -> None:
        connected(agency)

        lines = self.seen(agency, monkeypatch, width)

        assert [line.count("╭") for line in lines if "╭" in line] == rows
        assert [line.count("╰") for line in lines if "╰" in line] == rows
        assert max(map(len, lines)) <= width

    def test_the_head_counts_the_places(self, agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
        connected(agency)
        connected(agency, "acme", "na", standing="rejected")

        assert self.seen(agency, monkeypatch, 80)[0] == "acme  1 connected, 1 rejected, 3 not connected"

    @pytest.mark.parametrize(
        ("standing", "command"),
        [
            ("connected", None),
            ("unchecked", "sp-connect verify --seller acme --region eu"),
            ("rejected", "sp-connect connect --seller acme --region eu"),
            ("missing-token", "sp-connect connect --seller acme --region eu"),
        ],
    )
    def test_a_tile_that_is_not_in_order_names_what_mends_it(
        self, agency: Agency, monkeypatch: pytest.MonkeyPatch, standing: Standing, command: str | None
    ) -> None:
        connected(agency, standing=standing)

        told = [line.strip("│ ") for line in self.seen(agency, monkeypatch, 80) if "--region eu" in line]

        assert told == ([command] if command else [])

    def test_one_that_is_due_names_what_renews_it(self, agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
        connected(agency)
        agency.clock.pass_by(days=350)

        shown = self.seen(agency, monkeypatch, 80)

        assert any("sp-connect connect --seller acme --region eu" in line for line in shown)
        assert any("▲ due in 15 days" in line for line in shown)

    @pytest.mark.parametrize("width", [60, 80, 100])
    def test_a_command_that_is_too_long_breaks_before_a_flag(
        self, agency: Agency, monkeypatch: pytest.MonkeyPatch, width: int
    ) -> None:
        name = "someone-with-a-long-name-and-more-of-it"
        connected(agency, name, "eu", "GB")

        told = [line.strip("│ ") for line in self.seen(agency, monkeypatch, width, name)]

        assert f"sp-connect connect --seller {name} --region fe --country JP" in " ".join(told)
        assert not any(one.endswith(("--seller", "--region", "--country")) for one in told)
        assert any(one.endswith("--region fe --country JP") for one in told)

    def test_piped_every_command_is_on_one_line(self, agency: Agency) -> None:
        connected(agency, LONGEST)
        given = shell(agency)

        show.command(given.context, [LONGEST])

        assert f"│  sp-connect connect --seller {LONGEST} --region fe --country JP  │" in given.printed()

    def test_simulated_is_said(self, agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
        connected(agency)

        assert self.seen(agency, monkeypatch, 80, simulated=True)[0].endswith("SIMULATED")
        assert "SIMULATED" not in self.seen(agency, monkeypatch, 80)[0]

    def test_ascii_has_stand_ins(self, agency: Agency) -> None:
        connected(agency)
        out = Ascii()
        around = replace(agency.runtime, screen=Screen(out, io.StringIO()))

        show.command(shell(agency, around).context, ["acme"])

        assert "* connected -+" in out.text()
        assert ". not connected -+" in out.text()


class TestRefused:
    def test_when_and_why_is_shown_in_amazons_words_and_no_date_until_which_it_is_good(self, agency: Agency) -> None:
        end_at_amazon(agency, connected(agency))
        with pytest.raises(errors.Rejected):
            verify.command(shell(agency).context, jobs=1)
        agency.stdout.truncate(0)

        show.command(shell(agency).context, ["acme"])

        shown = " ".join(agency.stdout.getvalue().replace("│", " ").split())
        assert "22 Nov 2026: Amazon refuses the token of acme in Europe & India: the seller ended the" in shown
        assert "Amazon said invalid_grant: The request has an invalid grant parameter : refresh_token." in shown
        assert "Renew by" not in shown


class TestInvited:
    def test_a_seller_who_is_only_invited_has_a_page(self, agency: Agency) -> None:
        made = invited(agency, "acme", "fe", "JP")
        given = shell(agency)

        show.command(given.context, ["acme"])

        assert "○ invited" in given.printed()
        assert "29 Nov 2026, in 7 days" in given.printed()
        assert [tile.invite for tile in show.run(agency.runtime, "acme")] == [None, None, made, None, None]

    def test_the_head_counts_an_invited_place_apart(self, agency: Agency) -> None:
        connected(agency, "acme", "na")
        invited(agency, "acme", "fe", "JP")
        given = shell(agency)

        show.command(given.context, ["acme"])

        assert given.printed().startswith("acme  1 connected, 1 invited, 3 not connected\n")

    def test_json_has_the_invite_and_an_ended_one_is_none(self, agency: Agency) -> None:
        connected(agency, "acme", "na")
        invited(agency)
        given = shell(agency)

        show.command(given.context, ["acme"], json=True)

        tiles = given.json()["tiles"]
        assert [bool(tile["invite"]) for tile in tiles] == [False, True, False, False, False]
        assert tiles[1]["invite"]["status"] == "pending"
        agency.clock.pass_by(days=8)
        assert [tile.invite for tile in show.run(agency.runtime, "acme")] == [None] * 5


def test_several_sellers_have_a_page_each_and_json_is_an_array(agency: Agency) -> None:
    for name in ("acme", "acme-2", "bravo"):
        connected(agency, name)
    given = shell(agency)

    show.command(given.context, ["bravo", "acme*"], json=True)

    assert [one["seller"] for one in given.json()] == ["bravo", "acme", "acme-2"]
