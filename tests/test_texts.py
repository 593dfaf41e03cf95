"""The golden file of every sentence is what the program says."""

from __future__ import annotations

from tests import texts


def test_the_file_of_all_sentences_is_up_to_date() -> None:
    assert texts.FILE.read_text(encoding="utf-8") == texts.written(), "python -m tests.texts writes it"
