"""Amazon's hosts and their clock: there, silent, busy, and of another opinion about the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sp_connect.amazon.client import Amazon
from sp_connect.runtime import Runtime
from tests.agency import NOON, Agency
from tests.amazon.tiny import BREAK, Reply
from tests.checkup.given import code, elsewhere, finding, findings, visit
from tests.commands.given import connected


def now() -> datetime:
    return datetime.now(UTC)


class TestEndpoints:
    def test_only_those_that_are_needed_are_asked(self, agency: Agency) -> None:
        connected(agency, "acme", "na")
        connected(agency, "bravo", "na")

        found = findings(agency.runtime, "endpoint")

        assert [one.subject for one in found] == ["api.amazon.com", "sellingpartnerapi-na.amazon.com"]
        assert [one.result for one in found] == ["ok", "ok"]

    def test_nothing_of_ours_goes_along(self, agency: Agency) -> None:
        connected(agency)
        with elsewhere(agency, Reply(404)) as (runtime, tiny):
            findings(runtime, "endpoint")

        looks = [number for number, (_, path) in enumerate(tiny.asked) if not path.endswith("/auth/o2/token")]
        looks += [number for number, (method, _) in enumerate(tiny.asked) if method == "GET" and number not in looks]
        assert {path.split("/")[1] for _, path in tiny.asked} >= {"api.amazon.com", "sellingpartnerapi-eu.amazon.com"}
        assert all(tiny.asked[number][0] == "GET" for number in looks)
        assert all(tiny.bodies[number] == b"" for number in looks)
        assert {name for number in looks for name in tiny.headers[number]} <= {
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "connection",
        }

    @pytest.mark.parametrize("status", [400, 403, 404, 405])
    def test_any_answer_will_do(self, agency: Agency, status: int) -> None:
        with elsewhere(agency, Reply(status)) as (runtime, _):
            assert finding(runtime, "endpoint").result == "ok"

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_one_that_is_busy_is_a_warning(self, agency: Agency, status: int) -> None:
        with elsewhere(agency, Reply(status)) as (runtime, _):
            assert finding(runtime, "endpoint").result == "warning"

    def test_one_that_is_silent_is_a_failure(self, agency: Agency) -> None:
        with elsewhere(agency, BREAK) as (runtime, _):
            found = finding(runtime, "endpoint")

        assert code(found) == (5, "unreachable")
        assert "Could not reach api.amazon.com" in found.found
        assert found.mend is not None
        assert found.mend.startswith("is there a simulator at http://127.0.0.1:")

    def test_all_are_asked_at_once(self, agency: Agency) -> None:
        for region, country in (("na", None), ("eu", None), ("fe", "JP")):
            connected(agency, "acme", region, country)
        together = threading.Barrier(6)  # the app's secret, the relay page, the token endpoint, three regions

        def wait(_: BaseHTTPRequestHandler) -> None:
            together.wait(20)

        with elsewhere(agency, Reply(200, write=wait)) as (runtime, _):
            found = findings(runtime, "endpoint")

        assert [one.result for one in found] == ["ok"] * 4
        assert not together.broken


class Timeless(BaseHTTPRequestHandler):
    """Answers without a date, or with one that is none."""

    date: str | None = None
    silent: str = "nowhere"

    def do_GET(self) -> None:
        if self.path.startswith(self.silent):
            return
        self.send_response_only(404)
        if self.date is not None:
            self.send_header("Date", self.date)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nobody reads it."""


@contextmanager
def dated(agency: Agency, date: str | None, silent: str = "nowhere") -> Iterator[Runtime]:
    """The agency's runtime with an Amazon that says this is the time, and says nothing at addresses that begin so."""
    handler = type("Dated", (Timeless,), {"date": date, "silent": silent})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield replace(agency.runtime, amazon=Amazon(f"http://127.0.0.1:{server.server_address[1]}"))
        finally:
            server.shutdown()
            thread.join()


class TestClock:
    @pytest.mark.parametrize(
        ("date", "result", "said"),
        [
            ("Sun, 22 Nov 2026 12:00:00 GMT", "ok", "within 60 seconds"),
            ("Sun, 22 Nov 2026 12:01:01 GMT", "ok", "within 60 seconds"),
            ("Sun, 22 Nov 2026 11:58:59 GMT", "ok", "within 60 seconds"),
            ("Sun, 22 Nov 2026 12:01:30 GMT", "warning", "89 seconds behind"),
            ("Sun, 22 Nov 2026 11:56:00 GMT", "warning", "4 minutes ahead of"),
            ("Sun, 22 Nov 2026 12:05:01 GMT", "warning", "5 minutes behind"),
            ("Sun, 22 Nov 2026 12:05:02 GMT", "failed", "5 minutes behind"),
            ("Sun, 22 Nov 2026 06:00:00 GMT", "failed", "360 minutes ahead of"),
            ("Sun, 22 Nov 2025 12:00:00 GMT", "failed", "364 days ahead of"),
        ],
    )
    def test_it_is_held_against_amazons(self, agency: Agency, date: str, result: str, said: str) -> None:
        assert agency.clock() == NOON
        with dated(agency, date) as runtime:
            found = finding(runtime, "clock")

        assert (found.result, said in found.found) == (result, True), found.found
        assert code(found) == ((4, "unfit") if result == "failed" else None)
        assert (found.mend is None) == (result == "ok")

    @pytest.mark.parametrize("date", [None, "", "noon", "Sun, 99 Nov 2026 12:00:00 GMT", "x" * 999])
    def test_where_nobody_tells_the_time_it_is_skipped(self, agency: Agency, date: str | None) -> None:
        with dated(agency, date) as runtime:
            assert finding(runtime, "clock").result == "skipped"

    def test_one_that_is_right_agrees_with_a_real_server(self, agency: Agency) -> None:
        with elsewhere(agency, Reply(404)) as (runtime, _):
            assert finding(replace(runtime, now=now), "clock").result == "ok"
            late = replace(runtime, now=lambda: now() + timedelta(minutes=10))
            assert finding(late, "clock").result == "failed"

    @pytest.mark.slow
    def test_another_host_tells_it_where_the_first_is_silent(self, agency: Agency) -> None:
        connected(agency)
        with dated(agency, "Sun, 22 Nov 2026 12:00:00 GMT", silent="/api.amazon.com/") as runtime:
            found = {one.subject or one.name: one for one in visit(runtime)}

        assert code(found["api.amazon.com"]) == (5, "unreachable")
        assert found["clock"].found == "within 60 seconds of sellingpartnerapi-eu.amazon.com"
