"""Everything that can go wrong, as one tree.

    SpConnectError
    ├── Usage (exit 2)             the command line was wrong, or an answer is needed and nobody can be asked
    ├── NotAuthorized (exit 3)     Amazon or the guard said no
    ├── ThisMachine (exit 4)       a store, a file or a port
    ├── AmazonTrouble (exit 5)     worth trying again
    ├── NotFound (exit 6)          no such seller, connection, invite or app
    ├── Aborted, Bug (exit 1) · Interrupted (exit 130)
    └── Several                    many connections at once: the most serious exit code of its parts

Raise sites carry facts; each class here composes its own sentence, its hint and its code. The codes and exit
codes are a contract with scripts. Must not import anything of this package but the models, causes and words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sp_connect import causes, words
from sp_connect.models import AmazonWords

if TYPE_CHECKING:
    from sp_connect.models import Scope


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class SpConnectError(Exception):
    """What every part raises and one boundary turns into words.

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
        """The sentence, with Amazon's own words behind it."""
        said = str(self.amazon) if self.amazon else ""
        return f"{self.message} Amazon said: {said}" if said else self.message


class Aborted(SpConnectError):
    """A prompt was answered no."""

    code = "aborted"

    def __init__(self) -> None:
        super().__init__("Nothing was changed.")


class Bug(SpConnectError):
    """An exception that nobody expected."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"sp-connect met a defect of its own: {type(error).__name__}.",
            "please report it with the lines above; they hold no secrets",
        )


class Interrupted(SpConnectError):
    """Ctrl-C."""

    code = "interrupted"
    exit_code = 130

    def __init__(self) -> None:
        super().__init__("Interrupted.")


LONGEST_WAIT = 3600
"""The most seconds that --timeout takes."""

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
    def __init__(self, region: str, known: Iterable[str]) -> None:
        super().__init__(
            f"There is no region {region!r}.",
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


class NeedsFlag(Usage):
    """A question that a flag answers, and nobody is there to be asked."""

    def __init__(self, question: str, flag: str) -> None:
        super().__init__(f"There is no terminal to ask on: {question}", f"add {flag}")


class BadAppField(Usage):
    """One of an app's fields is not what Amazon would accept."""


class AppExists(Usage):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"The app {name} exists already. Nothing was changed.",
            f"for a new secret: sp-connect app rotate-secret {name}. For another app: sp-connect app add NAME",
        )


class AppInUse(Usage):
    def __init__(self, name: str, sellers: Sequence[str]) -> None:
        super().__init__(
            f"The app {name} is used by {words.listed(sellers)}: without it their tokens open nothing. "
            "Nothing was changed.",
            "first: " + "; ".join(f"sp-connect revoke --seller {seller} --all" for seller in sellers),
        )


class SellerExists(Usage):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is a seller {name} already. Nothing was changed.", f"sp-connect show --seller {name}")


class SellerInvited(Usage):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"An invite of {name} is pending: the name is taken. Nothing was changed.",
            f"if it is the same client: sp-connect invites --cancel {name}, then rename",
        )


class WhichConnection(Usage):
    def __init__(self, seller: str, places: Sequence[str]) -> None:
        super().__init__(
            f"{seller} is connected in {', '.join(places)}: say which. Nothing was changed.",
            "add --region, and --country where the region has several, or --all",
        )


class NotAuthorized(SpConnectError):
    """Amazon, or the guard of the right account, said no."""

    exit_code = 3


class Refused(NotAuthorized):
    code = "refused"

    def __init__(self, scope: Scope, amazon: AmazonWords) -> None:
        super().__init__(
            f"The consent for {scope} was refused. Nothing was changed.",
            causes.CANCELLED.step(scope.flags),
            amazon,
        )


class TimedOut(NotAuthorized):
    code = "timed-out"

    def __init__(self, scope: Scope, seconds: float) -> None:
        super().__init__(
            f"No confirmation for {scope} came within {words.span(seconds)}. Nothing was changed.",
            "Amazon sends nothing when Cancel is chosen or its page shows an error, which sp-connect explain CODE "
            "explains. "
            f"For more time, run it again with --timeout {min(int(seconds) * 2, LONGEST_WAIT)}",
        )


class Skipped(NotAuthorized):
    """Of several consents, one that the person at the terminal left out."""

    code = "refused"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"{scope} is skipped.", f"sp-connect connect {scope.flags}")


class BadState(NotAuthorized):
    """A pasted address that belongs to no consent of ours."""

    code = "bad-state"

    def __init__(self, why: str, hint: str | None = None) -> None:
        super().__init__(
            f"{why} Nothing was changed.",
            hint or "run sp-connect connect again and use the newest address; an older one no longer counts",
        )


class OnceMore(NotAuthorized):
    """The Login-URI hop of a seller on another machine: Amazon grants nothing yet (amazon.md 1.2)."""

    code = "bad-state"

    def __init__(self, scope: Scope, address: str) -> None:
        super().__init__(
            f"Amazon wants the browser of {scope} back once more, and has granted nothing yet.",
            f"the seller opens this within ten minutes, and you accept the address that follows: {address}",
        )


class OtherApp(Usage):
    """A connection keeps its app: a consent for another one would end with other rights under the same name."""

    def __init__(self, scope: Scope, app: str, other: str) -> None:
        super().__init__(
            f"{scope} is connected with the app {app}, not with {other}. Nothing was changed.",
            f"to renew it: leave out --app. To move it: sp-connect upgrade {scope.flags} --app {other}",
        )


class RenewedMeanwhile(NotAuthorized):
    """`revoke` found another consent in the place of the one that it was asked to forget."""

    code = "refused"

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            f"{scope} was connected anew while this ran; it is kept.", f"sp-connect revoke {scope.flags} --yes"
        )


class StillAuthorized(NotAuthorized):
    code = "timed-out"

    def __init__(self, scope: Scope, seconds: float) -> None:
        super().__init__(
            f"Amazon still takes the token of {scope} after {words.span(seconds)}. It is kept.",
            "without waiting: leave out --wait",
        )


class EndsSoon(NotAuthorized):
    """Nothing is wrong yet: `verify --due` asked to hear of it in time."""

    code = "due"

    def __init__(self, ending: Sequence[Scope], days: int) -> None:
        super().__init__(
            f"{words.count(len(ending), 'authorization')} of {words.listed([str(scope) for scope in ending])} "
            f"{'ends' if len(ending) == 1 else 'end'} within {words.count(days, 'day')}.",
            f"sp-connect renew{f' --seller {ending[0].seller}' if len({one.seller for one in ending}) == 1 else ''} "
            f"--due {days}",
        )


class CodeExpired(NotAuthorized):
    code = "code-expired"

    def __init__(self, scope: Scope, amazon: AmazonWords) -> None:
        cause = causes.told(causes.NOT_GRANTED, amazon.error_description) or causes.CODE_SPENT
        super().__init__(
            f"Amazon gives no tokens for {scope}: {cause.what}. Nothing was changed.", cause.step(scope.flags), amazon
        )


class Rejected(NotAuthorized):
    """Amazon refuses a refresh token: revoked, expired, or of another app."""

    code = "rejected"

    def __init__(self, scope: Scope, amazon: AmazonWords) -> None:
        cause = causes.told(causes.NOT_GRANTED, amazon.error_description) or causes.ENDED
        super().__init__(f"Amazon refuses the token of {scope}: {cause.what}.", cause.step(scope.flags), amazon)


class WrongAccount(NotAuthorized):
    """Another account than the connection's. `imported` says that a person named it, and no consent did."""

    code = "wrong-account"

    def __init__(self, scope: Scope, expected: str, got: str, *, imported: bool = False) -> None:
        if imported:
            super().__init__(
                f"{scope} is connected already, and not as {got}.",
                f"correct the Selling Partner ID, or first: sp-connect revoke {scope.flags}",
            )
            return
        super().__init__(
            f"Amazon gave access to {got}, but {scope} is {expected}. Nothing was changed.",
            "sign out of Seller Central, or add --browser isolated, and run it again. "
            f"If {scope.seller} has a new account: sp-connect connect {scope.flags} --replace",
        )


class UnexpectedAccount(NotAuthorized):
    """Another account than --expect-id names."""

    code = "wrong-account"

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(
            f"Amazon gave access to {got}, but --expect-id names {expected}. Nothing was changed.",
            "sign out of Seller Central, or add --browser isolated, and run it again; or correct --expect-id",
        )


class OtherCountry(NotAuthorized):
    """A consent for one country, or an `imported` token, that opened an account which does not sell there."""

    code = "wrong-account"

    def __init__(
        self, scope: Scope, selling_partner_id: str, sells_in: Sequence[str], *, imported: bool = False
    ) -> None:
        if imported:
            super().__init__(
                f"The token of {scope} is of an account that sells in {', '.join(sells_in)} but not in {scope.place}.",
                f"correct the country, or authorize the app again in the account that sells in {scope.place}",
            )
            return
        super().__init__(
            f"Amazon gave access to {selling_partner_id}, which sells in {', '.join(sells_in)} "
            f"but not in {scope.place}.",
            f"sign in to the account that sells in {scope.place} and run it again",
        )


class DuplicateAccount(NotAuthorized):
    """An account that another seller has. `imported` says that a person named it, and no consent did."""

    code = "duplicate-account"

    def __init__(self, scope: Scope, selling_partner_id: str, other: Scope, *, imported: bool = False) -> None:
        if imported:
            super().__init__(
                f"{selling_partner_id} is connected already, as {other}.",
                f"if {scope.seller} is the right name, first: sp-connect revoke {other.flags}",
            )
            return
        super().__init__(
            f"Amazon gave access to {selling_partner_id}, which is connected already as {other}. Nothing was changed.",
            f"if the browser was still signed in as {other.seller}: sign out and run it again. "
            f"If {scope.seller} is the right name: sp-connect revoke {other.flags}, then connect",
        )


class AccountTwice(NotAuthorized):
    """One account under several sellers of the same file: nobody can tell whose it is."""

    code = "duplicate-account"

    def __init__(self, selling_partner_id: str, names: Sequence[str]) -> None:
        super().__init__(
            f"{selling_partner_id} stands under more than one seller: {words.listed(names)}.",
            "keep the rows of one of them",
        )


class ClientRejected(NotAuthorized):
    """Amazon does not accept the app's client id and secret."""

    code = "client-rejected"

    def __init__(self, app: str, amazon: AmazonWords) -> None:
        super().__init__(
            f"Amazon does not accept the client id and client secret of the app {app}.",
            f"if {causes.SECRET_RENEWED.what}: {causes.SECRET_RENEWED.step(app=app)}",
            amazon,
        )


class NotPermitted(NotAuthorized):
    """403 from the Sellers API, or an account without marketplaces there. Amazon seldom says why (amazon.md 7.1)."""

    code = "not-permitted"

    def __init__(self, scope: Scope, finding: str, amazon: AmazonWords | None = None) -> None:
        cause = causes.told(causes.NOT_LET_IN, amazon.error_description if amazon else None)
        # The access token is one that Amazon gave a moment ago.
        likely = [one.what for one in causes.NOT_LET_IN if one not in causes.TOKEN_SPENT]
        super().__init__(
            f"{finding} for {scope}{f': {cause.what}' if cause else ''}.",
            cause.step(scope.flags) if cause else f"likely causes, in order: {'; '.join(likely)}",
            amazon,
        )


class SecretTooOld(NotAuthorized):
    """Amazon takes a client secret for 180 days (amazon.md section 5)."""

    code = "client-rejected"

    def __init__(self, app: str, age: int, life: int) -> None:
        super().__init__(
            f"The client secret of the app {app} is {words.count(age, 'day')} old; Amazon takes one for {life}.",
            f"renew it at Amazon, then: sp-connect app rotate-secret {app}",
        )


class ThisMachine(SpConnectError):
    """A store, a file or a port of this machine."""

    exit_code = 4


class StoreUnavailable(ThisMachine):
    code = "store-unavailable"


class StoreLocked(ThisMachine):
    code = "store-locked"


class CannotWrite(ThisMachine):
    """A file that the user asked for, not one of ours."""

    code = "store-unavailable"

    def __init__(self, path: Path | str, why: str) -> None:
        hint = "name another file" if isinstance(path, Path) else "see what it leads to, and whether that is full"
        super().__init__(f"{path} cannot be written: {why.lower()}.", hint)


class Damaged(ThisMachine):
    """A file that cannot be read as what it should be. It is named and never overwritten."""

    code = "damaged"

    MENDS: Mapping[str, str] = MappingProxyType(
        {
            "config.toml": "mend it by hand, or move it away and register the app again: sp-connect app add",
            "vault.toml": "bring back a copy of it; without one, move the vault away and connect again",
            "invites": "move it away, and invite the seller again",
            "unfinished": "move it away, then: sp-connect doctor --fix",
            "apps": "move it away, then: sp-connect app rotate-secret {name}",
            "sellers": "move it away and connect again",
        }
    )
    """What mends a file, by its own name or that of its folder."""

    def __init__(self, path: Path, why: str, hint: str | None = None) -> None:
        known = self.MENDS.get(path.name) or self.MENDS.get(path.parent.name)
        mend = known.format(name=path.stem) if known else "mend it by hand, or move it away and connect again"
        super().__init__(f"{path} is damaged: {why}. It was left as it is.", hint or mend)
        self.path = path


class Unreadable(Damaged):
    """A file that is whole, for all that is known, and closed to this user or beyond this version. It is left alone.

    It says what a damaged one says of those that are beside it: nothing.
    """

    code = "store-unavailable"

    def __init__(self, path: Path, sentence: str, hint: str) -> None:
        ThisMachine.__init__(self, sentence, hint)
        self.path = path


class MissingToken(ThisMachine):
    code = "missing-token"

    def __init__(self, owner: str, store: str, hint: str) -> None:
        super().__init__(f"The secret of {owner} is not in {store}.", hint)


class NothingThere(ThisMachine):
    """A store that is to be left and has nothing: it is more likely another user's, or another session's."""

    code = "missing-token"

    def __init__(self, store: str, count: int) -> None:
        super().__init__(
            f"The {store} has none of the {words.count(count, 'secret')} that the records name. Nothing was changed.",
            "run it as the user, and in the session, that connected the sellers",
        )


class PortTaken(ThisMachine):
    code = "port-taken"

    def __init__(self, listen: str, app: str, why: str) -> None:
        super().__init__(
            f"{listen} cannot be listened on: {why}. Nothing was changed.",
            "if another sp-connect connect waits there, finish or stop it; without the port: add --paste. "
            f"The address is the setting listen of the app {app}",
        )


class SimulatorPortTaken(ThisMachine):
    code = "port-taken"

    def __init__(self, port: int, why: str) -> None:
        super().__init__(f"127.0.0.1:{port} cannot be listened on: {why}.", "--port 0 takes a free one")


class Unfit(ThisMachine):
    """What `doctor` found on this machine that no command has met yet."""

    code = "unfit"


class CommandNotRun(Usage):
    """What `exec` should run cannot be: the exit codes are those that shells give."""

    def __init__(self, command: str, why: str, exit_code: int) -> None:
        super().__init__(f"{command} cannot be run: {why}.", "sp-connect exec ... -- COMMAND ARGUMENTS")
        self.exit_code = exit_code


class AmazonTrouble(SpConnectError):
    """Amazon could not be asked, or answered nonsense: worth trying again."""

    exit_code = 5


class Unreachable(AmazonTrouble):
    code = "unreachable"

    def __init__(self, host: str, why: str, amazon: AmazonWords | None = None, hint: str | None = None) -> None:
        super().__init__(
            f"{host} could not be asked: {why}.",
            hint
            or "try again in a minute; behind a proxy: set HTTPS_PROXY, and REQUESTS_CA_BUNDLE for its certificate",
            amazon,
        )


class Throttled(AmazonTrouble):
    code = "throttled"

    def __init__(self, host: str, amazon: AmazonWords | None = None) -> None:
        super().__init__(f"{host} says that it is asked too often.", causes.TOO_OFTEN.step(), amazon)


class UnexpectedAnswer(AmazonTrouble):
    code = "unexpected-answer"

    def __init__(self, host: str, finding: str, amazon: AmazonWords | None = None, hint: str | None = None) -> None:
        super().__init__(
            f"{host} answered {finding}.",
            hint or "try again in a minute; with --verbose the steps are told",
            amazon,
        )


class WrongRelay(AmazonTrouble):
    """The redirect URI serves something that would not bring Amazon's answer back."""

    code = "unexpected-answer"

    def __init__(self, address: str, finding: str, app: str) -> None:
        super().__init__(
            f"The relay page of the app {app}, {address}, does not work: {finding}.",
            f"put this file there: sp-connect relay --app {app} --out relay.html",
        )


class KeptUnchecked(AmazonTrouble):
    """Amazon gave another token for an imported one, which may be dead by now, and then no more answers.

    Its code is the trouble's.
    """

    code = "unreachable"

    def __init__(self, scope: Scope, trouble: AmazonTrouble) -> None:
        super().__init__(
            trouble.message, f"the token is kept, unchecked: sp-connect verify {scope.flags}", trouble.amazon
        )
        self.code = trouble.code


class NotFound(SpConnectError):
    """There is no such seller, connection or app."""

    code = "not-found"
    exit_code = 6


class NoSuchApp(NotFound):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no app {name}." if known else "No app is registered yet.",
            f"there is {words.listed(known)}; sp-connect app list tells more" if known else "first: sp-connect app add",
        )


class NoSuchInvite(NotFound):
    """An address whose state belongs to no pending invite; `why` says what is known of it."""

    def __init__(self, why: str, hint: str = "sp-connect invites shows those that are pending") -> None:
        super().__init__(f"{why} Nothing was changed.", hint)


class NoSuchConnection(NotFound):
    def __init__(self, what: str, hint: str = "sp-connect list shows what is connected") -> None:
        super().__init__(f"{what} is not connected.", hint)


class OnLines(SpConnectError):
    """What is wrong with rows of a file, as `error` says it; none where no file was read.

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
    """What failed among many. Its parts were told as they happened; the exit code is the most serious of theirs."""

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


@lru_cache(1024)
def is_name(text: str) -> bool:
    """Whether `text` can name a seller or an app: the rule of the contract, which also keeps it from being a path."""
    return _NAME.fullmatch(text) is not None
