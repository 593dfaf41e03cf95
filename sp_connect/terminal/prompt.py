"""The person at the terminal: what they are asked, and what they paste. Without a terminal nobody is asked anything."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TextIO

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.process import foreground, threads
from sp_connect.terminal.text import literal

LONGEST_INPUT = 64 * 1024

PASTED_SECONDS = 0.1
"""How soon the next line of the same paste is there."""


class Prompt:
    """Questions to the person at `stdin`, printed to `stderr`, since stdout carries only results."""

    def __init__(self, stdin: TextIO | None, stderr: TextIO, platform: str = os.name) -> None:
        self._stdin = stdin
        self._stderr = stderr
        self._can_poll = platform == "posix"

    def is_there(self) -> bool:
        """Whether stdin is a terminal, so that a question can be answered."""
        return self._stdin is not None and not self._stdin.closed and self._stdin.isatty()

    def can_answer(self) -> bool:
        """Whether a question can be asked now: a job in the background that reads the terminal would be stopped."""
        return self.is_there() and foreground.is_ours(self._stdin)

    def confirm(self, question: str, flag: str, otherwise: str = "Nothing was changed.") -> None:
        """Asks for a yes. Raises Aborted for anything else, in the words `otherwise`.

        Raises NeedsFlag where nobody can be asked.
        """
        try:
            answer = self.answer(f"{question} [y/N]", flag)
        except errors.Aborted:
            answer = ""
        if answer.lower() not in {"y", "yes"}:
            raise errors.Aborted(otherwise)

    def confirm_default_yes(self, question: str, flag: str) -> bool:
        """Whether the answer is yes, as Enter alone is. No where it is none, and where nobody can be asked."""
        if not self.can_answer():
            return False
        try:
            return self.answer(f"{question} [Y/n]", flag).lower() in {"", "y", "yes"}
        except errors.Aborted:
            return False

    def can_poll(self) -> bool:
        """Whether what is typed while something else is waited for is heard: where a terminal can be polled."""
        return self.is_there() and self._can_poll

    def answer(self, question: str, flag: str) -> str:
        """One line, white space around it dropped. Raises NeedsFlag where nobody can be asked, Aborted for Ctrl-D."""
        if self._stdin is None or not self.can_answer():
            raise errors.NeedsFlag(question, flag, is_in_background=self.is_there())
        try:
            self._stderr.write(f"{literal(question, None)} ")
            self._stderr.flush()
            line = self._stdin.readline()
        except (OSError, UnicodeDecodeError):  # a question that nobody can see has no answer
            line = ""
        if not line:
            raise errors.Aborted
        return line.strip()

    def secret(self, question: str, flag: str) -> Secret:
        """One line that is not shown as it is typed. Raises NeedsFlag where nobody can be asked.

        Raises Usage where more lines were pasted: the first alone would be half of a secret.
        """
        told = self._typed(question, flag, alone=True)
        if len(told.splitlines()) > 1:
            raise errors.Usage("More than one line was pasted. It was not saved.", "copy only the value, on one line")
        return Secret(told.strip())

    def passphrase(self, question: str, flag: str) -> Secret:
        """A passphrase, exactly as typed, including white space at its ends."""
        return Secret(self._typed(question, flag))

    def secret_from_stdin(self, what: str) -> Secret:
        """A secret that another program wrote to stdin, stripped of white space. Raises Usage if it is empty."""
        return Secret(self.text(what, "for example: pass show lwa | sp-connect ..."))

    def passphrase_from_stdin(self, hint: str) -> Secret:
        """A passphrase from stdin, without a final line end and byte order mark, as in a passphrase file."""
        return Secret(self._read("passphrase", hint).removeprefix("\ufeff").rstrip("\r\n"))

    def text(self, what: str, hint: str) -> str:
        """All of stdin as text, stripped."""
        return self._read(what, hint).strip()

    def _typed(self, question: str, flag: str, *, alone: bool = False) -> str:
        """A line that is not shown; where it is to be `alone`, also what was pasted behind it."""
        if not self.can_answer():
            raise errors.NeedsFlag(question, flag, is_in_background=self.is_there())
        if alone and (source := self._terminal()) is not None:
            return self._unseen(question, source)
        import getpass

        try:
            return getpass.getpass(f"{literal(question, None)} (not shown) ", stream=self._stderr)
        except (EOFError, BrokenPipeError):
            raise errors.Aborted from None

    def _terminal(self) -> int | None:
        """The descriptor of stdin where it is a terminal whose settings can be changed."""
        try:
            return self._stdin.fileno() if self._stdin is not None and self._can_poll else None
        except OSError:
            return None

    def _unseen(self, question: str, source: int) -> str:
        """Input typed or pasted at once, without echo. getpass drops what follows the first line."""
        import termios

        before = termios.tcgetattr(source)
        silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        read = b""
        try:
            termios.tcsetattr(source, termios.TCSAFLUSH, silent)
            self._stderr.write(f"{literal(question, None)} (not shown) ")
            self._stderr.flush()
            while not read or (select.select([source], [], [], PASTED_SECONDS)[0] and len(read) < LONGEST_INPUT):
                part = os.read(source, LONGEST_INPUT)
                read += part
                if not part.endswith(b"\n"):
                    break
        finally:
            termios.tcsetattr(source, termios.TCSAFLUSH, before)
            self._stderr.write("\n")
        if not read:
            raise errors.Aborted
        return read.decode("utf-8", "replace").strip("\r\n")

    def _read(self, what: str, hint: str) -> str:
        """All of stdin. Raises Usage where that is white space, no text, or too much."""
        if self.is_there() and not self.can_answer():
            raise errors.NeedsFlag(f"the {what} comes from the terminal.", "< FILE", is_in_background=True)
        try:
            read = self._stdin.read(LONGEST_INPUT) if self._stdin is not None else ""
        except UnicodeDecodeError:
            read = ""
        if not read.strip() or len(read) >= LONGEST_INPUT:
            raise errors.Usage(f"stdin holds no {what}. Nothing was changed.", hint)
        return read

    @contextmanager
    def pasting(self, deliver: Callable[[str], None]) -> Iterator[None]:
        """Delivers each line that is typed or pasted while the block runs; nothing where nobody is there.

        Only where a terminal can be polled: a thread left behind in a read would hang the end of the program. While
        another job has the terminal, nothing is read.
        """
        if self._stdin is None or not self.can_poll():
            yield
            return
        done = threading.Event()
        reader = threads.start(partial(_read_lines, self._stdin.fileno(), deliver, done))
        try:
            yield
        finally:
            done.set()
            if reader is not None:  # else there are too many threads, and only the browser can answer
                reader.join()


def _read_lines(source: int, deliver: Callable[[str], None], done: threading.Event) -> None:
    """Lines that come together are one address that a mail broke, unless one of them begins an address of its own."""
    if sys.platform != "win32":
        # If the job loses the terminal between the look and the read, that fails, and the job is not stopped.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTIN})
    pending, pasted = b"", b""
    while not done.is_set():
        if not foreground.is_ours(source):
            done.wait(0.1)
            continue
        ready, _, _ = select.select([source], [], [], 0.1)
        if not ready:
            _hand_over(pasted, deliver)
            pasted = b""
            continue
        try:
            part = os.read(source, 4096)
        except OSError:
            if foreground.is_ours(source):
                break
            continue
        if not part:
            break
        *lines, pending = (pending + part)[-LONGEST_INPUT:].split(b"\n")
        for line in lines:
            if line.lstrip().startswith((b"https://", b"http://")):
                _hand_over(pasted, deliver)
                pasted = b""
            pasted = (pasted + line)[-LONGEST_INPUT:]
    _hand_over(pasted, deliver)


def _hand_over(pasted: bytes, deliver: Callable[[str], None]) -> None:
    if pasted.strip():
        deliver(pasted.decode("utf-8", "replace").strip())
