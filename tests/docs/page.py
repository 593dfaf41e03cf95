"""docs/scripts.md, taken apart: its blocks in the order in which they stand."""

from __future__ import annotations

from tests.docs import guides

PAGE = guides.read("scripts")

# A block more or less and this fails: what is added to the page has to be run somewhere.
(
    ONE_CALL,
    SET_UP,
    REPORT_SH,
    CRONTAB,
    DOCKERFILE,
    DOCKER,
    REPORT_PY,
    ONE_CLIENT_PY,
    CLIENTS_PY,
    EXPORT,
) = PAGE.blocks()
