"""A bench on which a command is killed again and again, each time in a fresh copy of the same home.

The secret store and the simulated Amazon are as they were when that home was made, too.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sp_connect.simulator import seller
from sp_connect.simulator.ledger import Authorization
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World
from sp_connect.stores.home import identity
from tests.commands.given import account_of
from tests.kills import outside
from tests.kills.launcher import NEVER, Ended, Launcher
from tests.kills.outside import Secrets, State, Store
from tests.kills.switch import Kill

WIDE = SimulatedApp(
    application_id="amzn1.sp.solution.00000000-5175-4000-8000-00000000wide",
    client_id="amzn1.application-oa2-client.wide00000000000000000000000000000",
    client_secret=None,
    redirect_uris=BUILT_IN.redirect_uris,
)
"""An app with a wider access level. Any client secret is right for it, so that it can be rotated."""

AMERICA, EUROPE = "sellercentral.amazon.com", "sellercentral-europe.amazon.com"
CONSENT = "/apps/authorize/consent"
LONG_AGO = 2 * 3600
"""Seconds after which nobody can be at work on a file any more."""


@dataclass(frozen=True)
class Given:
    """A home from which runs begin, with its secrets, what lay outside of it, and what Amazon had granted."""

    home: Path
    secrets: Secrets
    items: Secrets
    authorizations: Mapping[str, Authorization]


@dataclass
class Bench:
    """One launcher, one secret store, one simulated Amazon. `env` is every run's, less where its home is."""

    folder: Path
    launcher: Launcher
    store: Store
    simulator: Simulator
    listen: str
    env: Mapping[str, str]

    @property
    def world(self) -> World:
        return self.simulator.world

    def run(self, home: Path, *arguments: str, stdin: str = "", company: str = "", kill: Kill = NEVER) -> Ended:
        """One run in a home. `company` is who confirms, where the run asks for a consent."""

        def see(line: str) -> None:
            if company and line.startswith("http://") and CONSENT in line:
                seller.confirm(line, company, self.listen)

        where = {"SP_CONNECT_HOME": str(home), "SP_CONNECT_AMAZON_URL": self.simulator.base_url}
        return self.launcher.run(*arguments, home=home, env={**self.env, **where}, stdin=stdin, kill=kill, see=see)

    def done(self, home: Path, *arguments: str, stdin: str = "", company: str = "") -> Ended:
        """A run that has to go well."""
        ended = self.run(home, *arguments, stdin=stdin, company=company)
        assert ended.code == 0, f"{' '.join(arguments)} ended with {ended.code}: {ended.stdout}{ended.stderr}"
        return ended

    def take(self, home: Path) -> Given:
        """The home as it is now, to begin from."""
        return Given(home, self.store.secrets(home), self.store.items(), dict(self.world._ledger.authorizations))

    def lay_out(self, given: Given, name: str = "home") -> Path:
        """A fresh copy of the home, with store and Amazon as they were then."""
        home = self.folder / name
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(given.home, home)
        (home / identity.FILE).unlink(missing_ok=True)  # else it is a copy, which deletes nothing from the keyring
        self.store.put_back(given.items)
        self.world._ledger.authorizations = dict(given.authorizations)
        self.world._ledger.codes.clear()
        return home

    def state(self, home: Path, given: Given) -> State:
        return outside.read(home, self.store.secrets(home), self.world, frozenset(given.secrets.values()))

    def leftovers(self, home: Path) -> list[str]:
        return outside.leftovers(home, self.store)

    def changed(self, given: Given) -> list[Authorization]:
        """The authorizations that Amazon gave since, or gave another token."""
        now = self.world._ledger.authorizations
        return [one for key, one in now.items() if given.authorizations.get(key) != one]

    def is_spent(self, authorization: Authorization) -> bool:
        """Whether its code was exchanged, or never needed to be."""
        return authorization.key not in {code.key for code in self.world._ledger.codes.values()}

    def token(self, company: str, host: str) -> str:
        """A refresh token as Amazon's console gives one."""
        return self.world.authorize(BUILT_IN, account_of(company, host), host).refresh_token


def age(home: Path) -> None:
    """Lets time pass by for the files that a killed process left half-written."""
    then = time.time() - LONG_AGO
    for path in (*home.rglob(outside.HALF_WRITTEN), *home.glob("unfinished/*.half-written")):
        os.utime(path, (then, then))


def registration(app: SimulatedApp, *more: str) -> tuple[str, ...]:
    """The command that registers an app; its client secret comes from stdin."""
    ids = ("--application-id", app.application_id, "--client-id", app.client_id)
    return ("app", "add", *more, *ids, "--redirect-uri", app.redirect_uris[0], "--client-secret-stdin")


def furnish(bench: Bench, home: Path) -> None:
    """An agency's home: two apps, two sellers of whom one is connected twice, an access token, an invite, a profile."""
    listen = ("--listen", bench.listen)
    bench.done(home, *registration(BUILT_IN, *listen), stdin=BUILT_IN.client_secret or "")
    bench.done(home, *registration(WIDE, "wide", "--access-level", "wide", *listen), stdin="amzn1.oa2-cs.v1.wide")
    for company, region, host in (("acme", "eu", EUROPE), ("acme", "na", AMERICA), ("bravo", "eu", EUROPE)):
        account = account_of(company, host).selling_partner_id
        whose = ("--seller", company, "--region", region, "--selling-partner-id", account)
        bench.done(home, "import", *whose, stdin=bench.token(company, host))
    bench.done(home, "token", "--seller", "acme", "--region", "eu")
    bench.done(home, "invite", "--seller", "acme", "--region", "fe", "--country", "JP")
    profile = home / "browsers" / "acme" / "chromium"
    profile.mkdir(parents=True)
    profile.joinpath("Cookies").write_text("signed in")
