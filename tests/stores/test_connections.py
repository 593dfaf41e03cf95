"""connections/SELLER.toml: every field comes back, what is unknown survives, what is wrong is named."""

from __future__ import annotations

import stat
import tomllib
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Marketplace
from sp_connect.stores.home.connections import Connections
from tests.stores.samples import GERMANY, REFUSED, WHEN, connection

BARE = Marketplace("JP", "A1VC38T7YXB528", "Amazon.co.jp", None, None, None, False, True)

SAMPLES = [
    connection(),
    connection("acme", "fe", "JP", marketplaces=(BARE,), standing="rejected", verified_at=None),
    connection("acme", "eu", "IN", marketplaces=(), standing="missing-token"),
    connection("acme", "na", id_confirmed=True, id_asked_at=WHEN),
    connection("acme", "na", standing="rejected", last_error=REFUSED),
    connection("acme", standing="missing-token", last_error=REFUSED._replace(amazon=None)),
    connection("0.a-b_c", "na", standing="unchecked", selling_partner_id='"\n[x]'),
]


@pytest.fixture
def store(tmp_path: Path) -> Connections:
    return Connections(tmp_path / "connections")


def edit(path: Path, **changes: Any) -> None:
    """Changes the first connection of a file as a person would."""
    values = tomllib.loads(path.read_text())
    values["connection"][0] |= changes
    path.write_text(tomli_w.dumps({**values, "connection": [drop_none(one) for one in values["connection"]]}))


def drop_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_connection_comes_back_as_it_was_put(store: Connections, sample: Any) -> None:
    store.put(sample)
    assert store.of(sample.scope.seller) == (sample,)
    assert store.of(sample.scope.seller)[0].extra == {}
    assert store.get(sample.scope) == sample


def test_a_record_that_names_no_confirmation_has_none(store: Connections, tmp_path: Path) -> None:
    store.put(connection(id_confirmed=True, id_asked_at=WHEN))
    path = tmp_path / "connections" / "acme.toml"
    path.write_text(path.read_text().replace("id_confirmed = true\n", "").replace("id_asked_at", "asked_at"))
    [read] = store.of("acme")
    assert (read.id_confirmed, read.id_asked_at) == (False, None)


def test_a_confirmation_counts_only_for_the_consent_that_it_was_of(store: Connections, tmp_path: Path) -> None:
    store.put(connection(id_confirmed=True, id_asked_at=WHEN))
    # Version 0.9 keeps the keys that it does not know when it writes another consent into the record.
    edit(tmp_path / "connections" / "acme.toml", authorized_at=WHEN + timedelta(seconds=1), secret_ref="ref-two")
    [read] = store.of("acme")
    assert (read.id_confirmed, read.id_asked_at) == (False, WHEN)


def test_the_last_error_goes_with_the_check_that_finds_nothing_wrong(store: Connections, tmp_path: Path) -> None:
    refused = connection(standing="rejected", last_error=REFUSED)
    store.put(refused)
    store.put(refused._replace(standing="connected", last_error=None))
    assert "last_error" not in (tmp_path / "connections" / "acme.toml").read_text()


def test_a_last_error_that_version_0_9_left_beside_a_working_token_is_none(store: Connections, tmp_path: Path) -> None:
    store.put(connection(standing="rejected", last_error=REFUSED))
    edit(tmp_path / "connections" / "acme.toml", standing="connected")
    assert store.of("acme")[0].last_error is None


def test_many_are_put_with_one_write_a_seller_and_unknown_keys_survive(store: Connections) -> None:
    store.put(connection("acme", "eu", extra={"note": "mine"}))
    many = [connection(seller, region, secret_ref="new") for seller in ("acme", "beta") for region in ("na", "eu")]
    store.put_all(reversed(many))
    assert list(store.all()) == many
    found = store.get(many[1].scope)
    assert found is not None
    assert found.extra == {"note": "mine"}


def test_the_stamp_changes_with_every_record_and_with_nothing_else(store: Connections) -> None:
    stamps = [store.stamp()]
    for one in (connection(), connection(secret_ref="another"), connection("beta")):
        store.put(one)
        stamps.append(store.stamp())
    store.remove(connection("beta").scope)
    stamps.append(store.stamp())
    assert all(before != after for before, after in pairwise(stamps))
    assert store.stamp() == stamps[-1]


def test_connections_are_in_the_order_of_the_map(store: Connections) -> None:
    places = [
        ("na", None),
        ("eu", None),
        ("eu", "DE"),
        ("eu", "IN"),
        ("fe", "JP"),
        ("fe", "AU"),
        ("fe", "SG"),
    ]
    expected = [connection(seller, *place) for seller in ("acme", "beta", "beta-2") for place in places]
    for one in reversed(expected):
        store.put(one)
    assert list(store.all()) == expected
    assert list(store.of("beta")) == expected[7:14]
    assert store.of("nobody") == ()


def test_a_put_replaces_its_scope_and_no_other(store: Connections) -> None:
    store.put(SAMPLES[0])
    store.put(SAMPLES[1])
    store.put(SAMPLES[0]._replace(secret_ref="ref-two"))
    assert [one.secret_ref for one in store.of("acme")] == ["ref-two", "ref-one"]


def test_the_file_is_private_and_says_whose_it_is(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    path = tmp_path / "connections" / "acme.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().startswith('schema = 1\nseller = "acme"\n\n[[connection]]\nregion = "eu"\nselling_')
    assert "authorized_at = 2026-11-22 10:00:00+00:00" in path.read_text()


def test_unknown_keys_survive_at_every_level(store: Connections, tmp_path: Path) -> None:
    france = GERMANY._replace(id="A13V1IB3VIYZZH", country="FR")
    store.put(connection(marketplaces=(GERMANY, france)))
    path = tmp_path / "connections" / "acme.toml"
    values = tomllib.loads(path.read_text())
    values["manager"] = {"name": "Ann", "since": WHEN}
    values["connection"][0]["note"] = "ask Ann"
    values["connection"][0]["marketplaces"][0]["colour"] = "red"
    values["connection"][0]["marketplaces"][1]["colour"] = "blue"
    path.write_text(tomli_w.dumps(values))
    (read,) = store.of("acme")
    assert read.extra == {"note": "ask Ann"}
    store.put(connection(marketplaces=(france,), secret_ref="ref-two", extra={"later": [1, {"a": 2}]}))
    store.put(connection("acme", "na"))
    after = tomllib.loads(path.read_text())
    assert after["manager"] == values["manager"]
    eu = next(one for one in after["connection"] if one["region"] == "eu")
    assert (eu["note"], eu["later"], eu["secret_ref"]) == ("ask Ann", [1, {"a": 2}], "ref-two")
    assert [one["colour"] for one in eu["marketplaces"]] == ["blue"]


def test_the_last_connection_takes_the_file_along(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    store.put(SAMPLES[1])
    store.remove(SAMPLES[0].scope)
    assert store.of("acme") == (SAMPLES[1],)
    store.remove(SAMPLES[1].scope)
    store.remove(SAMPLES[1].scope)
    assert list((tmp_path / "connections").iterdir()) == []


def test_a_file_that_holds_more_outlives_its_last_connection(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    path = tmp_path / "connections" / "acme.toml"
    path.write_text('manager = "Ann"\n' + path.read_text())
    store.remove(SAMPLES[0].scope)
    assert tomllib.loads(path.read_text()) == {
        "manager": "Ann",
        "schema": 1,
        "seller": "acme",
        "connection": [],
    }
    assert store.all() == ()


def test_a_country_is_read_in_any_case_and_by_its_other_name(store: Connections, tmp_path: Path) -> None:
    store.put(connection("acme", "eu", "GB"))
    edit(tmp_path / "connections" / "acme.toml", region="EU", country="uk")
    assert store.get(geography.scope("acme", "eu", "GB")) is not None
    store.put(connection("acme", "eu", "GB", secret_ref="ref-two"))
    assert [one.secret_ref for one in store.of("acme")] == ["ref-two"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"region": "mars"}, "connection 1, Unknown region 'mars'"),
        ({"country": "XX"}, "connection 1, Amazon has no marketplace 'XX'"),
        ({"country": "JP"}, "no marketplace 'JP' in Europe"),
        ({"region": "fe"}, "country by country"),
        ({"region": None}, "connection 1, region is missing"),
        ({"standing": "fine"}, "connection 1, standing 'fine' is not one of connected"),
        ({"selling_partner_id": 1}, "connection 1, selling_partner_id is not a text"),
        ({"selling_partner_id": "A2\x00"}, r"connection 1, selling_partner_id 'A2\\x00' holds a NUL"),
        ({"app": "../x"}, "connection 1, app '../x' cannot be a name"),
        ({"authorized_at": "yesterday"}, "authorized_at is not a time"),
        ({"secret_ref": None}, "connection 1, secret_ref is missing"),
        ({"marketplaces": 1}, "marketplaces is not an array of tables"),
        ({"marketplaces": [1]}, "connection 1 marketplaces 1, it is not a table"),
        ({"marketplaces": [{"id": "A"}]}, "connection 1 marketplaces 1, country is missing"),
    ],
)
def test_damage_is_named_by_place_and_left_alone(
    store: Connections, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    store.put(SAMPLES[0])
    store.put(connection("beta"))
    path = tmp_path / "connections" / "acme.toml"
    edit(path, **changes)
    hurt = path.read_text()
    with pytest.raises(errors.Damaged, match=named) as caught:
        store.of("acme")
    assert str(path) in caught.value.message
    with pytest.raises(errors.Damaged):
        store.put(SAMPLES[1])
    with pytest.raises(errors.Damaged):
        store.remove(SAMPLES[0].scope)
    with pytest.raises(errors.Damaged):
        store.all()
    assert path.read_text() == hurt
    assert store.of("beta") == (connection("beta"),)


def test_two_connections_of_one_scope_are_damage(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    path = tmp_path / "connections" / "acme.toml"
    text = path.read_text()
    path.write_text(text + text[text.index("\n[[connection]]") :])
    with pytest.raises(errors.Damaged, match="two connections for Europe & India"):
        store.of("acme")


def test_a_file_under_another_name_is_damage(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    (tmp_path / "connections" / "acme.toml").rename(tmp_path / "connections" / "beta.toml")
    with pytest.raises(errors.Damaged, match="it says seller 'acme', its name 'beta'"):
        store.of("beta")


@pytest.mark.parametrize("name", ["Acme.toml", "a b.toml", "é.toml"])
def test_a_file_name_that_is_no_seller_is_damage(store: Connections, tmp_path: Path, name: str) -> None:
    store.put(SAMPLES[0])
    (tmp_path / "connections" / name).write_text("")
    with pytest.raises(errors.Damaged, match="its name is not that of a seller"):
        store.all()


COPIES = [
    "acme (conflicted copy).toml",
    "acme (1).toml",
    "Copy of acme.toml",
    "acme.sync-conflict-20261130-120000-K4R5JHQ.toml",
    "acme.sync-conflict-20261130-120000-2345672.toml",
    "acme-LAPTOP7.toml",
    "acme.bak.toml",
]


class TestCopies:
    """What sync programs and editors leave beside a seller's file."""

    @pytest.mark.parametrize("name", COPIES)
    def test_a_copy_of_a_sellers_file_is_passed_over_and_named(self, tmp_path: Path, name: str) -> None:
        said: list[str] = []
        store = Connections(tmp_path / "connections", tell=said.append)
        store.put(SAMPLES[0])
        copy = tmp_path / "connections" / name
        copy.write_bytes((tmp_path / "connections" / "acme.toml").read_bytes())

        assert store.whole() == ((SAMPLES[0],), ())
        store.prove_readable()
        assert store.of_account(SAMPLES[0].selling_partner_id) == (SAMPLES[0],)

        assert said == [f"{copy} is skipped: it is a copy of acme.toml."]
        assert store.copies == {copy: tmp_path / "connections" / "acme.toml"}

    def test_one_that_cannot_be_read_is_known_by_its_name(self, store: Connections, tmp_path: Path) -> None:
        store.put(SAMPLES[0])
        (tmp_path / "connections" / "acme (conflicted copy).toml").write_text("<<<<<<<")

        assert store.whole() == ((SAMPLES[0],), ())

    def test_a_file_that_is_the_only_one_of_its_seller_is_no_copy(self, store: Connections, tmp_path: Path) -> None:
        """A disk that knows no case shows it so after a rename by hand: its seller is not passed over."""
        store.put(SAMPLES[0])
        (tmp_path / "connections" / "acme.toml").rename(tmp_path / "connections" / "Acme.toml")

        with pytest.raises(errors.Damaged, match="its name is not that of a seller"):
            store.all()

    def test_another_sellers_file_with_the_text_of_this_one_is_no_copy(
        self, store: Connections, tmp_path: Path
    ) -> None:
        store.put(SAMPLES[0])
        (tmp_path / "connections" / "beta.toml").write_bytes((tmp_path / "connections" / "acme.toml").read_bytes())

        with pytest.raises(errors.Damaged, match="it says seller 'acme', its name 'beta'"):
            store.all()


def test_what_is_no_record_is_passed_over(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    for name in (".acme.toml.x.tmp", ".hidden.toml", "README.md", "lock"):
        (tmp_path / "connections" / name).write_text("?")
    assert store.all() == (SAMPLES[0],)


@pytest.mark.parametrize("seller", ["../acme", "", "ACME", "a/b"])
def test_a_seller_is_never_a_path(store: Connections, seller: str) -> None:
    with pytest.raises(errors.BadName):
        store.of(seller)


def test_an_empty_file_is_damage(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    (tmp_path / "connections" / "acme.toml").write_text("")
    with pytest.raises(errors.Damaged, match="it is empty"):
        store.all()


def test_a_file_with_an_unknown_date_is_of_schema_2_until_the_date_is_known(store: Connections, tmp_path: Path) -> None:
    path = tmp_path / "connections" / "acme.toml"
    unknown = SAMPLES[0]._replace(authorized_at=None)

    store.put_all([unknown, SAMPLES[1]])
    assert path.read_text().startswith("schema = 2\n")
    assert store.get(unknown.scope) == unknown

    store.put(SAMPLES[0])
    assert path.read_text().startswith("schema = 1\n")


def test_in_a_file_of_schema_1_a_missing_date_is_damage(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    edit(tmp_path / "connections" / "acme.toml", authorized_at=None)

    with pytest.raises(errors.Damaged, match="connection 1, authorized_at is missing"):
        store.all()


def test_a_file_of_a_later_schema_is_left_alone(store: Connections, tmp_path: Path) -> None:
    store.put(SAMPLES[0])
    path = tmp_path / "connections" / "acme.toml"
    path.write_text(later := path.read_text().replace("schema = 1", "schema = 3"))

    with pytest.raises(errors.Unreadable, match="later version"):
        store.put(SAMPLES[0])
    assert path.read_text() == later
