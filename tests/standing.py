"""`harness up` around a block, for clients that are programs of their own."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.program import start

_CLOSES_WITHIN_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What `harness up --json` told. `username` is empty where nobody asks who it is."""

    told: dict[str, Any]
    username: str
    password: str

    @property
    def scheme(self) -> str:
        return urlsplit(str(self.told["registry"]["url"])).scheme

    @property
    def through_link(self) -> str:
        """Host and port of the registry as nodes reach it."""
        return urlsplit(str(self.told["registry"]["url"])).netloc

    @property
    def image(self) -> str:
        """Repository and tag of the image that is there."""
        return str(next(iter(self.told["images"])))


@contextmanager
def standing(folder: Path, *arguments: str) -> Iterator[Standing]:
    """The environment of `harness up` with `arguments`; closed in order at the end."""
    process = start("up", "--json", *arguments, folder=folder)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        if not line:
            assert process.stderr is not None
            raise AssertionError(f"it does not stand: {process.stderr.read()}")
        told = json.loads(line)
        login = told["credentials"] or {"username": "", "password": ""}
        yield Standing(told=told, username=login["username"], password=login["password"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_CLOSES_WITHIN_S)
