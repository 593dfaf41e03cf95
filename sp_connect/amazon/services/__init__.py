"""Amazon's services: consent address, answers, account, check and end of each. Seller Central is the only one today."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sp_connect.amazon.services.protocol import Service
    from sp_connect.models import Scope


def of(scope: Scope) -> Service:  # noqa: ARG001 - a scope names no service yet
    """The service of a scope. Its module is imported here, since `list` and `show` seldom need it."""
    from sp_connect.amazon.services import seller

    return seller
