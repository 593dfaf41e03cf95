"""What an app's fields may be, and what is told about those that are confused."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from sp_connect import errors
from sp_connect.amazon import geography, redaction, registration
from sp_connect.authorization import loopback
from sp_connect.models import Secret

OLD_ID = "amzn1.sellerapps.app.2eca283f-9f5a-4d13-b16c-474EXAMPLE57"
NEW_ID = "amzn1.sp.solution.2eca283f-9f5a-4d13-b16c-474EXAMPLE57"
CLIENT_ID = "amzn1.application-oa2-client.0123456789abcdef"
SECRET = "amzn1.oa2-cs.v1.0123456789abcdef"
TOKEN = "Atzr|IwEBIA"

WRONG_IDS = ["", " ", "x", "amzn1", SECRET, TOKEN, "amzn1.devportal.x"]


@pytest.mark.parametrize("application_id", [OLD_ID, NEW_ID])
def test_both_forms_of_an_application_id_are_taken(application_id: str) -> None:
    registration.check_ids(application_id, CLIENT_ID)


@pytest.mark.parametrize("application_id", [OLD_ID, NEW_ID])
def test_swapped_ids_are_told_with_the_right_command(application_id: str) -> None:
    with pytest.raises(errors.BadAppField, match="are swapped") as caught:
        registration.check_ids(CLIENT_ID, application_id)
    assert caught.value.hint == f"--application-id {application_id} --client-id {CLIENT_ID}"


def test_a_client_id_twice_is_told_with_amazons_error_code() -> None:
    with pytest.raises(errors.BadAppField, match="is a client id, not an application id") as caught:
        registration.check_ids(CLIENT_ID, CLIENT_ID)
    assert "MD1000" in caught.value.message


@pytest.mark.parametrize("application_id", [OLD_ID, NEW_ID])
def test_an_application_id_twice_is_told(application_id: str) -> None:
    with pytest.raises(errors.BadAppField, match="is not a client id"):
        registration.check_ids(application_id, application_id)


@pytest.mark.parametrize("secret", ["Atzr|hush", "Atza|hush", "amzn1.oa2-cs.v1.hush"])
@pytest.mark.parametrize("around", ["{}", " {}", "'{}'", "https://agency.example/?{}"])
def test_a_secret_in_the_wrong_place_is_not_repeated(secret: str, around: str) -> None:
    value = around.format(secret)
    checks: list[Callable[[], None]] = [
        lambda: registration.check_ids(value, CLIENT_ID),
        lambda: registration.check_ids(NEW_ID, value),
        lambda: registration.check_redirect_uri(value),
    ]
    for check in checks:
        with pytest.raises(errors.BadAppField) as caught:
            check()
        assert "hush" not in caught.value.told() + (caught.value.hint or "")


@pytest.mark.parametrize(
    ("application_id", "client_id"),
    [
        pair
        for pair in itertools.product([*WRONG_IDS, OLD_ID, NEW_ID, CLIENT_ID], [*WRONG_IDS, OLD_ID, NEW_ID, CLIENT_ID])
        if pair not in {(OLD_ID, CLIENT_ID), (NEW_ID, CLIENT_ID)}
    ],
)
def test_every_other_pair_of_ids_is_refused(application_id: str, client_id: str) -> None:
    with pytest.raises(errors.BadAppField) as caught:
        registration.check_ids(application_id, client_id)
    assert caught.value.exit_code == 2
    assert caught.value.hint


@pytest.mark.parametrize("tail", [" x", "\n", "\x1b[2J", "\N{SNOWMAN}", "x" * 2048])
def test_an_id_with_foreign_characters_is_refused(tail: str) -> None:
    with pytest.raises(errors.BadAppField):
        registration.check_ids(NEW_ID + tail, CLIENT_ID)
    with pytest.raises(errors.BadAppField):
        registration.check_ids(NEW_ID, CLIENT_ID + tail)


@pytest.mark.parametrize("value", [SECRET, "0123456789abcdef" * 4, "old-form/without+prefix="])
def test_a_client_secret_of_any_form_is_taken(value: str) -> None:
    registration.check_client_secret(Secret(value))


@pytest.mark.parametrize("value", [CLIENT_ID, OLD_ID, NEW_ID, TOKEN, "", "two words", "two\nlines", "\N{SNOWMAN}"])
def test_what_is_no_client_secret_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(errors.BadAppField) as caught:
        registration.check_client_secret(Secret(value))
    assert not value or value not in caught.value.told()


@pytest.mark.parametrize(
    "address",
    [
        "https://agency.example/sp-connect",
        "https://agency.example",
        "https://agency.example/",
        "https://agency.example/a/b.html?c=d",
        "https://agency.example:8443/back",
        "https://xn--gentur-bua.example/",
        "https://localhost.example/",
        "https://127.0.0.1.example/",
    ],
)
def test_redirect_uri_is_taken(address: str) -> None:
    registration.check_redirect_uri(address)


REFUSED = [
    ("http://agency.example/", "must begin with https://"),
    ("ftp://agency.example/", "must begin with https://"),
    ("myapp://agency/", "must begin with https://"),
    ("agency.example/sp-connect", "not a whole address"),
    ("https:agency.example", "not a whole address"),
    ("https://", "not a whole address"),
    ("https:///x", "not a whole address"),
    ("", "not a whole address"),
    ("nonsense", "not a whole address"),
    ("https://agency example/", "not a whole address"),
    ("https://agency.example/\n", "not a whole address"),
    ("https://agency.example/\x1b[2J", "not a whole address"),
    ("https://\N{LATIN SMALL LETTER U WITH DIAERESIS}.example/", "not a whole address"),
    ("https://agency.example/" + "x" * 2048, "not a whole address"),
    ("https://localhost/", "may not lead to this machine"),
    ("https://LocalHost:8443/x", "may not lead to this machine"),
    ("https://localhost./x", "may not lead to this machine"),
    ("https://a.localhost/", "may not lead to this machine"),
    ("https://127.0.0.1/", "may not lead to this machine"),
    ("https://127.0.0.1:8723/callback", "may not lead to this machine"),
    ("https://127.8.9.1/", "may not lead to this machine"),
    ("https://[::1]/", "may not lead to this machine"),
    ("https://[::1]:8443/x", "may not lead to this machine"),
    ("https://[::ffff:127.0.0.1]/", "may not lead to this machine"),
    ("https://0.0.0.0/", "may not lead to this machine"),
    ("https://[::]/", "may not lead to this machine"),
    ("https://agency.example/#", "may have no fragment"),
    ("https://agency.example/#/route", "may have no fragment"),
    ("https://user@agency.example/", "may hold no user name"),
    ("https://user:word@agency.example/", "may hold no user name"),
    ("https://@agency.example/", "may hold no user name"),
    ("https://agency.example:x/", "is not an address"),
    ("https://agency.example:99999/", "is not an address"),
    ("https://[::1/", "is not an address"),
    ("https://a\N{ACCOUNT OF}b/", "is not an address"),
]


@pytest.mark.parametrize(("address", "finding"), REFUSED)
def test_redirect_uri_is_refused_with_the_reason(address: str, finding: str) -> None:
    with pytest.raises(errors.BadAppField, match=finding) as caught:
        registration.check_redirect_uri(address)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("--redirect-uri takes the address of your relay page")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("localhost", False),
        ("", False),
        ("127.1", False),
    ],
)
def test_only_a_number_on_the_loopback_interface_is_one(host: str, is_loopback: bool) -> None:
    assert loopback.is_loopback(host) is is_loopback


LONGEST = "Atzr|" + "x" * (redaction.LONGEST_REFRESH_TOKEN - 5)


@pytest.mark.parametrize("token", [TOKEN, "Atzr|x", LONGEST, "Atzr|~!@#$%^&*()_-+={}[]:;'<>,.?/|"])
def test_a_refresh_token_is_taken(token: str) -> None:
    registration.check_refresh_token(Secret(token))


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "The refresh token is missing."),
        ("Atzr", "That is no refresh token. It was not saved."),
        ("atzr|x", "That is no refresh token. It was not saved."),
        ("Atza|x", "That is an access token, which expires after an hour, not a refresh token. It was not saved."),
        ("\ufeffAtzr|x", "There is a byte order mark in the refresh token. It was not saved."),
        ("Atzr|x\u200b", "There is an invisible character in the refresh token. It was not saved."),
        ('"Atzr|x"', "There is a quote around the refresh token. It was not saved."),
        ("'Atzr|x", "There is a quote around the refresh token. It was not saved."),
        ('Atzr|x",', "There is a quote around the refresh token. It was not saved."),
        ("\u201cAtzr|x\u201d", "There is a quote around the refresh token. It was not saved."),
        ("refresh_token: Atzr|x", "There is refresh_token: in front of the refresh token. It was not saved."),
        ("refresh_token: 'Atzr|x'", "There is refresh_token: in front of the refresh token. It was not saved."),
        ("LWA_TOKEN=Atzr|x", "There is LWA_TOKEN= in front of the refresh token. It was not saved."),
        ("amzn1.oa2-cs.v1.hush=Atzr|x", "There is something else in front of the refresh token. It was not saved."),
        ("Atzr|xAtzr|y", "There are two refresh tokens. It was not saved."),
        ("Atzr%7Cx", "The | of the refresh token is written %7C, as in an address. It was not saved."),
        (SECRET, "That is no refresh token. It was not saved."),
        ("Atzr|a b", "There is a space in the refresh token. It was not saved."),
        ("Atzr|a\nb", "There is a line break in the refresh token. It was not saved."),
        ("Atzr|é", "A refresh token is plain ASCII without spaces. It was not saved."),
        (f"{LONGEST}x", "A refresh token has at most 2,048 characters. It was not saved."),
    ],
)
def test_what_can_be_no_refresh_token_is_refused_and_not_repeated(token: str, told: str) -> None:
    with pytest.raises(errors.Usage) as caught:
        registration.check_refresh_token(Secret(token))
    assert (caught.value.message, caught.value.exit_code) == (told, 2)
    assert "begins with Atzr|" in (caught.value.hint or "")


@pytest.mark.parametrize("typed", ["A2EXAMPLE1234", "a2example1234", "a2Example1234"])
def test_a_selling_partner_id_is_taken_in_any_case(typed: str) -> None:
    assert registration.selling_partner_id(typed) == "A2EXAMPLE1234"


@pytest.mark.parametrize("marketplace", sorted(geography.MARKETPLACES))
def test_the_id_of_a_marketplace_is_no_selling_partners_in_any_case(marketplace: str) -> None:
    for typed in (marketplace, marketplace.lower()):
        with pytest.raises(errors.Usage, match="is the id of a marketplace"):
            registration.selling_partner_id(typed)
