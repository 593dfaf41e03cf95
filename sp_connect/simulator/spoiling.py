"""How a fault spoils an answer, whatever the answer was going to be. No sockets, no waiting."""

from __future__ import annotations

from sp_connect import pages
from sp_connect.simulator import lwa, sellers
from sp_connect.simulator.faults import Endpoint, Fault
from sp_connect.simulator.messages import Answer

_PAGE = b"<!doctype html><title>Sorry</title><h1>Sorry, something went wrong on our end</h1>"
_SELLERS = {400: "InvalidInput", 403: "Unauthorized", 404: "NotFound", 429: "QuotaExceeded"}
_TOKEN = {401: "invalid_client", 429: "temporarily_unavailable", 503: "temporarily_unavailable"}


def instead(fault: Fault) -> Answer:
    """The answer of a fault, in place of the real one."""
    if fault.kind == "drop":
        return Answer(0, dropped=True)
    if fault.kind == "html":
        return Answer(200, _PAGE, pages.headers())
    if fault.kind == "huge":
        body = b'{"padding":"' + b"x" * fault.size + b'"}'
        return Answer(200, body, pages.headers(kind="application/json"))
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.body == "json" and fault.endpoint != "consent":
        return _in_words(fault.endpoint, fault.status, fault.error, headers)
    return Answer(fault.status, b"" if fault.body == "none" else _PAGE, pages.headers() | headers)


def _in_words(endpoint: Endpoint, status: int, error: str, headers: dict[str, str]) -> Answer:
    """A failure of Amazon's own with `status`, in the words that its endpoint uses."""
    if endpoint in {"sellers", "fees"}:
        limited = "You exceeded your quota for the requested resource."
        message = limited if status == 429 else "We encountered an internal error. Please try again."
        return sellers.refusal(status, error or _SELLERS.get(status, "InternalFailure"), message, headers=headers)
    known = _TOKEN.get(status, "server_error" if status >= 500 else "invalid_request")
    return lwa.refusal(status, error or known, "The request could not be served", headers)
