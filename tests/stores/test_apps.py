"""config.toml: a file that people edit, of which a program changes a few words."""

from __future__ import annotations

import contextlib
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home.apps import Apps
from tests.stores import samples

BY_HAND = """\
# the agency's own
colour = "always"   # kept

[apps.main] # the listed one
client_id = "amzn1.application-oa2-client.sample" # from the console
application_id = "amzn1.sp.solution.sample"
redirect_uri = "https://agency.example/relay"
note = "ask Ann"
secret_ref = "ref-app"
secret_set_at = 2026-11-22T12:00:00+02:00

[editor]
tabs = false
"""

DAMAGED = [
    ("apps = 1", "apps is not a table"),
    ("[apps]\ndefault = 1", r"\[apps.default\].*not a table"),
    ("[apps.default]", r"\[apps.default\], application_id is missing"),
    ("[apps.Default]", "cannot be the name of an app"),
    (BY_HAND.replace('"ask Ann"', '"x"\ndraft = "no"'), r"\[apps.main\], draft is not true or false"),
    (BY_HAND.replace('"amzn1.sp.solution.sample"', "7"), r"\[apps.main\], application_id is not a text"),
    (
        BY_HAND.replace("2026-11-22T12:00:00+02:00", "2026-11-22"),
        r"\[apps.main\], secret_set_at is not a time",
    ),
    (BY_HAND.replace("2026-", "9999-"), r"\[apps.main\], secret_set_at is not a time"),
    (BY_HAND + "\n[apps.main]", "line"),
]


FIELDS = BY_HAND[BY_HAND.index("client_id") : BY_HAND.index("\n[editor]")]
LAYOUTS = [
    "",
    'store = "vault"',
    "[other]\nx = 1\n",
    "apps.main." + FIELDS.strip().replace("\n", "\napps.main."),
    "[apps]\nmain = { " + FIELDS.strip().replace(" # from the console", "").replace("\n", ", ") + " }\n",
    "[apps.main]\n" + FIELDS + "[other]\n[apps.main.deep]\nx = 1\n",
    "[apps.main]\n" + FIELDS + "[other]\n[apps.third]\n" + FIELDS,
    BY_HAND.replace("\n", "\r\n"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_an_app_comes_back_as_it_was_put(path: Path) -> None:
    apps = Apps(path)
    assert apps.all() == ()
    one, two = samples.app("main", draft=True, listen="127.0.0.1:9"), samples.app("a.b-c")
    apps.put(one)
    apps.put(two)
    assert Apps(path).all() == (two, one)
    assert Apps(path).get("main") == one


def test_a_time_is_kept_in_utc_and_whole_seconds(path: Path) -> None:
    tokyo = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    Apps(path).put(samples.app(secret_set_at=tokyo))
    assert Apps(path).get("default").secret_set_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert "secret_set_at = 2026-11-22T00:00:00Z\n" in path.read_text()


def test_a_file_by_hand_needs_only_what_cannot_be_guessed(path: Path) -> None:
    path.write_text(BY_HAND)
    assert Apps(path).all() == (samples.app("main"),)
    path.write_text(BY_HAND.replace("12:00:00+02:00", "10:00:00"))
    assert Apps(path).all() == (samples.app("main"),)


def test_comments_order_and_unknown_keys_survive(path: Path) -> None:
    path.write_text(BY_HAND)
    Apps(path).put(samples.app("main", secret_ref="ref-new"))
    text = path.read_text()
    added = 'listen = "127.0.0.1:8723"\ndraft = false\naccess_level = "default"\n'
    assert text.replace('"ref-new"', '"ref-app"').replace(added, "") == BY_HAND
    Apps(path).put(samples.app("second"))
    Apps(path).remove("second")
    assert tomllib.loads(path.read_text()) == tomllib.loads(text)
    for comment in ("# the agency's own", "# kept", "# the listed one", "# from the console"):
        assert comment in path.read_text()


def test_nothing_changes_where_nothing_is_different(path: Path) -> None:
    Apps(path).put(samples.app())
    before = path.read_bytes()
    Apps(path).put(samples.app())
    assert path.read_bytes() == before


def test_the_choice_of_a_store_is_read_and_written(path: Path) -> None:
    apps = Apps(path)
    assert apps.store_choice() is None
    path.write_text(BY_HAND)
    apps.choose_store("vault")
    assert apps.store_choice() == "vault"
    assert "note" in path.read_text()
    path.write_text("store = 1")
    with pytest.raises(errors.Damaged, match="store is not a text"):
        apps.store_choice()


def test_the_preferred_browser_is_read_and_survives_a_change(path: Path) -> None:
    apps = Apps(path)
    assert apps.browser() is None
    path.write_text(BY_HAND)
    assert apps.browser() is None
    path.write_text(BY_HAND + '\n[preferences]\nbrowser = "isolated" # each client apart\nother = 1\n')
    apps.put(samples.app("second"))
    assert apps.browser() == "isolated"
    assert 'browser = "isolated" # each client apart\nother = 1\n' in path.read_text()


@pytest.mark.parametrize("text", ["preferences = 1", "[preferences]\nbrowser = 1", "[[preferences]]\nbrowser = 'x'"])
def test_a_preference_of_another_form_is_damage(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(errors.Damaged, match=r"\[preferences\]"):
        Apps(path).browser()


def test_an_unknown_app_is_not_found(path: Path) -> None:
    path.write_text(BY_HAND)
    with pytest.raises(errors.NoSuchApp) as caught:
        Apps(path).get("other")
    assert "main" in str(caught.value.hint)
    with pytest.raises(errors.NoSuchApp):
        Apps(path).remove("other")


@pytest.mark.parametrize(("text", "named"), DAMAGED)
def test_damage_is_named_and_left_alone(path: Path, text: str, named: str) -> None:
    path.write_text(text)
    with pytest.raises(errors.Damaged, match=named):
        Apps(path).all()
    with pytest.raises(errors.Damaged):
        Apps(path).put(samples.app())
    assert path.read_text() == text


@pytest.mark.parametrize("text", LAYOUTS)
def test_a_layout_of_ones_own_is_changed_rightly_or_not_at_all(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    before = tomllib.loads(text)
    with contextlib.suppress(errors.StoreUnavailable):
        Apps(path).put(samples.app("main"))
        Apps(path).put(samples.app("second"))
        assert {samples.app("main"), samples.app("second")} <= {*Apps(path).all()}
    after = tomllib.loads(path.read_bytes().decode())
    before.pop("apps", None)
    assert {key: after[key] for key in before} == before


def test_a_text_of_several_lines_from_windows_does_not_stop_a_change(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'note = """a\r\nb"""\r\n')

    Apps(path).choose_store("vault")

    assert Apps(path).store_choice() == "vault"
