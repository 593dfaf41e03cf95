"""Sessions for Amazon: certificates that are loaded once, and one deadline over everything that a call waits for.

urllib3 limits each wait on its own, so that a server which drips bytes is never late. Here the deadline of a call
(`limited`) covers looking the name up, the connection, the proxy, TLS, and every byte of the answer: heads, interim
answers, the sizes, extensions and trailers of chunks. Loaded with the first call, because it loads `requests`.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""The variables that may name the certificates to trust; the first one that is set counts."""

POOL = 64
"""Connections to one host that are kept open."""

FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, TypeError, ValueError)
"""Exceptions that a call may raise, including those for invalid headers and unusable settings."""

_call = threading.local()


class BundleError(ValueError):
    """The certificates to trust cannot be loaded: `variable` names them, None for those of the package certifi."""

    def __init__(self, variable: str | None, path: str, why: str) -> None:
        super().__init__(variable, path, why)
        self.variable, self.path, self.why = variable, path, why


@contextmanager
def limited(end: float, silence: float) -> Iterator[None]:
    """Gives the calls of this thread until `end` (`time.monotonic`), and each wait for a byte `silence` seconds."""
    _call.limits = end, silence
    try:
        yield
    finally:
        del _call.limits


def trusted(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The certificates to trust, loaded: they are still known when their file is replaced. Raises BundleError."""
    variable = next((name for name in BUNDLES if environ.get(name)), None)
    path = environ[variable] if variable else DEFAULT_CA_BUNDLE_PATH
    context = create_urllib3_context()
    try:
        folder = Path(path).is_dir()
        context.load_verify_locations(*((None, path) if folder else (path, None)))
    except ssl.SSLError as error:
        raise BundleError(variable, path, f"it holds no certificates ({reason(error)})") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise BundleError(variable, path, (why or "it cannot be read").lower()) from None
    return context


def session(context: ssl.SSLContext | None, headers: Mapping[str, str]) -> requests.Session:
    """A new session that trusts what `context` does. None is for a loopback address: no TLS and no proxies."""
    # Set for all of Python, as by a sitecustomize, it would print every header and form to stdout.
    urllib3.connection.HTTPConnection.debuglevel = 0
    made = requests.Session()
    made.headers.update(headers)
    adapter = _Adapter(context)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    made.trust_env = context is not None
    return made


def send(
    session: requests.Session, request: requests.PreparedRequest, connect: float, read: float
) -> requests.Response:
    """The answer's head; its body is still to be read. Redirects are not followed."""
    settings = session.merge_environment_settings(request.url, {}, stream=True, verify=True, cert=None)
    settings["verify"] = True  # what the variables name is in the context already
    return session.send(request, timeout=(connect, read), allow_redirects=False, **settings)


def reason(error: ssl.SSLError) -> str:
    """OpenSSL's own words for what went wrong, or Python's where OpenSSL has none."""
    return (error.reason or error.strerror or type(error).__name__).replace("_", " ").lower()


class _Adapter(HTTPAdapter):
    """Gives every pool the loaded certificates, and connections that keep the deadline."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_maxsize=POOL)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        own = {"proxy_ssl_context": self._context} if proxy.lower().startswith("https") else {}
        return super().proxy_manager_for(proxy, **named, **own, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the base class would read a certificate file again for each connection."""

    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **named)
        if not hasattr(pool.ConnectionCls, "is_limited"):
            pool.ConnectionCls = _limited(pool.ConnectionCls)
        return pool


@cache
def _limited(kind: type[Any]) -> type[Any]:
    """The class of connections `kind`, made to keep the deadline."""

    class Limited(kind):  # type: ignore[misc]  # known only when it runs: SOCKS has a class of its own
        is_limited = True
        response_class = _Response
        line: socket.socket | None = None

        def connect(self) -> None:
            limits = getattr(_call, "limits", None)
            try:
                if limits is None:
                    super().connect()
                else:
                    within(limits[0], super().connect, self.hang_up)
            finally:
                self.let_go()

        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn()
            # TLS takes the first one over, and its handshake has to end too.
            self.line = socket.fromfd(made.fileno(), made.family, made.type)
            return made

        def hang_up(self) -> None:
            if self.line is not None:
                with suppress(OSError):
                    self.line.shutdown(socket.SHUT_RDWR)
            self.let_go()
            self.close()

        def let_go(self) -> None:
            line, self.line = self.line, None
            if line is not None:
                line.close()

    return Limited


class _Response(http.client.HTTPResponse):
    """An answer, or a proxy's to CONNECT, each of whose reads ends at the deadline."""

    def __init__(self, sock: Any, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        limits = getattr(_call, "limits", None)
        if limits is not None:
            self.fp = io.BufferedReader(_Reads(self.fp.detach(), sock, *limits))


class _Reads(io.RawIOBase):
    """The bytes of a socket until `end`, each waited for `silence` seconds at most."""

    def __init__(self, raw: io.RawIOBase, sock: Any, end: float, silence: float) -> None:
        self._raw, self._sock = raw, sock
        self._end, self._silence = end, silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(self._silence, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def within(end: float, work: Callable[[], None], undo: Callable[[], None]) -> None:
    """Does `work`, and waits for it until `end` (`time.monotonic`): looking up a name knows no limit of its own.

    Raises TimeoutError; what comes of the work later is undone. Where no thread can be had, it is waited for.
    """
    labour = _Labour(work, undo)
    try:
        threading.Thread(target=labour.run, daemon=True).start()
    except RuntimeError:  # no more threads: each wait still has its own limit
        work()
        return
    labour.wait(end)


class _Labour:
    """Work in another thread. Where it fails it is undone; where nobody waits any more, at once and when it is done."""

    def __init__(self, work: Callable[[], None], undo: Callable[[], None]) -> None:
        self._work, self._undo = work, undo
        self._guard = threading.Lock()
        self._done = threading.Event()
        self._is_left = False
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._failure = error
            self._undo_quietly()
        with self._guard:
            self._done.set()
            is_left = self._is_left
        if is_left:
            self._undo_quietly()

    def wait(self, end: float) -> None:
        try:
            self._done.wait(max(0.0, end - time.monotonic()))
        finally:  # on Ctrl-C too
            with self._guard:
                self._is_left = not self._done.is_set()
            if self._is_left:
                self._undo_quietly()
        if self._is_left:
            raise TimeoutError
        if self._failure is not None:
            raise self._failure

    def _undo_quietly(self) -> None:
        with suppress(Exception):
            self._undo()
