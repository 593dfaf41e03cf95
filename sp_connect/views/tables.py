"""Tables: one head rule and nothing else; columns give way in a known order where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.amazon import geography
from sp_connect.models import SEATS, SECRET_LIFE, App, Connection, Scope
from sp_connect.views import signs, text
from sp_connect.views.screen import PIPE_WIDTH, Screen

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GAP, NARROW_GAP = 3, 2
"""Spaces between two columns, and what they may shrink to."""

ROOM_TO_WRAP = 14
"""From here on all marketplaces are shown, on as many lines as they take; below it "DE FR +8" on one."""

ROOM_FOR_CODES = 5
"""What "DE +9" takes; below it another column gives way."""

WIDEST_CODES = 29
"""Ten country codes on one line."""

IN_TWO_LINES = {"Selling Partner ID": "Selling\nPartner ID", "Sells in": "Sells\nin"}
"""Heads that are wider than what stands below them."""

Columns = dict[str, list["Text"]]


def connections(
    screen: Screen, rows: Sequence[Connection], now: datetime, doubtful: Collection[Scope] = frozenset()
) -> Table:
    """Every connection, a row each. The Selling Partner ID is never cut or wrapped, at any width.

    Marketplaces are shortened first; then the access level goes, the marketplaces, and last the date.
    Piped, nothing gives way and every row names its seller, so that each line stands alone.
    """
    piped = screen.out.width == PIPE_WIDTH
    columns = _connection_columns(rows, now, doubtful, ascii_only=screen.out.options.ascii_only)
    if all(c.access_level == "default" for c in rows):
        del columns["Access level"]
    gap = GAP if _room(screen, columns, GAP) >= ROOM_FOR_CODES else NARROW_GAP
    for head in ("Access level", "Marketplaces", "Renew by"):
        if _room(screen, columns, gap) < (ROOM_FOR_CODES if "Marketplaces" in columns else 0):
            columns.pop(head, None)
    room = max(ROOM_FOR_CODES, min(_room(screen, columns, gap), WIDEST_CODES))
    is_narrow = room < ROOM_TO_WRAP and not piped
    if is_narrow and "Marketplaces" in columns:
        columns = {"Sells in" if head == "Marketplaces" else head: cells for head, cells in columns.items()}
        columns["Sells in"] = [text.styled(shortened(cell.plain.split(), room)) for cell in columns["Sells in"]]

    # The head of the ID is wider than any ID: it takes two lines where that lets the codes stay on one.
    codes = max((len(c) for c in columns.get("Marketplaces", [])), default=0)
    is_tight = is_narrow or (not piped and _room(screen, columns, gap) - len("Selling") < min(codes, WIDEST_CODES))
    table = _table(screen, gap)
    for head in columns:
        if head == "Marketplaces":
            table.add_column(head, max_width=None if piped else room)
        elif head == "Seller":
            table.add_column(head, style="bold", overflow="fold")
        else:
            table.add_column(IN_TWO_LINES.get(head, head) if is_tight else head, no_wrap=True)
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
    noted = [f"{states.count(s):,} {s.replace('-', ' ')}" for s in dict.fromkeys(sorted(states)) if s != "connected"]
    return f"{total}; {', '.join(noted)}." if noted else f"{total}."


def shortened(codes: Sequence[str], room: int) -> str:
    """As many country codes as `room` has, then how many more there are: "DE FR +8"."""
    for shown in range(len(codes), 0, -1):
        rest = len(codes) - shown
        said = " ".join([*codes[:shown], *([f"+{rest}"] if rest else [])])
        if len(said) <= room:
            return said
    return f"{len(codes)}" if codes else ""


def apps(screen: Screen, rows: Sequence[tuple[App, int]], now: datetime) -> Table:
    """The apps, each with the age of its client secret against 180 days and its seats against 25.

    Where the terminal is narrow, what `app show` tells gives way: the address, then the ids.
    """
    columns: Columns = {
        "App": [text.styled(f"{app.name} (draft)" if app.draft else app.name, "bold") for app, _ in rows],
        "Application ID": [text.styled(app.application_id) for app, _ in rows],
        "Redirect URI": [text.styled(app.redirect_uri) for app, _ in rows],
        "Listens on": [text.styled(app.listen) for app, _ in rows],
        "Secret": [secret_age(app, now) for app, _ in rows],
        "Seats": [text.styled(f"{seats} of {SEATS}") for _, seats in rows],
    }
    return filled(screen, columns, ("Listens on", "Application ID", "Redirect URI"))


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


def marketplaces(screen: Screen, countries: Sequence[geography.Country]) -> Table:
    """The marketplaces, with the Seller Central on which a consent for the country begins."""
    columns: Columns = {
        "Code": [text.styled(country.code, "bold") for country in countries],
        "Country": [text.styled(country.name) for country in countries],
        "Marketplace ID": [text.styled(country.marketplace_id) for country in countries],
        "Seller Central": [text.styled(country.host) for country in countries],
        "Currency": [text.styled(country.currency) for country in countries],
        "Region": [text.styled(country.region) for country in countries],
    }
    return filled(screen, columns, ("Currency", "Region"))


def filled(screen: Screen, columns: Columns, give_way: Sequence[str] = ()) -> Table:
    """A table of whole cells. Where the terminal is narrow, the columns of `give_way` go, the first first."""
    for head in give_way:
        if _room(screen, columns, GAP) < 0:
            del columns[head]
    table = _table(screen)
    for head in columns:
        table.add_column(head, no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def place_of(scope: Scope) -> str:
    """Where a connection is, as a table says it: the country tells its region in the Far East alone."""
    if scope.country is None or scope.region == "fe":
        return scope.place
    return f"{scope.place} ({scope.region})"


def _connection_columns(
    rows: Sequence[Connection], now: datetime, doubtful: Collection[Scope], *, ascii_only: bool
) -> Columns:
    return {
        "Seller": [text.styled(c.scope.seller) for c in rows],
        "Region": [text.styled(place_of(c.scope)) for c in rows],
        "Selling Partner ID": [text.styled(c.selling_partner_id, "bold") for c in rows],
        "Marketplaces": [text.styled(" ".join(m.country for m in c.marketplaces)) for c in rows],
        "Access level": [text.styled(c.access_level) for c in rows],
        "Renew by": [text.styled(words.day(c.renew_by)) for c in rows],
        "Status": [
            text.styled("? not checked", signs.UNCHECKED.style)
            if c.scope in doubtful
            else signs.status(c, now, ascii_only=ascii_only)
            for c in rows
        ],
    }


def _room(screen: Screen, columns: Columns, gap: int) -> int:
    """What is left for the marketplaces beside all other columns. The ID's head may wrap, its cells may not."""
    taken = 0
    for head, cells in columns.items():
        if head != "Marketplaces":
            named = len("Partner ID") if head == "Selling Partner ID" else len(head)
            taken += max([named, *map(len, cells)]) + gap
    return screen.out.width - taken + (0 if "Marketplaces" in columns else gap)


def _table(screen: Screen, gap: int = GAP) -> Table:
    from rich import box
    from rich.table import Table

    title = "SIMULATED" if screen.simulated else None
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, gap - 1, 0, 0),  # the box itself adds one
        collapse_padding=True,
        header_style="dim",
        title=title,
        title_style="bold yellow",
        title_justify="left",
    )
