"""A browser and a client in front of the box: what the tests do to it, over real HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World

EUROPE = "sellercentral-europe.amazon.com"
REDIRECT_URI = BUILT_IN.redirect_uris[0]


@dataclass
class Clock:
    """The time of a simulated world, moved by hand."""

    now: datetime = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Box:
    """One running simulator, seen from outside. `browser` keeps cookies, as a browser does."""

    base: str
    world: World
    clock: Clock
    browser: requests.Session = field(default_factory=requests.Session)

    def consent_address(self, host: str = EUROPE, app: SimulatedApp = BUILT_IN, **more: Any) -> str:
        asked = {
            "application_id": app.application_id,
            "state": "s1",
            "redirect_uri": app.redirect_uris[0],
        } | more
        return f"{self.base}/{host}/apps/authorize/consent?{urlencode(asked)}"

    def open_consent(self, host: str = EUROPE, app: SimulatedApp = BUILT_IN, **more: Any) -> requests.Response:
        return self.browser.get(self.consent_address(host, app, **more), timeout=10)

    def press(self, host: str = EUROPE, app: SimulatedApp = BUILT_IN, **form: Any) -> requests.Response:
        """Confirm, unless `answer` says otherwise; redirects are not followed."""
        sent = {"state": "s1", "redirect_uri": app.redirect_uris[0], "answer": "confirm"} | form
        address = f"{self.base}/{host}/apps/authorize/confirm/{app.application_id}"
        return self.browser.post(address, data=sent, allow_redirects=False, timeout=10)

    def code(self, host: str = EUROPE, app: SimulatedApp = BUILT_IN, **form: Any) -> str:
        return query(self.press(host, app, **({"company": "acme"} | form)))["spapi_oauth_code"]

    def ask_token(self, app: SimulatedApp = BUILT_IN, *, as_json: bool = False, **form: Any) -> requests.Response:
        sent = {"client_id": app.client_id, "client_secret": app.client_secret or "any"} | form
        address = f"{self.base}/api.amazon.com/auth/o2/token"
        if as_json:
            return requests.post(address, json=sent, timeout=10)
        return requests.post(address, data=sent, timeout=10)

    def exchange(self, code: str, app: SimulatedApp = BUILT_IN, **more: Any) -> requests.Response:
        return self.ask_token(app, grant_type="authorization_code", code=code, **more)

    def refresh(self, refresh_token: str, app: SimulatedApp = BUILT_IN) -> requests.Response:
        return self.ask_token(app, grant_type="refresh_token", refresh_token=refresh_token)

    def tokens(self, host: str = EUROPE, **form: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.exchange(self.code(host, **form)).json()
        return found

    def participations(self, access_token: str, region: str = "eu") -> requests.Response:
        address = f"{self.base}/sellingpartnerapi-{region}.amazon.com/sellers/v1/marketplaceParticipations"
        headers = {"x-amz-access-token": access_token} if access_token else {}
        return requests.get(address, headers=headers, timeout=10)


def query(answer: requests.Response) -> dict[str, str]:
    """What a redirect carries."""
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def countries(answer: requests.Response) -> list[str]:
    return [entry["marketplace"]["countryCode"] for entry in answer.json()["payload"]]
