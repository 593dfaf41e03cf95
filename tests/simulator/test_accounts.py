"""Who sells where, and where each signs in."""

from __future__ import annotations

import re

import pytest

from sp_connect.amazon import geography
from sp_connect.simulator import accounts


def test_any_company_name_is_always_the_same_company() -> None:
    assert accounts.someone("North Star") == accounts.someone("North Star")
    assert [a.selling_partner_id for a in accounts.someone("North Star")] == [
        a.selling_partner_id for a in accounts.someone("north-star")
    ]
    assert accounts.someone("north-star")[0].company == "North Star"


def test_any_company_sells_in_every_country_once() -> None:
    sold_in = [code for account in accounts.someone("north-star") for code in account.countries]
    assert sorted(sold_in) == sorted(geography.COUNTRIES)


def test_selling_partner_ids_look_like_amazons_and_are_unique() -> None:
    names = [f"seller-{number}" for number in range(200)]
    everyone = [*accounts.BUILT_IN, *(account for name in names for account in accounts.someone(name))]
    ids = [account.selling_partner_id for account in everyone]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"A[A-Z0-9]{12,13}", id_) for id_ in ids)
    assert {len(id_) for id_ in ids} == {13, 14}


@pytest.mark.parametrize("name", ["acme", "Acme GmbH", " ACME ", "acme-gmbh"])
def test_a_built_in_company_is_found_by_slug_and_by_name(name: str) -> None:
    assert {account.company for account in accounts.of_company(name)} == {"Acme GmbH"}


@pytest.mark.parametrize("name", ["", "   ", "!!!", "<>"])
def test_a_name_without_letters_is_nobodys(name: str) -> None:
    assert accounts.of_company(name) == ()


def test_names_in_other_scripts_stay_apart() -> None:
    assert accounts.someone("Müller")[0].selling_partner_id != accounts.someone("Möller")[0].selling_partner_id
    assert accounts.someone("株式会社")[0].selling_partner_id != accounts.someone("有限会社")[0].selling_partner_id


@pytest.mark.parametrize(
    ("host", "companies"),
    [
        ("sellercentral.amazon.com", ["Acme GmbH", "Charlie GmbH", "Delta Inc"]),
        ("sellercentral-europe.amazon.com", ["Acme GmbH", "Bravo Ltd", "Charlie GmbH"]),
        ("sellercentral.amazon.in", ["Acme GmbH", "Charlie GmbH"]),
        ("sellercentral.amazon.co.jp", ["Acme GmbH", "Charlie GmbH"]),
        ("sellercentral.amazon.sg", ["Acme GmbH"]),
        ("sellercentral.amazon.co.za", []),
    ],
)
def test_accounts_sign_in_where_they_sell(host: str, companies: list[str]) -> None:
    assert [account.company for account in accounts.at(host)] == companies


def test_india_is_part_of_one_company_and_an_account_of_its_own_in_another() -> None:
    acme, charlie = accounts.at("sellercentral.amazon.in")
    assert acme.selling_partner_id == accounts.at("sellercentral-europe.amazon.com")[0].selling_partner_id
    assert charlie.countries == ("IN",)


def test_every_seller_central_host_belongs_to_a_place() -> None:
    assert accounts.place("sellercentral-europe.amazon.com") == accounts.Place("eu", None, "Europe & India")
    assert accounts.place("sellercentral.amazon.co.jp") == accounts.Place("fe", "JP", "Japan")
    for host in geography.SELLER_HOSTS:
        assert accounts.place(host).region in geography.REGIONS
