"""`app`: what is taken, what is refused with nothing written, and where the client secret goes."""

from __future__ import annotations

from typing import Any

import pytest

from sp_connect import edges, errors
from sp_connect.commands import app as commands
from sp_connect.models import App
from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.commands.given import connected, piping, shell, typing

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


def add(around: edges.Edges, **fields: Any) -> App:
    return commands.run_add(around, commands.AddOptions(**(GOOD | fields)))


class TestAdd:
    def test_an_app_is_registered_and_its_secret_is_in_the_store(self, agency: Agency) -> None:
        made = add(piping(agency, f"{SECRET}\n"), draft=True, access_level="orders")

        assert agency.edges.apps.get("other") == made
        assert (made.draft, made.access_level, made.secret_set_at) == (True, "orders", agency.clock())
        assert agency.edges.secrets.fetch(made.secret_name).reveal() == SECRET

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
        assert around.person.piped("secret").reveal() == SECRET  # nobody has read it

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
            add(agency.edges, secret_from_stdin=False)

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

        assert commands.seats_used(agency.edges.connections.all(), "default") == 2
        assert commands.seats_used(agency.edges.connections.all(), "other") == 1

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
        old = agency.app
        agency.clock.pass_by(days=100)

        renewed = commands.run_rotate_secret(piping(agency, SECRET), "default", from_stdin=True)

        assert renewed.secret_set_at == agency.clock()
        assert agency.edges.secrets.fetch(renewed.secret_name).reveal() == SECRET
        with pytest.raises(errors.MissingToken):
            agency.edges.secrets.fetch(old.secret_name)

    def test_a_secret_that_can_be_none_leaves_the_old_one(self, agency: Agency) -> None:
        before = agency.files()

        with pytest.raises(errors.BadAppField):
            commands.run_rotate_secret(piping(agency, "two words"), "default", from_stdin=True)

        assert agency.files() == before
        assert agency.edges.secrets.fetch(agency.app.secret_name).reveal() == BUILT_IN.client_secret

    def test_removing_forgets_the_app_and_its_secret(self, agency: Agency) -> None:
        commands.run_remove(agency.edges, "default")

        assert agency.edges.apps.all() == ()
        with pytest.raises(errors.MissingToken):
            agency.edges.secrets.fetch(agency.app.secret_name)

    def test_an_app_in_use_is_not_removed(self, agency: Agency) -> None:
        connected(agency, "acme")
        connected(agency, "bravo")
        before = agency.files()

        with pytest.raises(errors.AppInUse) as failure:
            commands.run_remove(agency.edges, "default")

        assert "acme and bravo" in failure.value.message
        assert failure.value.exit_code == 2
        assert agency.files() == before

    def test_no_app_at_all_names_the_next_step(self, agency: Agency) -> None:
        commands.run_remove(agency.edges, "default")
        given = shell(agency)

        commands.list_apps(given.context)

        assert "sp-connect app add" in agency.said()
        assert given.printed() == ""

    def test_no_app_at_all_is_an_empty_array(self, agency: Agency) -> None:
        commands.run_remove(agency.edges, "default")
        given = shell(agency)

        commands.list_apps(given.context, json=True)

        assert given.json() == []

    def test_the_hidden_prompt_is_not_asked_where_a_field_is_wrong(self, agency: Agency) -> None:
        with pytest.raises(errors.BadAppField):
            add(typing(agency, SECRET), redirect_uri="http://x", secret_from_stdin=False)

        assert "not shown" not in agency.said()
