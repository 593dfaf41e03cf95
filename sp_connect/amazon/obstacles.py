"""Explains why a request failed (certificate, TLS, proxy, DNS or connection), and what to do about it.

An error's own text may hold the address or the token that the call was for: only OpenSSL's reasons and a status are
taken from it.
"""

from __future__ import annotations

import http.client
import os
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions

from sp_connect.amazon import transport

PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""The variables that may name the proxy for https, in the order in which `requests` looks."""

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")
_WHERE_CLOCK = "compare this machine's clock with the right time: date -u"

# X509_V_ERR_... of OpenSSL's x509_vfy.h.
_NOT_YET, _EXPIRED, _OTHER_HOST = 9, 10, frozenset({62, 64})
_OLD_TLS = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"})
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG"})


class Obstacle(NamedTuple):
    """Why a host could not be asked, as a clause, and the next step if one is known.

    One that is `lasting` will be there in a second too: the call is not tried again.
    """

    why: str
    hint: str | None = None
    lasting: bool = False


def obstacle(error: Exception, host: str, connect: float, read: float) -> Obstacle:
    """The obstacle behind `error` in a call to `host`, whose limits were `connect` and `read` seconds."""
    chain = list(_chain(error))
    at_proxy = any(isinstance(one, requests.exceptions.ProxyError | exceptions.ProxyError) for one in chain)
    # With a proxy that takes plain HTTP, TLS is always that of the host.
    of_proxy = at_proxy and os.environ.get(_first(PROXIES) or "", "").lower().startswith("https")
    for one in chain:
        found = _certificate(one, host, at_proxy=of_proxy) or _tunnel(one, host) or _setting(one)
        if found is not None:
            return found
    for one in chain:
        if isinstance(one, ssl.SSLError) and not isinstance(one, TimeoutError):
            return _tls(one, at_proxy=of_proxy)
    return _line(chain, connect, read, at_proxy=at_proxy)


def late(whole: float) -> Obstacle:
    """A call whose answer was not complete within `whole` seconds."""
    return Obstacle(f"its answer was not complete after {whole:.0f} seconds")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and every one that it was made from."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        held = (*one.args, getattr(one, "reason", None), getattr(one, "original_error", None))
        waiting.extend(other for other in (*held, one.__cause__, one.__context__) if isinstance(other, BaseException))


def _certificate(error: BaseException, host: str, *, at_proxy: bool) -> Obstacle | None:
    """A certificate error; None if the error is another one."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    whose = "the certificate of the proxy" if at_proxy else "its certificate"
    said = f" (OpenSSL: {error.verify_message.rstrip('.').lower()})"
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    if error.verify_code == _NOT_YET:
        return Obstacle(f"{whose} is not valid yet; here it is {now}{said}", _WHERE_CLOCK, lasting=True)
    if error.verify_code == _EXPIRED:
        return Obstacle(f"{whose} has expired; here it is {now}{said}", _WHERE_CLOCK, lasting=True)
    if error.verify_code in _OTHER_HOST:
        hint = f"something else answers instead, such as a proxy or a guest network: curl -v https://{host}"
        return Obstacle(f"{whose} is for another host{said}", hint, lasting=True)
    return Obstacle(f"{whose} is not trusted here{said}", _trust(), lasting=True)


def _trust() -> str:
    variable = _first(transport.BUNDLES)
    if variable is None:
        return "if a proxy of this network inspects TLS, trust its certificate: export REQUESTS_CA_BUNDLE=FILE.pem"
    return f"{variable} names the trusted certificates: add the one of this network to {os.environ[variable]}"


def _tunnel(error: BaseException, host: str) -> Obstacle | None:
    """A proxy that refused to connect, by its status."""
    found = _TUNNEL.search(str(error)) if isinstance(error, OSError) else None
    if found is None:
        return None
    status = int(found[1])
    phrase = f" {HTTPStatus(status).phrase}" if status in list(HTTPStatus) else ""
    why = f"the proxy {_proxy()} answered {status}{phrase}"
    variable = _first(PROXIES) or "HTTPS_PROXY"
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        hint = f"give it a name and a password: export {variable}=http://NAME:PASSWORD@HOST:PORT"
        return Obstacle(why, hint, lasting=True)
    if 400 <= status < 500:
        hint = f"ask the people who run it to let {host}:443 through; to see it: curl -v https://{host}"
        return Obstacle(why, hint, lasting=True)
    return Obstacle(why, f"it cannot reach {host}; try again in a minute")


def _setting(error: BaseException) -> Obstacle | None:
    """An environment variable with an unusable value."""
    if isinstance(error, transport.BundleError):
        whose = f"which {error.variable} names" if error.variable else "which sp-connect was installed with"
        hint = f"correct it, or: unset {error.variable}" if error.variable else "install sp-connect again"
        return Obstacle(f"the certificates in {error.path}, {whose}, cannot be used: {error.why}", hint, lasting=True)
    variable = _first(PROXIES)
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        hint = "pipx inject sp-connect pysocks, or pip install pysocks"
        why = f"{variable or 'the proxy'} names a SOCKS proxy, for which a package is missing"
        return Obstacle(why, hint, lasting=True)
    unusable = (requests.exceptions.InvalidProxyURL, exceptions.ProxySchemeUnknown, exceptions.LocationParseError)
    is_refused = isinstance(error, (*unusable, requests.exceptions.InvalidURL))
    if variable is not None and (is_refused or _proxy() is None):
        hint = f"export {variable}=http://HOST:PORT, or: unset {variable}"
        return Obstacle(f"{variable} is not the address of a proxy", hint, lasting=True)
    return None


def _tls(error: ssl.SSLError, *, at_proxy: bool) -> Obstacle:
    """A TLS error before any certificate was checked."""
    who, said = "the proxy" if at_proxy else "it", f" (OpenSSL: {transport.reason(error)})"
    if error.reason in _OLD_TLS:
        hint = "the server, or something in between, is too old: sp-connect needs TLS 1.2 or newer"
        return Obstacle(f"{who} offers only old versions of TLS{said}", hint, lasting=True)
    if error.reason in _NO_TLS:
        variable = _first(PROXIES)
        hint = (
            f"export {variable}=http://{_proxy()}, if the proxy takes plain HTTP"
            if at_proxy and variable
            else "something in between answers in plain HTTP, such as a proxy or the sign-in page of a guest network"
        )
        return Obstacle(f"{who} answers without TLS{said}", hint, lasting=True)
    return Obstacle(f"TLS with {'the proxy' if at_proxy else 'it'} failed{said}")


def _line(chain: Sequence[BaseException], connect: float, read: float, *, at_proxy: bool) -> Obstacle:
    """A network error: a name that is not found, no answer, or a broken connection."""
    if any(isinstance(one, exceptions.NameResolutionError) for one in chain):
        name = f"the name of the proxy {_proxy()}" if at_proxy else "its name"
        return Obstacle(f"{name} is not found: there is no network, or no DNS")
    if any(isinstance(one, requests.exceptions.ProxyError) for one in chain):
        return Obstacle(f"the proxy {_proxy()} did not answer")
    if any(isinstance(one, requests.exceptions.ConnectTimeout) for one in chain):
        return Obstacle(f"no connection within {connect:.0f} seconds")
    if any(isinstance(one, TimeoutError | exceptions.ReadTimeoutError) for one in chain):
        return Obstacle(f"no answer within {read:.0f} seconds")
    if any(isinstance(one, exceptions.NewConnectionError) for one in chain):
        system = next((one.strerror for one in chain if isinstance(one, OSError) and one.strerror), None)
        return Obstacle(f"there is no connection{f': {system.lower()}' if system else ''}")
    if any(isinstance(one, http.client.RemoteDisconnected | ConnectionError) for one in chain):
        return Obstacle("the connection broke before the answer")
    if any(isinstance(one, exceptions.HTTPError | requests.exceptions.ChunkedEncodingError) for one in chain):
        return Obstacle("the connection broke during the answer")
    return Obstacle(f"the request failed ({type(chain[0]).__name__})")


def _proxy() -> str | None:
    """Host and port of the proxy, without user name and password; None if its address is not valid."""
    variable = _first(PROXIES)
    address = os.environ[variable] if variable else "//of this network"
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    return f"{parts.hostname}{port}" if parts.hostname else None


def _first(names: Iterable[str]) -> str | None:
    return next((name for name in names if os.environ.get(name)), None)
