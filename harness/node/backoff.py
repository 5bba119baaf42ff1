"""Kubelet's image back-off: how long a pod waits after a pull of its image failed."""

from dataclasses import dataclass

# kubelet: pkg/kubelet/kubelet.go, v1.34.4
INITIAL_S = 10.0
MAX_S = 300.0
# client-go: util/flowcontrol/backoff.go, v0.34.4: doubles, and forgets after twice the maximum.
FACTOR = 2
FORGET_AFTER_S = 2 * MAX_S


@dataclass
class _Entry:
    window_s: float
    since_s: float


class Backoff:
    """Windows by key (pod UID and image), without jitter. Success does not reset one."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def window_s(self, key: str) -> float:
        """How long `key` waits after its last failure; 0 before the first."""
        entry = self._entries.get(key)
        return entry.window_s if entry else 0.0

    def failed(self, key: str, now_s: float) -> None:
        """Count a failure that ended at `now_s`: 10 s, 20 s, … 300 s."""
        entry = self._entries.get(key)
        if entry is None or now_s - entry.since_s > FORGET_AFTER_S:
            self._entries[key] = _Entry(window_s=INITIAL_S, since_s=now_s)
            return
        entry.window_s = min(entry.window_s * FACTOR, MAX_S)
        entry.since_s = now_s

    def holds(self, key: str, now_s: float) -> bool:
        """Whether `key` is still in the window that its last failure opened."""
        entry = self._entries.get(key)
        if entry is None or now_s - entry.since_s > FORGET_AFTER_S:
            return False
        return now_s - entry.since_s < entry.window_s

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)
