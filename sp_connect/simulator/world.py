"""The state and the rules of the simulated Amazon: who consented to what, which token is good. No HTTP.

Rules are amazon.md sections 2 to 6. Time is the caller's clock.
"""

from __future__ import annotations

import dataclasses
import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from sp_connect import models
from sp_connect.simulator import accounts, tokens
from sp_connect.simulator.accounts import Account
from sp_connect.simulator.faults import Faults
from sp_connect.simulator.ledger import Authorization, Code, Ledger

CODE_LIFE = timedelta(minutes=5)
ACCESS_TOKEN_LIFE = timedelta(seconds=3600)
HOP_LIFE = timedelta(minutes=10)
FEES_BURST = 2.0
"""Requests for fees that Amazon takes at once; one more each second (amazon.md 7.2)."""

ROLES = ("Selling Partner Insights", "Product Listing", "Inventory and Order Tracking")

NOT_GRANTED = "refresh_token. User may have revoked or didn't grant the permission."


@dataclass(frozen=True, slots=True)
class SimulatedApp:
    """An application that the simulated Amazon knows. `client_secret` None accepts any.

    The first redirect URI is the default, and the Login URI too.
    """

    application_id: str
    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uris: tuple[str, ...]
    draft: bool = False
    name: str = "Example Agency"
    roles: tuple[str, ...] = ROLES
    access_level: str = "default"


BUILT_IN = SimulatedApp(
    application_id="amzn1.sp.solution.00000000-5175-4000-8000-simulated000",
    client_id="amzn1.application-oa2-client.simulated0000000000000000000000",
    client_secret="amzn1.oa2-cs.v1.simulated000000000000000000000000000000000000000000000000000000000000",  # noqa: S106 - opens nothing real
    redirect_uris=("https://agency.example/sp-connect",),
)
"""The app that is always there."""

WIDER = SimulatedApp(
    application_id="amzn1.sp.solution.00000000-5175-4000-8000-simulated001",
    client_id="amzn1.application-oa2-client.simulated0000000000000000000001",
    client_secret="amzn1.oa2-cs.v1.simulated000000000000000000000000000000000000000000000000000000000001",  # noqa: S106 - opens nothing real
    redirect_uris=BUILT_IN.redirect_uris,
    name="Example Agency, with shipping",
    roles=(*ROLES, "Direct-to-Consumer Shipping (Restricted)", "Tax Invoicing (Restricted)"),
    access_level="restricted",
)
"""Another that is always there, with a wider access level: `upgrade` can be rehearsed."""

APPS = MappingProxyType({"default": BUILT_IN, "wider": WIDER})
"""Both, by the names that sp-connect gives them in a simulated home."""


class InvalidGrantError(Exception):
    """A code or refresh token that is not good; `parameter` ends Amazon's sentence (amazon.md 4.3)."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class DeniedError(Exception):
    """An access token that is not good; `details` is what the 403 says of it (amazon.md 7.1)."""

    def __init__(self, details: str) -> None:
        super().__init__(details)
        self.details = details


@dataclass(frozen=True, slots=True)
class Hop:
    """A consent that waits for the app to send the browser back from its Login URI (amazon.md 1.3).

    The consent was begun at `host`; the browser comes back to the host `named`.
    """

    application_id: str
    account: Account
    host: str
    named: str
    begun_at: datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


class World:
    """One simulated Amazon. With a `state_file` another process continues; without, all is in memory."""

    def __init__(
        self,
        state_file: Path | None = None,
        apps: Sequence[SimulatedApp] = tuple(APPS.values()),
        now: Callable[[], datetime] = _utc_now,
        *,
        lenient: bool = False,
    ) -> None:
        """`lenient` takes any client secret, and apps that it does not know: a rehearsal may register one."""
        self.apps = tuple(apps)
        self._lenient = lenient
        self._renewed: dict[str, str] = {}
        self.now = now
        self.faults = Faults()
        self.requests: Counter[str] = Counter()
        self._ledger = Ledger(state_file)
        self._hops: dict[str, Hop] = {}
        self._fees: dict[tuple[str, str], tuple[float, datetime]] = {}
        self._guard = threading.Lock()

    @staticmethod
    def someone(name: str) -> tuple[Account, ...]:
        """The accounts of any company that is not built in: it sells everywhere."""
        return accounts.someone(name)

    def app(self, application_id: str) -> SimulatedApp | None:
        """The app of an application id, if there is one."""
        return next((app for app in self.apps if app.application_id == application_id), None)

    def client(self, client_id: str, client_secret: str) -> SimulatedApp | None:
        """The app that this pair of credentials is; None where the pair is not good."""
        for app in self.apps:
            if app.client_id == client_id:
                takes_any = app.client_secret is None or self._lenient
                good = {client_secret if takes_any else str(app.client_secret), self._renewed.get(client_id, "")}
                if client_secret and any(hmac.compare_digest(one.encode(), client_secret.encode()) for one in good):
                    return app
        if self._lenient and client_id and client_secret and all(one.client_id != client_id for one in self.apps):
            return dataclasses.replace(BUILT_IN, application_id="", client_id=client_id, client_secret=None)
        return None

    def renew_secret(self, client_id: str, client_secret: str) -> None:
        """Gives an app a new client secret; the old one stays good, as Amazon's does for seven days (amazon.md 5)."""
        self._renewed[client_id] = client_secret

    def authorizations(self) -> tuple[Authorization, ...]:
        """Every authorization that anybody gave, as of now. Raises Damaged for a state file that is."""
        return self._ledger.given()

    def authorize(self, app: SimulatedApp, account: Account, host: str) -> Authorization:
        """A new authorization, given on a Seller Central host, with the refresh token that a console shows.

        An earlier one stays good: whether Amazon ends it is UNVERIFIED (amazon.md 5).
        """
        authorization = self._new_authorization(app, account, host)
        with self._ledger.changing():
            self._ledger.authorizations[authorization.key] = authorization
        return authorization

    def consent(self, app: SimulatedApp, account: Account, host: str, redirect_uri: str) -> str:
        """A new authorization, and the code that gives its tokens once and within five minutes."""
        authorization = self._new_authorization(app, account, host)
        code = Code("RH" + tokens.random(18), authorization.key, redirect_uri, self.now())
        with self._ledger.changing():
            self._ledger.authorizations[authorization.key] = authorization
            old = self.now() - timedelta(days=1)
            self._ledger.codes = {c.code: c for c in self._ledger.codes.values() if c.issued_at > old}
            self._ledger.codes[code.code] = code
        return code.code

    def exchange(self, app: SimulatedApp, code: str, redirect_uri: str | None) -> Authorization:
        """The authorization behind a code, which is used up. Raises InvalidGrantError.

        A `redirect_uri` must be the consent's; left out it is not missed (amazon.md 4.1).
        """
        with self._ledger.changing():
            found = self._ledger.codes.get(code)
            authorization = self._ledger.authorizations.get(found.key) if found else None
            if found is None or authorization is None or authorization.application_id != app.application_id:
                raise InvalidGrantError("code")
            if redirect_uri is not None and redirect_uri != found.redirect_uri:
                raise InvalidGrantError("redirect_uri")
            del self._ledger.codes[code]
        if self.now() >= found.issued_at + self._life("code-life", CODE_LIFE) or not self.is_good(authorization):
            raise InvalidGrantError("code")
        return authorization

    def refresh(self, app: SimulatedApp, refresh_token: str) -> Authorization:
        """The authorization of a refresh token. Raises InvalidGrantError.

        The token is the same afterwards, as Amazon says (amazon.md 4.2), unless the knob changes it.
        """
        found = next((a for a in self.authorizations() if a.refresh_token == refresh_token), None)
        if found is None:
            raise InvalidGrantError("refresh_token")
        if found.application_id != app.application_id or not self.is_good(found):
            raise InvalidGrantError(NOT_GRANTED)
        if self.faults.take("token", "rotate"):
            found = dataclasses.replace(found, refresh_token=self._refresh_token())
            with self._ledger.changing():
                self._ledger.authorizations[found.key] = found
        return found

    def access_token(self, authorization: Authorization) -> str:
        """A new access token. It carries its own end and a seal, so that every process that knows the
        authorization can tell whether it is good."""
        expires = int((self.now() + ACCESS_TOKEN_LIFE).timestamp())
        length = tokens.LONGEST if self.faults.take("token", "long-tokens") else tokens.LENGTH
        return tokens.access(authorization, expires, secrets.token_hex(4), length)

    def grantless_token(self) -> str:
        """An access token for operations that no seller grants; no seller's account opens to it."""
        return "Atza|" + tokens.random(tokens.LENGTH - 5)

    def bearer(self, access_token: str) -> Authorization:
        """The authorization of an access token. Raises DeniedError."""
        found = tokens.owner(access_token, self.authorizations())
        if found is None or not self.is_good(found.authorization):
            raise DeniedError("The access token you provided is revoked, malformed or invalid.")
        if self.now().timestamp() >= found.expires:
            raise DeniedError("The access token you provided has expired.")
        return found.authorization

    def has_role(self, authorization: Authorization, roles: AbstractSet[str]) -> bool:
        """Whether the app of an authorization has one of `roles`."""
        app = self.app(authorization.application_id)
        return app is not None and not roles.isdisjoint(app.roles)

    def may_ask_fees(self, authorization: Authorization) -> bool:
        """Counts a request for fees: Amazon takes two at once, then one a second, of each app and account."""
        asked = (authorization.application_id, authorization.account.selling_partner_id)
        with self._guard:
            left, at = self._fees.get(asked, (FEES_BURST, self.now()))
            left = min(FEES_BURST, left + max(0.0, (self.now() - at).total_seconds()))
            self._fees[asked] = (left - 1 if left >= 1 else left, self.now())
        return left >= 1

    def revoke(self, application_id: str, selling_partner_id: str) -> int:
        """Ends every authorization that an account gave an app; tells how many there were."""
        with self._ledger.changing():
            ended = [
                dataclasses.replace(a, revoked_at=self.now())
                for a in self._ledger.authorizations.values()
                if a.application_id == application_id
                and a.account.selling_partner_id == selling_partner_id
                and a.revoked_at is None
            ]
            self._ledger.authorizations.update({a.key: a for a in ended})
        return len(ended)

    def is_good(self, authorization: Authorization) -> bool:
        """Whether the seller did not end it and Amazon has not yet (amazon.md 5 and 6)."""
        end = authorization.authorized_at + self._life("authorization-life", models.AUTHORIZATION_LIFE)
        return authorization.revoked_at is None and self.now() < end

    def begin_hop(self, app: SimulatedApp, account: Account, host: str, named: str) -> str:
        """The amazon_state that the app has to bring back."""
        amazon_state = tokens.random(40)
        with self._guard:
            self._hops[amazon_state] = Hop(app.application_id, account, host, named, self.now())
        return amazon_state

    def end_hop(self, amazon_state: str) -> Hop | None:
        """The consent that `amazon_state` stands for, once and within ten minutes (amazon.md 1.3)."""
        with self._guard:
            hop = self._hops.pop(amazon_state, None)
        return hop if hop and self.now() < hop.begun_at + HOP_LIFE else None

    def count(self, what: str) -> None:
        """Counts a request; tests read `requests`."""
        with self._guard:
            self.requests[what] += 1

    def _new_authorization(self, app: SimulatedApp, account: Account, host: str) -> Authorization:
        where = accounts.place(host)
        return Authorization(
            key=secrets.token_hex(16),
            refresh_token=self._refresh_token(),
            application_id=app.application_id,
            account=account,
            region=where.region,
            country=where.country,
            authorized_at=self.now(),
        )

    def _refresh_token(self) -> str:
        length = tokens.LONGEST if self.faults.take("token", "long-tokens") else tokens.LENGTH
        return "Atzr|" + tokens.random(length - 5)

    def _life(self, kind: str, otherwise: timedelta) -> timedelta:
        fault = self.faults.take("token", kind)
        return timedelta(seconds=fault.seconds) if fault else otherwise
