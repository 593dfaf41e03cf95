"""The simulated consent: the page, Confirm and Cancel, the Login-URI hop, the way back. No sockets.

Amazon's side is amazon.md sections 1 and 2. Every page says that it is simulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from sp_connect import pages
from sp_connect.pages import prose
from sp_connect.simulator import accounts, manage
from sp_connect.simulator.accounts import Account
from sp_connect.simulator.messages import Answer, Request, nothing_here, page, redirect, with_query
from sp_connect.simulator.world import SimulatedApp, World

CONSENT_PATH = "/apps/authorize/consent"
CONFIRM_PATH = "/apps/authorize/confirm/"


def answer(world: World, request: Request) -> Answer:
    """Answers a Seller Central host's requests below /apps/authorize/."""
    if request.path == CONSENT_PATH and request.method == "GET":
        return _consent(world, request)
    if request.path.startswith(CONFIRM_PATH):
        return _confirm(world, request) if request.method == "POST" else _come_back(world, request)
    return nothing_here()


def _consent(world: World, request: Request) -> Answer:
    app = world.app(request.query.get("application_id", ""))
    finding = _finding(app, request.query)
    if app is None or finding:
        return _error_page(finding)
    where = accounts.place(request.host).name
    kept = {name: request.query[name] for name in ("state", "redirect_uri", "version") if name in request.query}
    offered, signed_in = _offered(request), _signed_in(request)
    values = {
        "app": app.name,
        "place": where,
        "host": request.host,
        "action": f"/{request.host}{CONFIRM_PATH}{quote(app.application_id, safe='')}",
        "manage": f"/{request.host}{manage.PATH}",
        "hidden": kept,
        "accounts": offered,
        "chosen": signed_in or (offered[0] if offered else None),
        "signed_in": signed_in,
        "nobody": f"None of the built-in companies sells in {where}. Enter any other name: it does.",
        "roles": app.roles,
    }
    title = f"Confirm access for {app.name}? {where}, simulated"
    return page(pages.page("simulator_consent.html", title, values))


def _confirm(world: World, request: Request) -> Answer:
    """Confirm or Cancel on the consent page."""
    form = request.form()
    app = world.app(_application_id(request))
    finding = _finding(app, form)
    if app is None or finding:
        return _error_page(finding)
    if world.faults.take("consent", "denied"):
        # In the form of plain Login with Amazon; UNVERIFIED that Seller Central ever sends it (amazon.md 2.2).
        denial = {"error": "access_denied", "error_description": "Access not permitted."}
        return redirect(with_query(form.get("redirect_uri") or app.redirect_uris[0], denial | _state(form)))
    if form.get("answer") == "cancel":
        return _cancelled(app)
    account = _chosen(request, form)
    if account is None:
        return _no_account(request, form)
    hop = world.faults.take("consent", "hop")
    if hop is None:
        return _back(world, request.host, app, account, form)
    # Amazon goes by the Login URI, with no code yet (amazon.md 1.3); ours is the first redirect URI.
    named, path = hop.host or request.host, f"{CONFIRM_PATH}{app.application_id}"
    asked = {
        "amazon_callback_uri": path if hop.relative else f"https://{named}{path}",
        "amazon_state": world.begin_hop(app, account, request.host, named),
        "selling_partner_id": account.selling_partner_id,
    }
    beta = {"version": "beta"} if app.draft else {}
    return redirect(with_query(app.redirect_uris[0], asked | beta), account.company)


def _come_back(world: World, request: Request) -> Answer:
    """The second half of the Login-URI hop: the app has sent the browser to amazon_callback_uri."""
    app = world.app(_application_id(request))
    finding = _finding(app, request.query)
    if app is None or finding:
        return _error_page(finding)
    hop = world.end_hop(request.query.get("amazon_state", ""))
    if hop is None or (hop.application_id, hop.named) != (app.application_id, request.host):
        return _error_page("MD9999")
    return _back(world, hop.host, app, hop.account, request.query)


def _back(world: World, host: str, app: SimulatedApp, account: Account, asked: Mapping[str, str]) -> Answer:
    """The redirect that carries the code (amazon.md 2.1); `asked` may hold redirect_uri and state."""
    redirect_uri = asked.get("redirect_uri") or app.redirect_uris[0]
    code = world.consent(app, account, host, redirect_uri)
    carried = {**_state(asked), "selling_partner_id": account.selling_partner_id, "spapi_oauth_code": code}
    return redirect(with_query(redirect_uri, carried), account.company)


def _state(asked: Mapping[str, str]) -> dict[str, str]:
    """`state`, which goes back as it came."""
    # A missing one stays missing: by the developer guide it is the app's own protection, and Amazon proceeds
    # without it; that it is required is said by a secondary source alone (amazon.md 1.1).
    return {"state": asked["state"]} if "state" in asked else {}


def _finding(app: SimulatedApp | None, asked: Mapping[str, str]) -> str:
    """The code of Amazon's error page (amazon.md 2.3), or nothing."""
    if app is None or app.draft != (asked.get("version") == "beta"):
        return "MD1000"
    if not app.redirect_uris:
        return "MD9100"
    if "#" in asked.get("redirect_uri", ""):
        return "MD5110"
    if asked.get("redirect_uri") and asked["redirect_uri"] not in app.redirect_uris:
        return "MD5101"
    return ""


def _application_id(request: Request) -> str:
    return request.path.removeprefix(CONFIRM_PATH).removesuffix("/")


def _signed_in(request: Request) -> Account | None:
    """The account of the company that this browser is still signed in as, if it signs in here."""
    return next((a for a in accounts.of_company(request.company) if a.signs_in_at(request.host)), None)


def _offered(request: Request) -> list[Account]:
    """The accounts that sign in on this host, and the one that is still signed in."""
    offered = list(accounts.at(request.host))
    signed_in = _signed_in(request)
    if signed_in and signed_in not in offered:
        offered.insert(0, signed_in)
    return offered


def _chosen(request: Request, form: Mapping[str, str]) -> Account | None:
    """The account that the form names; a company that was written counts before one that was chosen."""
    written = form.get("company", "").strip()
    if written:
        return next((a for a in accounts.of_company(written) if a.signs_in_at(request.host)), None)
    offered: Sequence[Account] = (*accounts.at(request.host), *accounts.of_company(request.company))
    wanted = form.get("account")
    return next((a for a in offered if a.selling_partner_id == wanted and a.signs_in_at(request.host)), None)


def _error_page(code: str) -> Answer:
    """Amazon's page for an error code; nothing is sent back to the app."""
    after = prose.marked(f"Nothing was sent back to the app. What fixes it: sp-connect explain {code}")
    return _message(400, "Amazon shows an error", f"Error code {code}", after)


def _cancelled(app: SimulatedApp) -> Answer:
    # Amazon sends nothing on Cancel (amazon.md 2.2): the app waits until it gives up.
    words = f"{app.name} has no access. Amazon sends nothing back, so the program that asked is still waiting."
    return _message(200, "Cancelled", words, "Go back to it and press Ctrl-C, or let it time out.")


def _no_account(request: Request, form: Mapping[str, str]) -> Answer:
    where = accounts.place(request.host).name
    written = form.get("company", "").strip()
    words = f"{written} has no account that sells in {where}." if written else f"No account of {where} was chosen."
    return _message(400, "No such account", words, "Nothing was sent back to the app. Go back and choose another.")


def _message(status: int, heading: str, words: str, after: str) -> Answer:
    values = {"heading": heading, "words": words, "after": after}
    return page(pages.page("simulator_message.html", f"{heading}, simulated", values), status)
