"""`import`: one token or a file of many, every bad row named with its line, none half done, no secret told."""

from __future__ import annotations

import csv
import io
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sp_connect import access, errors
from sp_connect.amazon import geography
from sp_connect.bulk import batches
from sp_connect.bulk.reading import Outcome
from sp_connect.commands import import_
from sp_connect.models import Secret, SecretName
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores import secret_store
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.terminal.prompt import Prompt
from tests.agency import NOON, Agency, writing
from tests.commands.given import (
    Keys,
    Shell,
    account_of,
    connected,
    hearing,
    kept,
    left,
    names,
    piping,
    record,
    shell,
    token_of,
    typing,
)

HEADER = "seller,region,country,selling_partner_id,refresh_token"
ACME = "A2EXAMPLE1234"
LONG = ("Atzr|" + "Sample-token" * 200)[:2048]


def options(**flags: Any) -> import_.Options:
    wanted: dict[str, Any] = {
        "seller": None,
        "region": None,
        "country": None,
        "selling_partner_id": None,
        "file": None,
        "app": None,
        "default_app": "default",
        "check": True,
        "jobs": 4,
    }
    return import_.Options(**(wanted | flags))


def one(**flags: Any) -> import_.Options:
    return options(**({"seller": "acme", "region": "eu", "selling_partner_id": ACME} | flags))


def of_file(content: str | bytes, **flags: Any) -> import_.Options:
    data = content.encode() if isinstance(content, str) else content
    return options(file=io.BytesIO(data), **flags)


def table(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join((header, *rows)) + end


def token(agency: Agency, name: str = "acme", region: str = "eu", country: str | None = None) -> str:
    """A refresh token as Amazon's console gives it."""
    scope = geography.scope(name, region, country)
    host = geography.consent_host(scope)
    return agency.world.authorize(BUILT_IN, account_of(name, host), host).refresh_token


def row(agency: Agency, name: str = "acme", region: str = "eu", country: str = "", **changes: str) -> str:
    """A row that Amazon takes; `changes` are cells of it."""
    scope = geography.scope(name, region, country or None)
    account = account_of(name, geography.consent_host(scope)).selling_partner_id
    cells = {"seller": name, "region": region, "country": country, "selling_partner_id": account}
    cells["refresh_token"] = changes.get("refresh_token") or token(agency, name, region, country or None)
    return ",".join((cells | changes).values())


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(failure.code, failure.message) for failure in outcome.failures]


def failed(agency: Agency, content: str, **flags: Any) -> errors.SpConnectError:
    """The one failure of a file whose other rows are imported."""
    [failure] = import_.run(agency.runtime, of_file(content, **flags)).failures
    return failure


class TestOne:
    def test_a_piped_token_is_checked_and_kept(self, agency: Agency) -> None:
        given_by_amazon = token(agency)

        outcome = import_.run(piping(agency, f"{given_by_amazon}\n"), one())

        [made] = outcome.connections
        assert (made.standing, made.selling_partner_id, made.verified_at) == ("connected", ACME, agency.clock())
        assert {m.country for m in made.marketplaces} >= {"DE", "FR"}
        assert kept(agency, made) == made
        assert token_of(agency, made) == given_by_amazon
        assert outcome.failures == []

    def test_without_a_check_amazon_is_not_asked_and_the_status_says_so(self, agency: Agency) -> None:
        [made] = import_.run(piping(agency, LONG), one(check=False)).connections

        assert made.status(agency.clock()) == "unchecked"
        assert (made.verified_at, made.marketplaces) == (None, ())
        assert token_of(agency, made) == LONG
        assert not agency.world.requests["token"]

    def test_without_a_check_no_client_secret_is_needed(self, agency: Agency) -> None:
        agency.runtime.secrets.forget(agency.app.secret_name)

        assert import_.run(piping(agency, LONG), one(check=False)).connections

    def test_a_person_is_asked_hidden(self, agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def getpass(prompt: str, stream: object) -> str:  # noqa: ARG001 - getpass's signature
            asked.append(prompt)
            return f" {LONG} "

        monkeypatch.setattr("getpass.getpass", getpass)

        [made] = import_.run(typing(agency, ""), one(check=False)).connections

        assert token_of(agency, made) == LONG
        assert asked == ["Refresh token? (not shown) "]

    @pytest.mark.parametrize(
        "piped", ["", " \n", "Atzr", "Atza|short-lived", "amzn1.oa2-cs.v1.x", "Atzr|a b", "Atzr|é"]
    )
    def test_what_is_no_refresh_token_is_refused_and_not_repeated(self, agency: Agency, piped: str) -> None:
        before = agency.files()

        with pytest.raises(errors.Usage) as failure:
            import_.run(piping(agency, piped), one(check=False))

        assert failure.value.exit_code == 2
        assert piped.strip() not in failure.value.message or len(piped) < 5
        assert agency.files() == before

    def test_a_token_longer_than_amazons_is_refused(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage, match="at most 2,048"):
            import_.run(piping(agency, LONG + "x"), one(check=False))

    @pytest.mark.parametrize("missing", ["seller", "region", "selling_partner_id"])
    def test_missing_flags_are_named(self, agency: Agency, missing: str) -> None:
        with pytest.raises(errors.Usage) as failure:
            import_.run(agency.runtime, one(**{missing: None}))

        assert f"--{missing.replace('_', '-')}" in failure.value.message
        assert failure.value.exit_code == 2

    @pytest.mark.parametrize(
        "flags",
        [
            {"seller": "../acme"},
            {"region": "asia"},
            {"region": "fe"},
            {"country": "JP"},
            {"selling_partner_id": "a2-example"},
            {"selling_partner_id": "A1PA6795UKMFR9"},
            {"selling_partner_id": ""},
        ],
    )
    def test_what_cannot_be_meant_is_a_usage_error_before_the_token_is_asked_for(
        self, agency: Agency, flags: dict[str, str]
    ) -> None:
        stdin = io.StringIO(LONG)
        asked = replace(agency.runtime, prompt=Prompt(stdin, agency.stderr))

        with pytest.raises(errors.Usage):
            import_.run(asked, one(**flags))

        assert stdin.tell() == 0

    def test_flags_of_one_and_a_file_cannot_both_be_meant(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage, match="--from"):
            import_.run(agency.runtime, of_file(table(), seller="acme"))

    def test_an_app_that_is_not_there_is_not_found(self, agency: Agency) -> None:
        with pytest.raises(errors.NoSuchApp) as failure:
            import_.run(piping(agency, LONG), one(app="other"))

        assert failure.value.exit_code == 6

    def test_a_store_that_cannot_keep_is_told_before_the_token_is_asked_for(self, agency: Agency) -> None:
        stdin = io.StringIO(LONG)
        closed = KeyringStore("keyring.backends.null.Keyring", 1.0)

        with pytest.raises(errors.StoreUnavailable):
            import_.run(replace(agency.runtime, secrets=closed, prompt=Prompt(stdin, agency.stderr)), one())

        assert stdin.tell() == 0

    def test_a_token_that_amazon_refuses_is_not_kept(self, agency: Agency) -> None:
        before = agency.files()

        outcome = import_.run(piping(agency, "Atzr|never-given"), one())

        [failure] = outcome.failures
        assert (failure.code, failure.exit_code) == ("rejected", 3)
        assert failure.message.startswith("Amazon refuses the token of acme")
        assert agency.files() == before

    def test_a_country_in_which_the_account_does_not_sell_is_a_wrong_account(self, agency: Agency) -> None:
        given_by_amazon = token(agency, "bravo")

        outcome = import_.run(piping(agency, given_by_amazon), one(seller="bravo", country="SE"))

        [(code, message)] = told(outcome)
        assert code == "wrong-account"
        assert message.startswith("The token of bravo in Sweden belongs to an account that sells in ")
        assert message.endswith(" but not in Sweden.")
        assert left(agency) == []

    def test_a_token_that_amazon_changes_in_the_check_is_kept_as_changed(self, agency: Agency) -> None:
        given_by_amazon = token(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        [made] = import_.run(piping(agency, given_by_amazon), one()).connections

        assert token_of(agency, made) != given_by_amazon

    def test_a_token_that_amazon_changes_is_kept_even_if_the_rest_of_the_check_fails(self, agency: Agency) -> None:
        given_by_amazon = token(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        agency.world.faults.add(Fault("sellers", "status", times=None, status=503))

        outcome = import_.run(piping(agency, given_by_amazon), one())

        [made] = outcome.connections
        assert made.standing == "unchecked"
        assert token_of(agency, made) != given_by_amazon
        [failure] = outcome.failures
        assert (failure.exit_code, failure.code) == (5, "unreachable")
        assert failure.hint == "the token is saved but unchecked: sp-connect verify --seller acme --region eu"

    @pytest.mark.slow
    @pytest.mark.usefixtures("ctrl_c")
    def test_ctrl_c_keeps_what_amazon_is_answering_just_then(self, agency: Agency) -> None:
        given_by_amazon = token(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        asked = piping(agency, given_by_amazon)

        def press(told: str) -> None:
            if told.startswith("POST https://api.amazon.com"):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.3)  # the run has been interrupted, and this thread still has to ask for marketplaces

        with pytest.raises(KeyboardInterrupt):
            import_.run(replace(asked, amazon=hearing(agency, press).amazon), one())

        [made] = agency.runtime.connections.all()
        assert made.standing == "connected"
        assert token_of(agency, made) != given_by_amazon

    @pytest.mark.slow
    def test_a_token_that_amazon_changes_is_the_connections_at_once(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        given: list[str] = []
        another = threading.Thread(target=lambda: given.append(access.token(agency.runtime, made).value.reveal()))

        def ask_too(told: str) -> None:
            if told.startswith("POST https://api.amazon.com"):
                another.start()
                another.join(0.3)  # it waits, for what it would ask with is dead

        asked = piping(agency, token_of(agency, made))
        outcome = import_.run(replace(asked, amazon=hearing(agency, ask_too).amazon), one())
        another.join()

        assert not outcome.failures
        assert agency.world.bearer(given[0]).account.slug == "acme"
        assert kept(agency, made).standing == "connected"

    @pytest.mark.slow
    def test_a_changed_token_of_a_connection_that_cannot_be_kept_is_told_with_what_it_means(
        self, agency: Agency
    ) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        def fill(told: str) -> None:
            if told.startswith("POST https://api.amazon.com"):
                (agency.folder / "unfinished").rmdir()
                (agency.folder / "unfinished").write_text("no folder")

        asked = piping(agency, token_of(agency, made))
        outcome = import_.run(replace(asked, amazon=hearing(agency, fill).amazon), one())

        [(code, message)] = told(outcome)
        assert code == "store-unavailable"
        assert message.startswith("Amazon has changed the refresh token of acme in Europe & India, but it ")

    def test_a_token_that_amazon_has_not_taken_is_not_kept(self, agency: Agency) -> None:
        given_by_amazon = token(agency)
        agency.world.faults.add(Fault("token", "status", times=None, status=503))

        outcome = import_.run(piping(agency, given_by_amazon), one())

        assert [failure.exit_code for failure in outcome.failures] == [5]
        assert left(agency) == []


class TestGuard:
    def test_another_account_in_the_place_of_one_is_a_wrong_account(self, agency: Agency) -> None:
        made = connected(agency)

        with pytest.raises(errors.WrongAccount) as failure:
            import_.run(piping(agency, LONG), one(selling_partner_id="A9OTHER", check=False))

        assert (failure.value.exit_code, failure.value.code) == (3, "wrong-account")
        assert failure.value.message == "acme in Europe & India is already connected, but not as A9OTHER."
        revoke = "sp-connect revoke --seller acme --region eu"
        assert failure.value.hint == f"correct the Selling Partner ID, or first: {revoke}"
        assert kept(agency, made) == made

    def test_an_account_under_a_second_name_is_a_duplicate(self, agency: Agency) -> None:
        connected(agency)

        with pytest.raises(errors.DuplicateAccount) as failure:
            import_.run(piping(agency, LONG), one(seller="acme-2", check=False))

        assert (failure.value.exit_code, failure.value.code) == (3, "duplicate-account")
        assert failure.value.message == f"{ACME} is already connected, as acme in Europe & India."
        assert "sp-connect rename acme acme-2" in (failure.value.hint or "")
        assert left(agency) == ["acme eu"]

    def test_another_app_than_the_connections_is_refused(self, agency: Agency) -> None:
        connected(agency)
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(name="other", secret_ref="0ther"), Secret("amzn1.x"))

        with pytest.raises(errors.OtherApp):
            import_.run(piping(agency, LONG), one(app="other", check=False))

    def test_the_same_account_is_renewed(self, agency: Agency) -> None:
        before = connected(agency)
        agency.clock.pass_by(days=100)
        given_by_amazon = token(agency)

        [made] = import_.run(piping(agency, given_by_amazon), one()).connections

        assert made.authorized_at is None
        assert token_of(agency, made) == given_by_amazon
        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(before.secret_name)

    def test_the_same_token_again_begins_no_new_year(self, agency: Agency) -> None:
        given_by_amazon = token(agency)
        [first] = import_.run(piping(agency, given_by_amazon), one()).connections
        agency.clock.pass_by(days=100)

        [checked] = import_.run(piping(agency, given_by_amazon), one()).connections
        [unchecked] = import_.run(piping(agency, given_by_amazon), one(check=False)).connections

        assert (checked.authorized_at, checked.verified_at) == (first.authorized_at, agency.clock())
        assert unchecked == checked == kept(agency, checked)

    def test_the_day_of_the_consent_is_kept_where_it_is_given_and_else_unknown(self, agency: Agency) -> None:
        [told] = import_.run(piping(agency, token(agency)), one(authorized_at="2026-01-31")).connections
        [untold] = import_.run(
            piping(agency, token(agency, "bravo")),
            one(
                seller="bravo",
                selling_partner_id=account_of("bravo", "sellercentral-europe.amazon.com").selling_partner_id,
            ),
        ).connections

        assert told.renew_by == datetime(2027, 1, 31, tzinfo=UTC)
        assert (untold.authorized_at, untold.renew_by, untold.days_left(NOON)) == (None, None, None)
        assert untold.status(NOON + timedelta(days=9999)) == "connected"
        assert untold == kept(agency, untold)

    def test_an_id_in_lower_case_is_taken_in_capitals(self, agency: Agency) -> None:
        [made] = import_.run(piping(agency, token(agency)), one(selling_partner_id=ACME.lower())).connections

        assert made.selling_partner_id == ACME

    @pytest.mark.parametrize("check", [True, False])
    def test_the_day_given_with_a_token_that_is_kept_already_is_set(self, agency: Agency, check: bool) -> None:
        given_by_amazon = token(agency)
        [first] = import_.run(piping(agency, given_by_amazon), one()).connections

        flags = one(authorized_at="2026-01-31", check=check)
        [dated] = import_.run(piping(agency, given_by_amazon), flags).connections

        assert dated.authorized_at == datetime(2026, 1, 31, tzinfo=UTC)
        assert (dated.standing, dated.marketplaces) == (first.standing, first.marketplaces)
        assert dated == kept(agency, dated)
        assert token_of(agency, dated) == given_by_amazon

    def test_a_damaged_record_elsewhere_stops_it_because_it_may_be_the_same_account(self, agency: Agency) -> None:
        connected(agency, "bravo")
        (agency.folder / "connections" / "bravo.toml").write_text("?")

        with pytest.raises(errors.Damaged):
            import_.run(piping(agency, LONG), one())

    @pytest.mark.parametrize(("region", "app"), [("na", "default"), ("eu", "other"), ("na", "other")])
    def test_no_region_and_no_app_makes_it_another_account(self, agency: Agency, region: str, app: str) -> None:
        connected(agency)
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(name="other", secret_ref="0ther"), Secret("amzn1.x"))

        with pytest.raises(errors.DuplicateAccount):
            import_.run(piping(agency, LONG), one(seller="acme-2", region=region, app=app, check=False))

    @pytest.mark.slow
    def test_a_pair_that_version_0_9_allowed_is_imported_again(self, agency: Agency) -> None:
        connected(agency)
        connected(agency, "bravo", "na", selling_partner_id=ACME)

        [made] = import_.run(
            piping(agency, LONG), one(seller="bravo", region="na", selling_partner_id=ACME, check=False)
        ).connections

        assert token_of(agency, made) == LONG

    @pytest.mark.parametrize("from_file", [False, True])
    @pytest.mark.parametrize("seller", ["acme", "bravo"])
    def test_a_token_that_is_kept_for_another_account_is_refused(
        self, agency: Agency, seller: str, from_file: bool
    ) -> None:
        made = connected(agency)
        kept_token = token_of(agency, made)
        files = agency.files()

        if from_file:
            rows = table(f"{seller},na,,A9OTHER,{kept_token}")
            failure: errors.SpConnectError = import_.run(agency.runtime, of_file(rows, check=False)).failures[0]
        else:
            flags = one(seller=seller, region="na", selling_partner_id="A9OTHER", check=False)
            with pytest.raises(errors.TokenTaken) as raised:
                import_.run(piping(agency, kept_token), flags)
            failure = raised.value

        assert (failure.exit_code, failure.code) == (3, "duplicate-account")
        assert "acme in Europe & India" in failure.message
        assert {name: data for name, data in agency.files().items() if name != "tokens.json"} == files

    def test_a_token_is_known_by_its_fingerprint_and_no_secret_is_read_for_it(self, agency: Agency) -> None:
        import_.run(agency.runtime, of_file(table(row(agency), row(agency, "bravo")), check=False))
        fetched: list[SecretName] = []
        store = agency.runtime.secrets

        class Watched:
            name, keep, keep_all = store.name, store.keep, store.keep_all
            forget, forget_all, describe = store.forget, store.forget_all, store.describe

            def fetch(self, name: SecretName) -> Secret:
                fetched.append(name)
                return store.fetch(name)

        taken = token_of(agency, agency.runtime.connections.all()[0])
        runtime = replace(piping(agency, taken), secrets=Watched())

        with pytest.raises(errors.TokenTaken):
            import_.run(runtime, one(seller="charlie", selling_partner_id="A3", check=False))
        assert [name for name in fetched if name.kind == "seller"] == []
        assert taken not in (agency.folder / "tokens.json").read_text()

    def test_several_countries_of_one_seller_may_have_one_token(self, agency: Agency) -> None:
        first = connected(agency, "acme", "na", "US")
        flags = one(region="na", country="CA", selling_partner_id=first.selling_partner_id, check=False)

        [made] = import_.run(piping(agency, token_of(agency, first)), flags).connections

        assert token_of(agency, made) == token_of(agency, first)

    def test_one_that_was_faster_meanwhile_is_not_overwritten(self, agency: Agency) -> None:
        rows = [row(agency, "acme"), row(agency, "bravo")]

        def connect_meanwhile(*_: object) -> None:
            if left(agency) == []:
                connected(agency, "acme-2", selling_partner_id=ACME)

        amazon = agency.runtime.amazon
        agency.world.faults.add(Fault("sellers", "delay", times=1, seconds=0.01))
        hearing = replace(agency.runtime, amazon=type(amazon)(agency.simulator.base_url, connect_meanwhile))

        outcome = import_.run(hearing, of_file(table(*rows), jobs=1))

        assert [code for code, _ in told(outcome)] == ["duplicate-account"]
        assert left(agency) == ["acme-2 eu", "bravo eu"]


class TestFile:
    @pytest.fixture
    def rows(self, agency: Agency) -> list[str]:
        places = [("acme", "na"), ("acme", "eu"), ("acme", "fe", "JP"), ("bravo", "eu"), ("charlie-gmbh", "eu", "IN")]
        return [row(agency, *place) for place in places]

    ALL = ("acme na", "acme eu", "acme fe-JP", "bravo eu", "charlie-gmbh eu-IN")

    def test_all_are_checked_and_kept_in_the_order_of_the_file(self, agency: Agency, rows: list[str]) -> None:
        outcome = import_.run(agency.runtime, of_file(table(*reversed(rows))))

        assert names(outcome.connections) == list(reversed(self.ALL))
        assert left(agency) == list(self.ALL)
        assert {made.standing for made in outcome.connections} == {"connected"}
        tokens = [cells.rpartition(",")[2] for cells in reversed(rows)]
        assert [token_of(agency, made) for made in outcome.connections] == tokens

    def test_every_form_of_the_same_file_is_taken(self, agency: Agency, rows: list[str]) -> None:
        columns = HEADER.split(",")
        cells = [dict(zip(columns, one.split(","), strict=True)) for one in rows]
        turned = list(reversed(columns))
        quoted = io.StringIO()
        writer = csv.DictWriter(quoted, turned, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(cells)
        shouted = [
            ",".join([one["seller"], f" {one['region'].upper()} ", one["country"].lower(), *list(one.values())[3:]])
            for one in cells
        ]
        forms: list[bytes] = [
            table(*rows).encode("utf-8-sig"),
            table(*rows, end="\r\n").encode(),
            table(*rows, end="\r").encode(),
            table(*rows).rstrip("\n").encode(),
            ("\n\n" + table(*rows, end="\n \n,,,,\n\n")).encode(),
            b"\xef\xbb\xbf" + quoted.getvalue().encode(),
            table(*shouted, header=" Seller,REGION,country,Selling_Partner_ID , refresh_token").encode(),
        ]
        for form in forms:
            outcome = import_.run(agency.runtime, of_file(form, check=False))
            assert (names(outcome.connections), told(outcome)) == (list(self.ALL), [])

    def test_uk_is_taken_for_gb(self, agency: Agency) -> None:
        content = table(row(agency, country="GB").replace(",GB,", ",uk,"))

        assert names(import_.run(agency.runtime, of_file(content)).connections) == ["acme eu-GB"]

    def test_the_app_is_a_column_a_flag_or_the_default(self, agency: Agency) -> None:
        with writing(agency.runtime):
            for name in ("one", "two"):
                agency.runtime.changes.keep_app(agency.app._replace(name=name, secret_ref=name), Secret("amzn1.x"))
        content = table(f"a,eu,,A1,{LONG},one", "b,eu,,A2,Atzr|b,", header=f"{HEADER},app")

        first = import_.run(agency.runtime, of_file(content, check=False)).connections
        second = import_.run(agency.runtime, of_file(table("c,eu,,A3,Atzr|c"), check=False, app="two")).connections

        assert [made.app for made in (*first, *second)] == ["one", "default", "two"]

    def test_the_same_file_again_changes_nothing(self, agency: Agency, rows: list[str]) -> None:
        import_.run(agency.runtime, of_file(table(*rows)))
        before = agency.files()

        outcome = import_.run(agency.runtime, of_file(table(*rows), check=False))

        assert names(outcome.connections) == list(self.ALL)
        assert agency.files() == before

    def test_many_batches_give_the_lock_away_between_them(self, agency: Agency) -> None:
        pauses: list[float] = []
        count = batches.FIRST + 1

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            with writing(agency.runtime):
                agency.runtime.changes.keep_connection(record("late", selling_partner_id=f"B{count - 1}"), Secret("x"))

        content = table(*(f"c-{n},eu,,B{n},Atzr|{n}" for n in range(count)))
        outcome = import_.run(replace(agency.runtime, sleep=pause), of_file(content, check=False))

        assert len(pauses) == 1
        assert told(outcome)[0][0] == "duplicate-account"
        assert len(outcome.connections) == count - 1

    def test_an_empty_table_imports_nothing_and_is_no_error(self, agency: Agency) -> None:
        outcome = import_.run(agency.runtime, of_file(table()))

        assert (outcome.connections, outcome.failures) == ([], [])


class TestFurtherColumns:
    def test_they_are_named_and_the_rows_imported(self, agency: Agency) -> None:
        given = shell(agency)
        content = f"Merchant Token\tseller\tregion\trefresh token\tnote\r\nA7\tacme\teu\t{LONG}\thello\r\n"

        file: Any = io.BytesIO(content.encode("utf-16"))
        import_.command(given.context, file=file, check=False)

        assert left(agency) == ["acme eu"]
        assert "Skipped columns: note." in agency.said()


class TestBadFile:
    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (b"", "missing: seller"),
            (table("acme,eu,A1,Atzr|hush", header=HEADER.replace("region,", "")).encode(), "missing: region"),
            (f"acme,eu,,{ACME},Atzr|hush\n".encode(), "column 5"),
            (table("zürich,eu,,A1,Atzr|x").encode("latin-1"), "Line 2 is not UTF-8"),
            (table("bravo,eu,,A1,Atzr|x", 'bravo,eu,"A1,Atzr|x', f"acme,na,,A7,{LONG}").encode(), "Line 3 is not CSV"),
        ],
    )
    def test_what_is_no_table_of_rows_is_refused_whole(self, agency: Agency, content: bytes, named: str) -> None:
        before = agency.files()

        with pytest.raises(errors.Usage, match=named) as failure:
            import_.run(agency.runtime, of_file(content, check=False))

        assert failure.value.message.endswith("Nothing was changed.")
        assert failure.value.exit_code == 2
        assert "hush" not in failure.value.told()
        assert agency.files() == before

    @pytest.mark.parametrize(
        ("bad", "named"),
        [
            ("Acme,eu,,A1,Atzr|x", "'Acme' cannot be the name of a seller"),
            ("b,eu,,A1,Atza|x", "not a refresh token"),
            ("Atzr|x,eu,,A1,Atzr|x", "seller holds a token"),
            (f"b,eu,A1,{LONG}", "4 cells"),
        ],
    )
    def test_a_bad_row_is_named_with_its_line_and_the_good_are_imported(
        self, agency: Agency, bad: str, named: str
    ) -> None:
        failure = failed(agency, table("a,eu,,A7,Atzr|a", "", bad, f"z,eu,,A8,{LONG}"), check=False)

        assert failure.message.startswith("Line 4: ")
        assert named in failure.message
        assert failure.exit_code == 2
        assert "Atz" not in failure.told()
        assert left(agency) == ["a eu", "z eu"]

    def test_of_rows_that_contradict_each_other_none_is_taken(self, agency: Agency) -> None:
        rows = [
            "a,eu,,A7,Atzr|a",
            "b,eu,,A7,Atzr|b",
            "d,na,,A4,Atzr|d",
            "c,eu,,A9,Atzr|one",
            "c,eu,,A9,Atzr|another",
        ]

        outcome = import_.run(agency.runtime, of_file(table(*rows, rows[2]), check=False))

        assert [(code, message.partition(":")[0]) for code, message in told(outcome)] == [
            ("duplicate-account", "Lines 2 and 3"),
            ("usage", "Lines 5 and 6"),
            ("usage", "Line 7"),
        ]
        assert left(agency) == ["d na"]

    def test_one_account_under_two_names_is_for_the_one_that_has_it(self, agency: Agency) -> None:
        connected(agency)

        failure = failed(agency, table(f"zeta,eu,,{ACME},Atzr|z", f"acme,eu,,{ACME},{LONG}"), check=False)

        assert failure.message.startswith(f"Line 2: {ACME} is already connected, as acme")
        assert left(agency) == ["acme eu"]

    def test_conflicts_with_what_is_connected_are_named(self, agency: Agency) -> None:
        made = connected(agency)
        rows = ["acme,eu,,A9OTHER,Atzr|one", f"acme-2,eu,,{ACME},Atzr|two", f"b,eu,,A8,{LONG}"]

        outcome = import_.run(agency.runtime, of_file(table(*rows), check=False))

        assert [(code, message[:7]) for code, message in told(outcome)] == [
            ("wrong-account", "Line 2:"),
            ("duplicate-account", "Line 3:"),
        ]
        assert kept(agency, made) == made
        assert left(agency) == ["acme eu", "b eu"]

    def test_an_app_that_is_not_there_is_named(self, agency: Agency) -> None:
        content = table(f"a,eu,,A7,{LONG},other", "b,eu,,A8,Atzr|b,", header=f"{HEADER},app")

        failure = failed(agency, content, check=False)

        assert (failure.code, failure.exit_code, failure.message[:7]) == ("not-found", 6, "Line 2:")
        assert left(agency) == ["b eu"]

    def test_what_amazon_refuses_is_named_and_the_others_are_kept(self, agency: Agency) -> None:
        rows = [row(agency), row(agency, "bravo", refresh_token="Atzr|never-given"), row(agency, region="na")]

        failure = failed(agency, table(*rows))

        assert (failure.code, failure.message[:7]) == ("rejected", "Line 3:")
        assert left(agency) == ["acme na", "acme eu"]

    def test_a_client_secret_that_is_wrong_is_told(self, agency: Agency) -> None:
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(secret_ref="0ther"), Secret("amzn1.oa2-cs.v1.wrong"))

        assert failed(agency, table(row(agency))).code == "client-rejected"
        assert left(agency) == []


class Full:
    """A secret store on a disk that takes no more."""

    def __init__(self, behind: secret_store.SecretStore) -> None:
        self.name, self.fetch, self.describe = behind.name, behind.fetch, behind.describe
        self.forget, self.forget_all = behind.forget, behind.forget_all

    def keep(self, name: SecretName, value: Secret) -> None:
        self.keep_all({name: value})

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:  # noqa: ARG002 - the store's signature
        raise errors.StoreUnavailable("the disk is full.")


class TestStores:
    def test_a_damaged_sealed_file_stops_its_seller_alone(self, agency: Agency) -> None:
        sealed = agency.folder / "vault" / "sellers"
        sealed.mkdir(exist_ok=True)
        (sealed / "b.sealed").write_bytes(b"?")
        places = [(name, region) for name in "abc" for region in ("na", "eu")]
        rows = [f"{name},{region},,{f'A{name}{region}'.upper()},Atzr|{name}{region}" for name, region in places]

        failure = failed(agency, table(*rows), check=False)

        assert (failure.code, failure.exit_code) == ("damaged", 4)
        assert failure.message.startswith("Lines 4 and 5: ")
        assert left(agency) == ["a na", "a eu", "c na", "c eu"]
        assert (sealed / "b.sealed").read_bytes() == b"?"

    def test_a_store_that_fails_on_the_way_is_told_once_for_all_that_is_left(self, agency: Agency) -> None:
        home, found = agency.folder, agency.runtime
        full = Transactions(
            home / "unfinished", home / "lock", found.apps, found.connections, found.invites, Full(found.secrets)
        )
        rows = [f"c-{n},eu,,B{n},Atzr|{n}" for n in range(7)]

        outcome = import_.run(replace(agency.runtime, changes=full), of_file(table(*rows), check=False))

        assert told(outcome) == [("store-unavailable", "Line 2 and 6 more lines: the disk is full.")]
        assert left(agency) == []

    def test_an_interruption_keeps_what_amazon_was_asked_about(self, agency: Agency) -> None:
        rows = [row(agency, "acme"), row(agency, "bravo"), row(agency, "charlie-gmbh")]
        heard: list[str] = []

        def interrupt(step: str) -> None:
            heard.append(step)
            if len(heard) > 4:
                raise KeyboardInterrupt

        amazon = type(agency.runtime.amazon)(agency.simulator.base_url, interrupt)
        with pytest.raises(KeyboardInterrupt):
            import_.run(replace(agency.runtime, amazon=amazon), of_file(table(*rows), jobs=1))

        assert 0 < len(left(agency)) < 3


class TestCommand:
    def command(self, given_shell: Shell, **flags: Any) -> None:
        content = flags.pop("content", None)
        file: Any = None if content is None else io.BytesIO(content.encode())
        import_.command(given_shell.context, file=file, **flags)

    def one(self, given_shell: Shell, **flags: Any) -> None:
        self.command(given_shell, seller="acme", region="eu", selling_partner_id=ACME, **flags)

    def test_json_is_an_array_of_connections(self, agency: Agency) -> None:
        given_shell = shell(agency, piping(agency, token(agency)))

        self.one(given_shell, json=True)

        [made] = given_shell.json()
        assert (made["seller"], made["status"], made["selling_partner_id"]) == ("acme", "connected", ACME)
        assert set(made) >= {"app", "access_level", "authorized_at", "renew_by", "verified_at", "marketplaces"}

    def test_people_see_the_card(self, agency: Agency) -> None:
        given_shell = shell(agency, piping(agency, token(agency)))

        self.one(given_shell)

        assert ACME in given_shell.printed()
        assert "merchant token" in agency.said()
        assert "Amazon was not asked" not in agency.said()

    def test_without_a_check_the_card_comes_with_the_command_for_one(self, agency: Agency) -> None:
        given_shell = shell(agency, piping(agency, token(agency)))

        self.one(given_shell, check=False)

        assert "Amazon was not asked about the account. To check it: sp-connect verify --seller acme --region eu" in (
            agency.said()
        )

    def test_a_file_ends_with_a_word_about_its_secrets(self, agency: Agency) -> None:
        given_shell = shell(agency)

        self.command(given_shell, content=table(row(agency), row(agency, region="na")))

        assert given_shell.printed() == ""
        assert "Imported 2 connections of 1 seller." in agency.said()
        assert "Delete it" in agency.said()

    def test_the_json_of_what_was_imported_comes_even_if_rows_failed(self, agency: Agency) -> None:
        given_shell = shell(agency)

        with pytest.raises(errors.SpConnectError) as failure:
            self.command(given_shell, content=table(row(agency), "b,asia,,A1,Atzr|x"), json=True)

        assert [made["seller"] for made in given_shell.json()] == ["acme"]
        assert failure.value.message.startswith("Line 3: ")
        assert failure.value.exit_code == 2

    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            (["b,asia,,A1,Atzr|x", f"acme-2,eu,,{ACME},{LONG}"], 3),
            ([f"acme-2,eu,,{ACME},{LONG}", "acme,eu,,A9,Atzr|a"], 3),
            ([f"acme-2,eu,,{ACME},{LONG}", "b,eu,,A1,Atzr|b,other"], 3),
        ],
    )
    def test_the_exit_code_is_the_most_serious(self, agency: Agency, rows: list[str], code: int) -> None:
        connected(agency)
        header = f"{HEADER},app"
        filled = [cells if cells.count(",") == 5 else f"{cells}," for cells in rows]

        with pytest.raises(errors.Several) as failure:
            self.command(shell(agency), content=table(*filled, header=header), check=False)

        assert failure.value.exit_code == code
        assert failure.value.message == "2 rows did not go through."
        assert agency.said().count("error: Line ") == 2

    def test_no_secret_is_told(self, agency: Agency) -> None:
        hush = ["Atzr|hush-1", "Atzr|hush-2", "hush-3"]
        rows = [
            row(agency),
            f"b,eu,,A1,{hush[0]}",
            f"c,eu,{hush[1]},A1,Atzr|x",
            f"d,eu,,A2,{hush[2]}",
            f"b,eu,,A1,{hush[0]}",
        ]

        with pytest.raises(errors.Several) as failure:
            self.command(shell(agency), content=table(*rows), json=True)

        everything = agency.said() + agency.stdout.getvalue() + failure.value.told() + repr(failure.value.failures)
        assert "hush" not in everything
        assert rows[0].rpartition(",")[2] not in everything

    def test_the_environment_names_the_default_app(self, agency: Agency) -> None:
        given_shell = shell(agency, piping(agency, LONG))
        given_shell.environ["SP_CONNECT_APP"] = "other"

        with pytest.raises(errors.NoSuchApp):
            self.one(given_shell, check=False)

    def test_a_terminal_without_an_answer_is_aborted(self, agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
        def getpass(prompt: str, stream: object) -> str:  # noqa: ARG001 - getpass's signature
            raise EOFError

        monkeypatch.setattr("getpass.getpass", getpass)
        given_shell = shell(agency, replace(agency.runtime, prompt=Prompt(Keys(), agency.stderr)))

        with pytest.raises(errors.Aborted):
            self.one(given_shell, check=False)
