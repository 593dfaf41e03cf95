"""`show`: one seller's page, a tile a region, connected or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import typer

from sp_connect import errors, words
from sp_connect.amazon import geography, services
from sp_connect.cli import flags
from sp_connect.cli.filters import Selection, is_pattern
from sp_connect.models import Connection, Invite, Scope
from sp_connect.runtime import Runtime
from sp_connect.stores.home.authorizations import Authorization
from sp_connect.views import data


class Tile(NamedTuple):
    """One place where the seller is, or could be, connected. `invite` is the newest that is pending for it."""

    scope: Scope
    connection: Connection | None
    invite: Invite | None

    @property
    def command(self) -> str:
        """The command that connects it or renews it."""
        return f"sp-connect connect {self.scope.flags}"


def run(runtime: Runtime, seller: str) -> list[Tile]:
    """A tile for each region and Far East country, and for each country that has a connection or an invite of its own.

    Raises BadName, and NoSuchConnection for a seller who is neither connected nor invited.
    """
    if not errors.is_name(seller):
        raise errors.BadName("a seller", seller)
    found = {one.scope: one for one in runtime.connections.of(seller)}
    invites, _ = runtime.invites.all()
    invited = {
        one.scope: one for one in invites if one.scope.seller == seller and one.status(runtime.now()) == "pending"
    }
    if not found and not invited and not active(runtime, seller):
        raise errors.NoSuchConnection(seller, near=runtime.connections.near(seller))
    places: list[Scope] = []
    for region in geography.REGIONS.values():
        places.extend(geography.scopes(seller, region.code))
        places.extend(s for s in dict.fromkeys([*found, *invited]) if s.region == region.code and s not in places)
    return [Tile(scope, found.get(scope), invited.get(scope)) for scope in places]


def command(ctx: typer.Context, seller: flags.EachSeller, json: flags.Json = False) -> None:
    """Show a seller: each region with its account and marketplaces, or the command that connects it.

    With several sellers, or a pattern, JSON is an array.
    """
    runtime = ctx.obj.runtime(secrets=False)
    names = _meant(runtime, seller)
    pages = [(name, run(runtime, name)) for name in names]
    if json:
        objects = [_object(runtime, name, tiles) for name, tiles in pages]
        runtime.screen.json(objects[0] if len(names) == 1 and names == list(seller) else objects)
        return
    from sp_connect.views import tiles as drawn

    for number, (name, tiles) in enumerate(pages):
        if number:
            runtime.screen.line("")
        places = [(tile.scope, tile.connection, tile.command, tile.invite) for tile in tiles]
        runtime.screen.show(drawn.page(runtime.screen, name, places, runtime.now()))
        for one in active(runtime, name):
            since = f", since {words.day(one.authorized_at)}" if one.authorized_at else ""
            runtime.screen.line(
                f"Still active at Amazon: {one.scope.place}, {one.selling_partner_id}, app {one.app}{since}. "
                "It was deleted or replaced here, and takes a seat until the seller ends it: "
                f"{runtime.amazon.at(services.of(one.scope).manage_url(one.scope))}"
            )


def active(runtime: Runtime, seller: str) -> list[Authorization]:
    """The seller's authorizations that were forgotten here, or replaced, and that Amazon has not ended."""
    kept = runtime.changes.authorizations.active(runtime.connections.of(seller), runtime.now())
    return [one for one in kept if one.scope.seller == seller]


def _meant(runtime: Runtime, sellers: Sequence[str]) -> list[str]:
    """The names that are typed, with those of the sellers whom a pattern chooses. Raises NoSuchConnection."""
    names: dict[str, None] = {}
    for seller in sellers:
        if is_pattern(seller):
            rows, damages = Selection([seller]).read(runtime.connections)
            errors.raise_all(damages, f"{words.count(len(damages), 'file')} could not be read.")
            names |= dict.fromkeys(one.scope.seller for one in rows)
        else:
            names[seller] = None
    return list(names)


def _object(runtime: Runtime, seller: str, tiles: list[Tile]) -> dict[str, Any]:
    now = runtime.now()
    return {
        "seller": seller,
        "tiles": [
            {
                "region": tile.scope.region,
                "country": tile.scope.country,
                "place": tile.scope.place,
                "connect_command": tile.command,
                "connection": tile.connection and data.connection(tile.connection, now),
                "invite": tile.invite and data.invite(tile.invite, now),
            }
            for tile in tiles
        ],
        "active_at_amazon": [
            {
                "region": one.scope.region,
                "country": one.scope.country,
                "place": one.scope.place,
                "selling_partner_id": one.selling_partner_id,
                "app": one.app,
                "authorized_at": data.moment(one.authorized_at),
                "manage_url": runtime.amazon.at(services.of(one.scope).manage_url(one.scope)),
            }
            for one in active(runtime, seller)
        ],
    }
