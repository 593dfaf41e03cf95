"""Who reads holds no lock: what a reader sees of sellers that come, go and change their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sp_connect.models import Connection, Secret
from sp_connect.stores.home import files, toml
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.journal import Journal, Renamed
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from tests.stores.samples import connection


class Busy(Connections):
    """Records of which another process changes some as soon as the folder has been looked at."""

    def __init__(self, folder: Path, change: Callable[[], None]) -> None:
        super().__init__(folder)
        self._change: list[Callable[[], None]] = [change]

    def of(self, seller: str) -> tuple[Connection, ...]:
        while self._change:
            self._change.pop()()
        return super().of(seller)


class Home:
    """A home with two sellers, `mia` and `zed`."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.records, self.journal = folder / "connections", folder / "unfinished"
        self.connections = Connections(self.records, Journal(self.journal).renames)
        apps, invites = Apps(folder / "config.toml"), Invites(folder / "invites")
        self.changes = Transactions(self.journal, folder / "lock", apps, self.connections, invites, vault)
        with self.changes.writing():
            for seller in ("mia", "zed"):
                self.changes.keep_connection(connection(seller), Secret("token"))

    def rename(self, old: str, new: str) -> None:
        with self.changes.writing():
            self.changes.rename_seller(old, new)


@pytest.fixture
def home(tmp_path: Path, vault: Vault) -> Home:
    return Home(tmp_path / "home", vault)


def names(connections: Sequence[Connection]) -> list[str]:
    return [one.scope.seller for one in connections]


@pytest.mark.parametrize("new", ["abe", "zoe"])
def test_a_seller_that_gets_another_name_while_all_are_read_is_there_once(home: Home, new: str) -> None:
    busy = Busy(home.records, lambda: home.rename("zed", new))
    assert names(busy.all()) == sorted(["mia", new])


def test_a_seller_that_is_forgotten_while_all_are_read_is_not_there(home: Home) -> None:
    busy = Busy(home.records, lambda: home.connections.drop("mia"))
    assert names(busy.all()) == ["zed"]


def test_a_folder_that_never_comes_to_rest_is_read_all_the_same(home: Home) -> None:
    class Restless(Connections):
        def of(self, seller: str) -> tuple[Connection, ...]:
            home.connections.put(connection(f"{seller}x"))
            return super().of(seller)

    found = names(Restless(home.records).all())
    assert {"mia", "zed"} < set(found)


def test_of_a_rename_that_is_not_finished_one_name_is_there(home: Home) -> None:
    [record] = home.connections.of("zed")
    with home.changes.writing(), home.changes.replacing((), (), Renamed("zed", "abe")):
        assert names(home.connections.all()) == ["mia", "zed"]
        home.connections.copy("zed", "abe", [connection("abe", secret_ref=record.secret_ref)])
        assert home.connections.has("zed")
        assert names(home.connections.all()) == ["abe", "mia"]
    assert not home.connections.has("zed")


def test_an_entry_that_is_finished_while_the_journal_is_read_is_no_damage(home: Home) -> None:
    class Quick(Journal):
        def paths(self) -> tuple[Path, ...]:
            return (*super().paths(), self._folder / "finished.toml")

    begun = home.changes.journal.begin("vault", ())
    journal = Quick(home.journal)
    assert [entry.path for entry in journal.entries()] == [begun.path]
    assert [entry.path for entry in journal.readable()] == [begun.path]
    assert journal.damages() == []


def test_a_damaged_journal_hides_nobody(home: Home) -> None:
    files.replace(home.journal / "damaged.toml", b"\xff")
    toml.write(home.journal / "unknown.toml", {"store": "vault", "renamed": {"old": "zed"}})
    assert names(home.connections.all()) == ["mia", "zed"]
