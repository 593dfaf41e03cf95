"""docs/relay.md: its nginx block in a real nginx, its other hosts' files and commands as far as they run here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sp_connect import errors, pages
from sp_connect.amazon import registration
from sp_connect.amazon.client import Answer
from sp_connect.checkup import relay
from sp_connect.findings import Finding
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import World
from tests.agency import free_port
from tests.browser import chromium
from tests.browser import program as browsing
from tests.browser.chromium import Browser
from tests.browser.conftest import APP, REDIRECT_URI
from tests.browser.site import HOST, Site
from tests.browser.test_connect import confirm
from tests.checkup.test_relay import APP as LISTENING
from tests.checkup.test_relay import HTML, answer
from tests.cli.program import PASSPHRASE, PROGRAM, Program, Result
from tests.docs import guides, hosts, web_server
from tests.docs.web_server import WebServer

NGINX, GITHUB, CLOUDFLARE, CLOUDFRONT = hosts.REGISTERED

OF_AMAZON = "state=x1.abc%2Fd&selling_partner_id=A2EXAMPLE1234&spapi_oauth_code=RHcodeRHcode+%20%2b"
"""A query as Amazon's, with what a server could be tempted to tidy up."""

SHOWN = '"GET /sp-connect" 200'
"""How the log that the page describes tells that the page was served."""

UNREACHABLE = "Could not reach"

# The program's own ways out would lead past the tunnel.
NO_OTHER_WAY: Mapping[str, str | None] = dict.fromkeys(
    ("https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
)


@dataclass(frozen=True)
class Served:
    """The page as the program wrote it for the app that `home` holds, and nginx with it."""

    web: WebServer
    home: Path
    page: bytes


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One where the app of the page is registered, as one of a simulated Amazon."""
    folder = tmp_path_factory.mktemp("registered") / "home"
    ids = ["--application-id", APP.application_id, "--client-id", APP.client_id, "--redirect-uri", REDIRECT_URI]
    added = at(folder).run(
        "app",
        "add",
        *ids,
        "--listen",
        f"127.0.0.1:{free_port()}",
        "--no-check",
        "--client-secret-stdin",
        stdin=APP.client_secret,
        env={"SP_CONNECT_AMAZON_URL": "http://127.0.0.1:9"},
    )
    assert added.code == 0, added.stderr
    return folder


@pytest.fixture(scope="module")
def page(home: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the page's own first command writes."""
    folder = tmp_path_factory.mktemp("page")
    done = typed(hosts.RELAY, home, folder)
    assert done.code == 0, done.stderr
    return (folder / "relay.html").read_bytes()


@pytest.fixture(scope="module")
def served(home: Path, page: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with nginx(tmp_path_factory.mktemp("nginx") / "as-written", page) as web:
        yield Served(web, home, page)


@contextmanager
def nginx(folder: Path, page: bytes, conf: str = hosts.NGINX) -> Iterator[WebServer]:
    if web_server.PROGRAM is None:
        missing(web_server.INSTALL)
    with web_server.serving(folder, conf, page) as web:
        yield web


def at(home: Path) -> Program:
    return Program(home, {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE})


def typed(commands: str, home: Path, folder: Path) -> Result:
    """What a person gets who types the commands in a folder."""
    environment = at(home).environment({"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"})
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", commands],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def doctor(served: Served, web: WebServer) -> dict[str, str]:
    """What `sp-connect doctor` says of the relay page, over https and under its public name."""
    way = {"HTTPS_PROXY": web.way, "REQUESTS_CA_BUNDLE": str(web.authority)}
    done = at(served.home).run("doctor", "--json", env={**NO_OTHER_WAY, **way})
    [found] = [check for check in done.json()["checks"] if check["name"] == "relay"]
    assert isinstance(found, dict)
    return found


class TestNginx:
    def test_nginx_as_written_serves_the_page_at_the_very_address(self, served: Served) -> None:
        got = served.web.get(urlsplit(NGINX).path)

        assert (NGINX, got.status, got.body) == (REDIRECT_URI, 200, served.page)
        assert got.headers["Content-Type"] == "text/html; charset=utf-8"
        assert got.headers["Content-Security-Policy"] is None

    def test_with_amazons_query_it_is_the_same_page_without_a_redirect(self, served: Served) -> None:
        got = served.web.get(f"/sp-connect?{OF_AMAZON}")

        assert (got.status, got.headers["Location"], got.body) == (200, None, served.page)

    @pytest.mark.parametrize("path", ["/", "/sp-connect/", "/sp-connect.html", "/relay.html", "/sp-connect/x"])
    def test_any_other_path_is_not_found(self, served: Served, path: str) -> None:
        got = served.web.get(f"{path}?{OF_AMAZON}")

        assert (got.status, got.headers["Location"]) == (404, None)

    def test_no_log_has_the_code(self, served: Served) -> None:
        for path in ("/sp-connect", "/elsewhere", "/sp-connect/"):
            served.web.get(f"{path}?{OF_AMAZON}&asked=for-the-log")

        logged = until(served.web.logged, '"GET /sp-connect/" 404')
        assert SHOWN in logged
        assert [word for word in ("spapi_oauth_code", "RHcode", "for-the-log") if word in logged] == []

    def test_no_log_has_the_code_where_the_file_is_missing(self, page: bytes, tmp_path: Path) -> None:
        with nginx(tmp_path / "without", page) as web:
            web.page.unlink()
            got = web.get(f"/sp-connect?{OF_AMAZON}")

            logged = until(web.logged, '"GET /sp-connect" 404')

        assert got.status == 404
        assert "RHcode" not in logged

    def test_at_its_usual_level_the_error_log_would_have_it(self, page: bytes, tmp_path: Path) -> None:
        usual = hosts.NGINX.replace(".error.log crit;", ".error.log;")
        with nginx(tmp_path / "usual", page, usual) as web:
            web.page.unlink()
            web.get(f"/sp-connect?{OF_AMAZON}")

            assert "RHcode" in until(web.logged, "RHcode")

    def test_a_policy_of_the_rest_of_the_site_does_not_reach_it(self, served: Served, tmp_path: Path) -> None:
        site_wide = "add_header Content-Security-Policy \"script-src 'self'\" always;\n\n    location / {"
        with nginx(tmp_path / "site", served.page, hosts.NGINX.replace("location / {", site_wide)) as web:
            assert web.get("/elsewhere").headers["Content-Security-Policy"] == "script-src 'self'"
            assert web.get("/sp-connect").headers["Content-Security-Policy"] is None

    def test_in_a_site_that_is_there_already_the_location_is_enough(self, served: Served, tmp_path: Path) -> None:
        with nginx(tmp_path / "there", served.page, within_a_site()) as web:
            got = web.get(f"/sp-connect?{OF_AMAZON}")
            elsewhere = web.get("/elsewhere")
            logged = until(web.logged, SHOWN)

        assert (got.status, got.body, elsewhere.body) == (200, served.page, b"the site")
        assert "RHcode" not in logged

    def test_the_doctor_is_content_with_it(self, served: Served) -> None:
        found = doctor(served, served.web)

        assert found["result"] == "ok"
        assert shown()[0] == f"● relay {found['finding']}"

    def test_the_doctor_tells_a_policy_that_forbids_the_script(self, served: Served, tmp_path: Path) -> None:
        strict = "alias /srv/sp-connect/relay.html;\n        add_header Content-Security-Policy \"script-src 'self'\";"
        conf = hosts.NGINX.replace("alias /srv/sp-connect/relay.html;", strict)
        with nginx(tmp_path / "strict", served.page, conf) as web:
            found = doctor(served, web)

        assert found["result"] == "failed"
        assert "its server's Content-Security-Policy forbids its script" in found["finding"]


def within_a_site() -> str:
    """What the page says to do where there is a server block: its log format, and its location with both logs."""
    log_format, logs, location = (
        re.findall(pattern, hosts.NGINX, re.MULTILINE | re.DOTALL)
        for pattern in (r"^log_format .*?;$", r"^    (?:access|error)_log .*?;$", r"^    location = .*?^    }$")
    )
    [place] = location
    inside = place.removesuffix("    }") + "\n".join(logs) + "\n    }"
    without = re.sub(r"^    (?:access|error)_log .*?;\n", "", hosts.NGINX, flags=re.MULTILINE)
    assert log_format[0] in without
    return without.replace(place, inside).replace("return 404;", 'return 200 "the site";')


def until(said: Callable[[], str], part: str, times: int = 1) -> str:
    """What is said, once `part` is in it so often: nginx writes its log after the answer."""
    end = time.monotonic() + web_server.SECONDS
    while (found := said()).count(part) < times:
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def the_browser(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        with chromium.browser(tmp_path_factory.mktemp("chromium"), *Site(port=served.web.port).switches) as made:
            yield made
    except chromium.NotInstalledError as error:
        missing(str(error))


class TestBrowser:
    @pytest.fixture
    def browser(self, the_browser: Browser) -> Iterator[Browser]:
        the_browser.begin_anew()
        yield the_browser
        assert the_browser.complaints() == []

    def test_opened_on_its_own_it_says_what_the_page_says(self, browser: Browser) -> None:
        browser.open(NGINX)

        browser.wait_for("Nothing to hand on")
        assert "**Nothing to hand on**" in hosts.PAGE.text
        assert browser.driver.current_url == NGINX

    def test_amazons_answer_reaches_the_program_unchanged(
        self, browser: Browser, served: Served, tmp_path: Path
    ) -> None:
        before = served.web.logged().count(SHOWN)
        with Simulator(World(apps=(APP,)), relays={}) as amazon:
            program = browsing.Program.copied(served.home, tmp_path / "home", amazon.base_url)
            try:
                waiting = program.connect("acme", "--json")
                confirm(browser, waiting, "Acme GmbH")
                ended = waiting.ended()
            finally:
                program.stop()

        landing = urlsplit(browser.driver.current_url)
        [asked] = [sent["line"] for sent in browser.sent() if sent["host"] == HOST and "oauth_code" in sent["line"]]
        assert (ended.code, ended.json[0]["seller"]) == (0, "acme")
        assert asked == f"GET /sp-connect?{landing.query} HTTP/1.1"
        assert "spapi_oauth_code=" in landing.query
        assert "spapi_oauth_code" not in until(served.web.logged, SHOWN, before + 1)


class TestGithub:
    def test_its_steps_push_the_page_and_nothing_else(self, page: bytes, home: Path, tmp_path: Path) -> None:
        clone = tmp_path / "agency.github.io"
        clone.mkdir()
        set_up = """
            git init --quiet --bare ../github.git && git clone --quiet ../github.git . 2>../said
            git config user.name Agency && git config user.email agency@agency.example
        """
        assert typed(set_up, home, clone).code == 0

        done = typed(hosts.GITHUB, home, clone)

        assert done.code == 0, done.stderr
        pushed = typed("git -C ../github.git ls-tree -r --name-only HEAD", home, clone).stdout.split()
        assert pushed == [".nojekyll", "sp-connect/index.html"]
        assert [name for name in "/".join(pushed).split("/") if name not in hosts.GITHUB_TREE] == []
        assert (clone / "sp-connect" / "index.html").read_bytes() == page

    def test_what_is_registered_is_the_folder_with_its_slash(self) -> None:
        assert urlsplit(GITHUB).path == "/sp-connect/"


class TestCloudflare:
    @pytest.fixture
    def folder(self, home: Path, tmp_path: Path) -> Path:
        """What its first block makes."""
        done = typed(hosts.CLOUDFLARE, home, tmp_path)
        assert done.code == 0, done.stderr
        return tmp_path / "relay"

    def test_its_folder_holds_the_page_under_the_name_of_the_address(self, folder: Path, page: bytes) -> None:
        name = urlsplit(CLOUDFLARE).path.removeprefix("/")

        assert sorted(path.name for path in folder.iterdir()) == ["_headers", f"{name}.html"]
        assert (folder / f"{name}.html").read_bytes() == page

    def test_its_headers_are_for_the_registered_address_and_the_doctor_minds_none(self, folder: Path) -> None:
        path, *lines = (folder / "_headers").read_text(encoding="utf-8").splitlines()
        found = [re.fullmatch(r"  ([A-Za-z-]+): (\S.*)", line) for line in lines]

        assert path == urlsplit(CLOUDFLARE).path
        headers = {line[1]: line[2] for line in found if line}
        assert len(headers) == len(lines) > 0
        assert judged(headers).result == "ok"

    def test_the_folder_is_what_is_deployed_and_to_the_project_of_the_address(self) -> None:
        create, deploy = (shlex.split(line) for line in hosts.CLOUDFLARE_DEPLOY.splitlines())

        assert create[:5] == ["npx", "wrangler", "pages", "project", "create"]
        assert deploy[:5] == ["npx", "wrangler", "pages", "deploy", "relay"]
        assert urlsplit(CLOUDFLARE).hostname == f"{create[5]}.pages.dev"
        assert after("--project-name", deploy) == create[5]
        assert after("--branch", deploy) == after("--production-branch", create)


class TestS3:
    def test_the_key_is_the_address_and_the_type_is_that_of_a_page(self) -> None:
        _, put, _ = commands(hosts.S3)

        assert put[:3] == ["aws", "s3api", "put-object"]
        assert f"/{after('--key', put)}" == urlsplit(CLOUDFRONT).path
        assert after("--body", put) in hosts.RELAY
        assert judged({"Content-Type": after("--content-type", put)}).result == "ok"

    def test_one_bucket_and_one_region_are_meant_throughout(self) -> None:
        create, put, _ = commands(hosts.S3)
        [policy] = commands(hosts.S3_POLICY)
        bucket, region = after("--bucket", create), after("--region", create)
        [origin] = json.loads(hosts.DISTRIBUTION)["Origins"]["Items"]
        [statement] = json.loads(hosts.POLICY)["Statement"]

        assert {after("--bucket", put), after("--bucket", policy)} == {bucket}
        assert create[-1] == f"LocationConstraint={region}"
        assert origin["DomainName"] == f"{bucket}.s3.{region}.amazonaws.com"
        assert statement["Resource"] == f"arn:aws:s3:::{bucket}/{after('--key', put)}"

    def test_the_distribution_speaks_https_alone_and_reads_as_itself(self) -> None:
        distribution = json.loads(hosts.DISTRIBUTION)
        [origin] = distribution["Origins"]["Items"]
        behaviour = distribution["DefaultCacheBehavior"]
        [statement] = json.loads(hosts.POLICY)["Statement"]

        assert behaviour["TargetOriginId"] == origin["Id"]
        assert behaviour["ViewerProtocolPolicy"] == "https-only"
        assert (statement["Effect"], statement["Action"]) == ("Allow", "s3:GetObject")
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert ":distribution/" in statement["Condition"]["StringEquals"]["AWS:SourceArn"]

    def test_every_file_that_a_command_names_is_on_the_page(self) -> None:
        named = re.findall(r"file://(\S+)", hosts.CLOUDFRONT + hosts.S3_POLICY)

        assert len(named) == 2
        assert [name for name in named if f"`{name}`" not in hosts.PAGE.text] == []


def redirect(location: str) -> Answer:
    return answer("", 302, Location=location)


REGISTERED = LISTENING.redirect_uri

FAULTS: Mapping[str, Answer] = {
    "leads on to https://agency.example/sp-connect/?…": redirect(f"{REGISTERED}/?{relay.QUERY}"),
    "leads on to …, and drops the query": redirect(f"{REGISTERED}/"),
    "leads on to …, without https": redirect(f"http://agency.example/sp-connect?{relay.QUERY}"),
    "it answers 404": answer(status=404),
    "it is another page": answer("<h1>It works</h1>"),
    "it hands on to 127.0.0.1:9000, and this app listens on 127.0.0.1:8723": answer(pages.relay("127.0.0.1:9000")),
    "its server calls it text/plain, not text/html": answer(Content_Type="text/plain"),
    "its server has browsers save it instead of showing it": answer(Content_Disposition="attachment"),
    "its server's Content-Security-Policy forbids its script": answer(Content_Security_Policy="script-src 'self'"),
    "serves a relay page of another version, or one that was changed on its way": answer(
        pages.relay(LISTENING.listen).replace("</body>", "<script>track()</script></body>")
    ),
    "answers a program with 403": answer("no", 403),
}
"""What the page says that `doctor` says, and an answer of a host that makes it say so."""


class TestFaults:
    @pytest.mark.parametrize("words", FAULTS)
    def test_the_doctor_says_what_the_page_says_of_each_fault(self, words: str) -> None:
        try:
            found = relay.judge(LISTENING, FAULTS[words])
            said, bad = found.found, found.result != "ok"
        except errors.WrongRelay as error:
            said, bad = error.message, True

        first, _, last = words.partition("…")
        assert bad
        assert words in said or (first in said and last in said)

    def test_a_host_that_does_not_answer_could_not_be_asked(self, served: Served) -> None:
        nobody = replace(served.web, way=f"http://127.0.0.1:{free_port()}")

        found = doctor(served, nobody)

        assert (found["result"], UNREACHABLE in found["finding"]) == ("warning", True)

    def test_its_lines_are_those_of_the_page(self) -> None:
        longer = relay.judge(LISTENING, FAULTS["leads on to https://agency.example/sp-connect/?…"])
        with pytest.raises(errors.WrongRelay) as raised:
            relay.judge(LISTENING, FAULTS["its server's Content-Security-Policy forbids its script"])

        assert shown()[1:] == [
            f"▲ relay warning: {longer.found} hint: {longer.mend}",
            f"✕ relay failed: {raised.value.message} hint: {raised.value.hint}",
        ]

    def test_every_row_of_the_page_is_among_them(self) -> None:
        assert hosts.PAGE.first_column("`doctor` says") == [*FAULTS, UNREACHABLE]


class TestPage:
    def test_what_it_links_to_is_there(self) -> None:
        places = {link.removeprefix("#") for link in hosts.PAGE.links() if link.startswith("#")}
        files = [link.partition("#")[0] for link in hosts.PAGE.links() if not link.startswith(("#", "https://"))]

        assert places <= hosts.PAGE.anchors()
        assert [name for name in files if not (guides.FOLDER / name).is_file()] == []

    def test_every_host_has_its_address_and_each_is_one_that_the_program_takes(self) -> None:
        assert len(set(hosts.REGISTERED)) == 4
        for address in hosts.REGISTERED:
            registration.check_redirect_uri(address)


def shown() -> list[str]:
    """The lines of `doctor` on the page, each put together again and without its time."""
    once = re.sub(r" +\d\.\d\d s$", "", hosts.DOCTOR_SAYS, flags=re.MULTILINE)
    return [" ".join(part.split()).replace("doctor= 1", "doctor=1") for part in once.split("\n\n")]


def judged(headers: Mapping[str, str]) -> Finding:
    """What `doctor` makes of the page with these headers."""
    return relay.judge(LISTENING, answer()._replace(headers={**HTML, **headers}))


def commands(block: str) -> list[list[str]]:
    """The commands of a block, as the shell takes them apart."""
    return [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]


def after(flag: str, words: Sequence[str]) -> str:
    return words[words.index(flag) + 1]
