"""The program on a real terminal: prompts, colour, the waiting line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from sp_connect.simulator import seller
from tests.agency import Agency
from tests.cli.program import Program, ended, plain
from tests.commands.given import connected

ADD = (
    *("app", "add", "--application-id", "amzn1.sp.solution.0a1b"),
    *("--client-id", "amzn1.application-oa2-client.0c1d", "--redirect-uri", "https://agency.example/relay"),
    "--no-check",
)
SECRET = "amzn1.oa2-cs.v1.SENTINEL"


@pytest.mark.slow
def test_the_client_secret_is_not_shown_as_it_is_typed(program: Program) -> None:
    with program.terminal(*ADD) as child:
        child.expect_exact("Client secret? (not shown)")
        child.sendline(SECRET)
        code, rest = ended(child)

    assert code == 0, rest
    assert "SENTINEL" not in rest
    assert "The app default is registered." in plain(rest)


@pytest.mark.slow
def test_ctrl_c_at_the_hidden_prompt_gives_the_echo_back(program: Program) -> None:
    with program.terminal(*ADD) as child:
        child.expect_exact("Client secret? (not shown)")
        child.sendintr()
        code, _ = ended(child)

    assert code == 130
    assert not program.home.exists() or "config.toml" not in program.files()


@pytest.mark.slow
def test_ctrl_d_at_the_hidden_prompt_changes_nothing(program: Program) -> None:
    with program.terminal(*ADD) as child:
        child.expect_exact("Client secret? (not shown)")
        child.sendeof()
        code, rest = ended(child)

    assert code == 1
    assert "Nothing was changed." in plain(rest)


@pytest.mark.slow
def test_the_far_east_asks_which_countries(staffed: Program) -> None:
    with staffed.terminal("connect", "-s", "acme", "-r", "fe", "--no-browser", columns=400) as child:
        child.expect_exact("Which? JP AU SG [all]")
        child.sendline("jp, au")
        for number in ("1 of 2", "2 of 2"):
            child.expect_exact(number)
            child.expect(r"(http://127\S+)\s")
            assert child.match is not None
            seller.confirm(child.match.group(1), "acme", staffed.listen)
        code, rest = ended(child)

    assert code == 0
    assert "A1ACMEAUS0004" in plain(rest)


@pytest.mark.slow
def test_an_unknown_country_at_the_prompt_is_a_usage_error(staffed: Program) -> None:
    with staffed.terminal("connect", "-s", "acme", "-r", "fe", "--no-browser") as child:
        child.expect_exact("[all]")
        child.sendline("DE")
        code, rest = ended(child)

    assert code == 2
    assert "--country takes JP, AU, SG" in plain(rest)


@pytest.mark.slow
def test_revoke_asks_and_yes_forgets(office: Agency, staffed: Program) -> None:
    connected(office)

    with staffed.terminal("revoke", "-s", "acme") as child:
        child.expect_exact("Delete acme in Europe & India (A2EXAMPLE1234) from this machine? [y/N]")
        child.sendline("y")
        code, _ = ended(child)

    assert code == 0
    assert office.runtime.connections.all() == ()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_without_colour_a_terminal_gets_none(office: Agency, staffed: Program, how: str) -> None:
    connected(office)
    arguments = ("--no-color", "list") if how == "flag" else ("list",)

    with staffed.terminal(*arguments, env={"NO_COLOR": "1"} if how == "variable" else {}) as child:
        code, rest = ended(child)

    assert code == 0
    assert "● connected" in rest
    assert "\x1b[" not in rest


@pytest.mark.slow
def test_without_colour_an_error_has_none(program: Program) -> None:
    with program.terminal("--no-color", "show", "-s", "x") as child:
        code, rest = ended(child)

    assert code == 6
    assert "\x1b[" not in rest


@pytest.mark.slow
def test_with_colour_a_terminal_gets_it(office: Agency, staffed: Program) -> None:
    connected(office)

    with staffed.terminal("list") as child:
        _, rest = ended(child)

    assert re.search(r"\x1b\[32m● connected", rest)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 100, 140])
def test_the_table_fits_and_names_the_account(office: Agency, staffed: Program, columns: int) -> None:
    connected(office, "acme", "eu")
    connected(office, "charlie-gmbh", "eu", "IN")

    with staffed.terminal("list", columns=columns) as child:
        _, rest = ended(child)

    lines = plain(rest).splitlines()
    assert max(map(len, lines)) <= columns
    assert any("A2EXAMPLE1234" in line for line in lines)


@pytest.mark.slow
def test_waiting_tells_how_long_is_left_and_ctrl_c_leaves_a_clean_line(staffed: Program) -> None:
    with staffed.terminal("connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "90") as child:
        child.expect(r"Waiting for the confirmation  1:\d\d left  Ctrl-C gives up")
        child.sendintr()
        code, rest = ended(child)

    assert code == 130
    assert "Traceback" not in rest
    assert "\x1b[?25h" in rest  # the cursor is back


PASTE = ("connect", "-s", "acme", "-r", "eu", "--paste", "--no-browser", "--timeout", "4")


@pytest.mark.slow
def test_a_pasted_address_connects(staffed: Program, office: Agency) -> None:
    with staffed.terminal(*PASTE, columns=400) as child:
        child.expect(r"(http://127\S+)\s")
        assert child.match is not None
        ended_on = seller.confirm(child.match.group(1), "acme", staffed.listen)
        assert ended_on is not None
        real = ended_on.replace(f"{office.simulator.base_url}/", "https://")
        child.sendline("https://agency.example/sp-connect?state=forged&spapi_oauth_code=x&selling_partner_id=A1")
        child.expect_exact("Still waiting.")
        child.sendline(real)
        code, _ = ended(child)

    assert code == 0
    assert [c.selling_partner_id for c in office.runtime.connections.all()] == ["A2EXAMPLE1234"]


@pytest.mark.slow
def test_the_address_on_which_the_simulators_browser_ends_connects_when_pasted(
    staffed: Program, office: Agency
) -> None:
    with staffed.terminal(*PASTE, columns=400) as child:
        child.expect(r"(http://127\S+)\s")
        assert child.match is not None
        ended_on = seller.confirm(child.match.group(1), "acme", staffed.listen)
        assert ended_on is not None
        child.sendline(ended_on)
        code, _ = ended(child)

    assert code == 0
    assert len(office.runtime.connections.all()) == 1


def all_due(office: Agency, *sellers: str) -> None:
    """Sellers whose authorizations end within days, in that order."""
    for number, name in enumerate(sellers, 340):
        connected(office, name, authorized_at=datetime.now(UTC) - timedelta(days=700 - number))


@pytest.mark.slow
def test_one_of_several_is_skipped_by_a_key_and_the_next_is_asked_for(office: Agency, staffed: Program) -> None:
    all_due(office, "acme", "bravo")

    with staffed.terminal("renew", "--no-browser", "--timeout", "60", columns=400) as child:
        child.expect_exact("s Enter skips it")
        child.sendline("s")
        child.expect_exact("acme in Europe & India is skipped.")
        child.expect_exact("2 of 2")
        child.expect(r"(http://127\S+)\s")
        assert child.match is not None
        seller.confirm(child.match.group(1), "bravo", staffed.listen)
        code, rest = ended(child)

    assert code == 3
    assert "Renewed: bravo in Europe & India. Not renewed: acme in Europe & India." in plain(rest)
    assert "hint: sp-connect renew --due 30\n" in plain(rest)


@pytest.mark.slow
def test_after_a_wait_without_an_answer_a_walk_asks_whether_to_go_on(office: Agency, staffed: Program) -> None:
    all_due(office, "acme", "bravo", "charlie-gmbh")

    with staffed.terminal("renew", "--no-browser", "--timeout", "1", columns=400) as child:
        child.expect_exact("Go on with bravo in Europe & India? [Y/n]")
        child.sendline("")
        child.expect_exact("2 of 3")
        child.expect_exact("Go on with charlie-gmbh in Europe & India? [Y/n]")
        child.sendline("n")
        code, rest = ended(child)

    assert code == 3
    assert "3 of 3" not in plain(rest)
    assert "Not renewed: acme in Europe & India, bravo in Europe & India and charlie-gmbh" in plain(rest)


@pytest.mark.slow
def test_of_one_alone_nothing_is_skipped_and_nothing_asked(staffed: Program) -> None:
    with staffed.terminal("connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "1") as child:
        code, rest = ended(child)

    assert code == 3
    assert "skips" not in rest
    assert "Go on" not in rest
