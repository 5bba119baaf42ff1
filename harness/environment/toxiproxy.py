"""Finds a real Toxiproxy, and installs one with Go."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

TOXIPROXY_VERSION: Final = "2.12.0"
_MODULE: Final = "github.com/Shopify/toxiproxy/v2"
_PROGRAM: Final = "toxiproxy-server"
_BUILD_LIMIT_S: Final = 900


class SetupFailed(Exception):  # noqa: N818  it is a state, told to the user
    """No Toxiproxy where one was named, or it could not be installed. One sentence."""


def cached_toxiproxy(cache_folder: Path) -> Path:
    """Where `install_toxiproxy` puts the program below the harness's cache folder."""
    return cache_folder / "bin" / _PROGRAM


def find_toxiproxy(*, named: str | None = None, cache_folder: Path | None = None) -> Path | None:
    """The Toxiproxy to use: the one `named`, else on PATH, else in `cache_folder`, else None.

    Raises SetupFailed when one is named that is not there: a wish is not passed over.
    """
    if named:
        found = shutil.which(named)
        if found is None:
            raise SetupFailed(f"Toxiproxy {named!r}: is not an executable file")
        return Path(found)
    if found := shutil.which(_PROGRAM):
        return Path(found)
    if cache_folder is not None and os.access(cached_toxiproxy(cache_folder), os.X_OK):
        return cached_toxiproxy(cache_folder)
    return None


def install_toxiproxy(cache_folder: Path) -> Path:
    """Build Toxiproxy with Go and put it into `cache_folder`, whole or not at all.

    Takes about half a minute and needs the Go module proxy. Raises SetupFailed.
    """
    go = shutil.which("go")
    if go is None:
        raise SetupFailed(
            "Go is not on PATH and Toxiproxy is built with it: install Go 1.23 or later, "
            f"or put a {_PROGRAM} {TOXIPROXY_VERSION} on PATH"
        )
    target = cached_toxiproxy(cache_folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder:
            built = _build(go, Path(folder))
            built.replace(target)
    except OSError as error:
        raise SetupFailed(f"{target}: cannot be written: {error.strerror}") from error
    return target


def _build(go: str, folder: Path) -> Path:
    stamp = f"-X {_MODULE}.Version={TOXIPROXY_VERSION}"  # without it the server says `git`
    package = f"{_MODULE}/cmd/server@v{TOXIPROXY_VERSION}"
    try:
        done = subprocess.run(
            [go, "install", "-trimpath", "-ldflags", f"-s -w {stamp}", package],
            env={**os.environ, "GOBIN": str(folder), "GOFLAGS": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_BUILD_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupFailed(f"go install {package}: not finished after {_BUILD_LIMIT_S} s") from None
    built = folder / ("server.exe" if os.name == "nt" else "server")
    if done.returncode != 0 or not built.is_file():
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise SetupFailed(f"go install {package}: failed: {said[-1]}")
    return built
