"""`token`: an access token on stdout, and nothing else."""

from __future__ import annotations

import typer

from sp_connect import access
from sp_connect.cli import flags
from sp_connect.models import Connection
from sp_connect.runtime import Runtime
from sp_connect.views import data


def run(
    runtime: Runtime, seller: str, region: str | None, country: str | None
) -> tuple[Connection, access.AccessToken]:
    """The connection and an access token for it, kept or new. Never a refresh token."""
    connection = access.find(runtime, seller, region, country)
    return connection, access.token(runtime, connection)


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    region: flags.ItsRegion = None,
    country: flags.Country = None,
    json: flags.Json = False,
) -> None:
    """Print an access token: the saved one while it is valid, else a new one."""
    runtime = ctx.obj.runtime()
    connection, found = run(runtime, seller, region, country)
    if json:
        runtime.screen.json(
            {
                "seller": connection.scope.seller,
                "region": connection.scope.region,
                "country": connection.scope.country,
                "access_token": found.value.reveal(),
                "expires_at": data.moment(found.expires_at),
            },
            hands_out=True,
        )
    else:
        runtime.screen.line(found.value.reveal())
