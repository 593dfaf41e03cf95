"""The command line was wrong (exit 2), or names what there is not (exit 6).

Holds the contract's rule for names too, which one of these tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.errors import causes
from sp_connect.errors.base import SpConnectError

if TYPE_CHECKING:
    from sp_connect.models import Scope


_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LATER = _FIRST | frozenset("._-")  # a regular expression would be compiled with every start


@lru_cache(1024)
def is_name(text: str) -> bool:
    """Whether `text` can name a seller or an app: the rule of the contract, which also keeps it from being a path."""
    return 1 <= len(text) <= 64 and text[0] in _FIRST and _LATER.issuperset(text)


LONGEST_GIVEN = 60
"""Letters of what a person typed that are repeated."""


class Usage(SpConnectError):
    """The command line was wrong, or an answer is needed and nobody can be asked."""

    code = "usage"
    exit_code = 2


class BadName(Usage):
    def __init__(self, what: str, name: str) -> None:
        lowered = name.strip().lower()
        usable = lowered != name and is_name(lowered)
        super().__init__(
            f"{name!r} cannot be the name of {what}: "
            "1 to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit.",
            f"use {lowered}" if usable else "a short name such as acme or acme-gmbh",
        )


class UnknownRegion(Usage):
    """No region has that name. If a country was typed instead, `country` is its region and the right flags."""

    def __init__(self, region: str, known: Iterable[str], country: tuple[str, str] | None = None) -> None:
        if country is not None:
            of_region, told = country
            super().__init__(f"{region.strip()!r} is a country in the region {of_region}.", f"use {told}")
            return
        super().__init__(
            f"Unknown region {region!r}.",
            f"--region takes {', '.join(known)}; sp-connect regions explains them",
        )


class UnknownCountry(Usage):
    def __init__(self, country: str, place: str, known: Iterable[str]) -> None:
        super().__init__(f"Amazon has no marketplace {country!r} in {place}.", f"--country takes {', '.join(known)}")


class UnknownCode(Usage):
    """`explain` was asked for a code that is not in its table, or for several at once."""

    def __init__(self, code: str, near: Sequence[str]) -> None:
        known = f"near it: {', '.join(near)}; " if near else ""
        super().__init__(
            f"There is no explanation for {code!r}.",
            f"{known}all that are known: sp-connect explain; for another, {causes.ASK}",
        )


class BadNumber(Usage):
    """A flag, or the variable that stands for it, that takes a number and was given something else."""

    def __init__(self, flag: str, wanted: str, example: int, given: str) -> None:
        instead = f", not {given}" if 0 < len(given) <= LONGEST_GIVEN else ""
        typed = f"{flag} {example}" if flag.startswith("-") else f"export {flag}={example}"
        super().__init__(f"{flag} takes a {wanted}{instead}.", f"for example: {typed}")


class RealSecret(Usage):
    """`variable` sends every request to `address`, but the secrets of `whose` belong to the real Amazon."""

    def __init__(self, whose: str, variable: str, address: str) -> None:
        super().__init__(
            f"{variable} is set, but {whose} belongs to the real Amazon: its secrets would go to {address}. "
            "Nothing was sent.",
            f"to use the real Amazon: unset {variable}",
        )


class GivenTwice(Usage):
    """A flag that takes one value was given several; none of them is dropped silently."""

    def __init__(self, flag: str) -> None:
        super().__init__(f"{flag} takes one value here, but was given more than once.", f"give {flag} once")


class NeedsFlag(Usage):
    """A question that a flag can answer: there is no terminal to ask on, or another job has it."""

    def __init__(self, question: str, flag: str, *, is_in_background: bool = False) -> None:
        if is_in_background:
            super().__init__(
                f"sp-connect is running in the background and cannot ask: {question}",
                f"add {flag}, or run sp-connect in the foreground",
            )
            return
        super().__init__(f"Input is needed, but stdin is not a terminal: {question}", f"add {flag}")


class FlagsBesideFile(Usage):
    """`--from` beside `flags` that say what its file says."""

    def __init__(self, flags: Sequence[str]) -> None:
        super().__init__(
            "--from takes sellers, regions, countries and Selling Partner IDs from the file, not from flags.",
            f"leave out {words.listed(flags)}",
        )


class NotBesideCredentials(Usage):
    """`--from credentials.yml` beside `flags` that contradict what becomes of it."""

    def __init__(self, flags: Sequence[str]) -> None:
        super().__init__(
            "The Selling Partner IDs of a credentials file come from Amazon, which has to be asked.",
            f"leave out {words.listed(flags)}",
        )


class NoRegionBeside(Usage):
    """`--from credentials.yml` without `--region`."""

    def __init__(self) -> None:
        super().__init__(
            "A credentials file does not name the region of its accounts: it needs --region.",
            "add --region na, eu or fe; for accounts in several regions make a file for each",
        )


class FlagsOfOneAccount(Usage):
    """`flags` that are about one account, beside a credentials file with `count` of them."""

    def __init__(self, flags: Sequence[str], count: int) -> None:
        super().__init__(
            f"{words.listed(flags)} can be given for a file with one account, and this one has {count}. "
            "Nothing was changed.",
            f"leave out {words.listed(flags)}: each account's name in the file becomes the seller's",
        )


class OtherClient(Usage):
    """A token of a file that names the client id of its app, and that is not the app it would be kept for.

    `same` are the registered apps with that client id, `app` is the one that was asked for, None where none was.
    """

    def __init__(self, scope: Scope, client_id: str, same: Sequence[str], app: str | None) -> None:
        if not same:
            hint = f"register the app first: sp-connect app add NAME --client-id {client_id}"
            message = f"The token of {scope} belongs to an app that is not registered here, by its lwa_app_id."
        elif app is not None:
            hint = f"import it with --app {same[0]}"
            message = f"The token of {scope} does not belong to the app {app}, by its lwa_app_id."
        else:
            hint = f"import it with --app {same[0]}"
            message = f"The token of {scope} belongs to {words.listed(same)} alike, by its lwa_app_id."
        super().__init__(f"{message} It was not saved.", hint)


class OneIdForSeveral(Usage):
    """`--expect-id` was given with several places; `command` is connect or invite."""

    def __init__(self, command: str) -> None:
        super().__init__(
            "--expect-id names one account, but each region or country may have its own.",
            f"{command} one place at a time",
        )


class BadAppField(Usage):
    """One of an app's fields is not what Amazon would accept."""


class AppExists(Usage):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"The app {name} already exists. Nothing was changed.",
            f"for a new secret: sp-connect app rotate-secret {name}. For another app: sp-connect app add NAME",
        )


MOST_NAMED = 5
"""How many sellers a sentence names; the rest are counted."""


class AppInUse(Usage):
    def __init__(self, name: str, sellers: Sequence[str]) -> None:
        count = len(sellers)
        whose = words.listed(sellers) if count <= MOST_NAMED else f"{count} sellers"
        first = f"first: sp-connect revoke --seller {sellers[0]} --all"
        super().__init__(
            f"The app {name} is used by {whose}, whose tokens do not work without it. Nothing was changed.",
            first if count == 1 else f"first revoke all {count}; to see them: sp-connect list --app {name}",
        )


class SellerExists(Usage):
    def __init__(self, name: str) -> None:
        super().__init__(f"The seller {name} already exists. Nothing was changed.", f"sp-connect show --seller {name}")


class SellerInvited(Usage):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"An invite of {name} is pending: the name is taken. Nothing was changed.",
            f"if it is the same client: sp-connect invites --cancel {name}, then rename",
        )


class WhichConnection(Usage):
    """Several connections match where one is needed. `every` is the flag for all of them, if there is one."""

    def __init__(self, scopes: Sequence[Scope], every: str = "") -> None:
        places = words.listed([scope.place for scope in scopes])
        flags = [scope.flags.removeprefix(f"--seller {scope.seller} ") for scope in scopes]
        super().__init__(
            f"{scopes[0].seller} is connected in {places}: choose one.{' Nothing was changed.' if every else ''}",
            f"add {words.listed([*flags, every] if every else flags, 'or')}",
        )


class OtherApp(Usage):
    """A connection keeps its app: a consent for another one would end with other rights under the same name."""

    def __init__(self, scope: Scope, app: str, other: str) -> None:
        super().__init__(
            f"{scope} is connected with the app {app}, not with {other}. Nothing was changed.",
            f"to renew it: leave out --app. To move it: sp-connect upgrade {scope.flags} --app {other}; if the seller "
            "is elsewhere: add --paste --timeout 3600, send them the printed address, and paste the one they send back",
        )


class CommandNotRun(Usage):
    """The command of `exec` cannot be run; exit codes as shells use them."""

    def __init__(self, command: str, why: str, exit_code: int) -> None:
        super().__init__(f"{command} cannot be run: {why}.", "sp-connect exec ... -- COMMAND ARGUMENTS")
        self.exit_code = exit_code


class NotFound(SpConnectError):
    """There is no such seller, connection or app."""

    code = "not-found"
    exit_code = 6


class NoSuchApp(NotFound):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no app {name}." if known else "No app is registered yet.",
            f"{_meant(words.near(name, known))}known apps: {words.listed(known)}; for details: sp-connect app list"
            if known
            else "first: sp-connect app add",
        )


class NoSuchInvite(NotFound):
    """An address or a seller without a pending invite; `why` says what is known of it.

    `near` are the invited sellers that may have been meant.
    """

    def __init__(
        self, why: str, hint: str = "sp-connect invites shows those that are pending", *, near: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{why} Nothing was changed.", f"{_meant(near)}{hint}")


class NoSuchConnection(NotFound):
    """`what` has no connection, or, if it is None, no seller has one; `where` is a place, such as " in Japan".

    If no seller is called `what`, `near` are the sellers that may have been meant; `is_pattern` says that `what` is a
    pattern.
    """

    def __init__(
        self,
        what: str | None,
        hint: str = "sp-connect list shows what is connected",
        *,
        where: str = "",
        near: Sequence[str] = (),
        is_pattern: bool = False,
    ) -> None:
        sentence = f"{what}{where} is not connected." if what else f"No seller is connected{where}."
        if is_pattern:
            sentence = f"No seller that is connected has a name like {what}."
        super().__init__(sentence, f"{_meant(near)}{hint}")


def _meant(near: Sequence[str]) -> str:
    return f"did you mean {words.listed(near, 'or')}? " if near else ""
