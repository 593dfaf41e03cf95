"""Whether each answer of the crowd can be true: what it says it wrote and saw, against what all the others say.

An answer that is no success must be one that the command may give, and the reason that it tells must have been
there. Returns complaints, each with the answer that it is about; none where all is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sp_connect.simulator import tokens
from tests.crowd.deeds import KILLED, Answer, Seller
from tests.crowd.town import REGIONS, Town
from tests.crowd.truth import Absent, Named, Place, Present, Read, State, Write

NAME = "name"
"""The register of the name that a company goes by; the others are its regions."""

KEEPING = frozenset({"connect", "renew", "import", "accept"})
"""What leaves a connection with a new consent."""

Places = dict[tuple[str, str], Place]


class Judge:
    """What is known of a town's sellers, and what their answers say."""

    def __init__(self, town: Town, sellers: Sequence[Seller], answers: Sequence[Answer]) -> None:
        self._town = town
        self._sellers = sellers
        self._answers = sorted(answers, key=lambda one: one.began)
        self._by_name = {name: one for one in sellers for name in one.names}
        self.places: Places = {(one.company, region): Place(Absent()) for one in sellers for region in REGIONS}
        for one in sellers:
            self.places[one.company, NAME] = Place(Named(one.names[0]))

    def complaints(self) -> list[str]:
        """What cannot be true, or must not happen."""
        found: list[str] = []
        for answer in self._answers:
            found.extend(f"{why}: {answer}" for why in self._heard(answer))
        for (company, place), register in self.places.items():
            found.extend(f"{company} {place} was never {read.shown}: {read.by}" for read in register.untrue())
        return found

    def ends(self, rows: Sequence[Mapping[str, Any]], at: float) -> list[str]:
        """Notes what is there when all is over, as the last thing that anybody is shown."""
        return list(self._see_all(rows, at, at, "what was left"))

    def _heard(self, answer: Answer) -> Iterator[str]:
        """Notes what an answer wrote and saw; yields what is wrong with it by itself."""
        command, error = answer.command, answer.error()
        if "Traceback" in answer.result.stderr or (answer.result.code in {1, KILLED} and not answer.was_killed):
            yield "a defect"
        elif answer.was_killed:
            self._may_have_written(answer)
        elif command.kind == "list":
            yield from self._heard_list(answer)
        elif error is None:
            yield from self._heard_success(answer)
        else:
            yield from self._heard_error(answer, error)

    def _heard_list(self, answer: Answer) -> Iterator[str]:
        if answer.result.code != 0:
            yield "a list that failed"
            return
        yield from self._see_all(answer.rows(), answer.began, answer.ended, str(answer))

    def _heard_success(self, answer: Answer) -> Iterator[str]:
        command = answer.command
        yield from self._check_rows(answer)
        self._heard_name(answer)
        match command.kind:
            case "connect" | "renew" | "import" | "accept":
                for row in answer.rows():
                    self._write(answer, row["region"], _since(row))
            case "revoke" if answer.rows():
                self._write(answer, command.region, Absent())
            case "revoke":
                self._see(answer, command.region, Absent())
            case "verify" | "rename":
                for row in answer.rows():
                    self._see(answer, row["region"], _since(row))
            case "show":
                for tile in answer.rows()[0]["tiles"]:
                    if tile["region"] in REGIONS:
                        found = tile["connection"]
                        self._see(answer, tile["region"], _since(found) if found else Absent())
            case "token":
                yield from self._heard_token(answer)

    def _heard_name(self, answer: Answer) -> None:
        command = answer.command
        if command.kind == "rename":
            self._write(answer, NAME, Named(command.to))
        elif command.kind != "invite":
            # Only `verify` follows a seller that is renamed while it runs; it prints no row if that one is revoked too.
            shown = {row["seller"] for row in answer.rows()} if command.kind == "verify" else set[str]()
            for name in shown or {command.seller}:
                self._see_name(answer, name)

    def _heard_token(self, answer: Answer) -> Iterator[str]:
        """A token is one that Amazon gave for this very account, and of a consent that is not over."""
        token = answer.rows()[0]["access_token"]
        owner = tokens.owner(token, self._town.world.authorizations())
        if owner is None:
            yield "a token that Amazon never gave"
            return
        given = owner.authorization
        expected = self._town.account(answer.command.company, answer.command.region)
        if given.account != expected or given.application_id != self._town.apps[answer.command.app].application_id:
            yield f"a token of {given.account.selling_partner_id}"
        self._see(answer, answer.command.region, Present(token_of=given.authorized_at.timestamp()))

    def _heard_error(self, answer: Answer, error: str) -> Iterator[str]:
        """What a refusal says must have been so."""
        command = answer.command
        of = self._by_name[command.seller]
        other = next((name for name in of.names if name != command.seller), None)
        match command.kind, error:
            case _, "not-found" if command.kind != "accept" and other is not None:
                self._see_name(answer, other)
            case "token" | "verify" | "renew", "not-found":
                self._see(answer, command.region, Absent())
            case "show", "not-found":
                for region in REGIONS:
                    self._see(answer, region, Absent())
            case "connect", "duplicate-account" if other is not None:
                self._see_name(answer, other)
            case "rename", "usage":
                self._see_name(answer, command.to)
            case "connect" | "renew", "port-taken":
                yield from self._unless(answer, lambda by: by.command.opens_a_door and by.command.app == command.app)
            case "revoke", "refused":
                yield from self._unless(answer, lambda by: by.command.kind in KEEPING and _same_place(by, answer))
            case "accept", "not-found":
                yield from self._unless(answer, lambda by: by.command.kind == "accept" and _same_place(by, answer))
            case _:
                yield f"an answer that it must not give ({error})"

    def _unless(self, answer: Answer, explains: Callable[[Answer], bool]) -> Iterator[str]:
        """A complaint, unless another that ran at the same time explains the answer."""
        prepared = answer.command.prepared or answer.began
        at_once = (by for by in self._answers if by is not answer and by.began <= answer.ended and prepared <= by.ended)
        if not any(explains(by) for by in at_once):
            yield "nobody was in its way"

    def _may_have_written(self, answer: Answer) -> None:
        command = answer.command
        if command.kind in KEEPING:
            self._write(answer, command.region, Present(), certain=False)
        elif command.kind == "revoke":
            self._write(answer, command.region, Absent(), certain=False)
        elif command.kind == "rename":
            self._write(answer, NAME, Named(command.to), certain=False)

    def _check_rows(self, answer: Answer) -> Iterator[str]:
        """Whatever a connection is shown by, it is this company's account, and good.

        `verify` follows a seller that is renamed while Amazon answers.
        """
        command = answer.command
        if command.kind in {"token", "show", "invite"}:
            return
        names = self._by_name[command.seller].names if command.kind == "verify" else (command.to or command.seller,)
        for row in answer.rows():
            account = self._town.account(command.company, row["region"]).selling_partner_id
            if row["selling_partner_id"] != account or row["seller"] not in names:
                yield f"a connection of {row['seller']} ({row['selling_partner_id']})"
            if row["status"] != "connected":
                yield f"a connection that is {row['status']}"

    def _see_all(self, rows: Sequence[Mapping[str, Any]], began: float, ended: float, by: str) -> Iterator[str]:
        """A list shows every company under one of its names, and each connection as it was."""
        for of in self._sellers:
            theirs = [row for row in rows if row["seller"] in of.names]
            names = {str(row["seller"]) for row in theirs}
            if len(names) > 1 or (of.wanders and not names):
                yield f"{of.company} as {sorted(names) or 'nobody'}"
                continue
            for name in names:
                self.places[of.company, NAME].reads.append(Read(began, ended, Named(name), by))
            for region in REGIONS:
                found: list[State] = [_since(row) for row in theirs if row["region"] == region]
                self.places[of.company, region].reads.append(Read(began, ended, next(iter(found), Absent()), by))
            yield from (f"a connection that is {row['status']}" for row in theirs if row["status"] != "connected")

    def _write(self, answer: Answer, place: str, state: State, *, certain: bool = True) -> None:
        write = Write(answer.began, answer.ended, state, certain, answer.command.prepared)
        self.places[answer.command.company, place].writes.append(write)

    def _see(self, answer: Answer, place: str, shown: State) -> None:
        self.places[answer.command.company, place].reads.append(Read(answer.began, answer.ended, shown, str(answer)))

    def _see_name(self, answer: Answer, name: str) -> None:
        self._see(answer, NAME, Named(name))


def _since(row: Mapping[str, Any]) -> Present:
    return Present(since=datetime.fromisoformat(row["authorized_at"]).timestamp())


def _same_place(one: Answer, other: Answer) -> bool:
    return (one.command.company, one.command.region) == (other.command.company, other.command.region)
