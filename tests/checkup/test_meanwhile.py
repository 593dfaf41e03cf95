"""What others do between a first look of `doctor` and its verdict is seen: each check is made again under the lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from sp_connect.checkup import records, tokens
from sp_connect.checkup.context import Context
from sp_connect.models import Secret
from tests.agency import writing
from tests.stores.moving import unwatched
from tests.stores.samples import app
from tests.stores.test_identity import ACME, BRAVO, furnish, opened

pytestmark = pytest.mark.slow

FIX = pytest.mark.parametrize("fix", [False, True])


def looked(home: Path, *, fix: bool, passphrase: str = "correct horse") -> Context:
    """The facts of a home, after the first look."""
    context = Context(opened(home, SP_CONNECT_PASSPHRASE=passphrase), fix=fix, yes=True)
    assert context.records.rows
    assert context.contents is not None
    return context


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TESTS_RING", str(tmp_path / "ring"))
    furnish(tmp_path / "home")
    opened(tmp_path / "home", SP_CONNECT_PASSPHRASE="correct horse").migration().run("vault", unwatched)
    return tmp_path / "home"


def elsewhere(home: Path) -> None:
    """Another process moves everything to the keyring."""
    opened(home, SP_CONNECT_PASSPHRASE="correct horse").migration().run("keyring", unwatched)


def standings(home: Path) -> set[str]:
    return {one.standing for one in opened(home).connections.all()}


@FIX
def test_tokens_that_were_moved_are_not_marked_as_missing(home: Path, fix: bool) -> None:
    context = Context(opened(home, SP_CONNECT_PASSPHRASE="correct horse"), fix=fix, yes=True)
    assert context.records.rows
    elsewhere(home)
    context.__dict__["contents"] = opened(
        home, SP_CONNECT_PASSPHRASE="correct horse"
    ).vault.contents()  # read just after

    found = tokens.present(context)

    assert (found.result, found.error) == ("ok", None), found
    assert standings(home) == {"connected"}


@FIX
def test_a_token_that_was_replaced_is_not_missing(home: Path, fix: bool) -> None:
    context = Context(opened(home, SP_CONNECT_PASSPHRASE="correct horse"), fix=fix, yes=True)
    assert context.records.rows
    with writing(other := opened(home, SP_CONNECT_PASSPHRASE="correct horse")):
        other.changes.keep_connection(ACME._replace(secret_ref="ref-new"), Secret("Atzr|new"))
        other.changes.drop_connection(BRAVO.scope)

    found = tokens.present(context)

    assert (found.result, found.error) == ("ok", None), found
    assert standings(home) == {"connected"}


@FIX
def test_a_token_that_is_missing_is_still_found_and_marked(home: Path, fix: bool) -> None:
    with writing(world := opened(home, SP_CONNECT_PASSPHRASE="correct horse")):
        world.secrets.forget(ACME.secret_name)

    found = tokens.present(looked(home, fix=fix))

    assert found.result == "failed"
    assert standings(home) == ({"connected", "missing-token"} if fix else {"connected"})


@FIX
def test_a_secret_that_was_kept_since_is_not_unclaimed(home: Path, fix: bool) -> None:
    context = Context(opened(home, SP_CONNECT_PASSPHRASE="correct horse"), fix=fix, yes=True)
    assert context.records.rows
    assert context.apps
    with writing(other := opened(home, SP_CONNECT_PASSPHRASE="correct horse")):
        other.changes.keep_connection(ACME._replace(secret_ref="ref-new"), Secret("Atzr|new"))

    found = tokens.unclaimed(context)

    assert (found.result, found.fixed) == ("ok", False), found
    assert opened(home, SP_CONNECT_PASSPHRASE="correct horse").secrets.fetch(
        ACME._replace(secret_ref="ref-new").secret_name
    )


def test_an_app_that_was_registered_since_is_known(home: Path) -> None:
    context = Context(opened(home, SP_CONNECT_PASSPHRASE="correct horse"), fix=False, yes=True)
    assert context.apps
    with writing(other := opened(home, SP_CONNECT_PASSPHRASE="correct horse")):
        other.changes.keep_app(app("wider"), Secret("another client secret"))
        other.changes.keep_connection(ACME._replace(secret_ref="ref-new", app="wider"), Secret("Atzr|new"))

    assert records.apps_in_use(context).result == "ok"
