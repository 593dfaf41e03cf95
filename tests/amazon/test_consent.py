"""The consent: its address, and which arrival is believed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.amazon import consent, geography
from sp_connect.amazon.services import protocol
from sp_connect.models import App, Connection, Consent, Grant
from tests.stores.samples import app, connection

EUROPE = "sellercentral-europe.amazon.com"
ACCOUNT = "A2EXAMPLE1234"
APP = app()
CONFIRM = f"/apps/authorize/confirm/{APP.application_id}"
AMAZON = f"https://sellercentral.amazon.com{CONFIRM}"


def begun(region: str = "eu", country: str | None = None, of: App = APP, *, away: bool = False) -> Consent:
    return consent.begin(of, geography.scope("acme", region, country), away=away)


def answered(asked: Consent, **changes: str) -> list[tuple[str, str]]:
    """What Amazon sends after Confirm, changed."""
    sent = {"state": asked.state, "selling_partner_id": ACCOUNT, "spapi_oauth_code": "ANcode"} | changes
    return list(sent.items())


def hop(asked: Consent, to: str, **more: str) -> object:
    return consent.read([("amazon_callback_uri", to), *more.items()], asked)


# The address


@pytest.mark.parametrize(
    ("region", "country", "host"),
    [
        ("na", None, "sellercentral.amazon.com"),
        ("eu", None, EUROPE),
        ("eu", "DE", EUROPE),
        ("eu", "UK", EUROPE),
        ("eu", "IN", "sellercentral.amazon.in"),
        ("eu", "AE", "sellercentral.amazon.ae"),
        ("na", "MX", "sellercentral.amazon.com.mx"),
        ("fe", "JP", "sellercentral.amazon.co.jp"),
        ("fe", "AU", "sellercentral.amazon.com.au"),
        ("fe", "SG", "sellercentral.amazon.sg"),
    ],
)
def test_address_begins_at_the_seller_central_of_its_place(region: str, country: str | None, host: str) -> None:
    address = urlsplit(begun(region, country).address)
    assert (address.scheme, address.netloc, address.path) == ("https", host, "/apps/authorize/consent")


def test_address_names_app_state_and_redirect_uri_and_nothing_else() -> None:
    asked = begun()
    assert parse_qs(urlsplit(asked.address).query) == {
        "application_id": [APP.application_id],
        "state": [asked.state],
        "redirect_uri": [APP.redirect_uri],
    }


def test_only_a_draft_app_asks_for_version_beta() -> None:
    assert "version=beta" in begun(of=app(draft=True)).address
    assert "version" not in begun().address


def test_a_redirect_uri_with_a_query_arrives_whole() -> None:
    redirect_uri = "https://agency.example/relay?a=b&c=%20d"
    address = begun(of=app(redirect_uri=redirect_uri)).address
    assert address.count("?") == 1
    assert parse_qs(urlsplit(address).query)["redirect_uri"] == [redirect_uri]


def test_state_has_256_bits() -> None:
    assert len(base64.urlsafe_b64decode(begun().state + "=")) == 32


def test_state_is_new_each_time() -> None:
    assert len({begun().state for _ in range(100)}) == 100


def test_state_of_a_seller_elsewhere_is_marked_and_as_long() -> None:
    state = begun(away=True).state
    assert state.startswith(consent.AWAY)
    assert len(base64.urlsafe_b64decode(state.removeprefix(consent.AWAY) + "=")) == 32


def test_state_of_a_seller_here_is_never_marked() -> None:
    assert "." not in begun().state


# The direct callback


def test_direct_callback_is_a_grant() -> None:
    asked = begun()
    granted = consent.read(answered(asked, mws_auth_token="old"), asked)
    assert isinstance(granted, Grant)
    assert granted.code.reveal() == "ANcode"
    assert granted.selling_partner_id == ACCOUNT


def test_callback_of_a_seller_elsewhere_is_a_grant() -> None:
    asked = begun(away=True)
    assert isinstance(consent.read(answered(asked), asked), Grant)


def test_code_is_not_in_the_repr_of_a_grant() -> None:
    asked = begun()
    assert "ANcode" not in repr(consent.read(answered(asked), asked))


FORGED = [
    "",
    "x",
    " {state}",
    "{state} ",
    "{state}x",
    "away.{state}",
    "{state}\0",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "\N{REPLACEMENT CHARACTER}",
    "x" * 5000,
]


@pytest.mark.parametrize("state", FORGED)
def test_forged_state_is_ignored(state: str) -> None:
    asked = begun()
    forged = answered(asked, state=state.format(state=asked.state))
    assert isinstance(consent.read(forged, asked), protocol.Stranger)


def test_state_of_other_case_is_ignored() -> None:
    asked = begun()
    assert isinstance(consent.read(answered(asked, state=asked.state.swapcase()), asked), protocol.Stranger)


def test_state_with_a_surrogate_is_ignored() -> None:
    asked = begun()
    assert isinstance(consent.read(answered(asked, state="\ud800"), asked), protocol.Stranger)


def test_state_of_an_earlier_consent_is_ignored() -> None:
    assert isinstance(consent.read(answered(begun()), begun()), protocol.Stranger)


def test_missing_state_is_ignored() -> None:
    assert isinstance(consent.read(answered(begun())[1:], begun()), protocol.Stranger)


@pytest.mark.parametrize("name", ["state", "selling_partner_id", "spapi_oauth_code", "other"])
def test_a_parameter_that_comes_twice_is_ignored(name: str) -> None:
    asked = begun()
    again = [*answered(asked, other="x"), (name, "y")]
    assert isinstance(consent.read(again, asked), protocol.Stranger)
    same = dict(answered(asked, other="x"))
    assert isinstance(consent.read([*same.items(), (name, same[name])], asked), protocol.Stranger)


@pytest.mark.parametrize(
    "changes",
    [
        {"spapi_oauth_code": ""},
        {"selling_partner_id": ""},
        {"selling_partner_id": "A 1"},
        {"selling_partner_id": "A\x1b[2J"},
        {"selling_partner_id": "A\r\nX: y"},
        {"selling_partner_id": "\N{CYRILLIC CAPITAL LETTER A}2EXAMPLE"},
        {"selling_partner_id": "A\N{RIGHT-TO-LEFT OVERRIDE}1"},
        {"selling_partner_id": "A" * 65},
        {"spapi_oauth_code": "x" * 4097},
        {"other": "x" * 100_000},
        {f"n{number}": "" for number in range(20)},
    ],
)
def test_empty_huge_and_binary_parameters_are_ignored(changes: dict[str, str]) -> None:
    asked = begun()
    assert isinstance(consent.read(answered(asked, **changes), asked), protocol.Stranger)


@pytest.mark.parametrize("name", ["selling_partner_id", "spapi_oauth_code"])
def test_missing_code_or_id_is_ignored(name: str) -> None:
    asked = begun()
    without = [(key, value) for key, value in answered(asked) if key != name]
    assert isinstance(consent.read(without, asked), protocol.Stranger)


def test_a_plain_oauth_code_is_ignored() -> None:
    asked = begun()
    sent = [("state", asked.state), ("selling_partner_id", ACCOUNT), ("code", "ANcode")]
    assert isinstance(consent.read(sent, asked), protocol.Stranger)


def test_nothing_is_ignored() -> None:
    assert isinstance(consent.read([], begun()), protocol.Stranger)


# The refusal


def test_refusal_tells_amazons_words() -> None:
    asked = begun()
    sent = [("state", asked.state), ("error", "access_denied"), ("error_description", "Access not permitted.")]
    refused = consent.read(sent, asked)
    assert isinstance(refused, errors.Refused)
    assert refused.told().endswith("Amazon said: access_denied: Access not permitted.")
    assert refused.exit_code == 3


@pytest.mark.parametrize("state", [[], [("state", "")], [("state", "forged")]])
def test_refusal_without_our_state_is_ignored(state: list[tuple[str, str]]) -> None:
    sent = [*state, ("error", "access_denied")]
    assert isinstance(consent.read(sent, begun()), protocol.Stranger)


def test_refusal_beside_a_code_is_a_refusal() -> None:
    asked = begun()
    assert isinstance(consent.read(answered(asked, error="access_denied"), asked), errors.Refused)


# The Login-URI hop


def state_of_hop(asked: Consent) -> str:
    found = hop(asked, AMAZON, amazon_state="x")
    assert isinstance(found, protocol.Hop)
    return parse_qs(urlsplit(found.address).query)["state"][0]


def test_hop_is_answered_with_state_redirect_uri_and_amazon_state() -> None:
    asked = begun()
    found = hop(asked, AMAZON, amazon_state="opaque &+%20=", selling_partner_id=ACCOUNT)
    assert isinstance(found, protocol.Hop)
    address = urlsplit(found.address)
    assert f"https://{address.netloc}{address.path}" == AMAZON
    sent = dict(parse_qsl(address.query))
    assert isinstance(consent.read(answered(asked, state=sent.pop("state")), asked), Grant)
    assert sent == {
        "redirect_uri": APP.redirect_uri,
        "amazon_state": "opaque &+%20=",
    }


@pytest.mark.parametrize("away", [False, True])
def test_no_hop_hands_out_the_state_that_the_consent_began_with(away: bool) -> None:
    asked = begun(away=away)
    states = {state_of_hop(asked) for _ in range(50)}
    assert len(states) == 50
    bare = asked.state.removeprefix(consent.AWAY)
    assert not [state for state in states if bare in state]
    assert all(state.startswith(consent.AWAY) is away for state in states)
    assert all(consent.is_hop_state(state) for state in states)


def test_the_state_of_each_hop_stays_good() -> None:
    asked = begun()
    states = [state_of_hop(asked) for _ in range(3)]
    for state in (*states, asked.state):
        assert isinstance(consent.read(answered(asked, state=state), asked), Grant)


def test_the_state_of_a_hop_is_good_for_its_own_consent_alone() -> None:
    assert isinstance(consent.read(answered(begun(), state=state_of_hop(begun())), begun()), protocol.Stranger)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[:-1],
        lambda s: s + "x",
        lambda s: ("y" if s[0] == "x" else "x") + s[1:],
        lambda s: s.swapcase(),
        lambda s: "away." + s,
    ],
)
def test_a_changed_state_of_a_hop_is_ignored(change: Callable[[str], str]) -> None:
    asked = begun()
    forged = change(state_of_hop(asked))
    assert isinstance(consent.read(answered(asked, state=forged), asked), protocol.Stranger)


def test_hop_of_a_draft_app_is_answered_with_version_beta() -> None:
    asked = begun(of=app(draft=True))
    found = hop(asked, AMAZON, amazon_state="x", version="beta")
    assert isinstance(found, protocol.Hop)
    assert parse_qs(urlsplit(found.address).query)["version"] == ["beta"]


def test_version_of_a_hop_is_not_believed() -> None:
    found = hop(begun(), AMAZON, version="beta")
    assert isinstance(found, protocol.Hop)
    assert "version" not in found.address


def test_hop_keeps_the_query_that_amazon_gave_and_drops_its_fragment() -> None:
    found = hop(begun(), AMAZON + "?mons_sel=1&b=%C3%BC#top")
    assert isinstance(found, protocol.Hop)
    assert found.address.startswith(AMAZON + "?mons_sel=1&b=%C3%BC&")
    assert found.address.count("?") == 1
    assert "#" not in found.address


OLD_HOSTS = [
    *(f"sellercentral.amazon.{ending}" for ending in ("de", "co.uk", "fr", "it", "es", "com.sa")),
    "sellercentral-europe.amazon.com",
    "sellercentral-japan.amazon.com",
    "vendorcentral.amazon.eu",
    "amazon.com",
]


@pytest.mark.parametrize("host", sorted({*geography.SELLER_HOSTS, *geography.VENDOR_HOSTS, *OLD_HOSTS}))
def test_hop_leads_to_every_seller_and_vendor_central(host: str) -> None:
    found = hop(begun(), f"https://{host}{CONFIRM}")
    assert isinstance(found, protocol.Hop)
    assert urlsplit(found.address).hostname == host


@pytest.mark.parametrize(
    "to",
    [
        f"https://SellerCentral.Amazon.COM{CONFIRM}",
        f"HTTPS://sellercentral.amazon.com{CONFIRM}",
        f"https://sellercentral.amazon.com:443{CONFIRM}",
        f"https://SELLERCENTRAL.AMAZON.COM:443{CONFIRM}",
    ],
)
def test_hop_leads_to_the_host_as_it_is_usually_written(to: str) -> None:
    found = hop(begun(), to, amazon_state="x")
    assert isinstance(found, protocol.Hop)
    assert found.address.startswith(f"{AMAZON}?")


@pytest.mark.parametrize("to", [f"{AMAZON}/", f"{CONFIRM}/", f"{AMAZON}/?mons_sel=1"])
def test_hop_may_have_a_slash_at_its_end(to: str) -> None:
    found = hop(begun(), to, amazon_state="x")
    assert isinstance(found, protocol.Hop)
    assert urlsplit(found.address).path == f"{CONFIRM}/"


def test_a_consent_begins_at_no_other_host_than_before() -> None:
    hosts = {geography.consent_host(geography.scope("acme", c.region, c.code)) for c in geography.COUNTRIES.values()}
    assert hosts == geography.SELLER_HOSTS
    assert not hosts & ({*OLD_HOSTS} - {"sellercentral-europe.amazon.com"})


def test_hop_that_is_a_path_alone_stays_where_the_consent_began() -> None:
    found = hop(begun("fe", "JP"), CONFIRM, amazon_state="x")
    assert isinstance(found, protocol.Hop)
    assert found.address.startswith(f"https://sellercentral.amazon.co.jp{CONFIRM}?")


def test_hop_with_our_apps_id_escaped_is_answered() -> None:
    asked = begun(of=app(application_id="amzn1.sp.solution.a-b"))
    assert isinstance(
        hop(asked, "https://sellercentral.amazon.com/apps/authorize/confirm/amzn1.sp.solution.a%2Db"), protocol.Hop
    )


REFUSED_HOPS = {
    "nothing": "",
    "blank": " ",
    "another host": f"https://evil.example{CONFIRM}",
    "the shop": f"https://www.amazon.com{CONFIRM}",
    "our own host": f"https://agency.example{CONFIRM}",
    "a longer name": f"https://sellercentral.amazon.com.evil.example{CONFIRM}",
    "a name before it": f"https://evil-sellercentral.amazon.com{CONFIRM}",
    "a name below it": f"https://evil.sellercentral.amazon.com{CONFIRM}",
    "final dot": f"https://sellercentral.amazon.com.{CONFIRM}",
    "user": f"https://user@sellercentral.amazon.com{CONFIRM}",
    "user and password": f"https://user:word@sellercentral.amazon.com{CONFIRM}",
    "as user": f"https://sellercentral.amazon.com@evil.example{CONFIRM}",
    "as password": f"https://x:sellercentral.amazon.com@evil.example{CONFIRM}",
    "port": f"https://sellercentral.amazon.com:8443{CONFIRM}",
    "usual port of http": f"https://sellercentral.amazon.com:80{CONFIRM}",
    "usual port twice": f"https://sellercentral.amazon.com:443:443{CONFIRM}",
    "the shop of a country": f"https://amazon.de{CONFIRM}",
    "amazon.com as the beginning": f"https://amazon.com.evil.example{CONFIRM}",
    "amazon.com as the end": f"https://evil-amazon.com{CONFIRM}",
    "amazon.com as user": f"https://amazon.com:443@evil.example{CONFIRM}",
    "empty port": f"https://sellercentral.amazon.com:{CONFIRM}",
    "huge port": f"https://sellercentral.amazon.com:99999{CONFIRM}",
    "port of letters": f"https://sellercentral.amazon.com:x{CONFIRM}",
    "http": f"http://sellercentral.amazon.com{CONFIRM}",
    "other scheme": f"ftp://sellercentral.amazon.com{CONFIRM}",
    "script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "two slashes": f"//evil.example{CONFIRM}",
    "backslashes": f"https:\\\\sellercentral.amazon.com{CONFIRM}",
    "backslash and at": f"https://sellercentral.amazon.com\\@evil.example{CONFIRM}",
    "IPv4": f"https://127.0.0.1{CONFIRM}",
    "IPv6": f"https://[::1]{CONFIRM}",
    "IPv6 with zone": f"https://[fe80::1%25eth0]{CONFIRM}",
    "half an IPv6": "https://[::1",
    "other bracket": "https://sellercentral.amazon.com]/",
    "name in brackets": f"https://[sellercentral.amazon.com]{CONFIRM}",
    "IDN": f"https://sellercentral.\N{CYRILLIC SMALL LETTER A}mazon.com{CONFIRM}",
    "punycode": f"https://sellercentral.xn--mazon-3ve.com{CONFIRM}",
    "full-width dot": f"https://sellercentral\N{FULLWIDTH FULL STOP}amazon.com{CONFIRM}",
    "full-width slash": f"https://sellercentral.amazon.com\N{FULLWIDTH SOLIDUS}.evil.example{CONFIRM}",
    "account of": f"https://a\N{ACCOUNT OF}b.example{CONFIRM}",
    "another app": "https://sellercentral.amazon.com/apps/authorize/confirm/amzn1.sp.solution.other",
    "longer id": AMAZON + "x",
    "shorter id": AMAZON[:-1],
    "no id": "https://sellercentral.amazon.com/apps/authorize/confirm/",
    "another page": "https://sellercentral.amazon.com/gp/redirect?to=" + quote(AMAZON, safe=""),
    "its root": "https://sellercentral.amazon.com/",
    "up and away": AMAZON + "/../../../../gp",
    "two final slashes": AMAZON + "//",
    "something after the slash": AMAZON + "/x",
    "parameters of the path": AMAZON + ";x",
    "escaped NUL": AMAZON + "%00",
    "escaped line break": AMAZON + "%0d%0aX:%20y",
    "undecodable": AMAZON + "%ff",
    "query alone": "?x=y",
    "too long": AMAZON + "?" + "x" * 5000,
}


@pytest.mark.parametrize("to", REFUSED_HOPS.values(), ids=REFUSED_HOPS)
def test_hop_elsewhere_is_ignored(to: str) -> None:
    assert isinstance(hop(begun(), to, amazon_state="x"), protocol.Stranger)


@pytest.mark.parametrize(
    "tail",
    [
        "?a=b\r\nSet-Cookie: x=y",
        "?a=b\nX: y",
        "?a=\N{LATIN SMALL LETTER U WITH DIAERESIS}",
        "?a=\N{SNOWMAN}",
        "?a=\N{LINE SEPARATOR}",
        "?a=\N{NEXT LINE}b",
        "?a=\0",
        "?a=\x1b[2J",
        "?a=b c",
        "?\ud800",
        "\t?a=b",
    ],
)
def test_address_of_a_hop_is_one_line_of_visible_ascii(tail: str) -> None:
    found = hop(begun(), AMAZON + tail, amazon_state="x\r\ny\N{SNOWMAN}")
    if isinstance(found, protocol.Hop):
        assert found.address.isascii()
        assert found.address.isprintable()
        assert " " not in found.address
    else:
        assert isinstance(found, protocol.Stranger)


def test_state_of_a_hop_is_ours_even_if_its_address_brings_another() -> None:
    asked = begun()
    found = hop(asked, AMAZON + "?state=evil&amazon_state=evil&redirect_uri=https://evil.example/", amazon_state="x")
    if isinstance(found, protocol.Hop):
        sent = parse_qs(urlsplit(found.address).query)
        assert len(sent["state"]) == 1
        assert consent.is_answered_by(asked.state, sent["state"][0])
        assert sent["redirect_uri"] == [APP.redirect_uri]
        assert sent["amazon_state"] == ["x"]
    else:
        assert isinstance(found, protocol.Stranger)


# Pasted addresses

ANSWER = urlencode({"state": "s", "selling_partner_id": ACCOUNT, "spapi_oauth_code": "ANcode"})
PARAMETERS = [("state", "s"), ("selling_partner_id", ACCOUNT), ("spapi_oauth_code", "ANcode")]


@pytest.mark.parametrize(
    "text",
    [
        f"https://agency.example/relay?{ANSWER}",
        f"  https://agency.example/relay?{ANSWER}\r\n",
        f"https://agency.example/re\r\nlay?{ANSWER[:20]}\r\n{ANSWER[20:]}",
        f"https://agency.example/relay?{ANSWER[:30]}\n    {ANSWER[30:50]}\n\t{ANSWER[50:]}",
        f"https://agency.example/relay?{ANSWER[:30]}\N{NO-BREAK SPACE}{ANSWER[30:]}",
        f"https://agency.example/relay?{ANSWER}#top",
        f"HTTPS://Agency.Example/relay?{ANSWER}",
        f"http://127.0.0.1:8723/callback?{ANSWER}",
        f"[relay](https://agency.example/relay?{ANSWER})",
        f"https://agency.example/relay/?{ANSWER}",
    ],
)
def test_pasted_address_is_read(text: str) -> None:
    assert consent.pasted(text, APP) == PARAMETERS


@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [
        ("https://agency.example", "https://agency.example/"),
        ("https://agency.example:443/a", "https://agency.example/a"),
    ],
)
def test_pasted_address_is_read_as_a_browser_shows_it(redirect_uri: str, shown: str) -> None:
    assert consent.pasted(f"{shown}?{ANSWER}", app(redirect_uri=redirect_uri)) == PARAMETERS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        ANSWER,
        f"?{ANSWER}",
        f"https://evil.example/relay?{ANSWER}",
        f"https://agency.example.evil.example/relay?{ANSWER}",
        f"https://user@agency.example/relay?{ANSWER}",
        f"https://agency.example:8443/relay?{ANSWER}",
        f"http://agency.example/relay?{ANSWER}",
        f"https://agency.example/Relay?{ANSWER}",
        f"https://agency.example/relay/x?{ANSWER}",
        f"https://127.0.0.1:8723/callback?{ANSWER}",
        f"http://127.0.0.1:8724/callback?{ANSWER}",
        f"http://localhost:8723/callback?{ANSWER}",
        f"http://127.0.0.1:8723/other?{ANSWER}",
        f"https://{EUROPE}/apps/authorize/consent?{ANSWER}",
        "https://agency.example/relay",
        "https://agency.example/relay?",
        "https://agency.example/relay#x",
        f"https://[::1/relay?{ANSWER}",
        f"https://[agency.example]/relay?{ANSWER}",
        f"https://a\N{ACCOUNT OF}b/relay?{ANSWER}",
    ],
)
def test_another_pasted_address_is_refused(text: str) -> None:
    with pytest.raises(errors.BadState) as caught:
        consent.pasted(text, APP)
    assert caught.value.exit_code == 3
    assert "ANcode" not in caught.value.told()


def test_query_keeps_order_blank_values_and_repetitions() -> None:
    assert consent.query("b=&a=1&a=2&c") == [("b", ""), ("a", "1"), ("a", "2"), ("c", "")]


def test_query_with_bytes_that_are_no_text_is_read() -> None:
    assert consent.query("state=%ff%ed%a0%80&x=%zz")[1] == ("x", "%zz")


# Many arrivals


@dataclass
class Fake:
    """An arrival that remembers how it was answered."""

    parameters: consent.Parameters
    answers: list[str] = field(default_factory=list)
    outcome: Connection | errors.SpConnectError | None = None

    def turn_away(self, why: str) -> None:
        assert why
        self.answers.append("turned away")

    def send_on(self, address: str) -> None:
        self.answers.append(address)

    def conclude(self, outcome: Connection | errors.SpConnectError) -> None:
        self.answers.append("concluded")
        self.outcome = outcome


def test_no_arrival_is_no_grant() -> None:
    none: list[Fake] = []
    assert consent.first_grant(none, begun()) is None


def test_strangers_alone_are_no_grant_and_each_is_turned_away() -> None:
    strangers = [Fake([("state", state)]) for state in FORGED]
    assert consent.first_grant(strangers, begun()) is None
    assert all(stranger.answers == ["turned away"] for stranger in strangers)


def test_grant_is_found_after_strangers_and_hops_and_is_left_unanswered() -> None:
    asked = begun()
    stranger, twice = Fake([("error", "x")]), Fake([*answered(asked), ("state", asked.state)])
    hops = [Fake([("amazon_callback_uri", AMAZON), ("amazon_state", str(number))]) for number in range(3)]
    ours, later = Fake(answered(asked)), Fake(answered(asked, spapi_oauth_code="other"))
    found = consent.first_grant(iter([stranger, *hops, twice, ours, later]), asked)
    assert found is not None
    arrival, grant = found
    assert arrival is ours
    assert grant.code.reveal() == "ANcode"
    assert stranger.answers == twice.answers == ["turned away"]
    assert [len(each.answers) for each in hops] == [1, 1, 1]
    assert all(each.answers[0].startswith(AMAZON) for each in hops)
    assert ours.answers == later.answers == []


def test_refusal_ends_the_wait_and_its_arrival_hears_it() -> None:
    asked = begun()
    refusal, later = Fake([("state", asked.state), ("error", "access_denied")]), Fake(answered(asked))
    with pytest.raises(errors.Refused) as caught:
        consent.first_grant([refusal, later], asked)
    assert refusal.outcome is caught.value
    assert later.answers == []


def test_hop_elsewhere_does_not_end_the_wait() -> None:
    asked = begun()
    bad = [Fake([("amazon_callback_uri", to)]) for to in REFUSED_HOPS.values()]
    ours = Fake(answered(asked))
    found = consent.first_grant([*bad, ours], asked)
    assert found is not None
    assert found[0] is ours
    assert all(each.answers == ["turned away"] for each in bad)


def test_a_fake_is_told_of_a_connection() -> None:
    fake = Fake([])
    fake.conclude(connection())
    assert fake.outcome == connection()


# Whatever arrives

QUICK = settings(max_examples=300, deadline=None, database=None, derandomize=True)
NAMES = st.sampled_from(
    ["state", "selling_partner_id", "spapi_oauth_code", "amazon_callback_uri", "amazon_state", "error", "x"]
) | st.text(max_size=5)
PIECES = st.sampled_from(
    [*"/[]@:?#%\\\0", "https://", "http:", "//", "..", "\r\n", "sellercentral.amazon.com", CONFIRM, AMAZON, "127.0.0.1"]
)
VALUES = st.text(max_size=12) | st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join)
ASKED = begun()


@pytest.mark.slow
@QUICK
@given(parameters=st.lists(st.tuples(NAMES, VALUES), max_size=24))
def test_no_generated_answer_is_granted(parameters: list[tuple[str, str]]) -> None:
    found = consent.read(parameters, ASKED)
    assert isinstance(found, protocol.Stranger | protocol.Hop)
    if isinstance(found, protocol.Hop):
        assert urlsplit(found.address).hostname in geography.NAMED_HOSTS


@pytest.mark.slow
@QUICK
@given(text=st.text(max_size=80) | st.lists(st.tuples(NAMES, VALUES), max_size=8).map(urlencode))
def test_no_generated_query_is_granted(text: str) -> None:
    assert isinstance(consent.read(consent.query(text), ASKED), protocol.Stranger | protocol.Hop)


@pytest.mark.slow
@QUICK
@given(text=st.text(max_size=60) | st.lists(PIECES, max_size=8).map("".join))
def test_any_pasted_text_is_read_or_refused(text: str) -> None:
    with suppress(errors.BadState):
        consent.pasted(text, APP)
