"""Every format, read back by what reads it: a value comes out as it went in, or is refused by name."""

from __future__ import annotations

import io
import json
from pathlib import Path

import dotenv
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.views import quoting
from tests.doors import shells
from tests.doors.given import HOSTILE

VALUES = {f"V{number}": value for number, value in enumerate(HOSTILE.values())}
REFUSED = {
    "env": {"a\0b"},
    "fish": {"a\0b"},
    "powershell": {"a\0b"},
    "dotenv": {"a\0b", "it's", "a\\", "a\\b", "${HOME}", "a\nb", "a\rb"},
    "cmd": {"a\0b", 'a"b', "a\nb", "a\rb", "\x1a", "\u00e9", "\t"},
}
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def holds(form: str, value: str) -> bool:
    try:
        quoting.FORMATS[form]({"V": value})
    except errors.Usage:
        return False
    return True


def held(form: str) -> dict[str, str]:
    """Those of the hostile values that a form takes."""
    return {name: value for name, value in VALUES.items() if holds(form, value)}


@pytest.mark.parametrize(
    ("shell", "form"), [("bash", "env"), ("sh", "env"), ("zsh", "env"), ("fish", "fish"), ("sh", "dotenv")]
)
def test_a_shell_reads_every_value_as_it_was(tmp_path: Path, shell: str, form: str) -> None:
    values = held(form)
    exported = "set -a\n" if form == "dotenv" else ""
    (tmp_path / "file").write_bytes(f"{exported}{quoting.FORMATS[form](values)}".encode())

    found = shells.read_by(shell, str(tmp_path / "file"))

    assert {name: found[name] for name in values} == values


@pytest.mark.parametrize("form", ["env", "fish", "powershell"])
def test_a_shell_takes_every_value(form: str) -> None:
    assert held(form) == VALUES


def test_python_dotenv_reads_every_value_as_it_was() -> None:
    values = held("dotenv")

    assert dotenv.dotenv_values(stream=io.StringIO(quoting.dotenv(values)), interpolate=True) == values


@given(ANY)
def test_python_dotenv_reads_whatever_is_not_refused(value: str) -> None:
    if holds("dotenv", value):
        assert dotenv.dotenv_values(stream=io.StringIO(quoting.dotenv({"V": value}))) == {"V": value}


def test_powershells_rule_gives_every_value_back() -> None:
    assert shells.powershell(quoting.powershell(VALUES)) == VALUES


@given(ANY)
def test_powershells_rule_gives_whatever_back(value: str) -> None:
    assert shells.powershell(quoting.powershell({"V": value})) == {"V": value}


def test_cmds_rule_gives_every_value_back() -> None:
    values = held("cmd")

    assert shells.cmd(quoting.cmd(values)) == values


@pytest.mark.parametrize("name", ["percent", "caret", "exclamation", "redirections", "spaces", "single quotes"])
def test_cmd_takes_what_its_quotes_protect(name: str) -> None:
    value = HOSTILE[name].replace("\t", "")

    assert shells.cmd(quoting.cmd({"V": value})) == {"V": value}


@pytest.mark.parametrize(
    ("form", "value"), [(form, value) for form, refused in REFUSED.items() for value in sorted(refused)]
)
def test_what_a_form_cannot_hold_is_refused_by_name(form: str, value: str) -> None:
    with pytest.raises(errors.Usage) as failure:
        quoting.FORMATS[form]({"LWA_CLIENT_SECRET": f"sentinel{value}"})

    assert failure.value.message.startswith("LWA_CLIENT_SECRET holds a character that")
    assert "sentinel" not in failure.value.told()
    assert (failure.value.hint or "").removeprefix("--format ") in quoting.FORMATS


@pytest.mark.parametrize("value", [*HOSTILE.values(), "a\0b", "\ud800"], ids=[*HOSTILE, "zero", "half a pair"])
def test_json_and_yaml_hold_anything_in_ascii(value: str) -> None:
    three = {"SP_API_REFRESH_TOKEN": value, "LWA_APP_ID": value, "LWA_CLIENT_SECRET": value}
    as_json, as_yaml = quoting.as_json(three), quoting.credentials_yml(three)

    assert (as_json + as_yaml).isascii()
    assert json.loads(as_json) == three
    assert yaml.safe_load(as_yaml) == {
        "version": "1.0",
        "default": {"refresh_token": value, "lwa_app_id": value, "lwa_client_secret": value},
    }
