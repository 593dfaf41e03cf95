"""Every comment that names a section of docs/amazon.md or docs/hazards.md names one that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("amazon", "hazards")

# The forms: "D.md 4.2", "D.md section 4", "D.md sections 1.2, 1.3 and 2", "D.md sections 2 to 6", "D.md, decision 6".
NUMBER = r"\d+(?:\.\d+)*"
MENTION = re.compile(rf"\b({'|'.join(DOCUMENTS)})\.md\b")
PLACES = re.compile(rf"(?:,? sections?)? ({NUMBER}(?:(?:, | and | to |, and ){NUMBER})*)|, (decision \d+)")
HEADING = re.compile(rf"^#{{2,}} ({NUMBER})\.? ", re.MULTILINE)
DECISION = re.compile(r"^(\d+)\. ", re.MULTILINE)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Each document that `text` mentions, with each place of it; the place is "" where none is named."""
    flat = re.sub(r"\s*\n\s*(?:# ?)?", " ", text)
    for mention in MENTION.finditer(flat):
        found = PLACES.match(flat, mention.end())
        for place in places(found) if found else [""]:
            yield mention[1], place


def places(found: re.Match[str]) -> list[str]:
    if found[2]:
        return [found[2]]
    if " to " not in found[1]:
        return re.findall(NUMBER, found[1])
    first, last = found[1].split(" to ")
    return [str(number) for number in range(int(first), int(last) + 1)]


@cache
def there(document: str) -> frozenset[str]:
    """The places of a document: the numbers of its headings, and `decision N` for each of its decisions."""
    text = (ROOT / "docs" / f"{document}.md").read_text(encoding="utf-8")
    _, _, decided = text.partition("\n## Decisions\n")
    decisions = DECISION.findall(decided.partition("\n## ")[0])
    return frozenset([*HEADING.findall(text), *(f"decision {number}" for number in decisions)])


def sources() -> list[Path]:
    files = [path for folder in ("sp_connect", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in files if path != Path(__file__)]


CITATIONS = sorted(
    {
        (str(path.relative_to(ROOT)), document, place)
        for path in sources()
        for document, place in cited(path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize(("path", "document", "place"), CITATIONS)
def test_what_is_cited_is_there(path: str, document: str, place: str) -> None:
    assert place, f"{path} cites {document}.md without a section"
    assert place in there(document), f"{path} cites {document}.md {place}, which is not there"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_document_is_cited(document: str) -> None:
    assert any(cited_document == document for _, cited_document, _ in CITATIONS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_number_is_used_twice(document: str) -> None:
    text = (ROOT / "docs" / f"{document}.md").read_text(encoding="utf-8")
    assert len(HEADING.findall(text)) == len(set(HEADING.findall(text)))


def test_decisions_are_numbered_without_a_gap() -> None:
    found = {place for place in there("amazon") if place.startswith("decision")}
    assert len(found) >= 14
    assert found == {f"decision {number}" for number in range(1, len(found) + 1)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(amazon.md 4.2).", [("amazon", "4.2")]),
        ("amazon.md section 7. And 3 more", [("amazon", "7")]),
        ("amazon.md sections 1.2, 1.3 and 2)", [("amazon", "1.2"), ("amazon", "1.3"), ("amazon", "2")]),
        ("amazon.md sections 2 to 4.", [("amazon", "2"), ("amazon", "3"), ("amazon", "4")]),
        ("(amazon.md, decision 11)", [("amazon", "decision 11")]),
        ("(hazards.md\n    2.1), 4 more", [("hazards", "2.1")]),
        ("# as hazards.md\n    # section 1 says", [("hazards", "1")]),
        ("amazon.md alone", [("amazon", "")]),
        ("README.md 3", []),
    ],
)
def test_citations_are_found_as_they_are_written(text: str, found: list[tuple[str, str]]) -> None:
    assert list(cited(text)) == found
