"""Tables: one head rule and nothing else; columns give way in a known order where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.amazon import geography
from sp_connect.models import SEATS, SECRET_LIFE, App, Connection
from sp_connect.views import signs, text
from sp_connect.views.screen import PIPE_WIDTH, Screen

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GAP = 3
"""Spaces between two columns."""

ROOM_TO_WRAP = 14
"""From here on all marketplaces are shown, on as many lines as they take; below it "DE FR +8" on one."""

ROOM_FOR_CODES = 8
"""What "DE FR +8" takes; below it another column gives way."""

WIDEST_CODES = 29
"""Ten country codes on one line."""

Columns = dict[str, list["Text"]]


def connections(screen: Screen, rows: Sequence[Connection], now: datetime) -> Table:
    """Every connection, a row each. The Selling Partner ID is never cut or wrapped, at any width.

    Marketplaces are shortened first; then the access level goes, the date, which the status tells where it
    matters, and last the marketplaces.
    Piped, nothing gives way and every row names its seller, so that each line stands alone.
    """
    piped = screen.out.width == PIPE_WIDTH
    columns = _connection_columns(rows, now, ascii_only=screen.out.options.ascii_only)
    if all(c.access_level == "default" for c in rows):
        del columns["Access level"]
    for head in ("Access level", "Renew by", "Marketplaces"):
        if _room(screen, columns) < ROOM_FOR_CODES:
            columns.pop(head, None)
    room = max(ROOM_FOR_CODES, min(_room(screen, columns), WIDEST_CODES))
    if room < ROOM_TO_WRAP and not piped and "Marketplaces" in columns:
        columns = {"Sells in" if head == "Marketplaces" else head: cells for head, cells in columns.items()}
        columns["Sells in"] = [text.styled(shortened(cell.plain.split(), room)) for cell in columns["Sells in"]]

    table = _table(screen)
    for head, cells in columns.items():
        if head == "Marketplaces":
            table.add_column(head, max_width=None if piped else room)
        elif head == "Seller":
            table.add_column(head, style="bold", overflow="fold")
        else:
            table.add_column(head, no_wrap=head != "Selling Partner ID", min_width=max(map(len, cells), default=0))
    sellers = [c.scope.seller for c in rows]
    for i, row in enumerate(zip(*columns.values(), strict=True)):
        is_next_of_same = not piped and i > 0 and sellers[i] == sellers[i - 1]
        if not piped and i > 0 and not is_next_of_same:
            table.add_row()
        table.add_row("" if is_next_of_same else row[0], *row[1:])
    return table


def summary(rows: Sequence[Connection], now: datetime) -> str:
    """What a table of connections comes to: "4 connections of 2 sellers; 1 due, 1 rejected."."""
    sellers = len({c.scope.seller for c in rows})
    total = f"{words.count(len(rows), 'connection')} of {words.count(sellers, 'seller')}"
    states = [c.status(now) for c in rows]
    noted = [f"{states.count(s)} {s.replace('-', ' ')}" for s in dict.fromkeys(sorted(states)) if s != "connected"]
    return f"{total}; {', '.join(noted)}." if noted else f"{total}."


def shortened(codes: Sequence[str], room: int) -> str:
    """As many country codes as `room` has, then how many more there are: "DE FR +8"."""
    for shown in range(len(codes), 0, -1):
        rest = len(codes) - shown
        said = " ".join([*codes[:shown], *([f"+{rest}"] if rest else [])])
        if len(said) <= room:
            return said
    return f"{len(codes)}" if codes else ""


def apps(screen: Screen, rows: Iterable[tuple[App, int]], now: datetime) -> Table:
    """The apps, each with the age of its client secret against 180 days and its seats against 25."""
    table = _table(screen)
    for head in ("App", "Application ID", "Redirect URI", "Listens on", "Secret", "Seats"):
        table.add_column(head, style="bold" if head == "App" else "", overflow="fold")
    for app, seats in rows:
        name = f"{app.name} (draft)" if app.draft else app.name
        table.add_row(
            text.styled(name),
            text.styled(app.application_id),
            text.styled(app.redirect_uri),
            text.styled(app.listen),
            secret_age(app, now),
            f"{seats} of {SEATS}",
        )
    return table


def app_facts(app: App, seats: int, now: datetime) -> list[tuple[str, Text]]:
    """What `app show` says, a label and a value each."""
    return [
        ("App", text.styled(app.name, "bold")),
        ("Application ID", text.styled(app.application_id)),
        ("Client ID", text.styled(app.client_id)),
        ("Redirect URI", text.styled(app.redirect_uri)),
        ("Listens on", text.styled(app.listen)),
        ("State at Amazon", text.styled("draft" if app.draft else "published")),
        ("Access level", text.styled(app.access_level)),
        ("Client secret", secret_age(app, now).append(" old")),
        ("Seats", text.styled(f"{seats} of {SEATS}")),
    ]


def facts(screen: Screen, pairs: Iterable[tuple[str, Text]]) -> Table:
    """Labels and values, without a head."""
    table = _table(screen)
    table.show_header = False
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in pairs:
        table.add_row(label, value)
    return table


def secret_age(app: App, now: datetime) -> Text:
    """How old a client secret is against the 180 days that Amazon honours it."""
    left = (app.secret_set_at + SECRET_LIFE - now).days
    style = "red" if left < 0 else "yellow" if left < 30 else ""
    return text.styled(f"{(now - app.secret_set_at).days} of {SECRET_LIFE.days} days", style)


def regions(screen: Screen) -> Table:
    """The regions, and how a consent is given in each."""
    table = _table(screen)
    for head in ("Code", "Region", "One consent for", "Countries"):
        table.add_column(head, style="bold" if head == "Code" else "")
    for region in geography.REGIONS.values():
        codes = " ".join(country.code for country in geography.countries_of(region.code))
        table.add_row(region.code, region.name, "the region" if region.host else "each country", codes)
    return table


def marketplaces(screen: Screen, countries: Iterable[geography.Country]) -> Table:
    """The marketplaces, with the Seller Central on which a consent for the country begins."""
    table = _table(screen)
    for head in ("Code", "Country", "Marketplace ID", "Seller Central", "Currency", "Region"):
        table.add_column(head, style="bold" if head == "Code" else "", no_wrap=head == "Marketplace ID")
    for country in countries:
        table.add_row(
            country.code, country.name, country.marketplace_id, country.host, country.currency, country.region
        )
    return table


def _connection_columns(rows: Sequence[Connection], now: datetime, *, ascii_only: bool) -> Columns:
    return {
        "Seller": [text.styled(c.scope.seller) for c in rows],
        "Region": [text.styled(place(c)) for c in rows],
        "Selling Partner ID": [text.styled(c.selling_partner_id, "bold") for c in rows],
        "Marketplaces": [text.styled(" ".join(m.country for m in c.marketplaces)) for c in rows],
        "Access level": [text.styled(c.access_level) for c in rows],
        "Renew by": [text.styled(words.day(c.renew_by)) for c in rows],
        "Status": [signs.status(c, now, ascii_only=ascii_only) for c in rows],
    }


def place(connection: Connection) -> str:
    """Where a connection is, as a table says it: the country tells its region in the Far East alone."""
    scope = connection.scope
    if scope.country is None or scope.region == "fe":
        return scope.place
    return f"{scope.place} ({scope.region})"


def _room(screen: Screen, columns: Columns) -> int:
    """What is left for the marketplaces beside all other columns. The ID's head may wrap, its cells may not."""
    taken = 0
    for head, cells in columns.items():
        if head != "Marketplaces":
            named = len("Partner ID") if head == "Selling Partner ID" else len(head)
            taken += max([named, *map(len, cells)]) + GAP
    return screen.out.width - taken


def _table(screen: Screen) -> Table:
    from rich import box
    from rich.table import Table

    title = "SIMULATED" if screen.simulated else None
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),  # the box itself adds one
        collapse_padding=True,
        header_style="dim",
        title=title,
        title_style="bold yellow",
        title_justify="left",
    )
