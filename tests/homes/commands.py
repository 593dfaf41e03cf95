"""Every command that looks into a home, as a person would run it there; those of one seller for acme and for bravo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sp_connect import errors
from sp_connect.commands import (
    accept,
    app,
    connect,
    doctor,
    export,
    import_,
    invite,
    invites,
    rename,
    renew,
    revoke,
    show,
    store,
    token,
    verify,
)
from sp_connect.commands import list as listing
from sp_connect.simulator.world import BUILT_IN, WIDER
from tests import figures
from tests.commands.given import account_of
from tests.homes.given import NEW_SECRET, Desk, Estate

HOST = "sellercentral-europe.amazon.com"
OTHER = (WIDER.application_id, WIDER.client_id, "https://agency.example/relay")
SECONDS = 20

Sit = Callable[..., Desk]
"""Takes a seat at the home: with what is piped in, if anything is."""


def _import(estate: Estate, sit: Sit, name: str) -> None:
    account = account_of(name, HOST)
    given = estate.office.world.authorize(BUILT_IN, account, HOST).refresh_token
    import_.command(sit(given).context, name, "eu", selling_partner_id=account.selling_partner_id, jobs=1)


def _connect(_: Estate, sit: Sit, name: str) -> None:
    connect.command(sit().context, name, ["eu"], timeout=SECONDS)


def _renew(_: Estate, sit: Sit, name: str) -> None:
    renew.command(sit().context, 3650, [name], timeout=SECONDS)


def _rename(_: Estate, sit: Sit, name: str) -> None:
    rename.command(sit().context, name, f"{name}-gmbh")


def _accept(estate: Estate, sit: Sit) -> None:
    accept.command(sit().context, estate.address_of_guest())


def _app_add(_: Estate, sit: Sit) -> None:
    app.add(sit(WIDER.client_secret).context, *OTHER, name="other", secret_from_stdin=True)


COMMANDS: dict[str, Callable[[Estate, Sit], None]] = {
    "list": lambda _, sit: listing.command(sit().context),
    "show acme": lambda _, sit: show.command(sit().context, ["acme"]),
    "show bravo": lambda _, sit: show.command(sit().context, ["bravo"]),
    "verify": lambda _, sit: verify.command(sit().context, jobs=2),
    "token acme": lambda _, sit: token.command(sit().context, "acme", "eu"),
    "token bravo": lambda _, sit: token.command(sit().context, "bravo", "eu"),
    "export bravo": lambda _, sit: export.command(sit().context, "bravo", "json", "eu"),
    "invites": lambda _, sit: invites.command(sit().context),
    "invites cancel": lambda _, sit: invites.command(sit().context, "guest"),
    "invite": lambda _, sit: invite.command(sit().context, "newcomer", ["eu"]),
    "accept": _accept,
    "connect acme": partial(_connect, name="acme"),
    "connect bravo": partial(_connect, name="bravo"),
    "connect": partial(_connect, name="newcomer"),
    "renew acme": partial(_renew, name="acme"),
    "renew bravo": partial(_renew, name="bravo"),
    "import": partial(_import, name="imported"),
    "rename acme": partial(_rename, name="acme"),
    "rename bravo": partial(_rename, name="bravo"),
    "revoke acme": lambda _, sit: revoke.command(sit().context, "acme", yes=True),
    "revoke bravo": lambda _, sit: revoke.command(sit().context, "bravo", yes=True),
    "app list": lambda _, sit: app.list_apps(sit().context),
    "app show": lambda _, sit: app.show(sit().context, "default"),
    "app add": _app_add,
    "app rotate-secret": lambda _, sit: app.rotate_secret(sit(NEW_SECRET).context, "default", True),
    "store": lambda _, sit: store.show(sit().context),
    "doctor": lambda _, sit: doctor.command(sit().context),
    "doctor --fix": lambda _, sit: doctor.command(sit().context, fix=True, yes=True),
}


def run(estate: Estate, home: Path, name: str, sit: Sit | None = None) -> errors.SpConnectError | None:
    """Runs a command in a home; returns what it ended with, if that is an error of ours. Any other is raised."""
    figures.record("hostile homes", 1)
    try:
        COMMANDS[name](estate, sit or partial(estate.desk, home))
    except errors.SpConnectError as error:
        return error
    return None
