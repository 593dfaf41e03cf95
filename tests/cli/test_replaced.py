"""An update of the program while a seller confirms: nothing of it is read from disk any more once they are asked."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sp_connect
from sp_connect.simulator import seller
from tests.agency import Agency
from tests.cli.program import SECONDS, Program, until

pytestmark = pytest.mark.slow

RUN = r"""
import os, shutil, signal, sys

def replace(*_):
    shutil.rmtree(os.environ["GONE"])  # the program itself
    sys.meta_path.clear()  # and every package that it stands on
    os.write(2, b"replaced\n")  # it may come while something is printed

signal.signal(signal.SIGUSR1, replace)
import sp_connect
assert sp_connect.__file__.startswith(os.environ["GONE"])
from sp_connect.__main__ import main
main()
"""


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("company", ["acme", "bravo"])
def test_a_consent_outlives_its_program(
    office: Agency, staffed: Program, tmp_path: Path, more: tuple[str, ...], company: str
) -> None:
    copy = tmp_path / "site"
    shutil.copytree(Path(sp_connect.__file__).parent, copy / "sp_connect")
    known = ["--expect-id", "A2ACME0000000"] if company != "acme" else []
    connect = ["connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "20", *known, *more]
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", RUN, *connect],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=staffed.environment({"PYTHONPATH": str(copy), "GONE": str(copy)}),
        text=True,
    )
    with process:
        assert process.stderr is not None
        address = until(process.stderr, "\nhttp://").splitlines()[-1].strip()
        process.send_signal(signal.SIGUSR1)
        until(process.stderr, "replaced")
        seller.confirm(address, company, staffed.listen)
        stdout, stderr = process.communicate(timeout=SECONDS)

    if company == "acme":
        assert (process.returncode, stderr) == (0, stderr), stderr
        assert "Traceback" not in stderr
        [kept] = office.runtime.connections.all()
        assert kept.selling_partner_id in stdout
    else:
        assert process.returncode == 3, stderr
        assert "Traceback" not in stderr
        assert "--expect-id names" in stderr
