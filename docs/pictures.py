"""Draws every picture of the documentation but the chart: `python docs/pictures.py`, which needs Chromium.

Each command runs on a real terminal, around a simulated Amazon, in a home of its own; each page is one that a real
browser shows. The chart of performance.md is drawn by the benchmark that measures it.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

from sp_connect.amazon import geography
from sp_connect.simulator import seller
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import surroundings
from tests.browser import look
from tests.commands.given import account_of

COLUMNS = 86
PICTURES = Path(__file__).parent / "pictures"
PROGRAM = Path(sys.executable).with_name("sp-connect")
PAGES = ("consent", "relay-away", "landing-connected", "landing-failed")
NOTICE = "SP_CONNECT_AMAZON_URL is set"
"""In a line that a picture of the real Amazon would not have."""

PLACES = (
    ("acme", "na", "", 40),
    ("acme", "eu", "", 40),
    ("acme", "fe", "JP", 353),
    ("bravo", "eu", "", 100),
    ("charlie-gmbh", "na", "", 12),
    ("charlie-gmbh", "eu", "", 12),
    ("charlie-gmbh", "eu", "IN", 12),
    ("charlie-gmbh", "fe", "JP", 12),
    ("charlie-gmbh", "fe", "AU", 12),
    ("delta", "na", "", 370),
    ("delta", "eu", "", 200),
    ("echo-traders", "eu", "", 3),
    ("echo-traders", "fe", "SG", 3),
)
"""Seller, region, country, and how many days ago it was connected."""


def environment(home: Path, **more: str) -> Mapping[str, str]:
    """What the program finds; TTY_INTERACTIVE=0 is Rich's own switch for no animation."""
    return (
        surroundings.inherited()
        | {"SP_CONNECT_HOME": str(home), "TTY_INTERACTIVE": "0", "TERM": "xterm-256color"}
        | more
    )


def run(inside: Mapping[str, str], command: str) -> str:
    """What `command` shows on a terminal, colours included."""
    shown = pexpect.run(f"{PROGRAM} {command}", env=inside, dimensions=(60, COLUMNS), timeout=60)
    told = shown.decode().replace("\r\n", "\n").splitlines(keepends=True)
    return f"$ sp-connect {command}\n" + "".join(line for line in told if NOTICE not in line)


def draw(name: str, output: str) -> None:
    """Writes one picture, with no font or other thing from outside in it."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(output.rstrip()), soft_wrap=False)
    console.print()
    svg = console.export_svg(title="sp-connect", unique_id=name)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


def trying(home: Path) -> None:
    """What one sees first who tries it."""
    shown = run(environment(home), "--simulate connect --seller acme --region eu --no-browser")
    draw("connect", re.sub(r"127\.0\.0\.1:\d{4,5}/", "127.0.0.1:35257/", shown))


def working(home: Path) -> None:
    """What an agency sees every day: PLACES are connected, some for long, and bravo has ended it at Amazon."""
    with Simulator(World()) as amazon:
        opened = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": "simulated"}
        office = environment(home, SP_CONNECT_AMAZON_URL=amazon.base_url, **opened)
        register(office)
        fill(office, home, amazon.world)
        amazon.world.faults.add(Fault("sellers", "delay", seconds=0.5))
        draw("verify", halfway(office))
        amazon.world.faults.clear()
        draw("list", run(office, "list"))
        draw("matrix", run(office, "list --matrix"))
        draw("show", run(office, "show --seller acme"))
        draw("error", refused(office))


def register(office: Mapping[str, str]) -> None:
    app = f"--application-id {BUILT_IN.application_id} --client-id {BUILT_IN.client_id}"
    add = f"{PROGRAM} -q app add {app} --redirect-uri {BUILT_IN.redirect_uris[0]} --client-secret-stdin"
    subprocess.run(add.split(), input=BUILT_IN.client_secret, env=office, text=True, check=True)


def fill(office: Mapping[str, str], home: Path, world: World) -> None:
    """Connects PLACES with tokens of Amazon's console, each as many days ago as it says there."""
    with (home / "sellers.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("seller", "region", "country", "selling_partner_id", "refresh_token", "authorized_at"))
        for name, region, country, days in PLACES:
            host = geography.consent_host(geography.scope(name, region, country or None))
            account = account_of(name, host)
            given = world.authorize(BUILT_IN, account, host)
            begun = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
            rows.writerow((name, region, country, account.selling_partner_id, given.refresh_token, begun))
            if name == "bravo":
                world.revoke(BUILT_IN.application_id, account.selling_partner_id)
    run(office, f"import --from {home / 'sellers.csv'} --no-check")


def halfway(office: Mapping[str, str]) -> str:
    """`verify` with half of its answers in."""
    command = f"{PROGRAM} verify --jobs 2"
    verify = pexpect.spawn(command, env=office | {"TTY_INTERACTIVE": "1"}, dimensions=(60, COLUMNS))
    verify.expect(f"[5-7]/{len(PLACES)}.*?\r")
    frame = (verify.before + verify.after).decode().rpartition("\x1b[2K")[2].strip("\r\n")
    verify.expect(pexpect.EOF)
    return f"$ sp-connect verify\n{frame}"


def refused(office: Mapping[str, str]) -> str:
    """A renewal of acme, in a browser that is still signed in as Bravo."""
    command = "connect --seller acme --region eu"
    connect = pexpect.spawn(f"{PROGRAM} {command} --no-browser", env=office, dimensions=(60, COLUMNS))
    connect.expect(r"(http://127\S+(?:\r\n\S+)*)\r\n\r\n")
    seller.confirm(re.sub(r"\s", "", connect.match[1].decode()), "Bravo", "127.0.0.1:8723")
    connect.expect_exact("[Y/n] ")
    connect.sendline("n")
    connect.expect(pexpect.EOF)
    told = connect.before.decode().replace("\r\n", "\n")
    return f"$ sp-connect {command}\n" + told[told.rindex("\x1b", 0, told.index("error:")) :]


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        trying(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        working(Path(folder))
    look.take(PICTURES, {scheme: (760, scheme, "screen") for scheme in ("light", "dark")}, PAGES)


if __name__ == "__main__":
    main()
