"""An office of many sellers, for what is drawn of all of them at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast, get_args

from sp_connect.amazon import geography
from sp_connect.models import Connection, Standing, Status
from tests.agency import NOON
from tests.commands.given import record

PLACES: tuple[tuple[str, str | None], ...] = (("na", None), ("eu", None), ("fe", "JP"), ("fe", "AU"), ("fe", "SG"))

LONGEST = "the-very-long-trading-company-of-hamburg-and-bremen-gmbh-co-kg-1"
assert len(LONGEST) == 64


@cache
def _like(region: str, country: str | None) -> Connection:
    return record("acme", region, country)


def of(seller: str, region: str = "eu", country: str | None = None, **changes: Any) -> Connection:
    """A connection of anyone's, as `record` makes one."""
    return _like(region, country)._replace(scope=geography.scope(seller, region, country), **changes)


def that_is(status: Status, seller: str = "acme", region: str = "eu", country: str | None = None) -> Connection:
    """A connection with that status at noon; what is due is so in twelve days."""
    since = {"due": NOON - timedelta(days=353), "expired": NOON - timedelta(days=366)}.get(status, NOON)
    standing = cast("Standing", status if status in get_args(Standing) else "connected")
    return of(seller, region, country, standing=standing, authorized_at=since)


def ending(when: datetime, seller: str = "acme", region: str = "eu", country: str | None = None) -> Connection:
    """A connection that must be renewed by `when`."""
    return of(seller, region, country, authorized_at=when - timedelta(days=365))


def many(sellers: int) -> list[Connection]:
    """Sellers that are connected everywhere, with every status among them; in the order of `list`."""
    statuses: tuple[Status, ...] = get_args(Status)
    rows = []
    for number in range(sellers):
        for at, (region, country) in enumerate(PLACES):
            status: Status = statuses[(number + at) % len(statuses)] if number % 10 == 0 else "connected"
            rows.append(that_is(status, f"seller-{number:05}", region, country))
    return rows
