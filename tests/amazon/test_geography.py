"""The map of Amazon against the tables of amazon.md sections 1.4, 1.5 and 8, which are typed here once more."""

from __future__ import annotations

import re

import pytest

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Scope

EUROPE = "sellercentral-europe.amazon.com"

# amazon.md sections 1.4 and 8 (Ireland: one of the two that sources name).
TABLE = """
na CA A2EUQ1WTGCTBG2 sellercentral.amazon.ca         amazon.ca     CAD Canada
na US ATVPDKIKX0DER  sellercentral.amazon.com        amazon.com    USD United States
na MX A1AM78C64UM0Y8 sellercentral.amazon.com.mx     amazon.com.mx MXN Mexico
na BR A2Q3Y263D00KWC sellercentral.amazon.com.br     amazon.com.br BRL Brazil
eu IE A28R8C7NBKEWEA sellercentral.amazon.ie         amazon.ie     EUR Ireland
eu ES A1RKKUPIHCS9HS sellercentral-europe.amazon.com amazon.es     EUR Spain
eu GB A1F83G8C2ARO7P sellercentral-europe.amazon.com amazon.co.uk  GBP United Kingdom
eu FR A13V1IB3VIYZZH sellercentral-europe.amazon.com amazon.fr     EUR France
eu BE AMEN7PMS3EDWL  sellercentral.amazon.com.be     amazon.com.be EUR Belgium
eu NL A1805IZSGTT6HS sellercentral.amazon.nl         amazon.nl     EUR Netherlands
eu DE A1PA6795UKMFR9 sellercentral-europe.amazon.com amazon.de     EUR Germany
eu IT APJ6JRA9NG5V4  sellercentral-europe.amazon.com amazon.it     EUR Italy
eu SE A2NODRKZP88ZB9 sellercentral.amazon.se         amazon.se     SEK Sweden
eu ZA AE08WJ6YKNBMC  sellercentral.amazon.co.za      amazon.co.za  ZAR South Africa
eu PL A1C3SOZRARQ6R3 sellercentral.amazon.pl         amazon.pl     PLN Poland
eu EG ARBP9OOSHTCHU  sellercentral.amazon.eg         amazon.eg     EGP Egypt
eu TR A33AVAJ2PDY3EV sellercentral.amazon.com.tr     amazon.com.tr TRY Turkey
eu SA A17E79C6D8DWNP sellercentral.amazon.sa         amazon.sa     SAR Saudi Arabia
eu AE A2VIGQ35RCS4UG sellercentral.amazon.ae         amazon.ae     AED United Arab Emirates
eu IN A21TJRUUN4KGV  sellercentral.amazon.in         amazon.in     INR India
fe SG A19VAU5U5O7RUS sellercentral.amazon.sg         amazon.sg     SGD Singapore
fe AU A39IBJ37TRP1C6 sellercentral.amazon.com.au     amazon.com.au AUD Australia
fe JP A1VC38T7YXB528 sellercentral.amazon.co.jp      amazon.co.jp  JPY Japan
"""
ROWS = [row.split(maxsplit=6) for row in TABLE.strip().splitlines()]

# amazon.md section 1.5, both of India's.
VENDORS = """
vendorcentral.amazon.ca vendorcentral.amazon.com vendorcentral.amazon.com.mx vendorcentral.amazon.com.br
vendorcentral.amazon.es vendorcentral.amazon.co.uk vendorcentral.amazon.fr vendorcentral.amazon.de
vendorcentral.amazon.it vendorcentral.amazon.nl vendorcentral.amazon.se vendorcentral.amazon.pl
vendorcentral.amazon.com.tr vendorcentral.amazon.com.be vendorcentral.amazon.me www.vendorcentral.in
vendorcentral.amazon.in vendorcentral.amazon.ie vendorcentral.amazon.co.za vendorcentral.amazon.com.sg
vendorcentral.amazon.com.au vendorcentral.amazon.co.jp
"""


def test_there_are_23_marketplaces() -> None:
    assert len(ROWS) == len(geography.COUNTRIES) == len(geography.MARKETPLACES) == 23


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_country_is_as_amazons_tables_have_it(row: list[str]) -> None:
    region, code, marketplace_id, host, domain, currency, name = row
    country = geography.Country(code, name, marketplace_id, host, domain, currency, region)
    assert geography.COUNTRIES[code] == geography.MARKETPLACES[marketplace_id] == country


def test_vendor_hosts_are_as_amazons_tables_have_them() -> None:
    assert frozenset(VENDORS.split()) == geography.VENDOR_HOSTS


@pytest.mark.parametrize(
    ("code", "name", "host", "api_host", "aws_region", "size"),
    [
        ("na", "North America", "sellercentral.amazon.com", "sellingpartnerapi-na.amazon.com", "us-east-1", 4),
        ("eu", "Europe & India", EUROPE, "sellingpartnerapi-eu.amazon.com", "eu-west-1", 16),
        ("fe", "Far East", None, "sellingpartnerapi-fe.amazon.com", "us-west-2", 3),
    ],
)
def test_region_is_as_amazons_tables_have_it(
    code: str, name: str, host: str | None, api_host: str, aws_region: str, size: int
) -> None:
    assert geography.REGIONS[code] == geography.Region(code, name, host, api_host, aws_region)
    assert len(geography.countries_of(code)) == size


@pytest.mark.parametrize("text", ["eu", "EU", " Eu "])
def test_region_is_known_in_any_case(text: str) -> None:
    assert geography.region_named(text).code == "eu"


@pytest.mark.parametrize("text", ["", "europe", "zz", "na,eu", "eu\0", "\N{LATIN SMALL LETTER E WITH ACUTE}u"])
def test_unknown_region_names_the_known(text: str) -> None:
    with pytest.raises(errors.UnknownRegion) as caught:
        geography.region_named(text)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("--region takes na, eu, fe;")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["GB", "gb", "UK", "uk", " Uk "])
def test_uk_is_gb(text: str) -> None:
    assert geography.country_named(text).code == "GB"
    assert geography.scope("acme", "eu", text).item == "eu-GB"


@pytest.mark.parametrize("text", ["", "XX", "Japan", "JPN", "EU"])
def test_unknown_country_names_the_known(text: str) -> None:
    with pytest.raises(errors.UnknownCountry) as caught:
        geography.country_named(text)
    assert "in any region" in caught.value.message
    assert caught.value.hint is not None
    assert set(re.findall(r"\b[A-Z]{2}\b", caught.value.hint)) == set(geography.COUNTRIES)


@pytest.mark.parametrize(("country", "region"), [("DE", "fe"), ("JP", "eu"), ("UK", "na"), ("US", "fe")])
def test_country_of_another_region_names_this_ones(country: str, region: str) -> None:
    with pytest.raises(errors.UnknownCountry) as caught:
        geography.scope("acme", region, country)
    codes = ", ".join(each.code for each in geography.countries_of(region))
    assert geography.REGIONS[region].name in caught.value.message
    assert caught.value.hint == f"--country takes {codes}"


def test_a_region_that_is_given_twice_is_named_once() -> None:
    europe = geography.region_named("eu")

    with pytest.raises(errors.UnknownCountry) as twice:
        geography.countries_named(["JP"], [europe, europe])

    with pytest.raises(errors.UnknownCountry) as once:
        geography.countries_named(["JP"], [europe])
    assert (str(twice.value), twice.value.hint) == (str(once.value), once.value.hint)


@pytest.mark.parametrize(
    ("region", "country", "item", "place", "flags"),
    [
        ("na", None, "na", "North America", "--seller acme --region na"),
        ("EU", None, "eu", "Europe & India", "--seller acme --region eu"),
        ("eu", "in", "eu-IN", "India", "--seller acme --region eu --country IN"),
        ("fe", "jp", "fe-JP", "Japan", "--seller acme --region fe --country JP"),
    ],
)
def test_scope_is_a_place_with_its_flags(region: str, country: str | None, item: str, place: str, flags: str) -> None:
    scope = geography.scope("acme", region, country)
    assert (scope.item, scope.place, scope.flags, str(scope)) == (item, place, flags, f"acme in {place}")


@pytest.mark.parametrize(
    ("region", "countries", "items"),
    [
        ("NA", (), ["na"]),
        ("eu", ("in", "AE", "IN"), ["eu-IN", "eu-AE"]),
        ("fe", ("sg", "JP"), ["fe-SG", "fe-JP"]),
        ("fe", (), ["fe-JP", "fe-AU", "fe-SG"]),
    ],
)
def test_scopes_are_each_place_once_and_all_of_the_far_east_where_none_is_named(
    region: str, countries: tuple[str, ...], items: list[str]
) -> None:
    assert [scope.item for scope in geography.scopes("acme", region, countries)] == items


def test_far_east_needs_a_country() -> None:
    with pytest.raises(errors.Usage) as caught:
        geography.scope("acme", "fe")
    assert caught.value.hint == "add --country with one of JP, AU, SG"


@pytest.mark.parametrize("name", ["a", "acme", "acme-gmbh", "4you", "a.b_c-d", "a" * 64])
def test_a_seller_may_have_this_name(name: str) -> None:
    assert geography.scope(name, "na").seller == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        ".a",
        "..",
        "_a",
        "a/b",
        "a\\b",
        "a b",
        "a\0",
        "a\n",
        "acm\N{LATIN SMALL LETTER E WITH ACUTE}",
        "a" * 65,
    ],
)
def test_a_seller_may_not_have_this_name(name: str) -> None:
    with pytest.raises(errors.BadName):
        geography.scope(name, "na")


def test_a_name_in_capitals_gets_its_small_form_as_hint() -> None:
    with pytest.raises(errors.BadName) as caught:
        geography.scope("Acme", "na")
    assert caught.value.hint == "use acme"


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_consent_and_manage_page_are_on_the_countrys_seller_central(row: list[str]) -> None:
    scope = geography.scope("acme", row[0], row[1])
    assert geography.consent_host(scope) == row[3]
    assert geography.manage_url(scope) == f"https://{row[3]}/apps/manage"


def test_a_far_east_scope_without_country_has_no_host() -> None:
    with pytest.raises(AssertionError):
        geography.consent_host(Scope("acme", "fe", None, "Far East"))


@pytest.mark.parametrize(
    ("typed", "region", "flags"),
    [
        ("uk", "eu", "--region eu"),
        ("GB", "eu", "--region eu"),
        ("Germany", "eu", "--region eu"),
        ("us", "na", "--region na"),
        ("jp", "fe", "--region fe --country JP"),
        (" Japan ", "fe", "--region fe --country JP"),
    ],
)
def test_a_country_that_is_typed_as_a_region_is_told_its_region_and_flags(typed: str, region: str, flags: str) -> None:
    with pytest.raises(errors.UnknownRegion, match=f"is a country in the region {region}") as caught:
        geography.region_named(typed)

    assert caught.value.hint == f"use {flags}"
