"""An app, a connection and a token as real ones look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sp_connect.amazon import geography
from sp_connect.models import AmazonWords, App, Connection, LastError, Marketplace, SecretName

WHEN = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)

TOKEN = ("Atzr|IwEBI" + "Sample" * 400)[:2048]
"""As long as Login with Amazon lets a refresh token be."""

GERMANY = Marketplace("DE", "A1PA6795UKMFR9", "Amazon.de", "www.amazon.de", "EUR", "Acme", True, False)

REFUSED = LastError(WHEN, "rejected", "Amazon refuses the token.", AmazonWords("invalid_grant", '"it\'s over"', None))

EU = SecretName("seller", "acme", "eu", "0123456789ab")


def app(name: str = "default", **changes: Any) -> App:
    client_id = "amzn1.application-oa2-client.sample"
    sample = App(
        name, "amzn1.sp.solution.sample", client_id, "https://agency.example/relay", "127.0.0.1:8723", False,
        "default", "ref-app", WHEN,
    )  # fmt: skip
    return sample._replace(**changes)


def connection(seller: str = "acme", region: str = "eu", country: str | None = None, **changes: Any) -> Connection:
    sample = Connection(
        scope=geography.scope(seller, region, country),
        selling_partner_id="A2EXAMPLE1234",
        app="default",
        access_level="default",
        standing="connected",
        authorized_at=WHEN,
        verified_at=WHEN,
        marketplaces=(GERMANY,),
        secret_ref="ref-one",
    )
    return sample._replace(**changes)
