"""`--simulate` from the first command to the last, without a terminal and without touching what is real."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from sp_connect.simulator.world import APPS, BUILT_IN
from tests.agency import Agency, free_port
from tests.cli.program import PROGRAM, Program, ended, until
from tests.commands.given import connected

pytestmark = pytest.mark.slow


def test_a_connection_lives_from_consent_to_revocation(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")

    made = program.run("--simulate", "connect", "-s", "acme", "-r", "eu", "--json")
    assert made.code == 0, made
    assert made.json()[0]["selling_partner_id"] == "A2EXAMPLE1234"
    assert "No browser: the simulated seller of acme confirms." in made.stderr

    listed = program.run("--simulate", "list")
    assert listed.stdout.startswith("SIMULATED")
    assert "A2EXAMPLE1234" in listed.stdout

    assert program.run("--simulate", "verify").code == 0
    gone = program.run("--simulate", "revoke", "-s", "acme", "--yes", "--json")
    assert gone.json()[0]["revoked_locally"] is True
    assert program.run("--simulate", "list", "--json").json() == []


def test_each_command_that_it_tells_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")

    nothing = program.run("--simulate", "list").stderr
    assert nothing == "Nothing is connected yet. Next: sp-connect --simulate connect --seller NAME --region na\n"
    gone = program.run("--simulate", "show", "-s", "acme").stderr
    assert "hint: sp-connect --simulate list shows what is connected" in gone

    program.run("--simulate", "connect", "-s", "acme", "-r", "eu")
    page = program.run("--simulate", "show", "-s", "acme").stdout
    assert "sp-connect --simulate connect --seller acme --region na" in page
    report = tmp_path / "report.html"
    program.run("--simulate", "list", "--due", "400", "--html", str(report), "--ics", str(tmp_path / "dates.ics"))
    assert "sp-connect --simulate connect" in report.read_text("utf-8")
    assert "sp-connect --simulate connect" in (tmp_path / "dates.ics").read_text("utf-8")
    for told in (nothing, gone, page, report.read_text("utf-8")):
        assert not re.search(r"sp-connect (connect|list|renew)\b", told)


def test_a_connection_moves_to_the_wider_app_and_back(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.run("--simulate", "connect", "-s", "acme", "-r", "eu")

    there = program.run("--simulate", "upgrade", "-s", "acme", "-r", "eu", "--app", "wider", "--json")
    assert there.code == 0, there
    assert (there.json()[0]["app"], there.json()[0]["access_level"]) == ("wider", "restricted")
    assert "The consent for the app default is still active at Amazon" in there.stderr

    back = program.run("--simulate", "upgrade", "-s", "acme", "-r", "eu", "--app", "default", "--json")
    assert (back.json()[0]["app"], back.json()[0]["access_level"]) == ("default", "default")
    assert program.run("--simulate", "verify").code == 0


def test_a_walk_of_the_far_east_skips_what_is_connected(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")

    program.run("--simulate", "connect", "-s", "acme", "-r", "fe", "-c", "JP", "--json")
    again = program.run("--simulate", "connect", "-s", "acme", "-r", "fe", "-c", "JP", "-c", "AU", "--json")

    assert [one["country"] for one in again.json()] == ["AU"]
    assert "acme in Japan is already connected" in again.stderr


def test_what_is_real_is_untouched_beside_it(office: Agency, staffed: Program) -> None:
    connected(office)
    before = staffed.files()

    assert staffed.run("--simulate", "connect", "-s", "bravo", "-r", "eu").code == 0
    assert staffed.run("--simulate", "revoke", "-s", "bravo", "--yes").code == 0

    after = staffed.files()
    assert {name: data for name, data in after.items() if not name.startswith("simulated/")} == before
    assert [one["seller"] for one in staffed.run("list", "--json").json()] == ["acme"]


def test_no_setting_for_what_is_real_reaches_it(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", {"SP_CONNECT_STORE": "keyring", "SP_CONNECT_PASSPHRASE": "other"})

    assert program.run("--simulate", "connect", "-s", "acme", "-r", "eu").code == 0
    assert program.run("--simulate", "verify", env={"SP_CONNECT_AMAZON_URL": "http://127.0.0.1:1"}).code == 0


def test_with_paste_it_needs_a_terminal(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")

    assert program.run("--simulate", "connect", "-s", "acme", "-r", "eu", "--paste").code == 2


def test_with_paste_the_robot_shows_the_address_that_a_person_pastes(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    arguments = ("--simulate", "connect", "-s", "acme", "-r", "eu", "--paste", "--no-browser", "--timeout", "4")

    with program.terminal(*arguments, columns=400) as child:
        child.expect_exact("shows this address to copy")
        child.expect(r"(https?://\S+)\s")
        assert child.match is not None
        child.sendline(child.match.group(1))
        code, _ = ended(child)

    assert code == 0


def test_the_simulator_of_its_own_serves_another_process(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": "x"})

    with program.started("simulator", "--json") as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("}"):
                break
        told = json.loads("".join(lines))
        assert told["client_secret"] == BUILT_IN.client_secret
        added = program.run(
            *("app", "add", "--application-id", told["application_id"], "--client-id", told["client_id"]),
            *("--redirect-uri", told["redirect_uris"][0], "--client-secret-stdin"),
            stdin=told["client_secret"],
            env=(env := {"SP_CONNECT_AMAZON_URL": told["url"]}),
        )
        assert added.code == 0, added
        assert program.run("verify", env=env).code == 0


def test_what_the_simulator_prints_registers_both_of_its_apps(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": "x"})

    with program.started("simulator", "--listen", f"127.0.0.1:{free_port()}") as process:
        assert process.stderr is not None
        told = until(process.stderr, "upgrade --app wider:") + "".join(next(process.stderr) for _ in range(4))
        typed = "\n".join(line for line in told.splitlines() if line.startswith("  "))
        path = f"{PROGRAM.parent}:{os.environ['PATH']}"
        script = f"set -e\n{typed}\nsp-connect app list --json"
        done = subprocess.run(
            ["bash", "-c", script], env=program.environment({"PATH": path}), capture_output=True, check=True, timeout=60
        )

    apps = {one["name"]: one["access_level"] for one in json.loads(done.stdout)}
    assert apps == {"default": "default", "wider": "restricted"}
    assert all(str(one.client_secret) in typed for one in APPS.values())
