"""The checks of the desk where somebody connects: the listener's port, and the browser."""

from __future__ import annotations

import http.client
from contextlib import suppress

from sp_connect import errors
from sp_connect.authorization import listener, loopback
from sp_connect.checkup.context import Context
from sp_connect.findings import Finding, failed, ok, skipped, warning
from sp_connect.models import App

ASKING_SECONDS = 1.0
LONGEST_PAGE = 64 * 1024


def port(context: Context, app: App) -> Finding:
    """Whether the listener could open at an app's address now. Another sp-connect that waits there is no failure."""
    if loopback.host_and_port(app.listen) is None:
        return skipped(f"{app.listen!r} is not an address to listen on")
    try:
        with listener.door(app, lambda arrival: arrival.leave(), context.runtime.amazon.at):
            return ok(f"{app.listen} is free")
    except errors.PortTaken as error:
        if _is_ours(app.listen):
            return warning(
                f"another sp-connect is waiting at {app.listen} for a consent",
                "finish it, or stop it with Ctrl-C; to connect beside it: sp-connect connect --paste ...",
            )
        return failed(error)


def browser(context: Context) -> Finding:
    """Which browser would open Amazon's page. That there is none here is told, and stops nothing: `connect` copes.

    Raises Usage for a browser that config.toml names and that cannot be opened.
    """
    seen = context.runtime.preview_browser()
    if seen.obstacle is None:
        return ok(f"{seen.opened_by} opens Amazon's page")
    said = f"{seen.obstacle}: connect prints the address instead"
    return ok(said) if seen.is_elsewhere else warning(said, "sp-connect connect --paste ..., from a browser elsewhere")


def _is_ours(listen: str) -> bool:
    """Whether what listens there shows the listener's own page for an address that is not its own."""
    where = loopback.host_and_port(listen)
    assert where is not None, "the caller has looked"
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(*where, timeout=ASKING_SECONDS)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            return answer.status == 404 and b"sp-connect" in answer.read(LONGEST_PAGE)
        finally:
            connection.close()
    return False
