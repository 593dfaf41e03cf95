"""How the real world is wired from the environment."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sp_connect import errors, runtime, settings
from sp_connect.runtime import Runtime
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen


def build(environ: dict[str, str]) -> Runtime:
    return runtime.real(Screen(io.StringIO(), io.StringIO()), Prompt(None, io.StringIO()), environ)


def test_the_passphrase_leaves_the_environment_so_that_no_child_inherits_it(tmp_path: Path) -> None:
    environ = {"SP_CONNECT_HOME": str(tmp_path), "SP_CONNECT_PASSPHRASE": "correct horse"}

    build(environ)

    assert "SP_CONNECT_PASSPHRASE" not in environ


def test_the_passphrase_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse\n")

    found = settings.passphrase_of({"SP_CONNECT_PASSPHRASE_FILE": str(file)})()

    assert found is not None
    assert found.reveal() == "correct horse"


def test_a_passphrase_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreUnavailable, match="nowhere"):
        settings.passphrase_of({"SP_CONNECT_PASSPHRASE_FILE": str(tmp_path / "nowhere")})()


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:8800",
        "http://127.0.0.1",
        "http://10.0.0.1:8800",
        "http://127.0.0.1:8800/path",
        "http://user@127.0.0.1:8800",
        "http://127.0.0.1.evil.example:8800",
        "http://127.0.0.1:port",
        "127.0.0.1:8800",
        "http://[::1",
    ],
)
def test_amazon_elsewhere_is_on_this_machine_or_refused(address: str) -> None:
    with pytest.raises(errors.Usage):
        settings.amazon_base({"SP_CONNECT_AMAZON_URL": address})


@pytest.mark.parametrize("address", ["http://127.0.0.1:8800", "http://localhost:8800/", "http://[::1]:8800"])
def test_amazon_elsewhere_may_be_any_port_of_this_machine(address: str) -> None:
    assert settings.amazon_base({"SP_CONNECT_AMAZON_URL": address}) == address.rstrip("/")


def test_one_variable_moves_everything_into_one_folder(tmp_path: Path) -> None:
    where = settings.home({"SP_CONNECT_HOME": str(tmp_path)})

    assert where.config == where.data == tmp_path
