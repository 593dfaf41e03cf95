"""What the tests of commands begin with: connections without a consent, and a shell around an agency's runtime."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import typer

from sp_connect.amazon import geography
from sp_connect.amazon.client import Amazon
from sp_connect.cli.filters import Selection
from sp_connect.commands import list as listing
from sp_connect.models import Connection, Marketplace, Secret
from sp_connect.runtime import Runtime
from sp_connect.simulator import accounts
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores import secret_store
from sp_connect.stores.secret_store import SecretStore
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen
from tests.agency import NOON, VARIABLE, Agency, writing


def marketplace(country: str, store_name: str | None = "Acme GmbH") -> Marketplace:
    """One of Amazon's marketplaces, as an account sells there."""
    there = geography.COUNTRIES[country]
    return Marketplace(
        country,
        there.marketplace_id,
        f"Amazon.{country}",
        f"www.{there.domain}",
        there.currency,
        store_name,
        True,
        False,
    )


def account_of(name: str, host: str) -> accounts.Account:
    """The account with which a company signs in at a Seller Central host."""
    return next(one for one in (*accounts.of_company(name), *accounts.someone(name)) if one.signs_in_at(host))


def record(name: str = "acme", region: str = "eu", country: str | None = None, **changes: Any) -> Connection:
    """A connection as `connect` makes it at noon; `changes` are fields of it. Nothing is kept."""
    scope = geography.scope(name, region, country)
    account = account_of(name, geography.consent_host(scope))
    sells_in = [code for code in geography.COUNTRIES if code in account.countries]
    made = Connection(
        scope=scope,
        selling_partner_id=account.selling_partner_id,
        app="default",
        access_level="default",
        standing="connected",
        authorized_at=NOON,
        verified_at=NOON,
        marketplaces=tuple(marketplace(code, account.company) for code in sells_in),
        secret_ref=secret_store.new_ref(),
        simulated=True,
    )
    return made._replace(**changes)


def connected(
    agency: Agency, name: str = "acme", region: str = "eu", country: str | None = None, **changes: Any
) -> Connection:
    """A connection of the agency with a token that the simulated Amazon takes; `changes` are fields of the record."""
    today = {"authorized_at": agency.clock(), "verified_at": agency.clock()}
    made = record(name, region, country, **(today | changes))
    host = geography.consent_host(made.scope)
    given = agency.world.authorize(BUILT_IN, account_of(name, host), host)
    with writing(agency.runtime):
        agency.runtime.changes.keep_connection(made, Secret(given.refresh_token))
    return made


def end_at_amazon(agency: Agency, connection: Connection) -> None:
    """What the seller does at Manage Your Apps."""
    assert agency.world.revoke(BUILT_IN.application_id, connection.selling_partner_id)


def token_of(agency: Agency, connection: Connection) -> str:
    return agency.runtime.secrets.fetch(connection.secret_name).reveal()


def kept(agency: Agency, connection: Connection) -> Connection:
    """The record as it is on disk now."""
    found = agency.runtime.connections.get(connection.scope)
    assert found is not None
    return found


def hearing(agency: Agency, hear: Callable[[str], None]) -> Runtime:
    """The agency's runtime, where `hear` is told of each request to Amazon as soon as it is answered."""
    return replace(
        agency.runtime, amazon=Amazon(agency.simulator.base_url, hear, sleep=lambda _: None, variable=VARIABLE)
    )


@dataclass
class Shell:
    """What Typer hands a command, around `runtime`; and what the command printed on stdout."""

    agency: Agency
    runtime_: Runtime

    environ: dict[str, str] = field(default_factory=dict)
    invoked_subcommand: str | None = None

    @property
    def context(self) -> typer.Context:
        return cast("typer.Context", self)

    @property
    def obj(self) -> Shell:
        return self

    @property
    def screen(self) -> Screen:
        return self.runtime_.screen

    def runtime(self, *, secrets: bool = True) -> Runtime:
        """Without `secrets` there is no store: whoever said that it needs none is found out."""
        return self.runtime_ if secrets else replace(self.runtime_, secrets=cast("SecretStore", None))

    def printed(self) -> str:
        return self.agency.stdout.getvalue()

    def json(self) -> Any:
        return json.loads(self.printed())


def shell(agency: Agency, around: Runtime | None = None) -> Shell:
    return Shell(agency, around or agency.runtime)


def selected(due: int | None = None, **filters: str | Sequence[str]) -> Selection:
    """A selection by its flags: `seller`, `region`, `country`, `app`, `status`, each with one value or several."""
    several = {name: [value] if isinstance(value, str) else value for name, value in filters.items()}
    sellers, regions, countries = (several.pop(name, ()) for name in ("seller", "region", "country"))
    apps, statuses = several.pop("app", ()), several.pop("status", ())
    assert not several
    return Selection(sellers, regions, countries, apps, statuses, due)


def names(connections: Sequence[Connection]) -> list[str]:
    return [f"{c.scope.seller} {c.scope.item}" for c in connections]


def left(agency: Agency) -> list[str]:
    """What is connected now."""
    return names(listing.run(agency.runtime, Selection())[0])


class Keys(io.StringIO):
    """A terminal on which `typed` is what the person types."""

    def isatty(self) -> bool:
        return True


def typing(agency: Agency, typed: str) -> Runtime:
    """The agency's runtime with somebody at the terminal."""
    return replace(agency.runtime, prompt=Prompt(Keys(typed), agency.stderr))


def piping(agency: Agency, text: str) -> Runtime:
    """The agency's runtime with another program's output on stdin."""
    return replace(agency.runtime, prompt=Prompt(io.StringIO(text), agency.stderr))
