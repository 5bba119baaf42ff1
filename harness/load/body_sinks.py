"""Where the bytes of bodies go: kept when few, hashed when they are content."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from harness.oci.digest import new_hash
from harness.process.clock import monotonic_s

KEPT_BYTES_MAX: Final = 4 << 20  # commands.Request.sink


class Body(Protocol):
    """Takes the bytes of one body."""

    def take(self, data: memoryview) -> bool:
        """Take `data`, which is only lent, without a switch; False when no more is wanted."""
        ...


class Kept:
    """Holds the first 4 MiB and wants no more: a registry may send without an end."""

    def __init__(self) -> None:
        self.content = bytearray()

    def take(self, data: memoryview) -> bool:
        self.content += data[: KEPT_BYTES_MAX - len(self.content)]
        return len(self.content) < KEPT_BYTES_MAX


class Content:
    """Content of one digest, hashed over all its answers."""

    def __init__(self, digest: str) -> None:
        self.content_bytes = 0
        self._algorithm = digest.partition(":")[0]
        self._hash = new_hash(self._algorithm)
        self._skip_bytes = 0
        self.room_bytes: int | None = None  # how many more its disk takes; None: all

    @property
    def is_full(self) -> bool:
        """Whether its disk took less than came."""
        return self.room_bytes is not None and self.room_bytes < 0

    @property
    def digest(self) -> str:
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def skip(self, skip_bytes: int) -> None:
        """Pass over what the next answer repeats."""
        self._skip_bytes = skip_bytes

    def take(self, data: memoryview) -> bool:
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(data))
            self._skip_bytes -= skipped
            data = data[skipped:]
        if self.room_bytes is not None:
            fits = max(0, self.room_bytes)
            self.room_bytes -= len(data)
            data = data[:fits]
        self.content_bytes += len(data)
        self._hash.update(data)
        return not self.is_full


@dataclass
class Progress:
    """When the last byte of a pull's bodies came, over all its requests.

    containerd: internal/cri/server/images/image_pull.go, pullProgressReporter. A pull without
    requests under way makes no progress and is not late either.
    """

    last_s: float = 0.0
    active: int = field(default=0, init=False)

    def begin(self) -> None:
        if not self.active:
            self.last_s = monotonic_s()
        self.active += 1

    def end(self) -> None:
        self.active -= 1

    def came(self) -> None:
        self.last_s = monotonic_s()

    def left_s(self, limit_s: float) -> float | None:
        """How long the pull may go on without a byte; None without a limit."""
        return self.last_s + limit_s - monotonic_s() if limit_s else None
