"""config.toml and its apps: as people edit them by hand."""

from __future__ import annotations

import pytest

from sp_connect import checkup
from sp_connect.models import Secret
from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency, writing
from tests.checkup.given import code, edit, finding, findings, visit, wrong
from tests.commands.given import connected, record
from tests.commands.office import of

SECRET = "amzn1.oa2-cs.v1.SENTINEL"


class TestConfiguration:
    def test_a_home_in_order_has_nothing_to_mend(self, agency: Agency) -> None:
        connected(agency)
        connected(agency, "acme", "fe", "JP")

        found = visit(agency.runtime)

        assert wrong(found) == []
        assert list(dict.fromkeys(one.name for one in found)) == list(checkup.NAMES)
        assert [one.subject for one in found if one.name == "endpoint"] == [
            "api.amazon.com",
            "sellingpartnerapi-eu.amazon.com",
            "sellingpartnerapi-fe.amazon.com",
        ]
        assert all(0 < one.seconds < 30 for one in found)

    def test_without_an_app_it_says_how_to_add_one(self, agency: Agency) -> None:
        (agency.folder / "config.toml").unlink()

        found = {one.name: one for one in visit(agency.runtime)}

        assert (found["configuration"].result, found["configuration"].mend) == ("warning", "sp-connect app add")
        assert found.keys().isdisjoint({"app", "client-secret", "seats", "port", "relay"})

    def test_one_damaged_app_is_told_once_and_what_needs_it_is_skipped(self, agency: Agency) -> None:
        connected(agency)
        edit(agency.folder / "config.toml", "client_id", "client-id")

        found = {one.name: one for one in visit(agency.runtime)}

        assert code(found["configuration"]) == (4, "damaged")
        assert "client_id is missing" in found["configuration"].found
        assert wrong(list(found.values())) == ["configuration"]
        assert {found["apps-in-use"].result, found["unclaimed"].result} == {"skipped"}

    def test_a_key_that_is_nearly_another_is_told(self, agency: Agency) -> None:
        connected(agency)
        with (agency.folder / "config.toml").open("a") as file:
            file.write('drafft = true\nagency_note = "ours"\n[preferences]\nbrower = "isolated"\n')

        found = finding(agency.runtime, "configuration")

        assert found.result == "warning"
        assert ": preferences.brower (browser?) and apps.default.drafft (draft?)" in found.found

    def test_a_table_that_is_nearly_apps_is_told_before_that_there_are_none(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", "[apps.default]", "[app.default]")

        assert ": app (apps?)" in finding(agency.runtime, "configuration").found

    def test_a_file_of_a_later_version_is_a_failure(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", "schema = 1", "schema = 2")

        assert code(finding(agency.runtime, "configuration")) == (4, "store-unavailable")

    @pytest.mark.parametrize("secret", [SECRET, "Atzr|SENTINEL"])
    def test_a_secret_in_it_is_found_and_not_repeated(self, agency: Agency, secret: str) -> None:
        with (agency.folder / "config.toml").open("a") as file:
            file.write(f'client_secret = "{secret}"\n')

        found = visit(agency.runtime)

        assert code(found[0]) == (4, "unfit")
        assert "SENTINEL" not in str(found)


class TestApp:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("amzn1.sp.solution", "amzn1.application-oa2-client", "is a client id, not an application id"),
            ("amzn1.sp.solution", "sp.solution", "is not an application id"),
            ("amzn1.application-oa2-client", "amzn1.oa2-client", "is not a client id"),
            ("https://agency.example", "http://agency.example", "must begin with https://"),
            ("https://agency.example", "https://localhost", "may not lead to this machine"),
            ('"127.0.0.1:', '"0.0.0.0:', "Cannot listen on"),
            ('"127.0.0.1:', '"localhost:', "Cannot listen on"),
        ],
    )
    def test_a_field_that_amazon_or_the_listener_would_not_take(
        self, agency: Agency, old: str, new: str, said: str
    ) -> None:
        edit(agency.folder / "config.toml", old, new)

        found = finding(agency.runtime, "app")

        assert code(found) == (2, "usage")
        assert said in found.found
        assert found.mend == f"correct it in {agency.folder / 'config.toml'}, under [apps.default]"

    def test_a_secret_in_the_place_of_an_id_is_not_repeated(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", BUILT_IN.client_id, f"{BUILT_IN.client_id} {SECRET}")

        found = visit(agency.runtime)

        assert code(found[1]) == (2, "usage")
        assert "SENTINEL" not in str(found)

    def test_each_app_has_its_own_findings(self, agency: Agency) -> None:
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(name="wider", draft=True), Secret(SECRET))

        found = visit(agency.runtime)

        for name in ("app", "client-secret", "seats", "relay"):
            assert [one.subject for one in found if one.name == name] == ["default", "wider"]
        assert [one.subject for one in found if one.name == "port"] == [agency.app.listen]
        assert "in Draft" in [one.found for one in found if one.name == "app"][1]


class TestClientSecret:
    @pytest.mark.parametrize(
        ("days", "result"), [(0, "ok"), (149, "ok"), (150, "warning"), (179, "warning"), (180, "failed")]
    )
    def test_its_age_counts_against_180_days(self, agency: Agency, days: int, result: str) -> None:
        agency.clock.pass_by(days=days)

        found = finding(agency.runtime, "client-secret")

        assert found.result == result
        assert str(days) in found.found
        if result == "ok":
            assert found.mend is None
        else:
            assert found.mend is not None
            assert found.mend.endswith("sp-connect app rotate-secret default")
        assert code(found) == ((3, "client-rejected") if result == "failed" else None)

    def test_one_that_is_gone_is_a_failure(self, agency: Agency) -> None:
        agency.runtime.secrets.forget(agency.app.secret_name)

        found = finding(agency.runtime, "client-secret")

        assert code(found) == (4, "missing-token")
        assert found.mend == "sp-connect app rotate-secret default"


class TestSeats:
    @pytest.mark.parametrize(("used", "result"), [(0, "ok"), (22, "ok"), (23, "warning"), (25, "warning"), (26, "ok")])
    def test_they_are_counted_by_account(self, agency: Agency, used: int, result: str) -> None:
        for number in range(used):
            agency.runtime.connections.put(of(f"seller-{number}", selling_partner_id=f"A{number}"))
            agency.runtime.connections.put(of(f"seller-{number}", "na", selling_partner_id=f"A{number}"))

        [found] = findings(agency.runtime, "seats")

        assert (found.result, f" {used}" in found.found) == (result, True)

    def test_those_of_another_app_are_not_counted(self, agency: Agency) -> None:
        agency.runtime.connections.put(record("acme", app="another"))

        assert "0 of 25" in finding(agency.runtime, "seats").found
