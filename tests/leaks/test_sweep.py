"""Every command with every flag, told at length: nothing secret is told or left, but by the three doors.

The ways to fail, and all that --json prints, are swept in tests/contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from sp_connect.simulator import seller
from sp_connect.simulator.world import BUILT_IN
from tests.cli import table
from tests.cli.program import PASSPHRASE, SECONDS, Result, until
from tests.commands.given import account_of, connected, end_at_amazon
from tests.contract.given import Given, stopped
from tests.leaks import sentinels

HOST = "sellercentral-europe.amazon.com"
TYPED = "SENTINEL0SENTINEL1SENTINEL2"
CLIENT_SECRET = f"amzn1.oa2-cs.v1.{TYPED}"
ADD = (
    *("app", "add", "other", "--application-id", "amzn1.sp.solution.0a1b", "--draft", "--access-level", "orders"),
    *("--client-id", "amzn1.application-oa2-client.0c1d", "--redirect-uri", "https://agency.example/relay"),
    *("--listen", "127.0.0.1:8799", "--no-check", "--client-secret-stdin", "--json"),
)
ACME, OVER = ("--seller", "acme", "--region", "eu"), ("--seller", "over", "--region", "eu")
JAPAN = ("-s", "acme", "-r", "fe", "--country", "JP")
HANDED_OUT = "handed-out"

NOT_SWEPT = {
    "--json": "each case of tests/contract has it",
    "--simulate": "its secrets open nothing",
    "--verbose -v": "every run has it",
    "--quiet -q": "it says less",
    "--no-color": "colours hold nothing",
    "--version": "it runs nothing",
    "--install-completion": "it knows of no secrets",
    "--show-completion": "it knows of no secrets",
}
"""The global flags, each with the reason."""


RING = {"PYTHON_KEYRING_BACKEND": "tests.stores.backends.Files", "PYTHONPATH": str(Path(__file__).parents[2])}
"""A keyring in a folder, which TESTS_RING names: for a move to it."""


class Run(NamedTuple):
    """What is run, and its exit code. `door` is which secrets it hands out; a `company` confirms what it asks for."""

    arguments: tuple[str, ...]
    stdin: str = ""
    code: int = 0
    door: str = ""
    company: str = ""


def run(*arguments: str, stdin: str = "", code: int = 0, door: str = "", company: str = "") -> Run:
    return Run(arguments, stdin, code, door, company)


def apps() -> Iterator[Run]:
    """The life of an app."""
    yield run(*ADD, stdin=CLIENT_SECRET)
    yield run("app", "rotate-secret", "other", "--no-check", "--client-secret-stdin", stdin=f"{CLIENT_SECRET}3")
    yield run("app", "rotate-secret", "other", "--client-secret-stdin", stdin=f"{CLIENT_SECRET}4", code=3)
    yield run("app", "rotate-secret", "other", "--client-secret-stdin", stdin=f"{CLIENT_SECRET} with spaces", code=2)
    yield run("app", "remove", "other")


def sellers() -> Iterator[Run]:
    """The life of a seller."""
    unused = ("--app", "default", "--replace", "--expect-id", account_of("new", HOST).selling_partner_id)
    yield run("connect", "-s", "new", "-r", "eu", *unused, "--keep-going", "--no-check", company="new")
    yield run("renew", "-s", "new", "-r", "eu", "--due", "3650", "--keep-going", company="new")
    yield run("upgrade", "-s", "new", "-r", "eu", "--app", "wider", company="new")
    yield run("rename", "new", "newer")
    yield run("revoke", "-s", "newer", "-r", "eu", "-c", "IN", "--yes", "--missing-ok")
    yield run("revoke", "-s", "newer", "--all", "--yes")
    yield run("revoke", *OVER, "--wait", "--yes")


def guests(given: Given) -> Iterator[Run]:
    """Invites, one of which is accepted as it was typed, and one as it was piped."""
    file = given.folder / "guests.csv"
    file.write_text("seller,region,country\nsheet,eu,\nsheet,fe,JP\n")
    yield run("invite", "-s", "guest", "-r", "fe", "-c", "JP", "--app", "default", "--days", "3", "--text")
    yield run("invite", "-s", "guest", "-r", "eu", "--expect-id", "A1EXAMPLE1234", "--json")
    yield run("invite", "--from", str(file), "--csv")
    yield run("invites", "--cancel", "guest")
    for name in ("typed", "piped"):
        [made] = given.run("invite", "-s", name, "-r", "eu", "--json").json()
        ended_on = str(seller.confirm(made["url"], name, given.program.listen))
        yield run("accept", ended_on if name == "typed" else "-", stdin=ended_on)


def imports(given: Given) -> Iterator[Run]:
    """Tokens of a console, from stdin and from a file."""
    rows = given.folder / sentinels.NAMED_BY_THE_TEST[0]
    account = account_of("imported", HOST)
    token = given.office.world.authorize(BUILT_IN, account, HOST).refresh_token
    head = "seller,region,country,selling_partner_id,refresh_token,app"
    rows.write_text(f"{head}\nrows,eu,,A1ROWS0000001,{token}x,\nX,eu,,A1X,{token},\n")
    own = ("--selling-partner-id", account.selling_partner_id, "--app", "default")
    yield run("import", "-s", "imported", "-r", "eu", *own, "--confirm-id", stdin=token)
    other = ("--selling-partner-id", "A1UNASKED00001", "--authorized-at", given.ago(30).date().isoformat())
    yield run("import", *JAPAN[2:], "-s", "unasked", *other, "--no-check", stdin=f"{token}y")
    yield run("import", "--from", str(rows), "--jobs", "2", code=3)
    ports = ("--port", "0", "--listen", "127.0.0.1:8798", "--redirect-uri", "https://agency.example/x")
    yield run("simulator", *ports, "--json", code=130, door="simulator")  # its own secret, which opens nothing


def still(given: Given) -> list[Run]:
    """What changes nothing that another of these needs."""
    page, picture, dates = (str(given.folder / f"list.{ending}") for ending in ("html", "svg", "ics"))
    quiet = ("--no-browser", "--timeout", "1")
    return [
        run("list", *ACME, "--app", "default", "--status", "connected", "--due", "400"),
        run("list", "--country", "JP", "--csv"),
        run("list", "--csv", "--matrix", "--html", page, "--svg", picture, "--ics", dates),
        run("show", "-s", "acme"),
        run("verify", *ACME, "--jobs", "2", "--due", "3650", code=3),
        run("verify", "-s", "acme", "-c", "JP"),
        run("verify", "-s", "over", code=3),
        run("invites"),
        run("regions"),
        run("marketplaces", "-r", "fe"),
        run("explain", "MD1000"),
        run("app", "list"),
        run("app", "show", "default"),
        run("relay", "--app", "default", "--out", str(given.folder / "relay.html")),
        run("store"),
        run("doctor", code=3),  # Amazon refuses the secret of the app `stale`
        run("token", *ACME, door="token"),
        run("token", *JAPAN, "--json", door="token"),
        run("exec", *JAPAN, "--", "env", door="exec"),
        *(run("export", *ACME, "--format", form, door="export") for form in ("env", "json", "python-amazon-sp-api")),
        run("export", *JAPAN, "-f", "env", "--yes", "--out", str(given.folder / HANDED_OUT)),
        run("connect", *JAPAN, "--paste", "--browser", "no-such-program {url}", code=2),
        run("renew", *JAPAN, "--paste", "--browser", "no-such-program {url}", *quiet[1:], code=2),
        run("upgrade", *JAPAN, "--app", "gone", "--paste", "--browser", "true {url}", *quiet, code=2),
        run("token", *ACME, f"Atzr|{TYPED}", code=2),
        run("show", "-s", f"Atza|{TYPED}", "--json", code=2),
        run("explain", CLIENT_SECRET, "--json", code=2),
    ]


def at_last(given: Given) -> list[Run]:
    """What is done to the whole home, and afterwards to nothing else."""
    (given.folder / sentinels.NAMED_BY_THE_TEST[1]).write_text(PASSPHRASE)
    new = str(given.folder / sentinels.NAMED_BY_THE_TEST[1])
    return [
        run("doctor", "--fix", "--yes", code=3),
        run("store", "move", "keyring", "--dry-run", "--yes"),
        run("store", "passphrase", "--new-passphrase-stdin", stdin=PASSPHRASE),
        run("store", "passphrase", "--new-passphrase-file", new),
        run("store", "passphrase", "--to-keyring"),
    ]


def told(given: Given, wanted: Run) -> Result:
    """The run, with its story told."""
    if wanted.code == 130:
        return stopped(given, "-v", *wanted.arguments, at="}", stream="stdout")
    if not wanted.company:
        ring = RING | {"TESTS_RING": str(given.folder / sentinels.RING), "SP_CONNECT_STORE": None}
        env = ring if wanted.arguments[0] == "store" else {}
        return given.run("-v", *wanted.arguments, stdin=wanted.stdin, **env)
    with given.program.started("-v", *wanted.arguments, "--no-browser", "--timeout", "20") as process:
        assert process.stderr is not None
        said = until(process.stderr, "http://")
        seller.confirm(said.splitlines()[-1].strip(), wanted.company, given.program.listen)
        stdout, stderr = process.communicate(timeout=SECONDS)
        return Result(process.returncode, stdout, said + stderr)


class Swept(NamedTuple):
    """Each run with what it told; every secret that there was, and those that the doors hand out."""

    runs: list[tuple[Run, Result]]
    secrets: set[str | bytes]
    handed_out: dict[str, set[str | bytes]]


@pytest.fixture(scope="module")
def swept(given: Given) -> Swept:
    given.office.runtime.apps.choose_store("vault")
    connected(given.office)
    connected(given.office, "acme", "fe", "JP")
    end_at_amazon(given.office, connected(given.office, "over"))

    def lived(life: Iterator[Run]) -> list[tuple[Run, Result]]:
        return [(wanted, told(given, wanted)) for wanted in life]

    with ThreadPoolExecutor(4) as pool:  # they do not meet, but at the lock
        done = [one for some in pool.map(lived, [sellers(), guests(given), imports(given), apps()]) for one in some]
        end_at_amazon(given.office, connected(given.office, "over"))
        runs = still(given)
        done += zip(runs, pool.map(partial(told, given), runs), strict=True)
    secrets, access = sentinels.of(given.office) | {TYPED}, sentinels.access_tokens(given.office)
    credentials = sentinels.credentials(given.office)
    doors = {"": set[str | bytes](), "token": access, "exec": credentials, "export": credentials}
    doors["simulator"] = {str(BUILT_IN.client_secret)}
    done += [(wanted, told(given, wanted)) for wanted in at_last(given)]
    return Swept(done, secrets, doors)


def test_each_run_ends_as_it_should(swept: Swept) -> None:
    assert [(wanted, result) for wanted, result in swept.runs if result.code != wanted.code] == []


def test_nothing_secret_is_told(swept: Swept) -> None:
    for wanted, result in swept.runs:
        assert sentinels.leaks(swept.secrets, {f"stderr of {wanted.arguments}": result.stderr}) == []
        secrets = swept.secrets - swept.handed_out[wanted.door]
        assert sentinels.leaks(secrets, {f"stdout of {wanted.arguments}": result.stdout}) == []


def test_nothing_secret_is_left_in_a_file(given: Given, swept: Swept) -> None:
    left = {name: data for name, data in sentinels.files(given.folder).items() if name != HANDED_OUT}

    assert {"list.html", "list.svg", "list.ics", "relay.html", "home/connections/acme.toml"} <= left.keys()
    assert sentinels.leaks(swept.secrets, left) == []


def test_the_doors_hand_out_what_they_are_for(given: Given, swept: Swept) -> None:
    out = {"stdout": "".join(result.stdout for wanted, result in swept.runs if wanted.door)}
    written = {HANDED_OUT: (given.folder / HANDED_OUT).read_bytes()}

    assert sentinels.leaks(swept.handed_out["token"], out)
    assert sentinels.leaks([str(BUILT_IN.client_secret)], out)
    assert sentinels.leaks(swept.handed_out["export"], written)


def test_every_command_is_swept_with_every_flag(swept: Swept) -> None:
    lines = [
        [*wanted.arguments, *(("--no-browser", "--timeout") if wanted.company else ())] for wanted, _ in swept.runs
    ]
    missing = []
    for row in table.rows():
        words, names = row.split("\t")[0].split(), row.split("\t")[1].split()
        given_to = [line[len(words) :] for line in lines if line[: len(words)] == words]
        is_flag = bool(names) and names[0].startswith("-")
        if not any(not is_flag or set(names) & set(line) for line in given_to):
            missing.append(" ".join([*words, *names]))

    assert [one for one in missing if one not in NOT_SWEPT and one.split()[-1] not in NOT_SWEPT] == []
