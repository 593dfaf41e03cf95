"""`app`: the agency's own SP-API applications. Their client secrets go to the secret store, all else to config.toml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from sp_connect import access, errors, words
from sp_connect.amazon import lwa, redaction, registration
from sp_connect.authorization import loopback
from sp_connect.cli import flags, help
from sp_connect.models import OLD_SECRET_LIFE, App, Connection, Secret, Tokens
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store
from sp_connect.stores.home.authorizations import Authorization, seated
from sp_connect.views import data


@dataclass(frozen=True, slots=True)
class AddOptions:
    """Options of `app add`. The client secret comes from stdin or a prompt, never from here."""

    name: str
    application_id: str
    client_id: str
    redirect_uri: str
    listen: str
    draft: bool
    access_level: str
    secret_from_stdin: bool
    check: bool = True


def run_add(runtime: Runtime, options: AddOptions) -> App:
    """Registers an app that Amazon accepts, unless it cannot be asked. Fields and store are checked before the secret.

    Raises BadName, BadAppField, AppExists, SecretRefused, what is wrong with the store, and NeedsFlag where nobody can
    be asked.
    """
    if not errors.is_name(options.name):
        raise errors.BadName("an app", options.name)
    registration.check_ids(options.application_id, options.client_id)
    registration.check_redirect_uri(options.redirect_uri)
    loopback.check(options.listen)
    if any(app.name == options.name for app in runtime.apps.all()):
        raise errors.AppExists(options.name)
    secret_store.prove(runtime.secrets, runtime.home.data)
    secret = _client_secret(runtime, from_stdin=options.secret_from_stdin)
    app = App(
        name=options.name,
        application_id=options.application_id,
        client_id=options.client_id,
        redirect_uri=options.redirect_uri,
        listen=options.listen,
        draft=options.draft,
        access_level=options.access_level,
        secret_ref=secret_store.new_ref(),
        secret_set_at=runtime.now(),
        simulated=runtime.amazon.is_simulated,
    )
    if options.check:
        try:
            lwa.check_client(runtime.amazon, app, secret)
        except errors.ClientRejected as error:
            raise errors.SecretRefused(app.name, error.amazon) from None
        except errors.AmazonTrouble as error:
            runtime.screen.warn(f"{error.message} The app is saved, but Amazon has not checked it.")

    def keep() -> None:
        if any(other.name == app.name for other in runtime.apps.all()):
            raise errors.AppExists(app.name)
        runtime.changes.keep_app(app, secret)

    runtime.changes.write(keep)
    return app


def run_rotate_secret(runtime: Runtime, name: str, *, from_stdin: bool, check: bool = True) -> App:
    """Keeps a new client secret that Amazon accepts, and the day as the first of its 180 (amazon.md section 5).

    Refresh tokens stay good. The secret before it is kept beside the new one until Amazon has given a token for that,
    at most seven days. Raises NoSuchApp, Usage for the secret that is kept already, SecretRefused, what is wrong with
    the store, and NeedsFlag where nobody can be asked.
    """
    known = runtime.apps.get(name)
    lwa.refuse_real(runtime.amazon, known)
    secret_store.prove(runtime.secrets, runtime.home.data)
    secret = _client_secret(runtime, from_stdin=from_stdin)
    _refuse_the_same(runtime, known, secret)
    is_proven = check and _proves(runtime, known._replace(simulated=runtime.amazon.is_simulated), secret)

    def keep() -> App:
        # Read again: config.toml may have been edited while the secret was asked for.
        before, now = runtime.apps.get(name), runtime.now()
        old_ref, old_until = before.old_secret_ref, before.old_secret_until
        if not before.has_old_secret(now):  # else the one in use was never proven, and the one before it may be good
            old_ref, old_until = before.secret_ref, now + OLD_SECRET_LIFE
        renewed = before._replace(
            secret_ref=secret_store.new_ref(),
            secret_set_at=now,
            simulated=runtime.amazon.is_simulated,
            old_secret_ref=None if is_proven else old_ref,
            old_secret_until=None if is_proven else old_until,
        )
        runtime.changes.keep_app(renewed, secret)
        return renewed

    return runtime.changes.write(keep)


def _refuse_the_same(runtime: Runtime, app: App, secret: Secret) -> None:
    """Raises Usage for the secret that is kept: it does not get younger."""
    with suppress(errors.MissingToken):
        if runtime.secrets.fetch(app.secret_name) == secret:
            raise errors.Usage(
                f"This client secret is already saved for the app {app.name}. Nothing was changed.",
                f"make a new one in the developer console; the age of this one: sp-connect app show {app.name}",
            )


def _proves(runtime: Runtime, app: App, secret: Secret) -> bool:
    """Whether Amazon gives a token for the secret; False where it could not be asked, or no token could come of it.

    Raises SecretRefused.
    """
    now = runtime.now()
    try:
        for one in runtime.connections.whole()[0]:
            good = one.standing in {"connected", "unchecked"} and one.status(now) != "expired"
            if one.app == app.name and one.simulated == app.simulated and good:
                with suppress(errors.MissingToken, errors.NotFound, errors.StoreLocked):
                    with runtime.changes.refreshing(one.scope):
                        answer = access.ask(runtime, one.scope, (app, secret)).answer
                    return isinstance(answer, Tokens)  # a refusal of the token says that the secret was accepted
        lwa.check_client(runtime.amazon, app, secret)
    except errors.ClientRejected as error:
        raise errors.SecretRefused(app.name, error.amazon) from None
    except errors.AmazonTrouble as error:
        runtime.screen.warn(f"{error.message} The new secret is saved, but Amazon has not checked it.")
    return False


def run_remove(runtime: Runtime, name: str) -> None:
    """Forgets an app and its client secret. Raises NoSuchApp, and AppInUse while a connection needs it."""

    def drop() -> None:
        runtime.apps.get(name)
        users = sorted({c.scope.seller for c in runtime.connections.all() if c.app == name})
        if users:
            raise errors.AppInUse(name, users)
        runtime.changes.drop_app(name)

    runtime.changes.write(drop)


def seats_used(connections: Iterable[Connection], name: str, active: Iterable[Authorization] = ()) -> int:
    """How many of an app's 25 seats are taken: selling accounts, each counted once (amazon.md section 10.4).

    `active` are authorizations that were forgotten here and that Amazon has not ended.
    """
    return len(seated(connections, active, name))


def _seats_used(runtime: Runtime, known: Sequence[Connection], name: str) -> int:
    return seats_used(known, name, runtime.changes.authorizations.active(known, runtime.now()))


def _raise_unread(damages: Sequence[errors.Damaged]) -> None:
    """After what was asked for: the seats of these sellers could not be counted."""
    errors.raise_all(damages, f"{words.count(len(damages), 'file')} could not be read, and the seats were not counted.")


def _client_secret(runtime: Runtime, *, from_stdin: bool) -> Secret:
    if from_stdin:
        secret = runtime.prompt.secret_from_stdin("client secret")
    else:
        secret = runtime.prompt.secret("Client secret?", "--client-secret-stdin")
    if not registration.check_client_secret(secret):
        runtime.screen.say(f"It does not begin with {redaction.CLIENT_SECRETS} as Amazon's do; it is saved anyway.")
    return secret


app = typer.Typer(
    cls=help.Group,
    help="Manage your SP-API apps: register, show, rotate the secret, remove.",
    **help.SETTINGS,
)


@app.command(
    "add",
    cls=help.Command,
    epilog="Example: sp-connect app add --application-id amzn1.sp.solution.… --client-id "
    "amzn1.application-oa2-client.… --redirect-uri https://agency.example/sp-connect",
)
def add(
    ctx: typer.Context,
    application_id: Annotated[
        str, typer.Option("--application-id", metavar="ID", help="App ID of the developer console.")
    ],
    client_id: Annotated[
        str, typer.Option("--client-id", metavar="ID", help="Client identifier of the LWA credentials.")
    ],
    redirect_uri: Annotated[
        str,
        typer.Option(
            "--redirect-uri",
            metavar="URL",
            help="The address of your relay page, registered at Amazon as both URIs.",
        ),
    ],
    name: flags.NewApp = "default",
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="The address on which sp-connect listens, to which the relay page leads.",
        ),
    ] = "127.0.0.1:8723",
    draft: Annotated[bool, typer.Option("--draft", metavar="", help="The app is in Draft at Amazon.")] = False,
    access_level: Annotated[
        str, typer.Option("--access-level", metavar="TEXT", help="Your label for what the app may do.")
    ] = "default",
    secret_from_stdin: flags.SecretFromStdin = False,
    check: flags.CheckClient = True,
    json: flags.Json = False,
) -> None:
    """Register an app. Its client secret is asked for, hidden, or read from stdin; never given as a flag.

    Amazon is asked whether it accepts client id and secret: an app that Amazon refuses is not saved.
    """
    runtime = ctx.obj.runtime()
    options = AddOptions(
        name, application_id, client_id, redirect_uri, listen, draft, access_level, secret_from_stdin, check
    )
    added = run_add(runtime, options)
    runtime.screen.say(f"The app {added.name} is registered.")
    this = "" if added.name == "default" else f" --app {added.name}"
    steps = f"sp-connect relay{this} --out relay.html, put the file at the redirect URI, then sp-connect connect{this}"
    runtime.screen.say(f"Next: {steps}.")
    if json:
        runtime.screen.json(data.app(added, 0, runtime.now()))


@app.command("list", cls=help.Command, epilog="Example: sp-connect app list --json")
def list_apps(ctx: typer.Context, json: flags.Json = False) -> None:
    """List the apps, with the age of each client secret and the seats it has used."""
    runtime = ctx.obj.runtime()
    known, damages = runtime.connections.whole()
    rows = [(one, _seats_used(runtime, known, one.name)) for one in runtime.apps.all()]
    if json:
        runtime.screen.json([data.app(one, seats, runtime.now()) for one, seats in rows])
    elif rows:
        from sp_connect.views import tables

        runtime.screen.show(tables.apps(runtime.screen, rows, runtime.now()))
    else:
        runtime.screen.say("No app is registered. Next: sp-connect app add")
    _raise_unread(damages)


@app.command("show", cls=help.Command, epilog="Example: sp-connect app show default")
def show(ctx: typer.Context, name: flags.KnownApp, json: flags.Json = False) -> None:
    """Show one app, without its client secret."""
    runtime = ctx.obj.runtime()
    one = runtime.apps.get(name)
    known, damages = runtime.connections.whole()
    described = data.app(one, _seats_used(runtime, known, name), runtime.now())
    if json:
        runtime.screen.json(described)
    else:
        from sp_connect.views import tables

        runtime.screen.show(tables.facts(runtime.screen, tables.app_facts(one, described["seats_used"], runtime.now())))
    _raise_unread(damages)


@app.command("remove", cls=help.Command, epilog="Example: sp-connect app remove old-app")
def remove(ctx: typer.Context, name: flags.KnownApp) -> None:
    """Delete an app and its client secret here. Refused while a connection uses it."""
    runtime = ctx.obj.runtime()
    run_remove(runtime, name)
    runtime.screen.say(f"Deleted the app {name} and its client secret here. Nothing has changed at Amazon.")


@app.command(
    "rotate-secret",
    cls=help.Command,
    epilog="Example: pass show lwa/new | sp-connect app rotate-secret default --client-secret-stdin",
)
def rotate_secret(
    ctx: typer.Context,
    name: flags.KnownApp,
    secret_from_stdin: flags.SecretFromStdin = False,
    check: flags.CheckClient = True,
    json: flags.Json = False,
) -> None:
    """Save a new client secret from Amazon's console, once Amazon accepts it. Sellers' tokens stay valid."""
    runtime = ctx.obj.runtime()
    renewed = run_rotate_secret(runtime, name, from_stdin=secret_from_stdin, check=check)
    said = f"The client secret of {name} is renewed."
    if renewed.old_secret_until is not None:
        until = words.day(renewed.old_secret_until)
        said += f" The old one is kept beside it until Amazon has given a token for the new one, at most until {until}."
    runtime.screen.say(said)
    if json:
        runtime.screen.json(
            data.app(renewed, _seats_used(runtime, runtime.connections.whole()[0], name), runtime.now())
        )
