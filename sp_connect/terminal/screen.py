"""The two streams that people and scripts see: results on stdout, the conversation on stderr.

Owns how Rich is set up; Rich is imported with the first thing that is shown through it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from io import TextIOWrapper
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TextIO, runtime_checkable

from sp_connect import errors
from sp_connect.amazon import redaction
from sp_connect.terminal import text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH = 10_000
"""Where nobody looks, no line is wrapped and no column cut."""

ROWS_AT_ONCE = 256
"""Of a long array, what is held in memory as text."""


@runtime_checkable
class Plain(Protocol):
    """A result that can be told without Rich, each line without white space at its end."""

    def plain(self) -> str: ...


class Screen:
    """Where output goes. `quiet` drops the conversation, `verbose` adds the story; tables say `simulated`."""

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        quiet: bool = False,
        verbose: bool = False,
        colour: bool = True,
        simulated: bool = False,
    ) -> None:
        for stream in (stdout, stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a name in another script is no reason to fail
        self._stdout = stdout
        self._stderr = stderr
        self._colour = colour
        self.quiet = quiet
        self.verbose = verbose
        self.simulated = simulated

    @cached_property
    def out(self) -> Console:
        """The console of results."""
        return self._console(self._stdout)

    @cached_property
    def err(self) -> Console:
        """The console of the conversation."""
        return self._console(self._stderr)

    @property
    def width(self) -> int:
        """How many columns results have; PIPE_WIDTH where nobody looks."""
        return PIPE_WIDTH if _is_plain(self._stdout) else self.out.width

    @property
    def ascii_only(self) -> bool:
        """Whether results can have no letters but ASCII's."""
        return not (getattr(self._stdout, "encoding", None) or "utf-8").lower().startswith("utf")

    def shows_to_someone(self) -> bool:
        """Whether stdout is a terminal."""
        return self._stdout.isatty()

    def show(self, what: RenderableType) -> None:
        """A result for people. Where nobody looks, what can be told without Rich is."""
        if isinstance(what, Plain) and _is_plain(self._stdout):
            self.line(what.plain())
            return
        # What is laid out already may be wider than the terminal, which breaks it then; Rich would cut it.
        is_whole = isinstance(what, Plain)
        if self.out.is_terminal:
            self.out.print(what, crop=not is_whole)
            return
        with self.out.capture() as captured:
            self.out.print(what, crop=not is_whole)
        lines = captured.get().splitlines()
        if lines:
            self.line("\n".join(line.rstrip() for line in lines))

    def line(self, plain: str) -> None:
        """A result that is one plain line, exactly as it is."""
        self._write(self._stdout, f"{plain}\n")

    def json(self, value: Mapping[str, Any] | Iterable[Mapping[str, Any]], *, hands_out: bool = False) -> None:
        """A result for programs, in ASCII, which no terminal obeys and no encoding changes.

        An array has a line for each of its objects, unless it is read on a terminal. Whatever looks like a token is
        masked, unless the result `hands_out` one.
        """
        if isinstance(value, Mapping) or self.shows_to_someone():
            written = json.dumps(value if isinstance(value, Mapping) else list(value), indent=2)
            self.line(written if hands_out else redaction.masked(written))
            return
        rows, before = map(json.dumps, value), "[\n"
        while some := ",\n".join(islice(rows, ROWS_AT_ONCE)):
            self._write(self._stdout, before + (some if hands_out else redaction.masked(some)))
            before = ",\n"
        self.line("[]" if before == "[\n" else "\n]")

    def say(self, what: RenderableType = "", style: str = "") -> None:
        """A part of the conversation; a str is shown literally."""
        if self.quiet:
            return
        if isinstance(what, str):
            self._tell([(self.typed(what), style)], holds_command="sp-connect " in what)
        else:
            self.err.print(what, soft_wrap=True)

    def warn(self, sentence: str) -> None:
        """Print a warning before anything else, even with --quiet."""
        self._tell([(sentence, "bold yellow")])

    def typed(self, told: str) -> str:
        """Text with --simulate inserted into commands when simulating."""
        return text.rehearsed(told) if self.simulated else told

    def fault(self, error: errors.SpConnectError, what: str = "") -> None:
        """One of many things that went wrong, told even when quiet: the error that ends the command counts them.

        `what` it went wrong with stands in front, unless the sentence names it.
        """
        head = "" if what in error.message else f"{what}: "
        self._tell([(self.typed(f"{head}{error.told()}"), "red")])

    def address(self, address: str) -> None:
        """An address to copy whole: on a line of its own, never wrapped by us, told even when quiet."""
        self._write(self._stderr, f"{text.literal(address, None)}\n")

    def verbatim(self, line: str) -> None:
        """A line of the conversation in which nothing is masked: what the simulator made up opens nothing."""
        if not self.quiet:
            self._write(self._stderr, f"{line}\n")

    def story(self, step: str) -> None:
        """One step of what goes on, for --verbose. Callers pass no secrets."""
        if self.verbose:
            self._write(self._stderr, f"  {text.literal(step, None)}\n")

    def error(self, error: errors.SpConnectError, *, as_json: bool = False) -> None:
        """The sentence with Amazon's own words, the next step, and with `as_json` one JSON line last."""
        self._notice("error: ", "bold red", error.told() + _more(error))
        if error.hint:
            self._notice("hint: ", "bold", error.hint, holds_command=True)
        if as_json:
            told = error.as_dict() | {"hint": self.typed(error.hint) if error.hint else None}
            self._write(self._stderr, redaction.masked(json.dumps({"error": told})) + "\n")

    def _notice(self, head: str, style: str, sentence: str, *, holds_command: bool = False) -> None:
        self._tell([(head, style), (self.typed(sentence), f"{style} not bold")], holds_command=holds_command)

    def _tell(self, parts: Sequence[tuple[str, str]], *, holds_command: bool = False) -> None:
        """A line on stderr, of some text in each style; where nobody looks without Rich, which takes time to load.

        A terminal shows it broken between words; a command is left to it whole, to be copied.
        """
        if _is_plain(self._stderr):
            self._write(self._stderr, "".join(text.literal(part, None) for part, _ in parts) + "\n")
            return
        from rich.text import Text

        line = Text().join(text.styled(part, style, None) for part, style in parts)
        self.err.print(line, soft_wrap=holds_command)

    def _write(self, stream: TextIO, line: str) -> None:
        try:
            stream.write(line)
            stream.flush()
        except BrokenPipeError:
            _stop_writing_to(stream)
        except OSError as error:  # a full disk behind `>`
            _stop_writing_to(stream)
            if stream is self._stdout:
                raise errors.CannotWrite("standard output", error.strerror or "unknown reason") from None

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        class Paper(Console):
            def on_broken_pipe(self) -> None:
                _stop_writing_to(stream)

        is_terminal = stream.isatty()
        return Paper(
            file=stream,
            markup=False,
            highlight=False,
            emoji=False,
            no_color=True if not self._colour else None,
            color_system="auto" if self._colour and not os.environ.get("NO_COLOR") else None,
            width=None if is_terminal else PIPE_WIDTH,
        )


def _is_plain(stream: TextIO) -> bool:
    """Whether a stream gets neither colour nor wrapping: Rich may be told to take all for terminals."""
    return not stream.isatty() and not os.environ.get("FORCE_COLOR") and os.environ.get("TTY_COMPATIBLE") != "1"


def _more(error: errors.SpConnectError) -> str:
    """Where Amazon's own code is explained, if it is one that is known."""
    if error.amazon is None or error.amazon.error is None:
        return ""
    from sp_connect.amazon import explanations

    known = explanations.BY_CODE.get(error.amazon.error.lower())
    return f" More: sp-connect explain {known.codes[0]}" if known else ""


def _stop_writing_to(stream: TextIO) -> None:
    """Discards further output once the reader of this stream has left (`| head -1`), which is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
