"""The index of accounts: never out of date, whatever becomes of the files, and never needed."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home.account_index import FEW, AccountIndex
from sp_connect.stores.home.connections import Connections
from tests.stores.samples import connection

TICK = 30 * 10**6
"""Nanoseconds: more than a tick of any Linux kernel's clock, and little enough to be slept through."""

MANY = FEW + 8


class Reader:
    """Reads a file that holds accounts, one a line, and counts how often it is asked to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reads = 0

    def accounts(self, index: AccountIndex, name: str) -> frozenset[str]:
        def read() -> Iterable[str]:
            self.reads += 1
            return (self.folder / name).read_text().split()

        return frozenset(index.of(self.folder, name, read))

    def all(self, index: AccountIndex) -> dict[str, frozenset[str]]:
        names = sorted(path.name for path in self.folder.iterdir())
        found = {name: self.accounts(index, name) for name in names}
        index.write(lambda: names)
        return found


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"seller-{number}").write_text(f"A{number}")
    time.sleep(2 * TICK / 1e9)
    return Reader(folder)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.json"


def test_what_one_process_has_read_the_next_need_not(reader: Reader, path: Path) -> None:
    first = reader.all(AccountIndex(path, TICK))
    assert reader.reads == MANY
    assert first["seller-7"] == {"A7"}

    assert reader.all(AccountIndex(path, TICK)) == first
    assert reader.reads == MANY


def test_a_file_that_was_changed_just_now_is_read_again_each_time(reader: Reader, path: Path) -> None:
    reader.all(AccountIndex(path, TICK))
    changed = reader.folder / "seller-3"
    changed.write_text("B3")

    index = AccountIndex(path, 60 * 10**9)
    assert [reader.all(index)["seller-3"] for _ in range(3)] == [{"B3"}] * 3
    assert reader.reads == MANY + 3


def test_few_new_files_are_not_worth_a_write(reader: Reader, path: Path) -> None:
    reader.all(AccountIndex(path, TICK))
    before = path.stat()
    (reader.folder / "new").write_text("C")
    time.sleep(2 * TICK / 1e9)

    assert reader.all(AccountIndex(path, TICK))["new"] == {"C"}
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_is_gone_goes_from_the_index_with_the_next_write(reader: Reader, path: Path) -> None:
    reader.all(AccountIndex(path, TICK))
    for number in range(MANY):
        (reader.folder / f"seller-{number}").rename(reader.folder / f"client-{number}")
    time.sleep(2 * TICK / 1e9)

    reader.all(AccountIndex(path, TICK))

    assert sorted(json.loads(path.read_bytes())["files"]) == sorted(f"client-{n}" for n in range(MANY))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_it_is_never_out_of_date(reader: Reader, path: Path, seed: int) -> None:
    chance = random.Random(seed)
    indexes = [AccountIndex(path, TICK) for _ in range(2)]
    for turn in range(300):
        one, other = chance.sample(sorted(reader.folder.iterdir()), 2)
        before = one.stat()
        act = chance.choice(("write", "replace", "swap", "hide", "copy", "wait"))
        if act == "write":
            one.write_text(chance.choice(("A1", "B2", f"A{turn} A1")))
        elif act == "replace":
            (beside := reader.folder.with_name("beside")).write_text(f"B{turn}")
            beside.replace(one)
        elif act == "swap":
            one.rename(beside := reader.folder.with_name("beside"))
            other.rename(one)
            beside.rename(other)
        elif act == "hide":  # a change of the same length, with the time that the file had before
            one.write_text("".join(reversed(one.read_text())))
            os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))
        elif act == "copy":
            one.write_bytes(other.read_bytes())
        else:
            time.sleep(TICK / 1e9)
        if chance.random() < 0.1:
            indexes[0] = AccountIndex(path, TICK)

        truth = {file.name: frozenset(file.read_text().split()) for file in reader.folder.iterdir()}
        assert [reader.all(index) for index in indexes] == [truth] * 2
    assert reader.reads < 300 * 2 * MANY / 3


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b'{"schema": ',
        b'{"schema": \xff\xfe',
        b'{"schema": 2, "files": {"seller-1": [[1, 2, 3, 4], ["X"]]}}',
        b'{"schema": 1, "files": []}',
        b'{"schema": 1, "files": {"seller-1": 7}}',
        b'{"schema": 1, "files": {"seller-1": [1, 2]}}',
        b'{"schema": 1, "files": {"seller-1": [[1, 2, 3, 4], [7]]}}',
        b'{"schema": 1, "files": {"seller-1": [[1], ["X"], "Y"]}}',
        b'{"schema": ' + b"[" * 100_000,
    ],
)
def test_one_that_is_spoilt_is_made_anew(reader: Reader, path: Path, spoilt: bytes) -> None:
    path.write_bytes(spoilt)

    assert reader.all(AccountIndex(path, TICK))["seller-1"] == {"A1"}
    assert json.loads(path.read_bytes())["files"]["seller-1"][1] == ["A1"]


@pytest.mark.parametrize("theirs", [b"{", b"\xff\xfe", b"null", b'[{"bank": "mine"}]', b"{}", b"[" * 100_000])
def test_a_file_that_somebody_else_made_is_left_alone(reader: Reader, path: Path, theirs: bytes) -> None:
    path.write_bytes(theirs)

    assert reader.all(AccountIndex(path, TICK))["seller-1"] == {"A1"}
    assert path.read_bytes() == theirs


def test_one_that_cannot_be_written_costs_time_alone(reader: Reader, path: Path) -> None:
    path.mkdir()

    found = [reader.all(AccountIndex(path, TICK)) for _ in range(2)]

    assert found[0] == found[1]
    assert reader.reads == 2 * MANY


def test_a_link_is_never_noted(reader: Reader, path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("D")
    (reader.folder / "seller-0").unlink()
    (reader.folder / "seller-0").symlink_to(tmp_path / "elsewhere")
    reader.all(AccountIndex(path, TICK))

    assert "seller-0" not in json.loads(path.read_bytes())["files"]


class TestConnections:
    def test_the_connections_of_an_account_are_found_whoever_has_it(self, tmp_path: Path) -> None:
        records = Connections(tmp_path / "connections")
        records.put_all(connection(f"seller-{n}", selling_partner_id=f"A{n % 50:012}") for n in range(100))

        found = records.of_account(f"A{7:012}")

        assert [one.scope.seller for one in found] == ["seller-57", "seller-7"]
        assert records.of_account("A") == ()

    def test_a_damaged_file_may_name_any_account(self, tmp_path: Path) -> None:
        records = Connections(tmp_path / "connections")
        records.put_all(connection(name, selling_partner_id=f"A{name}") for name in ("acme", "bravo"))
        (tmp_path / "connections" / "bravo.toml").write_text("half a li")

        with pytest.raises(errors.Damaged, match="bravo"):
            records.of_account("Aacme")
        assert [one.scope.seller for one in records.of_account("Aacme", sparing=True)] == ["acme"]
