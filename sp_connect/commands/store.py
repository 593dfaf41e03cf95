"""`store`: which secret store is in use, and why."""

from __future__ import annotations

from typing import NamedTuple

import typer

from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.stores.secrets import StoreDescription


class InUse(NamedTuple):
    """The store, and who says that it is the one."""

    description: StoreDescription
    why: str


def run(edges: Edges) -> InUse:
    """Describes the store without asking it for anything. Raises StoreUnavailable for a backend that is refused."""
    return InUse(edges.secrets.describe(), edges.store_reason)


def command(ctx: typer.Context, json: flags.Json = False) -> None:
    """Say where the secrets are kept, and why there."""
    edges = ctx.obj.edges()
    used = run(edges)
    if json:
        edges.screen.json(used.description._asdict() | {"why": used.why})
        return
    from sp_connect.views import tables, text

    facts = {"Store": used.description.store, "Why": used.why, "Kept in": used.description.backend}
    if used.description.opened_by:
        facts["Opened by"] = used.description.opened_by
    if used.description.location:
        facts["Folder"] = used.description.location
    pairs = [(label, text.styled(value, longest=None)) for label, value in facts.items()]
    edges.screen.show(tables.facts(edges.screen, pairs))
