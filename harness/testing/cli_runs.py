"""One run a scenario file, however many tests and pytest-xdist workers ask for it."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

_LAST_LINES = 20
_HEALING_PATIENCE_S = 60.0
_FORCING_PATIENCE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended: `findings` as `harness run --json` prints them, {} when there are none."""

    exit_code: int
    findings: dict[str, Any]
    said: str  # the last lines on stderr

    @property
    def page(self) -> str:
        """Where its page is; "" when there is none."""
        folder = self.findings.get("folder")
        return str(Path(folder) / "report.html") if folder else ""


def run_once(scenario: Path, arguments: str, shared: Path) -> RunResult:
    """The result of `scenario`; the first who asks runs it, others in `shared` wait for that."""
    key = sha256(str(scenario).encode()).hexdigest()[:16]
    kept = shared / f"{key}.json"
    with _turn(shared / f"{key}.lock"):
        if not kept.exists():
            result = _run(scenario, shlex.split(arguments))
            kept.write_text(json.dumps(asdict(result)), encoding="utf-8")
    return RunResult(**json.loads(kept.read_text(encoding="utf-8")))


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait for one's turn; a worker that dies gives its turn up."""
    with path.open("w") as file:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415  not on Windows, where every worker runs for itself

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(scenario: Path, arguments: Sequence[str]) -> RunResult:
    """`harness run` in a session of its own: Ctrl-C reaches it once, from here, and it heals."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "--json", *arguments, str(scenario)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate()
    finally:
        if process.poll() is None:
            _end(process)
    said = "\n".join(err.splitlines()[-_LAST_LINES:])
    return RunResult(exit_code=process.returncode, findings=_last_object(out), said=said)


def _last_object(text: str) -> dict[str, Any]:
    lines = text.splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask for healing; force when that takes too long or is interrupted, too."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_HEALING_PATIENCE_S)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(_FORCING_PATIENCE_S)
