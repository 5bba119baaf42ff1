"""Finds programs that are written in Go, and installs a pinned version into the harness's cache."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BUILD_LIMIT_S: Final = 900


class SetupFailed(Exception):  # noqa: N818  it is a state, shown to the user
    """No program where one was named, or it could not be installed. One sentence."""


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """One program. `title` is for people, `name` is its file's, `package` is what Go installs."""

    title: str
    name: str
    package: str
    version: str  # without the v
    stamp: str = ""  # a linker flag that tells the program its version

    def cached(self, cache_folder: Path) -> Path:
        """Where `install` puts it below the harness's cache folder."""
        return cache_folder / "bin" / self.name

    def find(
        self,
        *,
        named: str | None = None,
        cache_folder: Path | None = None,
        path: str | None = None,
    ) -> Path | None:
        """The one to use: the one `named`, else on PATH, else in `cache_folder`, else None.

        `path` in place of this process's PATH. Raises SetupFailed when one is named that is not
        there: a wish is not passed over.
        """
        if named:
            found = shutil.which(named, path=path)
            if found is None:
                raise SetupFailed(f"{self.title} {named!r}: is not an executable file")
            return Path(found)
        if found := shutil.which(self.name, path=path):
            return Path(found)
        if cache_folder is not None and os.access(self.cached(cache_folder), os.X_OK):
            return self.cached(cache_folder)
        return None

    def install(self, cache_folder: Path) -> Path:
        """Build it with Go and put it into `cache_folder`, whole or not at all.

        Takes a minute or less and needs the Go module proxy. Raises SetupFailed.
        """
        go = shutil.which("go")
        if go is None:
            raise SetupFailed(
                f"Go is not on PATH and {self.title} is built with it: install Go 1.23 or later, "
                f"or put a {self.name} {self.version} on PATH"
            )
        target = self.cached(cache_folder)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder:
                built = self._build(go, Path(folder))
                built.replace(target)
        except OSError as error:
            raise SetupFailed(f"{target}: cannot be written: {error.strerror}") from error
        return target

    def _build(self, go: str, folder: Path) -> Path:
        package = f"{self.package}@v{self.version}"
        flags = f"-s -w {self.stamp}".strip()
        try:
            done = subprocess.run(
                [go, "install", "-trimpath", "-ldflags", flags, package],
                env={**os.environ, "GOBIN": str(folder), "GOFLAGS": ""},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_BUILD_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SetupFailed(
                f"go install {package}: not finished after {_BUILD_LIMIT_S} s"
            ) from None
        name = self.package.rpartition("/")[2]
        built = folder / (f"{name}.exe" if os.name == "nt" else name)
        if done.returncode != 0 or not built.is_file():
            said = done.stderr.strip().splitlines() or ["no output"]
            raise SetupFailed(f"go install {package}: failed: {said[-1]}")
        return built
