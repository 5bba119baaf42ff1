"""The kind CLI: which one, what it says of itself, and what its failures mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine, explain
from harness.clusters.program_calls import ProcessResult, call
from harness.environment.go_program import SetupFailed
from harness.environment.programs import KIND, KIND_LEAST_VERSION

_CALL_S: Final = 30.0
_EXPORT_S: Final = 90.0
_REASON_LETTERS: Final = 300
_VERSION: Final = re.compile(r"\bv?(\d+)\.(\d+)(?:\.\d+)?(\S*)")
# Trying again cannot help; every other failure of a creation may be a passing one.
_LASTING: Final = (
    "already exist for a cluster with the name",
    "permission denied",
    "exec format error",
    "failed to pull image",
    "no space left on device",
    "unknown field",
    "unable to decode",
    "error converting yaml",
    "does not match the specified platform",
)


@dataclass(frozen=True, kw_only=True)
class KindCli:
    """One kind program, which uses `engine`."""

    program: str
    engine: Engine

    def argv(self, *words: str) -> tuple[str, ...]:
        """What starts it. `env` replaces itself by the program."""
        return ("env", f"KIND_EXPERIMENTAL_PROVIDER={self.engine.name}", self.program, *words)

    async def version(self) -> str:
        """As it tells it (`v0.33.0`). Raises ClusterError when it is too old or does not answer."""
        said = await call((self.program, "version"), timeout_s=_CALL_S)
        text = said.out.decode(errors="replace")
        require_version(self.program, text if said.code == 0 else said.last_line)
        match = _VERSION.search(text)
        assert match is not None
        return match.group(0)

    async def clusters(self) -> tuple[str, ...]:
        """Raises ClusterError."""
        said = await call(self.argv("get", "clusters", "--quiet"), timeout_s=_CALL_S)
        if said.code != 0:
            raise ClusterError(f"kind get clusters: {explain(self.engine.name, said.err)}")
        return tuple(said.out.decode().split())

    async def export_kubeconfig(self, name: str, kubeconfig: Path) -> None:
        """Write the cluster's kubeconfig into a file of its own. Raises ClusterError."""
        words = ("export", "kubeconfig", "--name", name, "--kubeconfig", str(kubeconfig))
        self._require(await call(self.argv(*words), timeout_s=_CALL_S), words)

    async def export_logs(self, name: str, folder: Path) -> None:
        """Put the logs of all nodes into `folder`. Raises ClusterError."""
        words = ("export", "logs", str(folder), "--name", name)
        self._require(await call(self.argv(*words), timeout_s=_EXPORT_S), words)

    def _require(self, said: ProcessResult, words: Sequence[str]) -> None:
        if said.code != 0:
            raise ClusterError(f"kind {' '.join(words[:2])}: {said.last_line}")


def find_kind(*, named: str | None, cache_folder: Path | None, engine: Engine) -> KindCli:
    """The kind `named` (HARNESS_KIND), on PATH, or in the harness's cache.

    Raises ClusterError when there is none.
    """
    try:
        found = KIND.find(named=named, cache_folder=cache_folder)
    except SetupFailed as error:
        raise ClusterError(str(error)) from error
    if found is None:
        raise ClusterError(
            "kind is not on PATH or in the cache: run `harness setup kind`, "
            "or use --cluster emulated"
        )
    return KindCli(program=str(found), engine=engine)


def read_version(text: str) -> tuple[int, int] | None:
    """Major and minor of `kind v0.33.0 go1.26.8 linux/amd64`; None when there is none."""
    match = _VERSION.search(text) if text.startswith("kind") else None
    return (int(match.group(1)), int(match.group(2))) if match else None


def require_version(program: str, text: str) -> None:
    """Raises ClusterError when `text`, which `kind version` said, is not that of a usable kind."""
    version = read_version(text)
    least = ".".join(map(str, KIND_LEAST_VERSION))
    fix = f"{least} or later is needed: run `harness setup kind`"
    if version is None:
        said = text.strip().splitlines() or ["nothing"]
        raise ClusterError(f"{program}: is not kind: `kind version` said {said[0]!r}; {fix}")
    if version < KIND_LEAST_VERSION:
        found = ".".join(map(str, version))
        raise ClusterError(f"{program}: is kind {found}, and {fix}")


@dataclass(frozen=True, kw_only=True)
class CreationFailure:
    """Why `kind create cluster` failed. `lasting`: trying again cannot help."""

    reason: str
    lasting: bool


def read_failure(log: str, *, name: str, image: str | None) -> CreationFailure:
    """What the output of a failed `kind create cluster` means."""
    lowered = log.lower()
    lasting = any(words in lowered for words in _LASTING)
    what = image or "kind's default node image"
    if "already exist for a cluster with the name" in lowered:
        reason = f"a cluster of the name {name} is already there: kind delete cluster --name {name}"
    elif "exec format error" in lowered or "does not match the specified platform" in lowered:
        reason = f"the node image {what} is of another architecture than this machine"
    elif "failed to pull image" in lowered:
        reason = (
            f"the node image {what} is not on this machine and cannot be pulled: load it, "
            "or name another with --kind-image or HARNESS_KIND_NODE_IMAGE"
        )
    elif "could not find a log line" in lowered:
        reason = f"a node of the image {what} did not boot; is it a node image of kind's?"
    else:
        errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
        lines = errors or [line for line in log.splitlines() if line.strip()] or ["said nothing"]
        said = lines[-1].removeprefix("ERROR:").strip().removeprefix("failed to create cluster: ")
        reason = said if len(said) <= _REASON_LETTERS else f"{said[:_REASON_LETTERS]}..."
    return CreationFailure(reason=reason, lasting=lasting)
