"""docs/relay.md, taken apart: its blocks in the order in which they stand."""

from __future__ import annotations

import re

from tests.docs import guides

PAGE = guides.read("relay")

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
) = PAGE.blocks()

REGISTERED = re.findall(r"Register `(https://[^`]+)`", PAGE.text)
"""What each host has registered, in the order of the page: nginx, GitHub, Cloudflare, CloudFront."""
