"""`app`: what is taken, what is refused with nothing written, and where the client secret goes."""

from __future__ import annotations

from typing import Any

import pytest

from sp_connect import access, errors
from sp_connect.cli.filters import Selection
from sp_connect.commands import app as commands
from sp_connect.commands import verify
from sp_connect.models import App
from sp_connect.runtime import Runtime
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.commands.given import connected, kept, piping, shell, token_of, typing

SECRET = "amzn1.oa2-cs.v1.0123456789abcdef"
GOOD: dict[str, Any] = {
    "name": "other",
    "application_id": "amzn1.sp.solution.0a1b",
    "client_id": "amzn1.application-oa2-client.0c1d",
    "redirect_uri": "https://agency.example/relay",
    "listen": "127.0.0.1:8724",
    "draft": False,
    "access_level": "default",
    "secret_from_stdin": True,
}


def add(around: Runtime, **fields: Any) -> App:
    return commands.run_add(around, commands.AddOptions(**(GOOD | {"check": False} | fields)))


def rotate(agency: Agency, secret: str, **more: Any) -> App:
    return commands.run_rotate_secret(piping(agency, secret), "default", from_stdin=True, **more)


def keeps(agency: Agency, secret: str) -> bool:
    """Whether the app has that client secret."""
    return agency.runtime.secrets.fetch(agency.runtime.apps.get("default").secret_name).reveal() == secret


def old_secret(agency: Agency) -> str | None:
    """The client secret that is kept beside the app's, if one is."""
    name = agency.runtime.apps.get("default").old_secret_name
    return agency.runtime.secrets.fetch(name).reveal() if name else None


class TestAdd:
    def test_an_app_is_registered_and_its_secret_is_in_the_store(self, agency: Agency) -> None:
        made = add(piping(agency, f"{SECRET}\n"), draft=True, access_level="orders")

        assert agency.runtime.apps.get("other") == made
        assert (made.draft, made.access_level, made.secret_set_at) == (True, "orders", agency.clock())
        assert agency.runtime.secrets.fetch(made.secret_name).reveal() == SECRET

    def test_the_secret_is_in_no_file_outside_the_vault(self, agency: Agency) -> None:
        add(piping(agency, SECRET))

        assert not [name for name, data in agency.files().items() if SECRET.encode() in data]

    @pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.0.0.1:65535", "127.8.9.1:8723", "[::1]:8723"])
    def test_a_loopback_address_can_be_listened_on(self, agency: Agency, listen: str) -> None:
        assert add(piping(agency, SECRET), listen=listen).listen == listen

    @pytest.mark.parametrize("application_id", ["amzn1.sellerapps.app.0a1b", "amzn1.sp.solution.0a1b"])
    def test_both_forms_of_application_ids_are_taken(self, agency: Agency, application_id: str) -> None:
        assert add(piping(agency, SECRET), application_id=application_id).application_id == application_id

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"name": "Other"}, "use other"),
            ({"name": "../other"}, "short name"),
            ({"name": ""}, "short name"),
            ({"name": "a" * 65}, "short name"),
            (
                {"application_id": GOOD["client_id"], "client_id": GOOD["application_id"]},
                f"--application-id {GOOD['application_id']} --client-id {GOOD['client_id']}",
            ),
            ({"application_id": GOOD["client_id"]}, "amzn1.sp.solution."),
            ({"application_id": "0a1b"}, "amzn1.sp.solution."),
            ({"application_id": "amzn1.sp.solution.0a 1b"}, "amzn1.sp.solution."),
            ({"application_id": ""}, "amzn1.sp.solution."),
            ({"client_id": GOOD["application_id"]}, "amzn1.application-oa2-client."),
            ({"client_id": ""}, "amzn1.application-oa2-client."),
            ({"client_id": SECRET}, "--client-secret-stdin"),
            ({"redirect_uri": "http://agency.example/relay"}, "--redirect-uri"),
            ({"redirect_uri": "https://localhost/relay"}, "--redirect-uri"),
            ({"redirect_uri": "https://127.0.0.1:8723/"}, "--redirect-uri"),
            ({"redirect_uri": "https://[::1]/"}, "--redirect-uri"),
            ({"redirect_uri": "https://agency.example/relay#top"}, "--redirect-uri"),
            ({"redirect_uri": "https://me:pw@agency.example/"}, "--redirect-uri"),
            ({"redirect_uri": "agency.example/relay"}, "--redirect-uri"),
            ({"redirect_uri": "https://"}, "--redirect-uri"),
            ({"redirect_uri": "https://agency.example:port/"}, "--redirect-uri"),
            ({"redirect_uri": "https://agency.example/a b"}, "--redirect-uri"),
            ({"redirect_uri": "https://[oops/"}, "--redirect-uri"),
            ({"listen": "localhost:8723"}, "--listen"),
            ({"listen": "0.0.0.0:8723"}, "--listen"),
            ({"listen": "192.168.1.2:8723"}, "--listen"),
            ({"listen": "127.0.0.1"}, "--listen"),
            ({"listen": "127.0.0.1:0"}, "--listen"),
            ({"listen": "127.0.0.1:65536"}, "--listen"),
            ({"listen": "127.0.0.1:http"}, "--listen"),
            ({"listen": "8723"}, "--listen"),
            ({"listen": ""}, "--listen"),
            ({"listen": "127.0.0.1:\uff18\uff17\uff12\uff13"}, "--listen"),
            ({"listen": "::1:8723"}, "--listen"),
            ({"listen": "[127.0.0.1]:8723"}, "--listen"),
            ({"listen": "127.0.0.1:" + "9" * 5000}, "--listen"),
        ],
    )
    def test_a_bad_field_is_refused_with_the_fix_before_the_secret_is_read(
        self, still: Agency, fields: dict[str, str], told: str
    ) -> None:
        before = still.files()
        around = piping(still, SECRET)

        with pytest.raises(errors.Usage) as failure:
            add(around, **fields)

        assert told in (failure.value.hint or "")
        assert still.files() == before
        assert around.prompt.secret_from_stdin("secret").reveal() == SECRET  # nobody has read it

    @pytest.mark.parametrize(
        "secret",
        ["", "  \n", "two words", GOOD["client_id"], GOOD["application_id"], "Atzr|IwEB", "tv\u00e5", "a" * 3000],
    )
    def test_what_can_be_no_secret_is_refused_and_nothing_is_written(self, still: Agency, secret: str) -> None:
        before = still.files()

        with pytest.raises(errors.Usage) as failure:
            add(piping(still, secret))

        assert not secret.strip() or secret not in failure.value.told()
        assert still.files() == before

    def test_a_name_that_is_taken_is_refused(self, agency: Agency) -> None:
        before = agency.files()

        with pytest.raises(errors.AppExists) as failure:
            add(piping(agency, SECRET), name="default")

        assert "rotate-secret default" in (failure.value.hint or "")
        assert agency.files() == before

    def test_without_a_terminal_the_flag_is_told(self, agency: Agency) -> None:
        before = agency.files()

        with pytest.raises(errors.NeedsFlag) as failure:
            add(agency.runtime, secret_from_stdin=False)

        assert failure.value.hint == "add --client-secret-stdin"
        assert "Client secret (not shown):," not in failure.value.message
        assert agency.files() == before

    def test_a_damaged_file_is_left_as_it_is(self, agency: Agency) -> None:
        config = agency.folder / "config.toml"
        config.write_text("[apps\n")

        with pytest.raises(errors.Damaged) as failure:
            add(piping(agency, SECRET))

        assert "line 1" in failure.value.message
        assert config.read_text() == "[apps\n"

    def test_comments_in_the_file_survive(self, agency: Agency) -> None:
        config = agency.folder / "config.toml"
        config.write_text("# ours\n" + config.read_text())

        add(piping(agency, SECRET))

        assert config.read_text().startswith("# ours\n")

    def test_the_shell_prints_the_app_and_no_secret(self, agency: Agency) -> None:
        given = shell(agency, piping(agency, SECRET))

        commands.add(
            given.context,
            GOOD["application_id"],
            GOOD["client_id"],
            GOOD["redirect_uri"],
            "other",
            secret_from_stdin=True,
            check=False,
            json=True,
        )

        assert given.json()["name"] == "other"
        assert SECRET not in given.printed() + agency.said()


class TestLife:
    def test_seats_count_selling_accounts_once(self, agency: Agency) -> None:
        connected(agency, "acme", "eu")
        connected(agency, "acme", "na")
        connected(agency, "acme", "fe", "JP", selling_partner_id="A2EXAMPLE1234")
        connected(agency, "bravo", "eu", app="other")

        assert commands.seats_used(agency.runtime.connections.all(), "default") == 2
        assert commands.seats_used(agency.runtime.connections.all(), "other") == 1

    def test_list_tells_the_age_of_the_secret_and_the_seats(self, agency: Agency) -> None:
        connected(agency)
        agency.clock.pass_by(days=170)
        given = shell(agency)

        commands.list_apps(given.context)

        assert "170 of 180 days" in given.printed()
        assert "1 of 25" in given.printed()

    def test_list_json_holds_no_secret(self, agency: Agency) -> None:
        given = shell(agency)

        commands.list_apps(given.context, json=True)

        [one] = given.json()
        assert (one["secret_age_days"], one["secret_life_days"], one["seats_used"], one["seats"]) == (0, 180, 0, 25)
        assert (BUILT_IN.client_secret or "") not in given.printed()
        assert "5ec2e7" not in given.printed()

    def test_show_is_one_object(self, agency: Agency) -> None:
        given = shell(agency)

        commands.show(given.context, "default", json=True)

        assert given.json()["application_id"] == BUILT_IN.application_id

    def test_show_says_all_but_the_secret(self, agency: Agency) -> None:
        given = shell(agency)

        commands.show(given.context, "default")

        assert BUILT_IN.client_id in given.printed()
        assert "0 of 180 days old" in given.printed()

    @pytest.mark.parametrize("act", ["show", "remove", "rotate"])
    def test_an_unknown_app_is_not_found(self, agency: Agency, act: str) -> None:
        given = shell(agency, piping(agency, SECRET))
        acts: dict[str, Any] = {"show": commands.show, "remove": commands.remove, "rotate": commands.rotate_secret}

        with pytest.raises(errors.NoSuchApp) as failure:
            acts[act](given.context, "other")

        assert failure.value.exit_code == 6

    @pytest.mark.parametrize("act", ["show", "remove", "rotate"])
    def test_the_hint_for_an_unknown_app_fits_the_command(self, agency: Agency, act: str) -> None:
        given = shell(agency)
        acts: dict[str, Any] = {"show": commands.show, "remove": commands.remove, "rotate": commands.rotate_secret}

        with pytest.raises(errors.NoSuchApp) as failure:
            acts[act](given.context, "other")

        assert "--app" not in (failure.value.hint or "")  # these commands have no such flag

    def test_a_rotated_secret_replaces_the_old_one_and_starts_its_days_anew(self, agency: Agency) -> None:
        connected(agency)
        agency.world.renew_secret(agency.app.client_id, SECRET)
        agency.clock.pass_by(days=100)

        renewed = rotate(agency, SECRET)

        assert renewed.secret_set_at == agency.clock()
        assert keeps(agency, SECRET)
        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(agency.app.secret_name)

    def test_a_secret_that_can_be_none_leaves_the_old_one(self, agency: Agency) -> None:
        before = agency.files()

        with pytest.raises(errors.BadAppField):
            commands.run_rotate_secret(piping(agency, "two words"), "default", from_stdin=True)

        assert agency.files() == before
        assert agency.runtime.secrets.fetch(agency.app.secret_name).reveal() == BUILT_IN.client_secret

    def test_removing_forgets_the_app_and_its_secret(self, agency: Agency) -> None:
        commands.run_remove(agency.runtime, "default")

        assert agency.runtime.apps.all() == ()
        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(agency.app.secret_name)

    def test_an_app_in_use_is_not_removed(self, agency: Agency) -> None:
        connected(agency, "acme")
        connected(agency, "bravo")
        before = agency.files()

        with pytest.raises(errors.AppInUse) as failure:
            commands.run_remove(agency.runtime, "default")

        assert "acme and bravo" in failure.value.message
        assert failure.value.exit_code == 2
        assert agency.files() == before

    @pytest.mark.slow
    def test_an_app_of_many_sellers_has_one_hint_with_one_command(self, agency: Agency) -> None:
        for number in range(39):
            connected(agency, f"client-{number:02}", selling_partner_id=f"A2CLIENT{number:02}")

        with pytest.raises(errors.AppInUse) as failure:
            commands.run_remove(agency.runtime, "default")

        assert "39 sellers" in failure.value.message
        assert (failure.value.hint or "").count("sp-connect ") == 1
        assert (failure.value.hint or "").endswith("sp-connect list --app default")

    def test_no_app_at_all_names_the_next_step(self, agency: Agency) -> None:
        commands.run_remove(agency.runtime, "default")
        given = shell(agency)

        commands.list_apps(given.context)

        assert "sp-connect app add" in agency.said()
        assert given.printed() == ""

    def test_no_app_at_all_is_an_empty_array(self, agency: Agency) -> None:
        commands.run_remove(agency.runtime, "default")
        given = shell(agency)

        commands.list_apps(given.context, json=True)

        assert given.json() == []

    def test_the_hidden_prompt_is_not_asked_where_a_field_is_wrong(self, agency: Agency) -> None:
        with pytest.raises(errors.BadAppField):
            add(typing(agency, SECRET), redirect_uri="http://x", secret_from_stdin=False)

        assert "not shown" not in agency.said()


OLD = str(BUILT_IN.client_secret)


class TestNewSecret:
    """A client secret is tried with Amazon before it replaces another."""

    @pytest.mark.parametrize("has_connection", [True, False])
    def test_one_that_amazon_refuses_changes_nothing(self, agency: Agency, has_connection: bool) -> None:
        if has_connection:
            connected(agency)
        before = agency.files()

        with pytest.raises(errors.SecretRefused) as failure:
            rotate(agency, SECRET)

        assert (failure.value.exit_code, failure.value.code) == (3, "client-rejected")
        assert agency.files() == before
        assert keeps(agency, OLD)

    def test_the_same_one_is_refused_and_its_age_stays(self, agency: Agency) -> None:
        agency.clock.pass_by(days=168)
        before = agency.files()

        with pytest.raises(errors.Usage, match="already saved"):
            rotate(agency, OLD)

        assert agency.files() == before
        assert sum(agency.world.requests.values()) == 0

    def test_where_no_token_could_come_of_it_the_old_one_stays_beside_it(self, agency: Agency) -> None:
        agency.world.renew_secret(agency.app.client_id, SECRET)

        rotate(agency, SECRET)

        assert keeps(agency, SECRET)
        assert old_secret(agency) == OLD

    def test_show_says_until_when_the_old_one_is_kept(self, agency: Agency) -> None:
        rotate(agency, SECRET, check=False)
        given = shell(agency)

        commands.show(given.context, "default")

        assert "kept beside it, until 29 Nov 2026 at most" in given.printed()
        agency.clock.pass_by(days=7, seconds=1)
        commands.show(given.context, "default")
        assert given.printed().count("Old secret") == 1

    def test_without_an_answer_it_is_kept_with_a_warning_beside_the_old_one(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "status", status=503))

        rotate(agency, SECRET)

        assert "Amazon has not checked it" in agency.said()
        assert keeps(agency, SECRET)
        assert old_secret(agency) == OLD

    def test_no_check_asks_nobody(self, agency: Agency) -> None:
        rotate(agency, SECRET, check=False)

        assert sum(agency.world.requests.values()) == 0
        assert old_secret(agency) == OLD

    def test_the_old_one_is_used_where_amazon_refuses_the_new_one(self, agency: Agency) -> None:
        acme = connected(agency)
        rotate(agency, SECRET, check=False)

        assert access.token(agency.runtime, acme).value
        assert access.environment(agency.runtime, acme)["LWA_CLIENT_SECRET"] == OLD
        assert agency.connect("bravo")
        assert [one.error for one in verify.run(agency.runtime, Selection(), 1)[0]] == [None, None]
        assert old_secret(agency) == OLD

    def test_the_old_one_goes_once_the_new_one_has_obtained_a_token(self, agency: Agency) -> None:
        acme = connected(agency)
        rotate(agency, SECRET, check=False)
        agency.world.renew_secret(agency.app.client_id, SECRET)

        access.token(agency.runtime, acme)

        assert old_secret(agency) is None
        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(agency.app.secret_name)
        assert access.environment(agency.runtime, acme)["LWA_CLIENT_SECRET"] == SECRET

    def test_after_seven_days_the_old_one_is_not_used_and_not_kept(self, agency: Agency) -> None:
        acme = connected(agency)
        rotate(agency, SECRET, check=False)
        agency.clock.pass_by(days=7, seconds=1)

        with pytest.raises(errors.ClientRejected):
            access.token(agency.runtime, acme)

        assert old_secret(agency) is None

    def test_a_second_mistake_does_not_cost_the_one_that_works(self, agency: Agency) -> None:
        rotate(agency, SECRET, check=False)
        rotate(agency, f"{SECRET}2", check=False)

        assert old_secret(agency) == OLD

    def test_kept_access_tokens_are_dropped(self, agency: Agency) -> None:
        acme = connected(agency)
        access.token(agency.runtime, acme)
        agency.world.renew_secret(agency.app.client_id, SECRET)

        rotate(agency, SECRET)

        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(acme.access_name)

    def test_another_refresh_token_that_the_trial_brings_is_kept(self, agency: Agency) -> None:
        acme = connected(agency)
        before = token_of(agency, acme)
        agency.world.renew_secret(agency.app.client_id, SECRET)
        agency.world.faults.add(Fault("token", "rotate"))

        rotate(agency, SECRET)

        assert token_of(agency, kept(agency, acme)) != before

    def test_an_app_that_amazon_refuses_is_not_added(self, agency: Agency) -> None:
        before = agency.files()

        with pytest.raises(errors.SecretRefused):
            add(piping(agency, SECRET), check=True)

        assert agency.files() == before

    def test_an_app_is_added_with_a_warning_where_amazon_cannot_be_asked(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "status", status=503))

        assert add(piping(agency, SECRET), check=True).name == "other"
        assert "Amazon has not checked it" in agency.said()

    @pytest.mark.parametrize(
        ("secret", "told"),
        [
            (f'"{SECRET}', "'\"' comes before it"),
            (f"LWA_CLIENT_SECRET={SECRET}", "'LWA_CLIENT_SECRET=' comes before it"),
            (f"\ufeff{SECRET}", "comes before it"),
            (f"{SECRET},", "',' comes after it"),
            (f'{SECRET}"', "'\"' comes after it"),
            (f"{SECRET}{SECRET}", "twice"),
        ],
    )
    def test_what_stands_around_it_is_told_and_the_secret_is_not(self, still: Agency, secret: str, told: str) -> None:
        with pytest.raises(errors.BadAppField) as failure:
            rotate(still, secret)

        assert told in failure.value.message
        assert SECRET not in failure.value.told()
