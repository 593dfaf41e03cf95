"""What is remembered in a file: by a later process, and by several at once."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.simulator.world import BUILT_IN, InvalidGrantError, World
from tests.simulator.box import EUROPE, REDIRECT_URI, Clock


def acme(world: World, name: str = "acme") -> str:
    account = world.someone(name)[1]
    return world.consent(BUILT_IN, account, EUROPE, REDIRECT_URI)


def consent_often(file: Path, name: str) -> None:
    world = World(file)
    for number in range(5):
        acme(world, f"{name}-{number}")


def test_another_world_continues_where_one_ended(tmp_path: Path) -> None:
    file, clock = tmp_path / "amazon.json", Clock()
    one = World(file, now=clock)
    given = one.exchange(BUILT_IN, acme(one), REDIRECT_URI)
    access_token = one.access_token(given)

    other = World(file, now=clock)
    assert other.refresh(BUILT_IN, given.refresh_token) == given
    assert other.bearer(access_token) == given


def test_worlds_that_share_a_file_see_each_others_changes(tmp_path: Path) -> None:
    file, clock = tmp_path / "amazon.json", Clock()
    one, other = World(file, now=clock), World(file, now=clock)
    code = acme(one)
    given = other.exchange(BUILT_IN, code, None)
    with pytest.raises(InvalidGrantError):
        one.exchange(BUILT_IN, code, None)
    assert one.revoke(BUILT_IN.application_id, given.account.selling_partner_id) == 1
    with pytest.raises(InvalidGrantError):
        other.refresh(BUILT_IN, given.refresh_token)


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "amazon.json"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=consent_often, args=(file, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        writer.close()
    assert len(World(file).authorizations()) == 15


def test_a_file_that_was_deleted_is_an_amazon_that_forgot(tmp_path: Path) -> None:
    file = tmp_path / "amazon.json"
    world = World(file)
    acme(world)
    file.unlink()
    assert world.authorizations() == ()
    acme(world)
    assert len(world.authorizations()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"authorizations": [{}], "codes": []}', "\xff"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "amazon.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(errors.Damaged, match=r"amazon\.json"):
        World(file)


def test_nothing_is_written_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    acme(World())
    assert list(tmp_path.iterdir()) == []


def test_codes_that_died_are_swept(tmp_path: Path) -> None:
    file, clock = tmp_path / "amazon.json", Clock()
    world = World(file, now=clock)
    old = acme(world)
    clock.pass_by(timedelta(days=2))
    acme(world)
    assert old not in file.read_text()
