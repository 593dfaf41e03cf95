"""The environment of whoever runs this, less the settings of an sp-connect of their own."""

from __future__ import annotations

import os


def inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SP_CONNECT_")}
