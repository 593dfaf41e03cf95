"""`list --html`: one page that holds all, loads nothing, and shows foreign text as text."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest

from sp_connect import errors, pages
from sp_connect.commands import list as listing
from sp_connect.models import Connection, Status
from sp_connect.views import matrix, report, svg
from sp_connect.views.report import Report
from tests.agency import NOON, Agency
from tests.commands.given import connected, marketplace, shell
from tests.commands.office import ending, many, of, that_is
from tests.commands.test_views import HOSTILE, is_harmless
from tests.pages.test_pages import Reader, digest


class Tables(HTMLParser):
    """The tables of a page, the matrix first: the text of every cell, with its words for screen readers."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[list[list[str]]] = []
        self._table: list[list[str]] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._table = []
            self.found.insert(0 if ("class", "matrix") in attrs else len(self.found), self._table)
        elif tag == "tr":
            self._table.append([])
        elif tag in {"td", "th"}:
            self._table[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in_cell = False
            self._table[-1][-1] = " ".join(self._table[-1][-1].split())

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self._table[-1][-1] += f"{data} "


def made(rows: list[Connection], **changes: Any) -> Report:
    whole: dict[str, Any] = {
        "rows": rows,
        "grid": matrix.grid(rows, NOON, matrix.columns()),
        "now": NOON,
        "due": 30,
        "asked": "sp-connect list",
        "unread": 0,
        "simulated": False,
    }
    return Report(**(whole | changes))


def page(rows: list[Connection], **changes: Any) -> str:
    return report.page(made(rows, **changes))


def tables(rows: list[Connection], **changes: Any) -> list[list[list[str]]]:
    return Tables(page(rows, **changes)).found


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([], "No connections"),
        ([of("acme")], "1 connection of 1 seller; all connected"),
        ([of("acme"), of("acme", "na"), of("bravo")], "3 connections of 2 sellers; all connected"),
        (
            [that_is("due"), that_is("rejected", "bravo"), of("charlie")],
            "3 connections of 3 sellers; 1 due, 1 rejected",
        ),
        ([that_is("missing-token"), that_is("missing-token", "b")], "2 connections of 2 sellers; 2 missing token"),
    ],
)
def test_the_title_tells_the_state(rows: list[Connection], title: str) -> None:
    reader = Reader(page(rows))

    assert reader.texts["title"] == reader.texts["h1"] == title


def test_it_is_one_page_without_script_that_loads_nothing() -> None:
    reader = Reader(page(many(20)))

    links = [a[name] for _, a in reader.elements for name in ("src", "href", "action", "srcset", "data") if name in a]
    assert links == ["data:,", "#consents", "#places", "#connections"]
    assert not {tag for tag, _ in reader.elements} & {"script", "img", "iframe", "object", "embed", "base", "form"}
    assert not re.search(r"@import|url\(", reader.texts["style"])
    assert "script-src" not in reader.policy()


def test_what_needs_a_new_consent_stands_above_the_matrix() -> None:
    shown = page([that_is("rejected")])

    assert shown.index('id="consents"') < shown.index('id="places"') < shown.index('id="connections"')


def test_its_policy_allows_its_own_style_alone() -> None:
    reader = Reader(page([of("acme")]))

    assert f"style-src '{digest(reader.texts['style'])}';" in reader.policy()
    assert "unsafe" not in reader.policy()
    assert not [name for _, a in reader.elements for name in a if name == "style" or name.startswith("on")]


def test_it_says_when_and_by_which_command_it_was_made() -> None:
    shown = page([of("acme")], asked="sp-connect list --region eu --due 40")

    assert "As known on 22 Nov 2026, 12:00 UTC. Made by" in shown
    assert "<code>sp-connect list --region eu --due 40</code>" in shown


class TestMatrix:
    def test_a_row_a_seller_and_a_sign_with_its_word_in_each_cell(self) -> None:
        rows = [of("acme", "na"), that_is("due"), that_is("rejected", "acme", "fe", "JP"), of("bravo")]

        heads, acme, bravo = tables(rows)[0]

        assert [head.replace("\u00ad", "") for head in heads] == [
            *("Seller", "North America", "Europe & India", "Japan", "Australia", "Singapore")
        ]
        assert acme == ["acme", "● connected", "▲ 12d due in 12 days", "✕ rejected", *["· not connected"] * 2]
        assert bravo == ["bravo", "· not connected", "● connected", *["· not connected"] * 3]

    def test_a_separate_account_is_told_beside(self) -> None:
        rows = [of("acme"), that_is("missing-token", country="IN")]

        assert tables(rows)[0][1][2] == "● connected ∅IN India missing token"
        assert 'title="acme, Europe &amp; India: connected; India missing token"' in page(rows)

    @pytest.mark.parametrize("status", get_args(Status))
    def test_each_sign_is_explained(self, status: Status) -> None:
        sign = tables([that_is(status)])[0][1][2].split()[0]

        assert re.search(rf'<li><span class="[a-z]+">{re.escape(sign)}</span> [a-z]+', page([that_is(status)]))

    def test_heads_and_sellers_are_said_to_be_heads(self) -> None:
        heads = [a["scope"] for tag, a in Reader(page([of("acme")])).elements if tag == "th"]

        assert heads == [*["col"] * 6, "row", *["col"] * 6, "row"]


class TestAttention:
    def listed(self, rows: list[Connection], **changes: Any) -> list[list[str]]:
        return tables(rows, **changes)[1][1:]

    def test_what_ended_comes_first_and_then_what_ends_by_its_date(self) -> None:
        rows = [
            ending(NOON.replace(day=28), "soon"),
            that_is("due", "later"),
            that_is("rejected", "refused"),
            that_is("expired", "over"),
            that_is("missing-token", "without"),
            of("fine"),
        ]

        assert [row[0] for row in self.listed(rows)] == ["over", "refused", "without", "soon", "later"]

    def test_a_row_has_the_date_and_the_command_that_mends_it(self) -> None:
        [row] = self.listed([that_is("due", "acme", "fe", "JP")])

        command = "sp-connect connect --seller acme --region fe --country JP"
        assert row == ["acme", "Japan", "▲ due in 12 days", "4 Dec 2026", command]

    def test_an_end_that_nobody_knows_comes_last_and_is_called_unknown(self) -> None:
        rows = self.listed([of("imported", authorized_at=None), that_is("due", "later")])

        assert [row[0] for row in rows] == ["later", "imported"]
        assert rows[1][2:4] == ["● connected", "unknown"]

    def test_it_reaches_as_far_as_was_asked(self) -> None:
        rows = [ending(NOON.replace(year=2027, month=1), "acme")]

        assert [row[0] for row in self.listed(rows, due=60)] == ["acme"]
        assert "no authorization ends within 30 days" in page(rows)

    def test_where_nothing_needs_a_consent_it_says_so(self) -> None:
        shown = page([of("acme"), that_is("unchecked", "bravo")])

        assert len(Tables(shown).found) == 2
        assert "Nothing: no authorization ends within 30 days" in shown


def test_every_connection_is_told() -> None:
    rows = [of("acme", "eu", "IN", marketplaces=(marketplace("IN"),)), of("bravo", "na")]

    assert tables(rows)[-1][1:] == [
        ["acme", "India", rows[0].selling_partner_id, "IN", "22 Nov 2027", "● connected"],
        ["bravo", "North America", rows[1].selling_partner_id, "US CA MX", "22 Nov 2027", "● connected"],
    ]


def test_marketplaces_that_are_unknown_are_said_to_be() -> None:
    assert tables([of("acme", marketplaces=())])[-1][1][3] == "not yet checked"


def test_files_that_could_not_be_read_are_told_and_not_named() -> None:
    assert "1 file could not be read: its seller is missing here." in page([], unread=1)
    assert "2 files could not be read: their sellers are missing here." in page([], unread=2)
    assert "could not be read" not in page([])


def test_a_simulated_one_says_so_before_anything_else() -> None:
    reader = Reader(page([of("acme")], simulated=True))

    assert reader.texts["title"].startswith("SIMULATED: ")
    assert "SIMULATED: none of this is real." in page([of("acme")], simulated=True)
    assert "SIMULATED" not in page([of("acme")])


@pytest.mark.parametrize("words", [*HOSTILE, "</title></style><script>alert(1)</script>", '"><img src=x onerror=y>'])
def test_foreign_text_is_shown_as_text(words: str) -> None:
    germany = marketplace("DE")._replace(country=words)
    row = of("acme", access_level=words, selling_partner_id=words, marketplaces=(germany,))

    shown = page([row])

    reader = Reader(shown)
    assert not {tag for tag, _ in reader.elements} & {"script", "img", "b"}
    assert not [name for _, a in reader.elements for name in a if name.startswith("on")]
    assert is_harmless("".join(tables([row])[-1][1]))
    assert is_harmless(shown.replace("\u00ad", "")), ascii(shown)


def colours(sheet: str) -> tuple[dict[str, str], dict[str, str]]:
    """The palette of the pages, light and dark."""
    light, dark = (
        re.findall(r"--(\w+): (#\w{6})", block) for block in re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    )
    return dict(light), dict(dark)


def contrast(one: str, other: str) -> float:
    """WCAG 2, 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", colours((Path(pages.__file__).parent / "style.css").read_text("utf-8")))
@pytest.mark.parametrize("kind", ["ink", "soft", "act", "good", "warn", "bad"])
def test_every_colour_of_text_has_contrast_enough(palette: dict[str, str], kind: str) -> None:
    assert contrast(palette[kind], palette["paper"]) >= 4.5


def test_pictures_have_the_palette_of_the_pages() -> None:
    light, dark = colours((Path(pages.__file__).parent / "style.css").read_text("utf-8"))

    for ours, theirs in ((svg.LIGHT, light), (svg.DARK, dark)):
        assert ours == {kind: theirs["act" if kind == "note" else kind] for kind in ours}


class TestFile:
    """--html, --svg and --ics write files in place of the table."""

    def test_the_page_is_written_and_nothing_is_printed(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency)
        given = shell(agency)

        listing.command(given.context, html=tmp_path / "sellers.html")

        assert given.printed() == ""
        assert (
            Reader((tmp_path / "sellers.html").read_text("utf-8")).texts["h1"]
            == "1 connection of 1 seller; all connected"
        )
        assert f"{tmp_path / 'sellers.html'} is written" in agency.said()

    @pytest.mark.skipif("os.name == 'nt'", reason="Windows has other permissions")
    def test_only_the_user_can_read_it(self, agency: Agency, tmp_path: Path) -> None:
        paths = {flag: tmp_path / f"sellers.{flag}" for flag in ("html", "svg", "ics")}
        paths["html"].write_text("old")
        paths["html"].chmod(0o644)

        listing.command(shell(agency).context, html=paths["html"], svg=paths["svg"], ics=paths["ics"])

        assert {stat.S_IMODE(path.stat().st_mode) for path in paths.values()} == {0o600}

    def test_a_filter_leaves_what_is_told_and_the_matrix_whole(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency, "acme", "eu", standing="rejected")
        connected(agency, "acme", "na")
        connected(agency, "bravo")

        listing.command(shell(agency).context, status=["rejected"], html=tmp_path / "a.html")

        shown = Tables((tmp_path / "a.html").read_text("utf-8")).found
        assert shown[0][1][:3] == ["acme", "● connected", "✕ rejected"]
        assert [row[:2] for row in shown[-1][1:]] == [["acme", "Europe & India"]]
        assert "<code>sp-connect list --status rejected</code>" in (tmp_path / "a.html").read_text("utf-8")

    def test_json_is_printed_all_the_same(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency)
        given = shell(agency)

        listing.command(given.context, json=True, html=tmp_path / "a.html")

        assert given.json()[0]["seller"] == "acme"
        assert (tmp_path / "a.html").exists()

    def test_with_nothing_connected_it_is_written_and_says_so(self, agency: Agency, tmp_path: Path) -> None:
        listing.command(shell(agency).context, html=tmp_path / "a.html")

        assert Reader((tmp_path / "a.html").read_text("utf-8")).texts["h1"] == "No connections"

    def test_beside_a_damaged_file_the_rest_is_written(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency)
        connected(agency, "bravo")
        for name in ("acme", "charlie"):
            (agency.folder / "connections" / f"{name}.toml").write_text("[[connection]\n")

        with pytest.raises(errors.SpConnectError) as failure:
            listing.command(shell(agency).context, html=tmp_path / "a.html")

        assert failure.value.exit_code == 4
        assert f"the rest is in {tmp_path / 'a.html'}" in str(failure.value.message)
        shown = (tmp_path / "a.html").read_text("utf-8")
        assert "2 files could not be read" in shown
        assert Tables(shown).found[0][1][0] == "bravo"

    def test_two_cannot_share_one_file(self, agency: Agency, tmp_path: Path) -> None:
        with pytest.raises(errors.Usage) as failure:
            listing.command(shell(agency).context, html=tmp_path / "a", svg=tmp_path / "a")

        assert failure.value.hint
        assert not (tmp_path / "a").exists()

    def test_a_device_is_written_to_and_stays_one(self, agency: Agency) -> None:
        listing.command(shell(agency).context, html=Path("/dev/null"))

        assert Path("/dev/null").is_char_device()

    def test_it_is_printed_where_standard_output_is_named(self, agency: Agency) -> None:
        listing.command(shell(agency).context, html=Path("-"))

        assert agency.stdout.getvalue().startswith("<!doctype html>")
        assert agency.stdout.getvalue().endswith("</html>\n")

    @pytest.mark.parametrize(
        "more", [{"svg": Path("/dev/stdout")}, {"json": True}, {"csv": True}, {"ics": Path("/dev/fd/1")}]
    )
    def test_only_one_thing_is_printed(self, agency: Agency, more: dict[str, Any]) -> None:
        with pytest.raises(errors.Usage, match="Only one thing can be printed on standard output"):
            listing.command(shell(agency).context, html=Path("-"), **more)

    def test_a_folder_that_cannot_be_is_an_error_of_this_machine(self, agency: Agency, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(errors.ThisMachine):
            listing.command(shell(agency).context, html=tmp_path / "file" / "a.html")
