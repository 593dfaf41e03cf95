"""What every secret store does: one suite over all of them, with a real Secret Service for the keyring."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.stores.samples import EU, TOKEN

VALUES = {
    "short": "x",
    "as long as Amazon allows": TOKEN,
    "one item and no more": "x" * 1200,
    "one more than an item": "x" * 1201,
    "pairs of surrogates across the edge": "x" * 1199 + "😀" * 900,
    "unicode": "Zürich 東京 😀",
    "bars and quotes": "Atzr|\"'\\ \t=",
    "like an item of ours": "sp-connect/parts 3 0000",
    "lines": "one\ntwo\r\n",
}

OTHERS = [
    EU._replace(kind="app"),
    EU._replace(owner="acme2"),
    EU._replace(item="eu-DE"),
    EU._replace(item="na"),
    EU._replace(ref="0123456789ac"),
]


@pytest.fixture(params=["keyring", "small keyring", "vault under a passphrase", "vault with its key in the keyring"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> secret_store.SecretStore:
    match request.param:
        case "keyring":
            request.getfixturevalue("session")
            return KeyringStore(None, patience=30, platform="linux")
        case "small keyring":
            small: KeyringStore = request.getfixturevalue("small")
            return small
        case "vault under a passphrase":
            vault: Vault = request.getfixturevalue("vault")
            return vault
        case _:
            request.getfixturevalue("session")
            keyring = KeyringStore(None, patience=30, platform="linux")
            return Vault(tmp_path / "vault", lambda: None, keyring)


def is_absent(store: secret_store.SecretStore, name: SecretName) -> bool:
    try:
        store.fetch(name)
    except errors.MissingToken:
        return True
    return False


@pytest.mark.slow
def test_what_is_kept_comes_back(store: secret_store.SecretStore) -> None:
    for value in VALUES.values():
        store.keep(EU, Secret(value))
        assert store.fetch(EU).reveal() == value


@pytest.mark.slow
def test_many_are_kept_as_each_would_be(store: secret_store.SecretStore) -> None:
    store.keep(EU, Secret("before"))
    store.keep(OTHERS[3], Secret("beside"))
    many = {EU: Secret(TOKEN), EU._replace(item="na"): Secret("na"), EU._replace(owner="beta"): Secret(TOKEN[:2000])}
    store.keep_all(many | {EU._replace(kind="app", item="client-secret"): Secret("app")})
    assert {name: store.fetch(name) for name in many} == many
    assert store.fetch(EU._replace(kind="app", item="client-secret")).reveal() == "app"
    store.keep_all({EU: Secret("short")})
    assert store.fetch(EU).reveal() == "short"
    store.keep_all({})
    assert store.fetch(EU._replace(item="na")).reveal() == "na"


@pytest.mark.slow
def test_a_shorter_value_leaves_nothing_of_the_longer(store: secret_store.SecretStore) -> None:
    store.keep(EU, Secret(TOKEN * 2))
    store.keep(EU, Secret(TOKEN))
    assert store.fetch(EU).reveal() == TOKEN
    store.keep(EU, Secret("short"))
    assert store.fetch(EU).reveal() == "short"


def test_what_was_never_kept_is_missing(store: secret_store.SecretStore) -> None:
    with pytest.raises(errors.MissingToken) as caught:
        store.fetch(EU)
    assert "acme in Europe & India" in caught.value.message
    assert caught.value.hint == "sp-connect connect --seller acme --region eu"


@pytest.mark.slow
def test_names_that_differ_in_one_part_are_different_secrets(store: secret_store.SecretStore) -> None:
    store.keep(EU, Secret(TOKEN))
    for number, other in enumerate(OTHERS):
        assert is_absent(store, other)
        store.keep(other, Secret(f"other {number}"))
    assert store.fetch(EU).reveal() == TOKEN
    assert [store.fetch(other).reveal() for other in OTHERS] == [f"other {n}" for n in range(len(OTHERS))]
    for other in OTHERS:
        store.forget(other)
    assert all(is_absent(store, other) for other in OTHERS)
    assert store.fetch(EU).reveal() == TOKEN


def test_what_is_forgotten_is_gone_and_forgetting_twice_is_fine(store: secret_store.SecretStore) -> None:
    store.forget(EU)
    store.keep(EU, Secret(TOKEN))
    store.forget(EU)
    store.forget(EU)
    assert is_absent(store, EU)


@pytest.mark.slow
def test_many_are_forgotten_as_each_would_be(store: secret_store.SecretStore) -> None:
    store.forget_all([EU])
    kept = [EU, *OTHERS, EU._replace(owner="beta"), EU._replace(owner="beta", item="na")]
    store.keep_all({name: Secret(TOKEN) for name in kept})
    gone = [EU, OTHERS[1], OTHERS[3], *kept[-2:], EU._replace(owner="nobody"), EU._replace(ref="none")]
    store.forget_all(gone)
    assert [name for name in kept if is_absent(store, name)] == [name for name in kept if name in gone]
    assert all(store.fetch(name).reveal() == TOKEN for name in kept if name not in gone)
    store.forget_all([])
    store.forget_all(kept)
    assert all(is_absent(store, name) for name in kept)


def test_a_store_that_works_is_proved_and_holds_nothing_afterwards(
    store: secret_store.SecretStore, tmp_path: Path
) -> None:
    secret_store.prove(store, tmp_path)
    assert [path for path in tmp_path.glob("vault/*/*") if path.name != "lock"] == []


class KilledError(BaseException):
    """What no `except` stops, as a kill."""


def test_what_a_proof_that_was_killed_left_the_next_forgets(store: secret_store.SecretStore, tmp_path: Path) -> None:
    kept: list[SecretName] = []

    class Killed:
        """The same store in a process that dies once the throwaway secret is kept."""

        def keep(self, name: SecretName, value: Secret) -> None:
            kept.append(name)
            store.keep(name, value)
            raise KilledError

    with pytest.raises(KilledError):
        secret_store.prove(cast("secret_store.SecretStore", Killed()), tmp_path)
    [left] = kept
    assert not is_absent(store, left)

    secret_store.prove(store, tmp_path)

    assert is_absent(store, left)


def test_a_store_describes_itself(store: secret_store.SecretStore) -> None:
    store.keep(EU, Secret(TOKEN))
    description = store.describe()
    assert description.store == store.name
    assert TOKEN not in repr(description)
    assert (description.location is None) == (store.name == "keyring")
