"""The program as a job of an interactive shell: in the background it reads nothing from the terminal."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator

import pexpect  # type: ignore[import-untyped]
import pytest

from sp_connect.simulator import seller
from tests.cli.program import PROGRAM, SECONDS, Program

pytestmark = pytest.mark.slow

PROMPT = "ready> "
CONNECT = f"{shlex.quote(str(PROGRAM))} connect -s acme -r eu --no-browser --timeout 60"


@pytest.fixture
def shell(staffed: Program) -> Iterator[pexpect.spawn[str]]:
    """A shell on a terminal of its own, with job control."""
    settings = staffed.environment({"TERM": "xterm", "PS1": PROMPT})
    child: pexpect.spawn[str] = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], env=settings, encoding="utf-8", timeout=SECONDS, dimensions=(40, 400)
    )
    child.expect_exact(PROMPT)
    try:
        yield child
    finally:
        child.close(force=True)


def waits(shell: pexpect.spawn[str]) -> str:
    """The address of the consent page, once the program waits for it to be confirmed."""
    shell.expect(r"(http://127\S+)\s")
    assert shell.match is not None
    address = str(shell.match.group(1))
    shell.expect_exact("for the confirmation")
    return address


def types_another_command(shell: pexpect.spawn[str]) -> None:
    shell.sendline("echo typed-$((40 + 2))")
    shell.expect_exact("typed-42")


def is_answered(shell: pexpect.spawn[str], address: str, listen: str) -> None:
    """The job takes the answer of its seller, which a stopped one would never do."""
    threading.Thread(target=seller.confirm, args=(address, "acme", listen), daemon=True).start()
    shell.expect_exact("Is A2EXAMPLE1234 acme?")


def test_what_is_typed_in_the_shell_does_not_stop_a_job_in_the_background(
    shell: pexpect.spawn[str], staffed: Program
) -> None:
    shell.sendline(f"{CONNECT} &")
    address = waits(shell)

    types_another_command(shell)

    is_answered(shell, address, staffed.listen)


def test_nor_one_that_was_put_there_while_it_waited(shell: pexpect.spawn[str], staffed: Program) -> None:
    shell.sendline(CONNECT)
    address = waits(shell)
    shell.send("\x1a")
    shell.expect_exact("Stopped")
    shell.sendline("bg")
    shell.expect_exact("&")

    types_another_command(shell)

    is_answered(shell, address, staffed.listen)


def test_back_in_the_foreground_it_reads_what_is_pasted(shell: pexpect.spawn[str], staffed: Program) -> None:
    shell.sendline(f"{CONNECT} &")
    address = waits(shell)
    types_another_command(shell)
    shell.sendline("fg")
    shell.expect_exact("connect -s acme")

    shell.sendline("https://elsewhere.example/?state=x")
    shell.expect_exact("Still waiting.")

    is_answered(shell, address, staffed.listen)


def test_a_question_in_the_background_is_answered_by_a_flag(shell: pexpect.spawn[str]) -> None:
    shell.sendline(f"{shlex.quote(str(PROGRAM))} connect -s acme -r fe --no-browser & wait $!; echo code-$?")

    shell.expect_exact("sp-connect is running in the background and cannot ask")
    shell.expect_exact("add --country JP --country AU --country SG, or run sp-connect in the foreground")
    shell.expect(re.escape("code-2"))
