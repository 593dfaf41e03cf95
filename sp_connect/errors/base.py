"""The base error, errors without a category, and aggregates.

Must not import anything of this package but the models and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sp_connect import words
from sp_connect.models import AmazonWords, LastError


class SpConnectError(Exception):
    """The base of all errors that parts raise and one boundary prints.

    `code` and `exit_code` are for scripts; `message` is one sentence; `hint` is the next step, typed where it
    can be; `amazon` is what Amazon said, if it said anything.
    """

    code = "bug"
    exit_code = 1

    def __init__(self, message: str, hint: str | None = None, amazon: AmazonWords | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.amazon = amazon

    def told(self) -> str:
        """The sentence, then Amazon's own words, closed by a full stop if they have none."""
        said = str(self.amazon) if self.amazon else ""
        end = "" if said.endswith((".", "!", "?")) else "."
        return f"{self.message} Amazon said: {said}{end}" if said else self.message

    def reword(self, *, message: str | None = None, hint: str | None = None) -> None:
        """Replaces the sentence, the next step, or both, where the caller knows more; class, code and cause stay."""
        self.message = self.message if message is None else message
        self.hint = self.hint if hint is None else hint

    def as_dict(self) -> dict[str, Any]:
        """The error as the last line of stderr gives it in JSON, and `verify` beside each connection."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "amazon": self.amazon and self.amazon._asdict(),
        }

    def noted(self, at: datetime) -> LastError:
        """The error in the form in which its connection's record stores it."""
        return LastError(at.replace(microsecond=0), self.code, self.message, self.amazon)


class Aborted(SpConnectError):
    """The answer to a prompt was no; `message` says what was not done."""

    code = "aborted"

    def __init__(self, message: str = "Nothing was changed.") -> None:
        super().__init__(message)


class Bug(SpConnectError):
    """An exception that nobody expected."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"Internal error: {type(error).__name__}.",
            "please report it with the lines above; they hold no secrets",
        )


class Interrupted(SpConnectError):
    """Ctrl-C."""

    code = "interrupted"
    exit_code = 130

    def __init__(self) -> None:
        super().__init__("Interrupted.")


class OnLines(SpConnectError):
    """An error about rows of a file; no lines if no file was read.

    The lines come first: whoever mends the file looks for them. Code and exit code are the error's.
    """

    code = "usage"
    exit_code = 2

    def __init__(self, lines: Sequence[int], error: SpConnectError) -> None:
        where = f"Line{'s' if len(lines) > 1 else ''} {words.listed([str(line) for line in lines])}: "
        if len(lines) > 5:
            where = f"Line {lines[0]} and {words.count(len(lines) - 1, 'more line')}: "
        super().__init__(f"{where if lines else ''}{error.message}", error.hint, error.amazon)
        self.code, self.exit_code = error.code, error.exit_code
        self.lines = tuple(lines)


class Several(SpConnectError):
    """Several failures, already printed one by one; exits with the most serious code."""

    SERIOUSNESS = (4, 3, 5, 6, 2)

    def __init__(self, summary: str, failures: Sequence[SpConnectError], hint: str | None = None) -> None:
        worst = min(failures, key=self._rank)
        super().__init__(summary, hint or worst.hint, worst.amazon)
        self.code, self.exit_code = worst.code, worst.exit_code
        self.failures = tuple(failures)

    @classmethod
    def _rank(cls, failure: SpConnectError) -> int:
        return cls.SERIOUSNESS.index(failure.exit_code) if failure.exit_code in cls.SERIOUSNESS else -1


def raise_all(failures: Sequence[SpConnectError], summary: str, hint: str | None = None) -> None:
    """Raises what failed, if anything did: one failure as it is, several as one whose parts are `failures`."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Several(summary, failures, hint)
