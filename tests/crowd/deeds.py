"""What each of the crowd does next, and how it is done: real commands of the real program, one after another.

Nothing is judged here. Each command that ended is an `Answer`, with the moments at which it began and ended.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sp_connect.simulator import seller
from tests.cli.program import PROGRAM, Result
from tests.crowd.town import REGIONS, Town

CONSENT = "/apps/authorize/consent?"
KILLED = -9
PATIENCE = 60
"""Seconds that a consent may take, and many times what it needs: sixteen processes share what there is."""
HUNG = 150.0
"""Seconds after which a command is ended, and is a defect."""


@dataclass(frozen=True)
class Command:
    """One command line. `company` is whose account it is about, `seller` what the seller is called in it.

    `to` is the name that a rename gives. `turns` says that Amazon may give a new token for the kept one meanwhile:
    a kill would lose it, as it would on a machine that loses power at that moment.
    """

    kind: str
    company: str
    seller: str
    region: str
    app: str
    arguments: tuple[str, ...]
    stdin: str = ""
    to: str = ""
    turns: bool = False
    prepared: float | None = None

    @property
    def opens_a_door(self) -> bool:
        return self.kind in {"connect", "renew"}


@dataclass(frozen=True)
class Answer:
    """What a command answered. `fatal` is after how many seconds it was to be killed, if it still ran then."""

    command: Command
    began: float
    ended: float
    result: Result
    fatal: float | None = None

    @property
    def was_killed(self) -> bool:
        return self.fatal is not None and self.result.code == KILLED

    def rows(self) -> list[dict[str, Any]]:
        """What it printed. The JSON of one that was killed may be cut."""
        found = self.result.json() if self.result.stdout and not self.was_killed else []
        return found if isinstance(found, list) else [found]

    def error(self) -> str | None:
        return None if self.result.code in {0, KILLED} else str(self.result.error()["code"])

    def __str__(self) -> str:
        said = self.result.stderr.splitlines()[-2:]
        line = " ".join(self.command.arguments)
        return f"{self.began:.3f}-{self.ended:.3f} {line} -> {self.result.code} {said}"


@dataclass(frozen=True)
class Seller:
    """A company, the names that it goes by, and its app."""

    company: str
    names: tuple[str, ...]
    app: str
    turns: bool

    @property
    def wanders(self) -> bool:
        return len(self.names) > 1


STEADY = {"connect": 16, "renew": 6, "revoke": 14, "token": 22, "verify": 10, "show": 5, "import": 10, "accept": 7}
WANDERING = {"connect": 8, "rename": 35, "token": 25, "verify": 17, "show": 15}
LISTINGS = 0.1
"""How many of all commands are `list`."""


class Plan:
    """What one of the crowd does, one after another; `seed` makes it the same each time."""

    def __init__(self, town: Town, sellers: Sequence[Seller], seed: int, kills: float) -> None:
        self._town = town
        self._sellers = sellers
        self._chance = random.Random(seed)
        self._kills = kills
        self._took: dict[str, float] = {}

    def connect(self, one: Seller) -> Answer:
        """Connects a seller, undisturbed."""
        plain = self._command("connect", one, one.names[0], REGIONS[0])
        return self._run(replace(plain, turns=True))

    def next(self) -> Iterator[Answer]:
        """Does the next thing: one command, or two where one leads to the other."""
        chosen = self._chance.choice(self._sellers)
        if self._chance.random() < LISTINGS:
            yield self._run(Command("list", "", "", "", "", ("list", "--json")))
            return
        weights = WANDERING if chosen.wanders else STEADY
        kind = self._chance.choices(list(weights), list(weights.values()))[0]
        region = REGIONS[0] if chosen.wanders else self._chance.choice(REGIONS)
        name = self._chance.choice(chosen.names)
        if kind == "accept":
            yield from self._invited(chosen, name, region)
        else:
            yield self._run(self._command(kind, chosen, name, region))

    def _command(self, kind: str, of: Seller, name: str, region: str) -> Command:
        place = ("--seller", name, "--region", region)
        plain = Command(kind, of.company, name, region, of.app, (kind, *place, "--json"), turns=False)
        match kind:
            case "connect":
                return _with(plain, "--app", of.app, "--no-browser", "--timeout", str(PATIENCE))
            case "renew":
                return _with(plain, "--due", "400", "--no-browser", "--timeout", str(PATIENCE))
            case "revoke":
                return _with(plain, "--yes", "--missing-ok")
            case "show":
                return replace(plain, arguments=("show", "--seller", name, "--json"))
            case "rename":
                other = next(one for one in of.names if one != name)
                return replace(plain, arguments=("rename", name, other, "--json"), to=other)
            case "import":
                prepared = time.time()
                account = self._town.account(of.company, region).selling_partner_id
                token = self._town.give(of.company, region, of.app).refresh_token
                taking = replace(plain, stdin=f"{token}\n", prepared=prepared)
                when = datetime.now(UTC).isoformat(timespec="seconds")
                return _with(taking, "--app", of.app, "--selling-partner-id", account, "--authorized-at", when)
            case _:
                return replace(plain, turns=of.turns)

    def _invited(self, of: Seller, name: str, region: str) -> Iterator[Answer]:
        """A link is made, the seller confirms elsewhere, and what comes back is accepted."""
        place = ("--seller", name, "--region", region)
        invite = Command("invite", of.company, name, region, of.app, ("invite", *place, "--app", of.app, "--json"))
        made = self._run(invite)
        yield made
        if made.result.code != 0:
            return
        prepared = time.time()
        address = seller.confirm(made.rows()[0]["url"], of.company, self._town.listens[of.app])
        assert address is not None
        taken = ("accept", "-", "--json")
        yield self._run(replace(invite, kind="accept", arguments=taken, stdin=f"{address}\n", prepared=prepared))

    def _run(self, command: Command) -> Answer:
        """Runs it to its end, or until it is killed; the seller confirms wherever a consent is asked for."""
        fatal = self._fatal(command)
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stdin:
            stdin.write(command.stdin.encode())
            stdin.seek(0)
            began = time.time()
            process = subprocess.Popen(
                [PROGRAM, *command.arguments],
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=self._town.program.environment(),
                text=True,
            )
            killer = threading.Timer(fatal or HUNG, process.kill)
            killer.start()
            try:
                stderr = self._attended(command, process)
                code = process.wait()
            finally:
                killer.cancel()
            ended = time.time()
            self._took[command.kind] = ended - began
            stdout.seek(0)
            return Answer(command, began, ended, Result(code, stdout.read().decode(), stderr), fatal)

    def _fatal(self, command: Command) -> float | None:
        """After how many seconds it is to be killed: at any moment of what such a command took the last time."""
        if command.turns or self._chance.random() >= self._kills:
            return None
        return self._chance.uniform(0.05, 1.1 * self._took.get(command.kind, 0.5))

    def _attended(self, command: Command, process: subprocess.Popen[str]) -> str:
        """What a command says on stderr, and what the seller does when it asks for a consent."""
        said = ""
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                said += line
                if command.opens_a_door and CONSENT in line:
                    seller.confirm(line.strip(), command.company, self._town.listens[command.app])
        return said


def _with(command: Command, *more: str) -> Command:
    return replace(command, arguments=(*command.arguments, *more))
