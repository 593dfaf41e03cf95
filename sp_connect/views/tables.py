"""Tables: one head rule and nothing else; columns give way in a known order where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from sp_connect import models, words
from sp_connect.amazon import geography
from sp_connect.models import SECRET_LIFE, App, Connection, Scope
from sp_connect.terminal import text
from sp_connect.terminal.screen import PIPE_WIDTH, Screen
from sp_connect.views import connections as layout
from sp_connect.views import drawing

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GAP = 3
"""Spaces between two columns."""

MOST_REMARKS = 5
"""Connections that are named below a table; of more it says how many."""

Columns = dict[str, list["Text"]]


def connections(
    screen: Screen, connections: Sequence[Connection], now: datetime, doubtful: Collection[Scope] = frozenset()
) -> drawing.Shown:
    """Every connection, a row each; of the `doubtful`, that nobody knows. A seller with several stands apart.

    Piped, nothing gives way and each line stands alone.
    """
    rows = layout.told(connections, now, doubtful, ascii_only=screen.ascii_only)
    if screen.width == PIPE_WIDTH:
        return drawing.shown(screen, layout.drawn(rows, apart=True))
    table = layout.drawn(rows, screen.width)
    several = [len(list(group)) > 1 for _, group in groupby(rows, key=lambda row: row.seller)]
    blocks = [
        [*block, []] if has_several or next_has else block
        for block, (has_several, next_has) in zip(table.rows, pairwise([*several, False]), strict=True)
    ]
    last = table.rows[-1:]
    return drawing.shown(screen, table._replace(rows=[*blocks[:-1], *last]))


def summary(rows: Sequence[Connection], now: datetime) -> str:
    """The summary of a table of connections: "4 connections of 2 sellers; 1 due, 1 rejected."."""
    sellers = len({c.scope.seller for c in rows})
    total = f"{words.count(len(rows), 'connection')} of {words.count(sellers, 'seller')}"
    states = [c.status(now) for c in rows]
    noted = [f"{states.count(s):,} {s.replace('-', ' ')}" for s in dict.fromkeys(sorted(states)) if s != "connected"]
    return f"{total}; {', '.join(noted)}." if noted else f"{total}."


def remarks(rows: Sequence[Connection]) -> list[str]:
    """Remarks below a table of connections: accounts that are connected twice, and suspended listings."""
    twice = models.covered(rows)
    said = [
        f"{one.scope} is covered by {whole.scope}, the same account. To end it: sp-connect revoke {one.scope.flags}"
        for one, whole in twice[:MOST_REMARKS]
    ]
    if len(twice) > MOST_REMARKS:
        said.append(f"{words.count(len(twice) - MOST_REMARKS, 'more connection')} of this kind: sp-connect doctor")
    suspended = [f"{one.scope.seller} in {words.listed(one.suspended_in)}" for one in rows if one.suspended_in]
    if suspended:
        more = len(suspended) - MOST_REMARKS
        named = suspended if more < 2 else [*suspended[:MOST_REMARKS], f"{more} more"]
        said.append(f"Amazon has suspended listings of {words.listed(named)}.")
    return said


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
        "Seats": [_seats(app, used) for app, used in rows],
    }
    return filled(screen, columns, ("Listens on", "Application ID", "Redirect URI"))


def app_facts(app: App, seats: int, now: datetime) -> list[tuple[str, Text]]:
    """The lines of `app show`: a label and a value each."""
    until = app.old_secret_until if app.has_old_secret(now) else None
    return [
        ("App", text.styled(app.name, "bold")),
        ("Application ID", text.styled(app.application_id)),
        ("Client ID", text.styled(app.client_id)),
        ("Redirect URI", text.styled(app.redirect_uri)),
        ("Listens on", text.styled(app.listen)),
        ("State at Amazon", text.styled("draft" if app.draft else "published")),
        ("Access level", text.styled(app.access_level)),
        ("Client secret", secret_age(app, now).append(" old")),
        *([("Old secret", text.styled(f"kept beside it, until {words.day(until)} at most"))] if until else []),
        ("Seats", _seats(app, seats)),
    ]


def _seats(app: App, used: int) -> Text:
    """The seats used, and of how many, unless the app is listed on the Appstore: a listed one has no limit."""
    seats = app.seats(used)
    return text.styled(f"{used} of {seats}" if seats is not None else f"{used}, no limit")


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
        table.add_row(region.code, region.name, "the region" if region.is_whole else "each country", codes)
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
        if sum(max([len(head), *map(len, cells)]) + GAP for head, cells in columns.items()) - GAP > screen.out.width:
            del columns[head]
    table = _table(screen)
    for head in columns:
        table.add_column(head, no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


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
