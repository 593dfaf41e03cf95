"""A passphrase file may be a pipe or a device: it is read once in a process, and never without a limit."""

from __future__ import annotations

import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sp_connect import errors, passphrases, settings

NAMED_BY = "SP_CONNECT_PASSPHRASE_FILE"

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")


@contextmanager
def written_to(pipe: Path, data: bytes) -> Iterator[None]:
    """Somebody writes to a pipe once, while the block runs."""
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    yield
    writer.join()


@posix
def test_a_pipe_is_read_once_by_whoever_asks_first(tmp_path: Path) -> None:
    environ = {NAMED_BY: str(tmp_path / "pipe")}

    with written_to(tmp_path / "pipe", b"correct horse\n"):
        found = [settings.passphrase_of(environ)() for _ in range(3)]

    assert [one.reveal() for one in found if one is not None] == ["correct horse"] * 3


@posix
def test_those_who_ask_at_once_have_the_same(tmp_path: Path) -> None:
    found: list[str] = []

    def ask() -> None:
        found.append(passphrases.read(str(tmp_path / "pipe"), NAMED_BY).reveal())

    with written_to(tmp_path / "pipe", b"correct horse"):
        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()

    assert found == ["correct horse"] * 4


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for text in ("one", "another"):
        file.write_text(text)
        assert passphrases.read(str(file), NAMED_BY).reveal() == text


@posix
def test_a_pipe_to_which_nobody_writes_is_waited_for_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for patience in (0.01, 3600):
        with pytest.raises(errors.StoreUnavailable, match="it did not end within 0 seconds") as caught:
            passphrases.read(str(tmp_path / "pipe"), NAMED_BY, patience)

    assert caught.value.hint == f"{NAMED_BY} names it; see: ls -lL {tmp_path}/pipe"


@posix
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_without_an_end_is_read_to_the_limit(device: str) -> None:
    with pytest.raises(errors.StoreUnavailable, match="it is longer than 65,536 bytes"):
        passphrases.read(device, NAMED_BY)


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * (passphrases.MOST + 1))
    with pytest.raises(errors.StoreUnavailable, match="it is longer than 65,536 bytes"):
        passphrases.read(str(tmp_path / "file"), NAMED_BY)


@posix
def test_a_terminal_is_not_read() -> None:
    ours, theirs = pty.openpty()
    try:
        with pytest.raises(errors.StoreUnavailable, match="it is a terminal, which shows what is typed"):
            passphrases.read(os.ttyname(theirs), NAMED_BY)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_byte_order_mark_is_no_letter_of_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfcorrect horse\r\n")
    assert passphrases.read(str(tmp_path / "file"), NAMED_BY).reveal() == "correct horse"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("correct horse".encode("utf-16"), "it is UTF-16: save it as UTF-8"),
        (b"correct \xff horse", "it is no file of text"),
    ],
)
def test_what_is_no_text_is_told_for_what_it_is(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(errors.StoreUnavailable, match=why):
        passphrases.read(str(tmp_path / "file"), NAMED_BY)


def test_an_empty_variable_does_not_hide_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("correct horse")
    environ = {"SP_CONNECT_PASSPHRASE": "", NAMED_BY: str(tmp_path / "file")}

    found = settings.passphrase_of(environ)()

    assert found is not None
    assert found.reveal() == "correct horse"


def test_an_empty_variable_alone_is_an_empty_passphrase() -> None:
    found = settings.passphrase_of({"SP_CONNECT_PASSPHRASE": ""})()

    assert found is not None
    assert not found, "a vault is not made with its key in the keyring because a secret of CI was empty"
