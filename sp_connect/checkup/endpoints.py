"""The checks of Amazon's own hosts: whether they answer, and whether their clock and ours agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from sp_connect import errors, words
from sp_connect.amazon import lwa
from sp_connect.checkup.context import SET_CLOCK, Context
from sp_connect.findings import Finding, ok, skipped, warning

MUCH = timedelta(minutes=1)
TOO_MUCH = timedelta(minutes=5)
"""As long as an authorization code lives."""


def host_of(address: str) -> str:
    """The host of an address; the address itself where it has none."""
    return urlsplit(address).hostname or address


def answers(context: Context, address: str) -> Finding:
    """Whether a host of Amazon's answers at all; what, does not matter: nothing was asked. Raises Unreachable."""
    host = host_of(address)
    answer = context.runtime.amazon.look(address)
    told = _moment(answer.headers.get("Date", ""))
    if told is not None:
        context.clocks[host] = told, context.runtime.now()
    if answer.status == 429 or answer.status >= 500:
        return warning(f"{host} is there, and answers {answer.status}", "try again in a minute: sp-connect doctor")
    return ok(f"{host} answers")


def clock(context: Context) -> Finding:
    """Whether this machine's clock agrees with Amazon's, as the answers told it. Raises Unfit for one far off."""
    first = host_of(lwa.TOKEN_ADDRESS)
    host = first if first in context.clocks else next(iter(sorted(context.clocks)), None)
    if host is None:
        return skipped("Amazon did not tell the time")
    theirs, ours = context.clocks[host]
    # Their time is in whole seconds.
    apart = max(timedelta(0), abs(ours - theirs) - timedelta(seconds=1))
    if apart <= MUCH:
        return ok(f"within {words.span(MUCH.total_seconds())} of {host}")
    much = words.span(apart.total_seconds()) if apart < timedelta(days=2) else words.count(apart.days, "day")
    way = "ahead of" if ours > theirs else "behind"
    said = f"This machine's clock is {much} {way} that of {host}."
    if apart > TOO_MUCH:
        raise errors.Unfit(said, SET_CLOCK)
    return warning(said.rstrip("."), SET_CLOCK)


def _moment(text: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7), if it is one."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
