"""A home with two sellers that can be copied to any disk, disks of the tests' own, and the commands in such a home."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import typer

from sp_connect import runtime
from sp_connect.amazon import consent, geography
from sp_connect.models import Invite
from sp_connect.runtime import Runtime
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen
from tests import agency as agencies
from tests.agency import Agency, Clock, writing
from tests.cli.program import PASSPHRASE, PROGRAM, SECONDS, Program, Result
from tests.commands.given import connected

PAGE = 4096
FILLER = "filler"
NEW_SECRET = "amzn1.oa2-cs.v1.renewed"
"""A client secret of the app that nobody has kept yet."""

HALF_WRITTEN = ".sp-connect-"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root may read and write everywhere; what runs behind this only what is its own, as any other user."""


@dataclass
class Desk:
    """What Typer hands a command: the runtime of a home, and what the command said on both streams."""

    runtime_: Runtime
    stdout: io.StringIO
    stderr: io.StringIO
    simulate: bool = False
    invoked_subcommand: None = None
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def context(self) -> typer.Context:
        return cast("typer.Context", self)

    @property
    def obj(self) -> Desk:
        return self

    @property
    def screen(self) -> Screen:
        return self.runtime_.screen

    def runtime(self, *, secrets: bool = True) -> Runtime:  # noqa: ARG002 - as the session has it
        return self.runtime_


class Estate:
    """An agency that no test changes: its home is copied."""

    def __init__(self, office: Agency) -> None:
        self.office = office
        self._opened: dict[Path, Runtime] = {}

    def copy(self, home: Path) -> None:
        """Puts a copy of the home there; what was at that place is gone."""
        clear(home)
        shutil.copytree(self.office.folder, home, dirs_exist_ok=True)

    def program(self, home: Path) -> Program:
        env = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
        env |= {"SP_CONNECT_AMAZON_URL": self.office.simulator.base_url}
        return Program(home, env, self.office.simulator, self.office.app.listen)

    def desk(self, home: Path, stdin: str = "", *, visit: agencies.Visit = agencies.as_expected) -> Desk:
        """The real runtime of a home. Its vault is opened once: a copy has the same key, and scrypt takes its time.

        In the browser the very seller confirms, or does `visit`.
        """
        made = self.opening_desk(home, stdin, visit=visit)
        opened = self._opened.setdefault(home, made.runtime_)
        secrets, vault, migration, changes = opened.secrets, opened.vault, opened.migration, opened.changes
        made.runtime_ = replace(made.runtime_, secrets=secrets, vault=vault, migration=migration, changes=changes)
        return made

    def opening_desk(self, home: Path, stdin: str = "", *, visit: agencies.Visit = agencies.as_expected) -> Desk:
        """The same, with a vault that is still to be opened."""
        out, err = io.StringIO(), io.StringIO()
        environ = self.program(home).environment()
        world = runtime.real(Screen(out, err, colour=False), Prompt(io.StringIO(stdin), err), environ)
        opener = replace(
            world,
            browser=lambda command, *, refused: agencies.opener(visit),  # noqa: ARG005 - runtime.Browser
            sleep=lambda _: None,
        )
        return Desk(opener, out, err)

    def address_of_guest(self) -> str:
        """What the guest's browser ends on, with a code that is good once."""
        from sp_connect.simulator import seller

        [invite] = self.office.runtime.invites.all()[0]
        link = self.office.runtime.amazon.at(invite.address)
        ended_on = seller.confirm(link, "guest", self.office.app.listen)
        assert ended_on is not None
        return ended_on


@contextmanager
def estate(folder: Path) -> Iterator[Estate]:
    """acme and bravo are connected in Europe, and a guest is invited."""
    clock = Clock(datetime.now(UTC))
    listen = f"127.0.0.1:{agencies.free_port()}"
    with Simulator(World(), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        office = agencies.build(folder / "estate", simulator, clock, listen, io.StringIO(), io.StringIO())
        simulator.world.renew_secret(office.app.client_id, NEW_SECRET)
        connected(office)
        connected(office, "bravo")
        with writing(office.runtime):
            office.runtime.invites.put([invite_of(office, "guest")])
        yield Estate(office)


def invite_of(office: Agency, name: str) -> Invite:
    asked = consent.begin(office.app, geography.scope(name, "eu"), away=True)
    now = office.clock()
    ids = (office.app.application_id, office.app.redirect_uri)
    return Invite(asked.scope, "default", *ids, asked.state, asked.address, None, now, now + timedelta(days=7))


class Disk:
    """A file system of a test's own at a folder, as small as it wants it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def fill(self, pages: int) -> None:
        """Leaves room for so many pages of four kilobytes."""
        with (self.folder / FILLER).open("wb", buffering=0) as file:
            written = _until_full(lambda _: file.write(bytes(PAGE)))
            file.truncate(max(0, written - pages) * PAGE)

    def fill_with_names(self, names: int) -> None:
        """Leaves room for so many files, whatever is in them."""
        folder = self.folder / FILLER
        folder.mkdir()
        made = _until_full(lambda number: (folder / str(number)).touch())
        for number in range(max(0, made - names), made):
            (folder / str(number)).unlink()

    def free(self) -> None:
        """Takes away what fills it."""
        path = self.folder / FILLER
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def make_read_only(self) -> None:
        _mount("-o", "remount,ro", str(self.folder))

    def make_writable(self) -> None:
        _mount("-o", "remount,rw", str(self.folder))

    def vanish(self) -> None:
        """As a stick that is pulled out, or a share whose server is gone: what stood at the folder is not there."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)


@contextmanager
def disk(folder: Path, options: str = "size=512k") -> Iterator[Disk]:
    """A file system in memory at `folder`, while the block runs."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    made = Disk(folder)
    try:
        yield made
    finally:
        if os.path.ismount(folder):
            made.vanish()


def _until_full(write: Callable[[int], object]) -> int:
    """How many writes the disk took."""
    for number in range(10_000):
        try:
            write(number)
        except OSError:
            return number
    raise AssertionError("the disk has no end")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def clear(folder: Path) -> None:
    """Takes away all that is in a folder, and the folder's place in something else's."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    for entry in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def files(home: Path) -> dict[str, bytes]:
    """Every file but locks, what is not one by its kind."""
    return {
        name: path.read_bytes() if path.is_file() else str(path.lstat().st_mode).encode()
        for path in sorted(home.rglob("*"))
        if not path.is_dir() and "lock" not in (name := str(path.relative_to(home)))
    }


def records(home: Path) -> dict[str, bytes]:
    """What is written down: every file but locks, sealed ones and the journal's."""
    return {
        name: data for name, data in files(home).items() if not name.startswith(("vault", "unfinished", "home.toml"))
    }


def left_behind(home: Path) -> list[str]:
    """Half-written files, and changes that wait to be finished."""
    return [name for name in files(home) if HALF_WRITTEN in name or name.startswith("unfinished")]


def as_anybody(program: Program, *arguments: str, stdin: str = "") -> Result:
    """A run as a user who is not root."""
    done = subprocess.run(
        [*WITHOUT_RIGHTS, PROGRAM, *arguments],
        input=stdin,
        env=program.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return Result(done.returncode, done.stdout, done.stderr)
