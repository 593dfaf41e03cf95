"""An agency's home that the tests of a module share, its program, and the ways to run it that need more than `run`."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sp_connect.models import Secret
from sp_connect.simulator import seller
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN
from tests import agency as agencies
from tests.agency import Agency, Clock, writing
from tests.cli.program import PASSPHRASE, PROGRAM, SECONDS, Program, Result, interrupt, until
from tests.leaks import sentinels
from tests.leaks.sentinels import Remembering


class Given(NamedTuple):
    """The agency, the program in its home, and a folder for whatever else a case needs."""

    office: Agency
    program: Program
    folder: Path

    def run(self, *arguments: str, stdin: str | None = None, **env: str | None) -> Result:
        return self.program.run(*arguments, stdin=stdin, env=env)

    def ago(self, days: int) -> datetime:
        return self.office.clock() - timedelta(days=days)

    def home(self) -> Path:
        """A home of its own, empty, to be named by SP_CONNECT_HOME."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    @contextmanager
    def trouble(self, *faults: Fault) -> Iterator[None]:
        """What goes wrong at Amazon while the block runs."""
        self.office.world.faults.add(*faults)
        try:
            yield
        finally:
            self.office.world.faults.clear()


@contextmanager
def given(folder: Path) -> Iterator[Given]:
    """An agency with three apps, as of this moment: `default`, `wider`, and `stale`, whose secret Amazon refuses."""
    clock = Clock(datetime.now(UTC))
    listen = f"127.0.0.1:{agencies.free_port()}"
    with Simulator(Remembering(), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        office = agencies.build(folder / "home", simulator, clock, listen, io.StringIO(), io.StringIO())
        with writing(office.runtime):
            for name, secret in (("wider", BUILT_IN.client_secret), ("stale", "amzn1.oa2-cs.v1.old")):
                office.runtime.changes.keep_app(office.app._replace(name=name), Secret(str(secret)))
        settings = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
        settings |= {"SP_CONNECT_AMAZON_URL": simulator.base_url}
        yield Given(office, Program(office.folder, settings, simulator, listen), folder)


def leaks(given: Given, result: Result, command: str = "") -> list[str]:
    """The secrets that a run told or left in a file; on stdout none but what its command is there to hand out."""
    secrets = sentinels.of(given.office)
    opens_nothing: set[str | bytes] = {str(BUILT_IN.client_secret)}
    handed_out = {"token": sentinels.access_tokens(given.office), "simulator": opens_nothing}
    on_stdout = secrets - handed_out.get(command, set())
    left = sentinels.leaks(secrets, {"stderr": result.stderr, **sentinels.files(given.folder)})
    return left + sentinels.leaks(on_stdout, {"stdout": result.stdout})


def consenting(given: Given, *arguments: str, company: str) -> Result:
    """A run that asks for one consent, which a company gives as soon as the address is told."""
    with given.program.started(*arguments, "--no-browser", "--timeout", "20", "--json") as process:
        assert process.stderr is not None
        told = until(process.stderr, given.office.simulator.base_url)
        seller.confirm(told.splitlines()[-1].strip(), company, given.program.listen)
        stdout, stderr = process.communicate(timeout=SECONDS)
        return Result(process.returncode, stdout, told + stderr)


def answering(given: Given, answer: str, *arguments: str) -> Result:
    """A run with a terminal on stdin alone, where somebody types `answer`."""
    keys, terminal = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=given.program.environment(),
        text=True,
    )
    try:
        os.write(keys, f"{answer}\n".encode())
        stdout, stderr = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        os.close(terminal)
        os.close(keys)
    return Result(process.returncode, stdout, stderr)


def stopped(given: Given, *arguments: str, at: str, stream: str = "stderr") -> Result:
    """A run that Ctrl-C ends as soon as it has said `at`."""
    with given.program.started(*arguments) as process:
        told = until(getattr(process, stream), at)
        result = interrupt(process)
    return replace(result, **{stream: told + getattr(result, stream)})
