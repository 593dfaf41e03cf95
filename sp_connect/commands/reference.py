"""`regions` and `marketplaces`: the reference tables of Amazon's map."""

from __future__ import annotations

import typer

from sp_connect.amazon import geography
from sp_connect.cli import flags


def run_marketplaces(region: str | None) -> list[geography.Country]:
    """The marketplaces of a region, or all. Raises UnknownRegion."""
    wanted = [geography.region_named(region)] if region is not None else geography.REGIONS.values()
    return [country for one in wanted for country in geography.countries_of(one.code)]


def regions(ctx: typer.Context, json: flags.Json = False) -> None:
    """Show the three regions and how many consents each takes."""
    screen = ctx.obj.screen
    if json:
        screen.json(
            [
                {
                    "region": region.code,
                    "name": region.name,
                    "consent": "region" if region.is_whole else "country",
                    "api_endpoint": f"https://{region.api_host}",
                    "aws_region": region.aws_region,
                    "countries": [country.code for country in geography.countries_of(region.code)],
                }
                for region in geography.REGIONS.values()
            ]
        )
        return
    from sp_connect.views import tables

    screen.show(tables.regions(screen))


def marketplaces(
    ctx: typer.Context,
    region: flags.AnyRegion = None,
    json: flags.Json = False,
) -> None:
    """Show Amazon's marketplaces: ids, hosts and currencies."""
    screen = ctx.obj.screen
    countries = run_marketplaces(region)
    if json:
        screen.json(
            [
                {
                    "country": country.code,
                    "name": country.name,
                    "id": country.marketplace_id,
                    "seller_central": f"https://{country.host}",
                    "domain": f"www.{country.domain}",
                    "currency": country.currency,
                    "region": country.region,
                }
                for country in countries
            ]
        )
        return
    from sp_connect.views import tables

    screen.show(tables.marketplaces(screen, countries))
