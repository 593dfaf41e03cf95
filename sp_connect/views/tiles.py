"""A seller's page: a tile for each place, connected or not, side by side where the terminal has room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.models import Connection, Invite, Scope
from sp_connect.terminal import text
from sp_connect.terminal.screen import PIPE_WIDTH, Screen
from sp_connect.views import card, signs

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

NARROWEST, GAP = 56, 2
"""The least width of a tile where several are side by side, and the gap between them."""

FRAME = 6
"""The width that a tile needs beside its text."""

Place = tuple[Scope, Connection | None, str, Invite | None]
"""Where the seller is or could be connected, the command that connects it or renews it, and a pending invite."""


def page(screen: Screen, seller: str, places: Sequence[Place], now: datetime) -> Group:
    """The whole page. Where one tile stands below the other, a command stays on one line as long as there is room."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    width = screen.out.width
    abreast = 1 if width == PIPE_WIDTH else max(1, min((width + GAP) // (NARROWEST + GAP), len(places)))
    if abreast == 1:
        wide = min(width, max(card.WIDEST, *(len(screen.typed(command)) + FRAME for _, _, command, _ in places)))
    else:
        wide = min(card.WIDEST, (width + GAP) // abreast - GAP)
    head = Text.assemble((text.literal(seller), "bold"), f"  {_counted(places, now)}")
    if screen.simulated:
        head.append("  SIMULATED", "bold yellow")
    rows: list[RenderableType] = []
    for begin in range(0, len(places), abreast):
        panels = [_tile(screen, place, now, wide) for place in places[begin : begin + abreast]]
        options = screen.out.options.update(width=wide)
        tallest = max(len(screen.out.render_lines(panel, options)) for panel in panels)
        for panel in panels:
            panel.height = tallest
        row = Table.grid(padding=(0, GAP, 0, 0))
        row.add_row(*panels)
        rows.append(row)
    return Group(head, Text(), *rows)


def _counted(places: Sequence[Place], now: datetime) -> str:
    """How many places there are of each state: "1 connected, 2 invited, 2 not connected"."""
    invited = sum(one is None and invite is not None for _, one, _, invite in places)
    connected = signs.counted(one.status(now) for _, one, _, _ in places if one)
    absent = signs.counted(None for _, one, _, invite in places if one is None and invite is None)
    return ", ".join(filter(None, (connected, f"{invited} invited" if invited else "", absent)))


def _tile(screen: Screen, place: Place, now: datetime, width: int) -> Panel:
    from rich import box
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    scope, connection, command, invite = place
    command = screen.typed(command)
    ascii_only = screen.out.options.ascii_only
    shown: RenderableType
    if connection is None:
        shown = _broken(command, width - FRAME)
        sign, told = (signs.ABSENT, signs.told(None)) if invite is None else (signs.INVITED, "invited")
        state = Text(f"{sign.glyph(ascii_only=ascii_only)} {told}", sign.style)
    else:
        shown = card.labelled(card.facts(connection, now))
        state = signs.status(connection, now, ascii_only=ascii_only)
        sign = signs.of(connection.status(now))
        next_step = screen.typed(f"sp-connect verify {scope.flags}") if sign == signs.UNCHECKED else command
        if sign in {signs.UNCHECKED, *signs.URGENT}:
            shown = Group(shown, Text(), _broken(next_step, width - FRAME))
    if invite is not None:
        shown = Group(_invited(invite, now), Text(), shown)
    return Panel(
        shown,
        box=box.ROUNDED,
        title=text.styled(scope.place, "bold"),
        title_align="left",
        subtitle=state,
        subtitle_align="right",
        border_style="dim" if connection is None else "",
        padding=(0, 2),
        width=width,
    )


def _invited(invite: Invite, now: datetime) -> Table:
    ends = f"{words.day(invite.expires_at)}, {words.in_days(math.ceil((invite.expires_at - now) / timedelta(days=1)))}"
    return card.labelled(
        [
            ("Invited", text.styled(words.day(invite.created_at))),
            ("Link ends", text.styled(ends)),
            ("Then", text.styled("sp-connect accept -")),
        ]
    )


def _broken(command: str, room: int) -> Text:
    """A command, on as many lines as it takes: a flag and its value stay together."""
    first, *flags = text.literal(command, None).split(" --")
    lines = [first]
    for flag in flags:
        longer = f"{lines[-1]} --{flag}"
        lines[-1:] = [longer] if len(longer) <= room else [lines[-1], f"--{flag}"]
    from rich.text import Text

    return Text("\n", overflow="fold").join([text.styled(line, longest=None) for line in lines])
