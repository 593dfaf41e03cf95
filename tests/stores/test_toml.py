"""A TOML file is read whole or is damage with its line; what is written is read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import toml

DAMAGED = [
    (b"a = 1\nb = \n", "line 2"),
    (b"a = 1\na = 2\n", "line 2"),
    (b"a = 1\nb = '\xff'\n", "line 2 is not UTF-8"),
    (b"schema = 'one'\n", "schema"),
    (b"schema = true\n", "schema"),
    (b"schema = 0\n", "schema"),
    (b"a = " + b"[" * 5000, "nested"),
    (b"a = " + b"9" * 5000, "overflow"),
    (b"a" + b".a" * 5000 + b" = 1", "nested"),
]


@pytest.mark.parametrize(("data", "named"), DAMAGED)
def test_damage_is_named_and_left_alone(tmp_path: Path, data: bytes, named: str) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(data)
    with pytest.raises(errors.Damaged, match=named) as caught:
        toml.read(path)
    assert str(path) in caught.value.message
    assert path.read_bytes() == data


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.write_text("schema = 2\n")
    with pytest.raises(errors.Unreadable, match="later version") as caught:
        toml.read(path)
    assert caught.value.hint == "upgrade sp-connect"
    assert path.read_text() == "schema = 2\n"


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert toml.read(tmp_path / "none.toml") is None


def test_the_mark_of_a_windows_editor_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert toml.read(path) == {"a": 1}


def test_half_a_surrogate_pair_is_written_as_a_question_mark(tmp_path: Path) -> None:
    toml.write(tmp_path / "some.toml", {"name": "shop \ud83d"})
    assert toml.read(tmp_path / "some.toml") == {"name": "shop ?"}
