"""Homes of agencies of any size, their secrets in a vault under a passphrase."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sp_connect.amazon import geography
from sp_connect.models import App, Connection, Marketplace, Secret
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault

PASSPHRASE = "simulated"
SELLS_IN = (
    ("na", None, ("US", "CA", "MX", "BR")),
    ("eu", None, ("DE", "FR", "GB", "IT", "ES", "NL", "SE", "PL", "BE", "IN")),
    ("fe", "JP", ("JP",)),
    ("fe", "AU", ("AU",)),
    ("fe", "SG", ("SG",)),
)
"""What an agency's client has in each place: ten marketplaces in Europe, three or four in North America."""


def variables(home: Path) -> dict[str, str]:
    return {"SP_CONNECT_HOME": str(home), "SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}


def fill(home: Path, connections: int) -> None:
    """So many connections, five of each seller, the last seller perhaps with fewer; each has a kept access token.

    In a process of its own: what this one takes in memory, those that it starts would seem to take too.
    """
    filling = multiprocessing.get_context("spawn").Process(target=_fill, args=(home, connections))
    filling.start()
    filling.join()
    assert filling.exitcode == 0
    time.sleep(3.5)  # so that no file counts as changed just now, as an agency's do not


def record(number: int, now: datetime) -> Connection:
    """The connection of that number: five of each seller, whose years end on all days of a year."""
    seller, place = divmod(number, len(SELLS_IN))
    region, country, codes = SELLS_IN[place]
    return Connection(
        scope=geography.scope(f"seller-{seller:05}", region, country),
        selling_partner_id=f"A{seller:08}{region.upper()}{place:02}",
        app="default",
        access_level="default",
        standing="connected",
        authorized_at=now - timedelta(days=(7 * seller + place) % 360),
        verified_at=now,
        marketplaces=tuple(
            _marketplace(code, seller) for code in (codes[: 3 + seller % 2] if region == "na" else codes)
        ),
        secret_ref=f"{number:012x}",
        id_confirmed=True,  # as it is once a day has passed
        id_asked_at=now,
        simulated=True,
    )


def keep(home: Path) -> None:
    """Puts by what the first seller has, for `restore`."""
    for path in _first(home):
        shutil.copy2(path, home / f"{path.name}.kept")


def restore(home: Path) -> None:
    """Gives the first seller back what `revoke` has taken."""
    for path in _first(home):
        shutil.copy2(home / f"{path.name}.kept", path)


def _first(home: Path) -> tuple[Path, Path]:
    return home / "connections" / "seller-00000.toml", home / "vault" / "sellers" / "seller-00000.sealed"


def forget(home: Path, seller: str) -> None:
    """Takes away what `connect` has made."""
    (home / "connections" / f"{seller}.toml").unlink(missing_ok=True)
    (home / "vault" / "sellers" / f"{seller}.sealed").unlink(missing_ok=True)


def begin(home: Path, like: Path) -> None:
    """A home with the app of another one, and with no connection."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(like, home)
    shutil.rmtree(home / "connections")
    shutil.rmtree(home / "vault" / "sellers")


def write_sheet(path: Path, rows: int) -> None:
    """A CSV file for `import`, five connections of each seller."""
    now = datetime.now(UTC)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(("seller", "region", "country", "selling_partner_id", "refresh_token"))
        for one in (record(number, now) for number in range(rows)):
            token = f"Atzr|{one.secret_ref * 40}"
            sheet.writerow((one.scope.seller, one.scope.region, one.scope.country, one.selling_partner_id, token))


def access_token() -> str:
    """One as it is kept, good for almost an hour."""
    end = datetime.now(UTC) + timedelta(minutes=59)
    return json.dumps({"access_token": "Atza|kept", "expires_at": end.isoformat()})


def _fill(home: Path, connections: int) -> None:
    os.umask(0o077)
    now = datetime.now(UTC)
    vault = Vault(home / "vault", lambda: Secret(PASSPHRASE), KeyringStore(None, 1.0))
    app = App("default", BUILT_IN.application_id, BUILT_IN.client_id, BUILT_IN.redirect_uris[0], "127.0.0.1:8723",
              False, "default", "ref", now, simulated=True)  # fmt: skip
    rows = [record(number, now) for number in range(connections)]
    secrets = {app.secret_name: Secret(BUILT_IN.client_secret or "")}
    access = Secret(access_token())
    for row in rows:
        secrets |= {row.secret_name: Secret(f"Atzr|{row.secret_ref}"), row.access_name: access}
    vault.keep_all(secrets)
    apps = Apps(home / "config.toml")
    apps.put(app)
    apps.choose_store("vault")
    Connections(home / "connections").put_all(rows)
    keep(home)


def _marketplace(code: str, number: int) -> Marketplace:
    there = geography.COUNTRIES[code]
    shop = f"www.{there.domain}"
    return Marketplace(
        code, there.marketplace_id, there.domain.capitalize(), shop, there.currency, f"Store {number}", True, False
    )
