"""The prompt at the terminal, on a real pseudo-terminal; and nobody there."""

from __future__ import annotations

import io
import os
import queue
import select
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import pexpect  # type: ignore[import-untyped]
import pytest

from sp_connect import errors
from sp_connect.amazon import consent
from sp_connect.terminal.prompt import LONGEST_INPUT, Prompt
from tests.stores.samples import app

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")


def piping(text: str | bytes) -> Prompt:
    data = text.encode() if isinstance(text, str) else text
    return Prompt(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"), io.StringIO())


# Nobody there


def nobody() -> list[Prompt]:
    closed = io.StringIO("y\n")
    closed.close()
    return [Prompt(None, io.StringIO()), Prompt(closed, io.StringIO()), piping("y\n")]


@pytest.mark.parametrize("number", range(3))
def test_without_a_terminal_every_question_needs_its_flag(number: int) -> None:
    prompt = nobody()[number]
    assert not prompt.is_there()
    for ask in (prompt.confirm, prompt.answer, prompt.secret):
        with pytest.raises(errors.NeedsFlag) as caught:
            ask("Remove acme?", "--yes")
        assert "Remove acme?" in caught.value.message
        assert caught.value.hint == "add --yes"


def test_without_a_terminal_nothing_is_pasted() -> None:
    got: list[str] = []
    with piping("https://agency.example/relay?x\n").pasting(got.append):
        pass
    assert got == []


@pytest.mark.parametrize("text", ["Atzr|x", "  Atzr|x\r\n", "\nAtzr|x\n\n"])
def test_piped_value_is_read_without_white_space_around_it(text: str) -> None:
    secret = piping(text).secret_from_stdin("refresh token")
    assert secret.reveal() == "Atzr|x"


@pytest.mark.parametrize("text", ["", " \n", b"\xff\xfe\x00"])
def test_piped_nothing_is_usage(text: str | bytes) -> None:
    with pytest.raises(errors.Usage, match="Nothing was changed"):
        piping(text).secret_from_stdin("refresh token")


def test_nothing_is_piped_where_there_is_no_stdin() -> None:
    with pytest.raises(errors.Usage, match="stdin holds no refresh token"):
        Prompt(None, io.StringIO()).secret_from_stdin("refresh token")


def test_piped_more_than_any_secret_is_usage() -> None:
    with pytest.raises(errors.Usage):
        piping("x" * (LONGEST_INPUT + 1)).secret_from_stdin("refresh token")


# Somebody there


@dataclass
class Terminal:
    """Both ends of a pseudo-terminal: what is typed at `typing`, and the prompt who reads the other end."""

    typing: int
    stdin: TextIO
    prompt: Prompt
    stderr: io.StringIO

    def type(self, text: str | bytes) -> None:
        os.write(self.typing, text.encode() if isinstance(text, str) else text)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    ours, theirs = os.openpty()
    stderr = io.StringIO()
    with os.fdopen(theirs, encoding="utf-8", errors="strict") as stdin, os.fdopen(ours, "wb", buffering=0):
        yield Terminal(ours, stdin, Prompt(stdin, stderr), stderr)


def test_a_terminal_is_somebody(terminal: Terminal) -> None:
    assert terminal.prompt.is_there()


def test_answer_is_the_line_and_the_question_goes_to_stderr(terminal: Terminal) -> None:
    terminal.type("  JP AU \n")
    assert terminal.prompt.answer("Which?", "--country") == "JP AU"
    assert terminal.stderr.getvalue() == "Which? "


def test_nothing_in_a_question_is_obeyed_by_the_terminal(terminal: Terminal) -> None:
    terminal.type("y\n")
    terminal.prompt.confirm("Forget acme (A1\x1b]0;owned\x07\u202e)?", "--yes")
    assert terminal.stderr.getvalue() == "Forget acme (A1\ufffd]0;owned\ufffd\ufffd)? [y/N] "


def test_a_question_that_nobody_can_see_has_no_answer(terminal: Terminal) -> None:
    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    terminal.type("y\n")
    with pytest.raises(errors.Aborted):
        Prompt(terminal.stdin, Closed()).confirm("Remove acme?", "--yes")


@pytest.mark.parametrize("line", ["y", "Y", "yes", " YES "])
def test_yes_confirms(terminal: Terminal, line: str) -> None:
    terminal.type(f"{line}\n")
    terminal.prompt.confirm("Remove acme?", "--yes")
    assert terminal.stderr.getvalue() == "Remove acme? [y/N] "


@pytest.mark.parametrize("line", ["\n", "n\n", "no\n", "ye\n", "yy\n", "\x04"])
def test_anything_else_aborts(terminal: Terminal, line: str) -> None:
    terminal.type(line)
    with pytest.raises(errors.Aborted, match="Nothing was changed"):
        terminal.prompt.confirm("Remove acme?", "--yes")


@pytest.mark.parametrize(
    ("line", "agrees"), [("\n", True), ("Y\n", True), ("n\n", False), ("s\n", False), ("\x04", False)]
)
def test_enter_alone_agrees_and_all_but_a_yes_does_not(terminal: Terminal, line: str, agrees: bool) -> None:
    terminal.type(line)

    assert terminal.prompt.confirm_default_yes("Go on?", "--keep-going") is agrees
    assert terminal.stderr.getvalue() == "Go on? [Y/n] "


def test_where_nobody_can_be_asked_nobody_agrees() -> None:
    assert not Prompt(io.StringIO("y\n"), io.StringIO()).confirm_default_yes("Go on?", "--keep-going")


def test_pasted_lines_are_delivered_as_they_come(terminal: Terminal) -> None:
    got: queue.SimpleQueue[str] = queue.SimpleQueue()
    with terminal.prompt.pasting(got.put):
        terminal.type("https://agency.example/relay?first\n")
        assert got.get(timeout=5) == "https://agency.example/relay?first"
        terminal.type("\n  \nhttps://agency.example/")
        terminal.type("relay?second\r")
        assert got.get(timeout=5) == "https://agency.example/relay?second"
    assert got.empty()


def test_pasted_bytes_that_are_no_text_are_delivered_replaced(terminal: Terminal) -> None:
    got: queue.SimpleQueue[str] = queue.SimpleQueue()
    with terminal.prompt.pasting(got.put):
        terminal.type(b"a\xffb\n")
        assert got.get(timeout=5) == "a\N{REPLACEMENT CHARACTER}b"


def test_an_address_that_a_mail_broke_can_be_pasted(terminal: Terminal) -> None:
    got: queue.SimpleQueue[str] = queue.SimpleQueue()
    with terminal.prompt.pasting(got.put):
        terminal.type("https://agency.example/relay?state=x&selling_\npartner_id=A1&spapi_oauth_code=y\n")
        assert consent.pasted(got.get(timeout=5), app()) == [
            ("state", "x"),
            ("selling_partner_id", "A1"),
            ("spapi_oauth_code", "y"),
        ]


def test_what_is_typed_after_the_block_stays_for_the_next_question(terminal: Terminal) -> None:
    got: list[str] = []
    with terminal.prompt.pasting(got.append):
        pass
    terminal.type("yes\n")
    terminal.prompt.confirm("Remove acme?", "--yes")
    assert got == []


def test_a_terminal_that_goes_away_ends_the_pasting_quietly() -> None:
    before = set(threading.enumerate())
    ours, theirs = os.openpty()
    with os.fdopen(theirs, encoding="utf-8") as stdin, Prompt(stdin, io.StringIO()).pasting(lambda _: None):
        (reader,) = set(threading.enumerate()) - before
        os.close(ours)
        reader.join(5)
        assert not reader.is_alive()


# In a process of its own, because getpass asks the controlling terminal

ASK = """
import sys
from sp_connect.terminal.prompt import Prompt
from sp_connect import errors
try:
    secret = Prompt(sys.stdin, sys.stderr).secret("Client secret", "--secret-from-stdin")
    print("got", len(secret.reveal()), secret)
except errors.Aborted:
    print("aborted")
"""


@pytest.fixture
def asking() -> Iterator[pexpect.spawn]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = pexpect.spawn(sys.executable, ["-c", ASK], env=environ, encoding="utf-8", timeout=20)
    child.expect_exact("Client secret ")
    assert child.waitnoecho(5)
    yield child
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_hidden_answer_is_not_shown_as_it_is_typed(asking: pexpect.spawn) -> None:
    asking.sendline(" verysecret ")
    asking.expect_exact("got 10 ***")
    assert "verysecret" not in (asking.before or "")


def test_end_of_input_at_a_hidden_question_aborts(asking: pexpect.spawn) -> None:
    asking.sendeof()
    asking.expect_exact("aborted")


class Prompted(io.StringIO):
    """A stderr on which each question is answered at once, as a paste comes."""

    def __init__(self, typing: int, answer: bytes) -> None:
        super().__init__()
        self._typing = typing
        self._answer = answer

    def flush(self) -> None:
        os.write(self._typing, self._answer)


@pytest.mark.parametrize("pasted", [b"Atzr|x\n", b" Atzr|x \n", b"Atzr|x\n\n"])
def test_a_hidden_line_is_read_without_white_space_around_it(terminal: Terminal, pasted: bytes) -> None:
    prompt = Prompt(terminal.stdin, Prompted(terminal.typing, pasted))

    assert prompt.secret("Refresh token?", "it on stdin").reveal() == "Atzr|x"


def test_two_lines_at_a_hidden_question_are_refused_and_none_is_left_for_the_shell(terminal: Terminal) -> None:
    prompt = Prompt(terminal.stdin, Prompted(terminal.typing, b"Atzr|half\nanother-half\n"))

    with pytest.raises(errors.Usage, match="More than one line") as caught:
        prompt.secret("Refresh token?", "it on stdin")

    assert "half" not in caught.value.told()
    assert select.select([terminal.stdin.fileno()], [], [], 0)[0] == []
