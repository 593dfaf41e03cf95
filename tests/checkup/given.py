"""A visit of the doctor, and the check that a test is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sp_connect import checkup
from sp_connect.amazon.http import Amazon
from sp_connect.edges import Edges
from sp_connect.findings import Finding
from sp_connect.models import SecretName
from sp_connect.stores import secrets
from sp_connect.stores.changes import Changes
from tests.agency import Agency
from tests.amazon.tiny import Reply, Tiny, serving


def visit(edges: Edges, *, fix: bool = False, yes: bool = False) -> list[Finding]:
    return checkup.in_order(checkup.run(edges, fix=fix, yes=yes))


def findings(edges: Edges, name: str, *, fix: bool = False, yes: bool = False) -> list[Finding]:
    """What a whole visit says of one check."""
    return [one for one in visit(edges, fix=fix, yes=yes) if one.name == name]


def finding(edges: Edges, name: str, *, fix: bool = False, yes: bool = False) -> Finding:
    """The same where it is made once."""
    [found] = findings(edges, name, fix=fix, yes=yes)
    return found


def wrong(found: list[Finding]) -> list[str]:
    return [one.name for one in found if one.result not in {"ok", "skipped"}]


def code(found: Finding) -> tuple[int, str] | None:
    return None if found.error is None else (found.error.exit_code, found.error.code)


def with_store(agency: Agency, store: secrets.SecretStore) -> Edges:
    """The agency's edges with another secret store in use."""
    edges, home = agency.edges, agency.folder
    changes = Changes(home / "unfinished", home / "lock", edges.apps, edges.connections, edges.invites, store)
    return replace(edges, secrets=store, changes=changes)


@contextmanager
def elsewhere(agency: Agency, *replies: Reply) -> Iterator[tuple[Edges, Tiny]]:
    """The agency's edges with a tiny server in the place of Amazon and of the relay's host."""
    with serving(*replies) as tiny:
        yield replace(agency.edges, amazon=Amazon(tiny.base, sleep=lambda _: None)), tiny


def edit(path: Path, old: str, new: str) -> None:
    """What a person does to a file by hand."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    path.chmod(0o600)


def sealed(agency: Agency, name: SecretName) -> Path:
    """The vault's file of an owner."""
    return agency.folder / "vault" / {"app": "apps", "seller": "sellers"}[name.kind] / f"{name.owner}.sealed"
