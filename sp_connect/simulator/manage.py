"""The simulated Manage Your Apps, where a seller ends an authorization. No sockets.

Amazon's side is amazon.md section 6; what each host lists is UNVERIFIED.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sp_connect import models, pages
from sp_connect.simulator import accounts
from sp_connect.simulator.ledger import Authorization
from sp_connect.simulator.messages import Answer, Request, nothing_here, page, redirect
from sp_connect.simulator.world import World

PATH = "/apps/manage"
DISABLE_PATH = "/apps/manage/disable"


def answer(world: World, request: Request) -> Answer:
    """Answers a Seller Central host's requests at Manage Your Apps."""
    asked = (request.method, request.path)
    if asked == ("GET", PATH):
        return _list(world, request)
    if asked == ("POST", DISABLE_PATH):
        form = request.form()
        world.revoke(form.get("application_id", ""), form.get("account", ""))
        return redirect(f"/{request.host}{PATH}", status=303)
    return nothing_here()


def _list(world: World, request: Request) -> Answer:
    where = accounts.place(request.host).name
    values = {
        "place": where,
        "host": request.host,
        "action": f"/{request.host}{DISABLE_PATH}",
        "authorizations": [_shown(world, one) for one in _latest(world, request.host)],
    }
    return page(pages.page("simulator_manage.html", f"Manage Your Apps, {where}, simulated", values))


def _shown(world: World, given: Authorization) -> dict[str, Any]:
    """The values of an authorization on the page."""
    app = world.app(given.application_id)
    good = world.is_good(given)
    return {
        "company": given.account.company,
        "app": app.name if app else given.application_id,
        "application_id": given.application_id,
        "selling_partner_id": given.account.selling_partner_id,
        "countries": " ".join(given.countries),
        "authorized": _day(given.authorized_at),
        "end": _day(given.revoked_at or given.authorized_at + models.AUTHORIZATION_LIFE),
        "end_word": "Ends" if good else "Ended",
        "status": "● authorized" if good else "✕ disabled",
        "kind": "good" if good else "bad",
        "good": good,
    }


def _latest(world: World, host: str) -> list[Authorization]:
    """One authorization for each account and app of this host: the good one, else the last. UNVERIFIED."""
    found: dict[tuple[str, str], Authorization] = {}
    for given in sorted(world.authorizations(), key=lambda a: (a.revoked_at is None, a.authorized_at)):
        if given.account.signs_in_at(host) and given.region == accounts.place(host).region:
            found[given.account.selling_partner_id, given.application_id] = given
    return sorted(found.values(), key=lambda a: (a.account.company.casefold(), a.application_id))


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"
