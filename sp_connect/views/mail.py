"""The mail that takes a link to a seller: plain text, in words for somebody who has never heard of an API."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby

from sp_connect import words
from sp_connect.models import Invite
from sp_connect.terminal import text


def invites(made: Sequence[Invite]) -> str:
    """A mail for each seller, with all of its links; where there are several, each begins with the seller's name."""
    mails = [(seller, _mail(list(theirs))) for seller, theirs in groupby(made, key=lambda one: one.scope.seller)]
    return "\n\n\n".join(f"[{seller}]\n\n{mail}" if len(mails) > 1 else mail for seller, mail in mails)


def _mail(links: Sequence[Invite]) -> str:
    many = len(links) > 1
    link, links_are = ("each link", "The links are") if many else ("the link", "The link is")
    places = words.listed([one.scope.place for one in links])
    addresses = [f"{one.scope.place}:\n{text.literal(one.address, None)}" for one in links]
    paragraphs = [
        _wrapped(
            f"so that we can work with your Amazon account in {places}, please let our application in. "
            f"It takes two minutes{' for each link' if many else ''}, and we never see your password."
        ),
        _wrapped(
            f"Open {link} in the browser in which you use Seller Central. The account's main user has to do this.", 1
        ),
        *addresses,
        _wrapped(
            "Look at the account name at the top of the page. If it is another account, switch to the right one.", 2
        ),
        _wrapped("Read what our application may do, and choose Confirm.", 3),
        _wrapped(
            "A page of ours then shows an address, with a button to copy it. Send us that address at once, as a "
            "reply to this mail: it is good for five minutes.",
            4,
        ),
        _wrapped(
            f"{links_are} good until {words.day(links[0].expires_at)}. You can end our access at any time in Seller "
            "Central: Apps and Services, Manage Your Apps."
        ),
    ]
    subject = "Subject: Your Amazon account: please confirm our access"
    return "\n\n".join([subject, "Hello,", *paragraphs, "Thank you."])


def _wrapped(sentence: str, number: int | None = None) -> str:
    head = f"{number}. " if number else ""
    return textwrap.fill(sentence, 72, initial_indent=head, subsequent_indent=" " * len(head))
