"""The outside world as one frozen record, and how the real one is built: the only place where things are wired.

What few commands use, browsers and migration, is imported when it is used: every start of a script pays for the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sp_connect import errors, settings
from sp_connect.amazon.client import Amazon
from sp_connect.models import Consent, Invite, Secret
from sp_connect.settings import Environment, Home
from sp_connect.stores import secret_store
from sp_connect.stores.active import ActiveStore
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.identity import Identity
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.journal import Journal
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen

if TYPE_CHECKING:
    from sp_connect.browser import Once, Opener, Preview
    from sp_connect.stores import books
    from sp_connect.stores.migration import Migration

PATIENCE_WITH_PERSON = 60.0
PATIENCE_ALONE = 3.0
"""Seconds that a keyring call may take: a person may be typing a password; a script has nobody who could."""


class Browser(Protocol):
    """How a command asks for a browser: `command` or the system's own; `refused` where none is wanted."""

    def __call__(self, command: str | None, *, refused: bool) -> Opener: ...


@dataclass(frozen=True)
class Runtime:
    """Everything outside that a command may use; the only place through which tests put in something else.

    `now` is in UTC, `sleep` takes seconds. `store_reason` says why `secrets` is the store in use; `vault` is the sealed
    files, in use or not. `migration` moves all secrets to another store. `copied_from` is the folder that owns the
    secrets in the keyring, where this home is a copy of it.

    `send_link` gets each invite's link: the simulated seller clicks it. `refuse_profiles` raises Usage where a name has
    browser profiles already. `home`, `passphrase_file` and `preview_browser` are for checks; the last names the program
    that `browser` would open, and opens nothing.
    """

    screen: Screen
    prompt: Prompt
    apps: books.Apps
    connections: books.Connections
    invites: books.Invites
    secrets: secret_store.SecretStore
    store_reason: str
    vault: Vault
    migration: Callable[[], Migration]
    changes: books.Changes
    amazon: Amazon
    browser: Browser
    send_link: Callable[[Invite], None]
    refuse_profiles: Callable[[str], None]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    home: Home
    passphrase_file: Path | None
    preview_browser: Callable[[], Preview]
    copied_from: Callable[[], Path | None] = lambda: None


def real(screen: Screen, prompt: Prompt, environ: Environment) -> Runtime:
    """The world as it is. Raises Usage for a setting that cannot be meant."""
    if environ.pop("SSLKEYLOGFILE", None):  # the HTTP client would write down what its connections are sealed with
        screen.story("SSLKEYLOGFILE is ignored: anyone who reads that file can read the tokens")
    where = settings.home(environ)
    apps = Apps(where.config / "config.toml", where.data / "unfinished")
    identity = _identity(where, apps, screen)
    patience = PATIENCE_WITH_PERSON if prompt.is_there() else PATIENCE_ALONE
    keyring = KeyringStore(environ.get("PYTHON_KEYRING_BACKEND"), patience, home=identity)
    vault = Vault(where.data / "vault", settings.passphrase_of(environ), keyring)
    variable = environ.get("SP_CONNECT_STORE")
    stores: dict[secret_store.StoreName, secret_store.SecretStore] = {"keyring": keyring, "vault": vault}
    store = ActiveStore(stores, lambda: secret_store.choose(variable, apps.store_choice(is_obeyed=not variable)))
    connections, invites = _connections(where, screen), Invites(where.data / "invites")
    changes = _changes(where, environ, apps, connections, invites, store, identity)

    def open_browser(command: str | None, *, refused: bool) -> Opener:
        return _opener(where, apps, environ, command, refused=refused)

    return Runtime(
        screen=screen,
        prompt=prompt,
        apps=apps,
        connections=connections,
        invites=invites,
        secrets=store,
        store_reason=store.choice.why,
        vault=vault,
        migration=partial(_migration, where, apps, connections, changes, stores, variable),
        changes=changes,
        amazon=Amazon(settings.amazon_base(environ), screen.story, variable="SP_CONNECT_AMAZON_URL"),
        browser=open_browser,
        send_link=lambda _: None,
        refuse_profiles=partial(_refuse_profiles, where, environ),
        now=_now,
        sleep=time.sleep,
        home=where,
        passphrase_file=settings.passphrase_file(environ),
        preview_browser=partial(_look, where, apps, environ),
        copied_from=keyring.owner,
    )


def simulated(screen: Screen, prompt: Prompt, environ: Environment) -> Runtime:
    """The runtime wired to the simulator, with separate data.

    Its secrets open nothing, so the passphrase of their vault is none.
    """
    from sp_connect.simulator import embedded

    settings.passphrase_of(environ)  # of the real vault: it is not for the browser that may be opened
    folder = settings.home(environ).data / "simulated"
    where = Home(folder, folder)
    apps = Apps(folder / "config.toml", folder / "unfinished")
    store = Vault(folder / "vault", lambda: Secret("simulated"), KeyringStore(None, PATIENCE_ALONE))
    connections, invites = _connections(where, screen), Invites(folder / "invites")
    changes = _changes(where, environ, apps, connections, invites, store)
    amazon = embedded.start(folder, apps, changes, _now())

    def open_browser(command: str | None, *, refused: bool) -> Opener:
        by_hand = _opener(where, apps, environ, command, refused=refused)
        is_wanted = command is not None or (prompt.is_there() and not refused)

        def open_or_confirm(asked: Consent, address: str, once: Once | None = None) -> str | None:
            why = by_hand(asked, address, once) if is_wanted else ""
            if why is not None:
                embedded.confirm_aside(screen, asked, address, why)
            return None

        return open_or_confirm

    return Runtime(
        screen=screen,
        prompt=prompt,
        apps=apps,
        connections=connections,
        invites=invites,
        secrets=store,
        store_reason="--simulate keeps its own",
        vault=store,
        migration=partial(_migration, where, apps, connections, changes, {"vault": store}, None),
        changes=changes,
        amazon=Amazon(amazon.base_url, screen.story),
        browser=open_browser,
        send_link=lambda invite: embedded.click(screen, invite),
        refuse_profiles=partial(_refuse_profiles, where, environ),
        now=_now,
        sleep=time.sleep,
        home=where,
        passphrase_file=None,
        preview_browser=partial(_look, where, apps, environ),
    )


def _connections(where: Home, screen: Screen) -> Connections:
    return Connections(where.data / "connections", Journal(where.data / "unfinished").renames, screen.say)


def _changes(
    where: Home,
    environ: Environment,
    apps: Apps,
    connections: Connections,
    invites: Invites,
    store: secret_store.SecretStore,
    identity: Identity | None = None,
) -> Transactions:
    def move_profiles(old: str, new: str) -> None:
        from sp_connect import browser

        browser.move_profiles(environ, where.data / "browsers", old, new)

    folder, lock = where.data / "unfinished", where.data / "lock"
    return Transactions(folder, lock, apps, connections, invites, store, move_profiles, identity=identity)


def _identity(where: Home, apps: Apps, screen: Screen) -> Identity:
    """Which home this is. A home and its copies have the references of their apps' secrets in common."""

    def seed(of: Apps) -> str:
        return " ".join(app.secret_ref for app in of.all())

    def elder() -> tuple[Path, str] | None:
        usual = settings.home({})
        with suppress(errors.SpConnectError):  # what is wrong there is no concern of this home
            return None if usual.data == where.data else (usual.data, seed(Apps(usual.config / "config.toml")))
        return None

    return Identity(where.data, partial(seed, apps), elder, screen.say)


def _opener(where: Home, apps: Apps, environ: Environment, command: str | None, *, refused: bool) -> Opener:
    """The browser that the flag names, else config.toml, else the system's own."""
    from sp_connect import browser

    preferred = apps.browser() if command is None and not refused else None
    return browser.opener(
        command if preferred is None else preferred,
        environ,
        where.data / "browsers",
        refused=refused,
        preferred_in=where.config / "config.toml" if preferred is not None else None,
    )


def _refuse_profiles(where: Home, environ: Environment, name: str) -> None:
    from sp_connect import browser

    browser.refuse_profiles(environ, where.data / "browsers", name)


def _look(where: Home, apps: Apps, environ: Environment) -> Preview:
    from sp_connect import browser

    return browser.preview(apps.browser(), environ, where.config / "config.toml")


def _migration(
    where: Home,
    apps: Apps,
    connections: Connections,
    changes: Transactions,
    stores: Mapping[secret_store.StoreName, secret_store.SecretStore],
    variable: str | None,
) -> Migration:
    from sp_connect.stores.migration import Migration

    return Migration(apps, connections, changes, stores, where.data, variable)


def _now() -> datetime:
    return datetime.now(UTC)
