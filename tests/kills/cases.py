"""What is killed: each command that changes something, as a line of a table."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sp_connect.simulator import seller
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from tests.commands.given import account_of
from tests.kills.bench import AMERICA, EUROPE, Bench, registration
from tests.kills.switch import Kill


@dataclass(frozen=True)
class Case:
    """A command line that is killed; "{listen}" in it is where the bench listens.

    `again` is the exit code where all is done already. `company` confirms the consents that it asks for. `prepare`
    makes the home ready and gives stdin; or the link that `click` makes each run's stdin of. `apart` says that what
    it does for one connection may be done before what it does for the next; `rotating` is an Amazon that gives a
    new refresh token each time.
    """

    name: str
    arguments: Sequence[str]
    again: int = 0
    company: str = ""
    prepare: Callable[[Bench, Path], str] = lambda _bench, _home: ""
    click: Callable[[str], str] | None = None
    apart: bool = False
    rotating: bool = False

    @property
    def asks_for_consent(self) -> bool:
        return bool(self.company) or self.click is not None

    def line(self, bench: Bench) -> list[str]:
        return [argument.format(listen=bench.listen) for argument in self.arguments]

    def stdin(self, prepared: str) -> str:
        """What one run reads, where `prepared` is what `prepare` gave."""
        return prepared if self.click is None else self.click(prepared)


ACME = ("--seller", "acme", "--region", "eu")
DELTA = ("--seller", "delta", "--region", "na")
ACCOUNT = account_of("delta", AMERICA).selling_partner_id


def _empty(_: Bench, home: Path) -> str:
    """A home in which nothing has been kept yet."""
    shutil.rmtree(home)
    home.mkdir(0o700)
    return BUILT_IN.client_secret or ""


def _token(bench: Bench, _: Path) -> str:
    """As long as Amazon allows: a keyring keeps it in parts."""
    bench.world.faults.add(Fault("token", "long-tokens", times=1))
    return bench.token("delta", AMERICA)


def _table(bench: Bench, _: Path) -> str:
    """Two connections of a new seller, and one that renews a connection."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["seller", "region", "country", "selling_partner_id", "refresh_token"])
    for company, region, host in (
        ("charlie-gmbh", "na", AMERICA),
        ("charlie-gmbh", "eu", EUROPE),
        ("bravo", "eu", EUROPE),
    ):
        table.writerow([company, region, "", account_of(company, host).selling_partner_id, bench.token(company, host)])
    return text.getvalue()


def _cut_short(bench: Bench, home: Path) -> str:
    """A rename that was killed once the seller had the new name, so that there is something to finish."""
    rename = ("rename", "acme", "zeta")
    calls = bench.done(Path(shutil.copytree(home, home.with_name("renamed"))), *rename).calls
    commit = next(number for number, call in enumerate(calls, 1) if call.name.endswith("connections/zeta.toml"))
    assert bench.run(home, *rename, kill=Kill(commit, "after")).was_killed()
    return ""


def _vault(bench: Bench, home: Path) -> str:
    """Everything is in the vault."""
    bench.done(home, "store", "move", "vault", "--yes")
    return ""


def _invite(bench: Bench, home: Path) -> str:
    """The link of an invite."""
    [made] = json.loads(bench.done(home, "invite", *ACME, "--json").stdout)
    return str(made["url"])


def _click(link: str) -> str:
    """Where the browser of the seller who was invited comes to rest."""
    return seller.confirm(link, "acme", "") or ""


CASES = {
    case.name: case
    for case in (
        Case("app add", registration(BUILT_IN, "--listen", "{listen}"), again=2, prepare=_empty),
        Case("connect", ("connect", *DELTA, "--no-browser"), company="delta"),
        Case("connect again", ("connect", *ACME, "--no-browser"), company="acme"),
        Case("connect --replace", ("connect", *ACME, "--replace", "--no-browser"), company="charlie-gmbh"),
        Case("upgrade", ("upgrade", *ACME, "--app", "wide", "--no-browser"), company="acme", again=2),
        Case("revoke", ("revoke", *ACME, "--yes"), again=6),
        Case("revoke --all", ("revoke", "--seller", "acme", "--all", "--yes"), again=6, apart=True),
        Case("rename", ("rename", "acme", "zeta"), again=6),
        Case("import", ("import", *DELTA, "--selling-partner-id", ACCOUNT), prepare=_token),
        Case("import --from", ("import", "--from", "-"), prepare=_table, apart=True),
        Case("invite", ("invite", *DELTA)),
        Case("accept", ("accept", "-"), again=6, prepare=_invite, click=_click),
        Case("token", ("token", "--seller", "acme", "--region", "na"), rotating=True),
        Case("verify", ("verify", "--seller", "acme", "--jobs", "1"), rotating=True, apart=True),
        Case("invites --cancel", ("invites", "--cancel", "acme"), again=6),
        Case("app remove", ("app", "remove", "wide"), again=6),
        Case("doctor --fix", ("doctor", "--fix", "--yes"), prepare=_cut_short),
        Case("store move vault", ("store", "move", "vault", "--yes")),
        Case("store move keyring", ("store", "move", "keyring", "--yes"), prepare=_vault),
        Case(
            "app rotate-secret",
            ("app", "rotate-secret", "wide", "--client-secret-stdin"),
            again=2,
            prepare=lambda _bench, _home: "amzn1.oa2-cs.v1.another",
        ),
    )
}
