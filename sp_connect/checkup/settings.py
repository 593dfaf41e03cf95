"""The checks of config.toml and of the apps that it registers: their fields, their client secrets, their seats."""

from __future__ import annotations

from sp_connect import errors, words
from sp_connect.amazon import lwa, redaction, registration
from sp_connect.authorization import loopback
from sp_connect.checkup.context import SET_CLOCK, Context
from sp_connect.findings import Finding, failed, ok, skipped, warning
from sp_connect.models import SEATS, SECRET_LIFE, App
from sp_connect.stores import secret_store
from sp_connect.stores.home import files
from sp_connect.stores.home.authorizations import seated

OLD_DAYS = 150
"""The age at which a client secret is worth a thought: Amazon takes it for thirty days more."""

FEW_SEATS = 3


def configuration(context: Context) -> Finding:
    """Whether config.toml can be read, holds no secret, and registers an app. Raises Unfit, and Damaged."""
    path = context.runtime.home.config / "config.toml"
    if redaction.holds_secret(files.read_text(path) or ""):
        raise errors.Unfit(
            f"{path} holds a client secret or a token, readable by everyone.",
            "remove it, then renew the client secret: sp-connect app rotate-secret NAME",
        )
    if context.settings.trouble:
        raise context.settings.trouble
    if mistyped := context.runtime.apps.mistyped():
        keys = words.listed([f"{key} ({meant}?)" for key, meant in mistyped])
        return warning(f"unknown key in {path}: {keys}", f"correct its spelling in {path}, or remove it")
    if not context.apps:
        return warning(f"no app is registered in {path}", "sp-connect app add")
    return ok(f"{words.count(len(context.apps), 'app')} in {path}")


def app(context: Context, app: App) -> Finding:
    """Whether an app's fields are what Amazon and the listener take: config.toml is edited by hand.

    Raises BadAppField.
    """
    path = context.runtime.home.config / "config.toml"
    mend = f"correct it in {path}, under [apps.{app.name}]"
    if redaction.holds_secret(f"{app.application_id} {app.client_id} {app.redirect_uri} {app.listen}"):
        raise errors.BadAppField(f"A field of the app {app.name} holds a client secret or a token.", mend)
    try:
        registration.check_ids(app.application_id, app.client_id)
        registration.check_redirect_uri(app.redirect_uri)
        loopback.check(app.listen)
    except errors.BadAppField as error:
        error.reword(hint=mend)
        raise
    state = ", in Draft" if app.draft else ""
    return ok(f"{app.name}{state}: ids, redirect URI and address are well formed")


def client_secret(context: Context, app: App) -> Finding:
    """Whether an app's client secret is there, how old it is, and whether Amazon accepts it.

    Raises ClientRejected, and RealSecret. Where Amazon cannot be asked, the check of its host tells that.
    """
    if context.store_trouble:
        return skipped("the secret store cannot be asked")
    app, secret = secret_store.together(context.runtime.secrets, lambda: context.runtime.apps.get(app.name))
    age = (context.runtime.now() - app.secret_set_at).days
    if age < 0:
        when = words.day(app.secret_set_at)
        return warning(f"{app.name}: kept on {when}, which is still to come: this clock is or was wrong", SET_CLOCK)
    said = f"{app.name}: {age} of {SECRET_LIFE.days} days old"
    if age >= SECRET_LIFE.days:
        return failed(errors.SecretTooOld(app.name, age, SECRET_LIFE.days))
    try:
        lwa.check_client(context.runtime.amazon, app, secret)
        said += ", and Amazon accepts it"
    except errors.AmazonTrouble:
        said += "; Amazon could not be asked"
    except errors.ClientRejected as refused:
        return _refused(context, app, refused)
    if age >= OLD_DAYS:
        return warning(said, f"renew it at Amazon, then: sp-connect app rotate-secret {app.name}")
    return ok(said)


def _refused(context: Context, app: App, refused: errors.ClientRejected) -> Finding:
    """Amazon refuses the client secret; the one before it may be used for a few days."""
    until, before = app.old_secret_until, app.old_secret_name
    if until is None or before is None or not app.has_old_secret(context.runtime.now()):
        return failed(refused)
    lwa.check_client(context.runtime.amazon, app, context.runtime.secrets.fetch(before))
    said = f"{app.name}: Amazon refuses the new client secret; the old one is used until {words.day(until)}"
    return warning(said, f"sp-connect app rotate-secret {app.name}")


def seats(context: Context, app: App) -> Finding:
    """How many selling accounts an app has, of the 25 that one may have which is not on the Appstore."""
    if why := context.blind():
        return skipped(why)
    rows = context.records.rows
    active = context.runtime.changes.authorizations.active(rows, context.runtime.now())
    used = len(seated(rows, active, app.name))
    if app.seats(used) is None:
        return ok(f"{app.name}: {used}; only an app that is listed on the Appstore has more than {SEATS}")
    said = f"{app.name}: {used} of {SEATS} used"
    if SEATS - used < FEW_SEATS:
        return warning(
            f"{said}; Amazon gives an app that is not listed on the Appstore no more",
            "list the app on the Appstore; what a seat is: sp-connect explain CONSENT_LIMIT_REACHED",
        )
    return ok(said)
