"""What a person types or pipes in as a target: secrets, the fields of an app, a code to explain, a line and TAB."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sp_connect import errors
from sp_connect.amazon import consent, explanations, geography, redaction, registration
from sp_connect.authorization import loopback
from sp_connect.commands import explain
from sp_connect.completion import line, shells
from sp_connect.stores.home.apps import Apps
from sp_connect.terminal.prompt import Prompt
from tests.cli.completing import furnish
from tests.fuzz.callbacks import values_of
from tests.fuzz.target import Ready, Target
from tests.stores.samples import app

SHELLS = ("bash", "zsh", "fish", "powershell")


@contextmanager
def _secret(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        secret = Prompt(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"), io.StringIO()).secret_from_stdin(
            "refresh token"
        )
        value = secret.reveal()
        assert value == value.strip() != ""
        if value.startswith("amzn1.oa2-cs."):
            assert registration.check_client_secret(secret)
        else:
            registration.check_refresh_token(secret)
            assert value.startswith("Atzr|")
            assert len(value) <= 2048
        assert value.isascii()
        assert value.isprintable()
        assert " " not in value

    yield Ready(read)


@contextmanager
def _fields(folder: Path) -> Iterator[Ready]:
    apps = Apps(folder / "config.toml")

    def read(data: bytes) -> None:
        fields = [*data.decode("utf-8", "replace").split("\n"), "", "", "", "", ""]
        application_id, client_id, redirect_uri, listen, seller, region, *country = fields[:7]
        registration.check_ids(application_id, client_id)
        registration.check_redirect_uri(redirect_uri)
        if redaction.holds_secret(data.decode("latin-1")):
            return  # a name is repeated as it was typed
        loopback.check(listen)
        scope = geography.scope(seller, region, (country or [""])[0] or None)
        host, port = loopback.host_and_port(listen) or ("", 0)
        assert loopback.is_loopback(host)
        assert 1 <= port <= 65535
        address = urlsplit(redirect_uri)
        assert (address.scheme, address.fragment, address.username) == ("https", "", None)
        assert address.hostname not in {None, "", "localhost", "127.0.0.1", "::1"}
        made = app(application_id=application_id, client_id=client_id, redirect_uri=redirect_uri, listen=listen)
        apps.put(made)
        assert apps.all() == (made,)
        asked = urlsplit(consent.begin(made, scope).address)
        assert asked.hostname in geography.SELLER_HOSTS
        assert values_of(asked.query, "redirect_uri") == [redirect_uri]
        assert values_of(asked.query, "application_id") == [application_id]

    yield Ready(read)


@contextmanager
def _code(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    codes = {code for one in explanations.ALL for code in one.codes}

    def read(data: bytes) -> None:
        words = data.decode("utf-8", "surrogateescape").split("\n")
        assert set(explanations.near(" ".join(words))) <= codes
        assert explain.run(words) in explanations.ALL

    yield Ready(read)


@contextmanager
def _line(folder: Path) -> Iterator[Ready]:
    furnish(folder)
    before = os.environ.get("SP_CONNECT_HOME")
    os.environ["SP_CONNECT_HOME"] = str(folder)

    def read(data: bytes) -> None:
        text = data.replace(b"\0", b" ").decode("utf-8", "surrogateescape")
        *words, current = text.split(" ")
        found = line.answer(words, current)
        assert found.shell in {"", "files", "programs"}
        for value, told in found.candidates:
            assert value.startswith(current)
            assert (value + told).isprintable()
        check_answer(shells.answer(_asked(SHELLS[len(text) % len(SHELLS)], text)))

    try:
        yield Ready(read)
    finally:
        os.environ.pop("SP_CONNECT_HOME")
        if before is not None:
            os.environ["SP_CONNECT_HOME"] = before


def _asked(shell: str, text: str) -> dict[str, str]:
    """The environment in which the script of a shell asks about a line."""
    told = {"_SP_CONNECT_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": f"sp-connect {text}"}
    words = ["sp-connect", *text.split(" ")]
    return told | {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}


def check_answer(answer: bytes) -> None:
    """A shell is told whole lines of ASCII, without anything that a terminal obeys."""
    text = answer.decode("ascii")
    assert not text or text.endswith("\n")
    assert all(one.replace("\t", "").isprintable() for one in text.split("\n"))


SECRET = Target("secret", _secret, (errors.Usage,), "secret")
FIELDS = Target("fields", _fields, (errors.Usage,), "fields")
CODE = Target("code", _code, (errors.UnknownCode,), "code")
LINE = Target("line", _line, (), "line")
