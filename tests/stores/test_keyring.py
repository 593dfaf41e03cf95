"""The keyring at its worst: locked, silent, gone, forgetful, talkative, or no keyring at all."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import secretstorage
from jeepney import DBusErrorResponse  # type: ignore[import-untyped]
from keyring.backends import SecretService

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores import secret_store
from sp_connect.stores.home import session_bus
from sp_connect.stores.home.keyring_store import ROOM, KeyringStore
from sp_connect.stores.home.secret_service import SecretService as ServiceOnBus
from tests import secret_service
from tests.secret_service import Session
from tests.stores import backends, picky_service
from tests.stores.conftest import open_files
from tests.stores.samples import EU, TOKEN

SECRET_SERVICE = "keyring.backends.SecretService.Keyring"
REFUSED = [
    "keyring.backends.null.Keyring",
    "keyring.backends.fail.Keyring",
    "keyring.backends.chainer.ChainerBackend",
    "keyrings.alt.file.EncryptedKeyring",
    "keyrings.alt.file.PlaintextKeyring",
    "tests.stores.backends.PlainTextKeyring",
    "tests.stores.backends.InDisguise",
    "tests.stores.backends.NoKeyring",
    "tests.stores.backends.None",
    "keyring.get_keyring",
    "Keyring",
]


def real(patience: float = 30) -> KeyringStore:
    return KeyringStore(None, patience, platform="linux")


def fake(name: str, patience: float = 30) -> KeyringStore:
    return KeyringStore(f"tests.stores.backends.{name}", patience)


def names_of(store: dict[tuple[str, str], str]) -> list[str]:
    return sorted(service for service, _ in store)


@pytest.mark.parametrize("backend", REFUSED)
def test_what_keeps_no_secret_is_refused_by_name(backend: str) -> None:
    with pytest.raises(errors.StoreUnavailable, match="PYTHON_KEYRING_BACKEND names") as caught:
        KeyringStore(backend, patience=30).fetch(EU)
    assert backend in caught.value.message
    assert "SP_CONNECT_STORE=vault" in str(caught.value.hint)


@pytest.mark.parametrize("backend", ["no.such.Keyring", "..Keyring"])
def test_a_backend_that_cannot_be_loaded_is_named(backend: str) -> None:
    with pytest.raises(errors.StoreUnavailable, match="cannot be loaded"):
        KeyringStore(backend, patience=30).fetch(EU)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_another_platforms_keyring_is_a_sentence_here(platform: str) -> None:
    if sys.platform == platform:
        pytest.skip("it is this platform's own")
    with pytest.raises(errors.StoreUnavailable):
        KeyringStore(None, patience=30, platform=platform).fetch(EU)


@pytest.mark.slow
def test_a_locked_keyring_says_so(session: Session, tmp_path: Path) -> None:
    real().keep(EU, Secret(TOKEN))
    secret_service.lock(session)
    with pytest.raises(errors.StoreLocked, match="is locked") as caught:
        real().fetch(EU)
    assert "unlock it" in str(caught.value.hint)
    with pytest.raises(errors.StoreLocked):
        secret_store.prove(real(), tmp_path)


def test_a_killed_keyring_comes_back_locked(session: Session) -> None:
    secret_service.kill(session)
    with pytest.raises(errors.StoreLocked):
        real().keep(EU, Secret(TOKEN))


@pytest.mark.slow
def test_a_keyring_that_is_started_anew_is_asked_again(session: Session) -> None:
    ring = real()
    ring.keep(EU, Secret(TOKEN))
    secret_service.restart(session)
    assert ring.fetch(EU) == Secret(TOKEN)
    ring.keep(EU, Secret("changed"))
    secret_service.restart(session)
    ring.forget(EU)
    with pytest.raises(errors.MissingToken):
        real().fetch(EU)


def test_what_was_told_to_have_failed_is_not_done_later(session: Session) -> None:
    given_up = ServiceOnBus(lambda: False)
    item = f"sp-connect/{EU}", "sp-connect"
    given_up.set_password(*item, "before")
    secret_service.restart(session)
    with pytest.raises(DBusErrorResponse):
        given_up.set_password(*item, "late")
    assert real().fetch(EU) == Secret("before")


@pytest.mark.slow
def test_an_item_that_is_locked_by_itself_is_unlocked(session: Session) -> None:
    session.ring.kill()
    session.ring.wait()
    command = [sys.executable, "-m", "tests.stores.picky_service"]
    with subprocess.Popen(command, env=session, stdout=subprocess.PIPE, text=True) as picky:
        try:
            assert picky.stdout is not None, "it was asked for"
            assert picky.stdout.readline() == "ready\n"
            assert real().fetch(EU) == Secret(picky_service.SECRET)
            real().forget(EU)
            with pytest.raises(errors.MissingToken):
                real().fetch(EU)
        finally:
            picky.kill()


@pytest.mark.slow
def test_calls_that_fail_leave_no_connection_open(session: Session) -> None:
    ring = real()
    ring.keep(EU, Secret("kept"))
    before = open_files()
    for _ in range(3):
        with pytest.raises(errors.StoreUnavailable):
            ring._set("surrogate", "\udc00")
        secret_service.restart(session)
        assert ring.fetch(EU) == Secret("kept")
    assert open_files() <= before


@pytest.mark.usefixtures("session")
def test_the_package_keyring_and_ours_have_the_same_items() -> None:
    ours, by_name = real(), KeyringStore(SECRET_SERVICE, patience=30)
    theirs: Any = SecretService.Keyring()  # type: ignore[no-untyped-call]
    item = f"sp-connect/{EU}", "sp-connect"
    theirs.set_password(*item, "theirs")
    assert ours.fetch(EU) == Secret("theirs")
    ours.keep(EU, Secret("ours"))
    assert theirs.get_password(*item) == "ours"
    by_name.keep(EU, Secret("by name"))
    with closing(secretstorage.dbus_init()) as connection:
        found = list(secretstorage.get_default_collection(connection).get_all_items())
        assert [(one.get_label(), one.get_attributes()["application"]) for one in found] == [
            (f"Password for 'sp-connect' on '{item[0]}'", "Python keyring library")
        ]
    ours.forget(EU)
    assert theirs.get_password(*item) is None


@pytest.mark.slow
def test_a_frozen_keyring_is_not_waited_for_beyond_the_patience(session: Session) -> None:
    ring = real(patience=0.3)
    secret_service.freeze(session)
    with pytest.raises(errors.StoreLocked, match="did not answer within 0 seconds"):
        ring.fetch(EU)


def test_a_session_without_a_bus_has_no_keyring(session: Session) -> None:
    secret_service.stop_bus(session)
    with pytest.raises(errors.StoreUnavailable, match="no keyring runs in this session") as caught:
        real().fetch(EU)
    assert "SP_CONNECT_STORE=vault" in str(caught.value.hint)


def test_a_hanging_keyring_is_not_asked_again_until_it_has_answered() -> None:
    backends.Silent.answered.clear()
    backends.Silent.asked.clear()
    ring = fake("Silent", patience=0.2)
    for _ in range(5):
        with pytest.raises(errors.StoreLocked, match="did not answer"):
            ring.fetch(EU)
    assert len(backends.Silent.asked) == 1
    backends.Silent.answered.set()
    assert ring._call is not None
    ring._call.join()
    with pytest.raises(errors.MissingToken):
        ring.fetch(EU)


def test_a_locked_item_says_so() -> None:
    with pytest.raises(errors.StoreLocked, match="is locked"):
        fake("Locked").fetch(EU)


def test_a_keyring_that_forgets_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreUnavailable, match="does not return"):
        fake("Forgetful").keep(EU, Secret(TOKEN))
    with pytest.raises(errors.StoreUnavailable, match="does not return"):
        secret_store.prove(fake("Forgetful"), tmp_path)


def test_a_keyring_that_does_not_delete_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreUnavailable, match="does not delete"):
        secret_store.prove(fake("Clinging"), tmp_path)


def test_an_error_that_holds_the_secret_does_not_reach_anybody() -> None:
    with pytest.raises(errors.StoreUnavailable) as caught:
        fake("Talkative").keep(EU, Secret("Atzr|hush"))
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value.hint)
    assert "hush" not in told.replace('Secret("Atzr|hush")', "")
    assert caught.value.__context__ is None


def test_the_number_of_a_system_error_is_told(small: KeyringStore) -> None:
    with pytest.raises(errors.StoreUnavailable, match="OSError 1783"):
        small._set("too long", "x" * 1281)


def test_each_secret_has_a_service_of_its_own_and_long_ones_have_parts(small: KeyringStore) -> None:
    small.keep(EU, Secret(TOKEN))
    base = f"sp-connect/{EU}"
    assert names_of(backends.Small.items) == [base, f"{base} part 1", f"{base} part 2"]
    assert max(map(len, backends.Small.items.values())) <= ROOM
    small.forget(EU)
    assert backends.Small.items == {}


def test_a_shorter_value_leaves_no_stale_parts(small: KeyringStore) -> None:
    small.keep(EU, Secret(TOKEN * 3))
    small.keep(EU, Secret(TOKEN))
    assert len(backends.Small.items) == 3
    small.keep(EU, Secret("short"))
    assert names_of(backends.Small.items) == [f"sp-connect/{EU}"]


@pytest.mark.parametrize("gone", [0, 1, 2, 3, 4])
def test_forgetting_finds_what_another_left(small: KeyringStore, gone: int) -> None:
    small.keep(EU, Secret(TOKEN * 2))
    base = f"sp-connect/{EU}"
    del backends.Small.items[f"{base} part {gone}" if gone else base, "sp-connect"]
    with pytest.raises(errors.MissingToken):
        small.fetch(EU)
    small.forget(EU)
    assert backends.Small.items == {}


@pytest.mark.parametrize("part", ["", " part 1", " part 2"])
def test_an_altered_item_is_not_taken_for_the_secret(small: KeyringStore, part: str) -> None:
    small.keep(EU, Secret(TOKEN))
    item = (f"sp-connect/{EU}{part}", "sp-connect")
    backends.Small.items[item] = backends.Small.items[item][:-1] + "*"
    with pytest.raises(errors.StoreUnavailable, match="altered") as caught:
        small.fetch(EU)
    assert caught.value.hint == "sp-connect connect --seller acme --region eu"


@pytest.mark.parametrize("count", ["", "-1", "0", "x", "9" * 5000, "²"])
def test_a_base_item_with_a_senseless_count_is_altered(small: KeyringStore, count: str) -> None:
    backends.Small.items[f"sp-connect/{EU}", "sp-connect"] = f"sp-connect/parts {count} 0"
    with pytest.raises(errors.StoreUnavailable, match="altered"):
        small.fetch(EU)
    small.forget(EU)


def test_properties_in_the_environment_do_not_break_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYRING_PROPERTY_GET_PASSWORD", "x")
    with pytest.raises(errors.StoreUnavailable, match="TypeError"):
        fake("Dictionary").fetch(EU)


@pytest.mark.slow
@pytest.mark.usefixtures("session")
def test_many_threads_share_one_keyring() -> None:
    ring = real()

    def keep_and_fetch(number: int) -> str:
        name = EU._replace(owner=f"seller-{number}")
        ring.keep(name, Secret(f"value {number}"))
        return ring.fetch(name).reveal()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(keep_and_fetch, range(8))) == [f"value {number}" for number in range(8)]


def test_describing_loads_nothing() -> None:
    code = (
        "import sys; from sp_connect.stores.home.keyring_store import KeyringStore\n"
        "for name in ('linux', 'darwin', 'win32'): print(KeyringStore(None, 3, name).describe().backend)\n"
        "print(KeyringStore('a.B', 3).describe().backend, 'keyring' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        "Secret Service (GNOME Keyring, KWallet, KeePassXC)",
        "macOS Keychain",
        "Windows Credential Manager",
        "a.B False",
    ]


class TestSessionBus:
    """In cron, su and tmux no variable names the bus, and it is there all the same."""

    @pytest.mark.slow
    @pytest.mark.parametrize("backend", [None, SECRET_SERVICE])
    @pytest.mark.parametrize("named", [None, ""])
    def test_is_found_where_no_variable_names_it(
        self, session: Session, monkeypatch: pytest.MonkeyPatch, backend: str | None, named: str | None
    ) -> None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
        if named is not None:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", named)
        assert Path(session["XDG_RUNTIME_DIR"], "bus").is_socket()

        KeyringStore(backend, 30, platform="linux").keep(EU, Secret(TOKEN))

        assert KeyringStore(backend, 30, platform="linux").fetch(EU).reveal() == TOKEN
        assert os.environ.get("DBUS_SESSION_BUS_ADDRESS") == named, "no child inherits what the user did not set"

    def test_one_that_a_variable_names_is_the_only_one_that_is_asked(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert Path(session["XDG_RUNTIME_DIR"], "bus").is_socket()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")

        with pytest.raises(errors.StoreUnavailable, match="no keyring runs in this session"):
            real().fetch(EU)

    @pytest.mark.parametrize("kind", ["file", "link", "nothing"])
    def test_what_is_no_socket_of_this_user_is_none(self, tmp_path: Path, kind: str) -> None:
        environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(tmp_path / "elsewhere"))
            if kind == "file":
                (tmp_path / "bus").touch()
            elif kind == "link":
                (tmp_path / "bus").symlink_to(tmp_path / "elsewhere")

            with session_bus.named(environ):
                assert str(tmp_path) not in environ.get("DBUS_SESSION_BUS_ADDRESS", "")

    def test_its_path_is_written_as_an_address_has_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "run time,;"
        folder.mkdir()
        environ = {"XDG_RUNTIME_DIR": str(folder)}
        with socket.socket(socket.AF_UNIX) as bus:
            bus.bind(str(folder / "bus"))

            with session_bus.named(environ):
                assert environ["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={tmp_path}/run%20time%2c%3b/bus"

        assert "DBUS_SESSION_BUS_ADDRESS" not in environ
