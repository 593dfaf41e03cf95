"""Disks that are read-only, and disks that vanish while a seller confirms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sp_connect import errors
from sp_connect.models import Consent
from tests.agency import as_company
from tests.homes.commands import COMMANDS, run
from tests.homes.given import Disk, Estate, disk, files

READING = ("list", "show acme", "show bravo", "invites", "app list", "app show", "store")
"""What only looks into local files."""


@pytest.fixture(scope="module")
def frozen(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A read-only disk with a home that has been in use."""
    with disk(tmp_path_factory.mktemp("disks") / "frozen") as made:
        estate.copy(made.home)
        assert run(estate, made.home, "token acme") is None
        made.make_read_only()
        yield made


ASKING = ("token acme", "token bravo", "export bravo", "verify")
"""What asks Amazon, and writes down what it says only where that can be."""


class TestReadOnly:
    @pytest.mark.parametrize("command", [*READING, *ASKING])
    def test_what_only_reads_works(self, estate: Estate, frozen: Disk, command: str) -> None:
        assert run(estate, frozen.home, command) is None

    @pytest.mark.parametrize("command", [name for name in COMMANDS if name not in (*READING, *ASKING)])
    def test_what_writes_says_why_it_cannot(self, estate: Estate, frozen: Disk, command: str) -> None:
        before, asked = files(frozen.home), estate.office.world.requests.copy()

        error = run(estate, frozen.home, command)

        assert error is not None
        assert (error.exit_code, error.code) == (4, "store-unavailable"), error
        failures = error.failures if isinstance(error, errors.Several) else [error]
        assert all(one.message.endswith(": the disk is read-only.") for one in failures)
        assert {one.hint for one in failures} == {"set SP_CONNECT_HOME to a folder that can be written"}
        assert files(frozen.home) == before
        if command.startswith(("connect", "renew", "accept")):
            assert estate.office.world.requests["token"] == asked["token"], "no code is spent for nothing"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("token", "-s", "acme", "-r", "eu"),
            ("exec", "-s", "acme", "-r", "eu", "--", "true"),
            ("export", "-s", "acme", "-r", "eu", "--format", "json"),
        ],
    )
    def test_a_kept_token_is_handed_out_without_a_word(
        self, estate: Estate, frozen: Disk, arguments: tuple[str, ...]
    ) -> None:
        asked = estate.office.world.requests["token"]

        result = estate.program(frozen.home).run(*arguments)

        assert result.code == 0
        assert "read-only" not in result.stderr
        assert estate.office.world.requests["token"] == asked

    @pytest.mark.parametrize(
        "arguments",
        [("token", "-s", "bravo", "-r", "eu"), ("exec", "-s", "bravo", "-r", "eu", "--", "true")],
    )
    def test_a_token_that_is_not_kept_is_asked_for_and_that_is_said(
        self, estate: Estate, frozen: Disk, arguments: tuple[str, ...]
    ) -> None:
        before, asked = files(frozen.home), estate.office.world.requests["token"]

        result = estate.program(frozen.home).run(*arguments)

        assert result.code == 0
        assert "The access token could not be saved for reuse: " in result.stderr
        assert "the disk is read-only" in result.stderr
        assert estate.office.world.requests["token"] == asked + 1
        assert files(frozen.home) == before

    def test_verify_says_what_it_found_and_that_it_is_not_recorded(self, estate: Estate, frozen: Disk) -> None:
        before = files(frozen.home)

        result = estate.program(frozen.home).run("verify", "--json")

        assert result.code == 0
        assert {one["seller"]: one["ok"] for one in result.json()} == {"acme": True, "bravo": True}
        assert result.stderr.count("Amazon's answer could not be saved: ") == 1
        assert files(frozen.home) == before

    def test_the_program_says_it_too(self, estate: Estate, frozen: Disk) -> None:
        result = estate.program(frozen.home).run("revoke", "-s", "bravo", "--yes", "--json")

        assert result.code == 4
        assert result.stderr.splitlines()[0].endswith("could not be locked: the disk is read-only.")
        assert "Traceback" not in result.stderr


class TestVanished:
    """The folder stays, for it is where the disk was mounted; what was in it is gone."""

    def test_while_the_seller_confirms(self, estate: Estate, small: Disk) -> None:
        estate.copy(small.home)
        asked_before = estate.office.world.requests["token"]

        def visit(asked: Consent, address: str) -> str | None:
            small.vanish()
            return as_company("newcomer")(asked, address)

        error = run(estate, small.home, "connect", lambda stdin="": estate.desk(small.home, stdin, visit=visit))

        assert isinstance(error, errors.NoSuchApp), error
        assert error.message == "No app is registered yet."
        assert not list(small.folder.rglob("*.toml")), "nothing of it is kept where nobody would look for it"
        assert estate.office.world.requests["token"] == asked_before + 1, "the app was asked about; no code is spent"

    @pytest.mark.parametrize("command", ["token acme", "show acme", "revoke acme", "rename acme"])
    def test_a_seller_of_it_is_not_found(self, estate: Estate, small: Disk, command: str) -> None:
        estate.copy(small.home)
        small.vanish()

        error = run(estate, small.home, command)

        assert isinstance(error, errors.NotFound), error
        assert not list(small.folder.rglob("*.toml"))

    def test_a_run_that_reads_nothing_of_it_says_that_nothing_is_connected(self, estate: Estate, small: Disk) -> None:
        estate.copy(small.home)
        desk = estate.desk(small.home)
        small.vanish()

        COMMANDS["list"](estate, lambda stdin="": desk)  # noqa: ARG005 - a Sit

        assert desk.stdout.getvalue() == ""
        assert desk.stderr.getvalue().startswith("Nothing is connected yet.")
