"""Every secret that programs under test make, and where it must not be: any file, any output."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

_SPY = Path(__file__).parent / "secret_spy"
_KEY_ENDS = "-----END"


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What is secret, by what it is; more is `added`. The programs' own come by `made`."""

    made: Path
    known: dict[str, str] = field(default_factory=dict)

    def all(self) -> Mapping[str, str]:
        """Each form of each secret that may betray it, and what it is."""
        found = dict(self.known)
        for line in self.made.read_text(encoding="utf-8").splitlines():
            secret = json.loads(line)
            if "PRIVATE KEY" in secret:  # a certificate follows, which is none
                lines = secret.partition(_KEY_ENDS)[0].splitlines()[1:]
                found |= dict.fromkeys(lines, "a private key")
            elif secret.startswith("eyJ"):
                found[secret.rpartition(".")[2]] = "a token"  # its signature
            else:
                found[secret] = "a password"
        return found

    def add_login(self, username: str, password: str) -> None:
        """A login, and the forms in which it goes over the wire."""
        self.known[password] = "a password"
        self.known[quote(password, safe="")] = "a quoted password"
        basic = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.known[basic] = "a Basic login"


def spied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """Let every program that is started from now on tell its secrets."""
    made = folder / "secrets-made"
    made.touch()
    monkeypatch.setenv("PYTHONPATH", str(_SPY))
    monkeypatch.setenv("SECRETS_MADE", str(made))
    return Secrets(made=made)


def betrayed(secrets: Mapping[str, str], folder: Path, *outputs: str) -> list[str]:
    """Where one of `secrets` is: in a file below `folder`, or in an output."""
    places = [*_contents(folder), *((f"output {n}", text) for n, text in enumerate(outputs))]
    return [
        f"{place}: {what}" for place, text in places for it, what in secrets.items() if it in text
    ]


def _contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file as text; tables are compressed, so they are read as such."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield str(path), json.dumps(pq.read_table(path).to_pylist(), default=str)
        elif path.is_file():
            yield str(path), path.read_bytes().decode("utf-8", "replace")
