"""The head start of what scripts call in a loop: it saves time, and changes nothing that anybody is told."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sp_connect import prefetch_key
from sp_connect.models import Secret
from sp_connect.process import hardening
from sp_connect.stores.home import crypto, vault_settings
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.stores.samples import EU

COST = {"n": 2, "r": 8, "p": 1}


@pytest.fixture(autouse=True)
def open_again() -> Iterator[None]:
    """The memory of the process that runs the tests is not to stay shut: other tests look into it."""
    yield
    hardening.restore_limit()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(hardening.PR_SET_DUMPABLE, 1, 0, 0, 0)


def is_begun(arguments: list[str], environ: dict[str, str]) -> bool:
    begun = prefetch_key.begin(arguments, environ)
    if begun is not None:
        begun.join()
    return begun is not None


@pytest.mark.parametrize(
    ("arguments", "has_passphrase", "expected"),
    [
        (["token", "-s", "acme"], True, True),
        (["-q", "exec", "-s", "acme", "--", "env"], True, True),
        (["export"], True, True),
        (["token"], False, False),
        (["list", "token"], True, False),
        (["--simulate", "token"], True, False),
        (["--version"], True, False),
        ([], True, False),
    ],
)
def test_it_is_for_what_scripts_call_in_a_loop(
    tmp_path: Path, arguments: list[str], has_passphrase: bool, expected: bool
) -> None:
    environ = {"SP_CONNECT_HOME": str(tmp_path)} | ({"SP_CONNECT_PASSPHRASE": "x"} if has_passphrase else {})

    assert is_begun(arguments, environ) is expected


@pytest.mark.parametrize("named", ["SP_CONNECT_PASSPHRASE", "SP_CONNECT_PASSPHRASE_FILE"])
def test_what_it_has_computed_opens_the_vault(tmp_path: Path, named: str) -> None:
    kept = Vault(tmp_path / "vault", lambda: Secret("correct horse"), KeyringStore(None, 1.0))
    kept.keep(EU, Secret("Atzr|x"))
    (tmp_path / "file").write_text("correct horse\n")
    value = "correct horse" if named == "SP_CONNECT_PASSPHRASE" else str(tmp_path / "file")

    assert is_begun(["token"], {"SP_CONNECT_HOME": str(tmp_path), named: value})

    assert len(crypto._begun) == 1
    opened = Vault(tmp_path / "vault", lambda: Secret("correct horse"), KeyringStore(None, 1.0))
    assert opened.fetch(EU).reveal() == "Atzr|x"
    assert len(crypto._begun) == 0, "it was used"


@pytest.mark.parametrize("spoilt", ["", "?", "opened_by = 'passphrase'"])
def test_what_is_wrong_with_the_vault_is_left_for_others_to_tell(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "vault.toml").write_text(spoilt)

    assert is_begun(["token"], {"SP_CONNECT_HOME": str(tmp_path), "SP_CONNECT_PASSPHRASE": "x"})
    assert is_begun(["token"], {"SP_CONNECT_HOME": "~nobody-here/x", "SP_CONNECT_PASSPHRASE": "x"})
    assert is_begun(["token"], {"SP_CONNECT_HOME": str(tmp_path), "SP_CONNECT_PASSPHRASE_FILE": str(tmp_path)})

    assert not crypto._begun


def test_another_passphrase_salt_or_cost_is_stretched_by_itself() -> None:
    salt = os.urandom(vault_settings.SALT)
    crypto.begin_to_stretch("one", salt, COST)
    whole = crypto.stretch("one", salt, COST)
    for passphrase, other, cost in (("two", salt, COST), ("one", bytes(16), COST), ("one", salt, COST | {"n": 4})):
        crypto.begin_to_stretch("one", salt, COST)
        assert crypto.stretch(passphrase, other, cost) != whole
        assert crypto.stretch("one", salt, COST) == whole
    assert not crypto._begun


def test_one_that_fails_is_tried_again_by_who_needs_it() -> None:
    cost = {"n": 3, "r": 8, "p": 1}
    with pytest.raises(ValueError, match="n"):
        crypto.begin_to_stretch("one", bytes(16), cost)
    with pytest.raises(ValueError, match="n"):
        crypto.stretch("one", bytes(16), cost)
