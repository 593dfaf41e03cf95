"""Authorizations and codes of the simulated Amazon, in memory or in a file.

Several processes may share the file: it is locked and read again before each change. Everything in it is
simulated, so it may hold tokens in the clear. Knows no rules.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.simulator.accounts import Account


@dataclass(frozen=True, slots=True)
class Authorization:
    """One seller account's consent to one app. `key` is random and never shown: it seals access tokens.

    `country` is that of the host where it was given, None where the host is a whole region's.
    """

    key: str
    refresh_token: str
    application_id: str
    account: Account
    region: str
    country: str | None
    authorized_at: datetime
    revoked_at: datetime | None = None

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries that it covers: the account's; in the Far East only the one it was given for (amazon.md 9)."""
        if self.region == "fe" and self.country is not None:
            return (self.country,)
        return self.account.countries


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that was not exchanged yet; `key` is its authorization's."""

    code: str
    key: str
    redirect_uri: str
    issued_at: datetime


class Ledger:
    """Authorizations by key and codes by themselves. Read after `refresh`, changed inside `changing`."""

    def __init__(self, file: Path | None) -> None:
        self.authorizations: dict[str, Authorization] = {}
        self.codes: dict[str, Code] = {}
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._guard = threading.RLock()
        self.refresh()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else changes anything meanwhile, and what the block did is kept when it ends."""
        with self._guard, self._locked():
            self.refresh()
            try:
                yield
            except BaseException:
                self._seen = None
                raise
            self._write()

    def refresh(self) -> None:
        """Reads what other processes wrote since. Raises Damaged."""
        with self._guard:
            if self._file is None:
                return
            try:
                status = self._file.stat()
                seen = (status.st_ino, status.st_mtime_ns, status.st_size)
                if seen == self._seen:
                    return
                found = json.loads(self._file.read_bytes())
                self.authorizations = {a.key: a for a in map(_authorization, found["authorizations"])}
                self.codes = {c.code: c for c in map(_code, found["codes"])}
                self._seen = seen
            except FileNotFoundError:
                self.authorizations, self.codes, self._seen = {}, {}, None
            except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
                raise errors.Damaged(self._file, str(error), "delete the file: it holds only simulated data") from None

    def given(self) -> tuple[Authorization, ...]:
        """Every authorization that anybody gave, as of now. Raises Damaged."""
        with self._guard:
            self.refresh()
            return tuple(self.authorizations.values())

    def _locked(self) -> Any:
        if self._file is None:
            return nullcontext()
        from sp_connect.stores.home import locks

        return locks.held(self._file.with_name(f"{self._file.name}.lock"))

    def _write(self) -> None:
        if self._file is None:
            return
        from sp_connect.stores.home import files

        kept = {
            "authorizations": [dataclasses.asdict(authorization) for authorization in self.authorizations.values()],
            "codes": [dataclasses.asdict(code) for code in self.codes.values()],
        }
        files.replace(self._file, json.dumps(kept, default=datetime.isoformat, indent=1).encode())
        self._seen = None


def _authorization(kept: dict[str, Any]) -> Authorization:
    account = kept["account"]
    revoked_at = kept["revoked_at"]
    return Authorization(
        **kept
        | {
            "account": Account(**account | {"countries": tuple(account["countries"])}),
            "authorized_at": datetime.fromisoformat(kept["authorized_at"]),
            "revoked_at": datetime.fromisoformat(revoked_at) if revoked_at else None,
        }
    )


def _code(kept: dict[str, Any]) -> Code:
    return Code(**kept | {"issued_at": datetime.fromisoformat(kept["issued_at"])})
