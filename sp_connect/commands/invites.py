"""`invites`: the links that sellers may still use, and the end of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated

import typer

from sp_connect import errors, words
from sp_connect.cli import flags
from sp_connect.models import Invite
from sp_connect.runtime import Runtime
from sp_connect.views import data


def pending(runtime: Runtime) -> tuple[list[Invite], Sequence[errors.Damaged]]:
    """The invites that may still be accepted, the oldest first, and the files that could not be read."""
    found, damages = runtime.invites.all()
    return [one for one in found if one.status(runtime.now()) == "pending"], damages


def _tell_dead(runtime: Runtime, shown: Sequence[Invite]) -> None:
    """Names the links that Amazon refuses, because their app is no Draft any more, or is one now."""
    drafts = {app.name: app.draft for app in runtime.apps.all()}
    dead = [one for one in shown if drafts.get(one.app, one.is_for_draft) != one.is_for_draft]
    if dead:
        whose, app = words.listed([str(one.scope) for one in dead]), dead[0].app
        state = "no longer a draft" if dead[0].is_for_draft else "a draft now"
        runtime.screen.warn(
            f"Amazon refuses the link of {whose}: the app {app} is {state}. "
            f"Make a new link: sp-connect invite {dead[0].scope.flags}"
        )


def cancel(runtime: Runtime, seller: str) -> list[Invite]:
    """Ends every pending invite of a seller, and returns them as they are now.

    Raises BadName, and where there is none NoSuchInvite; or Damaged, where one may be in a file that cannot be read.
    """
    if not errors.is_name(seller):
        raise errors.BadName("a seller", seller)
    now = runtime.now()

    def end() -> list[Invite]:
        known, damages = pending(runtime)
        theirs = [one for one in known if one.scope.seller == seller]
        if not theirs:
            errors.raise_all(damages, f"{words.count(len(damages), 'file')} could not be read.")
            near = words.near(seller, {one.scope.seller for one in known})
            raise errors.NoSuchInvite(f"No invite of {seller} is pending.", near=near)
        ended = [one._replace(closed="cancelled", closed_at=now) for one in theirs]
        runtime.invites.put(ended)
        return ended

    with ExitStack() as stack:
        # An `accept` that is under way comes first: what it connects was not cancelled.
        for scope in sorted({one.scope for one in pending(runtime)[0] if one.scope.seller == seller}, key=str):
            stack.enter_context(runtime.changes.refreshing(scope))
        return runtime.changes.write(end)


def command(
    ctx: typer.Context,
    cancelled: Annotated[
        str | None, typer.Option("--cancel", metavar="NAME", help="End the pending invites of this seller.")
    ] = None,
    json: flags.Json = False,
) -> None:
    """List pending invites, or cancel those of a seller. Reads local files only."""
    runtime = ctx.obj.runtime()
    damages: Sequence[errors.Damaged] = ()
    if cancelled is not None:
        shown = cancel(runtime, cancelled)
        for one in shown:
            runtime.screen.say(f"The invite of {one.scope} is cancelled; its link no longer counts.")
    else:
        shown, damages = pending(runtime)
        if not json and shown:
            from sp_connect.views import invitations

            invitations.show(runtime.screen, shown, runtime.now())
            _tell_dead(runtime, shown)
        elif not json:
            runtime.screen.say("No invite is pending. Next: sp-connect invite --seller NAME --region na")
    if json:
        runtime.screen.json([data.invite(one, runtime.now()) for one in shown])
    errors.raise_all(damages, f"{words.count(len(damages), 'file')} could not be read; the rest is above.")
