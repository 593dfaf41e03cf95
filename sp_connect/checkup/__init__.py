"""The checks of `doctor`, from this machine outward. Each looks at one thing; with --fix some mend it.

A check is a function of the facts that returns a finding, or raises what is wrong. One that fails stops no other.
What has to go over the network is asked at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from sp_connect import at_once, errors
from sp_connect.amazon import geography, lwa
from sp_connect.checkup import desk, endpoints, machine, records, relay, settings, tokens
from sp_connect.checkup.facts import Facts
from sp_connect.edges import Edges
from sp_connect.findings import Finding, failed

NAMES = (
    "configuration",
    "app",
    "permissions",
    "disk",
    "secret-store",
    "home",
    "client-secret",
    "records",
    "unfinished",
    "tokens",
    "unclaimed",
    "apps-in-use",
    "accounts",
    "countries",
    "seats",
    "connections",
    "invites",
    "port",
    "browser",
    "relay",
    "endpoint",
    "clock",
)
"""Every check, in its order. Programs may rely on the names."""


class Check(NamedTuple):
    """One check; `subject` is which of several apps, addresses or hosts it looks at."""

    name: str
    look: Callable[[], Finding]
    subject: str | None = None


def run(edges: Edges, *, fix: bool, yes: bool) -> Iterator[Finding]:
    """Each finding as soon as it is there. `fix` mends what can be mended here, `yes` without a question."""
    facts = Facts(edges, fix=fix, yes=yes)
    for check in _here(facts):
        yield done(check)
    for _, finding in at_once.each(at_once.JOBS, list(_far_away(facts)), done):
        yield finding
    yield done(Check("clock", partial(endpoints.clock, facts)))


def done(check: Check) -> Finding:
    """What a check finds, with its name and its time."""
    began = time.monotonic()
    try:
        finding = check.look()
    except errors.SpConnectError as error:
        finding = failed(error)
    return finding._replace(name=check.name, subject=check.subject, seconds=time.monotonic() - began)


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Findings in the order of their checks, however they came."""
    return sorted(found, key=lambda one: (NAMES.index(one.name), one.subject or ""))


def _here(facts: Facts) -> Iterator[Check]:
    """The checks of this machine. They are made one after another: what --fix mended, the next one sees."""
    yield Check(
        "permissions", partial(machine.private, facts)
    )  # first: a config.toml that others may change is not read
    yield Check("configuration", partial(settings.configuration, facts))
    for app in facts.apps:
        yield Check("app", partial(settings.app, facts, app), app.name)
    yield Check("disk", partial(machine.disk, facts))
    yield Check("secret-store", partial(machine.secret_store, facts))
    yield Check("home", partial(machine.home, facts))
    yield Check("records", partial(records.readable, facts))
    yield Check("unfinished", partial(records.unfinished, facts))
    yield Check("tokens", partial(tokens.present, facts))
    yield Check("unclaimed", partial(tokens.unclaimed, facts))
    yield Check("apps-in-use", partial(records.apps_in_use, facts))
    yield Check("accounts", partial(records.accounts, facts))
    yield Check("countries", partial(records.countries, facts))
    for app in facts.apps:
        yield Check("seats", partial(settings.seats, facts, app), app.name)
    yield Check("connections", partial(records.statuses, facts))
    yield Check("invites", partial(records.invites, facts))
    for app in {app.listen: app for app in facts.apps}.values():
        yield Check("port", partial(desk.port, facts, app), app.listen)
    yield Check("browser", partial(desk.browser, facts))


def _far_away(facts: Facts) -> Iterator[Check]:
    """The checks that wait for an answer: of Amazon about each app, of each relay page, of Amazon's hosts in use."""
    for app in facts.apps:
        yield Check("client-secret", partial(settings.client_secret, facts, app), app.name)
    for app in facts.apps:
        yield Check("relay", partial(relay.page, facts, app), app.name)
    hosts = {lwa.TOKEN_ADDRESS: None} | {
        f"https://{geography.REGIONS[row.scope.region].api_host}/": None for row in facts.records.rows
    }
    for address in hosts:
        yield Check("endpoint", partial(endpoints.answers, facts, address), endpoints.host_of(address))
