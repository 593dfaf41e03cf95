"""`invite`, `invites` and `accept`: the same consent, for a seller who clicks on another machine."""

from __future__ import annotations

import csv
import io
import re
import signal
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.commands import accept, invite, invites
from sp_connect.models import Invite
from sp_connect.simulator import seller
from sp_connect.simulator.faults import Fault
from sp_connect.stores import secret_store
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.transactions import Transactions
from sp_connect.terminal.screen import Screen
from tests.agency import Agency, free_port, writing
from tests.commands.given import connected, hearing, kept, piping, shell, token_of, typing
from tests.commands.office import LONGEST
from tests.commands.test_views import Terminal

EU = geography.scope("acme", "eu")


def invited(agency: Agency, name: str | None = "acme", region: str | None = "eu", *countries: str, **more: Any) -> Any:
    wanted: dict[str, Any] = {"file": None, "app": None, "default_app": "default", "expect_id": None, "days": 7}
    regions = (region,) if region else ()
    options = invite.Options(seller=name, regions=regions, countries=countries, **(wanted | more))
    return invite.run(agency.runtime, options)


def one(agency: Agency, *scope: str, **more: Any) -> Invite:
    [made], failed = invited(agency, *scope, **more)
    assert not failed
    assert isinstance(made, Invite)
    return made


def clicked(made: Invite, company: str = "acme") -> str:
    """The address that the seller's browser shows in the end, on another machine where nothing listens."""
    ended_on = seller.confirm(made.address, company, f"127.0.0.1:{free_port()}")
    assert ended_on is not None
    return ended_on


def add_app(agency: Agency, name: str) -> None:
    """A second app with the first one's ids and secret."""
    first = agency.runtime.apps.get("default")
    with writing(agency.runtime):
        agency.runtime.changes.keep_app(
            first._replace(name=name, secret_ref=secret_store.new_ref()),
            agency.runtime.secrets.fetch(first.secret_name),
        )


class TestAccept:
    def test_an_invite_becomes_a_connection(self, agency: Agency) -> None:
        made = one(agency)

        outcome = accept.run(agency.runtime, clicked(made))

        assert outcome.connection.scope == EU
        assert outcome.connection.selling_partner_id == "A2EXAMPLE1234"
        assert kept(agency, outcome.connection) == outcome.connection
        assert token_of(agency, outcome.connection).startswith("Atzr|")

    def test_a_region_and_a_country_of_it_may_be_invited_in_the_same_second(self, agency: Agency) -> None:
        region, country = one(agency, "acme", "eu"), one(agency, "acme", "eu", "IN")
        assert region.created_at == country.created_at

        assert [found.scope for found in invites.pending(agency.runtime)[0]] == [region.scope, country.scope]
        assert accept.run(agency.runtime, clicked(region)).connection.scope == region.scope

    @pytest.mark.parametrize("company", ["bravo", None], ids=["another account", "no address"])
    def test_the_hint_names_only_what_the_seller_can_do(self, agency: Agency, company: str | None) -> None:
        made = one(agency, expect_id="A2EXAMPLE1234")

        with pytest.raises(errors.NotAuthorized) as failure:
            accept.run(agency.runtime, clicked(made, company) if company else "Hello, here it is")

        assert "sp-connect connect" not in (failure.value.hint or "")
        assert "--" not in (failure.value.hint or "")

    def test_an_invite_used_twice_is_told_when_it_was_used(self, agency: Agency) -> None:
        address = clicked(one(agency))
        accept.run(agency.runtime, address)
        before = agency.files()

        with pytest.raises(errors.NoSuchInvite, match="was used on 22 Nov 2026: each is good once") as failure:
            accept.run(agency.runtime, address)

        assert failure.value.exit_code == 6
        assert agency.files() == before

    def test_an_old_link_does_not_undo_an_upgrade(self, agency: Agency) -> None:
        address = clicked(one(agency))
        add_app(agency, "wider")
        moved = connected(agency, app="wider")

        with pytest.raises(errors.NoSuchInvite, match="is with the app wider now, and was invited for default"):
            accept.run(agency.runtime, address)

        assert kept(agency, moved) == moved

    def test_a_pending_invite_whose_app_is_gone_does_not_stop_the_hop_of_another(self, agency: Agency) -> None:
        add_app(agency, "wider")
        one(agency, "globex", "na", app="wider")
        made = one(agency)
        with writing(agency.runtime):
            agency.runtime.changes.drop_app("wider")
        confirm = f"https://sellercentral-europe.amazon.com/apps/authorize/confirm/{made.application_id}"
        address = f"{made.redirect_uri}?{urlencode({'amazon_callback_uri': confirm, 'amazon_state': 'x'})}"

        with pytest.raises(errors.OnceMore, match="of acme in Europe"):
            accept.run(agency.runtime, address)

    def test_an_invite_that_cannot_be_closed_now_is_closed_by_the_next_change(self, agency: Agency) -> None:
        address = clicked(one(agency))
        home, found = agency.folder, agency.runtime

        class Full(Invites):
            def put(self, invites: Iterable[Invite]) -> None:  # noqa: ARG002 - as the real one
                raise errors.StoreUnavailable("The disk is full.")

        full = Transactions(
            home / "unfinished", home / "lock", found.apps, found.connections, Full(home / "invites"), found.secrets
        )

        outcome = accept.run(replace(found, changes=full), address)

        assert outcome.trouble is None
        assert kept(agency, outcome.connection) == outcome.connection
        with pytest.raises(errors.NoSuchInvite, match="was used on 22 Nov 2026"):
            accept.run(agency.runtime, address)
        assert found.changes.unfinished() == ()

    def test_of_two_at_once_one_connects_and_the_code_is_sent_once(self, agency: Agency) -> None:
        address = clicked(one(agency))
        asked = agency.world.requests["token"]
        ended: list[Any] = []

        def attempt() -> None:
            try:
                ended.append(accept.run(agency.runtime, address).connection.scope)
            except errors.SpConnectError as error:
                ended.append(error.code)

        threads = [threading.Thread(target=attempt) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(map(str, ended)) == ["acme in Europe & India", "not-found", "not-found", "not-found"]
        assert agency.world.requests["token"] - asked == 2, "one for the app, one for the code"

    @pytest.mark.parametrize("days", [7, 30, 36])
    def test_an_ended_invite_is_told_when_it_ended(self, agency: Agency, days: int) -> None:
        made = one(agency)
        address = clicked(made)
        agency.clock.pass_by(days=days)

        with pytest.raises(errors.NoSuchInvite, match="ended on 29 Nov 2026") as failure:
            accept.run(agency.runtime, address)

        assert "sp-connect invite --seller acme --region eu" in (failure.value.hint or "")

    @pytest.mark.parametrize("step", ["POST", "GET"])
    @pytest.mark.usefixtures("ctrl_c")
    def test_ctrl_c_once_the_code_is_spent_keeps_its_token_unchecked(self, agency: Agency, step: str) -> None:
        made = one(agency)

        posted: list[str] = []

        def press(told: str) -> None:
            posted.extend([told] if told.startswith("POST") else [])
            if len(posted) > 1 and told.startswith(step):  # the first one asks whether the app is accepted
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            accept.run(hearing(agency, press), clicked(made))

        [connection] = agency.runtime.connections.all()
        assert (connection.standing, connection.scope) == ("unchecked", EU)
        assert token_of(agency, connection).startswith("Atzr|")

    @pytest.mark.slow
    def test_one_that_is_being_accepted_can_no_longer_be_cancelled(self, agency: Agency) -> None:
        address = clicked(one(agency))
        ended: list[str] = []

        def cancel() -> None:
            try:
                invites.cancel(agency.runtime, "acme")
            except errors.NoSuchInvite as error:
                ended.append(error.message)

        cancelling = threading.Thread(target=cancel)

        posted: list[str] = []

        def answered(step: str) -> None:
            posted.extend([step] if step.startswith("POST https://api.amazon.com") else [])
            if len(posted) == 2 and step is posted[-1]:  # the first one asks whether the app is accepted
                cancelling.start()
                cancelling.join(0.3)

        accept.run(hearing(agency, answered), address)
        cancelling.join()

        assert ended == ["No invite of acme is pending. Nothing was changed."]

    def test_a_name_that_is_nearly_one_is_asked_about(self, agency: Agency) -> None:
        invited(agency)

        with pytest.raises(errors.NoSuchInvite) as failure:
            invites.cancel(agency.runtime, "acmee")

        assert (failure.value.hint or "").startswith("did you mean acme?")

    def test_a_cancelled_invite_is_told_when_it_was_cancelled(self, agency: Agency) -> None:
        address = clicked(one(agency))
        invites.cancel(agency.runtime, "acme")

        with pytest.raises(errors.NoSuchInvite, match="was cancelled on 22 Nov 2026"):
            accept.run(agency.runtime, address)

    def test_a_second_invite_for_the_same_place_is_replaced_by_the_first_that_is_used(self, agency: Agency) -> None:
        first, second = one(agency), one(agency)
        accept.run(agency.runtime, clicked(first))

        with pytest.raises(errors.NoSuchInvite, match="was connected by another invite"):
            accept.run(agency.runtime, clicked(second))

    def test_an_invite_that_is_made_after_the_consent_stays_good(self, agency: Agency) -> None:
        used = one(agency)
        consented_at = agency.clock()
        agency.clock.pass_by(seconds=5)
        later = one(agency)

        agency.runtime.invites.close(used.state, consented_at)  # as by an entry of the journal that lingers

        found = {invite.state: invite.status(agency.clock()) for invite in agency.runtime.invites.all()[0]}
        assert found == {used.state: "used", later.state: "pending"}

    def test_a_forged_state_is_not_found(self, agency: Agency) -> None:
        made = one(agency)

        with pytest.raises(errors.NoSuchInvite, match="another's, or forged"):
            accept.run(agency.runtime, clicked(made).replace(made.state, "away.forged"))

    def test_an_invite_of_another_app_is_not_found(self, agency: Agency) -> None:
        address = clicked(one(agency))
        other = agency.app.application_id[:-1] + "9"
        agency.runtime.apps.put(agency.app._replace(application_id=other))

        with pytest.raises(errors.NoSuchInvite, match="is another one at Amazon"):
            accept.run(agency.runtime, address)

    def test_a_removed_app_is_not_found(self, agency: Agency) -> None:
        address = clicked(one(agency))
        agency.runtime.apps.remove("default")

        with pytest.raises(errors.NoSuchApp):
            accept.run(agency.runtime, address)

    def test_a_redirect_uri_that_was_changed_meanwhile_is_sent_as_the_link_had_it(self, agency: Agency) -> None:
        address = clicked(one(agency))
        agency.runtime.apps.put(agency.app._replace(redirect_uri="https://new.example/relay"))

        assert accept.run(agency.runtime, address).connection.scope == EU

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("spoil", "why"),
        [
            (lambda address: address.partition("?")[0], "carries no answer"),
            (lambda _: "nonsense", "is not an address"),
            (lambda _: "", "is not an address"),
            (lambda address: address.replace("agency.example", "evil.example"), "begins with https://agency.example"),
            (lambda address: address.replace("spapi_oauth_code", "code"), "carries no authorization code"),
            (lambda address: f"{address}&spapi_oauth_code=again", "names the same thing twice"),
        ],
    )
    def test_what_is_no_answer_is_refused_and_the_invite_stays(self, agency: Agency, spoil: Any, why: str) -> None:
        made = one(agency)
        address = clicked(made)

        with pytest.raises(errors.BadState, match=why) as failure:
            accept.run(agency.runtime, spoil(address))

        assert failure.value.exit_code == 3
        assert accept.run(agency.runtime, address).connection.scope == EU

    @pytest.mark.parametrize(
        "broken",
        [
            lambda address: f"  {address}\n",
            lambda address: "\r\n".join(address[n : n + 60] for n in range(0, len(address), 60)),
            lambda address: "\n> ".join(address[n : n + 60] for n in range(0, len(address), 60)),
            lambda address: f"<{address}>",
            lambda address: f'"{address}"',
            lambda address: f"\u201c{address}\u201d.",
            lambda address: f"\ufeff{address.replace('&', '&amp;')}",
            lambda address: f"{address} <{address}>",
            lambda address: address.replace("?", "/?", 1),
            lambda address: f"https://nam1.safelinks.protection.outlook.com/?url={quote(address, safe='')}&data=05",
        ],
    )
    def test_what_a_mail_did_to_the_address_is_undone(self, agency: Agency, broken: Any) -> None:
        assert accept.run(agency.runtime, broken(clicked(one(agency)))).connection.scope == EU

    def test_the_address_comes_from_stdin_too(self, agency: Agency) -> None:
        address = clicked(one(agency))
        given = shell(agency, piping(agency, f"{address[:50]}\n{address[50:]}\n"))

        accept.command(given.context, "-", json=True)

        assert [row["seller"] for row in given.json()] == ["acme"]

    def test_a_person_at_the_terminal_is_told_to_paste_it(self, agency: Agency) -> None:
        given = shell(agency, typing(agency, clicked(one(agency))))

        accept.command(given.context, "-")

        assert "Paste the address, then Enter and Ctrl-D" in agency.said()

    def test_empty_stdin_is_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage, match="stdin holds no address"):
            accept.command(shell(agency, piping(agency, "")).context, "-")

    @pytest.mark.slow
    def test_five_minutes_later_the_code_is_told_to_be_over_and_the_link_is_still_good(self, agency: Agency) -> None:
        made = one(agency)
        address = clicked(made)
        agency.clock.pass_by(minutes=6)

        with pytest.raises(errors.CodeExpired, match="five minutes") as failure:
            accept.run(agency.runtime, address)

        assert failure.value.hint == "the link is good until 29 Nov 2026: the seller may open it once more"
        assert accept.run(agency.runtime, clicked(made)).connection.scope == EU

    @pytest.mark.slow
    def test_a_wrong_account_is_refused_and_the_link_is_still_good(self, agency: Agency) -> None:
        connected(agency, "acme", "eu")
        made = one(agency)

        with pytest.raises(errors.WrongAccount):
            accept.run(agency.runtime, clicked(made, "bravo"))

        assert accept.run(agency.runtime, clicked(made)).connection.scope == EU

    def test_the_expected_id_is_that_of_the_invite(self, agency: Agency) -> None:
        made = one(agency, expect_id="A9OTHER")

        with pytest.raises(errors.UnexpectedAccount):
            accept.run(agency.runtime, clicked(made))

    def test_an_account_that_another_seller_has_is_refused(self, agency: Agency) -> None:
        connected(agency, "bravo", "eu")

        with pytest.raises(errors.DuplicateAccount):
            accept.run(agency.runtime, clicked(one(agency), "bravo"))

    def test_the_hop_is_told_with_the_address_that_the_seller_opens(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("consent", "hop"))
        made = one(agency)
        hop = seller.confirm(made.address, "acme", f"127.0.0.1:{free_port()}")
        assert hop is not None
        assert "amazon_callback_uri" in hop

        with pytest.raises(errors.OnceMore) as failure:
            accept.run(agency.runtime, hop)

        onward = (failure.value.hint or "").rpartition(" ")[2]
        assert onward.startswith(agency.simulator.base_url)
        assert made.state not in onward

    def test_after_the_hop_the_invite_is_found_by_the_hops_state(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("consent", "hop", times=1))
        made = one(agency)
        hop = seller.confirm(made.address, "acme", f"127.0.0.1:{free_port()}")
        assert hop is not None
        with pytest.raises(errors.OnceMore) as failure:
            accept.run(agency.runtime, hop)
        one(agency, "bravo", "na")
        onward = (failure.value.hint or "").rpartition(" ")[2]
        answer = requests.get(onward, allow_redirects=False, timeout=10).headers["Location"]

        outcome = accept.run(agency.runtime, answer)

        assert outcome.connection.scope == made.scope
        assert made.state not in answer
        closed = agency.runtime.invites.find(made.state)
        assert closed is not None
        assert closed.closed == "used"
        with pytest.raises(errors.NoSuchInvite, match="was used on"):
            accept.run(agency.runtime, answer)

    def test_an_amazon_that_does_not_answer_the_check_keeps_the_token_and_uses_the_invite(self, agency: Agency) -> None:
        address = clicked(one(agency))
        agency.world.faults.add(Fault("sellers", "status", status=503, body="none"))
        given = shell(agency)

        with pytest.raises(errors.KeptUnchecked) as failure:
            accept.command(given.context, address, json=True)

        assert failure.value.code == "unreachable"
        assert failure.value.hint == "the token is saved but unchecked: sp-connect verify --seller acme --region eu"
        assert [row["status"] for row in given.json()] == ["unchecked"]
        assert invites.pending(agency.runtime)[0] == []


class TestInvite:
    def test_the_link_asks_for_the_away_page_and_is_kept(self, agency: Agency) -> None:
        made = one(agency)

        assert made.state.startswith("away.")
        assert made.state in made.address
        assert invites.pending(agency.runtime)[0] == [made._replace(created_at=made.created_at)]

    def test_the_far_east_has_a_link_for_each_country(self, agency: Agency) -> None:
        made, _ = invited(agency, "acme", "fe")

        assert [one.scope.country for one in made] == ["JP", "AU", "SG"]
        assert len({one.state for one in made}) == 3

    def test_named_countries_are_the_only_ones(self, agency: Agency) -> None:
        made, _ = invited(agency, "acme", "fe", "jp", "JP", "sg")

        assert [one.scope.country for one in made] == ["JP", "SG"]

    def test_a_renewal_is_with_the_app_of_the_connection(self, agency: Agency) -> None:
        connected(agency)

        with pytest.raises(errors.OtherApp):
            invited(agency, app="wider")

    @pytest.mark.parametrize(
        ("more", "error"),
        [
            ({"name": "ACME"}, errors.BadName),
            ({"region": "asia"}, errors.UnknownRegion),
            ({"name": None}, errors.Usage),
            ({"region": None}, errors.Usage),
            ({"app": "nowhere"}, errors.NoSuchApp),
            ({"region": "fe", "expect_id": "A1"}, errors.Usage),
        ],
    )
    def test_what_cannot_be_meant_makes_no_invite(
        self, agency: Agency, more: dict[str, Any], error: type[errors.SpConnectError]
    ) -> None:
        with pytest.raises(error):
            invited(agency, **more)

        assert invites.pending(agency.runtime)[0] == []

    def test_the_state_is_in_a_file_that_is_private(self, agency: Agency) -> None:
        one(agency)

        [path] = (agency.folder / "invites").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600

    def test_what_ended_long_ago_is_forgotten(self, agency: Agency) -> None:
        one(agency)
        agency.clock.pass_by(days=38)
        one(agency)

        assert len(agency.runtime.invites.all()[0]) == 1

    def test_json_has_the_keys_of_the_contract(self, agency: Agency) -> None:
        given = shell(agency)

        invite.command(given.context, "acme", ["fe"], ["JP"], json=True)

        [row] = given.json()
        url = row.pop("url")
        assert url.startswith(f"{agency.simulator.base_url}/sellercentral.amazon.co.jp/apps/authorize/consent?")
        assert row == {
            "seller": "acme",
            "region": "fe",
            "country": "JP",
            "app": "default",
            "created_at": "2026-11-22T12:00:00Z",
            "expires_at": "2026-11-29T12:00:00Z",
            "status": "pending",
        }

    def test_the_link_alone_is_on_stdout(self, agency: Agency) -> None:
        given = shell(agency)

        invite.command(given.context, "acme", ["eu"])

        [made], _ = invites.pending(agency.runtime)
        assert given.printed() == f"{made.address}\n"

    def test_the_mail_says_what_to_do_and_holds_each_link_on_a_line(self, agency: Agency) -> None:
        given = shell(agency)

        invite.command(given.context, "acme", ["fe"], text=True)

        for made in invites.pending(agency.runtime)[0]:
            assert made.address in given.printed().splitlines()
        assert given.printed().startswith("Subject: ")
        assert "Japan, Australia and Singapore" in " ".join(given.printed().split())
        assert max(len(line) for line in given.printed().splitlines() if "http" not in line) < 80

    def test_two_ways_to_print_are_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage):
            invite.command(shell(agency).context, "acme", ["eu"], text=True, json=True)


class TestFromFile:
    def given(self, text: str) -> Any:
        return io.BytesIO(text.encode())

    def test_each_row_has_its_links(self, agency: Agency) -> None:
        file = self.given("seller,region,country,expect_id\nacme,eu,,A2EXAMPLE1234\nbravo,fe,JP AU,\ncharlie,fe,,\n")

        made, failed = invited(agency, None, None, file=file)

        assert not failed
        assert [f"{one.scope.seller} {one.scope.item}" for one in made] == [
            *("acme eu", "bravo fe-JP", "bravo fe-AU"),
            *("charlie fe-JP", "charlie fe-AU", "charlie fe-SG"),
        ]
        assert made[0].expect_id == "A2EXAMPLE1234"

    def test_bad_rows_are_named_with_their_line_and_the_good_are_invited(self, agency: Agency) -> None:
        file = self.given("seller,region,app\nacme,eu,\nACME!,eu,\nbravo,asia,\ncharlie,eu,nowhere\ndelta,na,\n")

        made, failed = invited(agency, None, None, file=file)

        assert [one.scope.seller for one in made] == ["acme", "delta"]
        assert [error.message.split(":")[0] for error in failed] == ["Line 3", "Line 4", "Line 5"]

    def test_the_command_prints_the_good_and_fails_for_the_bad(self, agency: Agency) -> None:
        file = self.given("seller,region\nacme,eu\nbravo,asia\n")
        given = shell(agency)

        with pytest.raises(errors.OnLines, match="Line 3: Unknown region 'asia'") as failure:
            invite.command(given.context, file=file, csv=True)

        assert failure.value.exit_code == 2

        rows = list(csv.DictReader(io.StringIO(given.printed())))
        assert [row["seller"] for row in rows] == ["acme"]
        assert rows[0]["url"].startswith("http")

    def test_a_place_that_is_there_already_is_named_with_its_line_and_gets_no_second_link(self, agency: Agency) -> None:
        file = self.given("seller,region,country\nacme,eu,\nbravo,fe,JP\nACME,eu,\nacme,EU,\nbravo,fe,\ndelta,na,\n")

        made, failed = invited(agency, None, None, file=file)

        assert [f"{one.scope.seller} {one.scope.item}" for one in made] == ["acme eu", "bravo fe-JP", "delta na"]
        assert [error.message for error in failed[1:]] == [
            "Line 5: acme in Europe & India is there already, on line 2.",
            "Line 6: bravo in Japan is there already, on line 3.",
        ]
        assert failed[0].message.startswith("Line 4: 'ACME' cannot be the name of a seller")
        assert len(invites.pending(agency.runtime)[0]) == 3

    def test_of_rows_that_contradict_each_other_none_is_invited(self, agency: Agency) -> None:
        file = self.given("seller,region,expect_id\nacme,eu,A2EXAMPLE1234\nacme,eu,A1BRAVO777777\ndelta,na,\n")

        made, failed = invited(agency, None, None, file=file)

        assert [one.scope.seller for one in made] == ["delta"]
        assert [error.message for error in failed] == [
            "Lines 2 and 3: acme in Europe & India appears more than once, with different values."
        ]

    def test_a_row_that_fails_for_one_country_makes_no_link_for_the_others(self, agency: Agency) -> None:
        add_app(agency, "other")
        connected(agency, "acme", "fe", "AU")

        made, failed = invited(agency, None, None, file=self.given("seller,region,app\nacme,fe,other\n"))

        assert made == []
        assert "acme in Australia is connected with the app default" in failed[0].message

    def test_a_file_of_heads_alone_is_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage, match="contains no seller"):
            invited(agency, None, None, file=self.given("seller,region\n"))

    def test_flags_beside_a_file_are_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage, match="--from takes sellers"):
            invited(agency, "acme", None, file=self.given("seller,region\nacme,eu\n"))

    def test_other_columns_are_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage):
            invited(agency, None, None, file=self.given("name,where\nacme,eu\n"))


class TestInvites:
    def test_the_table_shows_age_and_end(self, agency: Agency) -> None:
        one(agency)
        agency.clock.pass_by(days=2)
        given = shell(agency)

        invites.command(given.context)

        assert re.search(r"22 Nov 2026 +2 days ago", given.printed())
        assert "in 5 days" in given.printed()

    def test_of_two_links_for_one_place_the_table_tells_which_is_which(self, agency: Agency) -> None:
        first = one(agency)
        agency.clock.pass_by(minutes=5)
        second, other = one(agency), one(agency, "bravo", "eu")
        given = shell(agency)

        invites.command(given.context)

        lines = given.printed().splitlines()[2:]
        assert "5 minutes ago" in lines[0]
        assert "just now" in lines[1]
        for made, line in ((first, lines[0]), (second, lines[1])):
            begin = line.split()[-1].removesuffix("…")
            assert f"state=away.{begin}" in made.address
        assert first.state[:11] != second.state[:11]
        assert other.state[5:11] not in given.printed()
        assert "Link stands behind state=away." in agency.said()

    def test_at_80_columns_no_cell_is_cut(self, agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("TERM", "dumb")
        for name in ("acme", "acme", LONGEST):
            one(agency, name)
        agency.clock.pass_by(minutes=20)
        terminal = Terminal()
        around = replace(agency.runtime, screen=Screen(terminal, agency.stderr))

        invites.command(shell(agency, around).context)

        shown = terminal.getvalue()
        assert shown.count("20 minutes ago") == 3
        assert shown.count("…") == 2  # the two links
        assert "".join(line.split()[0] for line in shown.splitlines() if line[:1].isalnum())[-64:] == LONGEST

    def test_where_each_place_has_one_link_none_is_shown(self, agency: Agency) -> None:
        one(agency), one(agency, "bravo", "eu")
        given = shell(agency)

        invites.command(given.context)

        assert "Link" not in given.printed()

    def test_cancel_ends_the_pending_ones_of_the_seller_alone(self, agency: Agency) -> None:
        one(agency, "acme", "eu")
        one(agency, "acme", "na")
        other = one(agency, "bravo", "eu")
        given = shell(agency)

        invites.command(given.context, cancelled="acme", json=True)

        assert [row["status"] for row in given.json()] == ["cancelled", "cancelled"]
        assert [left.scope for left in invites.pending(agency.runtime)[0]] == [other.scope]

    def test_cancel_of_none_is_not_found(self, agency: Agency) -> None:
        with pytest.raises(errors.NoSuchInvite):
            invites.cancel(agency.runtime, "acme")

    def test_none_pending_names_the_next_step(self, agency: Agency) -> None:
        invites.command(shell(agency).context)

        assert "sp-connect invite" in agency.said()

    def test_a_damaged_file_is_told_and_the_others_are_shown(self, agency: Agency) -> None:
        one(agency)
        (agency.folder / "invites" / "0.toml").write_text("seller = 5")
        given = shell(agency)

        with pytest.raises(errors.Damaged):
            invites.command(given.context)

        assert "acme" in given.printed()

    def test_a_file_under_another_name_is_damaged(self, agency: Agency) -> None:
        one(agency)
        [path] = (agency.folder / "invites").iterdir()
        path.rename(path.with_name("0123.toml"))

        assert len(agency.runtime.invites.all()[1]) == 1
