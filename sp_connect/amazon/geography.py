"""Regions, countries and their hosts: the map of Amazon that everything else asks. Pure; no I/O.

The tables are amazon.md sections 1.4, 7 and 8: Seller Central, endpoints, marketplaces.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from sp_connect import errors, words
from sp_connect.models import Scope


class Country(NamedTuple):
    """One marketplace of Amazon. `host` is its Seller Central, `domain` its shop without `www.`."""

    code: str
    name: str
    marketplace_id: str
    host: str
    domain: str
    currency: str
    region: str


class Region(NamedTuple):
    """One region of the Selling Partner API.

    `host` is where a consent for the whole region begins; None in the Far East, where each country has its own.
    """

    code: str
    name: str
    host: str | None
    api_host: str
    aws_region: str

    @property
    def is_whole(self) -> bool:
        """Whether one consent covers all of it."""
        return self.host is not None


_UNIFIED = "sellercentral-europe.amazon.com"

SEPARATE = frozenset({"IN", "AE", "SA", "EG", "ZA"})
"""Countries of Europe & India whose accounts Amazon usually keeps apart from the region's (amazon.md section 9)."""

REGIONS = MappingProxyType(
    {
        region.code: region
        for region in (
            Region(
                "na",
                "North America",
                "sellercentral.amazon.com",
                "sellingpartnerapi-na.amazon.com",
                "us-east-1",
            ),
            Region("eu", "Europe & India", _UNIFIED, "sellingpartnerapi-eu.amazon.com", "eu-west-1"),
            Region("fe", "Far East", None, "sellingpartnerapi-fe.amazon.com", "us-west-2"),
        )
    }
)

COUNTRIES = MappingProxyType(
    {
        country.code: country
        for country in (
            Country("US", "United States", "ATVPDKIKX0DER", "sellercentral.amazon.com", "amazon.com", "USD", "na"),
            Country("CA", "Canada", "A2EUQ1WTGCTBG2", "sellercentral.amazon.ca", "amazon.ca", "CAD", "na"),
            Country("MX", "Mexico", "A1AM78C64UM0Y8", "sellercentral.amazon.com.mx", "amazon.com.mx", "MXN", "na"),
            Country("BR", "Brazil", "A2Q3Y263D00KWC", "sellercentral.amazon.com.br", "amazon.com.br", "BRL", "na"),
            Country("DE", "Germany", "A1PA6795UKMFR9", _UNIFIED, "amazon.de", "EUR", "eu"),
            Country("FR", "France", "A13V1IB3VIYZZH", _UNIFIED, "amazon.fr", "EUR", "eu"),
            Country("GB", "United Kingdom", "A1F83G8C2ARO7P", _UNIFIED, "amazon.co.uk", "GBP", "eu"),
            Country("IT", "Italy", "APJ6JRA9NG5V4", _UNIFIED, "amazon.it", "EUR", "eu"),
            Country("ES", "Spain", "A1RKKUPIHCS9HS", _UNIFIED, "amazon.es", "EUR", "eu"),
            # Sources disagree on Ireland's host (amazon.md 1.4): the one of the Apideck and C# tables is taken.
            Country("IE", "Ireland", "A28R8C7NBKEWEA", "sellercentral.amazon.ie", "amazon.ie", "EUR", "eu"),
            Country("NL", "Netherlands", "A1805IZSGTT6HS", "sellercentral.amazon.nl", "amazon.nl", "EUR", "eu"),
            Country("SE", "Sweden", "A2NODRKZP88ZB9", "sellercentral.amazon.se", "amazon.se", "SEK", "eu"),
            Country("PL", "Poland", "A1C3SOZRARQ6R3", "sellercentral.amazon.pl", "amazon.pl", "PLN", "eu"),
            Country("BE", "Belgium", "AMEN7PMS3EDWL", "sellercentral.amazon.com.be", "amazon.com.be", "EUR", "eu"),
            Country("TR", "Turkey", "A33AVAJ2PDY3EV", "sellercentral.amazon.com.tr", "amazon.com.tr", "TRY", "eu"),
            Country(
                "AE",
                "United Arab Emirates",
                "A2VIGQ35RCS4UG",
                "sellercentral.amazon.ae",
                "amazon.ae",
                "AED",
                "eu",
            ),
            Country("SA", "Saudi Arabia", "A17E79C6D8DWNP", "sellercentral.amazon.sa", "amazon.sa", "SAR", "eu"),
            Country("EG", "Egypt", "ARBP9OOSHTCHU", "sellercentral.amazon.eg", "amazon.eg", "EGP", "eu"),
            Country(
                "ZA",
                "South Africa",
                "AE08WJ6YKNBMC",
                "sellercentral.amazon.co.za",
                "amazon.co.za",
                "ZAR",
                "eu",
            ),
            Country("IN", "India", "A21TJRUUN4KGV", "sellercentral.amazon.in", "amazon.in", "INR", "eu"),
            Country("JP", "Japan", "A1VC38T7YXB528", "sellercentral.amazon.co.jp", "amazon.co.jp", "JPY", "fe"),
            Country(
                "AU",
                "Australia",
                "A39IBJ37TRP1C6",
                "sellercentral.amazon.com.au",
                "amazon.com.au",
                "AUD",
                "fe",
            ),
            Country("SG", "Singapore", "A19VAU5U5O7RUS", "sellercentral.amazon.sg", "amazon.sg", "SGD", "fe"),
        )
    }
)

ALIASES = MappingProxyType({"UK": "GB"})
"""Country codes that Amazon's documents use and its API does not (amazon.md section 8)."""

_VENDOR_ENDINGS = (
    *("com", "ca", "com.mx", "com.br"),
    *("de", "fr", "co.uk", "it", "es", "ie", "nl", "se", "pl", "com.be", "com.tr", "me", "co.za", "in"),
    *("co.jp", "com.au", "com.sg"),
)
VENDOR_HOSTS = frozenset(f"vendorcentral.amazon.{ending}" for ending in _VENDOR_ENDINGS) | {"www.vendorcentral.in"}
"""Where Vendor Central is (amazon.md section 1.5)."""

SELLER_HOSTS = frozenset(country.host for country in COUNTRIES.values())
"""Where a consent begins (amazon.md section 1.4)."""

_OLD_SELLER_HOSTS = frozenset(
    {
        *(f"sellercentral.{country.domain}" for country in COUNTRIES.values()),
        "sellercentral-japan.amazon.com",
        "sellercentral.amazon.com.sa",
    }
)

NAMED_HOSTS = SELLER_HOSTS | VENDOR_HOSTS | _OLD_SELLER_HOSTS | {"vendorcentral.amazon.eu", "amazon.com"}
"""Every host that Amazon may name as its own (amazon.md sections 1.3, 1.4 and 1.5): more than those where we begin."""

MARKETPLACES = MappingProxyType({country.marketplace_id: country for country in COUNTRIES.values()})


def countries_of(region: str) -> tuple[Country, ...]:
    """The countries of a region, in the order in which tables show them."""
    return tuple(country for country in COUNTRIES.values() if country.region == region)


def is_the_regions(scope: Scope, sells_in: Collection[str]) -> bool:
    """Whether an account that was named for one country is the account of its region: it sells beyond that country.

    One that sells only where Amazon keeps accounts apart is not (section 9).
    """
    if scope.country is None or not REGIONS[scope.region].is_whole:
        return False
    return any(one != scope.country for one in sells_in) and not SEPARATE.issuperset(sells_in)


def region_named(text: str) -> Region:
    """The region that a person typed, in any case. Raises UnknownRegion, which knows a country by code and name."""
    region = REGIONS.get(text.strip().lower())
    if region is None:
        raise errors.UnknownRegion(text, REGIONS, _flags_of_country(text))
    return region


def _flags_of_country(text: str) -> tuple[str, str] | None:
    """The region to which a country that was typed as one belongs, and the flags that are meant."""
    code = text.strip().upper()
    names = (one for one in COUNTRIES.values() if one.name.upper() == code)
    country = COUNTRIES.get(ALIASES.get(code, code)) or next(names, None)
    if country is None:
        return None
    alone = "" if REGIONS[country.region].is_whole else f" --country {country.code}"
    return country.region, f"--region {country.region}{alone}"


def country_named(text: str, region: Region | None = None) -> Country:
    """The country that a person typed, in any case, `UK` included; of `region` if given. Raises UnknownCountry."""
    code = text.strip().upper()
    country = COUNTRIES.get(ALIASES.get(code, code))
    if country is None or (region is not None and country.region != region.code):
        of_region = countries_of(region.code) if region else COUNTRIES.values()
        raise errors.UnknownCountry(text, region.name if region else "any region", [c.code for c in of_region])
    return country


def countries_named(texts: Sequence[str], regions: Sequence[Region] = ()) -> list[Country]:
    """The countries that a person typed, each of one of `regions` if any is given. Raises UnknownCountry."""
    found = []
    regions = list(dict.fromkeys(regions))
    for text in texts:
        country = country_named(text, regions[0] if len(regions) == 1 else None)
        if regions and country.region not in {region.code for region in regions}:
            known = [one.code for region in regions for one in countries_of(region.code)]
            raise errors.UnknownCountry(text, words.listed([region.name for region in regions], "or"), known)
        found.append(country)
    return found


def scope(seller: str, region: str, country: str | None = None) -> Scope:
    """The place that one consent fills, from what a person typed or a record holds.

    In the Far East a country is part of it, elsewhere it names an account that Amazon keeps separate.
    Raises BadName, UnknownRegion, UnknownCountry, and Usage where the Far East lacks its country.
    """
    if not errors.is_name(seller):
        raise errors.BadName("a seller", seller)
    return Scope(seller, *_place(region, country))


def scopes(seller: str, region: str, countries: Sequence[str] = ()) -> list[Scope]:
    """The places that a person means, each once and in order; in the Far East all of them where none is named.

    Raises BadName, UnknownRegion, UnknownCountry.
    """
    where = region_named(region)
    everywhere = [None] if where.is_whole else [country.code for country in countries_of(where.code)]
    return list(dict.fromkeys(scope(seller, where.code, country) for country in countries or everywhere))


def places(seller: str, regions: Sequence[str], countries: Sequence[str] = ()) -> list[Scope]:
    """The places of `scopes` in several regions, each with those of the countries that are its own.

    Raises BadName, UnknownRegion, UnknownCountry.
    """
    where = list(dict.fromkeys(map(region_named, regions)))
    named = countries_named(countries, where)
    return [
        one
        for region in where
        for one in scopes(seller, region.code, [country.code for country in named if country.region == region.code])
    ]


@cache
def _place(region: str, country: str | None) -> tuple[str, str | None, str]:
    """A scope without its seller: thousands of records name the same few."""
    where = region_named(region)
    if country is not None:
        there = country_named(country, where)
        return where.code, there.code, there.name
    if not where.is_whole:
        codes = ", ".join(c.code for c in countries_of(where.code))
        raise errors.Usage(f"{where.name} is connected country by country.", f"add --country with one of {codes}")
    return where.code, None, where.name


def consent_host(scope: Scope) -> str:
    """The Seller Central host on which the consent for `scope` begins (amazon.md sections 1.4 and 1.6)."""
    if scope.country is not None:
        return COUNTRIES[scope.country].host
    host = REGIONS[scope.region].host
    assert host is not None, "geography.scope gives every Far East scope a country"
    return host


def manage_url(scope: Scope) -> str:
    """Where the seller ends the authorization. UNVERIFIED per host (amazon.md section 6): the menu path is told too."""
    return f"https://{consent_host(scope)}/apps/manage"
