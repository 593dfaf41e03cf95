"""Flags that are given more than once: they select, or are refused. Nothing typed is dropped without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from sp_connect import errors
from sp_connect.cli import help, main
from sp_connect.cli.entries import ENTRIES
from tests.agency import Agency
from tests.cli.program import Program
from tests.commands.given import connected


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its path, and the program itself as an empty one."""
    yield "", typer.main.get_command(main.app)
    for entry in ENTRIES:
        command: Any = main._load(entry)
        yield entry.name, command
        for name, below in getattr(command, "commands", {}).items():
            yield f"{entry.name} {name}", below


@pytest.mark.parametrize(("path", "command"), [*commands()], ids=lambda one: one if isinstance(one, str) else "")
def test_a_second_value_is_refused_for_every_flag_that_takes_one(path: str, command: Any) -> None:
    single = [param for param in command.params if param.param_type_name == "option" and not help.takes_many(param)]
    for param in single:
        for flag in param.opts:
            line = [flag, "1", f"{param.opts[0]}=2", *(["--", "env"] if path == "exec" else [])]
            with pytest.raises(errors.GivenTwice) as failure:
                command.make_context(path, line)

            assert failure.value.exit_code == 2
            assert param.opts[0] in failure.value.message


def test_what_selects_may_be_repeated_in_every_command_that_selects() -> None:
    found = {path: {param.opts[0] for param in command.params if param.multiple} for path, command in commands()}

    many = {"--seller", "--region", "--country"}
    assert found["list"] == many | {"--app", "--status"}
    assert found["verify"] == found["renew"] == many
    assert found["connect"] == found["invite"] == {"--region", "--country"}
    assert found["revoke"] == found["import"] == found["token"] == found["exec"] == set()


def test_a_switch_may_be_given_twice(program: Program) -> None:
    assert program.run("--no-color", "--no-color", "list", "--json", "--json").code == 0


@pytest.mark.slow
def test_what_follows_the_dashes_of_exec_is_not_ours(office: Agency, staffed: Program) -> None:
    connected(office)

    assert staffed.run("exec", "-s", "acme", "--", "printf", "%s", "-s", "one", "-s", "two").stdout == "-sone-stwo"


@pytest.mark.slow
def test_a_seller_with_one_connection_needs_no_region(office: Agency, staffed: Program) -> None:
    connected(office, "acme", "fe", "JP")

    for place in ((), ("-r", "fe"), ("-c", "jp"), ("-r", "fe", "-c", "JP")):
        assert staffed.run("token", "-s", "acme", *place).code == 0
    assert staffed.run("export", "-s", "acme", "-f", "json").json()["SP_API_REGION"] == "fe"


@pytest.mark.slow
def test_of_several_connections_the_flags_of_each_are_named(office: Agency, staffed: Program) -> None:
    for place in (("na", "US"), ("na", "CA"), ("eu", None)):
        connected(office, "acme", *place)

    anywhere, in_na = staffed.run("token", "-s", "acme"), staffed.run("token", "-s", "acme", "-r", "na")

    assert anywhere.code == in_na.code == 2
    assert "hint: add --region na --country US, --region na --country CA or --region eu" in anywhere.stderr
    assert "acme is connected in United States and Canada: choose one." in in_na.stderr
    assert staffed.run("token", "-s", "acme", "-r", "eu").code == 0


@pytest.mark.slow
def test_a_country_that_was_imported_alone_is_what_its_region_means(office: Agency, staffed: Program) -> None:
    connected(office, "acme", "na", "US")

    assert staffed.run("token", "-s", "acme", "-r", "na", "--json").json()["country"] == "US"


@pytest.mark.slow
def test_an_unknown_seller_or_app_gets_the_near_one(office: Agency, staffed: Program) -> None:
    connected(office, "acme-gmbh")

    for words in (("token", "-s", "acme-gmb"), ("show", "-s", "acme-gmb"), ("verify", "-s", "acme-gmb")):
        result = staffed.run(*words)
        assert (result.code, "did you mean acme-gmbh?" in result.stderr) == (6, True), result.stderr
    assert "did you mean default?" in staffed.run("app", "show", "defalt").stderr


@pytest.mark.slow
def test_a_pattern_selects_and_is_no_name_where_one_is_needed(office: Agency, staffed: Program) -> None:
    for name in ("acme", "acme-2", "bravo"):
        connected(office, name)

    assert [one["seller"] for one in staffed.run("verify", "-s", "acme*", "--json").json()] == ["acme", "acme-2"]
    for words in (("revoke", "-s", "acme*", "--yes"), ("rename", "acme*", "new"), ("exec", "-s", "a*", "--", "env")):
        assert staffed.run(*words).code == 2
    assert len(staffed.run("list", "--json").json()) == 3


@pytest.mark.slow
def test_invite_makes_links_for_every_region_that_is_given(staffed: Program) -> None:
    result = staffed.run("invite", "-s", "acme", "-r", "eu", "-r", "fe", "-c", "JP", "-r", "na", "--json")

    assert [(one["region"], one["country"]) for one in result.json()] == [("eu", None), ("fe", "JP"), ("na", None)]
