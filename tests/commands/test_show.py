"""`show`: one seller's page, connected or not in each place."""

from __future__ import annotations

import pytest

from sp_connect import errors
from sp_connect.commands import show
from tests.agency import Agency
from tests.commands.given import connected, shell


def test_every_place_has_a_tile_in_the_order_of_the_map(agency: Agency) -> None:
    connected(agency, "acme", "fe", "JP")

    tiles = show.run(agency.edges, "acme")

    assert [t.scope.item for t in tiles] == ["na", "eu", "fe-JP", "fe-AU", "fe-SG"]
    assert [t.connection is not None for t in tiles] == [False, False, True, False, False]


def test_a_separate_country_has_a_tile_beside_its_region(agency: Agency) -> None:
    connected(agency, "charlie-gmbh", "eu", "IN")

    assert [t.scope.item for t in show.run(agency.edges, "charlie-gmbh")][1:3] == ["eu", "eu-IN"]


def test_a_tile_names_the_command_that_connects_it(agency: Agency) -> None:
    connected(agency)
    given = shell(agency)

    show.command(given.context, "acme")

    assert "sp-connect connect --seller acme --region fe --country SG" in given.printed()
    assert "A2EXAMPLE1234" in given.printed()
    assert "DE  FR  GB" in given.printed()


def test_json_is_one_object(agency: Agency) -> None:
    connected(agency)
    given = shell(agency)

    show.command(given.context, "acme", json=True)

    found = given.json()
    assert found["seller"] == "acme"
    assert found["tiles"][0] == {
        "region": "na",
        "country": None,
        "place": "North America",
        "connect_command": "sp-connect connect --seller acme --region na",
        "connection": None,
    }
    assert found["tiles"][1]["connection"]["selling_partner_id"] == "A2EXAMPLE1234"


@pytest.mark.parametrize("name", ["nobody", "bravo"])
def test_a_seller_without_connections_is_not_found(agency: Agency, name: str) -> None:
    connected(agency)

    with pytest.raises(errors.NoSuchConnection) as failure:
        show.run(agency.edges, name)

    assert failure.value.exit_code == 6


@pytest.mark.parametrize("name", ["ACME", "../acme", "", "a" * 65])
def test_a_name_that_is_none_is_a_usage_error(agency: Agency, name: str) -> None:
    with pytest.raises(errors.BadName):
        show.run(agency.edges, name)
