"""Invites as people see them: the links to send, and the table of those that are pending."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sp_connect import words
from sp_connect.amazon import consent
from sp_connect.models import Invite
from sp_connect.terminal import text
from sp_connect.terminal.screen import Screen
from sp_connect.views import tables

LINK_BEGINS = 6
"""Letters of a state that tell it from others on a screen."""


def links(screen: Screen, made: Sequence[Invite]) -> None:
    """Each link on a line of its own, so that it can be copied whole, and what is to be done with it."""
    for one in made:
        screen.say(f"{one.scope}, good until {words.day(one.expires_at)}:")
        screen.line(text.literal(one.address, None))
        screen.say()
    screen.say(
        "The seller opens the link, chooses Confirm, and sends you the address that the page then shows. "
        "It is good for five minutes: sp-connect accept -",
        style="dim",
    )


def show(screen: Screen, rows: Sequence[Invite], now: datetime) -> None:
    """The pending invites, with their age and what is left; the links are in --json.

    Where a place has several, how each link goes on tells them apart.
    """
    links = Counter(one.scope for one in rows)
    columns: tables.Columns = {
        "Seller": [text.styled(one.scope.seller, "bold") for one in rows],
        "Region": [text.styled(one.scope.place) for one in rows],
        "App": [text.styled(one.app) for one in rows],
        "Invited": [text.styled(words.day(one.created_at)) for one in rows],
        "Age": [text.styled(_age(one, now)) for one in rows],
        "Ends": [text.styled(words.in_days(_days(one.expires_at - now))) for one in rows],
    }
    has_twins = len(links) < len(rows)
    if has_twins:
        columns["Link"] = [text.styled(_begin(one.state) if links[one.scope] > 1 else "") for one in rows]
    made = tables.filled(screen, columns, ("App", "Invited"))
    made.columns[0].no_wrap, made.columns[0].overflow = False, "fold"
    screen.show(made)
    if has_twins:
        screen.say()
        screen.say(
            f"A place with several links: each is good until one is used. Link stands behind state={consent.AWAY}"
        )


def _begin(state: str) -> str:
    return f"{state.removeprefix(consent.AWAY)[:LINK_BEGINS]}…"


def _age(invite: Invite, now: datetime) -> str:
    days, rest = divmod(now - invite.created_at, timedelta(days=1))
    return words.in_days(-days) if days else words.ago(rest.total_seconds())


def _days(span: timedelta) -> int:
    return math.ceil(span / timedelta(days=1))
