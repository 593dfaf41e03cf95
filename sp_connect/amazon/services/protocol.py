"""The differences between Amazon's services as one protocol: a new service is one module that has all of this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sp_connect.amazon.client import Amazon
from sp_connect.models import App, Consent, Grant, Marketplace, Scope, Secret


@dataclass(frozen=True, slots=True)
class Hop:
    """The Login-URI hop: Amazon wants the browser back at `address`, with a state that is good for this consent."""

    address: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """An arrival that answers no consent of ours; `why` is for the person who pasted it."""

    why: str


class Service(Protocol):
    """One of Amazon's services that a client consents to. A module can be one."""

    def consent_address(self, app: App, scope: Scope, state: str) -> str:
        """The address that the client opens."""

    def is_hop(self, values: dict[str, str]) -> bool:
        """Whether an arrival is a step of the consent that carries no answer yet."""

    def hop(self, values: dict[str, str], consent: Consent, state: str) -> Hop | Stranger:
        """Where the browser goes on to; `state` is a new one, which does not reveal that of the consent."""

    def granted(self, values: dict[str, str]) -> Grant | Stranger:
        """The code and the account of an arrival whose state is ours."""

    def marketplaces(
        self, amazon: Amazon, scope: Scope, access_token: Secret, app: str = ..., *, quick: bool = False
    ) -> tuple[Marketplace, ...]:
        """The check: where the account sells, at least one. Raises NotPermitted, NoMarketplaces, AmazonTrouble."""

    def owner(self, amazon: Amazon, scope: Scope, marketplace_id: str, currency: str, access_token: Secret) -> str:
        """The account that a token belongs to. Raises OwnerNotNamed, AmazonTrouble."""

    def manage_url(self, scope: Scope) -> str:
        """Where the client ends the authorization."""
