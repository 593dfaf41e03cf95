"""What people see: tables at every width, cards, other encodings, and hostile words of Amazon's shown harmless."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from sp_connect import words
from sp_connect.commands import connect, show, verify
from sp_connect.commands import list as listing
from sp_connect.models import Connection
from sp_connect.terminal.screen import Screen
from sp_connect.views import card, data, tables, tiles
from tests.agency import NOON, Agency
from tests.commands.given import connected, marketplace, record, shell
from tests.commands.office import LONGEST, many, that_is

ESCAPE = re.compile(r"\x1b\[")
HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
    "[/] [bold]markup[/bold] [link=https://evil.example]x[/link]",
    "two\nlines\rand\ttab",
    "\x07\x08\x7f\x9b31m",
    "zero\u200bwidth\ufeff",
    ":smiling_face: \\[x]",
    "x" * 5000,
    "half \ud800 pair",
]


class Terminal(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self) -> bool:
        return True


class Ascii(io.TextIOWrapper):
    """A stream whose encoding has no letters but ASCII's, and which refuses others."""

    def __init__(self, errors: str = "strict") -> None:
        super().__init__(io.BytesIO(), encoding="ascii", errors=errors, newline="\n")

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode("ascii")


@pytest.fixture
def rows() -> list[Connection]:
    """What look.md draws: many marketplaces, long names, each kind of status; in the order of `list`."""
    return [
        record("a-client-with-a-rather-long-name", "eu", "AE", selling_partner_id="A3LONGLONGLONG"),
        record("acme", "na"),
        record("acme", "eu"),
        record("acme", "fe", "JP", authorized_at=NOON.replace(year=2025, month=12, day=4)),
        record("bravo", "eu", standing="rejected"),
        record("delta", "na", standing="unchecked", marketplaces=(), verified_at=None),
        record("delta", "eu", standing="missing-token"),
    ]


def of_look_md(rows: list[Connection]) -> list[Connection]:
    """The sellers with names of a usual length."""
    return [row for row in rows if row.scope.seller in {"acme", "bravo"}]


def drawn(
    monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int, *, colour: bool = True, **flags: Any
) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    screen = Screen(terminal, terminal, colour=colour, **flags)
    screen.show(tables.connections(screen, rows, NOON))
    return terminal.getvalue()


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def piped(rows: list[Connection], **flags: Any) -> str:
    out = io.StringIO()
    screen = Screen(out, io.StringIO(), **flags)
    screen.show(tables.connections(screen, rows, NOON))
    return out.getvalue()


def test_an_empty_line_stands_around_a_seller_with_several_connections_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    places = (("a", "eu"), ("b", "eu"), ("c", "eu"), ("c", "na"), ("d", "eu"), ("e", "eu"))
    shown = bare(drawn(monkeypatch, [record(*place) for place in places], 120)).splitlines()

    assert "".join(line[:1] for line in shown[2:]) == "abc de"  # the second line of c has no name
    assert [number for number, line in enumerate(shown[2:]) if not line.strip()] == [2, 5]


class TestWidths:
    @pytest.mark.parametrize("width", [60, 72, 80, 100, 120, 140, 200])
    def test_the_selling_partner_id_is_never_cut_or_wrapped(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int
    ) -> None:
        shown = bare(drawn(monkeypatch, rows, width))

        for row in rows:
            assert re.search(rf"(?<!\S){row.selling_partner_id}(?!\S)", shown), shown

    @pytest.mark.parametrize("width", [80, 100, 120, 140])
    def test_no_line_is_wider_than_the_terminal(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int
    ) -> None:
        assert max(map(len, bare(drawn(monkeypatch, rows, width)).splitlines())) <= width

    @pytest.mark.parametrize("width", [80, 84, 88, 92, 100, 140])
    def test_the_status_is_told_whole(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int
    ) -> None:
        shown = bare(drawn(monkeypatch, of_look_md(rows), width))

        for status in ("● connected", "▲ due in 12 days", "✕ rejected"):
            assert status in shown, shown

    @pytest.mark.parametrize("width", [100, 140])
    def test_a_long_name_does_not_cut_the_status(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int
    ) -> None:
        shown = bare(drawn(monkeypatch, rows, width))

        for status in ("● connected", "▲ due in 12 days", "✕ rejected", "? unchecked", "∅ missing token"):
            assert status in shown, shown

    def test_wide_all_marketplaces_are_on_one_line(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]
    ) -> None:
        assert "DE FR GB IT ES NL SE PL BE IN" in bare(drawn(monkeypatch, of_look_md(rows), 140))

    @pytest.mark.parametrize("width", [76, 78])
    def test_narrow_the_marketplaces_are_shortened_first(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection], width: int
    ) -> None:
        shown = bare(drawn(monkeypatch, of_look_md(rows), width))

        assert re.search(r"DE \S*.*\+\d", shown), shown

    def test_the_access_level_gives_way_after_the_marketplaces(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]
    ) -> None:
        labelled = [r._replace(access_level="orders and restricted") for r in rows]

        assert "orders and restricted" in bare(drawn(monkeypatch, labelled, 160))
        assert "orders" not in bare(drawn(monkeypatch, labelled, 80))

    def test_piped_every_line_stands_alone_and_nothing_is_cut(self, rows: list[Connection]) -> None:
        lines = piped(rows).splitlines()

        assert len(lines) == len(rows) + 2
        assert [line.split()[0] for line in lines[2:]] == [r.scope.seller for r in rows]
        assert "DE FR GB IT ES NL SE PL BE IN" in piped(rows)
        assert not ESCAPE.search(piped(rows))
        assert all(line == line.rstrip() for line in lines)

    def test_a_second_row_of_the_same_seller_does_not_repeat_the_name(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]
    ) -> None:
        shown = bare(drawn(monkeypatch, rows, 140))

        assert shown.count("acme ") == 1

    def test_at_80_columns_nothing_that_look_md_draws_is_left_out(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]
    ) -> None:
        shown = bare(drawn(monkeypatch, of_look_md(rows), 80))

        assert re.search(r"Seller +Region +Partner ID +in +Renew by +Status", shown), shown
        for row in of_look_md(rows):
            [line] = [one for one in shown.splitlines() if row.scope.place in one and row.selling_partner_id in one]
            assert words.day_if_known(row.renew_by) in line
            assert row.marketplaces[0].country in line

    def test_things_give_way_in_their_order_and_the_id_never(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]
    ) -> None:
        labelled = [one._replace(access_level="restricted") for one in rows]
        kept = [heads(bare(drawn(monkeypatch, labelled, width))) for width in range(160, 50, -1)]

        left_out = [("Access level" in one, "Sells in" in one, "Renew by" in one) for one in kept]
        assert sorted(set(left_out), reverse=True) == list(dict.fromkeys(left_out))
        assert set(left_out) == {(True,) * 3, (False, True, True), (False, False, True), (False,) * 3}
        assert all({"Seller", "Region", "Selling Partner ID", "Status"} <= one for one in kept)

    def test_a_name_on_several_lines_has_all_its_letters(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = bare(drawn(monkeypatch, [that_is("due", LONGEST)], 80))

        assert "".join(line.split()[0] for line in shown.splitlines()[3:]) == LONGEST

    def test_what_is_wider_than_the_terminal_is_not_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        edited = "A" * 150

        assert edited in bare(drawn(monkeypatch, [record(selling_partner_id=edited)], 80))

    def test_letters_of_two_columns_leave_what_follows_in_its_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        levels = ["株式会社アクメ", "restricted"]
        shown = drawn(monkeypatch, [record(access_level=level) for level in levels], 140)

        ends = [cell_len(line[: line.index("22 Nov 2027")]) for line in bare(shown).splitlines()[2:]]
        assert len(set(ends)) == 1, shown

    @pytest.mark.slow
    def test_ten_thousand_rows_are_laid_out_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = many(2_000)
        began = time.process_time()

        shown = drawn(monkeypatch, rows, 100)

        assert time.process_time() - began < 3  # Rich's own table takes twice as long on a fast machine
        assert len(shown.splitlines()) > 10_000


def heads(table: str) -> set[str]:
    """The columns, the two lines of their heads put together."""
    lines = table.partition("──")[0].splitlines()
    known = ("Seller", "Region", "Selling Partner ID", "Marketplaces", "Access level", "Renew by", "Status")
    found = {head for head in known if head in lines[-1]}
    if "Selling" in lines[0]:
        found.add("Selling Partner ID")
    if "Sells" in lines[0] or "Marketplaces" in found:
        found.add("Sells in")
    return found


class TestColour:
    def test_a_terminal_gets_colour(self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]) -> None:
        assert "\x1b[32m" in drawn(monkeypatch, rows, 100)

    def test_no_color_takes_the_colour(self, monkeypatch: pytest.MonkeyPatch, rows: list[Connection]) -> None:
        shown = drawn(monkeypatch, rows, 100, colour=False)

        assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)
        assert "● connected" in bare(shown)

    def test_without_colour_each_status_has_a_word_and_a_sign(self, rows: list[Connection]) -> None:
        assert {line.split("  ")[-1].strip() for line in piped(rows).splitlines()[2:]} == {
            "● connected",
            "▲ due in 12 days",
            "✕ rejected",
            "? unchecked",
            "∅ missing token",
        }


class TestAscii:
    """A terminal or a pipe that has ASCII alone: stand-ins, and never an exception."""

    def test_the_table_has_stand_ins(self, rows: list[Connection]) -> None:
        out = Ascii()
        screen = Screen(out, io.StringIO())

        screen.show(tables.connections(screen, rows, NOON))

        assert "* connected" in out.text()
        assert "! due in 12 days" in out.text()
        assert "x rejected" in out.text()

    def test_the_card_has_stand_ins(self, rows: list[Connection]) -> None:
        out = Ascii()
        screen = Screen(out, io.StringIO())

        screen.show(card.card(screen, rows[0], NOON))

        assert "* connected" in out.text()

    @pytest.mark.parametrize("store_name", ["Müller & Söhne", "株式会社アクメ", "x" * 300])
    def test_a_name_that_has_other_letters_is_no_failure(self, rows: list[Connection], store_name: str) -> None:
        out = Ascii()
        screen = Screen(out, io.StringIO())

        screen.show(card.card(screen, rows[0]._replace(marketplaces=(marketplace("DE", store_name),)), NOON))

        assert rows[0].selling_partner_id in out.text()

    def test_an_access_level_that_has_other_letters_is_no_failure(self, rows: list[Connection]) -> None:
        out = Ascii()
        screen = Screen(out, io.StringIO())

        screen.show(tables.connections(screen, [rows[0]._replace(access_level="Aufträge")], NOON))

        assert rows[0].selling_partner_id in out.text()

    def test_the_conversation_is_no_failure(self) -> None:
        err = Ascii("backslashreplace")  # as Python opens stderr
        screen = Screen(io.StringIO(), err, verbose=True)

        screen.say("Müller")
        screen.story("Müller")
        screen.address("https://example.com/ü")

        assert err.text().count("\n") == 3


def is_harmless(text: str) -> bool:
    """Whether a terminal obeys nothing of it."""
    return all(c == "\n" or c.isprintable() for c in text)


def hostile(words: str) -> Connection:
    return record(access_level=words, marketplaces=(marketplace("DE", words), marketplace("FR", words)))


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
class TestHostile:
    """A store name is the seller's own choice; an access level and an id may be edited into the files."""

    def test_in_a_table_it_is_harmless(self, words: str) -> None:
        shown = piped([hostile(words)])

        assert is_harmless(shown), ascii(shown)
        assert len(shown.splitlines()) == 3

    def test_in_a_card_it_is_harmless(self, words: str) -> None:
        out = io.StringIO()
        screen = Screen(out, io.StringIO())

        screen.show(card.card(screen, hostile(words), NOON))

        assert is_harmless(out.getvalue()), ascii(out.getvalue())
        assert out.getvalue().count("╭") == 1

    def test_in_a_tile_it_is_harmless(self, words: str) -> None:
        out = io.StringIO()
        screen = Screen(out, io.StringIO())
        made = hostile(words)

        screen.show(tiles.page(screen, "acme", [(made.scope, made, "sp-connect connect", None)], NOON))

        assert is_harmless(out.getvalue()), ascii(out.getvalue())
        assert out.getvalue().count("╭") == 1

    def test_on_a_terminal_it_is_harmless(self, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
        shown = drawn(monkeypatch, [hostile(words)], 140, colour=False)

        assert is_harmless(bare(shown)), ascii(shown)

    def test_in_json_it_is_ascii_and_unchanged(self, words: str) -> None:
        out = io.StringIO()

        Screen(out, io.StringIO()).json([data.connection(hostile(words), NOON)])

        assert out.getvalue().isascii()
        assert json.loads(out.getvalue())[0]["marketplaces"][0]["store_name"] == words
        assert is_harmless(out.getvalue())

    def test_on_stderr_it_is_harmless(self, words: str) -> None:
        err = io.StringIO()
        screen = Screen(io.StringIO(), err, verbose=True)

        screen.say(words)
        screen.story(words)
        screen.address(words)

        assert is_harmless(err.getvalue()), ascii(err.getvalue())
        assert err.getvalue().count("\n") == 3


def test_markup_is_shown_as_it_was_written() -> None:
    made = record(marketplaces=(marketplace("DE", "[/] [bold]Acme[/bold]"),))
    out = io.StringIO()
    screen = Screen(out, io.StringIO())

    screen.show(card.card(screen, made, NOON))

    assert "[/] [bold]Acme[/bold]" in out.getvalue()


def test_a_hostile_store_goes_through_verify_to_the_record_and_back(agency: Agency) -> None:
    connected(agency, marketplaces=(marketplace("DE", "\ud800\x1b[31m[/]\nAcme"),))
    given = shell(agency)

    listing.command(given.context)
    show.command(given.context, ["acme"])

    assert is_harmless(given.printed()), ascii(given.printed())


class TestSimulated:
    """Nothing simulated may look real."""

    def simulated(self, agency: Agency) -> tuple[Any, io.StringIO]:
        out = io.StringIO()
        around = replace(agency.runtime, screen=Screen(out, io.StringIO(), simulated=True))
        return shell(agency, around), out

    def test_list_says_so(self, agency: Agency) -> None:
        connected(agency)
        given, out = self.simulated(agency)

        listing.command(given.context)

        assert out.getvalue().startswith("SIMULATED")

    def test_verify_says_so(self, agency: Agency) -> None:
        connected(agency)
        given, out = self.simulated(agency)

        verify.command(given.context, jobs=1)

        assert out.getvalue().startswith("SIMULATED")

    def test_show_says_so(self, agency: Agency) -> None:
        connected(agency)
        given, out = self.simulated(agency)

        show.command(given.context, ["acme"])

        assert "SIMULATED" in out.getvalue()

    def test_the_card_says_so(self, agency: Agency) -> None:
        given, out = self.simulated(agency)

        connect.command(given.context, "acme", ["eu"], timeout=20)

        assert "SIMULATED" in out.getvalue()

    def test_without_it_nothing_says_so(self, agency: Agency) -> None:
        connected(agency)
        given = shell(agency)

        listing.command(given.context)

        assert "SIMULATED" not in given.printed()
