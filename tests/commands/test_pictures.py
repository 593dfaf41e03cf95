"""`list --svg`: the matrix, or the table, as a picture that stands by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest

from sp_connect.commands import list as listing
from sp_connect.models import Connection, Status
from sp_connect.views import svg
from sp_connect.views.report import Report
from tests.agency import Agency
from tests.commands.given import connected, marketplace, shell
from tests.commands.office import LONGEST, many, of, that_is
from tests.commands.test_report import made
from tests.commands.test_views import HOSTILE, is_harmless

SVG = "{http://www.w3.org/2000/svg}"
MAKERS = pytest.mark.parametrize("make", [svg.matrix, svg.connections], ids=["matrix", "table"])


def lines(picture: str) -> list[list[str]]:
    """The texts of each line."""
    return [["".join(run.itertext()) for run in line] for line in ET.fromstring(picture).iter(f"{SVG}text")]


@MAKERS
def test_it_loads_nothing_and_runs_nothing(make: Callable[[Report], str]) -> None:
    picture = make(made(many(20)))

    root = ET.fromstring(picture)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        *("svg", "title", "style", "rect", "path", "text", "tspan")
    }
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or name.startswith("on")]
    assert not re.search(r"@import|url\(|@font-face", picture)


def test_it_has_light_and_dark_and_no_variable() -> None:
    style = ET.fromstring(svg.matrix(made(many(1)))).findtext(f"{SVG}style")

    assert style is not None
    assert "@media (prefers-color-scheme: dark)" in style
    assert "var(" not in style
    used = {element.get("class") for element in ET.fromstring(svg.matrix(made(many(10)))).iter()} - {None}
    light, dark = style.split("@media")
    assert all(f".{name} {{" in light and f".{name} {{" in dark for name in used)


def test_its_title_tells_the_state_to_whoever_sees_no_picture() -> None:
    root = ET.fromstring(svg.matrix(made([that_is("due")])))

    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "1 connection of 1 seller; 1 due"


@MAKERS
def test_its_title_and_date_are_drawn(make: Callable[[Report], str]) -> None:
    shown = lines(make(made([that_is("due")])))

    assert shown[:2] == [["1 connection of 1 seller; 1 due"], ["As known on 22 Nov 2026, 12:00 UTC"]]


class TestMatrix:
    @pytest.mark.parametrize(
        ("status", "sign"), list(zip(get_args(Status), ["●", "?", "▲ 12d", "✕", "✕", "∅"], strict=True))
    )
    def test_each_status_has_its_sign_in_its_column(self, status: Status, sign: str) -> None:
        assert ["acme", "·", sign, "·", "·", "·"] in lines(svg.matrix(made([that_is(status)])))

    def test_every_seller_has_a_row_and_the_legend_stands_below(self) -> None:
        shown = lines(svg.matrix(made(many(30))))

        assert [line[0] for line in shown if line[0].startswith("seller-")] == [f"seller-{n:05}" for n in range(30)]
        assert shown[-1][:2] == ["●", "connected"] or shown[-2][:2] == ["●", "connected"]

    def test_all_that_is_drawn_lies_inside(self) -> None:
        root = ET.fromstring(svg.matrix(made([of(LONGEST), *many(3)])))

        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        assert width < 900
        for line in root.iter(f"{SVG}text"):
            assert 0 < float(line.get("y", 0)) < height
            for run in line:
                assert float(run.get("x", 0)) + len("".join(run.itertext())) * svg.LETTER <= width


class TestTable:
    def test_it_has_what_list_has(self) -> None:
        rows = [of("acme"), that_is("rejected", "acme", "eu", "IN")]

        _, _, heads, first, second = lines(svg.connections(made(rows)))

        assert heads == ["Seller", "Region", "Selling Partner ID", "Marketplaces", "Renew by", "Status"]
        assert first[:3] == ["acme", "Europe & India", rows[0].selling_partner_id]
        assert second[:2] == ["India", rows[1].selling_partner_id]
        assert second[-1] == "✕ rejected"

    def test_a_long_name_takes_several_lines(self) -> None:
        shown = lines(svg.connections(made([of(LONGEST), of(LONGEST, "fe", "JP"), of("x")])))[2:]

        assert "".join(line[0] for line in shown[1:-1]) == LONGEST
        assert shown[2][1] == "Japan"
        assert shown[-1][0] == "x"


@MAKERS
@pytest.mark.parametrize("words", [*HOSTILE, "</text><script>alert(1)</script>", '"&<', "\ufffe\uffff"])
def test_foreign_text_is_shown_as_text(make: Callable[[Report], str], words: str) -> None:
    picture = make(made([of("acme", selling_partner_id=words, marketplaces=(marketplace("DE"),))]))

    assert "script" not in {element.tag.removeprefix(SVG) for element in ET.fromstring(picture).iter()}
    assert is_harmless(picture), ascii(picture)


def test_what_must_not_be_missed_stands_above() -> None:
    shown = lines(svg.matrix(made(many(1), simulated=True, unread=1)))

    assert shown[2] == ["SIMULATED: none of this is real."]
    assert shown[3] == ["1 file could not be read: its seller is missing here."]


@pytest.mark.parametrize("is_matrix", [True, False])
def test_the_flag_matrix_chooses_what_is_drawn(agency: Agency, tmp_path: Path, is_matrix: bool) -> None:
    connected(agency)
    given = shell(agency)

    listing.command(given.context, matrix=is_matrix, svg=tmp_path / "sellers.svg")

    shown = lines((tmp_path / "sellers.svg").read_text("utf-8"))
    assert ("Renew by" in shown[2]) is not is_matrix
    assert given.printed() == ""


@pytest.mark.parametrize("rows", [[], [of("acme")]], ids=["none", "one"])
def test_few_connections_are_a_picture_too(rows: list[Connection]) -> None:
    for picture in (svg.matrix(made(rows)), svg.connections(made(rows))):
        assert lines(picture)
