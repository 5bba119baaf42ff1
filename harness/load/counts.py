"""What a load process has done so far: counts for the live display, no statistics."""

from dataclasses import asdict, dataclass


@dataclass
class Counts:
    """The fields are those of `events.LoadTally`; lateness is the worst since the last tally."""

    pulls_ok: int = 0
    pulls_failed: int = 0
    pods_created: int = 0
    pods_ready: int = 0
    requests: int = 0
    blob_bytes: int = 0
    lateness_ms_max: float = 0.0

    def late(self, seconds: float) -> None:
        """Something began this long after it was due."""
        self.lateness_ms_max = max(self.lateness_ms_max, seconds * 1000)

    def taken(self) -> dict[str, float]:
        """The counts for one tally; lateness begins anew."""
        counts = asdict(self)
        self.lateness_ms_max = 0.0
        return counts
