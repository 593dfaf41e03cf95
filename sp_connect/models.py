"""The values that travel through sp-connect: frozen, without I/O, without knowledge of any library.

Most are NamedTuples: to define one costs an eighth of a frozen dataclass, and every start of the program pays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, NoReturn

AUTHORIZATION_LIFE = timedelta(days=365)
"""How long Amazon honours one consent (amazon.md section 5). No answer carries it, so it is counted here."""

SECRET_LIFE = timedelta(days=180)
"""How long Amazon honours an LWA client secret (amazon.md section 5)."""

OLD_SECRET_LIFE = timedelta(days=7)
"""How long Amazon honours a client secret after a new one was made (amazon.md section 5)."""

DUE_WITHIN = timedelta(days=30)
"""How long before its end a connection is `due`."""

SEATS = 25
"""Sellers that an app not listed on the Appstore may have (amazon.md section 10.4)."""


class Secret:
    """A value that masks itself wherever it is printed, formatted, logged or pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: the only way out, and a test lists who may call it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        ours, theirs = (value.encode(errors="surrogatepass") for value in (self._value, other._value))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")


class ClientSecret(Secret):
    """A new client secret of an app, with the one `before` it: Amazon has given no token for the new one yet.

    `proven` is called once it has.
    """

    __slots__ = ("before", "proven")

    def __init__(self, new: Secret, before: Secret, proven: Callable[[], None]) -> None:
        super().__init__(new._value)  # noqa: SLF001 - of its own kind
        self.before = before
        self.proven = proven


class SecretName(NamedTuple):
    """Where one secret lies in a secret store.

    `kind` and `owner` say whose it is (an app's client secret, a seller's refresh token), `item` which
    (`client-secret`, `eu`, `fe-JP`). `ref` is random: a new secret never overwrites the one before, so that a
    crash between two writes leaves the old one usable.
    """

    kind: Literal["app", "seller"]
    owner: str
    item: str
    ref: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.owner}/{self.item}/{self.ref}"


class Scope(NamedTuple):
    """The place that one consent fills: a seller in a region, or in one country of it.

    Built by `geography.scope`, which knows the words: `place` is "Europe & India" or "Japan".
    """

    seller: str
    region: str
    country: str | None
    place: str

    @property
    def item(self) -> str:
        """The scope without its seller, as one word: `eu`, `fe-JP`."""
        return self.region if self.country is None else f"{self.region}-{self.country}"

    @property
    def flags(self) -> str:
        """The flags that name this scope on the command line."""
        country = f" --country {self.country}" if self.country else ""
        return f"--seller {self.seller} --region {self.region}{country}"

    def __str__(self) -> str:
        return f"{self.seller} in {self.place}"


class App(NamedTuple):
    """One SP-API application as it is registered at Amazon, less its client secret.

    `listen` is the host and port on which the relay page finds the listener. `secret_ref` names the client
    secret in the secret store; `secret_set_at` is when sp-connect was given it. `simulated` says that this was
    while SP_CONNECT_AMAZON_URL was set. `old_secret_ref` names the client secret before it, which is kept until
    `old_secret_until` or until Amazon has given a token for the new one.
    """

    name: str
    application_id: str
    client_id: str
    redirect_uri: str
    listen: str
    draft: bool
    access_level: str
    secret_ref: str
    secret_set_at: datetime
    simulated: bool = False
    old_secret_ref: str | None = None
    old_secret_until: datetime | None = None

    @property
    def secret_name(self) -> SecretName:
        """Where its client secret is kept."""
        return SecretName("app", self.name, "client-secret", self.secret_ref)

    @property
    def old_secret_name(self) -> SecretName | None:
        """Where the client secret before it is kept, while it is."""
        return self.secret_name._replace(ref=self.old_secret_ref) if self.old_secret_ref else None

    def seats(self, used: int) -> int | None:
        """How many selling accounts it may have; None where it has more than an app that is not listed could."""
        return SEATS if self.draft or used <= SEATS else None

    def has_old_secret(self, now: datetime) -> bool:
        """Whether Amazon may still take the client secret before it."""
        return bool(self.old_secret_ref and self.old_secret_until and now < self.old_secret_until)


class Consent(NamedTuple):
    """A consent that was asked for and not yet answered. `state` finds it again when Amazon's redirect comes back."""

    scope: Scope
    app: App
    state: str
    address: str


InviteStatus = Literal["pending", "ended", "used", "cancelled", "replaced"]
"""`ended`: its time is over. `replaced`: another invite for the same place was used."""


class Invite(NamedTuple):
    """A consent that a seller may give on another machine until `expires_at`: what `accept` needs to complete it.

    `application_id` and `redirect_uri` are the app's at that time, because the seller's link holds them.
    `expect_id` is the Selling Partner ID that it must be, if it is known. `closed` is how it ended before its time.
    """

    scope: Scope
    app: str
    application_id: str
    redirect_uri: str
    state: str
    address: str
    expect_id: str | None
    created_at: datetime
    expires_at: datetime
    closed: Literal["used", "cancelled", "replaced"] | None = None
    closed_at: datetime | None = None

    @property
    def is_for_draft(self) -> bool:
        """Whether its link is for an app in Draft: Amazon refuses it once the app is published (amazon.md 1.1)."""
        return "version=beta" in self.address.partition("?")[2].split("&")

    def status(self, now: datetime) -> InviteStatus:
        """How it stands at `now`: what closed it counts before its end."""
        return self.closed or ("pending" if now < self.expires_at else "ended")


class Grant(NamedTuple):
    """The content of Amazon's redirect: the account, and a code that is valid once and for five minutes."""

    code: Secret
    selling_partner_id: str


class Tokens(NamedTuple):
    """One answer of the token endpoint. `expires_in` is the life of the access token in seconds."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in: int


class Marketplace(NamedTuple):
    """One marketplace of an account, as Amazon's getMarketplaceParticipations describes it (amazon.md section 7.1)."""

    country: str
    id: str
    name: str
    domain: str | None
    currency: str | None
    store_name: str | None
    participating: bool
    suspended_listings: bool


Standing = Literal["connected", "unchecked", "rejected", "missing-token"]
"""The result of the last check of the token; stored in the record."""

Status = Literal["connected", "unchecked", "due", "expired", "rejected", "missing-token"]
"""A standing seen on a certain day."""


NO_MORE: Mapping[str, Any] = MappingProxyType({})


class AmazonWords(NamedTuple):
    """Amazon's own words about a failure, shown to the user unchanged."""

    error: str | None = None
    error_description: str | None = None
    request_id: str | None = None

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.error, self.error_description) if part)
        return f"{said} (request {self.request_id})" if said and self.request_id else said


class LastError(NamedTuple):
    """Why the last check of a connection failed, and when: what `show` and --json tell until it works again."""

    at: datetime
    code: str
    message: str
    amazon: AmazonWords | None = None


class Connection(NamedTuple):
    """The result of one consent, as `connections/SELLER.toml` stores it. Never a secret.

    `secret_ref` names the refresh token in the secret store. `authorized_at` is None where nobody said when the
    consent was: of an imported token no answer of Amazon's tells it. `id_confirmed` says that Amazon itself named the
    token's owner: nobody signs the id of a redirect. `id_asked_at` is when it was last asked who that is, and
    `id_doubt` the code of the error that it answered with, where it named nobody. `last_error` is why the token does
    not work, if that is known. `simulated` says that the consent was given while SP_CONNECT_AMAZON_URL was set.
    `extra` holds keys that this version does not know and hands back when the record is
    written; two that differ in it alone are equal.
    """

    scope: Scope
    selling_partner_id: str
    app: str
    access_level: str
    standing: Standing
    authorized_at: datetime | None
    verified_at: datetime | None
    marketplaces: tuple[Marketplace, ...]
    secret_ref: str
    id_confirmed: bool = False
    id_asked_at: datetime | None = None
    id_doubt: str | None = None
    last_error: LastError | None = None
    simulated: bool = False
    extra: Mapping[str, Any] = NO_MORE

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Connection) and tuple(self)[:-1] == tuple(other)[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(self)[:-1])

    @property
    def sells_in(self) -> tuple[str, ...]:
        """The countries in which the account takes part; Amazon lists others too."""
        return tuple([one.country for one in self.marketplaces if one.participating])

    def covers(self, scope: Scope) -> bool:
        """Whether it is a whole region's, whose account sells in the country of `scope`."""
        return self.scope.country is None and self.scope.region == scope.region and scope.country in self.sells_in

    @property
    def suspended_in(self) -> tuple[str, ...]:
        """The countries in which Amazon has suspended listings of the account."""
        return tuple([one.country for one in self.marketplaces if one.suspended_listings])

    @property
    def secret_name(self) -> SecretName:
        """Where its refresh token is kept."""
        return SecretName("seller", self.scope.seller, self.scope.item, self.secret_ref)

    @property
    def access_name(self) -> SecretName:
        """Where its access token is kept while it lives: bound to the very refresh token that it came from."""
        return SecretName("seller", self.scope.seller, f"{self.scope.item}-access-{self.app}", self.secret_ref)

    @property
    def renew_by(self) -> datetime | None:
        """When Amazon ends the authorization (amazon.md section 5); None where its begin is unknown."""
        return None if self.authorized_at is None else self.authorized_at + AUTHORIZATION_LIFE

    def is_same_consent(self, other: Connection) -> bool:
        """Whether both are of one consent, whatever has become of its refresh token since."""
        if self.authorized_at is None and self.secret_ref != other.secret_ref:
            return False  # without a date only the token tells them apart, and a changed one is then taken for another
        ours, theirs = ((c.scope, c.selling_partner_id, c.app, c.authorized_at) for c in (self, other))
        return ours == theirs

    def days_left(self, now: datetime) -> int | None:
        """Days until Amazon ends the authorization, a begun one counted whole; negative once it has. None: unknown."""
        return None if self.renew_by is None else math.ceil((self.renew_by - now) / timedelta(days=1))

    def ends_within(self, now: datetime, days: int) -> bool:
        """Whether Amazon ends the authorization within `days`, or has ended it. True where that is unknown."""
        return self.renew_by is None or self.renew_by - now <= timedelta(days=days)

    def status(self, now: datetime) -> Status:
        """The standing as of `now`. An ended authorization comes before a refusal, because it is the reason for it."""
        if self.standing == "missing-token":
            return "missing-token"
        if self.renew_by is None:
            return self.standing
        if now >= self.renew_by:
            return "expired"
        if self.standing == "connected" and self.renew_by - now < DUE_WITHIN:
            return "due"
        return self.standing


def covered(connections: Iterable[Connection]) -> list[tuple[Connection, Connection]]:
    """Each connection of a country that its region's connection, of the same account, covers; with that one."""
    wholes: dict[tuple[str, str, str], Connection] = {}
    countries: list[Connection] = []
    for one in connections:
        seller, region, country, _ = one.scope
        if country is not None:
            countries.append(one)
        else:
            wholes[seller, region, one.selling_partner_id] = one
    pairs = ((one, wholes.get((one.scope.seller, one.scope.region, one.selling_partner_id))) for one in countries)
    return [(one, whole) for one, whole in pairs if whole is not None and whole.covers(one.scope)]
