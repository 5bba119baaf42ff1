"""The container engine that kind's nodes live in, by its command line: docker, podman, nerdctl."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.clusters.errors import ClusterError
from harness.clusters.program_calls import NoAnswerError, ProcessResult, ProgramMissingError, call

# What kind itself can use: pkg/internal/runtime/runtime.go, v0.33.0.
ENGINES: Final = ("docker", "podman", "nerdctl", "finch", "nerdctl.lima")
_LOOKED_FOR: Final = ("docker", "podman", "nerdctl")  # in kind's own order
_CALL_S: Final = 60.0
_WORDS_OF_ABSENCE: Final = ("no such container", "no such object", "no container with name")
_WORDS_OF_SILENCE: Final = (
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "error during connect",
    "cannot connect to podman",
    "cannot access containerd socket",
    "connection refused",
)


_WORDS_OF_STOPPED: Final = ("is not running", "is stopped", "container state improper", "is paused")
# How lines of the engines themselves begin, those of a command inside a container do not.
_OWN_WORDS: Final = (
    "error response from daemon",
    "error: no such",
    "error: no container",
    "error: can only create exec sessions",  # podman, of a stopped container
    "error during connect",
    "error: cannot connect",
    "cannot connect to",
    "got permission denied while",
    "permission denied while",
)
_FATAL: Final = "level=fatal"  # nerdctl


class EngineError(ClusterError):
    """The engine cannot be used, or refused. One sentence."""


class ContainerGoneError(EngineError):
    """The container is not there any more. One sentence."""


class ContainerStoppedError(EngineError):
    """The container is there, but nothing runs in it. One sentence."""


class CommandFailed(EngineError):  # noqa: N818  the command's state, shown to the user
    """A command inside a container ended with another code than 0. One sentence."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What the engine said of itself. `architecture` as Go names it: amd64, arm64."""

    version: str
    architecture: str


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """`status`: running, exited, paused, ...; `labels` those of the container."""

    running: bool
    status: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine. `name` is kind's word for it (KIND_EXPERIMENTAL_PROVIDER) and its program."""

    name: str

    async def server(self) -> Server:
        """Raises EngineError when the engine cannot be reached, and says how to fix it."""
        return read_server((await self._answer("version", "--format", "{{json .}}")).out)

    async def execute(
        self,
        container: str,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout_s: float = _CALL_S,
    ) -> bytes:
        """Run `argv` in `container` and give back its stdout.

        Raises ContainerGoneError, CommandFailed (the last line of its stderr), EngineError.
        """
        interactive = () if stdin is None else ("--interactive",)
        said = await self._call(
            "exec", *interactive, container, *argv, stdin=stdin, timeout_s=timeout_s
        )
        if said.code == 0:
            return said.out
        self._require_there(container, said.err)
        reason = said.last_line or f"ended with code {said.code}"
        raise CommandFailed(f"{container}: {' '.join(argv)[:120]}: {_shortened(reason)}")

    async def read_file(self, container: str, path: str) -> bytes | None:
        """What is in the file, None when there is none. Raises EngineError."""
        script = 'if [ -e "$1" ]; then printf +; exec cat -- "$1"; fi'
        out = await self.execute(container, ("sh", "-c", script, "sh", path))
        return out[1:] if out else None

    async def write_file(self, container: str, path: str, content: bytes) -> None:
        """Write in place: /etc/resolv.conf is a mount, not to be replaced. Raises EngineError."""
        script = 'mkdir -p "$(dirname "$1")" && exec cat > "$1"'
        await self.execute(container, ("sh", "-c", script, "sh", path), stdin=content)

    async def state(self, container: str) -> ContainerState:
        """Raises ContainerGoneError, EngineError."""
        said = await self._call("inspect", "--type", "container", container)
        if said.code != 0:
            self._require_there(container, said.err)
            raise self._failed(said.err)
        try:
            [about] = json.loads(said.out)
            return ContainerState(
                running=bool(about["State"]["Running"]),
                status=str(about["State"]["Status"]),
                labels=about["Config"].get("Labels") or {},
            )
        except (ValueError, LookupError, TypeError) as error:
            raise EngineError(f"{self.name}: inspect {container}: answered otherwise") from error

    async def containers(self, label: str) -> tuple[str, ...]:
        """Names of all containers with `label` (`key=value`), also stopped ones."""
        named = ("--filter", f"label={label}", "--format", "{{.Names}}")
        return tuple(sorted((await self._answer("ps", "--all", *named)).out.decode().split()))

    async def remove(self, containers: Sequence[str]) -> None:
        """Kill and remove them with their volumes; those that are gone are no error."""
        if not containers:
            return
        said = await self._call("rm", "--force", "--volumes", *containers)
        if said.code != 0 and not any(word in said.err.lower() for word in _WORDS_OF_ABSENCE):
            raise self._failed(said.err, "rm: ")

    async def remove_volumes(self, label: str) -> None:
        """Remove named volumes with `label`, which kind makes on Podman. Raises EngineError."""
        said = await self._call("volume", "ls", "--quiet", "--filter", f"label={label}")
        if said.code == 0 and (names := said.out.decode().split()):
            said = await self._call("volume", "rm", "--force", *names)
        if said.code != 0:
            raise self._failed(said.err, "volumes: ")

    async def image_architecture(self, image: str) -> str | None:
        """As Go names it; None when the image is not on this machine. Raises EngineError."""
        said = await self._call("image", "inspect", "--format", "{{.Architecture}}", image)
        if said.code == 0:
            return said.out.decode().strip() or None
        if "no such image" in said.err.lower() or "not found" in said.err.lower():
            return None
        if "not known" in said.err.lower():  # podman: image not known
            return None
        raise self._failed(said.err)

    def _require_there(self, container: str, err: str) -> None:
        """Raise what the engine itself said; other lines are those of a command in a container."""
        lines = err.lower().splitlines()
        own = "\n".join(line for line in lines if line.startswith(_OWN_WORDS) or _FATAL in line)
        if any(word in own for word in _WORDS_OF_ABSENCE):
            raise ContainerGoneError(f"{container}: the container is gone")
        if any(word in own for word in _WORDS_OF_STOPPED):
            raise ContainerStoppedError(f"{container}: the container is not running")
        if any(word in own for word in _WORDS_OF_SILENCE) or "permission denied while" in own:
            raise self._failed(err)

    def _failed(self, err: str, doing: str = "") -> EngineError:
        return EngineError(f"{self.name}: {doing}{explain(self.name, err)}")

    async def _answer(self, *words: str) -> ProcessResult:
        """What a command answers that must not fail. Raises EngineError."""
        result = await self._call(*words)
        if result.code != 0:
            raise self._failed(result.err)
        return result

    async def _call(
        self, *words: str, stdin: bytes | None = None, timeout_s: float = _CALL_S
    ) -> ProcessResult:
        try:
            return await call((self.name, *words), stdin=stdin, timeout_s=timeout_s)
        except (ProgramMissingError, NoAnswerError) as error:
            raise EngineError(str(error)) from error


def find_engine(named: str | None = None) -> Engine:
    """The engine `named` (KIND_EXPERIMENTAL_PROVIDER), else the first on PATH in kind's order.

    Raises EngineError when there is none.
    """
    if named and named not in ENGINES:
        raise EngineError(f"KIND_EXPERIMENTAL_PROVIDER: one of {', '.join(ENGINES)}, got {named!r}")
    for name in (named,) if named else _LOOKED_FOR:
        if shutil.which(name):
            return Engine(name=name)
    if named:
        raise EngineError(f"{named}: is not on PATH, and KIND_EXPERIMENTAL_PROVIDER asks for it")
    raise EngineError(
        "no container engine on PATH (docker, podman, nerdctl): a kind cluster needs one; "
        "install Docker, or use --cluster emulated"
    )


def read_server(answer: bytes) -> Server:
    """What `version --format '{{json .}}'` answered. Raises EngineError."""
    try:
        about: dict[str, Any] = json.loads(answer)
        # Podman without a machine of its own is its own server.
        server = about.get("Server") or about.get("Client") or about
        architecture = server.get("Arch") or server.get("OsArch", "").rpartition("/")[2]
        version = server.get("Version", "")
        if not version:
            version = next((part.get("Version", "") for part in server.get("Components", ())), "")
    except (ValueError, AttributeError, TypeError) as error:
        raise EngineError("the engine reported no version") from error
    return Server(version=str(version), architecture=str(architecture))


def explain(engine: str, said: str) -> str:
    """What an engine's complaint means, and what to do about it."""
    lowered = said.lower()
    reason = _last_line(said) or "no output"
    if "permission denied" in lowered and ("sock" in lowered or "daemon" in lowered):
        fix = (
            "add yourself to the group docker (sudo usermod -aG docker $USER) and log in again"
            if engine == "docker"
            else "run as the user whom its socket belongs to"
        )
        return f"no permission to talk to the engine: {fix} ({_shortened(reason)})"
    if any(word in lowered for word in _WORDS_OF_SILENCE):
        return f"the engine does not answer: start it ({_shortened(reason)})"
    return _shortened(reason)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _shortened(text: str) -> str:
    limit = 300
    return text if len(text) <= limit else f"{text[:limit]}..."
