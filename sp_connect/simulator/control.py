"""The simulator's own addresses below /simulator/: faults are set and cleared, and what happened is shown."""

from __future__ import annotations

import dataclasses

from sp_connect.simulator import accounts, faults
from sp_connect.simulator.messages import Answer, Request, data, nothing_here
from sp_connect.simulator.world import World


def answer(world: World, request: Request) -> Answer:
    """`POST /simulator/faults` (one or a list), `DELETE /simulator/faults`, `GET /simulator/state`."""
    asked = (request.method, request.path)
    if asked == ("GET", "/state"):
        return data(_state(world))
    if asked == ("DELETE", "/faults"):
        world.faults.clear()
        return data({"faults": []})
    if asked == ("POST", "/faults"):
        return _set(world, request)
    return nothing_here()


def _set(world: World, request: Request) -> Answer:
    # A web page can post to 127.0.0.1, but with this type only after asking: so no page turns a knob.
    if request.media_type != "application/json":
        return data({"error": "send application/json"}, 415)
    try:
        words = request.json()
        found = [faults.from_json(word) for word in (words if isinstance(words, list) else [words])]
    except (ValueError, RecursionError) as error:
        return data({"error": str(error)}, 400)
    world.faults.add(*found)
    return data({"faults": [dataclasses.asdict(fault) for fault in world.faults]})


def _state(world: World) -> dict[str, object]:
    """Accounts, authorizations and how often each endpoint was asked; no token, code or secret."""
    return {
        "apps": [
            {
                "application_id": app.application_id,
                "client_id": app.client_id,
                "name": app.name,
                "draft": app.draft,
            }
            for app in world.apps
        ],
        "accounts": [dataclasses.asdict(account) for account in accounts.BUILT_IN],
        "authorizations": [
            {
                "application_id": given.application_id,
                "selling_partner_id": given.account.selling_partner_id,
                "company": given.account.company,
                "region": given.region,
                "country": given.country,
                "countries": given.countries,
                "authorized_at": given.authorized_at.isoformat(),
                "revoked_at": given.revoked_at.isoformat() if given.revoked_at else None,
            }
            for given in world.authorizations()
        ],
        "requests": dict(world.requests),
        "faults": [dataclasses.asdict(fault) for fault in world.faults],
    }
