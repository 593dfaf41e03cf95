"""Browsers that are turned away at the door, in words for the person at the terminal."""

from __future__ import annotations

from typing import NamedTuple


class Notice(NamedTuple):
    """An event and the person's next step; one sentence each."""

    what: str
    step: str


OPENED_TWICE = Notice(
    "The page for your browser was opened a second time, by another browser.",
    "If your browser does not show Amazon's page, somebody else opened it: press Ctrl-C and run this again.",
)

OTHER_BROWSER = Notice(
    "Amazon sent back another browser than the one that sp-connect opened.",
    "Continue in the opened browser. If none was opened, press Ctrl-C and run this again with --no-browser.",
)


def other_user(name: str) -> Notice:
    """A browser of another user of this machine came."""
    return Notice(
        f"A browser came that belongs to another user of this machine, {name}.",
        "If it is yours, paste here the address that it shows.",
    )
