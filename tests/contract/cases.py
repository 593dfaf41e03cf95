"""Each command that has `--json`, run as the program in each way that prints something of another shape.

A new command needs a case here and a row in docs/json.md; what prints something new, a schema and an example too.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

from sp_connect.models import Marketplace, Secret, SecretName
from sp_connect.simulator import seller
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from sp_connect.stores.secret_store import StoreName
from tests import agency as agencies
from tests.agency import writing
from tests.cli.program import Result
from tests.commands.given import account_of, connected, end_at_amazon, record
from tests.contract.given import Given, consenting, stopped
from tests.contract.schemas import ROOT

HOST = "sellercentral-europe.amazon.com"
CLIENT_SECRET = "amzn1.oa2-cs.v1.new"


class Case(NamedTuple):
    """A run: of which command, which schema its stdout keeps, and the exit code that belongs to it."""

    command: str
    schema: str
    run: Callable[[Given], Result]
    code: int = 0


def _typed(*arguments: str) -> Callable[[Given], Result]:
    return lambda given: given.run(*arguments, "--json")


def _in_an_empty_home(*arguments: str) -> Callable[[Given], Result]:
    return lambda given: given.run(*arguments, "--json", SP_CONNECT_HOME=str(given.home()))


def _more_than_its_seats(*arguments: str) -> Callable[[Given], Result]:
    """A published app with more sellers than one that is not listed may have."""

    def run(given: Given) -> Result:
        home = given.home()
        (home / "config.toml").write_bytes((given.office.folder / "config.toml").read_bytes())
        Connections(home / "connections").put_all(record(f"seller-{number}") for number in range(26))
        return given.run(*arguments, "--json", SP_CONNECT_HOME=str(home))

    return run


def _connect(given: Given) -> Result:
    return consenting(given, "connect", "-s", "new", "-r", "eu", company="new")


def _invite(given: Given) -> Result:
    return given.run("invite", "-s", "invited", "-r", "fe", "-c", "JP", "--json")


def _accept(given: Given) -> Result:
    [invite] = given.run("invite", "-s", "guest", "-r", "eu", "--json").json()
    ended_on = seller.confirm(invite["url"], "guest", given.program.listen)
    assert ended_on is not None
    return given.run("accept", ended_on, "--json")


def _invites(given: Given) -> Result:
    given.run("invite", "-s", "pending", "-r", "eu")
    return given.run("invites", "--json")


def _invites_cancelled(given: Given) -> Result:
    given.run("invite", "-s", "unwanted", "-r", "eu")
    return given.run("invites", "--cancel", "unwanted", "--json")


def _renew(given: Given) -> Result:
    connected(given.office, "due", authorized_at=given.ago(350))
    return consenting(given, "renew", "-s", "due", company="due")


def _upgrade(given: Given) -> Result:
    connected(given.office, "growing")
    return consenting(given, "upgrade", "-s", "growing", "-r", "eu", "--app", "wider", company="growing")


def _rename(given: Given) -> Result:
    connected(given.office, "misnamed", "fe", "AU")
    return given.run("rename", "misnamed", "renamed", "--json")


def _list(given: Given) -> Result:
    """One connection of each status, one of a country, and one with a marketplace of which Amazon said little."""
    office = given.office
    connected(office, "listed", "fe", "JP")
    connected(office, "ending", authorized_at=given.ago(340))
    connected(office, "ended", authorized_at=given.ago(400))
    connected(office, "unasked", standing="unchecked", verified_at=None, marketplaces=())
    connected(office, "refused", standing="rejected")
    connected(office, "without", standing="missing-token")
    connected(office, "sparse", marketplaces=(Marketplace("??", "A0NEW", "Amazon.new", None, None, None, True, True),))
    return given.run("list", "--json")


def _list_beside_damage(given: Given) -> Result:
    home = given.home()
    (home / "connections").mkdir()
    (home / "connections" / "acme.toml").write_text("[[connection]\n")
    return given.run("list", "--json", SP_CONNECT_HOME=str(home))


def _doctor_of_damage(given: Given) -> Result:
    home = given.home()
    (home / "config.toml").write_text("apps = {\n")
    return given.run("doctor", "--json", SP_CONNECT_HOME=str(home))


def _show(given: Given) -> Result:
    connected(given.office, "shown")
    connected(given.office, "shown", "eu", "IN")
    given.run("invite", "-s", "shown", "-r", "na")
    connected(given.office, "shown", "fe", "JP", authorized_at=None)
    given.run("revoke", "-s", "shown", "-r", "fe", "-c", "JP", "--yes")
    connected(given.office, "shown", "fe", "AU")
    given.run("revoke", "-s", "shown", "-r", "fe", "-c", "AU", "--yes")
    connected(given.office, "shown", "na")
    given.run("revoke", "-s", "shown", "-r", "na", "--yes")
    return given.run("show", "-s", "shown", "--json")


def _verify(given: Given) -> Result:
    connected(given.office, "good")
    return given.run("verify", "-s", "good", "--json")


def _verify_refused(given: Given) -> Result:
    end_at_amazon(given.office, connected(given.office, "over"))
    return given.run("verify", "-s", "over", "--json")


def _verify_nonsense(given: Given) -> Result:
    connected(given.office, "garbled")
    with given.trouble(Fault("sellers", "html")):
        return given.run("verify", "-s", "garbled", "--json")


def _verify_nothing_to_ask_with(given: Given) -> Result:
    given.office.runtime.connections.put(record("empty-handed"))
    return given.run("verify", "-s", "empty-handed", "--json")


def _revoke(given: Given) -> Result:
    connected(given.office, "leaving")
    return given.run("revoke", "-s", "leaving", "--yes", "--json")


def _app_add(given: Given) -> Result:
    ids = ("--application-id", "amzn1.sp.solution.0a1b", "--client-id", "amzn1.application-oa2-client.0c1d")
    address = ("--redirect-uri", "https://agency.example/relay")
    flags = (*ids, *address, "--no-check", "--client-secret-stdin", "--json")
    return given.run("app", "add", "another", *flags, stdin=CLIENT_SECRET)


def _app_rotate(given: Given) -> Result:
    office = given.office
    with writing(office.runtime):
        office.runtime.changes.keep_app(office.app._replace(name="rotating"), Secret(CLIENT_SECRET))
    office.world.renew_secret(office.app.client_id, new := f"{CLIENT_SECRET}2")
    return given.run("app", "rotate-secret", "rotating", "--client-secret-stdin", "--json", stdin=new)


def _store_opened_by_the_keyring(given: Given) -> Result:
    home = given.home()
    keyring = KeyringStore("tests.stores.backends.Dictionary", 5.0)
    vault = Vault(home / "vault", lambda: None, keyring)
    vault.keep(SecretName("app", "default", "client-secret", "5ec2e7"), Secret(CLIENT_SECRET))
    return given.run("store", "--json", SP_CONNECT_HOME=str(home))


def _moving(given: Given, *arguments: str, store: StoreName = "vault", **env: str | None) -> Result:
    """A move, or what else is done to a store, in a home that has all of a record's kinds: two apps, one of which has
    no secret; a connection with its token, and two without.
    """
    home, office = given.home(), given.office
    made = agencies.build(home, office.simulator, office.clock, given.program.listen, io.StringIO(), io.StringIO())
    connected(made, "moving")
    made.runtime.apps.put(made.app._replace(name="secretless", secret_ref="none"))
    made.runtime.connections.put_all([record("moving", "fe", "JP"), record("moving", "na")])
    made.runtime.apps.choose_store("vault")
    ring = {"PYTHON_KEYRING_BACKEND": "tests.stores.backends.Files", "TESTS_RING": str(home / "ring")}
    found = {"SP_CONNECT_HOME": str(home), "SP_CONNECT_STORE": None, "PYTHONPATH": str(ROOT)} | ring | env
    if store == "keyring":
        given.run("store", "move", "keyring", "--yes", **found)
    return given.run("store", *arguments, "--json", stdin="another horse", **found)


def _doctors(given: Given, *arguments: str, mode: int = 0o600) -> Result:
    """A visit to a home with a connection, whose config.toml has these permissions; nobody waits at its address."""
    home, office = given.home(), given.office
    made = agencies.build(home, office.simulator, office.clock, given.program.listen, io.StringIO(), io.StringIO())
    connected(made, authorized_at=given.ago(350))
    (home / "config.toml").chmod(mode)
    return given.run("doctor", *arguments, "--json", SP_CONNECT_HOME=str(home))


def _token(given: Given) -> Result:
    connected(given.office, "tokened")
    return given.run("token", "-s", "tokened", "-r", "eu", "--json")


def _token_of_a_country(given: Given) -> Result:
    connected(given.office, "tokened", "fe", "JP")
    return given.run("token", "-s", "tokened", "-r", "fe", "-c", "JP", "--json")


def _console_token(given: Given, name: str) -> tuple[str, str]:
    """What Amazon's console shows of an account that authorized the app itself: its id and a refresh token."""
    account = account_of(name, HOST)
    return account.selling_partner_id, given.office.world.authorize(BUILT_IN, account, HOST).refresh_token


def _import(given: Given) -> Result:
    account, token = _console_token(given, "imported")
    flags = ("-s", "imported", "-r", "eu", "--selling-partner-id", account, "--json")
    return given.run("import", *flags, stdin=token)


def _import_beside_a_bad_row(given: Given) -> Result:
    account, token = _console_token(given, "sheet")
    file = given.folder / "sellers.csv"
    file.write_text(
        "seller,region,country,selling_partner_id,refresh_token\n"
        f"sheet,eu,,{account},{token}\n"
        "NOT A NAME,eu,,A1OTHER000001,Atzr|x\n"
    )
    return given.run("import", "--from", str(file), "--no-check", "--json")


CASES = {
    "connect": Case("connect", "connections", _connect),
    "invite": Case("invite", "invites", _invite),
    "accept": Case("accept", "connections", _accept),
    "invites": Case("invites", "invites", _invites),
    "invites of nothing": Case("invites", "invites", _in_an_empty_home("invites")),
    "invites cancelled": Case("invites", "invites", _invites_cancelled),
    "renew": Case("renew", "connections", _renew),
    "renew of nothing": Case("renew", "connections", _in_an_empty_home("renew", "--no-browser")),
    "upgrade": Case("upgrade", "connections", _upgrade),
    "rename": Case("rename", "connections", _rename),
    "list": Case("list", "connections", _list),
    "list of nothing": Case("list", "connections", _in_an_empty_home("list")),
    "list beside a damaged file": Case("list", "connections", _list_beside_damage, 4),
    "show": Case("show", "show", _show),
    "verify": Case("verify", "verify", _verify),
    "verify of what Amazon refuses": Case("verify", "verify", _verify_refused, 3),
    "verify while Amazon talks nonsense": Case("verify", "verify", _verify_nonsense, 5),
    "verify without the token": Case("verify", "verify", _verify_nothing_to_ask_with, 4),
    "revoke": Case("revoke", "revoke", _revoke),
    "revoke of nothing": Case("revoke", "revoke", _typed("revoke", "-s", "nobody", "--yes", "--missing-ok")),
    "explain": Case("explain", "explanations", _typed("explain")),
    "explain of a code": Case("explain", "explanation", _typed("explain", "MD1000")),
    "regions": Case("regions", "regions", _typed("regions")),
    "marketplaces": Case("marketplaces", "marketplaces", _typed("marketplaces")),
    "marketplaces of a region": Case("marketplaces", "marketplaces", _typed("marketplaces", "-r", "fe")),
    "app add": Case("app add", "app", _app_add),
    "app list": Case("app list", "apps", _typed("app", "list")),
    "app list of many": Case("app list", "apps", _more_than_its_seats("app", "list")),
    "app list of nothing": Case("app list", "apps", _in_an_empty_home("app", "list")),
    "app show": Case("app show", "app", _typed("app", "show", "default")),
    "app rotate-secret": Case("app rotate-secret", "app", _app_rotate),
    "store": Case("store", "store", _typed("store")),
    "store yet to be made": Case("store", "store", _in_an_empty_home("store")),
    "store opened by the keyring": Case("store", "store", _store_opened_by_the_keyring),
    "store in the keyring": Case("store", "store", lambda given: given.run("store", "--json", SP_CONNECT_STORE=None)),
    "store move": Case("store move", "move", lambda given: _moving(given, "move", "keyring", "--yes")),
    "store move back": Case("store move", "move", lambda given: _moving(given, "move", "vault", "-y", store="keyring")),
    "store move that is tried": Case(
        "store move", "move", lambda given: _moving(given, "move", "keyring", "--dry-run")
    ),
    "store move to where all is": Case("store move", "move", lambda given: _moving(given, "move", "vault")),
    "store passphrase": Case(
        "store passphrase", "store", lambda given: _moving(given, "passphrase", "--new-passphrase-stdin")
    ),
    "doctor": Case("doctor", "doctor", _doctors),
    "doctor of what is unfit": Case("doctor", "doctor", lambda given: _doctors(given, mode=0o666), 4),
    "doctor that mends": Case("doctor", "doctor", lambda given: _doctors(given, "--fix", mode=0o666)),
    "doctor of an empty home": Case("doctor", "doctor", _in_an_empty_home("doctor")),
    "doctor of a damaged file": Case("doctor", "doctor", _doctor_of_damage, 4),
    "token": Case("token", "token", _token),
    "token of a country": Case("token", "token", _token_of_a_country),
    "import": Case("import", "connections", _import),
    "import beside a bad row": Case("import", "connections", _import_beside_a_bad_row, 2),
    "simulator": Case(
        "simulator", "simulator", lambda given: stopped(given, "simulator", "--json", at="\n}\n", stream="stdout"), 130
    ),
}

WITHOUT = {
    "relay": "it writes a page, which is the result",
    "exec": "its output is the other program's",
    "export": "--format says the form, json among them",
    "app remove": "it prints nothing: the exit code says it",
}
"""The commands that have no `--json`, each with the reason."""
