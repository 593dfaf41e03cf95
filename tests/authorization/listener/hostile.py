"""Hostile requests to a door, in a bounded loop: `python -m tests.authorization.listener.hostile LISTEN COUNT SEED`.

Prints the line `half` when half are sent, and one JSON object when it is done: how many of each kind were sent,
which answers came, and what was wrong with any. Threads send one request after another each; beside them silent and
dripping sockets are kept open.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from sp_connect import pages
from tests.authorization.listener.visits import head, rest, status

THREADS = 8
IDLE = 40
"""Sockets that each thread keeps open and says nothing on, or next to nothing."""
SECONDS = 60.0
"""When it gives up, however many are left."""
MARK = "qzxjkvmark"
"""In every request; in no answer."""
REFUSALS = frozenset({204, 400, 404})
HEADERS = frozenset((name.lower(), value) for name, value in pages.headers().items())


class Attack(NamedTuple):
    """What is sent, and how: `whole` and waited for, `half` closed, `reset` at once, or `idle` and left open."""

    sent: bytes
    how: str = "whole"


Maker = Callable[[str, random.Random], Attack]


def _request(target: str, listen: str, method: str = "GET", more: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {listen}\r\n{more}\r\n".encode()


def _callback(more: str = "") -> str:
    return f"/callback?state={MARK}&spapi_oauth_code={MARK}&selling_partner_id=A2EXAMPLE1234{more}"


def _path(listen: str, chance: random.Random) -> Attack:
    path = ("/", "//callback", "/callback/", "/favicon.ico", "/%63allback", "/../callback", "*", "/callback;x")
    return Attack(_request(f"{chance.choice(path)}?{MARK}", listen))


def _host(listen: str, chance: random.Random) -> Attack:
    port = listen.rpartition(":")[2]
    others = (
        f"{MARK}.example",
        f"localhost:{port}",
        "127.0.0.1",
        f"[::1]:{port}",
        "",
        f"{listen}.{MARK}",
        f"{listen} x",
    )
    return Attack(_request(_callback(), chance.choice(others)))


def _hosts(listen: str, chance: random.Random) -> Attack:
    more = chance.choice((f"Host: {MARK}\r\n", f"Host: {listen}\r\n", f" {MARK}\r\n"))
    return Attack(_request(_callback(), listen, more=more))


def _no_host(listen: str, chance: random.Random) -> Attack:  # noqa: ARG001 - a Maker
    return Attack(f"GET {_callback()} HTTP/1.{chance.choice('01')}\r\nX-Host: {MARK}\r\n\r\n".encode())


def _method(listen: str, chance: random.Random) -> Attack:
    methods = ("POST", "PUT", "HEAD", "OPTIONS", "DELETE", "CONNECT", "TRACE", "PATCH", "get", MARK, "__class__")
    more = f"Content-Length: 5\r\nOrigin: https://{MARK}\r\nAccess-Control-Request-Private-Network: true\r\n"
    return Attack(_request(_callback(), listen, chance.choice(methods), more))


def _forged(listen: str, chance: random.Random) -> Attack:
    more = chance.choice(("", f"&error={MARK}", "&error=access_denied", "&state=", f"&{MARK}", "&a=b" * 50))
    return Attack(_request(_callback(more), listen))


def _hop(listen: str, chance: random.Random) -> Attack:
    to = chance.choice((f"https://{MARK}.example/", "https://sellercentral.amazon.com/", "//x", f"javascript:{MARK}"))
    return Attack(_request(f"/callback?amazon_callback_uri={to}&amazon_state={MARK}%0D%0AX:y", listen))


def _twice(listen: str, chance: random.Random) -> Attack:
    name = chance.choice(("state", "error", "spapi_oauth_code", "selling_partner_id"))
    return Attack(_request(_callback(f"&{name}={MARK}&{name}={MARK}"), listen))


def _prefetch(listen: str, chance: random.Random) -> Attack:
    header = chance.choice(("Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "X-Moz: prefetch"))
    return Attack(_request(_callback(), listen, more=f"{header}\r\n"))


def _markup(listen: str, chance: random.Random) -> Attack:
    text = f"%3Cscript%3E{MARK}%3C/script%3E"
    target = chance.choice((f"/callback?{text}", f"/callback?error={text}&state={text}", f"/<script>{MARK}</script>"))
    return Attack(_request(target, listen, more=f"Referer: https://{MARK}/\r\nCookie: a={MARK}\r\n"))


def _huge(listen: str, chance: random.Random) -> Attack:
    long = MARK * 8_000
    heads = (
        _request(f"/callback?{long}", listen),
        _request(_callback(), listen, more=f"X: {long}\r\n"),
        _request(_callback(), listen, more=f"X: {MARK}\r\n" * 500),
        _request(_callback(), listen, more=f"X: {MARK * 300}\r\n" * 90),
        long.encode(),
        _request("/callback?" + f"&{MARK}" * 1_200, listen),
    )
    return Attack(chance.choice(heads), chance.choice(("whole", "half")))


def _binary(listen: str, chance: random.Random) -> Attack:  # noqa: ARG001 - a Maker
    hello = bytes.fromhex("16030100c8010000c40303") + chance.randbytes(200)
    garbage = (
        hello,
        chance.randbytes(chance.randrange(1, 400)),
        b"\0" * 64 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    )
    return Attack(chance.choice(garbage), "half")


def _old(listen: str, chance: random.Random) -> Attack:
    lines = (f"GET {_callback()}", f"{MARK}", f"GET {MARK}", f"GET / HTTP/9.9{MARK}", "", f"GET / {MARK}/1.1")
    return Attack(f"{chance.choice(lines)}\r\nHost: {listen}\r\n\r\n".encode(), "half")


def _pipelined(listen: str, chance: random.Random) -> Attack:
    again = chance.randrange(2, 6)
    return Attack(_request(f"/{MARK}", listen, more="Connection: keep-alive\r\n") * again)


def _broken_off(listen: str, chance: random.Random) -> Attack:
    whole = _request(_callback(), listen)
    return Attack(whole[: chance.randrange(len(whole))], "half")


def _reset(listen: str, chance: random.Random) -> Attack:
    whole = _request(_callback(), listen)
    return Attack(whole[: chance.choice((0, 5, len(whole)))], "reset")


def _idle(listen: str, chance: random.Random) -> Attack:
    return Attack(_request(_callback(), listen)[: chance.choice((0, 0, 3, 40))], "idle")


MAKERS: dict[str, tuple[Maker, int]] = {
    "another path": (_path, 10),
    "another host": (_host, 10),
    "two hosts": (_hosts, 5),
    "no host": (_no_host, 5),
    "another method": (_method, 8),
    "forged answer": (_forged, 14),
    "hop elsewhere": (_hop, 6),
    "named twice": (_twice, 5),
    "prefetch": (_prefetch, 5),
    "markup": (_markup, 6),
    "huge head": (_huge, 2),
    "binary": (_binary, 6),
    "no version": (_old, 5),
    "pipelined": (_pipelined, 4),
    "broken off": (_broken_off, 4),
    "reset": (_reset, 5),
    "idle": (_idle, 5),
}
"""Each kind of attack, and how often it comes among a hundred."""


class Besieger:
    """The threads of one process, and what they found."""

    def __init__(self, listen: str, count: int) -> None:
        self._listen = listen
        host, _, port = listen.rpartition(":")
        self._place = host, int(port)
        self._left, self._half = count, count // 2
        self._is_half_said = False
        self._end = time.monotonic() + SECONDS
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []

    def besiege(self, seed: int) -> None:
        """Sends one request after another until all are sent, or the time is over."""
        chance = random.Random(seed)
        kinds, weights = list(MAKERS), [weight for _, weight in MAKERS.values()]
        idle: deque[socket.socket] = deque()
        try:
            while self._goes_on():
                kind = chance.choices(kinds, weights)[0]
                attack = MAKERS[kind][0](self._listen, chance)
                try:
                    self._send(kind, attack, idle)
                except OSError:  # nobody listens just now: between two consents the door is closed
                    with self._lock:
                        self._left += 1
                    continue
                if idle:
                    self._drip(chance.choice(idle))
        finally:
            for each in idle:
                each.close()

    def _goes_on(self) -> bool:
        with self._lock:
            self._left -= 1
            if self._left < self._half and not self._is_half_said:
                self._is_half_said = True
                sys.stdout.write("half\n")
                sys.stdout.flush()
            return self._left >= 0 and time.monotonic() < self._end

    def _send(self, kind: str, attack: Attack, idle: deque[socket.socket]) -> None:
        connection = socket.create_connection(self._place, timeout=30)
        with self._lock:
            self.sent[kind] += 1
        with suppress(OSError):  # the door closes as soon as it has heard enough
            connection.sendall(attack.sent)
            if attack.how == "half":
                connection.shutdown(socket.SHUT_WR)
        if attack.how == "idle":
            idle.append(connection)
            if len(idle) > IDLE:
                idle.popleft().close()
            return
        with connection:
            if attack.how == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self._hear(kind, attack, rest(connection))

    @staticmethod
    def _drip(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"x")

    def _hear(self, kind: str, attack: Attack, answer: bytes) -> None:
        """Notes an answer: a refusal with every header, which repeats nothing. A reset may have swallowed it."""
        said = str(status(answer)) if answer.startswith(b"HTTP/") else "something else" if answer else "nothing"
        with self._lock:
            self.answers[said] += 1
            if answer and not _is_refusal(answer):
                self.wrong.append(f"{kind}: {attack.sent[:300]!r} -> {answer[:600]!r}")


def _is_refusal(answer: bytes) -> bool:
    """Whether it is. The page of an arrival that nobody decided about is one too: it says that nothing is known."""
    if not answer.startswith(b"HTTP/1.0 "):
        return False
    found = head(answer)
    known = status(answer) in REFUSALS or (status(answer) == 200 and b"<title>Back to the terminal</title>" in answer)
    clean = MARK.encode() not in answer and b"<script" not in answer and answer.count(b"HTTP/1.0 ") == 1
    return known and clean and found.items() >= HEADERS and found["connection"] == "close"


def main(listen: str, count: int, seed: int) -> dict[str, object]:
    besieger = Besieger(listen, count)
    threads = [threading.Thread(target=besieger.besiege, args=(seed * THREADS + one,)) for one in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"sent": besieger.sent, "answers": besieger.answers, "wrong": besieger.wrong[:20]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
