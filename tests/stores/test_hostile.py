"""Files as an attacker or a broken disk would have them: every one is read, or refused in our own words."""

from __future__ import annotations

import string
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores.home import files, toml, vault_settings
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests import figures
from tests.stores import backends
from tests.stores.conftest import sealed
from tests.stores.samples import EU, app, connection

QUICK = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

KEYS = st.sampled_from(
    [
        "schema",
        "seller",
        "connection",
        "region",
        "country",
        "app",
        "apps",
        "default",
        "secret",
        "standing",
        "store",
        "marketplaces",
        "authorized_at",
        "verified_at",
        "id_confirmed",
        "id_asked_at",
        "last_error",
        "id",
        "draft",
        "listen",
        "x",
    ]
)
SCALARS = st.one_of(
    st.booleans(), st.integers(-9, 9), st.text(string.printable, max_size=8), st.datetimes(),
    st.sampled_from(["acme", "eu", "fe", "JP", "connected"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def folder() -> Any:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.slow
@QUICK
@given(values=st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_toml_is_read_or_refused_and_left_alone(folder: Path, values: dict[str, Any]) -> None:
    data = tomli_w.dumps(values).encode()
    path = folder / "acme.toml"
    path.write_bytes(data)
    with suppress(errors.ThisMachine):
        Connections(folder).all()
        Connections(folder).put(connection())
        assert connection() in Connections(folder).all()
        data = path.read_bytes()
    assert path.read_bytes() == data
    path.write_bytes(data)
    with suppress(errors.ThisMachine):
        Apps(path).store_choice()
        Apps(path).put(app())
        assert app() in Apps(path).all()
        data = path.read_bytes()
    assert path.read_bytes() == data
    path.unlink()


@QUICK
@given(data=st.binary(max_size=60) | st.text(string.printable, max_size=60).map(str.encode))
def test_any_bytes_are_toml_or_damage(folder: Path, data: bytes) -> None:
    path = folder / "some.toml"
    path.write_bytes(data)
    with suppress(errors.ThisMachine):
        toml.read(path)
    path.unlink()


VAULT = settings(QUICK, max_examples=200)

HEADER = 34
"""The bytes of a sealed file before its nonce."""


class Tried:
    """How many inputs the vault was given."""

    count = 0


@pytest.fixture(scope="module")
def tried() -> Iterator[Tried]:
    tried = Tried()
    yield tried
    figures.record("vault inputs", tried.count)


@pytest.fixture(scope="module")
def vault(folder: Path) -> Iterator[Vault]:
    vault = of_ring(folder)
    vault.keep(EU, Secret("x"))
    yield vault
    backends.Dictionary.items.clear()


def of_ring(folder: Path) -> Vault:
    """The vault as another process has it."""
    return Vault(folder / "vault", lambda: None, KeyringStore("tests.stores.backends.Dictionary", patience=30))


def spoilt(whole: bytes, start: int, length: int, middle: bytes) -> bytes:
    """A file with a part of it cut out, put in or replaced."""
    start = min(start, len(whole))
    return whole[:start] + middle + whole[start + length :]


@pytest.mark.slow
@VAULT
@given(
    data=st.binary(max_size=120),
    kept=st.integers(0, HEADER),
    at=st.tuples(st.integers(0, 150), st.integers(0, 150)),
    is_whole=st.booleans(),
)
def test_any_bytes_in_place_of_a_sealed_file_are_refused_and_left_alone(
    folder: Path, vault: Vault, tried: Tried, data: bytes, kept: int, at: tuple[int, int], is_whole: bool
) -> None:
    path = folder / "vault" / "sellers" / "acme.sealed"
    whole = path.read_bytes()
    hurt = spoilt(whole, *at, data) if is_whole else whole[:kept] + data
    path.write_bytes(hurt)
    try:
        if hurt == whole:
            assert vault.fetch(EU).reveal() == "x"
            return
        for act in (vault.fetch, vault.forget):
            with pytest.raises(errors.ThisMachine):
                act(EU)
        with suppress(errors.StoreUnavailable):  # one of a later version
            assert set(vault.contents().damages) == {("seller", "acme")}
        assert path.read_bytes() == hurt
    finally:
        tried.count += 1
        path.write_bytes(whole)


SETTINGS = st.dictionaries(
    st.sampled_from(["schema", "key_id", "opened_by", "kdf", "sealed_key", "checksum", "x"]),
    st.one_of(
        SCALARS,
        st.sampled_from(["passphrase", "keyring", "00" * 16, "AAAA"]),
        st.dictionaries(st.sampled_from(["name", "n", "r", "p", "salt"]), SCALARS | st.just("scrypt"), max_size=5),
    ),
)


@pytest.mark.slow
@VAULT
@given(values=SETTINGS, has_checksum=st.booleans())
def test_any_settings_of_a_vault_open_it_or_are_refused(
    folder: Path, tried: Tried, values: dict[str, Any], has_checksum: bool
) -> None:
    if has_checksum:
        values = {key: value for key, value in values.items() if key != "checksum"}
        values["checksum"] = vault_settings.checksum(values)
    other = folder / "other"
    files.replace(other / "vault.toml", tomli_w.dumps(values).encode())
    with pytest.raises(errors.ThisMachine):
        sealed(other).fetch(EU)
    tried.count += 1


ENDS = st.binary(max_size=60) | st.text(string.printable, max_size=60).map(str.encode)


@pytest.mark.slow
@VAULT
@given(end=ENDS, at=st.integers(0, 160))
@pytest.mark.usefixtures("vault")
def test_any_bytes_in_vault_toml_open_the_vault_or_are_refused_and_left_alone(
    folder: Path, tried: Tried, end: bytes, at: int
) -> None:
    path = folder / "vault" / "vault.toml"
    whole = path.read_bytes()
    hurt = whole[:at] + end
    path.write_bytes(hurt)
    try:
        with suppress(errors.ThisMachine):
            assert of_ring(folder).fetch(EU).reveal() == "x"
        assert path.read_bytes() == hurt
    finally:
        tried.count += 1
        path.write_bytes(whole)


@pytest.mark.slow
@VAULT
@given(end=ENDS, at=st.integers(0, 60))
@pytest.mark.usefixtures("vault")
def test_any_bytes_in_the_note_of_a_key_are_refused_or_done_with_and_cost_no_vault_its_key(
    folder: Path, tried: Tried, end: bytes, at: int
) -> None:
    path = folder / "vault" / "key.toml"
    hurt = (folder / "vault" / "vault.toml").read_bytes()[:at] + end
    path.write_bytes(hurt)
    try:
        of_ring(folder).settle()
    except errors.ThisMachine:
        assert path.read_bytes() == hurt
        path.unlink()
    assert not path.exists()
    assert of_ring(folder).fetch(EU).reveal() == "x"
    tried.count += 1
