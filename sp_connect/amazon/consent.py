"""The consent: its address, what may come back, and which arrival is ours. Pure; sockets and people are elsewhere.

Amazon's side is amazon.md sections 1 to 3; `state` follows RFC 6749 section 10.12.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

from sp_connect import errors
from sp_connect.amazon import addresses, services
from sp_connect.amazon.services.protocol import Hop, Stranger
from sp_connect.models import AmazonWords, App, Connection, Consent, Grant, Scope

AWAY = "away."
"""Begins the state of a consent whose seller is on another machine. The relay page reads it, since no page can ask
whether anything listens on 127.0.0.1."""

_NONCE_BYTES = 24
_NONCE_LENGTH = 32
_HOP_LENGTH = 75
"""A hop's state: random bytes, written in 32 characters, and 43 characters of a digest."""

MOST_PARAMETERS = 20
LONGEST_VALUE = 4096

Parameters = Sequence[tuple[str, str]]


class Arrival(Protocol):
    """Something that reached the listener, or that a person pasted. Each is answered once."""

    @property
    def parameters(self) -> Parameters: ...

    def turn_away(self, why: str) -> None:
        """It is not ours: say so; the waiting goes on."""

    def send_on(self, address: str) -> None:
        """It is the hop: the browser goes on to `address`, an https address of Amazon."""

    def conclude(self, outcome: Connection | errors.SpConnectError) -> None:
        """It was ours: show what came of it."""


ArrivalT = TypeVar("ArrivalT", bound=Arrival)


def begin(app: App, scope: Scope, *, away: bool = False) -> Consent:
    """A new consent for `scope`: the address to open, and a state of 256 bits that is good for this one consent.

    `away` marks the state for a seller whose browser is on another machine.
    """
    state = (AWAY if away else "") + secrets.token_urlsafe(32)
    return Consent(scope, app, state, services.of(scope).consent_address(app, scope, state))


def hop_state(state: str) -> str:
    """A new state for one Login-URI hop of the consent with `state`: as good as that one, which it does not reveal.

    Whoever reaches the listener may ask for a hop, so the state that the consent began with is never handed out.
    Nothing has to be kept: `is_answered_by` recognizes all of them for as long as `state` is known.
    """
    return _hop_state(state, secrets.token_urlsafe(_NONCE_BYTES))


def is_hop_state(given: str) -> bool:
    """Whether `given` has the length of a hop's state; whose it is, `is_answered_by` tells."""
    return len(given.removeprefix(AWAY)) == _HOP_LENGTH


def is_answered_by(state: str, given: str) -> bool:
    """Whether `given` is `state`, or a hop's state that was made from it; in constant time."""
    nonce = given.removeprefix(AWAY)[:_NONCE_LENGTH]
    told = given.encode(errors="replace")
    is_itself = hmac.compare_digest(told, state.encode())
    return hmac.compare_digest(told, _hop_state(state, nonce).encode(errors="replace")) or is_itself


def first_grant(arrivals: Iterable[ArrivalT], consent: Consent) -> tuple[ArrivalT, Grant] | None:
    """The first arrival that grants `consent`; None where the arrivals end before, which is the deadline.

    Strangers are turned away and hops sent on, as often as they come. The arrival returned is not yet answered:
    its outcome is not yet known. Raises Refused.
    """
    for arrival in arrivals:
        meaning = read(arrival.parameters, consent)
        if isinstance(meaning, Grant):
            return arrival, meaning
        if isinstance(meaning, Hop):
            arrival.send_on(meaning.address)
        elif isinstance(meaning, errors.Refused):
            arrival.conclude(meaning)
            raise meaning
        else:
            arrival.turn_away(meaning.why)
    return None


def read(parameters: Parameters, consent: Consent) -> Grant | Hop | errors.Refused | Stranger:
    """Interprets an arrival's query for `consent` (amazon.md sections 1.2, 1.3 and 2).

    The state is compared before anything else is believed, refusals included: any web page can send a browser
    here with an `error`. Only the hop carries no state of ours; it is believed in nothing but its Amazon address.
    """
    values = dict(parameters)
    if len(values) != len(parameters):
        return Stranger("The address names the same thing twice.")
    if len(parameters) > MOST_PARAMETERS or any(len(value) > LONGEST_VALUE for value in values.values()):
        return Stranger("The address is longer than any that Amazon sends.")
    service = services.of(consent.scope)
    if service.is_hop(values):
        return service.hop(values, consent, hop_state(consent.state))
    if not is_answered_by(consent.state, values.get("state", "")):
        return Stranger("The address belongs to another consent, or to none.")
    if "error" in values:
        # UNVERIFIED that Amazon ever sends one (amazon.md 2.2); taken in the form of RFC 6749 section 4.1.2.1.
        return errors.Refused(consent.scope, AmazonWords(values["error"], values.get("error_description")))
    return service.granted(values)


def pasted(text: str, app: App, at: Callable[[str], str] = str) -> Parameters:
    """The query of an address that a person pasted; what mails and chats added to it is dropped (`addresses`).

    Only the app's redirect URI and its listener count. Raises BadState.
    """
    address = _split(addresses.cleaned(text))
    home = _split(app.redirect_uri)
    ours = {_place(home), _place(_split(at(app.redirect_uri))), ("http", app.listen, "/callback/")}
    if address is None or _place(address) not in ours:
        raise errors.BadState(f"That is not an address that begins with {app.redirect_uri}.")
    return _answer_in(address)


def sent(text: str) -> Parameters:
    """The query of an address that somebody sent, whatever site it is of: its state tells whose it is.

    Believed in nothing else before `pasted` has compared the site. Raises BadState.
    """
    address = _split(addresses.cleaned(text))
    if address is None or not address.scheme.startswith("http"):
        raise errors.BadState("That is not an address.")
    return _answer_in(address)


def query(text: str) -> Parameters:
    """The parameters of a query string, in order, blank ones kept, undecodable bytes replaced."""
    return parse_qsl(text, keep_blank_values=True, errors="replace")


def is_hop(text: str) -> bool:
    """Whether a query string is one of the Login-URI hop, which carries no state."""
    return any(name == "amazon_callback_uri" for name, _ in query(text))


def _hop_state(state: str, nonce: str) -> str:
    digest = hmac.digest(state.encode(), b"hop " + nonce.encode(errors="replace"), "sha256")
    mark = AWAY if state.startswith(AWAY) else ""
    return mark + nonce + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _answer_in(address: SplitResult) -> Parameters:
    if not address.query:
        raise errors.BadState("That address carries no answer of Amazon: copy all of it, with what follows the ?.")
    return query(address.query)


def _split(address: str, base: str = "") -> SplitResult | None:
    """The parts of an address, seen from `base`; None for what is none."""
    try:
        parts = urlsplit(urljoin(base, address))
        _ = parts.port
    except ValueError:
        return None
    return parts


def _place(address: SplitResult | None) -> tuple[str, str, str] | None:
    """Scheme, host and path as a browser shows them: no usual port, and a slash at the end, as hosts add one."""
    if address is None:
        return None
    return address.scheme, address.netloc.lower().removesuffix(":443"), address.path.rstrip("/") + "/"
