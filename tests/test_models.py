"""The values: secrets that mask themselves, and a connection's status by its date."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from datetime import timedelta

import pytest

from sp_connect.models import AmazonWords, Grant, Secret, SecretName, Standing, Status, Tokens
from tests.stores.samples import WHEN, app, connection

SECRET = Secret("Atzr|verysecret")


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r}",
        f"{SECRET:>40}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031 - one of the ways
        "{0} {0!s} {0:s}".format(SECRET),  # noqa: UP032 - one of the ways
        repr([SECRET, (SECRET,), {"a": SECRET}]),
        repr(Grant(SECRET, "A1")),
        repr(Tokens(SECRET, SECRET, 3600)),
        str(ValueError(SECRET)),
        repr(ValueError(SECRET)),
        json.dumps({"a": SECRET}, default=str),
        "".join(traceback.format_exception(ValueError(SECRET))),
    ],
)
def test_secret_masks_itself(shown: str) -> None:
    assert "verysecret" not in shown
    assert "***" in shown


def test_secret_masks_itself_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").info("%s %r", SECRET, {"a": SECRET})
    assert "verysecret" not in caplog.text


def test_secret_is_in_no_attribute_that_tools_read() -> None:
    assert not hasattr(SECRET, "__dict__")
    assert "verysecret" not in repr(dir(SECRET))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secret_cannot_be_pickled(protocol: int) -> None:
    for value in (SECRET, Grant(SECRET, "A1"), [SECRET]):
        with pytest.raises(TypeError, match="a Secret is never pickled"):
            pickle.dumps(value, protocol)


def test_secret_cannot_be_copied_or_written_as_json() -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(SECRET)
    with pytest.raises(TypeError):
        copy.deepcopy(Grant(SECRET, "A1"))
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(SECRET)


def test_secret_gives_its_value_only_when_asked() -> None:
    assert SECRET.reveal() == "Atzr|verysecret"


def test_secrets_are_equal_by_value_and_to_secrets_alone() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.mark.parametrize("value", ["\N{SNOWMAN}", "\0", "x" * 100_000, "\udcff"])
def test_secrets_of_any_characters_can_be_compared(value: str) -> None:
    assert Secret(value) == Secret(value)
    assert Secret(value) != Secret("a")


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert SECRET


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        app().name = "other"  # type: ignore[misc]


def test_names_of_secrets_say_whose_they_are() -> None:
    assert str(app().secret_name) == "app/default/client-secret/ref-app"
    assert str(connection(region="fe", country="JP").secret_name) == "seller/acme/fe-JP/ref-one"
    assert app().secret_name == SecretName("app", "default", "client-secret", "ref-app")


# Dates

YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "status", "days"),
    [
        (YEAR, "connected", 365),
        (timedelta(days=31), "connected", 31),
        (timedelta(days=30) + SECOND, "connected", 31),
        (timedelta(days=30), "connected", 30),
        (timedelta(days=30) - SECOND, "due", 30),
        (timedelta(days=29), "due", 29),
        (timedelta(hours=25), "due", 2),
        (timedelta(hours=24), "due", 1),
        (SECOND, "due", 1),
        (timedelta(0), "expired", 0),
        (-SECOND, "expired", 0),
        (-timedelta(days=1), "expired", -1),
        (-timedelta(days=400), "expired", -400),
    ],
)
def test_status_of_a_connection_by_the_time_left(left: timedelta, status: Status, days: int) -> None:
    now = WHEN + YEAR - left
    assert connection().status(now) == status
    assert connection().days_left(now) == days


@pytest.mark.parametrize(
    ("standing", "left", "status"),
    [
        ("rejected", YEAR, "rejected"),
        ("rejected", timedelta(days=10), "rejected"),
        ("rejected", timedelta(0), "expired"),
        ("unchecked", YEAR, "unchecked"),
        ("unchecked", timedelta(0), "expired"),
        ("missing-token", YEAR, "missing-token"),
        ("missing-token", timedelta(days=10), "missing-token"),
        ("missing-token", timedelta(0), "missing-token"),
    ],
)
def test_status_of_other_standings(standing: Standing, left: timedelta, status: Status) -> None:
    assert connection(standing=standing).status(WHEN + YEAR - left) == status


def test_a_leap_day_does_not_lengthen_the_year() -> None:
    begun = WHEN.replace(year=2027, month=12)
    assert connection(authorized_at=begun).renew_by == begun.replace(year=2028, month=12, day=21)


@pytest.mark.parametrize("standing", ["connected", "unchecked", "rejected", "missing-token"])
def test_a_consent_of_unknown_date_has_no_end_and_may_end_any_day(standing: Standing) -> None:
    unknown = connection(standing=standing, authorized_at=None)

    assert unknown.renew_by is None
    assert unknown.days_left(WHEN) is None
    assert unknown.ends_within(WHEN, 0)
    assert unknown.status(WHEN) == standing


def test_of_unknown_dates_the_token_says_whether_it_is_the_same_consent() -> None:
    unknown = connection(authorized_at=None)

    assert unknown.is_same_consent(unknown._replace(standing="rejected"))
    assert not unknown.is_same_consent(unknown._replace(secret_ref="another"))
    assert not unknown.is_same_consent(unknown._replace(authorized_at=WHEN))
    assert connection().is_same_consent(connection(secret_ref="another"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (AmazonWords(), ""),
        (AmazonWords("a"), "a"),
        (AmazonWords(None, "b"), "b"),
        (AmazonWords("a", "b"), "a: b"),
        (AmazonWords("a", "b", "c"), "a: b (request c)"),
        (AmazonWords(None, None, "c"), ""),
        (AmazonWords("", "", "c"), ""),
    ],
)
def test_amazons_words_are_said_as_they_are(words: AmazonWords, said: str) -> None:
    assert str(words) == said
