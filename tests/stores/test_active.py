"""Which store is in use, and how what is missing is called."""

from __future__ import annotations

import pytest

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.active import ActiveStore
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault

CHOICES = [
    (None, None, "keyring", "it is the default"),
    ("", None, "keyring", "it is the default"),
    (None, "vault", "vault", "config.toml says so"),
    ("keyring", "vault", "keyring", "SP_CONNECT_STORE says so"),
    ("vault", "nonsense", "vault", "SP_CONNECT_STORE says so"),
]

MISSING = [
    (
        SecretName("seller", "acme", "eu", "r"),
        "refresh token for acme in Europe & India",
        "sp-connect connect --seller acme --region eu",
    ),
    (
        SecretName("seller", "acme", "fe-JP", "r"),
        "refresh token for acme in Japan",
        "sp-connect connect --seller acme --region fe --country JP",
    ),
    (
        SecretName("app", "main", "client-secret", "r"),
        "client secret for the app main",
        "sp-connect app rotate-secret main",
    ),
]


@pytest.mark.parametrize(("variable", "configured", "store", "why"), CHOICES)
def test_the_variable_beats_the_configuration_beats_the_default(
    variable: str | None, configured: str | None, store: str, why: str
) -> None:
    choice = secret_store.choose(variable, configured)
    assert (choice.store, choice.why) == (store, why)


@pytest.mark.parametrize(
    ("variable", "configured", "source"), [("file", None, "SP_CONNECT_STORE"), (None, "Vault", "config")]
)
def test_an_unknown_store_is_refused(variable: str | None, configured: str | None, source: str) -> None:
    with pytest.raises(errors.Usage, match=source) as caught:
        secret_store.choose(variable, configured)
    assert caught.value.hint == "use keyring or vault"


@pytest.mark.parametrize(("name", "owner", "hint"), MISSING)
def test_what_is_missing_is_named_with_the_command_that_brings_it(name: SecretName, owner: str, hint: str) -> None:
    error = secret_store.missing(name, "the keyring")
    assert error.message == f"The keyring has no {owner}."
    assert error.hint == hint


def test_a_secret_that_is_not_in_the_store_in_use_may_be_in_the_other(small: KeyringStore, vault: Vault) -> None:
    name = SecretName("seller", "acme", "eu", "r")
    vault.keep(name, Secret("Atzr|kept"))
    chosen = ActiveStore({"keyring": small, "vault": vault}, lambda: secret_store.choose(None, None))

    with pytest.raises(errors.MissingToken) as caught:
        chosen.fetch(name)

    assert caught.value.hint == (
        "if sp-connect store names the right one: sp-connect connect --seller acme --region eu"
    )


def test_references_do_not_repeat() -> None:
    assert len({secret_store.new_ref() for _ in range(1000)}) == 1000
