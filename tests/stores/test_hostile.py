"""Files as an attacker or a broken disk would have them: every one is read, or refused in our own words."""

from __future__ import annotations

import string
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores import files
from sp_connect.stores.apps import Apps
from sp_connect.stores.connections import Connections
from sp_connect.stores.vault import MAGIC, VERSION
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
        files.read_toml(path)
    path.unlink()


@pytest.fixture(scope="module")
def vault(folder: Path) -> Any:
    vault = sealed(folder / "vault")
    vault.keep(EU, Secret("x"))
    return vault


@QUICK
@given(data=st.binary(max_size=120), header=st.integers(0, 34))
def test_any_bytes_in_place_of_a_sealed_file_are_damage(folder: Path, vault: Any, data: bytes, header: int) -> None:
    path = folder / "vault" / "sellers" / "acme.sealed"
    right = MAGIC + bytes([VERSION]) + vault._key.id
    path.write_bytes(right[:header] + data)
    with pytest.raises(errors.Damaged):
        vault.fetch(EU)


SETTINGS = st.dictionaries(
    st.sampled_from(["schema", "key_id", "opened_by", "kdf", "sealed_key", "checksum", "x"]),
    st.one_of(
        SCALARS,
        st.sampled_from(["passphrase", "keyring", "00" * 16, "AAAA"]),
        st.dictionaries(st.sampled_from(["name", "n", "r", "p", "salt"]), SCALARS | st.just("scrypt"), max_size=5),
    ),
)


@QUICK
@given(values=SETTINGS, has_checksum=st.booleans())
def test_any_settings_of_a_vault_open_it_or_are_refused(
    folder: Path, values: dict[str, Any], has_checksum: bool
) -> None:
    from sp_connect.stores import vault as module

    if has_checksum:
        values = {key: value for key, value in values.items() if key != "checksum"}
        values["checksum"] = module._checksum(values)
    other = folder / "other"
    files.replace(other / "vault.toml", tomli_w.dumps(values).encode())
    with pytest.raises(errors.ThisMachine):
        sealed(other).fetch(EU)
