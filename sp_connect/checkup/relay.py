"""The check of the relay page: whether an app's redirect URI serves it, and serves it so that it works."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from sp_connect import errors, pages
from sp_connect.amazon import registration
from sp_connect.amazon.client import Answer
from sp_connect.authorization import loopback
from sp_connect.checkup.context import Context
from sp_connect.findings import Finding, ok, skipped, warning
from sp_connect.models import App

QUERY = "sp-connect-doctor=1"
"""Amazon comes with a query, so the page must be there with one. Without a state the page hands nothing on."""

HANDS_ON = re.compile(r'location\.replace\("http://([^"/]{1,60})/callback"')
"""The listener's address, as the script of every version of the relay page has it."""

DIGEST = re.compile(r"script-src '(sha256-[^']+)'")
"""The digest of the page's script, as its own policy names it."""

LONGEST = 200
"""Characters of what another server sent that are repeated."""


def page(context: Context, app: App) -> Finding:
    """Whether the page at an app's redirect URI would bring Amazon's answer back. Raises WrongRelay.

    It must be the page that `sp-connect relay` writes for this app, reached without a detour, shown and not
    downloaded, with its script allowed. A server that is silent or refuses programs may still serve browsers.
    """
    try:
        registration.check_redirect_uri(app.redirect_uri)
        loopback.check(app.listen)
    except errors.BadAppField:
        return skipped(f"{app.name}: its redirect URI or its address is not well formed")
    try:
        answer = context.runtime.amazon.look(f"{app.redirect_uri}{'&' if '?' in app.redirect_uri else '?'}{QUERY}")
    except errors.Unreachable as error:
        return warning(f"{app.name}: {app.redirect_uri}: {error.message}", f"open it in a browser; {error.hint}")
    except errors.UnexpectedAnswer:
        raise errors.WrongRelay(app.redirect_uri, "it sends more than any relay page has", app.name) from None
    return judge(app, answer)


def judge(app: App, answer: Answer) -> Finding:
    """Judges the answer of the redirect URI. Raises WrongRelay."""
    uri = f"{app.name}: {app.redirect_uri}"
    if answer.status in {301, 302, 303, 307, 308}:
        return _detour(app, answer.headers.get("Location", ""))
    if answer.status in {403, 429} or answer.status >= 500:
        return warning(f"{uri} answers a program with {answer.status}", "open it in a browser: it must show the page")
    if wrong := _fault(app, answer):
        raise errors.WrongRelay(app.redirect_uri, wrong, app.name)
    if _plain(answer.body) == _plain(pages.relay(app.listen)):
        return ok(f"{uri} serves the page of this version")
    return warning(
        f"{uri} serves a relay page of another version, or one that was changed on its way",
        f"put this file there: sp-connect relay --app {app.name} --out relay.html",
    )


def _fault(app: App, answer: Answer) -> str | None:
    """Why a page would not hand on, as a clause."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    found = HANDS_ON.search(answer.body)
    if answer.status != 200:
        return f"it answers {answer.status}"
    if found is None:
        return "it is another page"
    if found[1] != app.listen:
        return f"it hands on to {found[1]}, and this app listens on {app.listen}"
    if kind != "text/html":
        return f"its server calls it {kind[:LONGEST] or 'nothing'}, not text/html"
    if answer.headers.get("Content-Disposition", "").strip().lower().startswith("attachment"):
        return "its server has browsers save it instead of showing it"
    own = DIGEST.search(answer.body)
    policies = answer.headers.get("Content-Security-Policy", "").split(",")
    if not all(_lets_run(policy, own[1] if own else "none") for policy in policies):
        return "its server's Content-Security-Policy forbids its script"
    return None


def _detour(app: App, location: str) -> Finding:
    """A redirect loses the query, or Amazon's code on a way without https; at best it is one more thing to break."""
    try:
        target = urljoin(app.redirect_uri, location)
        parts = urlsplit(target)
    except ValueError:
        raise errors.WrongRelay(app.redirect_uri, "it leads on to what is no address", app.name) from None
    leads = f"it leads on to {target[:LONGEST]}"
    if parts.scheme != "https":
        raise errors.WrongRelay(app.redirect_uri, f"{leads}, without https", app.name)
    if QUERY not in parts.query:
        raise errors.WrongRelay(app.redirect_uri, f"{leads}, and drops the query", app.name)
    return warning(
        f"{app.name}: {app.redirect_uri}: {leads}", "register that address instead, at Amazon and in config.toml"
    )


def _lets_run(policy: str, digest: str) -> bool:
    """Whether a Content-Security-Policy lets a script run that stands in the page (CSP level 3, 6.7.3 and 6.8)."""
    rules: dict[str, list[str]] = {}
    for rule in policy.split(";"):
        name, *sources = rule.split() or [""]
        rules.setdefault(name.lower(), [source.strip("'") for source in sources])
    if "sandbox" in rules and "allow-scripts" not in rules["sandbox"]:
        return False
    ruling = next((rules[name] for name in ("script-src-elem", "script-src", "default-src") if name in rules), None)
    if ruling is None or digest in ruling:
        return True
    # Beside a hash or a nonce, browsers pass over 'unsafe-inline'.
    named = ("sha256-", "sha384-", "sha512-", "nonce-", "strict-dynamic")
    return "unsafe-inline" in ruling and not any(source.lower().startswith(named) for source in ruling)


def _plain(text: str) -> str:
    """Without what an upload may change and no browser minds: line ends, a mark in front, white space at the end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").rstrip()
