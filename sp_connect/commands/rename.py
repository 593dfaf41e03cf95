"""`rename`: another name for a seller, tokens and all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated

import typer

from sp_connect import errors, words
from sp_connect.cli import flags
from sp_connect.models import Connection
from sp_connect.runtime import Runtime
from sp_connect.views import data


def run(runtime: Runtime, old: str, new: str) -> Sequence[Connection]:
    """The seller's connections under the new name; the old one is free then. All of it is done, or nothing.

    Pending invites and the seller's own browser profile go along. Raises BadName, NoSuchConnection,
    Usage where both names are the same, and SellerExists or SellerInvited where the new one is taken.
    """
    for name in (old, new):
        if not errors.is_name(name):
            raise errors.BadName("a seller", name)
    if old == new:
        raise errors.Usage(f"{old} already has that name.", f"sp-connect rename {old} ANOTHER")
    runtime.changes.finish()
    while (renamed := _renamed(runtime, old, new, runtime.connections.of(old))) is None:
        pass  # it was given another connection meanwhile
    return renamed


def _renamed(runtime: Runtime, old: str, new: str, known: Sequence[Connection]) -> Sequence[Connection] | None:
    """The seller's connections under the new name; None where by now they are others than those `known`."""
    if not known:
        raise errors.NoSuchConnection(old, near=runtime.connections.near(old))

    def rename() -> Sequence[Connection] | None:
        if {one.scope for one in runtime.connections.of(old)} != {one.scope for one in known}:
            return None
        if runtime.connections.has(new):
            raise errors.SellerExists(new)
        # Else another client's link would connect that client under this one's name.
        if any(one.scope.seller == new and one.status(runtime.now()) == "pending" for one in runtime.invites.all()[0]):
            raise errors.SellerInvited(new)
        runtime.refuse_profiles(new)
        return runtime.changes.rename_seller(old, new)

    with ExitStack() as stack:
        for scope in sorted((one.scope for one in known), key=str):
            stack.enter_context(runtime.changes.refreshing(scope))  # else a new token would go to the old name
        return runtime.changes.write(rename)


def command(
    ctx: typer.Context,
    old: flags.OldName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    json: flags.Json = False,
) -> None:
    """Give a seller another name: connections, tokens, pending invites and browser profile. Amazon is not asked."""
    runtime = ctx.obj.runtime()
    renamed = run(runtime, old, new)
    if json:
        runtime.screen.json(data.connection(one, runtime.now()) for one in renamed)
    runtime.screen.say(f"Renamed {old} to {new} ({words.count(len(renamed), 'connection')}).")
