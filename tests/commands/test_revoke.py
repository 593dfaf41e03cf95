"""`revoke`: what is forgotten here, what is not, and what the person is told about Amazon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sp_connect import access, errors
from sp_connect.cli.filters import Selection
from sp_connect.commands import revoke, verify
from sp_connect.models import Connection, Secret
from sp_connect.runtime import Runtime
from sp_connect.simulator.faults import Fault
from sp_connect.stores.home.keyring_store import KeyringStore
from tests.agency import Agency, writing
from tests.commands.given import connected, end_at_amazon, kept, left, names, shell, token_of, typing


def options(seller: str = "acme", **flags: Any) -> revoke.Options:
    wanted: dict[str, Any] = {
        "region": None,
        "country": None,
        "every": False,
        "yes": True,
        "wait": False,
        "missing_ok": False,
    }
    return revoke.Options(seller=seller, **(wanted | flags))


def run(agency: Agency, seller: str = "acme", **flags: Any) -> list[str]:
    return names(list(revoke.run(agency.runtime, options(seller, **flags))))


@pytest.fixture
def everywhere(agency: Agency) -> list[Connection]:
    """acme in two regions and two Far East countries, and charlie beside it with a separate account of India."""
    places = [("acme", "na", None), ("acme", "eu", None), ("acme", "fe", "JP"), ("acme", "fe", "AU")]
    places += [("charlie-gmbh", "eu", None), ("charlie-gmbh", "eu", "IN")]
    return [connected(agency, *place) for place in places]


def test_the_token_and_the_record_are_gone(agency: Agency) -> None:
    made = connected(agency)

    assert run(agency) == ["acme eu"]

    assert left(agency) == []
    with pytest.raises(errors.MissingToken):
        agency.runtime.secrets.fetch(made.secret_name)
    assert not [name for name in agency.files() if "acme" in name]


def test_the_authorization_at_amazon_is_left_to_the_seller(agency: Agency) -> None:
    connected(agency)

    run(agency)

    assert [agency.world.is_good(a) for a in agency.world.authorizations()] == [True]
    assert agency.world.requests["token"] == 0


class TestWhich:
    def test_one_by_region(self, agency: Agency, everywhere: list[Connection]) -> None:
        assert run(agency, region="EU") == ["acme eu"]
        assert left(agency) == [n for n in names(everywhere_in_order(everywhere)) if n != "acme eu"]

    @pytest.mark.parametrize("region", ["fe", None])
    def test_one_by_country(self, agency: Agency, everywhere: list[Connection], region: str | None) -> None:
        assert run(agency, region=region, country="jp") == ["acme fe-JP"]
        assert len(left(agency)) == len(everywhere) - 1

    def test_a_region_means_its_own_connection_and_not_the_separate_countries(
        self, agency: Agency, everywhere: list[Connection]
    ) -> None:
        assert run(agency, "charlie-gmbh", region="eu") == ["charlie-gmbh eu"]
        assert "charlie-gmbh eu-IN" in left(agency)
        assert len(everywhere) == 6

    def test_a_region_with_all_means_the_separate_countries_too(
        self, agency: Agency, everywhere: list[Connection]
    ) -> None:
        assert run(agency, "charlie-gmbh", region="eu", every=True) == ["charlie-gmbh eu", "charlie-gmbh eu-IN"]
        assert len(left(agency)) == len(everywhere) - 2

    def test_all_of_one_seller_are_forgotten_and_no_other_sellers(
        self, agency: Agency, everywhere: list[Connection]
    ) -> None:
        assert run(agency, every=True) == ["acme na", "acme eu", "acme fe-JP", "acme fe-AU"]
        assert left(agency) == ["charlie-gmbh eu", "charlie-gmbh eu-IN"]
        for connection in everywhere[4:]:
            assert token_of(agency, connection)

    @pytest.mark.parametrize(
        ("region", "named"), [(None, ["North America", "Europe & India", "Japan"]), ("fe", ["Japan", "Australia"])]
    )
    def test_several_without_all_are_named_and_nothing_is_changed(
        self, agency: Agency, everywhere: list[Connection], region: str | None, named: list[str]
    ) -> None:
        before = agency.files()

        with pytest.raises(errors.WhichConnection) as failure:
            run(agency, region=region)

        assert failure.value.exit_code == 2
        assert all(place in failure.value.message for place in named)
        assert "--all" in (failure.value.hint or "")
        assert agency.files() == before
        assert len(left(agency)) == len(everywhere)

    @pytest.mark.parametrize("flags", [{"seller": "nobody"}, {"region": "na"}, {"country": "SG"}])
    def test_what_is_not_connected_is_not_found(self, agency: Agency, flags: dict[str, str]) -> None:
        connected(agency)

        with pytest.raises(errors.NoSuchConnection) as failure:
            run(agency, **flags)

        assert failure.value.exit_code == 6

    def test_a_name_that_is_nearly_one_is_asked_about(self, agency: Agency) -> None:
        connected(agency)

        with pytest.raises(errors.NoSuchConnection) as failure:
            run(agency, seller="acmee")

        assert (failure.value.hint or "").startswith("did you mean acme?")

    def test_missing_ok_lets_nothing_be_enough(self, agency: Agency) -> None:
        connected(agency)

        assert run(agency, region="na", missing_ok=True) == []
        assert left(agency) == ["acme eu"]

    def test_missing_ok_prints_an_empty_array(self, agency: Agency) -> None:
        given = shell(agency)

        revoke.command(given.context, "acme", yes=True, missing_ok=True, json=True)

        assert given.json() == []

    @pytest.mark.parametrize("flags", [{"seller": "../acme"}, {"region": "asia"}, {"region": "eu", "country": "JP"}])
    def test_what_cannot_be_meant_is_a_usage_error_even_with_missing_ok(
        self, agency: Agency, flags: dict[str, str]
    ) -> None:
        with pytest.raises(errors.Usage):
            run(agency, missing_ok=True, **flags)


def everywhere_in_order(connections: list[Connection]) -> list[Connection]:
    return sorted(connections, key=lambda c: c.scope.seller)


class TestPrompt:
    @pytest.mark.parametrize("typed", ["y\n", "YES\n", " yes \n"])
    def test_yes_forgets(self, agency: Agency, typed: str) -> None:
        connected(agency)

        list(revoke.run(typing(agency, typed), options(yes=False)))

        assert left(agency) == []
        assert "Delete acme in Europe & India (A2EXAMPLE1234) from this machine? [y/N]" in agency.said()

    @pytest.mark.parametrize("typed", ["n\n", "\n", "yep\n", ""])
    def test_anything_else_changes_nothing(self, agency: Agency, typed: str) -> None:
        connected(agency)
        before = agency.files()

        with pytest.raises(errors.Aborted) as failure:
            list(revoke.run(typing(agency, typed), options(yes=False)))

        assert failure.value.exit_code == 1
        assert agency.files() == before

    def test_without_a_terminal_the_flag_is_told(self, agency: Agency) -> None:
        connected(agency)
        before = agency.files()

        with pytest.raises(errors.NeedsFlag) as failure:
            run(agency, yes=False)

        assert failure.value.exit_code == 2
        assert failure.value.hint == "add --yes"
        assert agency.files() == before

    def test_what_is_not_there_is_told_before_anything_is_asked(self, agency: Agency) -> None:
        with pytest.raises(errors.NoSuchConnection):
            list(revoke.run(typing(agency, "y\n"), options(yes=False)))

        assert "[y/N]" not in agency.said()

    def test_the_question_reads_as_one(self, agency: Agency) -> None:
        connected(agency)

        with pytest.raises(errors.NeedsFlag) as failure:
            run(agency, yes=False)

        assert "?," not in failure.value.message


class TestStore:
    def test_a_store_that_cannot_be_asked_changes_nothing(self, agency: Agency) -> None:
        connected(agency)
        before = agency.files()
        closed = replace(agency.runtime, secrets=KeyringStore("keyring.backends.null.Keyring", 1.0))

        with pytest.raises(errors.StoreUnavailable) as failure:
            list(revoke.run(closed, options()))

        assert failure.value.exit_code == 4
        assert agency.files() == before

    def test_a_token_that_is_gone_already_does_not_hold_it_up(self, agency: Agency) -> None:
        made = connected(agency)
        agency.runtime.secrets.forget(made.secret_name)

        assert run(agency) == ["acme eu"]
        assert left(agency) == []

    def test_a_rejected_connection_can_be_forgotten(self, agency: Agency) -> None:
        end_at_amazon(agency, connected(agency, standing="rejected"))

        assert run(agency) == ["acme eu"]

    def test_another_sellers_damaged_record_does_not_hold_it_up(self, agency: Agency) -> None:
        connected(agency)
        (agency.folder / "connections" / "bravo.toml").write_text("not toml\n")

        assert run(agency) == ["acme eu"]


class TestMeanwhile:
    """Another sp-connect may be at work between the choice and the deed."""

    def test_a_token_that_amazon_changed_is_no_new_consent(self, agency: Agency, everywhere: list[Connection]) -> None:
        agency.world.faults.add(Fault("token", "rotate"))
        revoking = revoke.run(agency.runtime, options(every=True))
        next(revoking)

        access.token(agency.runtime, everywhere[1])

        assert names(list(revoking)) == ["acme eu", "acme fe-JP", "acme fe-AU"]
        assert left(agency) == ["charlie-gmbh eu", "charlie-gmbh eu-IN"]

    def test_a_new_consent_is_kept(self, agency: Agency, everywhere: list[Connection]) -> None:
        revoking = revoke.run(agency.runtime, options(every=True))
        next(revoking)
        agency.clock.pass_by(minutes=1)
        renewed = connected(agency, "acme", "eu")

        with pytest.raises(errors.RenewedMeanwhile):
            list(revoking)

        assert kept(agency, everywhere[1]) == renewed
        assert token_of(agency, renewed)

    def test_what_another_has_forgotten_is_forgotten(self, agency: Agency, everywhere: list[Connection]) -> None:
        revoking = revoke.run(agency.runtime, options(every=True))
        next(revoking)
        assert run(agency, region="eu") == [names([everywhere[1]])[0]]

        assert names(list(revoking)) == ["acme eu", "acme fe-JP", "acme fe-AU"]


class TestWait:
    """--wait: forgotten only once Amazon refuses the token."""

    def waiting(self, agency: Agency, pauses: list[float], ends: Connection | None, after: int = 3) -> Runtime:
        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if ends is not None and len(pauses) == after:
                end_at_amazon(agency, ends)

        return replace(agency.runtime, sleep=sleep)

    def test_it_ends_when_the_seller_ends_it(self, agency: Agency) -> None:
        made = connected(agency)
        pauses: list[float] = []

        list(revoke.run(self.waiting(agency, pauses, made), options(wait=True)))

        assert len(pauses) == 3
        assert left(agency) == []
        assert "Disable authorization" in agency.said()
        assert "Waiting up to 15 minutes" in agency.said()

    def test_one_that_is_ended_already_needs_no_wait(self, agency: Agency) -> None:
        made = connected(agency)
        end_at_amazon(agency, made)
        pauses: list[float] = []

        list(revoke.run(self.waiting(agency, pauses, None), options(wait=True)))

        assert pauses == []

    @pytest.mark.slow
    def test_in_vain_it_is_kept(self, agency: Agency) -> None:
        made = connected(agency)
        pauses: list[float] = []

        with pytest.raises(errors.StillAuthorized) as failure:
            list(revoke.run(self.waiting(agency, pauses, None), options(wait=True)))

        assert failure.value.exit_code == 3
        assert sum(pauses) == revoke.WAIT_SECONDS
        assert kept(agency, made) == made
        assert token_of(agency, made)

    def test_amazon_failing_for_a_while_does_not_end_the_wait(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "status", times=4, status=503))

        list(revoke.run(self.waiting(agency, [], made, after=2), options(wait=True)))

        assert left(agency) == []

    def test_a_client_secret_that_is_wrong_ends_it_and_keeps_the_token(self, agency: Agency) -> None:
        made = connected(agency)
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(secret_ref="0ther"), Secret("amzn1.oa2-cs.v1.wrong"))

        with pytest.raises(errors.ClientRejected):
            list(revoke.run(self.waiting(agency, [], None), options(wait=True)))

        assert token_of(agency, made)

    @pytest.mark.slow
    def test_a_token_that_amazon_changes_meanwhile_is_not_taken_for_the_end(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        pauses: list[float] = []

        with pytest.raises(errors.StillAuthorized):
            list(revoke.run(self.waiting(agency, pauses, None), options(wait=True)))

        assert kept(agency, made)

    def test_a_token_that_another_got_in_its_place_is_not_taken_for_the_end(self, agency: Agency) -> None:
        made = connected(agency)
        pauses: list[float] = []

        def refresh_too(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 1:
                agency.world.faults.add(Fault("token", "rotate", times=1))
                verify.run(agency.runtime, Selection(), 1)
            elif len(pauses) == 3:
                end_at_amazon(agency, made)

        list(revoke.run(replace(agency.runtime, sleep=refresh_too), options(wait=True)))

        assert len(pauses) == 3
        assert left(agency) == []

    def test_a_new_consent_ends_the_wait_and_is_kept(self, agency: Agency) -> None:
        made = connected(agency)
        pauses: list[float] = []

        def connect_anew(seconds: float) -> None:
            pauses.append(seconds)
            agency.clock.pass_by(minutes=1)
            connected(agency)

        with pytest.raises(errors.RenewedMeanwhile):
            list(revoke.run(replace(agency.runtime, sleep=connect_anew), options(wait=True)))

        assert len(pauses) == 1
        assert kept(agency, made)

    def test_what_another_forgets_meanwhile_ends_the_wait(self, agency: Agency) -> None:
        connected(agency)
        other: list[str] = []

        def forget(seconds: float) -> None:  # noqa: ARG001 - what a sleep is called with
            other.extend(run(agency))

        assert names(list(revoke.run(replace(agency.runtime, sleep=forget), options(wait=True)))) == ["acme eu"]
        assert other == ["acme eu"]
        assert left(agency) == []

    @pytest.mark.slow
    def test_what_is_forgotten_before_another_fails_is_told(self, agency: Agency) -> None:
        first, _ = connected(agency, "acme", "na"), connected(agency, "acme", "eu")
        end_at_amazon(agency, first)
        given = shell(agency, self.waiting(agency, [], None))

        with pytest.raises(errors.SpConnectError):
            revoke.command(given.context, "acme", every=True, yes=True, wait=True)

        assert left(agency) == ["acme eu"]
        assert "Deleted acme in North America here" in agency.said()


class TestTold:
    @pytest.mark.parametrize(
        ("region", "country", "host"),
        [
            ("na", None, "sellercentral.amazon.com"),
            ("eu", None, "sellercentral-europe.amazon.com"),
            ("eu", "IN", "sellercentral.amazon.in"),
            ("fe", "JP", "sellercentral.amazon.co.jp"),
            ("fe", "AU", "sellercentral.amazon.com.au"),
        ],
    )
    def test_the_address_is_that_of_the_country(
        self, agency: Agency, region: str, country: str | None, host: str
    ) -> None:
        connected(agency, "charlie-gmbh", region, country)
        given = shell(agency)

        revoke.command(given.context, "charlie-gmbh", yes=True, json=True)

        [one] = given.json()
        assert one["manage_url"] == f"{agency.simulator.base_url}/{host}/apps/manage"
        assert one["revoked_locally"] is True
        assert one["seller"] == "charlie-gmbh"
        assert one["manage_url"] in agency.said()

    def test_without_json_stdout_is_empty(self, agency: Agency) -> None:
        connected(agency)
        given = shell(agency)

        revoke.command(given.context, "acme", yes=True)

        assert given.printed() == ""
        assert "Deleted acme in Europe & India here: A2EXAMPLE1234." in agency.said()
