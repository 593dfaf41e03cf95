"""Replacing a secret: whatever happens on the way, every record has its secret and no secret is left over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.models import App, Connection, Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home import files
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.journal import Journal
from sp_connect.stores.home.pending import Pending, Row
from sp_connect.stores.home.transactions import Transactions
from tests import secret_service
from tests.secret_service import Session
from tests.stores import crash
from tests.stores.samples import app, connection

OLD, NEW = "ref-old", "ref-new"


class Remembering:
    """A secret store in memory, which can be locked, or interrupted as it keeps."""

    name: secret_store.StoreName = "vault"

    def __init__(self) -> None:
        self.secrets: dict[SecretName, Secret] = {}
        self.locked = False
        self.failure: BaseException | None = None

    def keep(self, name: SecretName, value: Secret) -> None:
        self.secrets[name] = value
        if self.failure:
            raise self.failure

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        for name, value in values.items():
            self.keep(name, value)

    def fetch(self, name: SecretName) -> Secret:
        return self.secrets[name]

    def forget(self, name: SecretName) -> None:
        if self.locked:
            raise errors.StoreLocked("The keyring is locked.", "unlock it")
        self.secrets.pop(name, None)

    def forget_all(self, names: Iterable[SecretName]) -> None:
        for name in names:
            self.forget(name)

    def describe(self) -> secret_store.StoreDescription:
        return secret_store.StoreDescription("vault", "memory", None, None)

    @property
    def values(self) -> list[str]:
        return [secret.reveal() for secret in self.secrets.values()]


class Home:
    """A home with a connection of acme and an app, and a store that remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.apps = Apps(folder / "config.toml")
        self.connections = Connections(folder / "connections")
        self.store = Remembering()
        self.changes = Transactions(
            folder / "changes", folder / "lock", self.apps, self.connections, Invites(folder / "invites"), self.store
        )
        with self.changes.writing():
            self.changes.keep_connection(connection(secret_ref=OLD), Secret("old"))

    def keep_new(self) -> None:
        with self.changes.writing():
            self.changes.keep_connection(connection(secret_ref=NEW), Secret("new"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_new_secret_takes_the_place_of_the_old(home: Home) -> None:
    home.keep_new()
    assert home.connections.all() == (connection(secret_ref=NEW),)
    assert home.store.values == ["new"]
    assert home.changes.unfinished() == ()


def test_dropping_forgets_record_and_secret_and_absence_is_fine(home: Home) -> None:
    with home.changes.writing():
        home.changes.drop_connection(connection().scope)
        home.changes.drop_connection(connection().scope)
    assert home.connections.all() == ()
    assert home.store.values == []


def test_the_secret_of_an_app_is_replaced_and_dropped_alike(home: Home) -> None:
    with home.changes.writing():
        home.changes.keep_app(app(secret_ref="one"), Secret("app one"))
        home.changes.keep_app(app("other"), Secret("app other"))
        home.changes.keep_app(app(secret_ref="two"), Secret("app two"))
    assert sorted(home.store.values) == ["app other", "app two", "old"]
    with home.changes.writing():
        home.changes.drop_app("default")
        with pytest.raises(errors.NoSuchApp):
            home.changes.drop_app("default")
    assert sorted(home.store.values) == ["app other", "old"]


def test_the_other_secrets_of_a_seller_stay(home: Home) -> None:
    with home.changes.writing():
        home.changes.keep_connection(connection("acme", "na"), Secret("na"))
        home.changes.drop_connection(connection().scope)
    assert home.store.values == ["na"]


@pytest.mark.parametrize("failure", [errors.StoreUnavailable("full"), KeyboardInterrupt(), RuntimeError("bug")])
def test_a_failure_leaves_the_old_record_with_its_secret(home: Home, failure: BaseException) -> None:
    home.store.failure = failure
    with pytest.raises(type(failure)):
        home.keep_new()
    assert home.connections.all() == (connection(secret_ref=OLD),)
    assert home.store.values == ["old"]
    assert home.changes.unfinished() == ()


def test_a_failure_after_the_record_keeps_the_new_secret(home: Home) -> None:
    new = connection(secret_ref=NEW)
    old = connection(secret_ref=OLD).secret_name

    def fail_late() -> None:
        with home.changes.writing(), home.changes.replacing([new.secret_name], [old]):
            home.store.keep(new.secret_name, Secret("new"))
            home.connections.put(new)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_late()
    assert home.store.values == ["new"]


def test_a_store_that_cannot_forget_now_does_so_the_next_time(home: Home) -> None:
    home.store.locked = True
    home.keep_new()
    assert sorted(home.store.values) == ["new", "old"]
    (entry,) = home.changes.unfinished()
    assert "old\n" not in entry.read_text()
    with home.changes.writing():
        assert home.changes.unfinished() == (entry,)
    home.store.locked = False
    with home.changes.writing():
        assert home.store.values == ["new"]
    assert home.changes.unfinished() == ()


def test_a_change_waits_for_the_store_that_it_was_made_in(home: Home) -> None:
    home.store.locked = True
    home.keep_new()
    home.store.locked = False
    home.store.name = "keyring"
    with home.changes.writing():
        assert len(home.changes.unfinished()) == 1
    home.store.name = "vault"
    with home.changes.writing():
        assert home.changes.unfinished() == ()


def test_the_journal_holds_no_secret(home: Home) -> None:
    home.store.locked = True
    with home.changes.writing():
        home.changes.keep_connection(connection(secret_ref=NEW), Secret("Atzr|hush"))
    assert not any(b"hush" in path.read_bytes() for path in home.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("text", ["?", "", "store = 'vault'\nsecret = [{kind='x', owner='a', item='i', ref='r'}]"])
def test_a_damaged_entry_is_told_and_left_alone_and_keeps_no_token_from_being_kept(home: Home, text: str) -> None:
    entry = home.folder / "changes" / "0123.toml"
    entry.write_text(text)

    home.keep_new()

    assert home.store.values == ["new"]
    assert [damage.path for damage in home.changes.journal.damages()] == [entry]
    assert entry.read_text() == text


def test_another_sellers_damaged_file_does_not_hinder_a_change(home: Home) -> None:
    (home.folder / "connections" / "beta.toml").write_text("?")
    home.keep_new()
    assert home.store.values == ["new"]
    assert home.changes.unfinished() == ()


def test_many_connections_take_one_entry_and_one_write_a_seller(home: Home) -> None:
    new = [connection(secret_ref=NEW), *crash.more()]
    with home.changes.writing():
        home.changes.keep_connections([(one, Secret(f"{one.scope}")) for one in new])
    assert sorted(home.store.values) == sorted(str(one.scope) for one in new)
    assert set(home.connections.all()) == set(new)
    assert home.changes.unfinished() == ()


def test_of_two_for_one_place_the_last_is_kept_and_no_secret_is_left_over(home: Home) -> None:
    twins = [connection("beta", secret_ref=ref) for ref in ("ref-one", "ref-two")]
    with home.changes.writing():
        home.changes.keep_connections([(one, Secret(one.secret_ref)) for one in twins])
    assert home.connections.of("beta") == (twins[1],)
    assert home.store.values == ["old", "ref-two"]


def test_an_owner_whose_file_is_damaged_keeps_no_other_waiting(tmp_path: Path) -> None:
    changes, store = crash.changes_of(tmp_path, "vault"), crash.store_of(tmp_path, "vault")
    names = [SecretName("seller", name, "eu", "left-over") for name in ("acme", "beta", "gamma")]
    store.keep_all({name: Secret("x") for name in names})
    damaged = tmp_path / "vault" / "sellers" / "beta.sealed"
    damaged.write_bytes(b"?")
    with changes.writing(), changes.replacing(names, ()):
        pass
    for name in (names[0], names[2]):
        with pytest.raises(errors.MissingToken):
            store.fetch(name)
    (entry,) = changes.unfinished()
    assert [name.owner for name in names if f'"{name.owner}"' in entry.read_text()] == ["beta"]
    damaged.unlink()
    with changes.writing():
        assert changes.unfinished() == ()


@pytest.mark.parametrize("failure", [errors.StoreUnavailable("full"), KeyboardInterrupt()])
def test_a_failure_among_many_leaves_no_secret_without_its_record(home: Home, failure: BaseException) -> None:
    home.store.failure = failure
    with pytest.raises(type(failure)), home.changes.writing():
        home.changes.keep_connections([(one, Secret("more")) for one in crash.more()])
    assert home.store.values == ["old"]
    assert home.connections.all() == (connection(secret_ref=OLD),)


def records(folder: Path) -> list[App | Connection]:
    return [*Apps(folder / "config.toml").all(), *Connections(folder / "connections").all()]


def run(folder: Path, kind: str, deed: str, step: int) -> int:
    command = [sys.executable, "-m", "tests.stores.crash", str(folder), kind, deed, str(step)]
    return subprocess.run(command, check=False).returncode


def kill_at_every_step(home: Path, kind: str, deed: str) -> int:
    """Does a deed again and again, killed a step later each time; looks at what the next run makes of it."""
    changes = crash.changes_of(home, kind)
    store = crash.store_of(home, kind)
    for step in range(1, 20):
        with changes.writing():
            begin(changes)
        ended = run(home, kind, deed, step)
        assert ended in (0, -9)
        with changes.writing():
            check(home, store)
        if deed == "keep_connections":
            check_whole_sellers(home)
        if ended == 0:
            return step - 1
    pytest.fail("there are fewer steps than that")


def begin(changes: Transactions) -> None:
    """acme's connection in Europe and the app, as they were before; nothing of what a deed adds."""
    for one in crash.more():
        changes.drop_connection(one.scope)
    changes.keep_connection(connection(secret_ref=OLD), Secret("old"))
    changes.keep_app(app(secret_ref=OLD), Secret("old"))


def check(home: Path, store: secret_store.SecretStore) -> None:
    named = {record.secret_name for record in records(home)}
    for one in crash.more():
        if one.secret_name in named:
            assert store.fetch(one.secret_name).reveal() == "more"
        else:
            with pytest.raises(errors.MissingToken):
                store.fetch(one.secret_name)
    for name in [one(secret_ref=ref).secret_name for one in (app, connection) for ref in (OLD, NEW)]:
        if name in named:
            assert store.fetch(name).reveal() == name.ref.removeprefix("ref-")
        else:
            with pytest.raises(errors.MissingToken):
                store.fetch(name)
    assert files.names(home / "changes") == []


def check_whole_sellers(home: Path) -> None:
    """Of what `keep_connections` adds, each seller has everything or nothing."""
    new = {(r.scope.seller, r.scope.item) for r in Connections(home / "connections").all() if r.secret_ref != OLD}
    for seller, places in {"acme": {"eu", "na"}, "beta": {"na", "eu"}, "gamma": {"eu"}}.items():
        assert {item for name, item in new if name == seller} in (set(), places)


@pytest.mark.slow
@pytest.mark.parametrize("deed", ["keep_connection", "keep_connections", "drop_connection", "keep_app", "drop_app"])
def test_a_kill_at_any_step_leaves_each_record_its_secret(tmp_path: Path, deed: str) -> None:
    # A kept access token is forgotten with the refresh token, or the client secret, that it came from: two steps more.
    steps = {"keep_connection": 8, "keep_connections": 8, "drop_connection": 6, "keep_app": 8, "drop_app": 4}[deed]
    assert kill_at_every_step(tmp_path, "vault", deed) == steps


@pytest.mark.slow
@pytest.mark.usefixtures("session")
def test_the_same_holds_on_a_real_keyring(tmp_path: Path) -> None:
    assert kill_at_every_step(tmp_path, "keyring", "keep_connection") == 8


@pytest.mark.slow
@pytest.mark.usefixtures("session")
def test_many_at_once_are_as_safe_on_a_real_keyring(tmp_path: Path) -> None:
    assert kill_at_every_step(tmp_path, "keyring", "keep_connections") == 8


def test_a_keyring_locked_after_the_commit_is_no_failure(tmp_path: Path, session: Session) -> None:
    changes = crash.changes_of(tmp_path, "keyring")
    with changes.writing():
        changes.keep_connection(connection(secret_ref=OLD), Secret("old"))
        secret_service.lock(session)
        changes.drop_connection(connection().scope)
    assert records(tmp_path) == []
    assert len(changes.unfinished()) == 1


KEPT = 2
"""The step at which `keep_connection` has kept the new token, and written no record."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vault", "keyring"])
def test_a_token_that_was_kept_before_the_kill_gets_its_record(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "keyring":
        request.getfixturevalue("session")
    changes = killed_once_the_token_is_kept(tmp_path, kind)
    with changes.writing():
        assert Connections(tmp_path / "connections").all() == (connection(secret_ref=NEW),)
    check(tmp_path, crash.store_of(tmp_path, kind))


@pytest.mark.slow
def test_a_record_that_changed_since_the_kill_stays_as_it_is(tmp_path: Path) -> None:
    changes = killed_once_the_token_is_kept(tmp_path, "vault")
    other = connection(secret_ref="ref-other")
    Connections(tmp_path / "connections").put(other)
    with changes.writing():
        assert Connections(tmp_path / "connections").all() == (other,)
    with pytest.raises(errors.MissingToken):
        crash.store_of(tmp_path, "vault").fetch(connection(secret_ref=NEW).secret_name)


def test_what_is_revoked_before_a_locked_store_forgets_does_not_come_back(home: Home) -> None:
    home.store.locked = True
    bravo = connection("bravo", secret_ref="ref-bravo")
    with home.changes.writing():
        home.changes.keep_connections([(connection(secret_ref=NEW), Secret("new")), (bravo, Secret("bravo"))])
    with home.changes.writing():
        home.changes.drop_connection(bravo.scope)
    home.store.locked = False

    with home.changes.writing():
        assert home.connections.all() == (connection(secret_ref=NEW),)
    assert home.store.values == ["new"]
    assert home.changes.unfinished() == ()


@pytest.mark.slow
def test_after_a_kill_a_damaged_file_keeps_no_other_sellers_record_waiting(tmp_path: Path) -> None:
    changes = crash.changes_of(tmp_path, "vault")
    with changes.writing():
        begin(changes)
    assert run(tmp_path, "vault", "keep_connections", KEPT) == -9
    damaged = tmp_path / "connections" / "beta.toml"
    damaged.write_text("?")
    with changes.writing():
        assert Connections(tmp_path / "connections").of("gamma")
    damaged.unlink()
    with changes.writing():
        assert len(Connections(tmp_path / "connections").of("beta")) == 2
    check(tmp_path, crash.store_of(tmp_path, "vault"))


def killed_once_the_token_is_kept(home: Path, kind: str) -> Transactions:
    """acme's renewal, cut short; returns the changes of another process."""
    changes = crash.changes_of(home, kind)
    with changes.writing():
        begin(changes)
    assert run(home, kind, "keep_connection", KEPT) == -9
    return changes


class Full(Connections):
    """Records on a disk that takes none."""

    def put_all(self, connections: Iterable[Connection]) -> None:  # noqa: ARG002 - as the real one
        raise errors.StoreUnavailable("the disk is full.")


def test_a_token_in_place_of_a_dead_one_waits_for_its_record_where_the_disk_is_full(home: Home) -> None:
    full = Transactions(
        home.folder / "changes",
        home.folder / "lock",
        home.apps,
        Full(home.folder / "connections"),
        Invites(home.folder / "invites"),
        home.store,
    )
    with pytest.raises(errors.StoreUnavailable, match="full"):
        full.renew_token(connection(secret_ref=OLD), Secret("new"))
    with home.changes.writing():
        [now] = home.connections.all()
    assert home.store.fetch(now.secret_name).reveal() == "new"
    assert home.store.values == ["new"]
    assert home.changes.unfinished() == ()


# The journal, the secrets, the records, the old secret: each is cut short once, and the last run is not.
@pytest.mark.slow
@pytest.mark.parametrize(("name", "runs"), [("keep_connection", 5), ("keep_connections", 1 + 3 + 3 + 1 + 1)])
def test_a_kill_at_any_rename_leaves_each_record_its_secret(tmp_path: Path, name: str, runs: int) -> None:
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    call = "rename,renameat,renameat2"
    no_bytecode = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # Python renames there, too
    changes, store = crash.changes_of(tmp_path, "vault"), crash.store_of(tmp_path, "vault")
    for count in range(1, 20):
        with changes.writing():
            begin(changes)
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={count}"]
        deed = [sys.executable, "-m", "tests.stores.crash", str(tmp_path), "vault", name, "0"]
        traced = ["strace", "-f", "-qq", "-o", "/dev/null", *inject, *deed]
        killed = subprocess.run(traced, env=no_bytecode, check=False).returncode
        assert killed in (0, -9)
        with changes.writing():
            check(tmp_path, store)
        if name == "keep_connections":
            check_whole_sellers(tmp_path)
        if not killed:
            assert count == runs
            return
    pytest.fail("there are fewer renames than that")


def test_threads_of_one_process_queue_for_the_lock_without_a_deadline(tmp_path: Path) -> None:
    apps, connections = Apps(tmp_path / "config.toml"), Connections(tmp_path / "connections")
    changes = Transactions(
        tmp_path / "unfinished", tmp_path / "lock", apps, connections, Invites(tmp_path / "invites"), Remembering()
    )
    done: list[str] = []

    def write() -> None:
        with changes.writing(wait=0):
            done.append("written")

    thread = threading.Thread(target=write)
    with changes.writing():
        thread.start()
        thread.join(0.3)
    thread.join(10)

    assert done == ["written"]


def test_a_record_of_unknown_date_waits_in_an_entry_that_version_0_9_leaves_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    waiting = Pending((Row(connection(authorized_at=None), None),))

    entry = journal.begin("vault", [], pending=waiting)

    assert entry.path.read_text().startswith("schema = 2\n")
    assert [one.pending for one in journal.entries()] == [waiting]
    journal.note(entry._replace(pending=Pending((Row(connection(), None),))))
    assert entry.path.read_text().startswith("schema = 1\n")
