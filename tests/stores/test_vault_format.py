"""docs/vault-format.md: its vaults open, with sp-connect and with a reader of another hand; each flip is found."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores.home import files, toml, vault_settings
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests import figures
from tests.stores import backends
from tests.stores.conftest import sealed
from tests.stores.samples import EU

FLIPS = (1, 2, 4, 8, 16, 32, 64, 128, 255)
"""Each bit of a byte, and all of them."""

ROOT = Path(__file__).parents[2]
VECTORS = Path(__file__).parent / "vectors"
TEXT = (ROOT / "docs" / "vault-format.md").read_text(encoding="utf-8")
OTHER = EU._replace(owner="other")
KINDS = {"apps": "app", "sellers": "seller"}


class Reader:
    """A reader that was written from docs/vault-format.md. It uses nothing of sp-connect."""

    def __init__(self, folder: Path, passphrase: str | None, item: str | None) -> None:
        self.folder = folder
        settings = tomllib.loads((folder / "vault.toml").read_text("utf-8"))
        assert settings["schema"] == 1
        assert settings["checksum"] == self.checksum(settings)
        self.key_id = settings["key_id"]
        self.key = base64.b64decode(item) if item else self.opened(settings, str(passphrase))

    @staticmethod
    def checksum(settings: dict[str, Any]) -> str:
        rest = {key: value for key, value in settings.items() if key != "checksum"}
        return hashlib.sha256(json.dumps(rest, sort_keys=True).encode("ascii")).hexdigest()

    @staticmethod
    def opened(settings: dict[str, Any], passphrase: str) -> bytes:
        kdf = settings["kdf"]
        stretched = Scrypt(salt=base64.b64decode(kdf["salt"]), length=32, n=kdf["n"], r=kdf["r"], p=kdf["p"])
        n, r, p, salt = kdf["n"], kdf["r"], kdf["p"], kdf["salt"]
        cost = f'{{"n": {n}, "name": "scrypt", "p": {p}, "r": {r}, "salt": "{salt}"}}'
        bound = f'[1, "{settings["key_id"]}", {cost}]'.encode("ascii")
        sealed_key = base64.b64decode(settings["sealed_key"])
        return AESGCM(stretched.derive(passphrase.encode("utf-8"))).decrypt(sealed_key[:12], sealed_key[12:], bound)

    def file(self, name: str) -> Any:
        folder, _, file = name.partition("/")
        data = (self.folder / name).read_bytes()
        assert data[:18] == b"sp-connect vault\n\x01"
        assert data[18:34].hex() == self.key_id
        whose = f"{KINDS[folder]}/{file.removesuffix('.sealed')}".encode()
        return json.loads(AESGCM(self.key).decrypt(data[34:46], data[46:], data[:34] + whose))


@pytest.fixture(params=["passphrase", "keyring"])
def vector(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A copy of a vault that lies beside the tests, and what is expected of it."""
    folder = tmp_path / "vault"
    shutil.copytree(VECTORS / request.param, folder)
    return folder, json.loads((folder / "expected.json").read_text("utf-8"))


def of_expected(folder: Path, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("TESTS_RING", str(folder.parent / "ring"))
    ring: Any = backends.Files
    for item in expected.get("keyring", []):
        ring().set_password(item["service"], item["user"], item["password"])
    passphrase = Secret(expected["passphrase"]) if "passphrase" in expected else None
    return Vault(folder, lambda: passphrase, KeyringStore("tests.stores.backends.Files", 30))


class TestVectors:
    def test_they_open_with_sp_connect(
        self, vector: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder, expected = vector
        vault = of_expected(folder, expected, monkeypatch)
        found: dict[str, dict[str, str]] = {}

        for name in vault.contents().names:
            file = f"{ {'app': 'apps', 'seller': 'sellers'}[name.kind] }/{name.owner}.sealed"
            found.setdefault(file, {})[f"{name.item}/{name.ref}"] = vault.fetch(name).reveal()

        assert found == expected["files"]
        key = vault.key.open()
        assert key is not None
        assert (key.id.hex(), key.key.hex()) == (expected["key_id"], expected["key"])

    def test_they_open_with_a_reader_written_from_the_document_alone(self, vector: tuple[Path, dict[str, Any]]) -> None:
        folder, expected = vector
        item = expected["keyring"][0]["password"] if "keyring" in expected else None

        reader = Reader(folder, expected.get("passphrase"), item)

        assert reader.key.hex() == expected["key"]
        assert {name: reader.file(name) for name in expected["files"]} == expected["files"]
        assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.sealed")) == sorted(expected["files"])

    def test_what_sp_connect_writes_today_opens_with_that_reader(self, tmp_path: Path) -> None:
        vault = sealed(tmp_path / "vault", "Zürich")
        vault.keep_all({EU: Secret("one"), EU._replace(kind="app", item="client-secret"): Secret("zwölf 😀")})

        reader = Reader(tmp_path / "vault", "Zürich", None)

        assert reader.file("sellers/acme.sealed") == {f"eu/{EU.ref}": "one"}
        assert reader.file("apps/acme.sealed") == {f"client-secret/{EU.ref}": "zwölf 😀"}
        with pytest.raises(InvalidTag):
            Reader(tmp_path / "vault", "Zurich", None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault that holds a secret of acme and one of other."""
    folder = tmp_path_factory.mktemp("made") / "vault"
    sealed(folder).keep_all({EU: Secret("Atzr|acme"), OTHER: Secret("Atzr|other")})
    return folder


@pytest.fixture
def kept(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "vault")
    return tmp_path / "vault"


def flipped(whole: bytes) -> Iterator[bytes]:
    for place, byte in enumerate(whole):
        for bits in FLIPS:
            yield whole[:place] + bytes([byte ^ bits]) + whole[place + 1 :]


class TestFlips:
    @pytest.mark.slow
    def test_each_flipped_byte_of_a_sealed_file_is_found(self, kept: Path) -> None:
        path = kept / "sellers" / "acme.sealed"
        whole, vault = path.read_bytes(), sealed(kept)
        later = []

        for hurt in flipped(whole):
            path.write_bytes(hurt)
            with pytest.raises((errors.Damaged, errors.StoreUnavailable)) as caught:
                vault.fetch(EU)
            assert str(path) in caught.value.message
            if not isinstance(caught.value, errors.Damaged):
                later.append(hurt)
            assert path.read_bytes() == hurt

        assert {hurt[:17] + whole[17:18] + hurt[18:] for hurt in later} == {whole}, "the byte of the form alone"
        assert vault.fetch(OTHER).reveal() == "Atzr|other"
        figures.record("flipped bytes", len(whole) * len(FLIPS))

    def test_a_damaged_file_is_not_written_over(self, kept: Path) -> None:
        path = kept / "sellers" / "acme.sealed"
        whole, vault = path.read_bytes(), sealed(kept)

        for place in range(len(whole)):
            hurt = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
            path.write_bytes(hurt)
            with pytest.raises(errors.ThisMachine):
                vault.keep(EU, Secret("new"))
            with pytest.raises(errors.ThisMachine):
                vault.forget(EU)
            assert path.read_bytes() == hurt

    @pytest.mark.slow
    def test_each_flipped_byte_of_vault_toml_is_found_and_taken_for_no_wrong_passphrase(self, kept: Path) -> None:
        path = kept / "vault.toml"
        whole = path.read_bytes()

        for hurt in flipped(whole):
            path.write_bytes(hurt)
            with pytest.raises((errors.Damaged, errors.StoreUnavailable)) as caught:  # schema = 1 may have become a 3
                sealed(kept).fetch(EU)
            assert str(path) in caught.value.message
            assert path.read_bytes() == hurt

        figures.record("flipped bytes", len(whole) * len(FLIPS))

    def test_another_byte_in_vault_toml_is_found_unless_it_means_the_same(self, kept: Path) -> None:
        path = kept / "vault.toml"
        whole = path.read_bytes()
        unnoticed = []

        for place, byte in enumerate(whole):
            for other in {*b"\t\n\r #'+-_01=[]\"", byte ^ 1} - {byte}:
                changed = whole[:place] + bytes([other]) + whole[place + 1 :]
                try:
                    vault_settings.read(path, toml.parse(path, changed.decode()))
                except errors.ThisMachine:
                    continue
                unnoticed.append((byte, other))

        assert unnoticed
        assert {byte for byte, _ in unnoticed} == set(b" \n"), "white space, which means nothing"


class TestCutOff:
    def test_a_sealed_file_is_damaged_at_every_length(self, kept: Path) -> None:
        path = kept / "sellers" / "acme.sealed"
        whole, vault = path.read_bytes(), sealed(kept)

        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(errors.Damaged):
                vault.fetch(EU)

        path.write_bytes(whole)
        assert vault.fetch(EU).reveal() == "Atzr|acme"

    def test_so_is_one_that_goes_on(self, kept: Path) -> None:
        path = kept / "sellers" / "acme.sealed"
        path.write_bytes(path.read_bytes() + b"\0")

        with pytest.raises(errors.Damaged, match="fails authentication"):
            sealed(kept).fetch(EU)

    def test_vault_toml_is_damaged_at_every_length_but_without_its_last_line_end(self, kept: Path) -> None:
        path = kept / "vault.toml"
        whole = path.read_bytes()

        for length in range(len(whole) - 1):
            path.write_bytes(whole[:length])
            with pytest.raises(errors.Damaged):
                sealed(kept).fetch(EU)

        path.write_bytes(whole[:-1])
        assert sealed(kept).fetch(EU).reveal() == "Atzr|acme"


def test_files_that_change_places_open_under_neither_name(kept: Path) -> None:
    mine, theirs = (kept / "sellers" / f"{name}.sealed" for name in ("acme", "other"))
    (kept / "apps").mkdir()
    for source, target in ((mine, kept / "aside"), (theirs, mine), (kept / "aside", theirs)):
        source.rename(target)
    shutil.copy(theirs, kept / "apps" / "acme.sealed")
    vault = sealed(kept)

    for name in (EU, OTHER, SecretName("app", "acme", EU.item, EU.ref)):
        with pytest.raises(errors.Damaged, match="belongs to another owner"):
            vault.fetch(name)
    assert vault.contents().names == frozenset()
    assert set(vault.contents().damages) == {("seller", "acme"), ("seller", "other"), ("app", "acme")}


@pytest.mark.parametrize(
    ("form", "kind", "said"), [(0, errors.Damaged, "no version"), (2, errors.StoreUnavailable, "not known here")]
)
def test_a_sealed_file_of_another_form_is_left_alone(
    kept: Path, form: int, kind: type[errors.ThisMachine], said: str
) -> None:
    path = kept / "sellers" / "acme.sealed"
    whole = path.read_bytes()
    path.write_bytes(whole[:17] + bytes([form]) + whole[18:])

    with pytest.raises(kind, match=said):
        sealed(kept).fetch(EU)
    with pytest.raises(kind, match=said):
        sealed(kept).keep(EU, Secret("x"))
    assert path.read_bytes()[17] == form


def _settings(kept: Path, **changes: Any) -> None:
    """vault.toml with other values, and a checksum that is right."""
    values = toml.read(kept / "vault.toml") or {}
    values = {key: value for key, value in (values | changes).items() if key != "checksum"}
    toml.write(kept / "vault.toml", values | {"checksum": vault_settings.checksum(values)})


def _kdf(kept: Path, **changes: Any) -> None:
    _settings(kept, kdf=(toml.read(kept / "vault.toml") or {})["kdf"] | changes)


@pytest.mark.parametrize(
    "cost",
    [
        {"n": 2**21}, {"n": 0}, {"n": -1}, {"n": 1}, {"n": 3}, {"n": 2**62}, {"n": 2.0}, {"n": True}, {"n": "32768"},
        {"r": 9}, {"r": 0}, {"r": 2**31}, {"p": 5}, {"p": 0}, {"p": 2**40}, {"name": "argon2id"}, {"salt": ""},
        {"salt": "AAAA"}, {"salt": "A" * 1_000_000}, {"salt": "not base64"},
    ],
    ids=lambda cost: str(cost)[:30],
)  # fmt: skip
def test_hostile_parameters_are_refused_before_anything_is_computed(kept: Path, cost: dict[str, Any]) -> None:
    _kdf(kept, **cost)

    with pytest.raises(errors.Damaged, match=re.escape("[kdf]")):
        sealed(kept).fetch(EU)


def test_parameters_that_were_weakened_open_nothing(kept: Path) -> None:
    _kdf(kept, n=1024)

    with pytest.raises(errors.StoreLocked, match="does not open"):
        sealed(kept).fetch(EU)


def _sealed_file(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda kept: files.replace(
        kept / "sellers" / "acme.sealed", change((kept / "sellers" / "acme.sealed").read_bytes())
    )


def _linked(kept: Path) -> None:
    path = kept / "sellers" / "acme.sealed"
    path.rename(kept / "elsewhere")
    path.symlink_to(kept / "elsewhere")


def _in_keyring(kept: Path) -> None:
    """The vault as one whose key the keyring has: it is asked for, and has nothing."""
    _settings(kept, opened_by="keyring")


def _garbled_in_keyring(kept: Path) -> None:
    _in_keyring(kept)
    backends.Dictionary.items[f"sp-connect/app/sp-connect-vault/key/{_key_id(kept)}", "sp-connect"] = "garbled"


def _key_id(kept: Path) -> str:
    return str((toml.read(kept / "vault.toml") or {})["key_id"])


WRONG: dict[str, Callable[[Path], object]] = {
    "another passphrase": lambda kept: sealed(kept).reseal(Secret("another horse")),
    "no passphrase, or an empty one": lambda kept: (kept / "no-passphrase").touch(),
    "vault.toml was altered, cut off or emptied": lambda kept: (kept / "vault.toml").write_bytes(b""),
    "vault.toml asks too much of scrypt": lambda kept: _kdf(kept, n=2**30),
    "vault.toml is gone, and sealed files are there": lambda kept: (kept / "vault.toml").unlink(),
    "vault.toml is of a later version": lambda kept: _settings(kept, schema=2),
    "the keyring has no such key": _in_keyring,
    "the keyring's key is no key": _garbled_in_keyring,
    "a sealed file has another beginning, or is cut off in it": _sealed_file(lambda data: data[1:]),
    "a sealed file is of a later version": _sealed_file(lambda data: data[:17] + b"\x02" + data[18:]),
    "a sealed file is of another vault": _sealed_file(lambda data: data[:18] + os.urandom(16) + data[34:]),
    "a sealed file was altered or cut off, or is another's": _sealed_file(lambda data: data[:-1]),
    "a sealed file is a link": _linked,
}
DOCUMENTED = re.findall(r"^\| ([^|]+) \| `([a-z-]+)` \| ([^|]+) \|$", TEXT, re.MULTILINE)


def test_the_table_of_what_goes_wrong_is_whole() -> None:
    assert [what for what, _, _ in DOCUMENTED] == list(WRONG)


@pytest.mark.parametrize(("what", "code", "said"), DOCUMENTED)
def test_what_is_wrong_is_said_as_the_document_says(kept: Path, what: str, code: str, said: str) -> None:
    WRONG[what](kept)
    passphrase = None if (kept / "no-passphrase").exists() else Secret("correct horse")
    vault = Vault(kept, lambda: passphrase, KeyringStore("tests.stores.backends.Dictionary", 30))

    with pytest.raises(errors.ThisMachine) as caught:
        vault.fetch(EU)

    backends.Dictionary.items.clear()
    assert caught.value.code == code
    assert said in caught.value.message
    assert caught.value.hint
