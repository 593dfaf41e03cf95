"""`import --from credentials.yml`: python-amazon-sp-api's file, each account a seller, whose id Amazon names."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from sp_api.base.credential_provider import FromConfigFileCredentialProvider  # type: ignore[import-untyped]

from sp_connect import errors
from sp_connect.bulk import credentials_file
from sp_connect.bulk.reading import Outcome
from sp_connect.commands import import_
from sp_connect.models import Connection
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.commands.given import kept, shell, token_of
from tests.commands.test_import import ACME, LONG, options, token

OTHER_CLIENT = "amzn1.application-oa2-client.ffffffffffffffffffffffffffffffff"


def account(name: str, refresh_token: str, client_id: str = BUILT_IN.client_id, more: str = "") -> str:
    """An account as the documentation of python-amazon-sp-api writes it."""
    return (
        f"{name}:\n  refresh_token: '{refresh_token}'\n  lwa_app_id: '{client_id}'\n"
        f"  lwa_client_secret: 'amzn1.oa2-cs.v1.of-the-file'\n{more}"
    )


def of_file(content: str, **flags: Any) -> import_.Options:
    return options(**({"file": io.BytesIO(content.encode()), "region": "eu"} | flags))


def imported(agency: Agency, content: str, **flags: Any) -> Outcome:
    return import_.run(agency.runtime, of_file(content, **flags))


def sellers(made: list[Connection]) -> list[str]:
    return [one.scope.seller for one in made]


def failed(agency: Agency, content: str, **flags: Any) -> errors.OnLines:
    before = agency.runtime.connections.all()
    outcome = imported(agency, content, **flags)
    [failure] = outcome.failures
    assert not outcome.kept
    assert agency.runtime.connections.all() == before
    assert "Atzr|" not in failure.told()
    return failure


class TestTaken:
    def test_the_file_that_python_amazon_sp_api_reads_is_imported(
        self, agency: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHON-SP-APIDIR", str(tmp_path))
        content = account("default", token(agency, "acme")) + account("bravo", token(agency, "bravo"))
        (tmp_path / "credentials.yml").write_text(content, "utf-8")

        made = imported(agency, content).connections

        assert sellers(made) == ["default", "bravo"]
        for one in made:
            read = FromConfigFileCredentialProvider(one.scope.seller)()
            assert token_of(agency, one) == read["refresh_token"]
            assert read["lwa_app_id"] == agency.app.client_id
            assert (one.standing, one.id_confirmed) == ("connected", True)
            assert kept(agency, one) == one
        assert made[0].selling_partner_id == ACME

    def test_the_only_account_may_have_another_name_a_country_and_a_day(self, agency: Agency) -> None:
        content = account("default", token(agency, "acme", "fe", "JP"))
        flags = {"seller": "acme", "region": "fe", "country": "JP", "authorized_at": "2026-11-01"}

        [made] = imported(agency, content, **flags).connections

        assert (made.scope.seller, made.scope.country) == ("acme", "JP")
        assert made.authorized_at is not None
        assert made.authorized_at.day == 1

    def test_other_ways_to_write_it_are_read(self, agency: Agency) -> None:
        given = token(agency)
        flow = f'# mine\n---\n"acme": {{refresh_token: "{given}", lwa_app_id: {BUILT_IN.client_id}}}\n'

        assert sellers(imported(agency, flow).connections) == ["acme"]

    def test_further_fields_are_passed_over_by_name(self, agency: Agency) -> None:
        more = "  aws_access_key: x\n  nested:\n    - 1\n"
        given = shell(agency)

        outcome = imported(agency, account("acme", token(agency), more=more))

        assert outcome.passed_over == ["aws_access_key", "nested"]
        assert outcome.connections
        assert "of-the-file" not in given.printed() + agency.said()

    def test_the_only_app_with_the_client_id_is_used(self, agency: Agency) -> None:
        agency.runtime.apps.put(agency.app._replace(name="wider", client_id=OTHER_CLIENT))

        [made] = imported(agency, account("acme", token(agency)), default_app="wider").connections

        assert made.app == "default"

    def test_to_import_it_once_more_changes_nothing(self, agency: Agency) -> None:
        given = token(agency)
        content = account("acme", given)
        imported(agency, content)

        [again] = imported(agency, content).connections

        assert token_of(agency, again) == given
        assert len(agency.runtime.connections.all()) == 1


class TestRefused:
    def test_a_bad_account_stops_no_other_and_is_named_with_its_line(self, agency: Agency) -> None:
        content = account("Acme Ltd", LONG) + account("bravo", token(agency, "bravo"))

        outcome = imported(agency, content)

        assert sellers(outcome.connections) == ["bravo"]
        [failure] = outcome.failures
        assert failure.lines == (1,)
        assert "'Acme Ltd'" in failure.message

    def test_a_token_of_another_app_is_refused_before_amazon_is_asked(self, agency: Agency) -> None:
        failure = failed(agency, account("acme", token(agency), OTHER_CLIENT))

        assert (failure.exit_code, failure.lines) == (2, (1,))
        assert failure.hint == f"register the app first: sp-connect app add NAME --client-id {OTHER_CLIENT}"
        assert not agency.world.requests["token"]

    def test_the_app_that_is_asked_for_has_to_be_the_tokens(self, agency: Agency) -> None:
        agency.runtime.apps.put(agency.app._replace(name="wider", client_id=OTHER_CLIENT))

        failure = failed(agency, account("acme", token(agency)), app="wider")

        assert "does not belong to the app wider" in failure.message
        assert failure.hint == "import it with --app default"

    def test_apps_with_one_client_id_have_to_be_told_apart(self, agency: Agency) -> None:
        for name in ("one", "two"):
            agency.runtime.apps.put(agency.app._replace(name=name, client_id=OTHER_CLIENT))

        failure = failed(agency, account("acme", LONG, OTHER_CLIENT))

        assert "belongs to one and two alike" in failure.message

    @pytest.mark.parametrize(("fault", "code", "exit_code"), [("no-role", "not-permitted", 3), ("nameless", None, 5)])
    def test_an_account_that_amazon_does_not_name_is_refused_with_the_reason(
        self, agency: Agency, fault: str, code: str | None, exit_code: int
    ) -> None:
        agency.world.faults.add(Fault("fees", fault, times=9))

        failure = failed(agency, account("acme", token(agency)))

        assert failure.exit_code == exit_code
        assert code in (None, failure.code)
        assert failure.message.startswith("Line 1: Amazon does not name the account of acme in Europe & India")
        assert failure.hint is not None
        assert "sp-connect import --seller acme --region eu --selling-partner-id ID" in failure.hint

    def test_one_token_under_two_names_is_refused(self, agency: Agency) -> None:
        given = token(agency)

        failure = failed(agency, account("acme", given) + account("bravo", given))

        assert (failure.code, failure.exit_code, failure.lines) == ("duplicate-account", 3, (1, 5))

    def test_one_account_under_two_names_is_refused_once_amazon_has_named_it(self, agency: Agency) -> None:
        content = account("acme", token(agency)) + account("bravo", token(agency))

        failure = failed(agency, content)

        assert (failure.code, failure.lines) == ("duplicate-account", (1, 5))
        assert ACME in failure.message

    @pytest.mark.slow
    def test_an_account_that_is_kept_for_another_seller_is_refused(self, agency: Agency) -> None:
        agency.connect("acme")

        failure = failed(agency, account("bravo", token(agency, "acme")))

        assert (failure.code, failure.exit_code) == ("duplicate-account", 3)

    def test_a_token_that_is_kept_for_another_seller_is_refused_before_amazon_is_asked(self, agency: Agency) -> None:
        given = token(agency)
        imported(agency, account("acme", given))
        asked = agency.world.requests["token"]

        failure = failed(agency, account("bravo", given))

        assert (failure.code, agency.world.requests["token"]) == ("duplicate-account", asked)

    @pytest.mark.slow
    def test_another_account_in_a_sellers_place_is_refused(self, agency: Agency) -> None:
        agency.connect("acme")

        assert failed(agency, account("acme", token(agency, "bravo"))).code == "wrong-account"

    def test_an_account_of_another_region_is_refused(self, agency: Agency) -> None:
        failure = failed(agency, account("acme", token(agency, "acme", "fe", "JP")))

        assert (failure.code, failure.exit_code) == ("wrong-account", 3)
        assert " of ," not in failure.message


class TestFlags:
    def test_the_region_is_required(self, agency: Agency) -> None:
        with pytest.raises(errors.NoRegionBeside) as failure:
            imported(agency, account("acme", LONG), region=None)

        assert (failure.value.exit_code, "--region" in failure.value.message) == (2, True)

    @pytest.mark.parametrize("flags", [{"seller": "acme"}, {"authorized_at": "2026-11-01"}])
    def test_what_is_about_one_account_needs_a_file_with_one(self, agency: Agency, flags: dict[str, str]) -> None:
        with pytest.raises(errors.FlagsOfOneAccount, match="this one has 2"):
            imported(agency, account("acme", LONG) + account("bravo", LONG), **flags)

    @pytest.mark.parametrize("flags", [{"check": False}, {"selling_partner_id": ACME}])
    def test_amazon_names_the_account_and_nobody_else(self, agency: Agency, flags: dict[str, Any]) -> None:
        with pytest.raises(errors.NotBesideCredentials):
            imported(agency, account("acme", LONG), **flags)

    @pytest.mark.parametrize("flags", [{"region": "xx"}, {"region": "fe"}, {"seller": "A B"}, {"app": "none"}])
    def test_a_wrong_flag_ends_it_before_anything_is_done(self, agency: Agency, flags: dict[str, str]) -> None:
        with pytest.raises((errors.Usage, errors.NotFound)):
            imported(agency, account("acme", LONG), **flags)


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
TOO_DEEP = "acme:\n  x: " + "[" * 5000


class TestForm:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "content",
        [
            BOMB,
            TOO_DEEP,
            "acme: &a\n  refresh_token: x\nbravo:\n  <<: *a\n",
            "acme: !!python/object/apply:os.system ['true']\n",
            "acme:\n\trefresh_token: Atzr|x\n",
            "acme:\n  refresh_token: 'Atzr|x\n",
            "acme: {}\n---\nbravo: {}\n",
            "refresh_token:\n  Atzr|x\nlwa_app_id: y\n",
            "acme:\n  x: \x07\n",
            "acme:\n" + "# Atzr|x\n" * (credentials_file.LARGEST // 8),
        ],
    )
    def test_what_is_no_such_file_is_refused_whole(self, agency: Agency, content: str) -> None:
        assert credentials_file.is_one(content.encode())

        with pytest.raises(errors.Usage) as failure:
            imported(agency, content)

        assert "Nothing was changed." in failure.value.message
        assert "Atzr|" not in f"{failure.value.message} {failure.value.hint}"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("acme:\n  lwa_app_id: x\n", "acme has no refresh_token"),
            ("acme:\n  refresh_token: Atzr|x\n  lwa_app_id: ~\n", "acme has no lwa_app_id"),
            ("acme:\n  refresh_token: [Atzr|x]\n  lwa_app_id: x\n", "acme has no refresh_token"),
            ("acme: 1\n", "acme has no fields"),
            ("acme:\n", "acme has no fields"),
            (account("acme", LONG, "Atzr|swapped"), "lwa_app_id is not a client id"),
            (account("acme", "Atza|short"), "not a refresh token"),
            (account("acme", LONG, more="  refresh_token: x\n"), "refresh_token of acme is there more than once"),
            ("'Atzr|x':\n  lwa_app_id: x\n", "the account's name holds a token"),
        ],
    )
    def test_what_is_wrong_with_an_account_is_said(self, agency: Agency, content: str, said: str) -> None:
        failure = failed(agency, content)

        assert said in failure.message
        assert failure.lines == (1,)

    def test_an_account_that_is_there_twice_is_refused(self, agency: Agency) -> None:
        failures = imported(agency, account("acme", LONG) + account("acme", LONG + "x")).failures

        assert [failure.lines for failure in failures] == [(1,), (5,)]

    @pytest.mark.parametrize("content", ["seller,region\n", "seller;region\nacme: x;eu\n", "sep=;\n", "", "\xff"])
    def test_a_table_is_none(self, content: str) -> None:
        assert not credentials_file.is_one(content.encode("latin-1"))
