"""The card of one connection: the Selling Partner ID and the marketplaces, by which a person checks the account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from sp_connect import errors, words
from sp_connect.models import Connection
from sp_connect.terminal import text
from sp_connect.terminal.screen import Screen
from sp_connect.views import conversation, data, signs

if TYPE_CHECKING:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

WIDEST = 72

_DOUBTS = MappingProxyType(
    {
        "not-permitted": "the app has no role that names the account",
        "throttled": "Amazon was asked too often",
        "unreachable": "Amazon did not answer",
        "unexpected-answer": "Amazon's answer named nobody",
    }
)


def load() -> None:
    """Imports what a card is drawn with: those files may be replaced by an update while its consent is waited for."""
    from rich import box, panel, table, text  # noqa: F401


def card(screen: Screen, connection: Connection, now: datetime) -> Panel:
    """The one box in the program."""
    from rich import box
    from rich.panel import Panel
    from rich.text import Text

    title = Text.assemble((text.literal(connection.scope.seller), "bold"), "  ", text.literal(connection.scope.place))
    if screen.simulated:
        title.append("  SIMULATED", "bold yellow")
    return Panel(
        labelled(facts(connection, now)),
        box=box.ROUNDED,
        title=title,
        title_align="left",
        subtitle=signs.status(connection, now, ascii_only=screen.out.options.ascii_only),
        subtitle_align="right",
        padding=(1, 2),
        width=min(WIDEST, screen.out.width),
    )


def tell_each(
    screen: Screen, made: Iterable[Connection], now: Callable[[], datetime], *, as_json: bool = False
) -> None:
    """Shows each connection as it is made, with the question that its card is for.

    As JSON all come at the end, also where it ends early: what was connected stays connected.
    """
    told: list[Connection] = []
    try:
        for connection in made:
            told.append(connection)
            if not as_json:
                screen.show(card(screen, connection, now()))
                conversation.check(screen, connection)
    except (errors.SpConnectError, KeyboardInterrupt):
        if as_json and told:
            screen.json([data.connection(one, now()) for one in told])
        raise
    if as_json:
        screen.json([data.connection(one, now()) for one in told])


def labelled(pairs: Iterable[tuple[str, Text]]) -> Table:
    """Labels and values, as they stand in a box."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in pairs:
        grid.add_row(label, value)
    return grid


def facts(connection: Connection, now: datetime) -> list[tuple[str, Text]]:
    """The card's lines: a label and a value each."""
    suspended, is_known = words.listed(connection.suspended_in), bool(connection.marketplaces)
    stores = sorted({m.store_name for m in connection.marketplaces if m.store_name})
    codes = "  ".join(connection.sells_in)
    return [
        ("Selling Partner ID", text.styled(connection.selling_partner_id, "bold")),
        ("Confirmed", text.styled("by Amazon" if connection.id_confirmed else f"no: {doubt(connection)}")),
        ("Store", text.styled(words.listed(stores) or ("not named by Amazon" if is_known else "not yet checked"))),
        ("Marketplaces", text.styled(codes or ("none now" if is_known else "not yet checked"), "bold")),
        *([("Suspended", text.styled(f"listings in {suspended}"))] if suspended else []),
        ("Access level", text.styled(connection.access_level)),
        *_until(connection, now),
    ]


def _until(connection: Connection, now: datetime) -> list[tuple[str, Text]]:
    """Until when it is good, unless Amazon has refused it; and why the last check found it of no use."""
    wrong = connection.last_error
    told = [] if connection.status(now) == "rejected" else [("Renew by", text.styled(_renew_by(connection, now)))]
    if wrong is not None:
        told.append(("Last check", text.styled(f"{words.day(wrong.at)}: {wrong.message}", longest=None)))
        if wrong.amazon:
            told.append(("Amazon said", text.styled(str(wrong.amazon), longest=None)))
    return told


def _renew_by(connection: Connection, now: datetime) -> str:
    days = connection.days_left(now)
    if connection.renew_by is None or days is None:
        return "unknown: the consent date was not given (--authorized-at)"
    return f"{words.day(connection.renew_by)}, {words.in_days(days)}"


def doubt(connection: Connection) -> str:
    """Why Amazon has not confirmed the Selling Partner ID of a connection."""
    return _DOUBTS.get(connection.id_doubt or "", "Amazon has not been asked yet")
