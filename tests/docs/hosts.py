"""docs/relay.md, taken apart: its blocks in the order in which they stand, its tables, and its links."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs"
TEXT = (FOLDER / "relay.md").read_text(encoding="utf-8")

# A block more or less and this fails: what is added to the page has to be looked at somewhere.
(
    RELAY,
    NGINX,
    NGINX_STEPS,
    GITHUB,
    GITHUB_TREE,
    CLOUDFLARE,
    CLOUDFLARE_DEPLOY,
    S3,
    DISTRIBUTION,
    CLOUDFRONT,
    POLICY,
    S3_POLICY,
    DOCTOR,
    DOCTOR_SAYS,
) = re.findall(r"^```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

LINKS = re.findall(r"\]\(([^)]+)\)", TEXT)

REGISTERED = re.findall(r"Register `(https://[^`]+)`", TEXT)
"""What each host has registered, in the order of the page: nginx, GitHub, Cloudflare, CloudFront."""


def first_column(heading: str) -> list[str]:
    """What stands first in each row of the table whose head begins so, less the head."""
    rows = TEXT.partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip().strip("`") for row in rows]


def anchors() -> set[str]:
    """The headings, as GitHub names them in links."""
    return {heading.lower().replace(" ", "-") for heading in re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)}
