"""`list --matrix`: a row a seller, a sign for each state, nothing cut and nothing hidden."""

from __future__ import annotations

import csv
import io
import re
import time
from typing import Any, get_args

import pytest

from sp_connect import errors
from sp_connect.commands import list as listing
from sp_connect.models import Connection, Status
from sp_connect.terminal.screen import Screen
from sp_connect.views import csv_output as spreadsheet
from sp_connect.views import drawing, matrix
from tests.agency import NOON, Agency
from tests.commands import office
from tests.commands.given import connected, shell
from tests.commands.office import LONGEST, many, of, that_is
from tests.commands.test_views import Ascii, Terminal, bare

SIGNS = {
    "connected": "●",
    "due": "▲ 12d",
    "expired": "✕",
    "rejected": "✕",
    "missing-token": "∅",
    "unchecked": "?",
}


def drawn(monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int = 80, **flags: Any) -> str:
    """What a terminal shows, colours included."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    show(Screen(terminal, terminal, **flags), rows)
    return terminal.getvalue()


def piped(rows: list[Connection]) -> str:
    out = io.StringIO()
    show(Screen(out, io.StringIO()), rows)
    return out.getvalue()


def show(screen: Screen, rows: list[Connection]) -> None:
    grid = matrix.grid(rows, NOON, matrix.columns())
    shown = matrix.drawn(grid, screen.out.width, ascii_only=screen.out.options.ascii_only)
    screen.show(drawing.shown(screen, shown))


def cells(shown: str) -> dict[str, list[str]]:
    """Each row of a piped matrix: the seller, and its cells in the order of the columns."""
    table, _, _ = shown.partition("\n\n")
    rows = [re.split(r"\s{2,}", line) for line in table.splitlines()[3:]]
    return {seller: signs for seller, *signs in rows}


def in_words(rows: list[Connection]) -> list[dict[str, str]]:
    plain = spreadsheet.matrix(matrix.grid(rows, NOON, matrix.columns()))
    return list(csv.DictReader(io.StringIO(plain)))


class TestCells:
    def test_each_place_has_its_column(self) -> None:
        rows = [of("acme", region, country) for region, country in office.PLACES]

        assert [column.key for column in matrix.columns()] == ["na", "eu", "JP", "AU", "SG"]
        for number, row in enumerate(rows):
            expected = ["·"] * 5
            expected[number] = "●"
            assert cells(piped([row])) == {"acme": expected}

    @pytest.mark.parametrize("status", get_args(Status))
    def test_each_status_has_its_sign(self, status: Status) -> None:
        assert cells(piped([that_is(status)])) == {"acme": ["·", SIGNS[status], "·", "·", "·"]}

    def test_only_what_ended_and_what_is_refused_share_a_sign(self) -> None:
        assert len(set(SIGNS.values())) == len(SIGNS) - 1

    @pytest.mark.parametrize(
        ("own", "india", "shown"),
        [
            ("connected", "connected", "● +IN"),
            ("connected", "rejected", "● ✕IN"),
            ("connected", "due", "● ▲IN 12d"),
            ("rejected", "connected", "✕ +IN"),
            ("due", "missing-token", "▲ 12d ∅IN"),
            ("due", "due", "▲ 12d ▲IN 12d"),
            (None, "connected", "· +IN"),
            (None, "unchecked", "· ?IN"),
        ],
    )
    def test_a_separate_account_stands_beside_and_hides_nothing(
        self, own: Status | None, india: Status, shown: str
    ) -> None:
        rows = [that_is(own)] if own else []

        assert cells(piped([*rows, that_is(india, country="IN")]))["acme"][1] == shown

    def test_many_separate_accounts_take_several_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        codes = ["IN", "AE", "SA", "EG", "TR", "ZA"]
        rows = [that_is("due"), *(that_is("due", country=code) for code in codes)]

        shown = bare(drawn(monkeypatch, rows, 60))

        assert all(f"▲{code} 12d" in shown for code in codes)
        assert max(map(len, shown.splitlines())) <= 60

    def test_what_was_expired_on_another_day_is_as_of_now(self) -> None:
        row = office.ending(NOON)

        assert cells(piped([row]))["acme"][1] == "✕"


class TestTerminal:
    def test_two_hundred_sellers_fit_eighty_columns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = bare(drawn(monkeypatch, many(200))).splitlines()

        assert max(map(len, lines)) <= 80
        table = lines[: lines.index("")]
        assert len(table) == 3 + 200
        assert [line.split()[0] for line in table[3:]] == [f"seller-{number:05}" for number in range(200)]

    @pytest.mark.parametrize("width", [40, 50, 60, 72, 80, 100, 160])
    def test_every_sign_stands_in_its_column_at_every_width(self, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
        rows = [that_is("rejected", LONGEST), *(of(LONGEST, "fe", code) for code in ("JP", "AU"))]
        rows += [that_is("due", "x", "na"), that_is("connected", "x", "eu", "IN"), that_is("due", "x", "fe", "SG")]

        lines = bare(drawn(monkeypatch, rows, width)).splitlines()

        assert max(map(len, lines)) <= width
        begins = [found.start() for found in re.finditer(r"(?<=  )\S+", next(li for li in lines if "Seller" in li))]
        first = next(line for line in lines if line.startswith("the-very"))
        last = next(line for line in lines if line.startswith("x "))
        assert [first[at:].split("  ")[0].strip() for at in begins[-5:]] == ["·", "✕", "●", "●", "·"]
        assert [last[at:].split("  ")[0].strip() for at in begins[-5:]] == ["▲ 12d", "· +IN", "·", "·", "▲ 12d"]

    @pytest.mark.parametrize("width", [40, 80, 160])
    @pytest.mark.parametrize("name", [LONGEST, "a" * 64, "a-" * 32, "short"])
    def test_no_name_is_cut(self, monkeypatch: pytest.MonkeyPatch, width: int, name: str) -> None:
        lines = bare(drawn(monkeypatch, [of(name)], width)).splitlines()

        shown = [line.split()[0] for line in lines[3 if width > 40 else 2 : lines.index("")]]
        assert "".join(shown) == name

    def test_heads_of_two_words_take_two_lines_and_no_word_is_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first, second, *_ = bare(drawn(monkeypatch, [of("acme")])).splitlines()

        assert first.split() == ["North", "Europe"]
        assert second.split() == ["Seller", "America", "&", "India", "Japan", "Australia", "Singapore"]

    def test_colour_tells_what_the_signs_tell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [that_is("connected", "a"), that_is("due", "b"), that_is("rejected", "c")]

        assert "\x1b[32m" in drawn(monkeypatch, rows[:1])
        shown = drawn(monkeypatch, rows)
        assert re.search(r"\x1b\[33m *▲ 12d", shown)
        assert re.search(r"\x1b\[31m *✕", shown)

    def test_no_color_takes_the_colour_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = drawn(monkeypatch, many(10), colour=False)

        assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)
        assert bare(shown) == bare(drawn(monkeypatch, many(10)))

    def test_a_simulated_one_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert bare(drawn(monkeypatch, many(1), simulated=True)).startswith("SIMULATED\n")
        assert "SIMULATED" not in drawn(monkeypatch, many(1))

    def test_ascii_has_stand_ins(self) -> None:
        out = Ascii()
        rows = [that_is(status, f"s{number}") for number, status in enumerate(get_args(Status))]

        show(Screen(out, io.StringIO()), rows)

        shown = cells(out.text())
        assert [shown[f"s{number}"][1] for number in range(6)] == ["*", "?", "! 12d", "x", "x", "o"]
        assert "* connected   ! due   x expired or rejected   o missing token   ? unchecked   . not" in out.text()


class TestLegend:
    def test_it_explains_the_signs_that_occur_and_no_others(self) -> None:
        assert piped([of("acme")]).endswith("\n\n● connected   · not connected\n")
        assert piped([that_is("expired")]).endswith("\n\n✕ expired   · not connected\n")
        assert piped(many(1)).endswith("\n\n● connected   ▲ due   ✕ expired or rejected   ? unchecked\n")

    def test_it_explains_a_separate_account(self) -> None:
        assert "+IN a connection of its own" in piped([of("acme", "eu", "IN")])
        assert "+IN a connection of its own" in piped([that_is("missing-token", country="IN")])

    def test_it_is_not_cut_where_the_terminal_is_narrow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = bare(drawn(monkeypatch, [*many(11), of("x", "eu", "IN")], 40))

        for entry in (
            "● connected",
            "▲ due",
            "✕ expired or rejected",
            "∅ missing token",
            "+IN a connection of its own",
        ):
            assert entry in shown


class TestPiped:
    def test_each_line_stands_alone_without_colour(self) -> None:
        shown = piped([of(LONGEST), of("x")])

        assert "\x1b" not in shown
        assert cells(shown) == {LONGEST: ["·", "●", "·", "·", "·"], "x": ["·", "●", "·", "·", "·"]}
        assert all(line == line.rstrip() for line in shown.splitlines())


class TestCsv:
    def test_a_row_a_seller_with_the_statuses_in_words(self) -> None:
        rows = [that_is("due", "acme", "na"), that_is("rejected", "acme", "fe", "SG"), of("bravo")]

        assert in_words(rows) == [
            {
                "seller": "acme",
                "na": "due",
                "eu": "not-connected",
                "JP": "not-connected",
                "AU": "not-connected",
                "SG": "rejected",
            },
            {
                "seller": "bravo",
                "na": "not-connected",
                "eu": "connected",
                "JP": "not-connected",
                "AU": "not-connected",
                "SG": "not-connected",
            },
        ]

    def test_a_separate_account_is_told_behind(self) -> None:
        rows = [of("acme"), that_is("missing-token", country="IN"), of("acme", "eu", "AE")]

        assert in_words(rows)[0]["eu"] == "connected; IN missing-token; AE connected"
        assert in_words(rows[2:])[0]["eu"] == "not-connected; AE connected"


@pytest.fixture(scope="module")
def clients(still: Agency) -> Agency:
    """One seller who is connected nearly everywhere, in every state, and one who is not."""
    connected(still, "acme", "na", standing="rejected")
    connected(still, "acme", "eu")
    connected(still, "acme", "eu", "IN", standing="missing-token", selling_partner_id="A1INDIA")
    connected(still, "acme", "fe", "JP")
    connected(still, "bravo", "eu")
    return still


class TestFilters:
    """A filter chooses rows and columns. A cell tells all of it: what is left out must not look unconnected."""

    def table(self, clients: Agency, **filters: Any) -> tuple[list[str], dict[str, list[str]]]:
        given = shell(clients)
        before = len(given.printed())
        listing.command(given.context, matrix=True, csv=True, **filters)
        heads, *rows = csv.reader(io.StringIO(given.printed()[before:]))
        return heads[1:], {seller: statuses for seller, *statuses in rows}

    def test_without_one_there_is_a_row_a_seller(self, clients: Agency) -> None:
        heads, rows = self.table(clients)

        assert heads == ["na", "eu", "JP", "AU", "SG"]
        assert list(rows) == ["acme", "bravo"]

    @pytest.mark.parametrize("filters", [{"status": ["rejected"]}, {"seller": ["acme"]}, {"status": ["missing-token"]}])
    def test_a_row_is_whole_if_a_part_of_it_is_meant(self, clients: Agency, filters: dict[str, Any]) -> None:
        _, rows = self.table(clients, **filters)

        assert rows == {
            "acme": ["rejected", "connected; IN missing-token", "connected", "not-connected", "not-connected"]
        }

    @pytest.mark.parametrize(
        ("filters", "heads", "sellers"),
        [
            ({"region": ["eu"]}, ["eu"], ["acme", "bravo"]),
            ({"region": ["EU"], "country": ["in"]}, ["eu"], ["acme"]),
            ({"region": ["fe"]}, ["JP", "AU", "SG"], ["acme"]),
            ({"country": ["jp"]}, ["JP"], ["acme"]),
            ({"region": ["na"], "status": ["rejected"]}, ["na"], ["acme"]),
        ],
    )
    def test_columns_that_are_not_meant_are_left_out(
        self, clients: Agency, filters: dict[str, Any], heads: list[str], sellers: list[str]
    ) -> None:
        shown, rows = self.table(clients, **filters)

        assert shown == heads
        assert list(rows) == sellers

    def test_the_country_of_a_region_shows_the_whole_region(self, clients: Agency) -> None:
        assert self.table(clients, country=["IN"])[1] == {"acme": ["connected; IN missing-token"]}

    def test_json_is_the_array_of_what_the_filters_leave(self, clients: Agency) -> None:
        given = shell(clients)
        clients.stdout.truncate(0)
        clients.stdout.seek(0)

        listing.command(given.context, matrix=True, json=True, status=["rejected"])

        assert [(one["seller"], one["region"]) for one in given.json()] == [("acme", "na")]


def test_the_command_prints_it_with_the_summary_and_the_next_step(agency: Agency) -> None:
    connected(agency, "acme", "eu", standing="rejected")
    given = shell(agency)

    listing.command(given.context, matrix=True)

    assert cells(given.printed()) == {"acme": ["·", "✕", "·", "·", "·"]}
    assert "1 connection of 1 seller; 1 rejected. Next: sp-connect renew" in agency.said()


def test_the_next_step_is_for_the_seller_that_was_asked_about(agency: Agency) -> None:
    connected(agency, "acme", "eu", standing="rejected")
    given = shell(agency)

    listing.command(given.context, seller=["acme"], status=["rejected"])

    assert "Next: sp-connect renew --seller acme\n" in agency.said()


def test_where_all_is_well_no_next_step_is_named(agency: Agency) -> None:
    connected(agency)

    listing.command(shell(agency).context, matrix=True)

    assert "1 connection of 1 seller.\n" in agency.said()


def test_nothing_connected_is_no_table(agency: Agency) -> None:
    given = shell(agency)

    listing.command(given.context, matrix=True)

    assert given.printed() == ""
    assert "Nothing is connected yet" in agency.said()


def test_a_damaged_file_is_told_behind_the_others(agency: Agency) -> None:
    connected(agency)
    (agency.folder / "connections" / "bravo.toml").write_text("[[connection]\n")
    given = shell(agency)

    with pytest.raises(errors.Damaged):
        listing.command(given.context, matrix=True)

    assert list(cells(given.printed())) == ["acme"]


@pytest.mark.slow
def test_two_thousand_sellers_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = many(2000)
    began = time.process_time()

    shown = drawn(monkeypatch, rows, 100)

    assert time.process_time() - began < 1  # a tenth of that where nothing else runs; a Rich table takes several
    assert shown.count("seller-") == 2000
