"""Secrets as a search knows them: in every form in which a program may print one by mistake."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote

from sp_connect.simulator.accounts import Account
from sp_connect.simulator.ledger import Authorization
from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World
from sp_connect.stores.home.vault import Vault
from tests import figures
from tests.agency import Agency
from tests.cli.program import PASSPHRASE

SHORTEST, PART = 8, 30
"""Characters: of a secret at least, and of a long one at its beginning or its end to give it away."""

BASE64_BEFORE = (0, 2, 3)
"""How many letters of base64 depend on the bytes before, for none, one and two of them in the same group of three."""

NAMED_BY_THE_TEST = ("sellers.csv", "new-passphrase")
"""Files in which a test hands secrets to the program."""

RING = "ring"
"""The folder of the keyring that a test made of files: what is there, is in the store."""


class Remembering(World):
    """A simulated Amazon that knows which access tokens and codes it gave."""

    @property
    def given(self) -> set[str]:
        found: set[str] = self.__dict__.setdefault("_given", set())
        return found

    def access_token(self, authorization: Authorization) -> str:
        token = super().access_token(authorization)
        self.given.add(token)
        return token

    def consent(self, app: SimulatedApp, account: Account, host: str, redirect_uri: str) -> str:
        code = super().consent(app, account, host, redirect_uri)
        self.given.add(code)
        return code


def of(office: Agency) -> set[str | bytes]:
    """Every secret of an agency: what it has of its own, and what Amazon gave it."""
    world, vault = office.world, office.runtime.secrets
    assert isinstance(world, Remembering)
    assert isinstance(vault, Vault)
    opened = vault._open()
    assert opened is not None
    tokens = {one.refresh_token for one in world.authorizations()}
    return {PASSPHRASE, str(BUILT_IN.client_secret), opened.key, *tokens, *world.given}


def access_tokens(office: Agency) -> set[str | bytes]:
    """What `token` hands out."""
    return {one for one in of(office) if isinstance(one, str) and one.startswith("Atza|")}


def credentials(office: Agency) -> set[str | bytes]:
    """What `exec` and `export` hand out."""
    tokens = {one for one in of(office) if isinstance(one, str) and one.startswith(("Atza|", "Atzr|"))}
    return {str(BUILT_IN.client_secret), *tokens}


@cache
def forms(secret: str | bytes) -> tuple[bytes, ...]:
    """A secret as it is or in part, in hexadecimal, base64 and UTF-16, and as addresses and JSON have it."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    assert len(raw) >= SHORTEST, "a short one is found everywhere"
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), *_in_base64(raw)}
    if isinstance(secret, str):
        found |= {quote(secret, safe="").encode(), quote(secret).encode(), secret.encode("utf-16-le")}
        found.add(json.dumps(secret)[1:-1].encode())
        found |= {raw[:PART], raw[-PART:]} if len(raw) > 2 * PART else set()
    return tuple(found)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """What is the same whatever stands before and behind."""
    for before, dependent in enumerate(BASE64_BEFORE):
        whole = bytes(before) + raw[: len(raw) - (len(raw) + before) % 3]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(whole)[dependent:]


def leaks(secrets: Iterable[str | bytes], places: Mapping[str, str | bytes]) -> list[str]:
    """Each place that holds a secret in any form, with the secret's beginning. Looking is counted."""
    contents = {place: what.encode() if isinstance(what, str) else what for place, what in places.items()}
    looked_for = list(secrets)
    figures.record("sentinel checks", len(looked_for) * len(contents))
    everything = b"\0".join(contents.values())
    return [
        f"{str(secret)[:16]} in {place}"
        for secret in looked_for
        if any(form in everything for form in forms(secret))
        for place, content in contents.items()
        if any(form in content for form in forms(secret))
    ]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, sealed ones too, but those in which the test itself wrote secrets."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in NAMED_BY_THE_TEST and RING not in path.parts
    }
