"""`rename`: another name for a seller, tokens and all; a kill in between loses nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sp_connect import access, errors
from sp_connect.amazon import geography
from sp_connect.cli.filters import Selection
from sp_connect.commands import accept, invites, rename, verify
from sp_connect.simulator.faults import Fault
from sp_connect.stores.home.journal import Renamed
from tests.agency import Agency, writing
from tests.commands.given import connected, names, shell, token_of
from tests.commands.test_invites import clicked, one


def test_connections_and_tokens_have_the_new_name_alone(agency: Agency) -> None:
    before = [connected(agency, "acme", "eu"), connected(agency, "acme", "fe", "JP")]
    tokens = [token_of(agency, each) for each in before]

    after = rename.run(agency.runtime, "acme", "acme-gmbh")

    assert names(after) == ["acme-gmbh eu", "acme-gmbh fe-JP"]
    assert agency.runtime.connections.all() == tuple(after)
    assert [token_of(agency, each) for each in after] == tokens
    for each in before:
        with pytest.raises(errors.MissingToken):
            token_of(agency, each)


def test_amazon_still_takes_the_tokens(agency: Agency) -> None:
    connected(agency)
    rename.run(agency.runtime, "acme", "other")

    [finding], _ = verify.run(agency.runtime, Selection(), 1)

    assert finding.error is None


@pytest.mark.slow
def test_a_connection_that_is_made_and_refreshed_meanwhile_is_waited_for(agency: Agency) -> None:
    connected(agency)
    renaming = threading.Thread(target=lambda: rename.run(agency.runtime, "acme", "other"))

    with agency.runtime.changes.refreshing(geography.scope("acme", "na")):
        with agency.runtime.changes.refreshing(geography.scope("acme", "eu")):
            renaming.start()
            renaming.join(0.3)
            connected(agency, "acme", "na")
        renaming.join(0.5)
        assert renaming.is_alive()
        assert names(agency.runtime.connections.all()) == ["acme na", "acme eu"]
    renaming.join()

    assert names(agency.runtime.connections.all()) == ["other na", "other eu"]


def test_a_token_for_the_old_name_after_a_kill_loses_nothing(agency: Agency) -> None:
    made = connected(agency)
    agency.world.faults.add(Fault("token", "rotate"))
    changes = agency.runtime.changes
    killed = changes.journal.begin("vault", [made.secret_name, made.access_name], Renamed("acme", "other"))
    after = made._replace(scope=made.scope._replace(seller="other"), secret_ref="ref-other")
    agency.runtime.secrets.keep(after.secret_name, agency.runtime.secrets.fetch(made.secret_name))
    agency.runtime.connections.copy("acme", "other", [after])
    assert killed.path.exists()

    with pytest.raises(errors.NoSuchConnection):
        access.token(agency.runtime, made)

    assert agency.world.requests["token"] == 0
    assert agency.world.bearer(access.token(agency.runtime, after).value.reveal()).account.slug == "acme"


def test_another_seller_is_left_alone(agency: Agency) -> None:
    connected(agency, "acme")
    bravo = connected(agency, "bravo")

    rename.run(agency.runtime, "acme", "other")

    assert token_of(agency, bravo)
    assert names(agency.runtime.connections.all()) == ["bravo eu", "other eu"]


def test_keys_that_are_unknown_here_go_along(agency: Agency) -> None:
    connected(agency)
    file = agency.folder / "connections" / "acme.toml"
    file.write_text("note = 'ours'\n" + file.read_text())

    rename.run(agency.runtime, "acme", "other")

    assert "note = " in (agency.folder / "connections" / "other.toml").read_text()


def test_a_missing_token_stays_missing_and_the_rest_is_renamed(agency: Agency) -> None:
    lost = connected(agency, "acme", "eu")
    connected(agency, "acme", "na")
    agency.runtime.secrets.forget(lost.secret_name)

    after = rename.run(agency.runtime, "acme", "other")

    assert names(after) == ["other na", "other eu"]
    assert token_of(agency, after[0])
    with pytest.raises(errors.MissingToken):
        token_of(agency, after[1])


def test_a_pending_invite_goes_along_and_its_link_stays_good(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    made = one(agency, "acme", "fe", "JP")
    address = clicked(made)

    rename.run(agency.runtime, "acme", "other")

    assert [pending.scope.seller for pending in invites.pending(agency.runtime)[0]] == ["other"]
    assert accept.run(agency.runtime, address).connection.scope == geography.scope("other", "fe", "JP")


def test_a_name_that_another_client_is_invited_under_is_refused(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    one(agency, "other", "na")
    before = agency.files()

    with pytest.raises(errors.SellerInvited) as failure:
        rename.run(agency.runtime, "acme", "other")

    assert failure.value.exit_code == 2
    assert agency.files() == before


def test_the_browser_profile_goes_along(agency: Agency) -> None:
    connected(agency)
    cookies = agency.folder / "browsers" / "acme" / "chromium" / "Cookies"
    cookies.parent.mkdir(parents=True)
    cookies.write_text("signed in")

    rename.run(agency.runtime, "acme", "other")

    assert (agency.folder / "browsers" / "other" / "chromium" / "Cookies").read_text() == "signed in"
    assert not (agency.folder / "browsers" / "acme").exists()


@pytest.mark.parametrize(
    ("old", "new", "error", "code"),
    [
        ("acme", "bravo", errors.SellerExists, 2),
        ("acme", "acme", errors.Usage, 2),
        ("acme", "ACME!", errors.BadName, 2),
        ("../x", "other", errors.BadName, 2),
        ("nobody", "other", errors.NoSuchConnection, 6),
    ],
)
def test_what_cannot_be_changes_nothing(
    agency: Agency, old: str, new: str, error: type[errors.SpConnectError], code: int
) -> None:
    connected(agency, "acme")
    connected(agency, "bravo")
    before = agency.files()

    with pytest.raises(error) as failure:
        rename.run(agency.runtime, old, new)

    assert failure.value.exit_code == code
    assert agency.files() == before


def test_a_damaged_file_is_left_as_it_is(agency: Agency) -> None:
    connected(agency)
    (agency.folder / "connections" / "acme.toml").write_text("= nonsense")
    before = agency.files()

    with pytest.raises(errors.Damaged):
        rename.run(agency.runtime, "acme", "other")

    assert agency.files() == before


def test_json_is_what_is_connected_now(agency: Agency) -> None:
    connected(agency)
    given = shell(agency)

    rename.command(given.context, "acme", "other", json=True)

    assert [row["seller"] for row in given.json()] == ["other"]


class KilledError(BaseException):
    """What no `except` of the program stops, as a kill."""


@pytest.mark.parametrize("step", range(1, 13))
def test_killed_at_any_step_it_is_done_or_undone_by_the_next_command(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    connected(agency, "acme", "eu")
    connected(agency, "acme", "na")
    (agency.folder / "browsers" / "acme" / "chromium").mkdir(parents=True)
    token = {token_of(agency, each) for each in agency.runtime.connections.all()}
    left = [step]

    def counted(name: str) -> Callable[..., object]:
        original = getattr(Path, name)

        def call(*arguments: object) -> object:
            left[0] -= 1
            if left[0] <= 0:  # what is dead does nothing any more
                raise KilledError
            return original(*arguments)

        return call

    with monkeypatch.context() as patched:
        for name in ("replace", "rename", "unlink"):
            patched.setattr(Path, name, counted(name))
        with contextlib.suppress(KilledError):
            rename.run(agency.runtime, "acme", "other")

    with writing(agency.runtime):
        rows = agency.runtime.connections.all()

    assert names(rows) in (["acme na", "acme eu"], ["other na", "other eu"])
    assert {token_of(agency, each) for each in rows} == token
    assert {path.name for path in (agency.folder / "browsers").iterdir()} == {each.scope.seller for each in rows}
    assert not agency.runtime.changes.unfinished()


def test_a_profile_that_another_client_left_under_the_new_name_is_not_taken_over(agency: Agency) -> None:
    connected(agency)
    (agency.folder / "browsers" / "other" / "chromium").mkdir(parents=True)

    with pytest.raises(errors.Usage, match="is a browser profile of other already"):
        rename.run(agency.runtime, "acme", "other")

    assert names(agency.runtime.connections.all()) == ["acme eu"]
