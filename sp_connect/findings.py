"""The result of one check of `doctor`, with its fix. Pure values."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sp_connect import errors

Result = Literal["ok", "warning", "failed", "skipped"]


class Finding(NamedTuple):
    """How one check ended, after --fix if that was given.

    `mend` is the next step, typed where it can be. `error` is there where the check failed, and gives the exit
    code. `fixed` says that --fix has changed something. Who runs the check adds its name, what of several things
    it looked at, and its time.
    """

    result: Result
    found: str
    mend: str | None = None
    error: errors.SpConnectError | None = None
    fixed: bool = False
    name: str = ""
    subject: str | None = None
    seconds: float = 0.0


def ok(found: str, *, fixed: bool = False) -> Finding:
    """All is well."""
    return Finding("ok", found, fixed=fixed)


def warning(found: str, mend: str | None = None, *, fixed: bool = False) -> Finding:
    """A finding that works now but may not for long."""
    return Finding("warning", found, mend, fixed=fixed)


def failed(error: errors.SpConnectError, *, fixed: bool = False) -> Finding:
    """A finding from an error. A check changes nothing, so "Nothing was changed." is dropped."""
    return Finding("failed", error.told().replace(" Nothing was changed.", ""), error.hint, error, fixed)


def skipped(why: str) -> Finding:
    """A check that could not be made."""
    return Finding("skipped", why)
