"""SP_CONNECT_AMAZON_URL left set beside a home the real Amazon: no secret of its goes there, and it is said."""

from __future__ import annotations

import tomllib

import pytest

from sp_connect.models import Secret
from sp_connect.stores.home.identity import Identity
from tests.agency import Agency, writing
from tests.cli.program import Program
from tests.commands.given import connected

pytestmark = pytest.mark.slow

SENDING = (
    ("token", "-s", "acme", "-r", "eu"),
    ("exec", "-s", "acme", "-r", "eu", "--", "true"),
    ("export", "-s", "acme", "-r", "eu", "--format", "env"),
    ("verify",),
    ("renew", "--due", "400", "--no-browser", "--timeout", "1"),
    ("connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "1"),
    ("connect", "-s", "bravo", "-r", "eu", "--no-browser", "--timeout", "1"),
    ("connect", "-s", "acme", "-r", "eu", "--replace", "--app", "box", "--no-browser", "--timeout", "1"),
    ("upgrade", "-s", "acme", "-r", "eu", "--app", "box", "--no-browser", "--timeout", "1"),
    ("invite", "-s", "acme", "-r", "eu"),
    ("revoke", "-s", "acme", "-r", "eu", "--yes", "--wait"),
    ("import", "-s", "charlie", "-r", "eu", "--selling-partner-id", "A2CHARLIE"),
    ("import", "-s", "acme", "-r", "eu", "--selling-partner-id", "A2ACME", "--no-check"),
)


@pytest.fixture
def real(office: Agency) -> Agency:
    """The office, whose app and whose acme are the real Amazon; beside them there is an app of the simulator's."""
    Identity(office.folder).make()  # every home has one before its first record
    connected(office, simulated=False)
    with writing(office.runtime):
        office.runtime.apps.put(office.app._replace(simulated=False))
        office.runtime.changes.keep_app(office.app._replace(name="box", secret_ref="b0c5"), _box_secret(office))
    return office


def _box_secret(office: Agency) -> Secret:
    return office.runtime.secrets.fetch(office.app.secret_name)


@pytest.mark.parametrize("arguments", SENDING, ids=" ".join)
def test_a_command_that_would_send_a_real_secret_is_refused(
    real: Agency, staffed: Program, arguments: tuple[str, ...]
) -> None:
    before = real.files()

    done = staffed.run(*arguments, stdin="Atzr|a-token-of-the-real-amazon")

    assert done.code == 2, done
    assert "SP_CONNECT_AMAZON_URL is set" in done.stderr
    assert "the real Amazon" in done.stderr
    assert not done.stdout.strip() or arguments[0] == "verify"
    assert sum(real.world.requests.values()) == 0
    assert real.files() == before


def test_a_new_secret_of_a_real_app_is_not_sent_either(real: Agency, staffed: Program) -> None:
    done = staffed.run("app", "rotate-secret", "default", "--client-secret-stdin", stdin="amzn1.oa2-cs.v1.new")

    assert done.code == 2, done
    assert "SP_CONNECT_AMAZON_URL" in done.stderr
    assert sum(real.world.requests.values()) == 0


def test_which_test_address_is_used_makes_no_difference(office: Agency, staffed: Program) -> None:
    connected(office)

    assert staffed.run("verify").code == 0


def test_what_is_made_with_the_variable_set_is_marked(office: Agency, staffed: Program) -> None:
    office.connect()

    text = (office.folder / "connections" / "acme.toml").read_text()
    assert tomllib.loads(text)["connection"][0]["simulated"] is True
    assert staffed.run("verify").code == 0


def test_what_is_real_has_no_mark(office: Agency) -> None:
    connected(office, simulated=False)

    assert "simulated" not in (office.folder / "connections" / "acme.toml").read_text()


def test_a_real_connection_is_forgotten_all_the_same(real: Agency, staffed: Program) -> None:
    assert staffed.run("revoke", "-s", "acme", "-r", "eu", "--yes").code == 0

    assert sum(real.world.requests.values()) == 0


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("regions",), ("marketplaces",), ("explain", "MD1000"), ("app", "list"), ("invites",), ("store",)],
    ids=" ".join,
)
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["plain", "json"])
def test_every_command_says_simulated_first_and_once(
    staffed: Program, arguments: tuple[str, ...], more: tuple[str, ...]
) -> None:
    done = staffed.run("--quiet", *arguments, *more)

    assert done.notice.startswith("SIMULATED: SP_CONNECT_AMAZON_URL is set")
    assert "SIMULATED" not in done.stderr + done.stdout


def test_the_error_object_stays_the_last_line(staffed: Program) -> None:
    done = staffed.run("show", "-s", "nobody", "--json")

    assert done.notice
    assert done.error()["code"] == "not-found"


def test_nothing_is_said_where_the_variable_is_not_set(staffed: Program) -> None:
    assert not staffed.run("list", env={"SP_CONNECT_AMAZON_URL": ""}).notice


def test_an_amazon_that_does_not_answer_is_told_with_the_variable_that_leads_there(
    office: Agency, staffed: Program
) -> None:
    connected(office)
    office.simulator.stop()

    done = staffed.run("token", "-s", "acme", "-r", "eu")

    assert done.code == 5
    assert "SP_CONNECT_AMAZON_URL is set" in done.stderr.rpartition("hint:")[2]
