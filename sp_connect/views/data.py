"""The JSON objects of the contract. Keys are added over time and never renamed; values from Amazon are unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sp_connect.errors import SpConnectError
from sp_connect.models import SECRET_LIFE, AmazonWords, App, Connection, Invite, LastError, Marketplace

if TYPE_CHECKING:
    from sp_connect.findings import Finding


def connection(connection: Connection, now: datetime) -> dict[str, Any]:
    """A connection as every command prints it."""
    return {
        "seller": connection.scope.seller,
        "region": connection.scope.region,
        "country": connection.scope.country,
        "selling_partner_id": connection.selling_partner_id,
        "id_confirmed": connection.id_confirmed,
        "app": connection.app,
        "access_level": connection.access_level,
        "status": connection.status(now),
        "authorized_at": moment(connection.authorized_at),
        "renew_by": moment(connection.renew_by),
        "verified_at": moment(connection.verified_at),
        "last_error": connection.last_error and last_error(connection.last_error),
        "marketplaces": [marketplace(m) for m in connection.marketplaces],
    }


def last_error(wrong: LastError) -> dict[str, Any]:
    """Why the last check of a connection failed, and when."""
    return {
        "at": moment(wrong.at),
        "code": wrong.code,
        "message": wrong.message,
        "amazon": wrong.amazon and _amazon(wrong.amazon),
    }


def marketplace(marketplace: Marketplace) -> dict[str, Any]:
    """One marketplace of a connection."""
    return {
        "country": marketplace.country,
        "id": marketplace.id,
        "name": marketplace.name,
        "domain": marketplace.domain,
        "currency": marketplace.currency,
        "store_name": marketplace.store_name,
        "participating": marketplace.participating,
        "suspended_listings": marketplace.suspended_listings,
    }


def invite(invite: Invite, now: datetime) -> dict[str, Any]:
    """An invite, with the link that its seller opens."""
    return {
        "seller": invite.scope.seller,
        "region": invite.scope.region,
        "country": invite.scope.country,
        "app": invite.app,
        "url": invite.address,
        "created_at": moment(invite.created_at),
        "expires_at": moment(invite.expires_at),
        "status": invite.status(now),
    }


def app(app: App, seats_used: int, now: datetime) -> dict[str, Any]:
    """An app, less its client secret. `secret_age_days` counts against `secret_life_days`."""
    return {
        "name": app.name,
        "application_id": app.application_id,
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "listen": app.listen,
        "draft": app.draft,
        "access_level": app.access_level,
        "secret_set_at": moment(app.secret_set_at),
        "secret_age_days": (now - app.secret_set_at).days,
        "secret_life_days": SECRET_LIFE.days,
        "seats_used": seats_used,
        "seats": app.seats(seats_used),
    }


def finding(checked: Connection, wrong: SpConnectError | None, now: datetime) -> dict[str, Any]:
    """A connection as `verify` prints it."""
    return connection(checked, now) | {"ok": wrong is None, "error": wrong and wrong.as_dict()}


def revoked(gone: Connection, manage_url: str, now: datetime) -> dict[str, Any]:
    """A connection as `revoke` prints it, once it is forgotten."""
    return connection(gone, now) | {"revoked_locally": True, "manage_url": manage_url}


def move(
    source: str,
    target: str,
    moved: Sequence[App | Connection],
    missing: Sequence[App | Connection],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """The result of `store move`, done or planned: secrets moved, and those in neither store."""
    apps = sum(isinstance(one, App) for one in moved)
    return {
        "from": source,
        "to": target,
        "dry_run": dry_run,
        "apps": apps,
        "connections": len(moved) - apps,
        "missing": [_place(one) for one in missing],
    }


def checkup(found: Sequence[Finding]) -> dict[str, Any]:
    """The results of `doctor`, check by check; `ok` is false if any failed."""
    checks = [
        {
            "name": one.name,
            "subject": one.subject,
            "result": one.result,
            "finding": one.found,
            "mend": one.mend,
            "seconds": round(one.seconds, 3),
            "fixed": one.fixed,
        }
        for one in found
    ]
    return {"checks": checks, "ok": not any(one.result == "failed" for one in found)}


def _amazon(words: AmazonWords) -> dict[str, Any]:
    return {
        "error": words.error,
        "error_description": words.error_description,
        "request_id": words.request_id,
    }


def _place(record: App | Connection) -> dict[str, Any]:
    """Which app, or which connection."""
    if isinstance(record, App):
        return {"app": record.name, "seller": None, "region": None, "country": None}
    scope = record.scope
    return {"app": None, "seller": scope.seller, "region": scope.region, "country": scope.country}


def moment(when: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z, whole seconds."""
    return None if when is None else f"{when.astimezone(UTC).isoformat(timespec='seconds')[:19]}Z"
