"""The checks of `doctor`, from this machine outward. Each looks at one thing; with --fix some mend it.

A check is a function of the facts that returns a finding, or raises what is wrong. One that fails stops no other.
What has to go over the network is asked at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from sp_connect import errors
from sp_connect.amazon import geography, lwa
from sp_connect.checkup import connecting, endpoints, machine, records, relay, settings, tokens
from sp_connect.checkup.context import Context
from sp_connect.findings import Finding, failed
from sp_connect.process import parallel
from sp_connect.runtime import Runtime

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


def run(runtime: Runtime, *, fix: bool, yes: bool) -> Iterator[Finding]:
    """Each finding as soon as it is there. `fix` mends what can be mended here, `yes` without a question."""
    context = Context(runtime, fix=fix, yes=yes)
    for check in _here(context):
        yield done(check)
    for _, finding in parallel.each(parallel.JOBS, list(_far_away(context)), done):
        yield finding
    yield done(Check("clock", partial(endpoints.clock, context)))


def done(check: Check) -> Finding:
    """Runs a check and adds its name and time to the finding."""
    began = time.monotonic()
    try:
        finding = check.look()
    except errors.SpConnectError as error:
        finding = failed(error)
    return finding._replace(name=check.name, subject=check.subject, seconds=time.monotonic() - began)


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Findings in the order of their checks, however they came."""
    return sorted(found, key=lambda one: (NAMES.index(one.name), one.subject or ""))


def _here(context: Context) -> Iterator[Check]:
    """The checks of this machine. They are made one after another: what --fix mended, the next one sees."""
    yield Check(
        "permissions", partial(machine.private, context)
    )  # first: a config.toml that others may change is not read
    yield Check("configuration", partial(settings.configuration, context))
    for app in context.apps:
        yield Check("app", partial(settings.app, context, app), app.name)
    yield Check("disk", partial(machine.disk, context))
    yield Check("secret-store", partial(machine.secret_store, context))
    yield Check("home", partial(machine.home, context))
    yield Check("records", partial(records.readable, context))
    yield Check("unfinished", partial(records.unfinished, context))
    yield Check("tokens", partial(tokens.present, context))
    yield Check("unclaimed", partial(tokens.unclaimed, context))
    yield Check("apps-in-use", partial(records.apps_in_use, context))
    yield Check("accounts", partial(records.accounts, context))
    yield Check("countries", partial(records.countries, context))
    for app in context.apps:
        yield Check("seats", partial(settings.seats, context, app), app.name)
    yield Check("connections", partial(records.statuses, context))
    yield Check("invites", partial(records.invites, context))
    for app in {app.listen: app for app in context.apps}.values():
        yield Check("port", partial(connecting.port, context, app), app.listen)
    yield Check("browser", partial(connecting.browser, context))


def _far_away(context: Context) -> Iterator[Check]:
    """The checks that wait for an answer: of Amazon about each app, of each relay page, of Amazon's hosts in use."""
    for app in context.apps:
        yield Check("client-secret", partial(settings.client_secret, context, app), app.name)
    for app in context.apps:
        yield Check("relay", partial(relay.page, context, app), app.name)
    hosts = {lwa.TOKEN_ADDRESS: None} | {
        f"https://{geography.REGIONS[row.scope.region].api_host}/": None for row in context.records.rows
    }
    for address in hosts:
        yield Check("endpoint", partial(endpoints.answers, context, address), endpoints.host_of(address))
