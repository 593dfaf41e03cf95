"""Secrets are in the vault or the keyring and nowhere else: no stream, no file, no process list."""

from __future__ import annotations

import resource
import subprocess
import time
from pathlib import Path

import pytest

from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.cli.program import PASSPHRASE, Program, Result, until
from tests.commands.given import connected, end_at_amazon
from tests.secret_service import Session, lock, stop_bus

pytestmark = pytest.mark.slow

OF_THE_HOME = 1
"""How many items of the keyring say which folder owns its secrets: one, and it stays."""

SENTINEL = "amzn1.oa2-cs.v1.SENTINEL0SENTINEL1SENTINEL2"
ADD = (
    *("app", "add", "other", "--application-id", "amzn1.sp.solution.0a1b"),
    *("--client-id", "amzn1.application-oa2-client.0c1d", "--redirect-uri", "https://agency.example/relay"),
    *("--no-check", "--client-secret-stdin"),
)


def secrets_of(office: Agency) -> list[str]:
    """Everything that must not be seen: what is given to the program, and what Amazon gave it."""
    assert BUILT_IN.client_secret is not None
    return [
        BUILT_IN.client_secret,
        PASSPHRASE,
        *(a.refresh_token for a in office.world.authorizations()),
        "Atza|",
        "Atzr|",
    ]


def told(secrets: list[str], *results: Result) -> list[str]:
    return [s for s in secrets for r in results if s in r.stdout or s in r.stderr]


def in_files(program: Program, secrets: list[str]) -> list[str]:
    return [name for name, data in program.files().items() for s in secrets if s.encode() in data]


class TestNeverSeen:
    def test_on_success(self, office: Agency, staffed: Program) -> None:
        made = staffed.connect("-s", "acme", "-r", "eu", "--json")
        assert made.code == 0, made
        results = [
            made,
            *(staffed.run("-v", *a) for a in (("verify",), ("list", "--json"), ("revoke", "-s", "acme", "-y"))),
        ]

        assert [r.code for r in results] == [0, 0, 0, 0]
        assert told(secrets_of(office), *results) == []
        assert in_files(staffed, secrets_of(office)) == []

    def test_nor_the_code_of_the_consent(self, staffed: Program) -> None:
        made = staffed.connect("-s", "acme", "-r", "eu", "--json")

        assert "spapi_oauth_code" not in made.stderr + made.stdout

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("token", "status", status=400, error="invalid_client"),
            Fault("token", "truncated"),
            Fault("sellers", "html"),
        ],
        ids=lambda f: f"{f.endpoint}-{f.kind}-{f.status}",
    )
    def test_on_failure(self, office: Agency, staffed: Program, fault: Fault) -> None:
        office.world.faults.add(fault)

        result = staffed.connect("-s", "acme", "-r", "eu", "--json")

        assert result.code in {3, 5}
        assert told(secrets_of(office), result) == []
        assert in_files(staffed, secrets_of(office)) == []

    def test_when_amazon_refuses(self, office: Agency, staffed: Program) -> None:
        end_at_amazon(office, connected(office))

        result = staffed.run("-v", "verify", "--json")

        assert result.code == 3
        assert told(secrets_of(office), result) == []

    def test_nor_a_client_secret_given_on_stdin(self, program: Program) -> None:
        result = program.run("-v", *ADD, "--json", stdin=f"{SENTINEL}\n")

        assert result.code == 0, result
        assert "SENTINEL" not in result.stdout + result.stderr
        assert in_files(program, ["SENTINEL", PASSPHRASE]) == []

    @pytest.mark.parametrize("secret", [f"{SENTINEL} two words", f"Atzr|{SENTINEL}"])
    def test_nor_one_that_is_refused(self, program: Program, secret: str) -> None:
        result = program.run("-v", *ADD, "--json", stdin=secret)

        assert result.code == 2
        assert "SENTINEL" not in result.stdout + result.stderr

    def test_nor_one_that_is_given_as_a_flag_by_mistake(self, program: Program) -> None:
        result = program.run(*ADD[:-1], "--client-secret", SENTINEL, "--json")

        assert result.code == 2
        assert "SENTINEL" not in result.stdout + result.stderr

    def test_nor_one_that_is_given_in_place_of_the_client_id(self, program: Program) -> None:
        swapped = [SENTINEL if part.startswith("amzn1.application-oa2") else part for part in ADD]

        result = program.run(*swapped, "--json", stdin=SENTINEL)

        assert result.code == 2
        assert "SENTINEL" not in result.stdout + result.stderr

    def test_nor_in_the_process_list(self, staffed: Program, office: Agency) -> None:
        with staffed.started("-v", "connect", "-s", "acme", "-r", "eu", "--no-browser") as process:
            assert process.stderr is not None
            until(process.stderr, "Waiting up to")
            arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()

        assert not [s for s in secrets_of(office) if s.encode() in arguments]

    def test_a_browser_command_inherits_no_passphrase(self, staffed: Program, tmp_path: Path) -> None:
        script = tmp_path / "browser"
        script.write_text(f"#!/bin/sh\nenv > '{tmp_path}/seen'\n")
        script.chmod(0o700)

        staffed.run("connect", "-s", "acme", "-r", "eu", "--browser", str(script), "--timeout", "1")

        assert PASSPHRASE not in (tmp_path / "seen").read_text()
        assert "SP_CONNECT_" not in (tmp_path / "seen").read_text()

    def test_files_are_private(self, office: Agency, staffed: Program) -> None:
        assert staffed.connect("-s", "acme", "-r", "eu").code == 0

        modes = {path: path.stat().st_mode & 0o077 for path in office.folder.rglob("*")}
        assert not [path for path, mode in modes.items() if mode]


class TestKeyring:
    """A real Secret Service, from `app add` to `revoke`."""

    def in_session(self, staffed: Program, ring: Session) -> Program:
        for name in ("SP_CONNECT_STORE", "SP_CONNECT_PASSPHRASE"):
            del staffed.env[name]
        staffed.env |= ring
        staffed.home = staffed.home.with_name("keyring-home")
        return staffed

    def app_add(self, program: Program) -> Result:
        assert BUILT_IN.client_secret is not None
        return program.run(
            *("app", "add", "--application-id", BUILT_IN.application_id, "--client-id", BUILT_IN.client_id),
            *(
                "--redirect-uri",
                BUILT_IN.redirect_uris[0],
                "--listen",
                program.listen,
                "--client-secret-stdin",
                "--json",
            ),
            stdin=BUILT_IN.client_secret,
        )

    def items(self, ring: Session) -> str:
        """The attributes of everything in the login collection."""
        call = ["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path"]
        search = ["/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.SearchItems"]
        found = subprocess.run(
            [*call, *search, "{'username': 'sp-connect'}"],
            env=ring,
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout

    def count(self, ring: Session) -> int:
        return self.items(ring).count("/org/freedesktop/secrets/collection/")

    def test_the_whole_life_and_the_item_is_gone(self, staffed: Program, ring: Session) -> None:
        program = self.in_session(staffed, ring)

        assert self.app_add(program).code == 0
        assert self.count(ring) == 1 + OF_THE_HOME
        made = program.connect("-s", "acme", "-r", "eu", "--json")
        assert made.code == 0, made
        assert self.count(ring) == 2 + OF_THE_HOME
        assert program.run("verify", "--json").json()[0]["ok"] is True
        assert program.run("store", "--json").json()["store"] == "keyring"
        assert program.run("revoke", "-s", "acme", "--yes").code == 0
        assert self.count(ring) == 1 + OF_THE_HOME
        assert program.run("app", "remove", "default").code == 0
        assert self.count(ring) == OF_THE_HOME
        assert not [name for name in program.files() if name.startswith("vault")]

    def test_a_locked_keyring_is_told_within_five_seconds(self, staffed: Program, ring: Session) -> None:
        program = self.in_session(staffed, ring)
        assert self.app_add(program).code == 0
        assert program.connect("-s", "acme", "-r", "eu").code == 0
        before = program.files()
        lock(ring)
        began = time.monotonic()

        result = program.run("verify", "--json")

        assert time.monotonic() - began < 5
        assert result.code == 4
        assert result.error()["code"] == "store-locked"
        assert program.files() == before

    def test_a_session_whose_bus_ended_has_no_keyring(self, staffed: Program, ring: Session) -> None:
        program = self.in_session(staffed, ring)
        stop_bus(ring)

        result = self.app_add(program)

        assert result.code == 4
        assert result.error()["code"] == "store-unavailable"
        assert "config.toml" not in program.files()


class TestFullDisk:
    """A file that cannot be written leaves the one before it whole."""

    @staticmethod
    def full(size: int = 64) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def test_a_new_app_is_not_half_there(self, staffed: Program) -> None:
        before = staffed.files()

        result = staffed.run(*ADD, "--json", stdin=SENTINEL, preexec_fn=self.full)

        assert result.code == 4
        assert result.error()["code"] == "store-unavailable"
        assert staffed.files() == before
        assert "Traceback" not in result.stderr

    def test_a_check_leaves_the_record_whole(self, office: Agency, staffed: Program) -> None:
        end_at_amazon(office, connected(office))
        before = staffed.files()

        result = staffed.run("verify", "--json", preexec_fn=self.full)

        assert result.code == 4, result
        assert staffed.files() == before

    def test_a_revocation_leaves_the_connection_whole(self, office: Agency, staffed: Program) -> None:
        made = connected(office)
        before = staffed.files()

        result = staffed.run("revoke", "-s", "acme", "--yes", "--json", preexec_fn=self.full)

        assert result.code == 4, result
        assert staffed.files() == before
        assert office.runtime.secrets.fetch(made.secret_name)
