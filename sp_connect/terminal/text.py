"""Text that came from elsewhere, made safe to show: the one place where that happens.

Rich removes almost no control characters and reads markup in plain strings (hazards.md 5.1 and 5.2), so foreign
text passes through `literal` and reaches Rich only as `Text`. A token or a client secret that got into it is
masked (5.5).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from sp_connect.amazon import redaction

if TYPE_CHECKING:
    from rich.text import Text

LONGEST = 200
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Control, format (bidi, zero width), surrogate, private, line and paragraph separators, and what this Python does not
# know yet: a terminal may know better, and obey it.
UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

COMMANDS = (
    *("connect", "invite", "accept", "invites", "renew", "upgrade", "rename", "revoke", "list", "show", "verify"),
    *("app", "relay", "store", "doctor", "token", "exec", "export", "import"),
)
"""Those that mean something else around the simulated Amazon: they use a home of its own."""


def literal(text: str, longest: int | None = LONGEST) -> str:
    """`text` without anything a terminal could obey: white space becomes a space, other controls become U+FFFD.

    Cut at `longest` characters; None leaves the length as it is, for sentences of our own.
    """
    text = redaction.masked(text)
    if text.isascii() and text.isprintable():
        return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"
    spaced = "".join(" " if c in "\t\r\n" else c for c in unicodedata.normalize("NFC", text))
    safe = "".join(REPLACEMENT if unicodedata.category(c) in UNSAFE else c for c in spaced)
    return safe if longest is None or len(safe) <= longest else safe[: longest - 1] + "…"


def rehearsed(text: str) -> str:
    """`text` with --simulate in each command that it tells: typed as it stands, it is for the simulation again."""
    return re.sub(rf"\bsp-connect (?=(?:{'|'.join(COMMANDS)})\b)", "sp-connect --simulate ", text)


def styled(text: str, style: str = "", longest: int | None = LONGEST) -> Text:
    """`text` in a form that Rich shows literally."""
    from rich.text import Text

    return Text(literal(text, longest), style=style)
