"""`show`: one seller's page, a tile a region, connected or not."""

from __future__ import annotations

from typing import Any, NamedTuple

import typer

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import Connection, Scope
from sp_connect.views import data


class Tile(NamedTuple):
    """One place where the seller is, or could be, connected."""

    scope: Scope
    connection: Connection | None

    @property
    def command(self) -> str:
        """What connects it, or renews it."""
        return f"sp-connect connect {self.scope.flags}"


def run(edges: Edges, seller: str) -> list[Tile]:
    """A tile for each region and Far East country, and for each country that has a connection of its own.

    Raises BadName, and NoSuchConnection for a seller without any.
    """
    found = {c.scope: c for c in edges.connections.of(seller)} if errors.is_name(seller) else {}
    places: list[Scope] = []
    for region in geography.REGIONS.values():
        places.extend(geography.scopes(seller, region.code))
        places.extend(s for s in found if s.region == region.code and s not in places)
    if not found:
        raise errors.NoSuchConnection(seller, near=edges.connections.near(seller))
    return [Tile(scope, found.get(scope)) for scope in places]


def command(ctx: typer.Context, seller: flags.Seller, json: flags.Json = False) -> None:
    """Show one seller: each region with its account and marketplaces, or the command that connects it."""
    edges = ctx.obj.edges(secrets=False)
    tiles = run(edges, seller)
    if json:
        edges.screen.json(_object(edges, seller, tiles))
    else:
        from sp_connect.views import tiles as drawn

        places = [(tile.scope, tile.connection, tile.command) for tile in tiles]
        edges.screen.show(drawn.page(edges.screen, seller, places, edges.now()))


def _object(edges: Edges, seller: str, tiles: list[Tile]) -> dict[str, Any]:
    now = edges.now()
    return {
        "seller": seller,
        "tiles": [
            {
                "region": tile.scope.region,
                "country": tile.scope.country,
                "place": tile.scope.place,
                "connect_command": tile.command,
                "connection": tile.connection and data.connection(tile.connection, now),
            }
            for tile in tiles
        ],
    }
