"""Dates for a calendar (RFC 5545): one a connection, on the day until which it must be renewed, and one an app.

An event is the same event at the next import, so that a renewal moves it: its UID is that of the account, its
SEQUENCE rises with its date.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import words
from sp_connect.models import SECRET_LIFE, App, Connection
from sp_connect.terminal.text import literal, rehearsed
from sp_connect.views import signs

if TYPE_CHECKING:
    from icalendar import Alarm, Event

NAMESPACE = uuid.UUID("8161b3c3-a797-5b47-9f9d-7cc4afc0d17b")
"""The namespace of the UIDs; another one would double every event at the next import."""

REMIND_DAYS = (30, 7)
MORNING = timedelta(hours=9)
"""An alarm of a whole day counts from midnight; nobody wants to be woken."""

EPOCH = date(2020, 1, 1)


class Date(NamedTuple):
    """One event of a whole day. `what` names what it is about, whatever its date; an unknown `day` is None."""

    what: str
    day: date | None
    summary: str
    description: str


def calendar(connections: Iterable[Connection], apps: Iterable[App], now: datetime, *, simulated: bool = False) -> str:
    """A calendar file. What has ended, and what ends on an unknown day, is put on today, where it is seen."""
    import icalendar

    made = icalendar.Calendar()
    made.add("prodid", "-//sp-connect//list --ics//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", "SIMULATED" if simulated else "Amazon authorizations")
    dates = [*(_of_connection(one, now) for one in connections), *(_of_app(one) for one in apps)]
    for one in sorted(dates, key=lambda one: (one.day or now.astimezone(UTC).date(), one.what)):
        told = one._replace(description=rehearsed(one.description)) if simulated else one
        made.add_component(_event(told, now, mark="SIMULATED: " if simulated else ""))
    written: bytes = made.to_ical()
    return written.decode()


def _of_connection(connection: Connection, now: datetime) -> Date:
    scope = connection.scope
    status = connection.status(now)
    begun, end = connection.authorized_at, connection.renew_by
    lines = [
        f"Selling Partner ID {literal(connection.selling_partner_id)}",
        f"On {words.day(begun)} the seller consented, for 365 days."
        if begun is not None
        else "It is unknown when the seller consented, and so when the 365 days end.",
    ]
    if status not in {"connected", "due"}:
        lines.append(f"When this file was made: {signs.told(status)}.")
    return Date(
        f"{scope.seller}/{scope.item}/{literal(connection.selling_partner_id)}",
        end and end.astimezone(UTC).date(),
        f"Renew {literal(str(scope))}{'' if end else ', on a day that is unknown'}",
        # Not sp-connect renew: thirty days before the end to the hour, nothing is due for it yet.
        "\n".join([*lines, f"sp-connect connect {literal(scope.flags)}"]),
    )


def _of_app(app: App) -> Date:
    lines = [
        f"Amazon honours a client secret for {SECRET_LIFE.days} days.",
        f"sp-connect was given this one on {words.day(app.secret_set_at)}; it may be older.",
        f"sp-connect app rotate-secret {literal(app.name)}",
    ]
    return Date(
        f"app/{app.name}/{literal(app.application_id)}",
        (app.secret_set_at + SECRET_LIFE).astimezone(UTC).date(),
        f"New client secret for the app {literal(app.name)}",
        "\n".join(lines),
    )


def _event(one: Date, now: datetime, mark: str) -> Event:
    import icalendar

    today = now.astimezone(UTC).date()
    is_over = one.day is not None and one.day < today
    day = max(one.day or today, today)
    event = icalendar.Event()
    event.add("uid", str(uuid.uuid5(NAMESPACE, one.what)))
    event.add("sequence", (day - EPOCH).days)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", day)
    summary = f"{mark}Overdue: {one.summary}" if is_over else f"{mark}{one.summary}"
    event.add("summary", summary)
    event.add("description", one.description)
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["sp-connect"])
    for days in () if is_over or one.day is None else REMIND_DAYS:
        event.add_component(_alarm(days, summary))
    return event


def _alarm(days: int, summary: str) -> Alarm:
    import icalendar

    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", MORNING - timedelta(days=days))
    alarm.add("description", f"{summary}: {words.in_days(days)}")
    return alarm
