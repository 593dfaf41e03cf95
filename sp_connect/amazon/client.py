"""The one `requests` session through which everything for Amazon goes.

Owns: time limits, bounded answers, retries, the User-Agent, and where Amazon is (SP_CONNECT_AMAZON_URL). A secret is
revealed when it is sent, and masked in what comes back. Knows nothing of sellers. `requests` is imported with the
first call, because most commands make none: `transport` has the sessions, `obstacles` what went wrong with them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, quote_plus, urlsplit

from sp_connect import __version__, errors
from sp_connect.amazon import redaction
from sp_connect.models import AmazonWords, Secret
from sp_connect.process import signals, threads

if TYPE_CHECKING:
    import ssl

    import requests

Fields = Mapping[str, str | Secret]
"""Headers, or a form. A Secret is sent as it is, and told by nobody."""

LARGEST_ANSWER = 1 << 20

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each further try, where Amazon names none; a little chance is added."""

QUICK_PAUSE = 1.0
"""The pause before the second and last try for an answer that is welcome and not needed."""

LONGEST_PAUSE = 20.0
"""A Retry-After beyond this is not waited for: the failure is reported instead."""


class Limits(NamedTuple):
    """Seconds that a call may take: for a connection, for silence, and `whole` from its beginning to the last byte."""

    connect: float = 10.0
    silence: float = 30.0
    whole: float = 60.0


LIMITS = Limits()

QUICK = Limits(5.0, 5.0, 10.0)
"""For an answer that is welcome and not needed."""

SHORTEST_SECRET = 8
"""A shorter one is looked for in no answer: it may be a word of any sentence, and Amazon's are far longer."""


class Answer(NamedTuple):
    """One answer, read whole: `status`, `headers` (any case), and `body` as text. `sent` are the request's secrets."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: str
    sent: tuple[Secret, ...] = ()

    def __repr__(self) -> str:
        return f"Answer({self.host!r}, {self.status})"  # the body may hold tokens

    @property
    def request_id(self) -> str | None:
        """Amazon's name for the request, which its support asks for."""
        return self.told(self.headers.get("x-amzn-RequestId"))

    def told(self, words: object) -> str | None:
        """Words of the answer that are shown or written down; None for what is no text, or empty.

        An answer may repeat what it was asked with (hazards.md 6.6): secrets are masked.
        """
        if not isinstance(words, str) or not words:
            return None
        for secret in self.sent:
            value = secret.reveal()
            for form in (value, quote(value, safe=""), quote_plus(value)) if len(value) >= SHORTEST_SECRET else ():
                words = words.replace(form, redaction.MASK)
        return redaction.masked(words)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises UnexpectedAnswer for anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            kind = self.told(self.headers.get("Content-Type", "no type").split(";")[0])
            finding = f"{self.status} with {kind} where JSON was expected"
            raise errors.UnexpectedAnswer(self.host, finding, AmazonWords(request_id=self.request_id))
        return value


class Amazon:
    """Every call to Amazon. Safe to use from many threads at once.

    `base` sends each request for https://HOST/PATH to {base}/HOST/PATH; `variable` is the environment variable that
    gave it, if one did: then secrets of the real Amazon are refused. `tell` hears each step in one line, without
    secrets; `sleep` is how a pause is spent; `limits` are the seconds of each try.
    """

    def __init__(
        self,
        base: str | None = None,
        tell: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        limits: Limits = LIMITS,
        variable: str | None = None,
    ) -> None:
        self._base = base.rstrip("/") if base else None
        self._variable = variable if base else None
        self._tell = tell
        self._sleep = sleep
        self._limits = limits
        self._trusted: ssl.SSLContext | None = None
        self._made: requests.Session | None = None
        self._making = threading.Lock()

    def at(self, address: str) -> str:
        """Where `address`, an https address of Amazon, really is: itself, unless a base was given."""
        if self._base is None:
            return address
        return f"{self._base}/{address.removeprefix('https://')}"

    @property
    def is_simulated(self) -> bool:
        """Whether a variable sends every request elsewhere: what is made now is of that Amazon, and is marked so."""
        return self._variable is not None

    def refuse_real(self, whose: str, *, simulated: bool) -> None:
        """Raises RealSecret for secrets that are not `simulated`, where a variable sends every request elsewhere.

        `whose` they are is told: "the app default", "acme in Japan".
        """
        if self._variable is not None and not simulated:
            raise errors.RealSecret(whose, self._variable, self._base or "")

    def get_ready(self) -> None:
        """Loads what the first call needs, beside what else has to be done before it."""
        threads.help_with(self._session)

    def get(self, address: str, headers: Fields) -> Answer:
        """GET, tried again on 429, 5xx and connection errors. Raises Unreachable, Throttled, UnexpectedAnswer."""
        return self._patiently("GET", address, headers, None)

    def post(self, address: str, form: Fields) -> Answer:
        """POST a form that may be sent twice, as `get`."""
        return self._patiently("POST", address, {}, form)

    def post_once(self, address: str, form: Fields) -> Answer:
        """POST a form that must not be sent twice: an authorization code is good once (amazon.md, decision 11).

        On a connection of its own: one that was kept may be closed by the other side just as the form goes out, and
        then nobody knows whether the code is spent.
        """
        return self._send("POST", address, {}, form, alone=True)

    def ask_quickly(self, address: str, headers: Fields, document: object = None) -> Answer:
        """GET, or POST of a JSON `document` that changes nothing at Amazon, for an answer that is not needed.

        Tried once more on 429 and 5xx, and never for long. Raises Unreachable, UnexpectedAnswer.
        """
        body = None if document is None else json.dumps(document)
        sent = {**headers, "Content-Type": "application/json"} if body is not None else headers
        method = "GET" if body is None else "POST"
        answer = self._send(method, address, sent, None, body, limits=QUICK)
        wait = _retry_after(answer) or QUICK_PAUSE
        if not _is_passing(answer.status) or wait > QUICK_PAUSE:
            return answer
        self._rest(wait, f"{answer.host} answered {answer.status}")
        return self._send(method, address, sent, None, body, limits=QUICK)

    def look(self, address: str) -> Answer:
        """GET of any https page, once: nothing goes along but the User-Agent. Raises Unreachable, UnexpectedAnswer."""
        return self._send("GET", address, {"Accept": "*/*"}, None)

    def _patiently(self, method: str, address: str, headers: Fields, form: Fields | None) -> Answer:
        for pause in PAUSES:
            try:
                answer = self._send(method, address, headers, form)
            except errors.Unreachable as error:
                if error.lasting:
                    raise
                self._rest(pause, error.message)
                continue
            wait = _retry_after(answer)
            if not _is_passing(answer.status) or (wait is not None and wait > LONGEST_PAUSE):
                return answer
            self._rest(wait if wait is not None else pause, f"{answer.host} answered {answer.status}")
        return self._send(method, address, headers, form)

    def _rest(self, seconds: float, why: str) -> None:
        self._tell(f"{why}; trying again in {seconds:.1f} s")
        import random

        with signals.allowed():
            self._sleep(seconds + random.uniform(0, seconds / 4))  # noqa: S311 - spreads tries, guards nothing

    def _send(
        self,
        method: str,
        address: str,
        headers: Fields,
        form: Fields | None,
        body: str | None = None,
        *,
        alone: bool = False,
        limits: Limits | None = None,
    ) -> Answer:
        """One try, on a connection of its own where it is `alone`; `limits` are other ones than usual."""
        import requests

        from sp_connect.amazon import obstacles, transport

        host = urlsplit(address).hostname or address
        began, limits = time.monotonic(), limits or self._limits
        end = began + limits.whole
        try:
            session = self._new_session() if alone else self._session()
            # Prepared by hand: a session would add cookies that answers for other sellers set, and ~/.netrc's
            # passwords (hazards.md 6.2).
            heads = {**session.headers, **_plain(headers)}
            request = requests.Request(method, self.at(address), heads, data=body or _plain(form or {})).prepare()
            with (
                transport.limited(end, limits.silence),
                transport.send(session, request, limits.connect, limits.silence) as response,
            ):
                found = _read(response, host)
        except transport.FAILURES as error:
            # Whatever is wrong with proxies, certificates and values surfaces here, in many kinds.
            is_late = time.monotonic() >= end
            why = obstacles.late(limits.whole) if is_late else obstacles.obstacle(error, host, *limits[:2])
            hint = self._base and self._hint()
            raise errors.Unreachable(host, why.why, hint=hint or why.hint, lasting=why.lasting) from None
        self._tell(
            f"{method} {address.partition('?')[0]} answered {response.status_code} in {time.monotonic() - began:.1f} s"
        )
        sent = tuple(value for value in (*headers.values(), *(form or {}).values()) if isinstance(value, Secret))
        return Answer(host, response.status_code, response.headers, found, sent)

    def _hint(self) -> str:
        """Where nobody answers at the base."""
        where = f"is there a simulator at {self._base}?"
        return f"{self._variable} is set: {where} To ask Amazon: unset {self._variable}" if self._variable else where

    def _session(self) -> requests.Session:
        with self._making:
            if self._made is None:
                self._made = self._new_session()
            return self._made

    def _new_session(self) -> requests.Session:
        """Proxies and certificates come from the environment; a loopback base needs neither."""
        from sp_connect.amazon import transport

        if self._base is None and self._trusted is None:
            self._trusted = transport.trusted()
        return transport.session(self._trusted, {"User-Agent": user_agent(), "Accept": "application/json"})


def user_agent() -> str:
    """AppName/Version (Language=...; Platform=...), at most 500 characters: amazon.md section 10.1."""
    import platform

    return f"sp-connect/{__version__} (Language=Python/{platform.python_version()}; Platform={platform.system()})"


def _read(response: requests.Response, host: str) -> str:
    """The body, decoded, at most LARGEST_ANSWER bytes."""
    parts, size = [], 0
    # read1 returns with what is there, so that an answer without end is given up; iter_content would unpack it first.
    while part := response.raw.read1(16 * 1024, decode_content=True):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise errors.UnexpectedAnswer(host, f"more than {LARGEST_ANSWER >> 20} MB")
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def _plain(fields: Fields) -> dict[str, str]:
    return {key: value.reveal() if isinstance(value, Secret) else value for key, value in fields.items()}


def _is_passing(status: int) -> bool:
    return status == 429 or status >= 500


def _retry_after(answer: Answer) -> float | None:
    """The pause that Amazon asks for, in seconds (RFC 9110 section 10.2.3: seconds or a date)."""
    from email.utils import parsedate_to_datetime

    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return None


def trouble(answer: Answer, words: AmazonWords) -> errors.AmazonTrouble:
    """The error for an answer that says nothing about the seller: throttled, failing, or not understood."""
    if answer.status == 429:
        return errors.Throttled(answer.host, words)
    if answer.status >= 500:
        return errors.Unreachable(answer.host, f"it answered {answer.status}", words)
    return errors.UnexpectedAnswer(answer.host, str(answer.status), words)
