"""A visit of the doctor, and the check that a test is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sp_connect import checkup
from sp_connect.amazon.client import Amazon
from sp_connect.findings import Finding
from sp_connect.models import SecretName
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store
from sp_connect.stores.home.transactions import Transactions
from tests.agency import Agency
from tests.amazon.tiny import Reply, Tiny, serving


def visit(runtime: Runtime, *, fix: bool = False, yes: bool = False) -> list[Finding]:
    return checkup.in_order(checkup.run(runtime, fix=fix, yes=yes))


def findings(runtime: Runtime, name: str, *, fix: bool = False, yes: bool = False) -> list[Finding]:
    """What a whole visit says of one check."""
    return [one for one in visit(runtime, fix=fix, yes=yes) if one.name == name]


def finding(runtime: Runtime, name: str, *, fix: bool = False, yes: bool = False) -> Finding:
    """The same where it is made once."""
    [found] = findings(runtime, name, fix=fix, yes=yes)
    return found


def wrong(found: list[Finding]) -> list[str]:
    return [one.name for one in found if one.result not in {"ok", "skipped"}]


def code(found: Finding) -> tuple[int, str] | None:
    return None if found.error is None else (found.error.exit_code, found.error.code)


def with_store(agency: Agency, store: secret_store.SecretStore) -> Runtime:
    """The agency's runtime with another secret store in use."""
    runtime, home = agency.runtime, agency.folder
    changes = Transactions(
        home / "unfinished", home / "lock", runtime.apps, runtime.connections, runtime.invites, store
    )
    return replace(runtime, secrets=store, changes=changes)


@contextmanager
def elsewhere(agency: Agency, *replies: Reply) -> Iterator[tuple[Runtime, Tiny]]:
    """The agency's runtime with a tiny server in the place of Amazon and of the relay's host."""
    with serving(*replies) as tiny:
        yield replace(agency.runtime, amazon=Amazon(tiny.base, sleep=lambda _: None)), tiny


def edit(path: Path, old: str, new: str) -> None:
    """What a person does to a file by hand."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    path.chmod(0o600)


def sealed(agency: Agency, name: SecretName) -> Path:
    """The vault's file of an owner."""
    return agency.folder / "vault" / {"app": "apps", "seller": "sellers"}[name.kind] / f"{name.owner}.sealed"
