"""Whatever Amazon, a seller or a hand-edited file calls things: a view shows it as text, in its usual shape."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import icalendar
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.console import RenderableType

from sp_connect import errors
from sp_connect.findings import failed, warning
from sp_connect.models import AmazonWords, App, Connection, Marketplace
from sp_connect.pages import landing
from sp_connect.terminal.screen import Screen
from sp_connect.views import (
    card,
    checkup,
    conversation,
    data,
    drawing,
    ics,
    matrix,
    report,
    svg,
    tables,
    tiles,
)
from sp_connect.views import csv_output as spreadsheet
from tests import figures
from tests.agency import NOON
from tests.commands.office import of
from tests.commands.test_report import made
from tests.commands.test_views import Terminal, bare
from tests.leaks.hostile import IDS, TEXTS, obeyed
from tests.stores.samples import app

EXAMPLES = 25
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # to make a failing example small takes minutes, and it is read as it is
    suppress_health_check=[HealthCheck.too_slow],
)

MARKETPLACES = st.builds(
    Marketplace,
    country=TEXTS,
    id=TEXTS,
    name=TEXTS,
    domain=TEXTS | st.none(),
    currency=TEXTS | st.none(),
    store_name=TEXTS | st.none(),
    participating=st.booleans(),
    suspended_listings=st.booleans(),
)
CONNECTIONS = st.builds(
    lambda **fields: of("acme", "eu", **fields),
    selling_partner_id=IDS | TEXTS,
    access_level=TEXTS,
    standing=st.sampled_from(["connected", "rejected", "unchecked"]),
    marketplaces=st.lists(MARKETPLACES, min_size=1, max_size=3).map(tuple),
)
APPS = st.builds(app, application_id=TEXTS, client_id=TEXTS, redirect_uri=TEXTS, listen=TEXTS, access_level=TEXTS)
WORDS = st.builds(AmazonWords, TEXTS, TEXTS, TEXTS)
PLAIN = of(
    "acme", "eu", marketplaces=(Marketplace("DE", "A1", "Amazon.de", "www.amazon.de", "EUR", "Acme", True, False),)
)


def piped(show: Callable[[Screen], RenderableType]) -> str:
    """What a view prints into a pipe."""
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.show(show(screen))
    return out.getvalue()


def on_a_terminal(show: Callable[[Screen], RenderableType]) -> str:
    out = Terminal()
    screen = Screen(out, out, colour=False)
    screen.show(show(screen))
    return bare(out.getvalue())


class Shape(HTMLParser):
    """The elements of a page with their attributes' names, and all of its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - HTMLParser
        self.elements.append(("comment", ()))


def shape(picture: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.tag, tuple(one.attrib)) for one in ET.fromstring(picture).iter()]


TABLES: list[Callable[[Screen, Connection], RenderableType]] = [
    lambda screen, one: tables.connections(screen, [one], NOON),
    lambda screen, one: card.card(screen, one, NOON),
    lambda screen, one: tiles.page(screen, "acme", [(one.scope, one, "sp-connect connect", None)], NOON),
    lambda screen, one: drawing.shown(
        screen, matrix.drawn(matrix.grid([one], NOON, matrix.columns()), screen.out.width)
    ),
]


@pytest.mark.parametrize("view", TABLES, ids=["list", "card", "show", "matrix"])
@QUICK
@given(one=CONNECTIONS)
def test_a_terminal_is_given_nothing_to_obey(
    view: Callable[[Screen, Connection], RenderableType], one: Connection
) -> None:
    assert obeyed(piped(lambda screen: view(screen, one))) == []
    assert obeyed(on_a_terminal(lambda screen: view(screen, one))) == []


@QUICK
@given(one=CONNECTIONS)
def test_a_connection_is_one_line_of_the_table_and_one_box_of_the_card(one: Connection) -> None:
    assert len(piped(lambda screen: tables.connections(screen, [one], NOON)).splitlines()) == 3
    assert piped(lambda screen: card.card(screen, one, NOON)).count("╭") - str(one).count("╭") <= 1


@QUICK
@given(one=APPS)
def test_an_app_that_was_written_by_hand_is_given_nothing_to_obey_either(one: App) -> None:
    shown = piped(lambda screen: tables.apps(screen, [(one, 3)], NOON))
    facts = piped(lambda screen: tables.facts(screen, tables.app_facts(one, 3, NOON)))

    assert obeyed(shown + facts) == []
    assert (len(shown.splitlines()), len(facts.splitlines())) == (3, 9)


@QUICK
@given(words=WORDS, hint=TEXTS, as_json=st.booleans())
def test_an_error_is_a_line_with_a_hint_below_it(words: AmazonWords, hint: str, *, as_json: bool) -> None:
    err = io.StringIO()
    error = errors.UnexpectedAnswer("api.amazon.com", "nonsense", words, hint)
    error.hint = hint

    Screen(io.StringIO(), err, colour=False).error(error, as_json=as_json)

    lines = err.getvalue().split("\n")
    assert obeyed(err.getvalue()) == []
    assert [line.partition(":")[0] for line in lines[:2]] == ["error", "hint"]
    assert len(lines) == 3 + as_json
    if as_json:
        said = json.loads(lines[2])["error"]["amazon"]
        assert lines[2].isascii()
        assert (said["error"], said["error_description"], said["request_id"]) == words


@QUICK
@given(words=TEXTS, mend=TEXTS)
def test_what_is_said_is_given_nothing_to_obey(words: str, mend: str) -> None:
    err = io.StringIO()
    screen = Screen(err, err, colour=False, verbose=True)
    pasted = conversation.Pasted(screen, [], str, conversation.TurnedAway(screen))

    screen.say(words)
    screen.story(words)
    screen.address(words)
    screen.fault(errors.Usage(words))
    pasted.turn_away(words)
    pasted.send_on(words)
    for finding in (warning(words, mend), failed(errors.StoreUnavailable(words, mend))):
        screen.show(checkup.table(screen, [finding._replace(name="app", subject=words)]))
        screen.show(checkup.line(screen, finding))

    assert obeyed(err.getvalue()) == []


@QUICK
@given(one=CONNECTIONS)
def test_json_is_ascii_and_unchanged(one: Connection) -> None:
    out = io.StringIO()

    Screen(out, io.StringIO()).json([data.connection(one, NOON)])

    assert out.getvalue().isascii()
    assert obeyed(out.getvalue()) == []
    [read] = json.loads(out.getvalue())
    assert read["selling_partner_id"] == one.selling_partner_id
    assert [m["store_name"] for m in read["marketplaces"]] == [m.store_name for m in one.marketplaces]


FORMULA = re.compile(r"\s*[=+\-@|%\t\r＝＋－＠]")  # noqa: RUF001 - a spreadsheet reads them so


@QUICK
@given(one=CONNECTIONS)
def test_no_cell_of_a_spreadsheet_is_a_formula(one: Connection) -> None:
    written = spreadsheet.connections([one], NOON)

    assert obeyed(written) == []
    for separator in ",;\t":  # the one of some countries is another than ours
        rows = list(csv.reader(io.StringIO(written), delimiter=separator))
        assert len(rows) == 2
        assert [cell for row in rows for cell in row if FORMULA.match(cell)] == []
    head, row = csv.reader(io.StringIO(written))
    assert len(head) == len(row)


@QUICK
@given(one=CONNECTIONS, asked=TEXTS)
def test_a_page_has_the_elements_that_it_always_has(one: Connection, asked: str) -> None:
    page, usual = report.page(made([one], asked=asked)), report.page(made([PLAIN._replace(standing=one.standing)]))

    assert obeyed(page.replace("Aus\u00adtralia", "").replace("Singa\u00adpore", "")) == []
    assert Shape(page).elements == Shape(usual).elements


@QUICK
@given(one=CONNECTIONS, words=WORDS)
def test_the_landing_page_has_the_elements_that_it_always_has(one: Connection, words: AmazonWords) -> None:
    error = errors.Refused(one.scope, words)

    assert Shape(landing.outcome(one)).elements == Shape(landing.outcome(PLAIN)).elements
    usual = errors.Refused(one.scope, AmazonWords("access_denied"))
    assert Shape(landing.outcome(error)).elements == Shape(landing.outcome(usual)).elements


@pytest.mark.parametrize("make", [svg.matrix, svg.connections], ids=["matrix", "table"])
@QUICK
@given(one=CONNECTIONS)
def test_a_picture_has_the_elements_that_it_always_has(make: Callable[[Any], str], one: Connection) -> None:
    picture = make(made([one]))

    assert obeyed(picture) == []
    assert set(shape(picture)) == set(shape(make(made([PLAIN._replace(standing=one.standing)]))))


@QUICK
@given(one=CONNECTIONS, known=APPS)
def test_a_calendar_has_the_events_that_it_always_has(one: Connection, known: App) -> None:
    written = ics.calendar([one], [known], NOON)

    parsed = icalendar.Calendar.from_ical(written)
    usual = icalendar.Calendar.from_ical(ics.calendar([PLAIN._replace(standing=one.standing)], [app()], NOON))
    assert [(c.name, sorted(c)) for c in parsed.walk()] == [(c.name, sorted(c)) for c in usual.walk()]
    assert all(len(line.encode()) <= 75 and not obeyed(line) for line in written.split("\r\n"))


def test_the_examples_are_counted() -> None:
    tests = [test for name, test in globals().items() if name.startswith("test_") and hasattr(test, "hypothesis")]
    variants = len(tests) + len(TABLES) - 1 + 1
    figures.record("hostile names", variants * EXAMPLES)

    assert variants > 10
