"""How fast sp-connect is, as one table: `python -m tests.benchmarks [WORDS]`; WORDS leave the rows that hold them.

Whole processes, medians of nine after a warm-up, side by side with a rival and, where there is one, with the floor:
what does the same and nothing else. Ratios count; the seconds are those of the machine. A row that needs gnome-keyring
or GitHub's `gh` says so where it is not there.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import homes, verify
from tests.benchmarks.timing import PROGRAM, TYPER, Case, Cost, compared, cost
from tests.secret_service import secret_service

READ_ALL = "import sys, pathlib, rtoml; [rtoml.loads(p.read_text()) for p in pathlib.Path(sys.argv[1]).iterdir()]"
ONE, MANY = 1, 10_000


class Row(NamedTuple):
    """One line of the table: what, against whom, the most that is allowed; ratio to the rival unless in seconds."""

    what: str
    rival: str
    ours: Case
    theirs: Case
    most: str
    floor: Case | None = None


class Places:
    """Homes of one and of ten thousand connections, made when a row asks for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, connections: int) -> Path:
        """The folder whose `simulated` is the home."""
        place = self._folder / str(connections)
        if not place.exists():
            (place / "simulated").mkdir(parents=True)
            homes.fill(place / "simulated", connections)
        return place


def starts(places: Places) -> Iterator[Row]:
    typer = Case(TYPER)
    tab = {"_SP_CONNECT_COMPLETE": "complete_bash", "COMP_WORDS": "sp-connect\nlist\n--seller", "COMP_CWORD": "3"}
    one = homes.variables(places(ONE) / "simulated")
    yield Row("--version", "import typer", Case([PROGRAM, "--version"]), typer, "1.2")
    yield Row("--help", "import typer", Case([PROGRAM, "--help"]), typer, "1.2")
    yield Row("TAB behind --seller", "import typer", Case([PROGRAM], one | tab), typer, "1.2")
    yield Row("list --json, 1 connection", "import typer", Case([PROGRAM, "list", "--json"], one), typer, "1.5")
    scrypt = "import hashlib; hashlib.scrypt(b'x', salt=b'y' * 16, n=2**15, r=8, p=1, maxmem=2**26)"
    floor = Case([sys.executable, "-c", scrypt])
    yield Row("token, kept, vault", "import typer", Case(token(0), one), typer, "2.5", floor)


def token(number: int) -> list[str]:
    return [PROGRAM, "token", "--seller", f"seller-{number:05}", "--region", "na"]


def with_keyring(places: Places, stack: ExitStack, folder: Path) -> Iterator[Row]:
    """`token` from a real keyring, against the `keyring` command on the same item."""
    if not shutil.which("gnome-keyring-daemon"):
        print("token, kept, keyring: gnome-keyring is not here")
        return
    session = stack.enter_context(secret_service(folder / "session"))
    home = folder / "in-keyring"
    shutil.copytree(places(ONE) / "simulated", home)
    inside = {**session, "SP_CONNECT_HOME": str(home)}
    opened = inside | {"SP_CONNECT_PASSPHRASE": homes.PASSPHRASE}
    cost(Case([PROGRAM, "store", "move", "keyring", "--yes"], opened))
    service = f"sp-connect/{homes.record(0, datetime.now(UTC)).access_name}"
    keep = "import keyring, sys; keyring.set_password(*sys.argv[1:])"  # a move leaves behind what Amazon gives anew
    cost(Case([sys.executable, "-c", keep, service, "sp-connect", homes.access_token()], inside))
    peer = Case([str(Path(sys.executable).with_name("keyring")), "get", service, "sp-connect"], inside)
    yield Row("token, kept, gnome-keyring", "keyring get", Case(token(0), inside), peer, "0.6")


def with_gh(places: Places) -> Iterator[Row]:
    gh = shutil.which("gh")
    if gh is None:
        print("gh auth status: GitHub's gh is not here (apt-get install gh)")
        return
    one = homes.variables(places(ONE) / "simulated")
    status = Case([gh, "auth", "status"], {"GH_CONFIG_DIR": str(places(ONE))}, codes=(0, 1))
    yield Row("list --json, 1 connection", "gh auth status", Case([PROGRAM, "list", "--json"], one), status, "")
    yield Row("token, kept, vault", "gh auth status", Case(token(0), one), status, "")


def lists(places: Places) -> Iterator[Row]:
    home = places(MANY) / "simulated"
    many, typer = homes.variables(home), Case(TYPER)
    floor = Case([sys.executable, "-c", READ_ALL, str(home / "connections")])
    for name, most in (
        ("list --json", "0.8 s, 100 MB"),
        ("list --matrix", "1.0 s, 150 MB"),
        ("list", ""),
        ("list --csv", ""),
    ):
        yield Row(f"{name}, 10,000", "import typer", Case([PROGRAM, *name.split()], many), typer, most, floor)


def growing(places: Places) -> Iterator[Row]:
    """What concerns one seller, among ten thousand connections against one."""
    revoke = [PROGRAM, "revoke", "--seller", "seller-00000", "--region", "na", "--yes"]
    commands = {"show": [PROGRAM, "show", "--seller", "seller-00000"], "token, kept, vault": token(0), "revoke": revoke}
    for name, command in commands.items():
        many, one = (
            Case(command, homes.variables(home), partial(homes.restore, home))
            for home in (places(MANY) / "simulated", places(ONE) / "simulated")
        )
        yield Row(f"{name}, 10,000", "1 connection", many, one, "1.1")
    connect = [PROGRAM, "-q", "--simulate", "connect", "--seller", "acme", "--region", "eu", "--no-browser"]
    many, one = (
        Case(connect, {"SP_CONNECT_HOME": str(place)}, partial(homes.forget, place / "simulated", "acme"))
        for place in (places(MANY), places(ONE))
    )
    yield Row("connect, 10,000", "1 connection", many, one, "1.1")


def importing(places: Places, folder: Path) -> Iterator[Row]:
    sheet = folder / "sellers.csv"
    homes.write_sheet(sheet, MANY)
    home = folder / "importing"
    command = Case(
        [PROGRAM, "-q", "import", "--from", str(sheet), "--no-check"],
        homes.variables(home),
        partial(homes.begin, home, places(ONE) / "simulated"),
    )
    yield Row("import --no-check, 10,000 rows", "import typer", command, Case(TYPER), "15 s")


def verifying(stack: ExitStack, folder: Path) -> Iterator[Row]:
    base = stack.enter_context(verify.slow_amazon())
    for number in (300, 1_000):
        home = folder / f"verify-{number}"
        home.mkdir()
        homes.fill(home, number)
        command = Case([PROGRAM, "verify", "--json"], homes.variables(home) | {"SP_CONNECT_AMAZON_URL": base})
        loop = Case(verify.other("bare", base, 32, number))
        if number == 300:
            peer = Case(verify.other("peer", base, 16, number))
            yield Row("verify, 300 at 50 ms", "sp-api, 16 threads", command, peer, "0.1", loop)
            yield Row("verify, 300 at 50 ms", "bare loop, 32 threads", command, loop, "1.5")
        else:
            yield Row("verify, 1,000 at 50 ms", "bare loop, 32 threads", command, loop, "200 MB")


def told(row: Row, ours: Cost, theirs: Cost, floor: Cost | None) -> str:
    least = f"{floor.wall:7.3f}s" if floor else ""
    return (
        f"{row.what:31} {ours.wall:7.3f}s {ours.memory:5.0f} MB  {row.rival:21} {theirs.wall:7.3f}s "
        f"{ours.wall / theirs.wall:6.2f}  {row.most:13} {least:8}"
    ).rstrip()


def rows(stack: ExitStack) -> Iterator[Row]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    places = Places(folder)
    yield from starts(places)
    yield from with_keyring(places, stack, folder)
    yield from with_gh(places)
    yield from lists(places)
    yield from growing(places)
    yield from verifying(stack, folder)
    yield from importing(places, folder)


def main(wanted: list[str]) -> None:
    print(f"{'':31} {'ours':>8} {'memory':>8}  {'rival':21} {'':>8} {'ratio':>6}  {'at most':13} {'floor':>8}")
    with ExitStack() as stack:
        for row in rows(stack):
            if all(word in f"{row.what} {row.rival}" for word in wanted):
                cases = [row.ours, row.theirs, *([row.floor] if row.floor else [])]
                ours, theirs, *floor = compared(*cases)
                print(told(row, ours, theirs, floor[0] if floor else None), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
