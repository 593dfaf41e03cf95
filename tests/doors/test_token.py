"""`token` as a script meets it: the installed program, alone and many at once."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta

import pytest

from sp_connect.simulator.faults import Fault
from tests.agency import Agency
from tests.cli.program import PROGRAM, SECONDS, Program, parted
from tests.commands.given import connected, end_at_amazon, kept, token_of

ACME = ("token", "-s", "acme", "-r", "eu")


@pytest.mark.slow
def test_the_token_and_nothing_else_is_on_stdout(office: Agency, staffed: Program) -> None:
    made = connected(office)

    first, again = staffed.run(*ACME), staffed.run("-v", *ACME)

    assert (first.code, first.stderr) == (0, "")
    assert first.stdout.count("\n") == 1
    assert office.world.bearer(first.stdout.strip()).refresh_token == token_of(office, made)
    assert again.stdout == first.stdout
    assert office.world.requests["token"] == 1


@pytest.mark.slow
def test_json_tells_whose_it_is_and_when_it_ends(office: Agency, staffed: Program) -> None:
    connected(office, "acme", "fe", "JP")

    found = staffed.run("token", "-s", "acme", "-r", "fe", "-c", "jp", "--json").json()

    assert list(found) == ["seller", "region", "country", "access_token", "expires_at"]
    assert (found["seller"], found["region"], found["country"]) == ("acme", "fe", "JP")
    assert found["expires_at"].endswith("Z")
    left = datetime.fromisoformat(found["expires_at"]) - office.clock()
    assert timedelta(minutes=59) < left < timedelta(minutes=61)


@pytest.mark.slow
def test_no_secret_is_told_of_on_stderr(office: Agency, staffed: Program) -> None:
    made = connected(office)

    result = staffed.run("-v", *ACME, "--json")

    assert "POST https://api.amazon.com/auth/o2/token answered 200" in result.stderr
    assert "Atz" not in result.stderr
    assert token_of(office, made) not in result.stderr + result.stdout


@pytest.mark.slow
def test_a_rejected_refresh_is_told_in_amazons_words_and_marked(office: Agency, staffed: Program) -> None:
    made = connected(office)
    end_at_amazon(office, made)

    result = staffed.run("-v", *ACME, "--json")

    assert (result.code, result.stdout) == (3, "")
    assert result.error()["code"] == "rejected"
    assert result.error()["amazon"]["error"] == "invalid_grant"
    assert result.error()["amazon"]["error_description"] in result.stderr.splitlines()[-3]
    assert "Atz" not in result.stderr
    assert kept(office, made).standing == "rejected"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("-s", "nobody", "-r", "eu"), 6, "not-found"),
        (("-s", "acme", "-r", "na"), 6, "not-found"),
        (("-s", "acme", "-r", "eu", "-c", "IN"), 6, "not-found"),
        (("-s", "acme", "-r", "fe"), 6, "not-found"),
        (("-s", "../acme", "-r", "eu"), 2, "usage"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else None,
)
def test_what_is_not_connected_is_told_apart(
    office: Agency, staffed: Program, arguments: tuple[str, ...], code: int, word: str
) -> None:
    connected(office)

    result = staffed.run("token", *arguments, "--json")

    assert (result.code, result.error()["code"], result.stdout) == (code, word, "")
    assert office.world.requests["token"] == 0


@pytest.mark.slow
def test_a_record_without_its_secret_is_4(office: Agency, staffed: Program) -> None:
    made = connected(office)
    office.runtime.secrets.forget(made.secret_name)

    result = staffed.run(*ACME, "--json")

    assert (result.code, result.error()["code"]) == (4, "missing-token")
    assert result.error()["hint"] == (
        "if sp-connect store names the right one: sp-connect connect --seller acme --region eu"
    )


@pytest.mark.slow
def test_many_processes_at_once_make_one_refresh_for_each_seller(office: Agency, staffed: Program) -> None:
    connected(office, "acme")
    connected(office, "bravo")
    # The first answers come late, so that all have looked for a kept token before there is one.
    office.world.faults.add(Fault("token", "delay", times=2, seconds=2.0))
    sellers = ["acme"] * 10 + ["bravo"] * 4

    running = [
        subprocess.Popen(
            [PROGRAM, "token", "-s", seller, "-r", "eu"],
            env=staffed.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seller in sellers
    ]
    told = [process.communicate(timeout=SECONDS) for process in running]

    assert [process.returncode for process in running] == [0] * len(sellers), told
    assert {parted(stderr)[1] for _, stderr in told} == {""}
    given = {(seller, stdout.strip()) for seller, (stdout, _) in zip(sellers, told, strict=True)}
    assert len(given) == 2
    assert {seller: office.world.bearer(token).account.slug for seller, token in given} == {
        "acme": "acme",
        "bravo": "bravo",
    }
    assert office.world.requests["token"] == 2
