"""A credential provider for python-amazon-sp-api, which knows nothing of that library but what it calls.

from sp_api.api import Sellers
from sp_connect.provider import SpConnectProvider

Sellers(account="acme/eu", credential_providers=[SpConnectProvider], marketplace=Marketplaces.DE)
"""

from __future__ import annotations

from sp_connect import credentials, errors


class SpConnectProvider:
    """The credentials of `account`, which names a connection: "acme/eu", or "acme/fe/JP" with its country."""

    def __init__(self, account: str | None = "default", *args: object, **kwargs: object) -> None:  # noqa: ARG002 - the library's form
        self.account = account or ""

    def __call__(self) -> dict[str, str]:
        """The mapping that the library takes. Raises Usage for an account of another form, and as `credentials`."""
        seller, _, place = self.account.partition("/")
        region, _, country = place.partition("/")
        if not region:
            raise errors.Usage(
                f"The account {self.account!r} names no connection.",
                'account="acme/eu", or "acme/fe/JP" with a country',
            )
        return credentials(seller, region, country or None)
