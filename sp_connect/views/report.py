"""The agency's state as one page that can be kept, sent and printed: nothing from outside, no script.

What is told is what `list` leaves; each cell of the matrix tells all of it, whatever the filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sp_connect import pages, words
from sp_connect.models import Connection
from sp_connect.terminal.text import literal, rehearsed
from sp_connect.views import matrix, signs
from sp_connect.views.matrix import Column, Grid, Row


class Report(NamedTuple):
    """The content of a report, at `now`. `due` counts days, `asked` is the command that made it.

    `unread` files could not be read, so that their sellers are missing.
    """

    rows: Sequence[Connection]
    grid: Grid
    now: datetime
    due: int
    asked: str
    unread: int
    simulated: bool


def title(report: Report) -> str:
    """The state in one line: "90 connections of 38 sellers; 3 due"."""
    if not report.rows:
        return "No connections"
    sellers = words.count(len({one.scope.seller for one in report.rows}), "seller")
    connections = words.count(len(report.rows), "connection")
    statuses = (one.status(report.now) for one in report.rows)
    noted = signs.counted(one for one in statuses if one != "connected")
    return f"{connections} of {sellers}; {noted or 'all connected'}"


def notes(report: Report) -> list[str]:
    """Notes that a reader must not miss."""
    told = ["SIMULATED: none of this is real."] if report.simulated else []
    if report.unread:
        whose = "its seller is" if report.unread == 1 else "their sellers are"
        told.append(f"{words.count(report.unread, 'file')} could not be read: {whose} missing here.")
    return told


def page(report: Report) -> str:
    """The whole page. Text is shown literally, whoever wrote it."""
    head = title(report)
    values = {
        "heading": head,
        "made": _made(report),
        "asked": literal(report.asked, None),
        "notes": notes(report),
        "days": words.count(report.due, "day"),
        "urgent": [
            _facts(one, report.now) | {"command": _command(f"sp-connect connect {one.scope.flags}")}
            for one in urgent(report)
        ],
        "legend": [
            {"kind": signs.KINDS[one.style], "sign": one.mark, "told": one.told} for one in matrix.legend(report.grid)
        ],
        "places": [column.place for column in report.grid.columns],
        "matrix": [_row(row, report.grid.columns) for row in report.grid.rows],
        "connections": [_facts(one, report.now) for one in report.rows],
    }
    if report.simulated:
        return rehearsed(pages.page("report.html", f"SIMULATED: {head}", values, sheet="report.css"))
    return pages.page("report.html", head, values, sheet="report.css")


def urgent(report: Report) -> list[Connection]:
    """Connections that need a new consent: ended ones, then those due within `due` days, then unknown ones."""
    ended = {one.scope: signs.of(one.status(report.now)) in {signs.ENDED, signs.MISSING} for one in report.rows}
    found = (one for one in report.rows if ended[one.scope] or one.ends_within(report.now, report.due))
    return sorted(found, key=lambda one: (not ended[one.scope], one.renew_by is None, one.renew_by or report.now))


def known_on(report: Report) -> str:
    """The date of what is shown: "As known on 30 Nov 2026, 22:00 UTC"."""
    when = report.now.astimezone(UTC)
    return f"As known on {words.day(when)}, {when:%H:%M} UTC"


def _made(report: Report) -> str:
    return f"{known_on(report)}. Made by"


def _command(line: str) -> list[str]:
    """A command in pieces: it breaks before a flag, if it must."""
    first, *flags = literal(line).split(" --")
    return [first, *(f"--{flag}" for flag in flags)]


def _facts(connection: Connection, now: datetime) -> dict[str, str]:
    """The values of a connection in the tables."""
    status = connection.status(now)
    sign = signs.of(status)
    return {
        "seller": literal(connection.scope.seller),
        "place": connection.scope.place,
        "account": literal(connection.selling_partner_id),
        "marketplaces": literal(" ".join(connection.sells_in))
        or ("none now" if connection.marketplaces else "not yet checked"),
        "renew_by": words.day_if_known(connection.renew_by),
        "status": f"{sign.mark} {signs.told(status, connection.days_left(now))}",
        "kind": signs.KINDS[sign.style],
    }


def _row(row: Row, columns: Sequence[Column]) -> dict[str, Any]:
    """A seller's line of the matrix: the signs of each cell, and what they mean in words."""
    seller = literal(row.seller)
    return {
        "seller": seller,
        "cells": [
            {
                "title": f"{seller}, {column.place}: {'; '.join(part.told for part in cell)}",
                "parts": [{"kind": signs.KINDS[part.style], "sign": part.sign(), "told": part.told} for part in cell],
            }
            for column, cell in zip(columns, row.cells, strict=True)
        ],
    }
