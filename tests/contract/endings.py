"""A way to each exit code and each error.code: the program, run into what ends it so."""

from __future__ import annotations

from collections.abc import Callable

from sp_connect.simulator.faults import Fault
from tests.cli.program import Result
from tests.commands.given import connected, end_at_amazon, record
from tests.contract.given import Given, answering, consenting, stopped

Ending = tuple[int, str]
"""An exit code, with its error.code; without one where nothing is said in JSON."""


def connect(given: Given, *arguments: str, company: str) -> Result:
    return consenting(given, "connect", "-r", "eu", *arguments, company=company)


def _aborted(given: Given) -> Result:
    connected(given.office, "staying")
    return answering(given, "n", "revoke", "-s", "staying", "--json")


def _bug(given: Given) -> Result:
    """PYTHONPATH leads to a module of the user's own that is called as one of Python's: that happens."""
    (given.folder / "secrets.py").write_text("PASSWORD = 'swordfish'\n")
    arguments = ("connect", "-s", "unlucky", "-r", "eu", "--no-browser", "--json")
    return given.run(*arguments, PYTHONPATH=str(given.folder))


def _refused(given: Given) -> Result:
    with given.trouble(Fault("consent", "denied")):
        return connect(given, "-s", "unwilling", company="unwilling")


def _timed_out(given: Given) -> Result:
    return given.run("connect", "-s", "absent", "-r", "eu", "--no-browser", "--timeout", "1", "--json")


def _code_expired(given: Given) -> Result:
    with given.trouble(Fault("token", "code-life", seconds=0)):
        return connect(given, "-s", "slow", company="slow")


def _rejected(given: Given) -> Result:
    end_at_amazon(given.office, connected(given.office, "over"))
    return given.run("verify", "-s", "over", "--json")


def _wrong_account(given: Given) -> Result:
    return connect(given, "-s", "mistaken", "--expect-id", "A1OTHER000001", company="mistaken")


def _duplicate_account(given: Given) -> Result:
    connected(given.office, "twin")
    return connect(given, "-s", "second-twin", company="twin")


def _client_rejected(given: Given) -> Result:
    connected(given.office, "old-secret", app="stale")
    return given.run("verify", "-s", "old-secret", "--json")


def _not_permitted(given: Given) -> Result:
    connected(given.office, "elsewhere")
    with given.trouble(Fault("sellers", "empty")):
        return given.run("verify", "-s", "elsewhere", "--json")


def _due(given: Given) -> Result:
    connected(given.office, "ending", authorized_at=given.ago(360))
    return given.run("verify", "-s", "ending", "--due", "10", "--json")


def _store_unavailable(given: Given) -> Result:
    connected(given.office, "ringless")
    env = {"SP_CONNECT_STORE": "keyring", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return given.run("verify", "-s", "ringless", "--json", **env)


def _store_locked(given: Given) -> Result:
    connected(given.office, "sealed")
    return given.run("verify", "-s", "sealed", "--json", SP_CONNECT_PASSPHRASE="wrong horse")


def _damaged(given: Given) -> Result:
    home = given.home()
    (home / "config.toml").write_text("apps = {\n")
    return given.run("app", "list", "--json", SP_CONNECT_HOME=str(home))


def _missing_token(given: Given) -> Result:
    given.office.runtime.connections.put(record("empty-handed"))
    return given.run("verify", "-s", "empty-handed", "--json")


def _port_taken(given: Given) -> Result:
    return given.run("simulator", "--port", given.office.simulator.base_url.rpartition(":")[2], "--json")


def _unfit(given: Given) -> Result:
    home = given.home()
    (home / "config.toml").touch()
    (home / "config.toml").chmod(0o666)
    return given.run("doctor", "--json", SP_CONNECT_HOME=str(home))


def _unreachable(given: Given) -> Result:
    """Before anybody is asked to consent."""
    with given.trouble(Fault("token", "drop")):
        return given.run("connect", "-s", "cut-off", "-r", "eu", "--no-browser", "--json")


def _throttled(given: Given) -> Result:
    connected(given.office, "eager")
    with given.trouble(Fault("token", "status", status=429, retry_after=60)):
        return given.run("verify", "-s", "eager", "--json")


def _unexpected_answer(given: Given) -> Result:
    connected(given.office, "garbled")
    with given.trouble(Fault("token", "html")):
        return given.run("verify", "-s", "garbled", "--json")


def _not_run(given: Given) -> Result:
    connected(given.office, "leading")
    return given.run("exec", "-s", "leading", "-r", "eu", "--", str(given.folder))


def _no_such_program(given: Given) -> Result:
    connected(given.office, "leading-nowhere")
    return given.run("exec", "-s", "leading-nowhere", "-r", "eu", "--", "no-such-program")


def _interrupted(given: Given) -> Result:
    arguments = ("connect", "-s", "waiting", "-r", "eu", "--no-browser", "--json")
    return stopped(given, *arguments, at="Waiting up to")


ENDINGS: dict[Ending, Callable[[Given], Result]] = {
    (0, ""): lambda given: given.run("list", "--json"),
    (1, "aborted"): _aborted,
    (1, "bug"): _bug,
    (2, "usage"): lambda given: given.run("list", "--status", "fine", "--json"),
    (3, "refused"): _refused,
    (3, "timed-out"): _timed_out,
    (3, "bad-state"): lambda given: given.run("accept", "https://agency.example/sp-connect", "--json"),
    (3, "code-expired"): _code_expired,
    (3, "rejected"): _rejected,
    (3, "wrong-account"): _wrong_account,
    (3, "duplicate-account"): _duplicate_account,
    (3, "client-rejected"): _client_rejected,
    (3, "not-permitted"): _not_permitted,
    (3, "due"): _due,
    (4, "store-unavailable"): _store_unavailable,
    (4, "store-locked"): _store_locked,
    (4, "damaged"): _damaged,
    (4, "missing-token"): _missing_token,
    (4, "port-taken"): _port_taken,
    (4, "unfit"): _unfit,
    (5, "unreachable"): _unreachable,
    (5, "throttled"): _throttled,
    (5, "unexpected-answer"): _unexpected_answer,
    (6, "not-found"): lambda given: given.run("show", "-s", "nobody", "--json"),
    (126, ""): _not_run,
    (127, ""): _no_such_program,
    (130, "interrupted"): _interrupted,
}
