"""The one-time address at which a browser of this machine is opened, and the cookie by which it is known again.

A browser's command line can be read by every user of the machine, and the address of Amazon's page holds the state of
the consent (hazards.md 2.7). So the browser is opened at an address of the listener that is good for one visit.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Sequence
from typing import Literal

PATH = "/open/"


class Opening:
    """The way of one browser to `address`. Until `take` is called there is none, and nothing is asked of anybody.

    From then on a Login-URI hop is answered only in the browser that has made the visit.
    """

    def __init__(self, listen: str, address: str) -> None:
        self.address = address
        self._listen = listen
        self._path = PATH + secrets.token_urlsafe(32)
        # Cookies are not kept apart by port: another sp-connect that waits at another port has another name.
        self._name = f"sp-connect-{listen.rpartition(':')[2]}"
        self._value = secrets.token_urlsafe(32)
        self._state: Literal["unused", "taken", "visited", "withdrawn"] = "unused"
        self._lock = threading.Lock()

    def take(self) -> str:
        """The address for the browser."""
        self._state = "taken"
        return f"http://{self._listen}{self._path}"

    def withdraw(self) -> None:
        """No browser was opened after all. A visit that was made before that still counts."""
        with self._lock:
            if self._state == "taken":
                self._state = "withdrawn"

    @property
    def is_used(self) -> bool:
        """Whether a browser was opened at the one-time address."""
        return self._state in {"taken", "visited"}

    @property
    def cookie(self) -> str:
        """The cookie that the visitor gets. It is not Secure, because the listener uses http on loopback."""
        return f"{self._name}={self._value}; Path=/; HttpOnly; SameSite=Lax"

    def is_at(self, target: str) -> bool:
        """Whether a request's target is the one-time address."""
        return self.is_used and hmac.compare_digest(target.encode(errors="replace"), self._path.encode())

    def admits(self, cookies: Sequence[str]) -> bool:
        """Whether a visitor is the first one, or the same once more. `cookies` are the Cookie headers."""
        with self._lock:
            is_first = self._state == "taken"
            self._state = "visited"
        return is_first or self.is_known(cookies)

    def is_known(self, cookies: Sequence[str]) -> bool:
        """Whether these Cookie headers are those of the browser that made the visit."""
        pairs = [part.strip().partition("=") for header in cookies for part in header.split(";")]
        given = [value for name, _, value in pairs if name == self._name]
        return any(hmac.compare_digest(value.encode(errors="replace"), self._value.encode()) for value in given)
