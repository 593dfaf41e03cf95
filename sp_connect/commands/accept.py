"""`accept`: completes an invite from the address on which the seller's browser came to rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from sp_connect import access, errors, words
from sp_connect.amazon import consent
from sp_connect.amazon.services import protocol
from sp_connect.authorization import flow, grant
from sp_connect.cli import flags
from sp_connect.models import Connection, Consent, Invite
from sp_connect.runtime import Runtime
from sp_connect.views import card

_COPY_ALL = (
    "copy all of the address that the seller's browser shows, and nothing else; "
    "a shell cuts it at the first &: sp-connect accept - takes it from stdin"
)


_WRONG_ACCOUNT = (
    *(errors.WrongAccount, errors.UnexpectedAccount, errors.DuplicateAccount, errors.NotTheOwner),
    *(errors.OtherCountry, errors.OtherRegion, errors.SellsNowhere),
)


@dataclass(slots=True)
class Sent:
    """The address as an arrival (`consent.Arrival`): the only one, so what it is not ends the command."""

    parameters: consent.Parameters
    why: str | None = None
    onward: str | None = None

    def turn_away(self, why: str) -> None:
        self.why = why

    def send_on(self, address: str) -> None:
        self.onward = address

    def conclude(self, outcome: Connection | errors.SpConnectError) -> None:
        """The card, or the error, tells it."""


def run(runtime: Runtime, address: str) -> grant.Outcome:
    """The connection that an invite became. The code is exchanged at once: it is good for five minutes.

    Where nothing was exchanged the invite stays pending, for the seller may open the link again. Raises BadState,
    NoSuchInvite, OnceMore for the Login-URI hop, and what `connect` raises.
    """
    try:
        parameters = consent.sent(address)
    except errors.BadState as error:
        error.reword(hint=_COPY_ALL)
        raise
    runtime.changes.finish()  # a killed `accept` may have come far enough
    invite = _invite_of(runtime, parameters)
    with runtime.changes.refreshing(invite.scope):  # so that of two that accept the same address one exchanges its code
        _see_that_it_is_pending(runtime, runtime.invites.find(invite.state))
        asked = _asked(runtime, invite)
        try:
            arrival = Sent(consent.pasted(address, asked.app, runtime.amazon.at))
        except errors.BadState as error:
            error.reword(hint=_COPY_ALL)
            raise
        outcome = _completed(runtime, asked, invite, arrival)
        if outcome is None:
            raise _why_not(runtime, arrival, invite)
    return outcome


def _asked(runtime: Runtime, invite: Invite) -> Consent:
    """The consent that the invite asked for. Raises NoSuchInvite where its app is another one by now."""
    app = runtime.apps.get(invite.app)
    if app.application_id != invite.application_id:
        raise errors.NoSuchInvite(
            f"The app {app.name} is another one at Amazon than when {invite.scope} was invited.",
            f"sp-connect invite {invite.scope.flags}",
        )
    before = runtime.connections.get(invite.scope)
    if before is not None and before.app != app.name:  # an upgrade since then is not undone by an old link
        raise errors.NoSuchInvite(
            f"{invite.scope} is with the app {before.app} now, and was invited for {app.name}.",
            f"sp-connect invite {invite.scope.flags}",
        )
    # What the seller's link said is what Amazon compares at the exchange (amazon.md, decision 5).
    app = app._replace(redirect_uri=invite.redirect_uri)
    return Consent(invite.scope, app, invite.state, invite.address)


def _completed(runtime: Runtime, asked: Consent, invite: Invite, arrival: Sent) -> grant.Outcome | None:
    """Completes the consent from the address; an error names the seller's next step."""
    _, client_secret = access.app(runtime, asked.app.name)
    grant.prove_ready(runtime, [asked.scope])
    try:
        grant.prove_amazon(runtime, [(asked.app, client_secret)])
    except errors.AmazonTrouble as error:
        error.reword(hint=f"{error.hint}. The code is not used yet: run it again within its five minutes")
        raise
    try:
        guard = grant.Guard(invite.expect_id)
        return grant.complete(runtime, asked, client_secret, guard, [arrival])
    except (errors.Refused, errors.CodeExpired) as error:
        error.reword(hint=f"the link is good until {words.day(invite.expires_at)}: the seller may open it once more")
        raise
    except errors.AmazonTrouble as error:
        error.reword(
            hint=(
                "run it again in a minute; if the code is used up by then, the seller opens the link once more: it is "
                f"good until {words.day(invite.expires_at)}"
            )
        )
        raise
    except _WRONG_ACCOUNT as error:
        error.reword(
            hint=(
                "the seller signs in to the right account and opens the link once more; it is good until "
                f"{words.day(invite.expires_at)}"
            )
        )
        raise


def _invite_of(runtime: Runtime, parameters: consent.Parameters) -> Invite:
    values = dict(parameters)
    if "state" in values or "amazon_callback_uri" not in values:
        return _see_that_it_is_pending(runtime, _with_state(runtime, values.get("state", "")))
    waiting = [one for one in runtime.invites.all()[0] if one.status(runtime.now()) == "pending"]
    fitting = [one for one in waiting if _leads_on(runtime, parameters, one)]
    if len(fitting) == 1:
        return fitting[0]
    raise errors.BadState(
        "Amazon wants the seller's browser back once more, and the address does not tell whose it is.",
        "the seller opens the link of the invite again, with Seller Central already signed in",
    )


def _with_state(runtime: Runtime, state: str) -> Invite | None:
    """The invite that has this state, or of which a hop has it (`consent.hop_state`)."""
    found = runtime.invites.find(state)
    if found is not None or not consent.is_hop_state(state):
        return found
    return next((one for one in runtime.invites.all()[0] if consent.is_answered_by(one.state, state)), None)


def _leads_on(runtime: Runtime, parameters: consent.Parameters, invite: Invite) -> bool:
    """Whether a hop may be this invite's. One whose app is gone stops no other."""
    try:
        app = runtime.apps.get(invite.app)
    except errors.NoSuchApp:
        return False
    app = app._replace(application_id=invite.application_id, redirect_uri=invite.redirect_uri)
    asked = Consent(invite.scope, app, invite.state, invite.address)
    return isinstance(consent.read(parameters, asked), protocol.Hop)


def _see_that_it_is_pending(runtime: Runtime, invite: Invite | None) -> Invite:
    """Raises NoSuchInvite, with what is known of it."""
    if invite is None:
        raise errors.NoSuchInvite("No invite of this home has that address's state: it is another's, or forged.")
    status = invite.status(runtime.now())
    if status == "pending":
        return invite
    when = words.day(invite.closed_at or invite.expires_at)
    said = {
        "used": f"The invite of {invite.scope} was used on {when}: each is good once.",
        "replaced": f"{invite.scope} was connected by another invite on {when}.",
        "cancelled": f"The invite of {invite.scope} was cancelled on {when}.",
        "ended": f"The invite of {invite.scope} ended on {when}.",
    }
    raise errors.NoSuchInvite(said[status], f"for a new link: sp-connect invite {invite.scope.flags}")


def _why_not(runtime: Runtime, arrival: Sent, invite: Invite) -> errors.NotAuthorized:
    if arrival.onward is not None:
        return errors.OnceMore(invite.scope, runtime.amazon.at(arrival.onward))
    return errors.BadState(arrival.why or "", _COPY_ALL)


def _read(runtime: Runtime) -> str:
    if runtime.prompt.can_answer():
        runtime.screen.say("Paste the address, then Enter and Ctrl-D (on Windows Ctrl-Z and Enter).")
    return runtime.prompt.text("address", "for example: sp-connect accept - < address.txt")


def command(
    ctx: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The address the seller's browser ended on; - reads it from stdin.")
    ],
    json: flags.Json = False,
) -> None:
    """Complete an invite: exchange the code, check the account, save the tokens, show the card.

    The code in the address is good for five minutes after the seller chose Confirm. White space and line breaks
    that a mail put into it are dropped.
    """
    runtime = ctx.obj.runtime()
    outcome = run(runtime, _read(runtime) if address == "-" else address)
    card.tell_each(runtime.screen, [outcome.connection], runtime.now, as_json=json)
    flow.remark(runtime, outcome)
    if outcome.trouble is not None:
        raise outcome.trouble
