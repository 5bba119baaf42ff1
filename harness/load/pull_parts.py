"""Which part of a pull took how long, on whichever clock it goes by."""

from dataclasses import dataclass, field

from harness.node.commands import Pause, PauseReason, PullResult, Request, Together
from harness.process.clock import monotonic_s
from harness.recording.samples import PULL_PARTS
from harness.seams import RequestKind


@dataclass(kw_only=True)
class Carried:
    """How a pull ended, and its parts in seconds: they add up to its whole time.

    `resolve_s`: HEAD of the tag (and the GET that may stand in for it), and every look-up and
    connecting before the first layer. `auth_s`: tokens requested before the first layer.
    `manifest_s`: manifests and config. `download_s`: from the first layer asked for to the last
    one whole, its waits for slots and tokens of its own too. `unpack_s`: unpacking. Waits before
    a retry or for a lock belong to the part they interrupt.
    """

    result: PullResult
    requests: int
    parts: dict[str, float] = field(default_factory=dict)


class PartsClock:
    """Gives every moment of a pull to one of its parts."""

    def __init__(self) -> None:
        self.parts = dict.fromkeys(PULL_PARTS, 0.0)
        self._part = "resolve_s"
        self._since_s = monotonic_s()

    def turn(self, part: str) -> None:
        """From now on time belongs to `part`."""
        now_s = monotonic_s()
        self.parts[self._part] += now_s - self._since_s
        self._part, self._since_s = part, now_s

    def move(self, seconds: float, part: str) -> None:
        """Of the time of the running part, `seconds` were another's."""
        self.parts[self._part] -= seconds
        self.parts[part] += seconds

    def part_of(self, command: Request | Pause | Together) -> str:
        if isinstance(command, Together):
            return "download_s"
        if isinstance(command, Pause):
            return "unpack_s" if command.why is PauseReason.UNPACK else self._part
        if command.kind is RequestKind.TOKEN:
            return "auth_s"
        if command.sink:
            return "download_s"
        return "resolve_s" if command.client == "resolver" else "manifest_s"
