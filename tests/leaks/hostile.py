"""Text as somebody would choose it who wants a terminal, a browser, a spreadsheet or a calendar to obey."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from sp_connect.terminal import text

NASTY = (
    *("\x1b[2J", "\x1b]52;c;YQ==\x07", "\x1b]8;;https://evil.example\x1b\\", "\x9b2J", "\x9d0;title\x9c", "\x90q\x9c"),
    *("\x00", "\x07", "\x08", "\x7f", "\x85", "\r\n", "\n", "\r", "\t", "\v", "\f", "\u2028", "\u2029"),
    *("\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u061c", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"),
    *("\ud800", "\udfff", "\ue000", "\U000e0041", "\U0010ffff", "\ufffe", "\ufff9", "\u180e", "\u115f"),
    *("[bold]", "[/]", "[/bold]", "[link=https://evil.example]", "[@click=app.bell]", ":bomb:", "\\[", "\\"),
    *("=1+1", "+1", "-1", "@SUM(A1)", "|calc", "%0A", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "'", '"', ";", ","),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</title>", "-->", "]]>"),
    *("&lt;", "&#x1b;", "&", "<!--", "$title", "${title}", "{title}", "%s", "javascript:alert(1)"),
    *("\r\nBEGIN:VEVENT", "\nEND:VCALENDAR", "\\n", "\nATTACH:https://evil.example", ";X=Y:"),
    *("Acme GmbH", "株式会社アクメ", "e\u0301", "😀", " ", "\u3000", "\u00a0", "x" * 300),
)

TEXTS = (
    st.lists(st.sampled_from(NASTY) | st.text(st.characters(), max_size=5), min_size=1, max_size=6)
    .map("".join)
    .filter(str.strip)
)
"""Pieces of all that, in any order, with any other characters between."""

IDS = st.lists(
    st.sampled_from([one for one in NASTY if one.isascii() and one.isprintable() and " " not in one])
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=5),
    min_size=1,
    max_size=4,
).map(lambda parts: "".join(parts)[:64])
"""What may be a Selling Partner ID, as far as is known: visible ASCII, sixty-four of it."""


def obeyed(shown: str) -> list[str]:
    """What a terminal could obey, or a reader be deceived by, in what was shown; line ends are its shape."""
    return sorted({ascii(one) for one in shown if one != "\n" and unicodedata.category(one) in text.UNSAFE})
