"""The relay page at the redirect URI: the one that is meant, another one, and one that browsers would not run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sp_connect import errors, pages
from sp_connect.amazon.client import Answer
from sp_connect.checkup import relay
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import agency as agencies
from tests.agency import Agency, Clock
from tests.amazon.tiny import BREAK, Reply
from tests.checkup.given import code, edit, elsewhere, finding
from tests.stores.samples import app

APP = app()._replace(redirect_uri="https://agency.example/sp-connect", listen="127.0.0.1:8723")
PAGE = pages.relay("127.0.0.1:8723")
HTML = {"Content-Type": "text/html; charset=utf-8"}
HASH = relay.DIGEST.search(PAGE)
assert HASH is not None


def answer(body: str = PAGE, status: int = 200, **headers: str) -> Answer:
    return Answer("agency.example", status, HTML | {k.replace("_", "-"): v for k, v in headers.items()}, body)


class TestJudge:
    @pytest.mark.parametrize(
        "body",
        [
            PAGE,
            PAGE.replace("\n", "\r\n"),
            f"\ufeff{PAGE}",
            f"{PAGE}\n\n",
            PAGE.rstrip(),
        ],
    )
    def test_the_page_of_this_version_is_ok_however_it_was_uploaded(self, body: str) -> None:
        assert relay.judge(APP, answer(body)).result == "ok"

    @pytest.mark.parametrize("body", [PAGE.replace("Handing on", "Passing on"), PAGE.replace("</main>", "</main><hr>")])
    def test_a_page_of_another_version_is_a_warning(self, body: str) -> None:
        found = relay.judge(APP, answer(body))

        assert (found.result, "another version" in found.found) == ("warning", True)
        assert found.mend == "put this file there: sp-connect relay --app default --out relay.html"

    @pytest.mark.parametrize(
        ("got", "said"),
        [
            (answer(status=404), "it answers 404"),
            (answer(status=401), "it answers 401"),
            (answer(status=204, body=""), "it answers 204"),
            (answer("<h1>It works!</h1>"), "it is another page"),
            (answer(""), "it is another page"),
            (
                answer(pages.relay("127.0.0.1:9000")),
                "it hands on to 127.0.0.1:9000, and this app listens on 127.0.0.1:8723",
            ),
            (answer(Content_Type="text/plain"), "its server calls it text/plain, not text/html"),
            (answer(Content_Type=""), "its server calls it nothing, not text/html"),
            (answer(Content_Disposition="Attachment; filename=relay.html"), "its server has browsers save it"),
        ],
    )
    def test_what_would_not_bring_the_answer_back_is_a_failure(self, got: Answer, said: str) -> None:
        with pytest.raises(errors.WrongRelay) as raised:
            relay.judge(APP, got)

        error = raised.value
        assert (
            f"The relay page of the app default, https://agency.example/sp-connect, does not work: {said}"
            in error.message
        )
        assert (error.exit_code, error.code) == (5, "unexpected-answer")
        assert error.hint == "put this file there: sp-connect relay --app default --out relay.html"

    @pytest.mark.parametrize("status", [403, 429, 500, 503])
    def test_a_server_that_turns_programs_away_may_still_serve_browsers(self, status: int) -> None:
        assert relay.judge(APP, answer("no robots", status)).result == "warning"

    @pytest.mark.parametrize(
        ("location", "result"),
        [
            ("https://agency.example/sp-connect/?sp-connect-doctor=1", "warning"),
            ("/sp-connect/?sp-connect-doctor=1", "warning"),
            ("https://agency.example/sp-connect/", "failed"),
            ("/login", "failed"),
            ("http://agency.example/sp-connect?sp-connect-doctor=1", "failed"),
            ("", "failed"),
            ("https://[::1", "failed"),
            ("//[", "failed"),
        ],
    )
    def test_a_redirect_is_a_detour_at_best(self, location: str, result: str) -> None:
        got = answer("", 302, Location=location)

        if result == "failed":
            with pytest.raises(errors.WrongRelay, match="it leads on to"):
                relay.judge(APP, got)
        else:
            assert relay.judge(APP, got).result == result


SCRIPT = f"'{HASH[1]}'"


@pytest.mark.parametrize(
    ("policy", "runs"),
    [
        ("", True),
        ("default-src 'self'", False),
        ("default-src 'none'; script-src 'self' https:", False),
        ("script-src 'unsafe-inline'", True),
        ("default-src 'self' 'unsafe-inline'", True),
        ("script-src 'self'; default-src 'unsafe-inline'", False),
        ("script-src-elem 'unsafe-inline'; script-src 'none'", True),
        (f"Script-Src {SCRIPT}", True),
        ("script-src 'unsafe-inline' 'nonce-abc'", False),
        ("script-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='", False),
        ("img-src 'self'; upgrade-insecure-requests", True),
        ("sandbox", False),
        ("sandbox allow-scripts allow-top-navigation", True),
        ("script-src 'unsafe-inline', default-src 'self'", False),
        ("script-src 'unsafe-inline'; script-src 'none'", True),
    ],
)
def test_a_servers_policy_must_let_the_script_run(policy: str, runs: bool) -> None:
    got = answer(Content_Security_Policy=policy)

    if runs:
        assert relay.judge(APP, got).result == "ok"
    else:
        with pytest.raises(errors.WrongRelay, match="Content-Security-Policy forbids its script"):
            relay.judge(APP, got)


class TestOverHttp:
    def test_the_simulators_page_is_the_one_that_is_meant(self, agency: Agency) -> None:
        found = finding(agency.runtime, "relay")

        assert (found.result, found.subject) == ("ok", "default")

    def test_one_for_another_listener_is_a_failure(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", agency.app.listen, f"127.0.0.1:{agencies.free_port()}")

        assert code(finding(agency.runtime, "relay")) == (5, "unexpected-answer")

    def test_one_of_another_version_is_a_warning(self, tmp_path: Path) -> None:
        listen = f"127.0.0.1:{agencies.free_port()}"
        older = Simulator(
            World(),
            relays={BUILT_IN.redirect_uris[0]: listen},
            relay_page=lambda listen: pages.relay(listen).replace("Nothing to hand on", "Nothing"),
        )
        with older as simulator:
            office = agencies.build(tmp_path / "home", simulator, Clock(), listen, io.StringIO(), io.StringIO())

            assert finding(office.runtime, "relay").result == "warning"

    def test_an_address_without_one_is_a_failure(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", "agency.example/sp-connect", "agency.example/elsewhere")

        found = finding(agency.runtime, "relay")

        assert "https://agency.example/elsewhere, does not work: it answers 404." in found.found

    def test_it_is_asked_for_as_amazon_would_with_a_query(self, agency: Agency) -> None:
        with elsewhere(agency, Reply(200, b"", HTML)) as (runtime, tiny):
            finding(runtime, "relay")

            assert ("GET", f"/agency.example/sp-connect?{relay.QUERY}") in tiny.asked

    def test_a_query_of_its_own_is_kept(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", "agency.example/sp-connect", "agency.example/?page=relay")

        with elsewhere(agency, Reply(200, b"", HTML)) as (runtime, tiny):
            finding(runtime, "relay")

            assert ("GET", f"/agency.example/?page=relay&{relay.QUERY}") in tiny.asked

    def test_a_redirect_is_not_followed(self, agency: Agency) -> None:
        with elsewhere(agency, Reply(302, b"", {"Location": "https://evil.example/"})) as (runtime, tiny):
            assert code(finding(runtime, "relay")) == (5, "unexpected-answer")

            assert not [path for _, path in tiny.asked if "evil" in path]

    def test_a_server_that_is_silent_is_a_warning(self, agency: Agency) -> None:
        with elsewhere(agency, BREAK) as (runtime, _):
            found = finding(runtime, "relay")

        assert (found.result, found.error) == ("warning", None)
        assert "Could not reach agency.example" in found.found

    def test_a_page_without_end_is_a_failure(self, agency: Agency) -> None:
        with elsewhere(agency, Reply(200, b"x" * (1 << 21), HTML)) as (runtime, _):
            assert "it sends more than any relay page has" in finding(runtime, "relay").found

    def test_a_redirect_uri_that_cannot_be_asked_is_skipped(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", "https://agency.example", "http://agency.example")

        assert finding(agency.runtime, "relay").result == "skipped"
