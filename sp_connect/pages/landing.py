"""The landing page: what the seller's browser shows once Amazon has sent it back."""

from __future__ import annotations

from sp_connect import errors, pages, words
from sp_connect.amazon import redaction
from sp_connect.models import Connection
from sp_connect.pages import prose


def outcome(what: Connection | errors.SpConnectError, *, simulated: bool = False) -> str:
    """The page that tells what came of the consent, in the words of the terminal."""
    if isinstance(what, Connection):
        return _connected(what, simulated=simulated)
    values = {
        "message": prose.marked(redaction.masked(what.told())),
        "next": prose.marked(f"Next: {what.hint}" if what.hint else ""),
    }
    return pages.page("landing_failed.html", "Not connected", values)


def waiting() -> str:
    """The page where the outcome is not known yet: it can promise nothing."""
    return pages.page("landing_waiting.html", "Back to the terminal")


def stranger() -> str:
    """The page for an arrival that answers no consent of ours. It repeats nothing of what arrived."""
    return pages.page("stranger.html", "Not the expected answer")


def opened_already() -> str:
    """The page for a second browser at the one-time address."""
    return pages.page("opened_already.html", "This page is already open")


def other_browser() -> str:
    """The page for a Login-URI hop in another browser than the one that was opened."""
    return pages.page("other_browser.html", "Continue in the other browser")


def other_user() -> str:
    """The page for a browser of another user of the machine."""
    return pages.page("other_user.html", "This browser belongs to another user")


def absent() -> str:
    """The page for every address but the callback and a one-time address."""
    return pages.page("absent.html", "Nothing here")


def _connected(connection: Connection, *, simulated: bool) -> str:
    seller, place = connection.scope.seller, connection.scope.place
    stores = sorted({m.store_name for m in connection.marketplaces if m.store_name})
    values = {
        "kind": "good",
        "status": "● connected, SIMULATED" if simulated else "● connected",
        "seller": seller,
        "place": place,
        "selling_partner_id": connection.selling_partner_id,
        "store": words.listed(stores) or ("not named by Amazon" if connection.marketplaces else "not yet checked"),
        "marketplaces": "\u00a0 ".join(connection.sells_in)
        or ("none now" if connection.marketplaces else "not yet checked"),
        "renew_by": words.day_if_known(connection.renew_by),
        "after": "",
    }
    title = f"{seller} is connected in {place}"
    if connection.standing != "connected":
        # The token is kept, but what it opens could not be asked: that is not yet called connected.
        after = "Amazon gave access; sp-connect could not check yet where the account sells. The terminal says why."
        values |= {"kind": "warn", "status": "? unchecked", "after": after}
        title = f"{seller} in {place} is unchecked"
    return pages.page("landing_connected.html", title, values)
