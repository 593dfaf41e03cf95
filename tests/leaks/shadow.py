"""A stand-in for `requests` that raises what it was given, as a library with a defect does: written where it is found.

PYTHONPATH leads to it; the variable DEFECT names the kind.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = """
import os


class RequestException(Exception):
    pass


class Sudden(BaseException):
    pass


class exceptions:
    ProxyError = SSLError = ConnectTimeout = ReadTimeout = ChunkedEncodingError = ConnectionError = RequestException


class Session:
    def __init__(self):
        self.headers = {}

    def mount(self, prefix, adapter):
        pass


def Request(method, address, headers, data):
    kinds = {one.__name__: one for one in (RuntimeError, AssertionError, MemoryError, GeneratorExit, Sudden)}
    raise kinds[os.environ["DEFECT"]](f"{method} {address} {headers} {data}")
"""

ADAPTERS = """
DEFAULT_CA_BUNDLE_PATH = "/nonexistent"


class HTTPAdapter:
    def __init__(self, **settings):
        pass
"""


def write(folder: Path) -> Path:
    """Puts it into a folder, which PYTHONPATH has to name."""
    package = folder / "shadow" / "requests"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE)
    (package / "adapters.py").write_text(ADAPTERS)
    return package.parent
